#include "tenants/call.h"

#include "tests/unit/call_harness.h"

/* --- parameters ---------------------------------------------------------- */

#define NOTHING                                                                \
	"{\"t\":null,\"i\":null,\"n\":null,\"nt\":\"null\",\"b\":null,"        \
	"\"j\":null,\"c\":null,\"d\":7,\"ht\":0,\"hd\":0}"

static void
takes_the_query(void **state)
{
	(void)state;
	assert_done(get("api/echo", NULL), NOTHING);
	assert_done(call(guest, "GET", "api/echo", NULL, "{}"), NOTHING);
	assert_done(
	    get("api/echo",
		"t=abc&i=-5&n=1&b=true&j={\"a\": [1]}&c=light blue&d=9"),
	    "{\"t\":\"abc\",\"i\":-5,\"n\":1,\"nt\":\"real\",\"b\":1,"
	    "\"j\":{\"a\": [1]},\"c\":\"light blue\",\"d\":9,\"ht\":1,"
	    "\"hd\":1}");
	assert_done(get("api/echo", "b=0&d=9223372036854775807"),
	    "{\"t\":null,\"i\":null,\"n\":null,\"nt\":\"null\",\"b\":0,"
	    "\"j\":null,\"c\":null,\"d\":9223372036854775807,\"ht\":0,"
	    "\"hd\":1}");
	assert_fails(call(guest, "GET", "api/echo", NULL, "{\"t\":\"abc\"}"),
	    ERR_INPUT, WRONG,
	    "t: unknown: Is not taken from the body here, but from the query.");
}

static void
takes_the_body(void **state)
{
	(void)state;
	assert_done(post("api/echo", NULL), NOTHING);
	assert_done(post("api/echo", "{}"), NOTHING);
	assert_done(
	    post("api/echo",
		"{\"t\":\"\\u00e9\\ud83d\\ude00\",\"i\":5,\"n\":1,\"b\":false,"
		"\"j\":[ 1,null ],\"c\":\"red\"}"),
	    "{\"t\":\"\xc3\xa9\xf0\x9f\x98\x80\",\"i\":5,\"n\":1,"
	    "\"nt\":\"real\",\"b\":0,\"j\":[ 1,null ],\"c\":\"red\",\"d\":7,"
	    "\"ht\":1,\"hd\":0}");
	/* null: for an optional one itself, for another its default */
	assert_done(
	    post("api/echo", "{\"t\":null,\"i\":null,\"n\":null,\"b\":null,"
			     "\"j\":null,\"c\":null,\"d\":null}"),
	    "{\"t\":null,\"i\":null,\"n\":null,\"nt\":\"null\",\"b\":null,"
	    "\"j\":null,\"c\":null,\"d\":7,\"ht\":1,\"hd\":1}");
	assert_fails(call(guest, "POST", "api/echo", "t=abc", NULL), ERR_INPUT,
	    WRONG,
	    "t: unknown: Is not taken from the query here, but from the body.");
}

static const struct {
	const char *query;
	const char *faults;
} bad_queries[] = {
	{ "t=a", "t: length_too_short: Must have at least 2 characters." },
	{ "t=", "t: length_too_short: Must have at least 2 characters." },
	{ "t=abcde", "t: length_too_long: Must have at most 4 characters." },
	{ "t=a\xff"
	  "b",
	    "t: invalid_text: Must be UTF-8 text without NUL." },
	{ "i=6",
	    "i: max_less_equal_than_required: Must be no greater than 5." },
	{ "i=-6",
	    "i: min_greater_equal_than_required: Must be no less than -5." },
	{ "i=", "i: invalid_type: Must be an integer." },
	{ "i=1.0", "i: invalid_type: Must be an integer." },
	{ "i= 1", "i: invalid_type: Must be an integer." },
	{ "i=0x1", "i: invalid_type: Must be an integer." },
	{ "i=99999999999999999999", "i: invalid_type: Must be an integer." },
	{ "n=0.4",
	    "n: min_greater_equal_than_required: Must be no less than 0.5." },
	{ "n=1.6",
	    "n: max_less_equal_than_required: Must be no greater than 1.5." },
	{ "n=nan", "n: invalid_type: Must be a number." },
	{ "n=1e999", "n: invalid_type: Must be a number." },
	{ "n=\"1\"", "n: invalid_type: Must be a number." },
	{ "b=yes", "b: invalid_type: Must be true or false." },
	{ "b=", "b: invalid_type: Must be true or false." },
	{ "j={", "j: invalid_type: Must be JSON." },
	{ "j=", "j: invalid_type: Must be JSON." },
	{ "c=blue", "c: not_in_list: Must be one of red, light blue." },
	{ "x=1", "x: unknown: Is not a parameter here." },
	{ "T=abc", "T: unknown: Is not a parameter here." },
	{ "t=abc&t=abc", "t: repeated: Was sent twice." },
	{ "i=9&x=1&c=no&b=2",
	    "i: max_less_equal_than_required: Must be no greater than 5.\n"
	    "x: unknown: Is not a parameter here.\n"
	    "c: not_in_list: Must be one of red, light blue.\n"
	    "b: invalid_type: Must be true or false." },
};

static const struct {
	const char *body;
	const char *faults;
} bad_bodies[] = {
	{ "{\"t\":7}", "t: invalid_type: Must be text." },
	{ "{\"t\":[\"abc\"]}", "t: invalid_type: Must be text." },
	{ "{\"t\":\"a\\u0000b\"}",
	    "t: invalid_text: Must be UTF-8 text without NUL." },
	{ "{\"i\":\"1\"}", "i: invalid_type: Must be an integer." },
	{ "{\"i\":1.5}", "i: invalid_type: Must be an integer." },
	{ "{\"i\":true}", "i: invalid_type: Must be an integer." },
	{ "{\"n\":\"1\"}", "n: invalid_type: Must be a number." },
	{ "{\"b\":1}", "b: invalid_type: Must be true or false." },
	{ "{\"b\":\"true\"}", "b: invalid_type: Must be true or false." },
	{ "{\"c\":\"blue\"}",
	    "c: not_in_list: Must be one of red, light blue." },
	{ "{\"x\":1,\"y\":2}", "x: unknown: Is not a parameter here.\n"
			       "y: unknown: Is not a parameter here." },
};

static void
refuses_what_does_not_fit(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(bad_queries); i++)
		assert_fails(get("api/echo", bad_queries[i].query), ERR_INPUT,
		    WRONG, bad_queries[i].faults);
	for (i = 0; i < N_OF(bad_bodies); i++)
		assert_fails(post("api/echo", bad_bodies[i].body), ERR_INPUT,
		    WRONG, bad_bodies[i].faults);
}

static void
wants_what_is_required(void **state)
{
	(void)state;
	assert_fails(get("api/must", NULL), ERR_INPUT, WRONG,
	    "a: required: Cannot be blank.\nb: required: Cannot be blank.");
	assert_fails(get("api/must", "a="), ERR_INPUT, WRONG,
	    "b: required: Cannot be blank.");
	assert_done(get("api/must", "a=&b=1"), "{\"a\":\"\",\"b\":1}");
	assert_fails(post("api/task", "{\"title\":null}"), ERR_INPUT, WRONG,
	    "title: required: Cannot be blank.");
}

/* However many are sent, the answer has an end. */
static void
stops_at_a_hundred_faults(void **state)
{
	struct result result;
	struct buf body;
	size_t i, n = 1;

	(void)state;
	buf_init(&body, 1 << 20);
	buf_putc(&body, '{');
	for (i = 0; i < 15000; i++)
		buf_printf(&body, "%s\"x%zu\":1", i ? "," : "", i);
	buf_puts(&body, "}");
	buf_putc(&body, '\0');
	result = post("api/echo", body.p);
	buf_free(&body);
	assert_int_equal(result.rc, -1);
	for (i = 0; result.faults[i]; i++)
		n += result.faults[i] == '\n';
	/* as many as the buffer shows */
	assert_true(n > 20 && n <= FAULTS_MAX);
}

static void
takes_the_path(void **state)
{
	(void)state;
	house_sql(&house, "INSERT INTO task (id, title) VALUES (1, 'one')");
	assert_done(get("api/task/1", NULL), "{\"title\":\"one\"}");
	assert_fails(get("api/task/x", NULL), ERR_INPUT, WRONG,
	    "id: invalid_type: Must be an integer.");
	assert_fails(get("api/task/0", NULL), ERR_INPUT, WRONG,
	    "id: min_greater_equal_than_required: Must be no less than 1.");
	assert_fails(get("api/task/1", "id=2"), ERR_INPUT, WRONG,
	    "id: repeated: Stands in the path.");
	assert_fails(call(guest, "PATCH", "api/task/1", NULL, "{\"id\":2}"),
	    ERR_INPUT, WRONG, "id: repeated: Stands in the path.");
	assert_fails(get("api/task/9", NULL), ERR_NOT_FOUND,
	    "there is no such record", "");
	house_sql(&house, "DELETE FROM task");
}

static void
knows_the_server_variables(void **state)
{
	const struct caller ada = { .user_id = STR("adasid000000000"),
		.role = APP_ADMIN };

	(void)state;
	assert_done(get("api/who", NULL),
	    "{\"id\":null,\"role\":\"public\",\"tenant\":\"acme\",\"now\":1,"
	    "\"year\":1,\"same\":1}");
	assert_done(call(ada, "GET", "api/who", NULL, NULL),
	    "{\"id\":\"adasid000000000\",\"role\":\"admin\","
	    "\"tenant\":\"acme\",\"now\":1,\"year\":1,\"same\":1}");
}

static void
checks_access(void **state)
{
	static const struct {
		const char *path;
		enum app_access needed;
		const char *denied;
	} endpoints[] = {
		{ "api/who", APP_PUBLIC, "" },
		{ "api/m", APP_MEMBER, "this needs the role member" },
		{ "api/a", APP_ADMIN, "this needs the role admin" },
		{ "api/o", APP_OWNER, "this needs the role owner" },
	};
	struct caller caller = { .user_id = STR("x"), .role = APP_PUBLIC };
	struct result result;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(endpoints); i++)
		for (caller.role = APP_PUBLIC; caller.role <= APP_OWNER;
		     caller.role++) {
			result =
			    call(caller, "GET", endpoints[i].path, NULL, NULL);
			if (caller.role >= endpoints[i].needed) {
				assert_int_equal(result.rc, 0);
			} else if (caller.role == APP_PUBLIC) {
				assert_err(
				    &result.err, ERR_AUTH, "sign in first");
			} else {
				assert_err(&result.err, ERR_DENIED,
				    endpoints[i].denied);
			}
			/* Who may not call learns nothing of parameters. */
			result =
			    call(caller, "GET", endpoints[i].path, "x=1", NULL);
			if (caller.role < endpoints[i].needed)
				assert_string_equal(result.faults, "");
		}
}

/* --- what goes out ------------------------------------------------------- */

static void
writes_every_type(void **state)
{
	(void)state;
	assert_done(get("api/types", NULL),
	    "{\"max\":9223372036854775807,\"min\":-9223372036854775808,"
	    "\"f\":0.1,\"inf\":null,\"whole\":5,\"nil\":null,"
	    "\"s\":\"a\\\"b\\n\xc3\xa9\",\"bad\":\"A\xef\xbf\xbd"
	    "B\","
	    "\"o\":{\"a\":1},\"z\":null,\"a \\\"b\":\"q\"}");
}

/* Mistakes of the application: their text names the file, and is for the log. */
static void
names_the_file_of_a_mistake(void **state)
{
	static const struct {
		const char *path;
		const char *text;
	} mistakes[] = {
		{ "api/blob", "column b is a blob, for which JSON has no form: "
			      "use hex()" },
		{ "api/nojson",
		    "column j is not what json: says: json: expected the end, "
		    "found '}' at byte 8" },
		{ "api/two", "returns one, and gave more rows" },
	};
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(mistakes); i++) {
		snprintf(text, sizeof(text), "%s/app/%s/GET.sql: %s",
		    house.scratch.dir, mistakes[i].path, mistakes[i].text);
		assert_fails(get(mistakes[i].path, NULL), ERR_SYSTEM, text, "");
	}
}

static void
bounds_the_answer(void **state)
{
	struct result result;

	(void)state;
	house.config.response_rows = 3;
	assert_done(get("api/rows", "n=3"),
	    "{\"items\":[{\"x\":\"x\"},{\"x\":\"x\"},{\"x\":\"x\"}]}");
	assert_fails(get("api/rows", "n=4"), ERR_TOO_LARGE,
	    "the answer would have more than 3 rows: ask for fewer",
	    "rows: limit_rows: At most 3 rows of an answer.");
	house.config.response_rows = 1000;
	house.config.response_max = 1000;
	result = get("api/rows", "n=2&width=480");
	assert_int_equal(result.rc, 0);
	assert_fails(get("api/rows", "n=2&width=490"), ERR_TOO_LARGE,
	    "the answer would have more than 1000 bytes: ask for fewer rows",
	    "");
	assert_fails(get("api/rows", "n=1&width=5000"), ERR_TOO_LARGE,
	    "the answer would have more than 1000 bytes: ask for fewer rows",
	    "");
	house.config.response_max = 4 << 20;
	assert_fails(get("api/huge", "n=99999999"), ERR_TOO_LARGE,
	    "a value is larger than the database takes", "");
}

/* Whoever asked is told so, without the name of a file of ours. */
static void
refuses_values_that_cannot_be_bound(void **state)
{
	struct buf body;

	(void)state;
	buf_init(&body, 16 << 20);
	buf_puts(&body, "{\"j\":\"");
	while (body.n < 9 << 20)
		buf_puts(&body, "0123456789abcdef");
	buf_puts(&body, "\"}");
	buf_putc(&body, '\0');
	assert_fails(post("api/echo", body.p), ERR_TOO_LARGE,
	    "a value is larger than the database takes", "");
	buf_free(&body);
}

/* --- what app_check() finds, and no call relies on ------------------------- */

static struct result
bare(const struct app_endpoint *endpoint)
{
	const struct call what = { .endpoint = endpoint, .caller = guest };
	struct result result = { .err = ERR_INIT };
	struct faults faults = { 0 };
	struct buf out;

	house_tenant(&house);
	buf_init(&out, 1000);
	result.rc = call_run(&house.env, house.tenant, &what, &out,
	    &result.wrote, &faults, &result.err);
	house_faults(&faults, result.faults, sizeof(result.faults));
	buf_free(&out);
	return result;
}

static void
is_strict_where_nobody_checked(void **state)
{
	static const struct app_statement
	    spies = { STR("SELECT password_hash FROM _users"), 3 },
	    writes = { STR("INSERT INTO event (what) VALUES ('x') "
			   "RETURNING what"),
		    1 };
	static struct app_endpoint endpoint = { .file = "x.sql",
		.method = "GET",
		.access = APP_PUBLIC,
		.returns = APP_MANY,
		.n_statements = 1 };

	(void)state;
	endpoint.statements = &spies;
	assert_fails(bare(&endpoint), ERR_SYSTEM,
	    "x.sql:3: the system column _users.password_hash may not be read",
	    "");
	endpoint.statements = &writes;
	assert_fails(
	    bare(&endpoint), ERR_SYSTEM, "x.sql: a GET that writes", "");
	endpoint.access = APP_NOBODY;
	assert_fails(bare(&endpoint), ERR_AUTH, "sign in first", "");
}

/* Somebody writes just before the second statement of a GET. */
static int
write_before_the_second(unsigned what, void *other, void *stmt, void *sql)
{
	struct err err = ERR_INIT;

	(void)what;
	(void)stmt;
	if (strstr(sql, "FROM task") &&
	    db_exec(other, "INSERT INTO task (title) VALUES ('new')", &err))
		fail_msg("%s", err.msg);
	return 0;
}

static void
sees_one_state(void **state)
{
	struct db_opts opts = { .role = DB_TOOL, .busy_ms = 1000 };
	struct err err = ERR_INIT;
	struct db *other;
	sqlite3 *handle;

	(void)state;
	house_tenant(&house);
	opts.path = db_path(house.tenant->db);
	handle = db_handle(house.tenant->db);
	other = db_open(&opts, &err);
	assert_non_null(other);
	sqlite3_trace_v2(
	    handle, SQLITE_TRACE_STMT, write_before_the_second, other);
	assert_done(get("api/twice", NULL), "{\"items\":[{\"n\":0}]}");
	sqlite3_trace_v2(handle, 0, NULL, NULL);
	assert_int_equal(house_int(&house, "SELECT count(*) FROM task"), 1);
	db_close(other);
	house_sql(&house, "DELETE FROM task");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_query),
		cmocka_unit_test(takes_the_body),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(wants_what_is_required),
		cmocka_unit_test(stops_at_a_hundred_faults),
		cmocka_unit_test(takes_the_path),
		cmocka_unit_test(knows_the_server_variables),
		cmocka_unit_test(checks_access),
		cmocka_unit_test(writes_every_type),
		cmocka_unit_test(names_the_file_of_a_mistake),
		cmocka_unit_test(bounds_the_answer),
		cmocka_unit_test(refuses_values_that_cannot_be_bound),
		cmocka_unit_test(is_strict_where_nobody_checked),
		cmocka_unit_test(sees_one_state),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
