#include "tenants/call.h"

#include "tenants/base/clock.h"
#include "tests/unit/call_harness.h"
#include "tests/unit/switch_to.h"

/* --- writing ------------------------------------------------------------- */

static void
writes_and_answers(void **state)
{
	struct result result;

	(void)state;
	result = post("api/task", "{\"title\":\"red apple\",\"code\":\"A\"}");
	assert_int_equal(result.rc, 0);
	assert_int_equal(result.wrote, 1);
	assert_string_equal(result.out, "{\"id\":1,\"title\":\"red apple\"}");
	assert_done(get("api/task", NULL),
	    "{\"items\":[{\"id\":1,\"title\":\"red apple\"}]}");
	assert_done(get("api/search", "q=apple"),
	    "{\"items\":[{\"body\":\"red apple\"}]}");
	assert_done(call(guest, "PATCH", "api/task/1", NULL, "{}"),
	    "{\"id\":1,\"title\":\"red apple\"}");
	assert_done(
	    call(guest, "PATCH", "api/task/1", NULL, "{\"title\":\"pear\"}"),
	    "{\"id\":1,\"title\":\"pear\"}");
	result = get("api/task", NULL);
	assert_int_equal(result.wrote, 0);
	result = post("api/noop", NULL);
	assert_int_equal(result.rc, 0);
	assert_int_equal(result.wrote, 0);
	assert_done(call(guest, "DELETE", "api/task/1", "why=old", NULL), "");
	assert_done(get("api/task", NULL), "{\"items\":[]}");
	assert_int_equal(house_int(&house, "SELECT count(*) FROM event"
					   " WHERE what IN ('touched', 'old')"),
	    3);
}

/* A 404 takes back what the statements before it did. */
static void
leaves_nothing_of_a_404(void **state)
{
	int64_t events = house_int(&house, "SELECT count(*) FROM event");

	(void)state;
	assert_fails(
	    call(guest, "PATCH", "api/task/77", NULL, "{\"title\":\"x\"}"),
	    ERR_NOT_FOUND, "there is no such record", "");
	assert_fails(call(guest, "DELETE", "api/task/77", NULL, NULL),
	    ERR_NOT_FOUND, "there is no such record", "");
	assert_int_equal(
	    house_int(&house, "SELECT count(*) FROM event"), events);
}

static const struct {
	const char *path;
	const char *body;
	enum err_code code;
	const char *message;
	const char *faults;
} broken[] = {
	{ "api/task", "{\"title\":\"other\",\"code\":\"A\"}", ERR_CONFLICT,
	    "there is a record with these values already",
	    "code: not_unique: Value must be unique." },
	{ "api/task", "{\"title\":\"kept\",\"size\":1}", ERR_CONFLICT,
	    "there is a record with these values already",
	    "title: not_unique: Value must be unique.\n"
	    "size: not_unique: Value must be unique." },
	{ "api/folded", "{\"name\":\"ADA\"}", ERR_CONFLICT,
	    "there is a record with these values already", "" },
	{ "api/task", "{\"title\":\"012345678901234567890123456789\"}",
	    ERR_INPUT, "the values are not allowed",
	    "title: check: Is not a value that is allowed here." },
	/* unnamed, and named as nothing that was sent: nothing is shown */
	{ "api/task", "{\"title\":\"x\",\"size\":100}", ERR_INPUT,
	    "the values are not allowed", "" },
	{ "api/task", "{\"title\":\"x\",\"note\":\"0123456789\"}", ERR_INPUT,
	    "the values are not allowed", "" },
	{ "api/task", "{\"title\":\"x\",\"owner\":\"nobody\"}", ERR_INPUT,
	    "a record that this refers to is not there, or others refer to "
	    "this one",
	    "" },
	{ "api/child", "{\"task\":999}", ERR_INPUT,
	    "a record that this refers to is not there, or others refer to "
	    "this one",
	    "" },
	{ "api/task", "{\"title\":\"bad\"}", ERR_INPUT, "no bad titles", "" },
	{ "api/task", "{\"title\":\"stale\"}", ERR_CONFLICT, "it is stale",
	    "" },
};

static void
tells_constraints_apart(void **state)
{
	struct result result;
	size_t i;

	(void)state;
	house_sql(&house, "INSERT INTO task (id, title, code, size) VALUES"
			  " (50, 'kept', 'A', 1);"
			  "INSERT INTO folded VALUES ('ada')");
	for (i = 0; i < N_OF(broken); i++) {
		result = post(broken[i].path, broken[i].body);
		if (result.rc == 0)
			fail_msg("accepted: %s", broken[i].body);
		assert_fails(result, broken[i].code, broken[i].message,
		    broken[i].faults);
	}
	assert_fails(call(guest, "PUT", "api/must", NULL, "{\"b\":\"1\"}"),
	    ERR_INPUT, "a value is missing", "a: required: Cannot be blank.");
	assert_fails(call(guest, "PUT", "api/must", NULL,
			 "{\"a\":\"x\",\"b\":\"no number\"}"),
	    ERR_INPUT, "the values are not allowed", "");
	house_sql(&house, "INSERT INTO kept VALUES (50)");
	assert_fails(call(guest, "DELETE", "api/task/50", NULL, NULL),
	    ERR_INPUT,
	    "a record that this refers to is not there, or others refer to "
	    "this one",
	    "");
	assert_int_equal(house_int(&house, "SELECT count(*) FROM task"), 1);
	house_sql(&house, "DELETE FROM kept; DELETE FROM task");
}

/* What a statement cannot work with is the sender's, and SQLite's text ours. */
static void
blames_the_values(void **state)
{
	(void)state;
	assert_fails(get("api/search", "q=\"open"), ERR_INPUT,
	    "the statement cannot work with these values", "");
	assert_fails(get("api/search", "q=nocolumn:x"), ERR_INPUT,
	    "the statement cannot work with these values", "");
	assert_fails(get("api/sum", "a=9223372036854775807"), ERR_INPUT,
	    "the statement cannot work with these values", "");
	assert_fails(get("api/limit", "n=x"), ERR_INPUT,
	    "the values are not allowed", "");
}

/* --- limits, locks, replacement ------------------------------------------ */

static void
has_a_deadline(void **state)
{
	int64_t events = house_int(&house, "SELECT count(*) FROM event");
	struct result result;
	int64_t begun;

	(void)state;
	house.config.read_ms = 20;
	house.config.write_ms = 80;
	result = get("api/slow", NULL);
	assert_int_equal(result.rc, -1);
	assert_int_equal(result.err.code, ERR_DEADLINE);
	assert_string_equal(
	    result.faults, "read: limit_read: At most 20ms for what reads.");
	begun = clock_mono_ms();
	result = post("api/slow", NULL);
	assert_int_equal(result.rc, -1);
	assert_int_equal(result.err.code, ERR_DEADLINE);
	assert_string_equal(
	    result.faults, "write: limit_write: At most 80ms for what writes.");
	assert_true(clock_mono_ms() - begun >= 80);
	assert_int_equal(
	    house_int(&house, "SELECT count(*) FROM event"), events);
	/* It was this call's: our own statements have none. */
	assert_int_equal(
	    house_int(&house,
		"WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL"
		" SELECT i + 1 FROM c WHERE i < 9999) SELECT count(*) FROM c"),
	    9999);
	house.config.read_ms = 250;
	house.config.write_ms = 1000;
	assert_done(get("api/twice", NULL), "{\"items\":[{\"n\":0}]}");
}

/* app_check() finds it; where nobody asked, it is found here. */
static void
refuses_a_get_that_writes(void **state)
{
	struct str segments[] = { STR("api"), STR("noop") };
	struct str values[APP_PATH_MAX];
	struct call what = { .caller = guest, .path_values = values };
	struct faults faults = { 0 };
	struct err err = ERR_INIT;
	struct app_endpoint writes;
	const char *allow;
	struct buf out;
	char text[256];
	int wrote;

	(void)state;
	writes = *app_route(house.app, STR("POST"), segments, 2,
	    house.env.arena, values, &allow);
	writes.method = "GET";
	what.endpoint = &writes;
	house_tenant(&house);
	buf_init(&out, 1000);
	assert_int_equal(call_run(&house.env, house.tenant, &what, &out, &wrote,
			     &faults, &err),
	    -1);
	buf_free(&out);
	snprintf(text, sizeof(text), "%s: a GET that writes", writes.file);
	assert_err(&err, ERR_SYSTEM, text);
}

static void
stops_at_the_quota(void **state)
{
	struct result result;

	(void)state;
	house.config.tenant_size_max = 400 * 1024;
	tenant_cache_drop(house.env.cache, "acme");
	result = post("api/fill", NULL);
	assert_int_equal(result.rc, -1);
	assert_int_equal(result.err.code, ERR_QUOTA);
	assert_done(post("api/task", "{\"title\":\"small\"}"),
	    "{\"id\":1,\"title\":\"small\"}");
	house_sql(&house, "DELETE FROM task");
	house.config.tenant_size_max = (int64_t)1 << 30;
	tenant_cache_drop(house.env.cache, "acme");
	house_tenant(&house);
}

static struct db *
open_aside(void)
{
	const struct layout_path path =
	    layout_db(&house.config, "acme", house.row.epoch);
	const struct db_opts opts = { .path = path.p, .role = DB_TOOL };
	struct err err = ERR_INIT;
	struct db *db = db_open(&opts, &err);

	if (!db)
		fail_msg("%s", err.msg);
	return db;
}

static void
waits_for_a_lock_no_longer_than_told(void **state)
{
	struct err err = ERR_INIT;
	struct result result;
	struct db *other;

	(void)state;
	house.config.busy_timeout_ms = 30;
	tenant_cache_drop(house.env.cache, "acme");
	house_tenant(&house);
	other = open_aside();
	assert_int_equal(db_begin_write(other, &err), 0);
	result = post("api/task", "{\"title\":\"x\"}");
	assert_int_equal(result.rc, -1);
	assert_int_equal(result.err.code, ERR_BUSY);
	/* readers are not in the way of writers, nor the other way round */
	assert_done(get("api/task", NULL), "{\"items\":[]}");
	db_close(other);
	house.config.busy_timeout_ms = 5000;
	tenant_cache_drop(house.env.cache, "acme");
}

static void
hints_after_a_commit(void **state)
{
	struct err err = ERR_INIT;
	struct hint hint;
	int fd;

	(void)state;
	assert_int_equal(file_mkdirs(house.config.run, 0700, &err), 0);
	fd = hint_listen(&house.config, &err);
	if (fd < 0)
		fail_msg("%s", err.msg);
	hint_sender_free(house.env.hints);
	house.env.hints = hint_sender_new(&house.config);
	assert_done(get("api/task", NULL), "{\"items\":[]}");
	assert_int_equal(post("api/noop", NULL).rc, 0);
	assert_int_equal(post("api/task", "{\"title\":\"bad\"}").rc, -1);
	assert_int_equal(hint_receive(fd, &hint), 0);
	assert_int_equal(post("api/folded", "{\"name\":\"bob\"}").rc, 0);
	assert_int_equal(hint_receive(fd, &hint), 1);
	assert_string_equal(hint.slug, "acme");
	assert_int_equal(hint.epoch, house.row.epoch);
	assert_true(hint.commit.frame > 0);
	assert_int_equal(hint_receive(fd, &hint), 0);
	close(fd);
}

/*
 * R10: between the look at the registry and the write lock another incarnation
 * became current.  The write must end up there, not in the old file.
 */
static void
follows_a_replaced_file(void **state)
{
	struct call_pair none[1];
	struct call what = { .caller = guest, .query = none };
	struct layout_path path;
	struct str segments[4], values[APP_PATH_MAX];
	struct faults faults = { 0 };
	struct err err = ERR_INIT;
	struct tenant *stale;
	const char *allow;
	char sql[700];
	struct db *db;
	struct buf out;
	int wrote;

	(void)state;
	house_tenant(&house);
	stale = house.tenant;
	path = layout_incarnation(&house.config, "acme", 2);
	assert_int_equal(file_mkdirs(path.p, 0700, &err), 0);
	path = layout_db(&house.config, "acme", 2);
	db = open_aside();
	snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", path.p);
	assert_int_equal(db_exec(db, sql, &err), 0);
	db_close(db);
	assert_int_equal(
	    switch_to(house.env.registry, STR("acme"), 1, 2, 1, 1, &err),
	    0);

	arena_reset(house.env.arena);
	what.endpoint = app_route(house.app, STR("POST"), segments,
	    split("api/folded", '/', segments, 4), house.env.arena, values,
	    &allow);
	assert_int_equal(
	    json_parse(STR("{\"name\":\"carol\"}"), JSON_LIMITS_DEFAULT,
		house.env.arena, &what.body, &err),
	    0);
	buf_init(&out, 1000);
	/* Who was signed in before a restore is not afterwards. */
	what.caller.role = APP_MEMBER;
	what.caller.user_id = STR("somebody");
	assert_int_equal(
	    call_run(&house.env, stale, &what, &out, &wrote, &faults, &err),
	    -1);
	assert_int_equal(err.code, ERR_BUSY);
	assert_string_equal(
	    err.msg, "tenant acme was restored while the request waited");
	assert_int_equal(err.retry_after, 1);
	assert_int_equal(wrote, 0);
	err_clear(&err);
	what.caller = guest;
	if (call_run(&house.env, stale, &what, &out, &wrote, &faults, &err) !=
	    0)
		fail_msg("%s", err.msg);
	buf_free(&out);
	assert_int_equal(wrote, 1);
	db = open_aside(); /* house.row still says epoch 1 */
	house.tenant = NULL;
	house_tenant(&house);
	assert_int_equal(house.row.epoch, 2);
	assert_int_equal(house_int(&house, "SELECT count(*) FROM folded"
					   " WHERE name = 'carol'"),
	    1);
	{
		int64_t n;

		assert_int_equal(db_int(db,
				     "SELECT count(*) FROM folded WHERE"
				     " name = 'carol'",
				     &n, &err),
		    0);
		assert_int_equal(n, 0);
	}
	db_close(db);
}

static void
is_refused_while_suspended(void **state)
{
	struct err err = ERR_INIT;
	struct result result;

	(void)state;
	house_tenant(&house);
	assert_int_equal(registry_set_state(house.env.registry, STR("acme"),
			     REGISTRY_SUSPENDED, &err),
	    0);
	result = post("api/folded", "{\"name\":\"dave\"}");
	assert_int_equal(result.rc, -1);
	assert_int_equal(result.err.code, ERR_BUSY);
	assert_int_equal(registry_set_state(house.env.registry, STR("acme"),
			     REGISTRY_ACTIVE, &err),
	    0);
	assert_int_equal(post("api/folded", "{\"name\":\"dave\"}").rc, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_and_answers),
		cmocka_unit_test(leaves_nothing_of_a_404),
		cmocka_unit_test(tells_constraints_apart),
		cmocka_unit_test(blames_the_values),
		cmocka_unit_test(has_a_deadline),
		cmocka_unit_test(refuses_a_get_that_writes),
		cmocka_unit_test(stops_at_the_quota),
		cmocka_unit_test(waits_for_a_lock_no_longer_than_told),
		cmocka_unit_test(hints_after_a_commit),
		cmocka_unit_test(follows_a_replaced_file),
		cmocka_unit_test(is_refused_while_suspended),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
