#include "tenants/app.h"

#include "tests/unit/app_cases.h"
#include "tests/unit/scratch.h"
#include "tenants/base/crypto.h"

static struct scratch scratch;
static struct arena *arena;
static char heard[16384];

static int
setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(crypto_init(&err), 0);
	arena = arena_new(1 << 20);
	scratch_make(&scratch);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	scratch_remove(&scratch);
	return 0;
}

/* Complaints, one a line, with the scratch directory cut off. */
static void
hear(const char *message, void *arg)
{
	size_t prefix = strlen(scratch.dir) + 1;

	(void)arg;
	if (strncmp(message, scratch.dir, prefix - 1) == 0)
		message += prefix;
	strncat(heard, message, sizeof(heard) - strlen(heard) - 2);
	strcat(heard, "\n");
}

static void
clear(void)
{
	struct err err = ERR_INIT;

	heard[0] = '\0';
	if (file_remove_tree(scratch_path(&scratch, "app"), &err) != 0 ||
	    file_mkdirs(scratch_path(&scratch, "app"), 0700, &err) != 0)
		fail_msg("%s", err.msg);
}

static struct app *
load(void)
{
	struct err err = ERR_INIT;

	return app_load(scratch_path(&scratch, "app"), hear, NULL, &err);
}

/* What is complained of in all, loading and then checking. */
static void
judge(void)
{
	struct err err = ERR_INIT;
	struct app *app = load();

	if (app)
		(void)app_check(app, hear, NULL, &err);
	app_free(app);
}

/* --- one endpoint's text ------------------------------------------------- */

/* Puts the file's name before each line of what is expected. */
static void
expect(char *out, size_t size, const char *file, const char *lines)
{
	const char *end;

	for (out[0] = '\0'; *lines; lines = end + 1) {
		end = strchr(lines, '\n');
		snprintf(out + strlen(out), size - strlen(out), "%s%.*s\n",
		    file, (int)(end - lines), lines);
	}
}

static void
reads_endpoints(void **state)
{
	char file[128], path[128], want[16384];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(files); i++) {
		clear();
		scratch_write(&scratch, "app/schema/0001_x.sql", schema);
		snprintf(file, sizeof(file), "app/api/x/{id}/%s.sql",
		    files[i].method);
		snprintf(path, sizeof(path), "%s", file);
		scratch_write(&scratch, path, files[i].text);
		judge();
		expect(want, sizeof(want), file, files[i].complaints);
		if (strcmp(heard, want) != 0)
			fail_msg("%s\nheard: %s\nnot: %s", files[i].text, heard,
			    want);
	}
}

/* --- folders ------------------------------------------------------------- */

static void
reads_folders(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < N_OF(folders); i++) {
		clear();
		for (j = 0; j < 4 && folders[i].file[j].name; j++)
			scratch_write(&scratch, folders[i].file[j].name,
			    folders[i].file[j].text);
		judge();
		if (strcmp(heard, folders[i].complaints) != 0)
			fail_msg("%s\nheard: %s\nnot: %s",
			    folders[i].file[0].name, heard,
			    folders[i].complaints);
	}
}

static void
finds_a_nul(void **state)
{
	(void)state;
	clear();
	scratch_write_n(&scratch, "app/api/x/GET.sql", STR("-- a\n\0"));
	judge();
	assert_string_equal(heard, "app/api/x/GET.sql:2: has a NUL in it\n");
}

static void
wants_a_folder(void **state)
{
	struct err err = ERR_INIT;
	char text[256];

	(void)state;
	clear();
	assert_null(app_load("/nowhere/app", NULL, NULL, &err));
	assert_err(&err, ERR_INPUT, "/nowhere/app: No such file or directory");
	err_clear(&err);
	scratch_write(&scratch, "app/x", "x");
	assert_null(
	    app_load(scratch_path(&scratch, "app/x"), NULL, NULL, &err));
	snprintf(text, sizeof(text), "%s: is not a folder",
	    scratch_path(&scratch, "app/x"));
	assert_err(&err, ERR_INPUT, text);
}

/* Where nobody listens, the first goes into the error. */
static void
tells_the_first_or_how_many(void **state)
{
	struct err err = ERR_INIT;
	char text[256];

	(void)state;
	clear();
	scratch_write(&scratch, "app/api/x/GETS.sql", "");
	scratch_write(&scratch, "app/api/y/GETS.sql", "");
	assert_null(app_load(scratch_path(&scratch, "app"), NULL, NULL, &err));
	snprintf(text, sizeof(text),
	    "%s: is not an endpoint: GET.sql, POST.sql, PUT.sql, PATCH.sql or "
	    "DELETE.sql",
	    scratch_path(&scratch, "app/api/x/GETS.sql"));
	assert_err(&err, ERR_INPUT, text);
	err_clear(&err);
	assert_null(app_load(scratch_path(&scratch, "app"), hear, NULL, &err));
	snprintf(text, sizeof(text), "%s: 2 mistakes",
	    scratch_path(&scratch, "app"));
	assert_err(&err, ERR_INPUT, text);
}

static void
has_bounds(void **state)
{
	char text[8192];
	int i;

	(void)state;
	clear();
	strcpy(text, HEAD);
	for (i = 0; i < 65; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "-- param: p%d integer optional\n", i);
	strcat(text, "SELECT 0");
	for (i = 0; i < 64; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    " + :p%d", i);
	strcat(text, " AS a");
	scratch_write(&scratch, "app/api/x/GET.sql", text);
	judge();
	assert_string_equal(
	    heard, "app/api/x/GET.sql:68: more than 64 parameters\n");

	clear();
	strcpy(text, HEAD);
	for (i = 0; i < 17; i++)
		strcat(text, "SELECT 1 AS a;\n");
	scratch_write(&scratch, "app/api/x/GET.sql", text);
	judge();
	assert_string_equal(
	    heard, "app/api/x/GET.sql:20: more than 16 statements\n");
}

/* --- what comes out ------------------------------------------------------ */

static void
fills_an_endpoint(void **state)
{
	const struct app_endpoint *endpoint;
	struct app *app;

	(void)state;
	clear();
	scratch_write(&scratch, "app/api/x/{ref}/POST.sql",
	    "-- Does it.\n"
	    "-- More about it.\n"
	    "-- access: admin\n"
	    "-- param: n integer default 7 min -2 max 9\n"
	    "-- param: s text optional one of a, b c\n"
	    "-- returns: none\n"
	    "-- status: 202\n"
	    "\n"
	    "SELECT :n, @has_n; -- first\n"
	    "SELECT ';', :s,\n"
	    "  :ref /* ; */ ;\n");
	app = load();
	assert_string_equal(heard, "");
	assert_int_equal(app->n_endpoints, 1);
	endpoint = app->endpoints[0];
	assert_int_equal(endpoint->index, 0);
	assert_string_equal(endpoint->method, "POST");
	assert_string_equal(endpoint->path, "/api/x/{ref}");
	assert_string_equal(endpoint->summary, "Does it.");
	assert_int_equal(endpoint->access, APP_ADMIN);
	assert_int_equal(endpoint->returns, APP_NONE);
	assert_int_equal(endpoint->status, 202);
	assert_int_equal(endpoint->n_segments, 3);
	assert_int_equal(endpoint->n_params, 3);
	assert_true(str_is(endpoint->params[0].name, "ref"));
	assert_int_equal(endpoint->params[0].in_path, 1);
	assert_int_equal(endpoint->params[0].required, 1);
	assert_int_equal(endpoint->params[0].type, APP_TEXT);
	assert_true(str_is(endpoint->params[1].name, "n"));
	assert_int_equal(endpoint->params[1].in_path, 0);
	assert_int_equal(endpoint->params[1].required, 0);
	assert_string_equal(endpoint->params[1].preset, "7");
	assert_true(endpoint->params[1].has_min && endpoint->params[1].has_max);
	assert_int_equal((int)endpoint->params[1].min, -2);
	assert_int_equal((int)endpoint->params[1].max, 9);
	assert_int_equal(endpoint->params[2].n_choices, 2);
	assert_true(str_is(endpoint->params[2].choices[1], "b c"));
	assert_int_equal(endpoint->n_statements, 2);
	assert_true(str_is(endpoint->statements[0].sql, "SELECT :n, @has_n"));
	assert_int_equal(endpoint->statements[0].line, 9);
	assert_true(
	    str_is(endpoint->statements[1].sql, "SELECT ';', :s,\n  :ref"));
	assert_int_equal(endpoint->statements[1].line, 10);
	app_free(app);
}

static void
defaults_the_status(void **state)
{
	struct app *app;

	(void)state;
	clear();
	scratch_write(&scratch, "app/api/a/GET.sql", OK_TEXT);
	scratch_write(&scratch, "app/api/b/GET.sql",
	    "-- access: public\n-- returns: none\nSELECT 1");
	app = load();
	assert_string_equal(heard, "");
	assert_int_equal(app->endpoints[0]->status, 200);
	assert_int_equal(app->endpoints[1]->status, 204);
	assert_string_equal(app->endpoints[1]->summary, "");
	app_free(app);
}

/* --- routes -------------------------------------------------------------- */

static const struct {
	const char *method;
	const char *path;
	const char *found; /* the endpoint's path, or NULL */
	const char *values;
	const char *allow;
} routes[] = {
	{ "GET", "api", "/api", "", NULL },
	{ "GET", "api/a", "/api/a", "", NULL },
	{ "GET", "api/a/b", "/api/a/b", "", NULL },
	{ "PUT", "api/a/b", NULL, "", "GET" },
	{ "GET", "api/a/7", "/api/a/{x}", "7", NULL },
	{ "DELETE", "api/a/7", "/api/a/{x}", "7", NULL },
	{ "POST", "api/a/7", NULL, "7", "GET, DELETE" },
	{ "HEAD", "api/a/7", NULL, "7", "GET, DELETE" },
	{ "get", "api/a/7", NULL, "7", "GET, DELETE" },
	/* the literal leads nowhere, so {x} is tried after all */
	{ "GET", "api/a/b/y", "/api/a/{x}/y", "b", NULL },
	{ "GET", "api/a/b/z", "/api/a/b/z", "", NULL },
	{ "GET", "api/a/{x}", "/api/a/{x}", "{x}", NULL },
	{ "GET", "api/p/1/q/2", "/api/p/{one}/q/{two}", "1,2", NULL },
	{ "GET", "", NULL, "", NULL },
	{ "GET", "a", NULL, "", NULL },
	{ "GET", "API/a", NULL, "", NULL },
	{ "GET", "api/A", NULL, "", NULL },
	{ "GET", "api/c", NULL, "", NULL },
	{ "GET", "api/p", NULL, "", NULL },
	{ "GET", "api/a/", NULL, "", NULL },
	{ "GET", "api//a", NULL, "", NULL },
	{ "GET", "api/a/b/c/d/e/f/g/h/i/j/k/l/m", NULL, "", NULL },
};

static void
finds_routes(void **state)
{
	static const char *const names[] = { "app/api/GET.sql",
		"app/api/a/GET.sql", "app/api/a/b/GET.sql",
		"app/api/a/b/z/GET.sql" };
	static const char *const with_x[] = { "app/api/a/{x}/GET.sql",
		"app/api/a/{x}/DELETE.sql", "app/api/a/{x}/y/GET.sql" };
	struct str segments[16], values[APP_PATH_MAX], rest;
	const struct app_endpoint *endpoint;
	const char *allow;
	char got[128];
	struct app *app;
	size_t i, j, n;

	(void)state;
	clear();
	for (i = 0; i < N_OF(names); i++)
		scratch_write(&scratch, names[i], OK_TEXT);
	for (i = 0; i < N_OF(with_x); i++)
		scratch_write(&scratch, with_x[i], HEAD "SELECT :x AS a");
	scratch_write(&scratch, "app/api/p/{one}/q/{two}/GET.sql",
	    HEAD "SELECT :one AS a, :two AS b");
	scratch_write(&scratch, "app/api/c/.keep", "");
	app = load();
	assert_string_equal(heard, "");
	for (i = 0; i < N_OF(routes); i++) {
		rest = str_of(routes[i].path);
		for (n = 0; n < N_OF(segments) && routes[i].path[0] &&
			    str_next(&rest, '/', &segments[n]);
		     n++)
			;
		memset(values, 0, sizeof(values));
		endpoint = app_route(app, str_of(routes[i].method), segments, n,
		    arena, values, &allow);
		if (routes[i].found
			? !endpoint ||
			      strcmp(endpoint->path, routes[i].found) != 0 ||
			      strcmp(endpoint->method, routes[i].method) != 0
			: endpoint != NULL)
			fail_msg("%s %s", routes[i].method, routes[i].path);
		if (routes[i].allow
			? !allow || strcmp(allow, routes[i].allow) != 0
			: allow != NULL)
			fail_msg("%s %s: allow %s", routes[i].method,
			    routes[i].path, allow ? allow : "nothing");
		got[0] = '\0';
		for (j = 0; endpoint && j < APP_PATH_MAX && values[j].p; j++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got),
			    "%s%.*s", j ? "," : "", STR_FMT(values[j]));
		if (endpoint && strcmp(got, routes[i].values) != 0)
			fail_msg("%s: values %s", routes[i].path, got);
	}
	app_free(app);
}

/* The product that is shipped; tests/run says where the tree is. */
static void
passes_the_shipped_one(void **state)
{
	const char *root = getenv("ROOT");
	struct err err = ERR_INIT;
	struct app *app;
	char dir[512];

	(void)state;
	heard[0] = '\0';
	(void)snprintf(dir, sizeof(dir), "%s/tenants/app", root ? root : ".");
	app = app_load(dir, hear, NULL, &err);
	if (app)
		(void)app_check(app, hear, NULL, &err);
	assert_string_equal(heard, "");
	assert_non_null(app);
	assert_true(app->n_endpoints > 20);
	app_free(app);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_endpoints),
		cmocka_unit_test(reads_folders),
		cmocka_unit_test(finds_a_nul),
		cmocka_unit_test(wants_a_folder),
		cmocka_unit_test(tells_the_first_or_how_many),
		cmocka_unit_test(has_bounds),
		cmocka_unit_test(fills_an_endpoint),
		cmocka_unit_test(defaults_the_status),
		cmocka_unit_test(finds_routes),
		cmocka_unit_test(passes_the_shipped_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
