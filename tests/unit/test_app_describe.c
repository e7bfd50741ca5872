#include "tenants/app_describe.h"

#include "tests/unit/scratch.h"
#include "tenants/base/crypto.h"

static struct scratch scratch;

static int
setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(crypto_init(&err), 0);
	scratch_make(&scratch);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

#define VIEWS                                                                  \
	"CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, r REAL, x ANY)"       \
	" STRICT;\n"                                                           \
	"CREATE TABLE loose (id INTEGER PRIMARY KEY, a TEXT);\n"               \
	"CREATE VIEW v AS SELECT id AS key, a FROM t;\n"

#define ERROR(status)                                                          \
	"\"" status "\":{\"$ref\":\"#/components/responses/Error\"}"
#define ANY   "{\"type\":[\"string\",\"number\",\"null\"]}"
#define GUEST "\"security\":[{},{\"token\":[]}]"
#define JSON_OF(schema)                                                        \
	"\"content\":{\"application/json\":{\"schema\":" schema "}}"
/* What a public GET of one record answers, with these columns. */
#define ONE(properties, required)                                              \
	"\"responses\":{\"200\":{\"description\":\"The record.\"," JSON_OF(    \
	    "{\"type\":\"object\",\"properties\":{" properties                 \
	    "},\"required\":[" required                                        \
	    "],\"additionalProperties\":false}") "},\"304\":{\"description\":" \
						 "\"What If-None-Match "       \
						 "names.\"}," ERROR("400") "," ERROR("404") "," ERROR("default") "}"
#define PLAIN "{\"get\":{\"tags\":[\"x\"],\"summary\":\"\"," GUEST ","

static const struct {
	const char *schema, *name, *text, *want;
} cases[] = {
	/* whose types SQLite vouches for, and whose it does not */
	{ VIEWS, "api/x/GET.sql",
	    "-- access: public\n-- returns: one\n-- json: j\n"
	    "SELECT id, a, r, x, id + 1 AS n, '[]' AS j FROM t",
	    "\"/api/x\":" PLAIN ONE("\"id\":{\"type\":[\"integer\",\"null\"]},"
				    "\"a\":{\"type\":[\"string\",\"null\"]},"
				    "\"r\":{\"type\":[\"number\",\"null\"]},"
				    "\"x\":" ANY ",\"n\":" ANY
				    ",\"j\":{\"description\":\"Any JSON.\"}",
		"\"id\",\"a\",\"r\",\"x\",\"n\",\"j\"") "}}" },
	{ VIEWS, "api/x/GET.sql",
	    "-- access: public\n-- returns: one\nSELECT key, a FROM v",
	    "\"/api/x\":" PLAIN ONE("\"key\":{\"type\":[\"integer\",\"null\"]},"
				    "\"a\":{\"type\":[\"string\",\"null\"]}",
		"\"key\",\"a\"") "}}" },
	{ VIEWS, "api/x/GET.sql",
	    "-- access: public\n-- returns: one\nSELECT id FROM loose",
	    "\"/api/x\":" PLAIN ONE("\"id\":" ANY, "\"id\"") "}}" },
	{ VIEWS, "api/x/GET.sql",
	    "-- access: public\n-- returns: one\n"
	    "SELECT id FROM t UNION SELECT a FROM t",
	    "\"/api/x\":" PLAIN ONE("\"id\":" ANY, "\"id\"") "}}" },
	{ VIEWS "CREATE VIEW w AS SELECT id FROM t UNION SELECT a FROM t;\n",
	    "api/x/GET.sql",
	    "-- access: public\n-- returns: one\nSELECT id FROM w",
	    "\"/api/x\":" PLAIN ONE("\"id\":" ANY, "\"id\"") "}}" },

	/* parameters of a query */
	{ VIEWS, "api/x/{id}/DELETE.sql",
	    "-- Removes \"it\".\n-- access: admin\n-- returns: none\n"
	    "-- param: id integer min 1\n"
	    "-- param: why text optional max 9 one of a, b\n"
	    "-- param: sure boolean default false\n"
	    "-- param: more json optional\n"
	    "DELETE FROM t WHERE id = :id AND :why AND :sure AND :more",
	    "\"/api/x/{id}\":{\"delete\":{\"tags\":[\"x\"],\"summary\":"
	    "\"Removes \\\"it\\\".\",\"description\":\"Needs the role "
	    "admin.\",\"security\":[{\"token\":[]}],\"parameters\":["
	    "{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":"
	    "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1}},"
	    "{\"name\":\"why\",\"in\":\"query\",\"required\":false,\"schema\":"
	    "{\"type\":\"string\",\"maxLength\":9,\"enum\":[\"a\",\"b\"]}},"
	    "{\"name\":\"sure\",\"in\":\"query\",\"required\":false,"
	    "\"schema\":{\"type\":\"boolean\",\"default\":false}},"
	    "{\"name\":\"more\",\"in\":\"query\",\"required\":false,"
	    "\"content\":{\"application/json\":{\"schema\":"
	    "{\"description\":\"Any JSON.\"}}}}],"
	    "\"responses\":{\"204\":{\"description\":\"Done.\"}," ERROR("400") "," ERROR(
		"401") "," ERROR("403") "," ERROR("404") "," ERROR("409") "," ERROR("default") "}}}" },

	/* and of a body */
	{ VIEWS, "api/x/{id}/PUT.sql",
	    "-- access: member\n-- returns: none\n-- status: 202\n"
	    "-- param: a text min 2 max 9\n"
	    "-- param: b text default 'it''s' one of it's, c\n"
	    "-- param: r number optional min 0.5\n"
	    "-- param: n integer default 7\n"
	    "UPDATE t SET a = :a || :b, r = :r + :n WHERE id = :id",
	    "\"/api/x/{id}\":{\"put\":{\"tags\":[\"x\"],\"summary\":\"\","
	    "\"security\":[{\"token\":[]}],\"parameters\":["
	    "{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":"
	    "{\"type\":\"string\",\"minLength\":1}}],"
	    "\"requestBody\":{" JSON_OF("{\"type\":\"object\",\"properties\":{"
					"\"a\":{\"type\":\"string\","
					"\"minLength\":2,\"maxLength\":9},"
					"\"b\":{\"type\":[\"string\",\"null\"],"
					"\"enum\":[\"it's\",\"c\",null],"
					"\"default\":\"it's\"},"
					"\"r\":{\"type\":[\"number\",\"null\"],"
					"\"minimum\":0.5},"
					"\"n\":{\"type\":[\"integer\",\"null\"]"
					",\"format\":\"int64\","
					"\"default\":7}},"
					"\"additionalProperties\":false,"
					"\"required\":[\"a\"]}") ",\"required\""
								 ":true},"
								 "\"responses\""
								 ":{\"202\":{"
								 "\"description"
								 "\":\"Done.\"}"
								 "," ERROR("40"
									   "0") "," ERROR("401") "," ERROR(
								     "404") "," ERROR("409") "," ERROR("default") "}}}" },
};

static void
begin(const char *schema)
{
	struct err err = ERR_INIT;

	if (file_remove_tree(scratch_path(&scratch, "app"), &err) != 0 ||
	    file_mkdirs(scratch_path(&scratch, "app"), 0700, &err) != 0)
		fail_msg("%s", err.msg);
	scratch_write(&scratch, "app/schema/0001_x.sql", schema);
}

static int
describe(struct buf *out, struct err *err)
{
	struct app *app =
	    app_load(scratch_path(&scratch, "app"), NULL, NULL, err);
	int rc;

	if (!app)
		fail_msg("%s", err->msg);
	buf_init(out, 1 << 20);
	rc = app_describe(app, out, err);
	app_free(app);
	return rc;
}

static void
expect(const char *want)
{
	struct err err = ERR_INIT;
	struct buf out;

	if (describe(&out, &err) != 0)
		fail_msg("%s", err.msg);
	buf_putc(&out, '\0');
	assert_string_equal(out.p, want);
	buf_free(&out);
}

static void
describes_an_endpoint(void **state)
{
	char path[64];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		begin(cases[i].schema);
		snprintf(path, sizeof(path), "app/%s", cases[i].name);
		scratch_write(&scratch, path, cases[i].text);
		expect(cases[i].want);
	}
}

static void
describes_a_list_and_puts_methods_of_a_path_together(void **state)
{
	(void)state;
	begin(VIEWS);
	scratch_write(&scratch, "app/api/x/GET.sql",
	    "-- access: public\n-- returns: many\nSELECT a FROM t");
	scratch_write(&scratch, "app/api/x/POST.sql",
	    "-- access: public\n-- returns: none\nDELETE FROM t");
	scratch_write(&scratch, "app/api/x/9/PUT.sql",
	    "-- access: public\n-- returns: none\nDELETE FROM t");
#define DONE                                                                   \
	",\"responses\":{\"204\":{\"description\":\"Done.\"}," ERROR(          \
	    "400") "," ERROR("404") "," ERROR("409") "," ERROR("default") "}}"
	expect(
	    "\"/api/x/9\":{\"put\":{\"tags\":[\"x\"],\"summary\":\"\"," GUEST
		DONE "},"
	    "\"/api/x\":" PLAIN
	    "\"responses\":{\"200\":{\"description\":\"The records.\"," JSON_OF(
		"{\"type\":\"object\",\"properties\":{\"items\":"
		"{\"type\":\"array\",\"items\":"
		"{\"type\":\"object\",\"properties\":{"
		"\"a\":{\"type\":[\"string\",\"null\"]}},"
		"\"required\":[\"a\"],\"additionalProperties\":false}}},"
		"\"required\":[\"items\"],"
		"\"additionalProperties\":false}") "},\"304\":{\"description\":"
						   "\"What If-None-Match "
						   "names.\"}," ERROR("400") "," ERROR("default") "}},"
												  "\"post\":{\"tags\":[\"x\"],\"summary\":\"\"," GUEST
												      DONE
												  "}");
}

static void
describes_an_empty_application(void **state)
{
	(void)state;
	begin(VIEWS);
	expect("");
}

static void
says_what_cannot_be_described(void **state)
{
	struct err err = ERR_INIT;
	struct buf out;

	(void)state;
	begin(VIEWS);
	scratch_write(&scratch, "app/api/x/GET.sql",
	    "-- access: public\n-- returns: one\n\nSELECT a FROM nowhere");
	assert_int_equal(describe(&out, &err), -1);
	assert_non_null(strstr(err.msg, "x/GET.sql:4: "));
	assert_non_null(strstr(err.msg, "no such table: nowhere"));
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describes_an_endpoint),
		cmocka_unit_test(
		    describes_a_list_and_puts_methods_of_a_path_together),
		cmocka_unit_test(describes_an_empty_application),
		cmocka_unit_test(says_what_cannot_be_described),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
