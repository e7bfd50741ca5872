#include "tenants/users.h"

#include "tests/unit/users_harness.h"

/* --- creating ------------------------------------------------------------ */

#define NEW(email, more)                                                       \
	"{\"email\":\"" email "\",\"password\":\"password1\","                 \
	"\"passwordConfirm\":\"password1\"" more "}"

static void
creates(void **state)
{
	struct err err = ERR_INIT;
	struct result result;
	struct user user;

	(void)state;
	result = act(CREATE, ADMIN, NULL,
	    NEW("Ada@Example.com", ",\"name\":\"Ada \\u00e9\""));
	assert_done(result);
	assert_string_equal(member(&result, "email"), "Ada@Example.com");
	assert_string_equal(member(&result, "name"), "Ada \xc3\xa9");
	assert_string_equal(member(&result, "role"), "member");
	assert_string_equal(member(&result, "verified"), "false");
	assert_int_equal(strlen(member(&result, "id")), 15);
	assert_null(strstr(result.out, "argon2"));
	user = by_id(member(&result, "id"));
	assert_int_equal(
	    users_password_ok(&house.config, &user, STR("password1"), &err), 1);
	assert_fails(act(CREATE, ADMIN, NULL, NEW("ada@EXAMPLE.com", "")),
	    ERR_CONFLICT, "the e-mail address is taken",
	    "email: not_unique: Value must be unique.");
}

static void
creates_by_role(void **state)
{
	(void)state;
	assert_fails(act(CREATE, GUEST, NULL, NEW("x@y.z", "")), ERR_AUTH,
	    "sign in first", "");
	assert_fails(act(CREATE, MEMBER, NULL, NEW("x@y.z", "")), ERR_DENIED,
	    "only an admin or owner may add users", "");
	assert_done(
	    act(CREATE, ADMIN, NULL, NEW("a@y.z", ",\"role\":\"admin\"")));
	assert_fails(
	    act(CREATE, ADMIN, NULL, NEW("o@y.z", ",\"role\":\"owner\"")),
	    ERR_DENIED, "only an owner may make an owner", "");
	assert_done(
	    act(CREATE, OWNER, NULL, NEW("o@y.z", ",\"role\":\"owner\"")));
}

/* settle() has made four. */
static void
creates_as_many_as_the_plan_allows(void **state)
{
	static const char fault[] = "users: limit_users: At most 5 users.";

	(void)state;
	house.config.n_plans = 1;
	strcpy(house.config.plan[0].name, "default");
	house.config.plan[0].users = 5;
	assert_done(act(CREATE, ADMIN, NULL, NEW("five@y.z", "")));
	assert_fails(act(CREATE, ADMIN, NULL, NEW("six@y.z", "")), ERR_QUOTA,
	    "the tenant has as many users as it may have", fault);
	/* What is wrong anyway is said before. */
	assert_fails(act(CREATE, MEMBER, NULL, NEW("six@y.z", "")), ERR_DENIED,
	    "only an admin or owner may add users", "");
	assert_done(act(DELETE, ADMIN, ids.other, NULL));
	assert_done(act(CREATE, ADMIN, NULL, NEW("six@y.z", "")));
	house.config.n_plans = 0;
}

#define WRONG     "the user's fields are not right"
#define BAD_EMAIL "email: invalid_email: Must be a valid email address."

static const struct {
	const char *body;
	const char *faults;
} bad_users[] = {
	{ NULL, "email: required: Cannot be blank.\n"
		"password: required: Cannot be blank.\n"
		"passwordConfirm: required: Cannot be blank." },
	{ "{\"email\":null,\"password\":7,\"passwordConfirm\":[],\"name\":{},"
	  "\"role\":true}",
	    "email: required: Cannot be blank.\n"
	    "password: invalid_type: Must be text.\n"
	    "passwordConfirm: invalid_type: Must be text.\n"
	    "name: invalid_type: Must be text.\n"
	    "role: invalid_type: Must be text." },
	{ "{\"email\":\"a@b.c\",\"password\":\"1234567\","
	  "\"passwordConfirm\":\"1234567\"}",
	    "password: length_too_short: Must have at least 8 bytes." },
	{ "{\"email\":\"a@b.c\",\"password\":\"password1\","
	  "\"passwordConfirm\":\"password2\"}",
	    "passwordConfirm: values_mismatch: Values don't match." },
	{ "{\"email\":\"a@b.c\",\"password\":\"password1\"}",
	    "passwordConfirm: required: Cannot be blank." },
	{ NEW("a@b.c", ",\"role\":\"king\""),
	    "role: not_in_list: Must be one of member, admin, owner." },
	{ NEW("a@b.c", ",\"role\":\"public\""),
	    "role: not_in_list: Must be one of member, admin, owner." },
	{ NEW("a@b.c", ",\"verified\":true,\"id\":\"x\",\"oldPassword\":\"x\","
		       "\"tokenKey\":\"x\""),
	    "verified: unknown: Is not a field of users.\n"
	    "id: unknown: Is not a field of users.\n"
	    "oldPassword: unknown: Is not a field of users.\n"
	    "tokenKey: unknown: Is not a field of users." },
	{ NEW("a@b.c", ",\"name\":\"a\\u0000b\""),
	    "name: invalid_text: Must be UTF-8 text without NUL." },
	{ NEW("", ""), BAD_EMAIL },
	{ NEW("a", ""), BAD_EMAIL },
	{ NEW("@b.c", ""), BAD_EMAIL },
	{ NEW("a@", ""), BAD_EMAIL },
	{ NEW("a@b@c", ""), BAD_EMAIL },
	{ NEW("a b@c.d", ""), BAD_EMAIL },
	{ NEW(" a@c.d", ""), BAD_EMAIL },
	{ NEW(".a@c.d", ""), BAD_EMAIL },
	{ NEW("a.@c.d", ""), BAD_EMAIL },
	{ NEW("a..b@c.d", ""), BAD_EMAIL },
	{ NEW("a@c..d", ""), BAD_EMAIL },
	{ NEW("a@c.d.", ""), BAD_EMAIL },
	{ NEW("a@-c.d", ""), BAD_EMAIL },
	{ NEW("a@c-.d", ""), BAD_EMAIL },
	{ NEW("a@c_d.e", ""), BAD_EMAIL },
	{ NEW("a@[127.0.0.1]", ""), BAD_EMAIL },
	{ NEW("\\\"a\\\"@b.c", ""), BAD_EMAIL },
	{ NEW("a\\u0000@b.c", ""), BAD_EMAIL },
	{ NEW("a@b.c\\n", ""), BAD_EMAIL },
	{ NEW("a@b.c\\r\\nBcc: x@y.z", ""), BAD_EMAIL },
	{ NEW("\\u00e9@b.c", ""), BAD_EMAIL },
};

static void
refuses_bad_users(void **state)
{
	char body[1024], longer[300];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(bad_users); i++) {
		struct result result =
		    act(CREATE, OWNER, NULL, bad_users[i].body);

		if (result.rc == 0 ||
		    strcmp(result.faults, bad_users[i].faults) != 0)
			fail_msg("%s: %s", bad_users[i].body, result.faults);
		assert_err(&result.err, ERR_INPUT, WRONG);
	}
	memset(longer, 'x', sizeof(longer));
	snprintf(body, sizeof(body), NEW("a@b.c", ",\"name\":\"%.*s\""), 201,
	    longer);
	assert_fails(act(CREATE, OWNER, NULL, body), ERR_INPUT, WRONG,
	    "name: length_too_long: Must have at most 200 characters.");
	snprintf(body, sizeof(body),
	    "{\"email\":\"a@b.c\",\"password\":\"%.257s\","
	    "\"passwordConfirm\":\"%.257s\"}",
	    longer, longer);
	assert_fails(act(CREATE, OWNER, NULL, body), ERR_INPUT, WRONG,
	    "password: length_too_long: Must have at most 256 bytes.");
	snprintf(body, sizeof(body), NEW("%.65s@b.c", ""), longer);
	assert_fails(
	    act(CREATE, OWNER, NULL, body), ERR_INPUT, WRONG, BAD_EMAIL);
	snprintf(body, sizeof(body), NEW("a@%.64s.c", ""), longer);
	assert_fails(
	    act(CREATE, OWNER, NULL, body), ERR_INPUT, WRONG, BAD_EMAIL);
	assert_done(act(CREATE, OWNER, NULL, NEW("a+b'c@sub.b-c.de", "")));
}

/* --- changing ------------------------------------------------------------ */

static void
a_member_changes_himself(void **state)
{
	struct err err = ERR_INIT;
	struct result result;
	struct user user;

	(void)state;
	result = act(UPDATE, MEMBER, ids.member, "{\"name\":\"Me\"}");
	assert_done(result);
	assert_string_equal(member(&result, "name"), "Me");
	assert_string_equal(member(&result, "email"), "member@example.com");
	assert_done(act(UPDATE, MEMBER, ids.member,
	    "{\"oldPassword\":\"password1\",\"password\":\"password2\","
	    "\"passwordConfirm\":\"password2\"}"));
	user = by_id(ids.member);
	assert_int_equal(
	    users_password_ok(&house.config, &user, STR("password2"), &err), 1);
	assert_int_equal(
	    users_password_ok(&house.config, &user, STR("password1"), &err), 0);
}

static void
a_new_password_revokes_tokens(void **state)
{
	char key[64];
	struct user user = by_id(ids.member);

	(void)state;
	assert_int_equal(str_copy(user.token_key, key, sizeof(key)), 0);
	assert_done(act(UPDATE, MEMBER, ids.member, "{\"name\":\"Me\"}"));
	assert_true(str_is(by_id(ids.member).token_key, key));
	assert_done(act(UPDATE, MEMBER, ids.member,
	    "{\"oldPassword\":\"password1\",\"password\":\"password2\","
	    "\"passwordConfirm\":\"password2\"}"));
	user = by_id(ids.member);
	assert_false(str_is(user.token_key, key));
	assert_int_equal(str_copy(user.token_key, key, sizeof(key)), 0);
	assert_done(
	    act(UPDATE, ADMIN, ids.member, "{\"email\":\"new@example.com\"}"));
	assert_false(str_is(by_id(ids.member).token_key, key));
}

static void
wants_the_old_password(void **state)
{
	static const char *const olds[] = { "", ",\"oldPassword\":\"wrong\"",
		",\"oldPassword\":\"\"" };
	struct result result;
	char body[200];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(olds); i++) {
		snprintf(body, sizeof(body),
		    "{\"password\":\"password2\","
		    "\"passwordConfirm\":\"password2\"%s}",
		    olds[i]);
		assert_fails(act(UPDATE, MEMBER, ids.member, body), ERR_INPUT,
		    WRONG,
		    "oldPassword: invalid_old_password: Missing or invalid old "
		    "password.");
		/* an owner too, for himself; not for others */
		assert_fails(act(UPDATE, OWNER, ids.owner, body), ERR_INPUT,
		    WRONG,
		    "oldPassword: invalid_old_password: Missing or invalid old "
		    "password.");
	}
	result = act(UPDATE, OWNER, ids.member,
	    "{\"password\":\"password2\",\"passwordConfirm\":\"password2\"}");
	assert_done(result);
	assert_fails(
	    act(UPDATE, MEMBER, ids.member, "{\"password\":\"password3\"}"),
	    ERR_INPUT, WRONG, "passwordConfirm: required: Cannot be blank.");
}

static void
changes_by_role(void **state)
{
	(void)state;
	assert_fails(act(UPDATE, GUEST, ids.member, "{}"), ERR_AUTH,
	    "sign in first", "");
	assert_fails(act(UPDATE, MEMBER, ids.other, "{\"name\":\"x\"}"),
	    ERR_NOT_FOUND, "there is no such user", "");
	assert_fails(act(UPDATE, MEMBER, ids.member, "{\"role\":\"admin\"}"),
	    ERR_DENIED, "only an admin or owner may change a role", "");
	assert_fails(act(UPDATE, MEMBER, ids.member, "{\"email\":\"a@b.c\"}"),
	    ERR_DENIED, "only an admin or owner may change an e-mail address",
	    "");
	assert_done(act(UPDATE, ADMIN, ids.member, "{\"role\":\"admin\"}"));
	assert_int_equal(by_id(ids.member).role, APP_ADMIN);
	assert_done(act(UPDATE, ADMIN, ids.member, "{\"role\":\"member\"}"));
	assert_fails(act(UPDATE, ADMIN, ids.member, "{\"role\":\"owner\"}"),
	    ERR_DENIED, "only an owner may make an owner", "");
	assert_fails(act(UPDATE, ADMIN, ids.admin, "{\"role\":\"owner\"}"),
	    ERR_DENIED, "only an owner may make an owner", "");
	assert_fails(act(UPDATE, ADMIN, ids.owner, "{\"name\":\"x\"}"),
	    ERR_DENIED, "only an owner may change an owner", "");
	assert_fails(act(UPDATE, ADMIN, ids.owner,
			 "{\"password\":\"password2\","
			 "\"passwordConfirm\":\"password2\"}"),
	    ERR_DENIED, "only an owner may change an owner", "");
	assert_done(act(UPDATE, OWNER, ids.member, "{\"role\":\"owner\"}"));
	assert_fails(act(UPDATE, OWNER, "nobody", "{}"), ERR_NOT_FOUND,
	    "there is no such user", "");
	assert_fails(
	    act(UPDATE, OWNER, ids.other, "{\"email\":\"ADMIN@example.com\"}"),
	    ERR_CONFLICT, "the e-mail address is taken",
	    "email: not_unique: Value must be unique.");
	assert_fails(act(UPDATE, OWNER, ids.other, "{\"verified\":true}"),
	    ERR_INPUT, WRONG, "verified: unknown: Is not a field of users.");
}

static void
keeps_the_last_owner(void **state)
{
	(void)state;
	assert_fails(act(UPDATE, OWNER, ids.owner, "{\"role\":\"admin\"}"),
	    ERR_CONFLICT, "the last owner cannot be lowered", "");
	assert_fails(act(DELETE, OWNER, ids.owner, NULL), ERR_CONFLICT,
	    "the last owner cannot be removed", "");
	/* the role that he has is no change */
	assert_done(act(UPDATE, OWNER, ids.owner, "{\"role\":\"owner\"}"));
	assert_done(act(UPDATE, OWNER, ids.member, "{\"role\":\"owner\"}"));
	assert_done(act(UPDATE, OWNER, ids.owner, "{\"role\":\"admin\"}"));
	assert_fails(act(DELETE, as(ids.member, APP_OWNER), ids.member, NULL),
	    ERR_CONFLICT, "the last owner cannot be removed", "");
	assert_done(act(UPDATE, as(ids.member, APP_OWNER), ids.owner,
	    "{\"role\":\"owner\"}"));
	assert_done(act(DELETE, OWNER, ids.member, NULL));
}

#define REFERRED                                                               \
	"a record that this refers to is not there, or others refer to this "  \
	"one"

static void
removes_by_role(void **state)
{
	(void)state;
	assert_fails(act(DELETE, GUEST, ids.member, NULL), ERR_AUTH,
	    "sign in first", "");
	assert_fails(act(DELETE, MEMBER, ids.member, NULL), ERR_DENIED,
	    "only an admin or owner may remove users", "");
	assert_fails(act(DELETE, ADMIN, ids.owner, NULL), ERR_DENIED,
	    "only an owner may remove an owner", "");
	assert_fails(act(DELETE, ADMIN, "nobody", NULL), ERR_NOT_FOUND,
	    "there is no such user", "");
	assert_done(act(DELETE, ADMIN, ids.member, NULL));
	assert_fails(act(DELETE, ADMIN, ids.member, NULL), ERR_NOT_FOUND,
	    "there is no such user", "");
	house_sql(&house, "INSERT INTO task (owner) SELECT id FROM _users"
			  " WHERE email = 'other@example.com'");
	assert_fails(
	    act(DELETE, ADMIN, ids.other, NULL), ERR_INPUT, REFERRED, "");
	house_sql(&house,
	    "DELETE FROM task; INSERT INTO seal SELECT id FROM _users"
	    " WHERE email = 'other@example.com'");
	assert_fails(
	    act(DELETE, ADMIN, ids.other, NULL), ERR_INPUT, REFERRED, "");
	house_sql(&house,
	    "DELETE FROM seal; INSERT INTO late SELECT id FROM _users"
	    " WHERE email = 'other@example.com'");
	assert_fails(
	    act(DELETE, ADMIN, ids.other, NULL), ERR_INPUT, REFERRED, "");
	house_sql(&house,
	    "DELETE FROM late; INSERT INTO always SELECT id FROM _users"
	    " WHERE email = 'other@example.com'");
	assert_fails(
	    act(DELETE, ADMIN, ids.other, NULL), ERR_INPUT, REFERRED, "");
	house_sql(&house,
	    "DELETE FROM always; INSERT INTO pass SELECT id, 1 FROM _users"
	    " WHERE email = 'other@example.com'");
	assert_fails(act(DELETE, ADMIN, ids.other, NULL), ERR_CONFLICT,
	    "the pass is in use", "");
	house_sql(&house, "UPDATE pass SET keep = 0");
	assert_done(act(DELETE, ADMIN, ids.other, NULL));
}

/* --- between the look and the lock --------------------------------------- */

static struct {
	struct db *db;
	char sql[200];
} meanwhile;

/* As the statement that takes the lock begins, somebody else was quicker. */
static int
on_statement(unsigned type, void *arg, void *stmt, void *sql)
{
	struct err err = ERR_INIT;

	(void)type;
	(void)arg;
	(void)stmt;
	if (strcmp(sql, "BEGIN IMMEDIATE") == 0 && meanwhile.sql[0]) {
		if (db_exec(meanwhile.db, meanwhile.sql, &err) != 0)
			fail_msg("%s", err.msg);
		meanwhile.sql[0] = '\0';
	}
	return 0;
}

static struct result
act_late(enum verb verb, struct caller caller, const char *id, const char *body,
    const char *set)
{
	const struct layout_path path =
	    layout_db(&house.config, "acme", house.row.epoch);
	const struct db_opts opts = { .path = path.p, .role = DB_TOOL };
	struct result result;
	struct err err = ERR_INIT;

	meanwhile.db = db_open(&opts, &err);
	assert_non_null(meanwhile.db);
	snprintf(meanwhile.sql, sizeof(meanwhile.sql),
	    "UPDATE _users SET %s WHERE id = '%s'", set, id);
	sqlite3_trace_v2(
	    db_handle(house.tenant->db), SQLITE_TRACE_STMT, on_statement, NULL);
	result = act(verb, caller, id, body);
	assert_string_equal(meanwhile.sql, "");
	sqlite3_trace_v2(db_handle(house.tenant->db), 0, NULL, NULL);
	db_close(meanwhile.db);
	return result;
}

static void
looks_again_under_the_lock(void **state)
{
	(void)state;
	assert_fails(
	    act_late(UPDATE, MEMBER, ids.member,
		"{\"oldPassword\":\"password1\",\"password\":\"password2\","
		"\"passwordConfirm\":\"password2\"}",
		"password_hash = 'another'"),
	    ERR_CONFLICT, "the password was changed meanwhile", "");
	assert_fails(act_late(UPDATE, ADMIN, ids.other, "{\"name\":\"x\"}",
			 "role = 'owner'"),
	    ERR_DENIED, "only an owner may change an owner", "");
	assert_fails(act_late(DELETE, ADMIN, ids.other, NULL, "role = 'owner'"),
	    ERR_DENIED, "only an owner may remove an owner", "");
	/* what the other one changed and we do not, stays */
	assert_done(act_late(UPDATE, OWNER, ids.other, "{\"name\":\"x\"}",
	    "email = 'late@example.com'"));
	assert_true(str_is(by_id(ids.other).email, "late@example.com"));
}

/* --- what cannot be told is not done --------------------------------------- */

static void
an_answer_without_room_changes_nothing(void **state)
{
	struct result result;

	(void)state;
	out_max = 64;
	result = act(CREATE, ADMIN, NULL, NEW("room@example.com", ""));
	assert_int_equal(result.rc, -1);
	assert_int_equal(result.err.code, ERR_TOO_LARGE);
	assert_int_equal(house_int(&house, "SELECT count(*) FROM _users"
					   " WHERE email LIKE 'room@%'"),
	    0);
	result = act(UPDATE, ADMIN, ids.other, "{\"name\":\"Roomy\"}");
	out_max = 4 << 20;
	assert_int_equal(result.rc, -1);
	assert_int_equal(result.err.code, ERR_TOO_LARGE);
	assert_int_equal(
	    house_int(
		&house, "SELECT count(*) FROM _users WHERE name = 'Roomy'"),
	    0);
}

/* --- the first owner ----------------------------------------------------- */

static void
checks_the_first_owner(void **state)
{
	static const struct {
		const char *email, *password, *name, *message;
	} bad[] = {
		{ "nobody", "password1", "",
		    "\"nobody\" is not an e-mail address" },
		{ "a@b.c", "short", "",
		    "the password must have 8 to 256 bytes" },
		{ "a@b.c", "password1", "\xff",
		    "the name must be UTF-8 text of at most 200 bytes" },
	};
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(bad); i++) {
		err_clear(&err);
		assert_int_equal(
		    users_insert_owner(house.tenant->db, &house.config,
			str_of(bad[i].email), str_of(bad[i].password),
			str_of(bad[i].name), &err),
		    -1);
		assert_err(&err, ERR_INPUT, bad[i].message);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(creates, settle),
		cmocka_unit_test_setup(creates_by_role, settle),
		cmocka_unit_test_setup(
		    creates_as_many_as_the_plan_allows, settle),
		cmocka_unit_test_setup(refuses_bad_users, settle),
		cmocka_unit_test_setup(a_member_changes_himself, settle),
		cmocka_unit_test_setup(a_new_password_revokes_tokens, settle),
		cmocka_unit_test_setup(wants_the_old_password, settle),
		cmocka_unit_test_setup(changes_by_role, settle),
		cmocka_unit_test_setup(keeps_the_last_owner, settle),
		cmocka_unit_test_setup(removes_by_role, settle),
		cmocka_unit_test_setup(
		    an_answer_without_room_changes_nothing, settle),
		cmocka_unit_test_setup(looks_again_under_the_lock, settle),
		cmocka_unit_test_setup(checks_the_first_owner, settle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, raze);
}
