#ifndef ROWHOUSE_TESTS_USERS_HARNESS_H
#define ROWHOUSE_TESTS_USERS_HARNESS_H

/* A house with an owner, an admin and two members, and what they try. */

#include "tests/unit/call_house.h"

static const struct house_file files[] = {
	{ "schema/0001_x.sql",
	    "CREATE TABLE task (id INTEGER PRIMARY KEY,\n"
	    " owner TEXT REFERENCES _users (id));\n"
	    "CREATE TABLE pass (owner TEXT PRIMARY KEY REFERENCES _users (id)"
	    " ON DELETE CASCADE, keep INTEGER);\n"
	    "CREATE TABLE seal (owner TEXT REFERENCES _users (id)"
	    " ON DELETE RESTRICT);\n"
	    "CREATE TABLE late (owner TEXT REFERENCES _users (id)"
	    " DEFERRABLE INITIALLY DEFERRED);\n"
	    "CREATE TABLE always (owner TEXT NOT NULL REFERENCES _users (id)"
	    " ON DELETE SET NULL);\n"
	    "CREATE TRIGGER pass_keep BEFORE DELETE ON pass WHEN old.keep"
	    " BEGIN SELECT RAISE(ABORT, 'conflict: the pass is in use'); "
	    "END;\n" },
};

static struct house house;

/* The accounts of each test, anew. */
static struct {
	char owner[16], admin[16], member[16], other[16];
} ids;

struct result {
	int rc;
	struct err err;
	char out[8192];
	char faults[1024];
};

/* What an answer may have; a test that lowers it puts it back. */
static size_t out_max = 4 << 20;

enum verb { LIST, VIEW, CREATE, UPDATE, DELETE };

static inline struct caller
as(const char *id, enum app_access role)
{
	return (struct caller){ .user_id = str_of(id),
		.role = role,
		.email = STR(HOUSE_OWNER),
		.address = STR("192.0.2.1") };
}

#define GUEST  as(NULL, APP_PUBLIC)
#define OWNER  as(ids.owner, APP_OWNER)
#define ADMIN  as(ids.admin, APP_ADMIN)
#define MEMBER as(ids.member, APP_MEMBER)

static inline struct result
act(enum verb verb, struct caller caller, const char *id, const char *body)
{
	struct result result = { .err = ERR_INIT };
	const struct json *json = NULL;
	struct faults faults = { 0 };
	struct err *err = &result.err;
	struct buf out;

	arena_reset(house.env.arena);
	if (body && json_parse(str_of(body), JSON_LIMITS_DEFAULT,
			house.env.arena, &json, err) != 0)
		fail_msg("%s", err->msg);
	house_tenant(&house);
	buf_init(&out, out_max);
	switch (verb) {
	case LIST:
		result.rc = users_list(
		    &house.env, house.tenant, caller, 1, 30, 0, &out, err);
		break;
	case VIEW:
		result.rc = users_view(
		    &house.env, house.tenant, caller, str_of(id), &out, err);
		break;
	case CREATE:
		result.rc = users_create(
		    &house.env, house.tenant, caller, json, &out, &faults, err);
		break;
	case UPDATE:
		result.rc = users_update(&house.env, house.tenant, caller,
		    str_of(id), json, &out, &faults, err);
		break;
	case DELETE:
		result.rc = users_delete(
		    &house.env, house.tenant, caller, str_of(id), err);
		break;
	}
	assert_true(out.n < sizeof(result.out));
	memcpy(result.out, out.p ? out.p : "", out.n);
	house_faults(&faults, result.faults, sizeof(result.faults));
	buf_free(&out);
	house_tenant(&house);
	assert_true(sqlite3_get_autocommit(db_handle(house.tenant->db)));
	return result;
}

#define assert_done(got)                                                       \
	do {                                                                   \
		struct result r_ = (got);                                      \
		if (r_.rc != 0)                                                \
			fail_msg("%s\n%s", r_.err.msg, r_.faults);             \
	} while (0)

#define assert_fails(got, want, message, fields)                               \
	do {                                                                   \
		struct result r_ = (got);                                      \
		assert_int_equal(r_.rc, -1);                                   \
		assert_string_equal(r_.faults, (fields));                      \
		assert_err(&r_.err, (want), (message));                        \
	} while (0)

static inline struct user
by_id(const char *id)
{
	struct err err = ERR_INIT;
	struct user user;

	if (users_by_id(
		house.tenant, str_of(id), house.env.arena, &user, &err) != 0)
		fail_msg("%s", err.msg);
	return user;
}

/* The member of a JSON object that a result is, as text. */
static inline const char *
member(const struct result *result, const char *name)
{
	const struct json *object, *value;
	struct err err = ERR_INIT;

	if (json_parse(str_of(result->out), JSON_LIMITS_DEFAULT,
		house.env.arena, &object, &err) != 0)
		fail_msg("%s: %s", result->out, err.msg);
	value = json_get(object, name);
	if (!value)
		return NULL;
	return arena_strz(house.env.arena,
	    value->type == JSON_STRING ? value->string : value->raw);
}

static inline void
add(const char *email, const char *role, char id[16])
{
	struct result result;
	char body[256];

	snprintf(body, sizeof(body),
	    "{\"email\":\"%s\",\"password\":\"password1\","
	    "\"passwordConfirm\":\"password1\",\"role\":\"%s\"}",
	    email, role);
	result = act(CREATE, OWNER, NULL, body);
	assert_done(result);
	strcpy(id, member(&result, "id"));
}

static inline int
build(void **state)
{
	(void)state;
	house_build(&house, files, N_OF(files));
	return 0;
}

static inline int
raze(void **state)
{
	(void)state;
	house_raze(&house);
	return 0;
}

static inline int
settle(void **state)
{
	struct err err = ERR_INIT;
	struct user user;

	(void)state;
	house_tenant(&house);
	house_sql(&house, "UPDATE pass SET keep = 0; DELETE FROM seal;"
			  " DELETE FROM task; DELETE FROM _keys; DELETE FROM "
			  "_users WHERE email"
			  " <> '" HOUSE_OWNER "'");
	if (users_by_email(house.tenant, STR(HOUSE_OWNER), house.env.arena,
		&user, &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(str_copy(user.id, ids.owner, sizeof(ids.owner)), 0);
	add("admin@example.com", "admin", ids.admin);
	add("member@example.com", "member", ids.member);
	add("other@example.com", "member", ids.other);
	return 0;
}

#endif
