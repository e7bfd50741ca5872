#include "tenants/keys.h"

#include "tests/unit/users_harness.h"

static const struct secret master = { { 1, 2, 3 } };

enum act { MAKE, LIST_KEYS, REMOVE };

static struct result
keys_act(enum act what, struct caller caller, const char *text)
{
	struct result result = { .err = ERR_INIT };
	struct call sent = { .caller = caller };
	struct faults faults = { 0 };
	struct buf out;

	arena_reset(house.env.arena);
	if (what == MAKE && text &&
	    json_parse(str_of(text), JSON_LIMITS_DEFAULT, house.env.arena,
		&sent.body, &result.err) != 0)
		fail_msg("%s: %s", text, result.err.msg);
	house_tenant(&house);
	buf_init(&out, out_max);
	if (what == MAKE)
		result.rc = keys_create(&house.env, house.tenant, &master,
		    &sent, &out, &faults, &result.err);
	else if (what == LIST_KEYS)
		result.rc = keys_list(&house.env, house.tenant, &sent, &out,
		    &faults, &result.err);
	else
		result.rc = keys_delete(&house.env, house.tenant, &sent,
		    str_of(text), &faults, &result.err);
	assert_true(out.n < sizeof(result.out));
	memcpy(result.out, out.p ? out.p : "", out.n);
	house_faults(&faults, result.faults, sizeof(result.faults));
	buf_free(&out);
	house_tenant(&house);
	assert_true(sqlite3_get_autocommit(db_handle(house.tenant->db)));
	return result;
}

#define KEY(name, role, scope, more)                                           \
	"{\"name\":\"" name "\",\"role\":\"" role "\",\"scope\":\"" scope      \
	"\"" more "}"

/* A key that was made, whole, and its id. */
static const char *
made(struct caller caller, const char *body, char id[16])
{
	static char whole[64];
	struct result result = keys_act(MAKE, caller, body);

	assert_done(result);
	assert_int_equal(str_copy(str_of(member(&result, "id")), id, 16), 0);
	assert_int_equal(
	    str_copy(str_of(member(&result, "key")), whole, sizeof(whole)), 0);
	return whole;
}

static int
found(const char *text, struct key *key, struct user *owner)
{
	struct err err = ERR_INIT;
	int rc;

	memset(key, 0, sizeof(*key));
	rc = keys_find(house.tenant, &master, str_of(text), house.env.arena,
	    key, owner, &err);
	if (rc != 0)
		assert_err(&err, ERR_AUTH, "there is no such key");
	return rc == 0;
}

static void
is_found_and_nothing_else_is(void **state)
{
	char id[16], text[64];
	struct result result;
	struct user owner;
	struct key key;

	(void)state;
	strcpy(text, made(ADMIN, KEY("CI", "member", "write", ""), id));
	assert_int_equal(strlen(text), 44);
	assert_int_equal(strncmp(text, "rhk_", 4), 0);
	assert_true(found(text, &key, &owner));
	assert_true(str_is(key.id, id));
	assert_true(str_is(owner.id, ids.admin));
	assert_int_equal(key.role, APP_MEMBER);
	assert_true(key.writes);
	/* Nowhere in the file, and in no list. */
	assert_int_equal(house_int(&house, "SELECT count(*) FROM _keys WHERE"
					   " length(hash) = 64"),
	    1);
	result = keys_act(LIST_KEYS, ADMIN, NULL);
	assert_done(result);
	assert_null(strstr(result.out, "rhk_"));
	assert_null(strstr(result.out, "hash"));

	text[43] = text[43] == 'a' ? 'b' : 'a';
	assert_false(found(text, &key, &owner));
	assert_false(found("rhk_", &key, &owner));
	assert_false(found("rhk_x", &key, &owner));
}

static void
is_bound_to_the_tenant_and_what_was_restored(void **state)
{
	const struct registry_tenant row = house.tenant->row;
	char id[16], text[64];
	struct result result;
	struct user owner;
	struct key key;

	(void)state;
	strcpy(text, made(OWNER, KEY("CI", "owner", "read", ""), id));
	assert_true(found(text, &key, &owner));
	house.tenant->row.generation++;
	assert_false(found(text, &key, &owner));
	house.tenant->row = row;
	house.tenant->row.uid[0] ^= 1;
	assert_false(found(text, &key, &owner));
	house.tenant->row = row;
	assert_true(found(text, &key, &owner));

	house_sql(&house, "UPDATE _keys SET generation = generation - 1");
	result = keys_act(LIST_KEYS, OWNER, NULL);
	assert_non_null(strstr(result.out, "\"active\":false"));
}

static void
expires(void **state)
{
	char id[16], text[64];
	struct result result;
	struct user owner;
	struct key key;

	(void)state;
	strcpy(text, made(OWNER,
			 KEY("CI", "owner", "read",
			     ",\"expires\":\"2030-01-02T03:04:05+01:00\""),
			 id));
	assert_true(found(text, &key, &owner));
	result = keys_act(LIST_KEYS, OWNER, NULL);
	assert_non_null(
	    strstr(result.out, "\"expires\":\"2030-01-02 02:04:05.000Z\""));
	assert_non_null(strstr(result.out, "\"active\":true"));
	house_sql(&house,
	    "UPDATE _keys SET expires ="
	    " strftime('%Y-%m-%d %H:%M:%fZ', 'now', '-1 second')");
	assert_false(found(text, &key, &owner));
	result = keys_act(LIST_KEYS, OWNER, NULL);
	assert_non_null(strstr(result.out, "\"active\":false"));
}

static void
has_no_more_than_its_owner(void **state)
{
	char id[16], text[64];
	struct user owner;
	struct key key;

	(void)state;
	strcpy(text, made(ADMIN, KEY("CI", "admin", "write", ""), id));
	assert_true(found(text, &key, &owner));
	assert_int_equal(key.role, APP_ADMIN);
	assert_done(act(UPDATE, OWNER, ids.admin, "{\"role\":\"member\"}"));
	assert_true(found(text, &key, &owner));
	assert_int_equal(key.role, APP_MEMBER);
	assert_done(act(UPDATE, OWNER, ids.admin, "{\"role\":\"owner\"}"));
	assert_true(found(text, &key, &owner));
	assert_int_equal(key.role, APP_ADMIN);
	assert_done(act(DELETE, OWNER, ids.admin, NULL));
	assert_false(found(text, &key, &owner));
	assert_int_equal(house_int(&house, "SELECT count(*) FROM _keys"), 0);
}

static void
is_made_and_removed_by_role(void **state)
{
	char owners[16], admins[16];
	struct result result;

	(void)state;
	assert_fails(keys_act(MAKE, GUEST, KEY("x", "member", "read", "")),
	    ERR_AUTH, "sign in first", "");
	assert_fails(keys_act(MAKE, MEMBER, KEY("x", "member", "read", "")),
	    ERR_DENIED, "only an admin or owner has to do with keys", "");
	assert_fails(keys_act(LIST_KEYS, MEMBER, NULL), ERR_DENIED,
	    "only an admin or owner has to do with keys", "");
	assert_fails(keys_act(MAKE, ADMIN, KEY("x", "owner", "read", "")),
	    ERR_DENIED, "a key's role is at most its maker's", "");
	(void)made(OWNER, KEY("of the owner", "member", "read", ""), owners);
	(void)made(ADMIN, KEY("of the admin", "admin", "read", ""), admins);
	result = keys_act(LIST_KEYS, ADMIN, NULL);
	assert_non_null(strstr(result.out, "\"name\":\"of the owner\""));
	assert_non_null(strstr(result.out, "\"name\":\"of the admin\""));
	assert_non_null(strstr(result.out, "\"expires\":null,\"used\":null"));
	assert_fails(keys_act(REMOVE, MEMBER, admins), ERR_DENIED,
	    "only an admin or owner has to do with keys", "");
	assert_fails(keys_act(REMOVE, ADMIN, owners), ERR_DENIED,
	    "only an owner may remove an owner's key", "");
	assert_fails(keys_act(REMOVE, OWNER, "nobody"), ERR_NOT_FOUND,
	    "there is no such key", "");
	assert_done(keys_act(REMOVE, ADMIN, admins));
	assert_done(keys_act(REMOVE, OWNER, owners));
	assert_fails(keys_act(REMOVE, OWNER, owners), ERR_NOT_FOUND,
	    "there is no such key", "");
	assert_int_equal(
	    house_int(&house, "SELECT count(*) FROM _audit"
			      " WHERE (action, new) = ('key-made', "
			      "'of the owner') OR (action, old) ="
			      " ('key-revoked', 'of the admin')"),
	    2);
	house_sql(&house, "DELETE FROM _audit");
}

#define PATHS_FAULT                                                            \
	"paths: invalid_value: Must be at most 20 texts like "                 \
	"\"/api/projects\"."
#define EXPIRES_FAULT                                                          \
	"expires: invalid_value: Must be a time within the next ten years, "   \
	"as RFC 3339 writes it."

static const struct {
	const char *body, *faults;
} bad_keys[] = {
	{ NULL, "name: required: Cannot be blank.\n"
		"role: required: Cannot be blank.\n"
		"scope: required: Cannot be blank." },
	{ "{\"name\":\"\",\"role\":\"public\",\"scope\":\"all\",\"x\":1}",
	    "name: length_too_short: Must have at least 1 character.\n"
	    "role: not_in_list: Must be one of member, admin, owner.\n"
	    "scope: not_in_list: Must be one of read, write.\n"
	    "x: unknown: Is not a parameter here." },
	{ KEY("x", "member", "read", ",\"paths\":\"/api\""), PATHS_FAULT },
	{ KEY("x", "member", "read", ",\"paths\":[1]"), PATHS_FAULT },
	{ KEY("x", "member", "read", ",\"paths\":[\"\"]"), PATHS_FAULT },
	{ KEY("x", "member", "read", ",\"paths\":[\"api\"]"), PATHS_FAULT },
	{ KEY("x", "member", "read", ",\"paths\":[\"/apix\"]"), PATHS_FAULT },
	{ KEY("x", "member", "read", ",\"paths\":[\"/api/\"]"), PATHS_FAULT },
	{ KEY("x", "member", "read", ",\"paths\":[\"/api//x\"]"), PATHS_FAULT },
	{ KEY("x", "member", "read", ",\"paths\":[\"/api/../x\"]"),
	    PATHS_FAULT },
	{ KEY("x", "member", "read", ",\"paths\":[\"/api/\\u0000\"]"),
	    PATHS_FAULT },
	{ KEY("x", "member", "read",
	      ",\"paths\":[\"/api\",\"/api\",\"/api\",\"/api\",\"/api\","
	      "\"/api\",\"/api\",\"/api\",\"/api\",\"/api\",\"/api\",\"/api\","
	      "\"/api\",\"/api\",\"/api\",\"/api\",\"/api\",\"/api\",\"/api\","
	      "\"/api\",\"/api\"]"),
	    PATHS_FAULT },
	{ KEY("x", "member", "read", ",\"expires\":\"soon\""), EXPIRES_FAULT },
	{ KEY("x", "member", "read", ",\"expires\":\"now\""), EXPIRES_FAULT },
	{ KEY("x", "member", "read", ",\"expires\":\"2001-01-01T00:00:00Z\""),
	    EXPIRES_FAULT },
	{ KEY("x", "member", "read", ",\"expires\":\"9999-01-01T00:00:00Z\""),
	    EXPIRES_FAULT },
};

static void
refuses_bad_keys(void **state)
{
	struct result result;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(bad_keys); i++) {
		result = keys_act(MAKE, OWNER, bad_keys[i].body);
		if (result.rc == 0 ||
		    strcmp(result.faults, bad_keys[i].faults) != 0)
			fail_msg("%s: %s", bad_keys[i].body, result.faults);
		assert_int_equal(result.err.code, ERR_INPUT);
	}
	for (i = 0; i < KEYS_MAX; i++)
		assert_done(
		    keys_act(MAKE, OWNER, KEY("x", "member", "read", "")));
	assert_fails(keys_act(MAKE, OWNER, KEY("x", "member", "read", "")),
	    ERR_CONFLICT, "there are 100 keys already; remove one", "");
	house_sql(&house, "DELETE FROM _keys; DELETE FROM _audit");
}

static const struct {
	int writes;
	const char *paths, *method, *path, *why;
} uses[] = {
#define READ  "this key may only read"
#define OTHER "this key is for other paths"
	{ 1, "[]", "POST", "api/a", NULL },
	{ 1, "[]", "DELETE", "api/a", NULL },
	{ 0, "[]", "GET", "api/a", NULL },
	{ 0, "[]", "HEAD", "api/a", NULL },
	{ 0, "[]", "POST", "api/a", READ },
	{ 0, "[]", "PUT", "api/a", READ },
	{ 0, "[]", "get", "api/a", READ },
	{ 1, "[\"/api/a\"]", "GET", "api/a", NULL },
	{ 1, "[\"/api/a\"]", "GET", "api/a/b/c", NULL },
	{ 1, "[\"/api/a\"]", "GET", "api/ab", OTHER },
	{ 1, "[\"/api/a\"]", "GET", "api", OTHER },
	{ 1, "[\"/api/a/b\"]", "GET", "api/a", OTHER },
	{ 1, "[\"/api/a/b\"]", "GET", "api/b/a", OTHER },
	{ 1, "[\"/api\"]", "GET", "api/b/a", NULL },
	{ 1, "[\"/api/a\",\"/api/b\"]", "GET", "api/b/a", NULL },
	{ 0, "[\"/api/a\"]", "POST", "api/a", READ },
};

static void
is_for_what_it_was_made_for(void **state)
{
	struct str segments[8], rest;
	struct err err;
	size_t i, n;
	int rc;

	(void)state;
	for (i = 0; i < N_OF(uses); i++) {
		const struct key key = { .writes = uses[i].writes,
			.paths = str_of(uses[i].paths) };

		err = (struct err)ERR_INIT;
		rest = str_of(uses[i].path);
		for (n = 0; str_next(&rest, '/', &segments[n]); n++)
			;
		rc = keys_allow(&key, str_of(uses[i].method), segments, n,
		    house.env.arena, &err);
		if ((rc == 0) != (uses[i].why == NULL))
			fail_msg("%zu: %s %s", i, uses[i].method, uses[i].path);
		if (rc != 0)
			assert_err(&err, ERR_DENIED, uses[i].why);
	}
}

static void
its_use_is_noted_once_an_hour(void **state)
{
#define CHANGES "SELECT total_changes()"
	char id[16], text[64];
	struct err err = ERR_INIT;
	struct user owner;
	struct key key;
	int64_t before;
	int i;

	(void)state;
	strcpy(text, made(OWNER, KEY("CI", "owner", "read", ""), id));
	before = house_int(&house, CHANGES);
	for (i = 0; i < 3; i++) {
		assert_true(found(text, &key, &owner));
		assert_int_equal(
		    keys_note_use(&house.env, STR("acme"), &key, &err), 0);
		house_tenant(&house);
	}
	assert_int_equal(house_int(&house, CHANGES), before + 1);
	assert_int_equal(
	    house_int(&house, "SELECT count(*) FROM _keys WHERE used >"
			      " strftime('%Y-%m-%d %H:%M:%fZ', 'now', "
			      "'-5 minutes')"),
	    1);
	/* Nor does it ask for the write lock, which cannot be had here. */
	assert_int_equal(db_begin_write(house.tenant->db, &err), 0);
	assert_true(found(text, &key, &owner));
	assert_int_equal(keys_note_use(&house.env, STR("acme"), &key, &err), 0);
	db_rollback(house.tenant->db);
	/* Two that saw the same state write once. */
	house_sql(&house,
	    "UPDATE _keys SET used ="
	    " strftime('%Y-%m-%d %H:%M:%fZ', 'now', '-61 minutes')");
	before = house_int(&house, CHANGES);
	assert_true(found(text, &key, &owner));
	for (i = 0; i < 2; i++)
		assert_int_equal(
		    keys_note_use(&house.env, STR("acme"), &key, &err), 0);
	house_tenant(&house);
	assert_int_equal(house_int(&house, CHANGES), before + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(is_found_and_nothing_else_is, settle),
		cmocka_unit_test_setup(
		    is_bound_to_the_tenant_and_what_was_restored, settle),
		cmocka_unit_test_setup(expires, settle),
		cmocka_unit_test_setup(has_no_more_than_its_owner, settle),
		cmocka_unit_test_setup(is_made_and_removed_by_role, settle),
		cmocka_unit_test_setup(refuses_bad_keys, settle),
		cmocka_unit_test_setup(is_for_what_it_was_made_for, settle),
		cmocka_unit_test_setup(its_use_is_noted_once_an_hour, settle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, raze);
}
