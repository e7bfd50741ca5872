#include "fcgi/request.h"

#include "tenants/base/buf.h"
#include "tests/unit/unit.h"

static struct arena *arena;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* What a request came to: "a|b ? n=v,m=w", or the error. */
static const char *
describe(const struct request *request)
{
	static char text[4096];
	struct buf buf;
	size_t i;

	buf_init(&buf, sizeof text - 1);
	for (i = 0; i < request->n_segments; i++) {
		if (i > 0)
			buf_putc(&buf, '|');
		buf_str(&buf, request->segments[i]);
	}
	for (i = 0; i < request->n_query; i++) {
		buf_puts(&buf, i > 0 ? "," : " ? ");
		buf_str(&buf, request->query[i].name);
		buf_putc(&buf, '=');
		buf_str(&buf, request->query[i].value);
	}
	assert_false(buf.full);
	memcpy(text, buf.p ? buf.p : "", buf.n);
	text[buf.n] = '\0';
	buf_free(&buf);
	return text;
}

static const struct uri_case {
	const char *uri;
	const char *gives; /* or, where code is set, the error */
	enum err_code code;
} uri_cases[] = {
	{ "/", "", ERR_NONE },
	{ "/api", "api", ERR_NONE },
	{ "/api/tasks/7", "api|tasks|7", ERR_NONE },
	{ "/api/t%61sks", "api|tasks", ERR_NONE },
	{ "/api/a%2Fb", "api|a/b", ERR_NONE },
	{ "/api/a%2fb", "api|a/b", ERR_NONE },
	{ "/api/%252e%252e", "api|%2e%2e", ERR_NONE },
	{ "/api/caf%C3%A9", "api|caf\xc3\xa9", ERR_NONE },
	{ "/api/caf\xc3\xa9", "api|caf\xc3\xa9", ERR_NONE },
	{ "/api/a+b", "api|a+b", ERR_NONE },
	{ "/api/...", "api|...", ERR_NONE },
	{ "/a/b/c/d/e/f/g/h/i/j/k/l", "a|b|c|d|e|f|g|h|i|j|k|l", ERR_NONE },
	{ "/api?", "api", ERR_NONE },
	{ "/api?a=1", "api ? a=1", ERR_NONE },
	{ "/api?a=1&b=2", "api ? a=1,b=2", ERR_NONE },
	{ "/api?a", "api ? a=", ERR_NONE },
	{ "/api?a=&&b", "api ? a=,b=", ERR_NONE },
	{ "/api?a=x=y", "api ? a=x=y", ERR_NONE },
	{ "/api?a=x+y%2Bz", "api ? a=x y+z", ERR_NONE },
	{ "/api?%61%3D=%26", "api ? a==&", ERR_NONE },
	{ "/api?a=?/..//", "api ? a=?/..//", ERR_NONE },
	{ "?a=1", "the path does not begin with a slash", ERR_INPUT },
	{ "", "the path does not begin with a slash", ERR_INPUT },
	{ "*", "the path does not begin with a slash", ERR_INPUT },
	{ "http://x/api", "the path does not begin with a slash", ERR_INPUT },
	{ "//", "the path has an empty segment", ERR_NOT_FOUND },
	{ "//api", "the path has an empty segment", ERR_NOT_FOUND },
	{ "/api/", "the path has an empty segment", ERR_NOT_FOUND },
	{ "/api//tasks", "the path has an empty segment", ERR_NOT_FOUND },
	{ "/a/b/c/d/e/f/g/h/i/j/k/l/m", "the path has more than 12 segments",
	    ERR_NOT_FOUND },
	{ "/api/.", "the path has a segment \".\"", ERR_INPUT },
	{ "/api/../x", "the path has a segment \"..\"", ERR_INPUT },
	{ "/api/%2e%2E/x", "the path has a segment \"..\"", ERR_INPUT },
	{ "/api/.%2e", "the path has a segment \"..\"", ERR_INPUT },
	{ "/api/%", "the path has a % without two hexadecimal digits",
	    ERR_INPUT },
	{ "/api/%4", "the path has a % without two hexadecimal digits",
	    ERR_INPUT },
	{ "/api/%zz", "the path has a % without two hexadecimal digits",
	    ERR_INPUT },
	{ "/api/%4%31", "the path has a % without two hexadecimal digits",
	    ERR_INPUT },
	{ "/api/a%00b", "the path has a NUL byte", ERR_INPUT },
	{ "/api/%ff", "the path is not UTF-8", ERR_INPUT },
	{ "/api/\xff", "the path is not UTF-8", ERR_INPUT },
	{ "/api/%c0%ae", "the path is not UTF-8", ERR_INPUT },
	{ "/api/%ed%a0%80", "the path is not UTF-8", ERR_INPUT },
	{ "/api?a=%", "the query has a % without two hexadecimal digits",
	    ERR_INPUT },
	{ "/api?%x=1", "the query has a % without two hexadecimal digits",
	    ERR_INPUT },
	{ "/api?a=%00", "the query has a NUL byte", ERR_INPUT },
	{ "/api?a=%fe", "the query is not UTF-8", ERR_INPUT },
};

static void
paths_and_queries(void **state)
{
	char uri[512];
	const char *params[] = { "REQUEST_METHOD=GET", uri, NULL };
	const struct uri_case *c;
	struct request request;
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(uri_cases); i++) {
		c = &uri_cases[i];
		err_clear(&err);
		snprintf(uri, sizeof uri, "REQUEST_URI=%s", c->uri);
		if (request_parse(params, arena, &request, &err) != 0)
			assert_string_equal(err.msg, c->gives);
		else
			assert_string_equal(describe(&request), c->gives);
		assert_int_equal(err.code, c->code);
	}
}

/* A path or query that is made of n times the same. */
static int
parse_repeated(const char *prefix, const char *what, size_t n, struct err *err)
{
	const char *params[] = { "REQUEST_METHOD=GET", NULL, NULL };
	struct request request;
	struct buf buf;
	int rc;

	buf_init(&buf, 1 << 17);
	buf_puts(&buf, "REQUEST_URI=");
	buf_puts(&buf, prefix);
	while (n-- > 0)
		buf_puts(&buf, what);
	buf_putc(&buf, '\0');
	params[1] = buf.p;
	err_clear(err);
	rc = request_parse(params, arena, &request, err);
	buf_free(&buf);
	return rc;
}

static void
bounds(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse_repeated("/", "x", 255, &err), 0);
	assert_int_equal(parse_repeated("/", "x", 256, &err), -1);
	assert_string_equal(
	    err.msg, "the path has a segment of more than 255 bytes");
	assert_int_equal(err.code, ERR_INPUT);

	assert_int_equal(parse_repeated("/?", "a&", 64, &err), 0);
	assert_int_equal(parse_repeated("/?", "a&", 65, &err), -1);
	assert_string_equal(err.msg, "the query has more than 64 parameters");
	assert_int_equal(err.code, ERR_INPUT);

	assert_int_equal(parse_repeated("/?", "&", 8190, &err), 0);
	assert_int_equal(parse_repeated("/?", "&", 8191, &err), -1);
	assert_string_equal(
	    err.msg, "the request's address is longer than 8192 bytes");

	assert_int_equal(parse_repeated("/?", "&", 65536, &err), -1);
	assert_string_equal(
	    err.msg, "the request's headers are longer than 65536 bytes");
	assert_int_equal(err.code, ERR_INPUT);
}

static void
too_many_params(void **state)
{
	const char *params[REQUEST_PARAMS_MAX + 2];
	struct request request;
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	params[0] = "REQUEST_METHOD=GET";
	params[1] = "REQUEST_URI=/";
	for (i = 2; i < REQUEST_PARAMS_MAX; i++)
		params[i] = "HTTP_X=y";
	params[REQUEST_PARAMS_MAX] = NULL;
	assert_int_equal(request_parse(params, arena, &request, &err), 0);
	params[REQUEST_PARAMS_MAX] = "HTTP_X=y";
	params[REQUEST_PARAMS_MAX + 1] = NULL;
	assert_int_equal(request_parse(params, arena, &request, &err), -1);
	assert_string_equal(
	    err.msg, "the request has more than 256 headers and parameters");
}

static void
fields(void **state)
{
	const char *const params[] = { "FCGI_ROLE=RESPONDER",
		"CONTENT_TYPE=application/x-www-form-urlencoded",
		"HTTP_CONTENT_TYPE=application/json", "HTTP_HOST=Acme.test:80",
		"HTTP_X_FORWARDED_HOST=evil.test", "TENANT=acme",
		"REMOTE_ADDR=192.0.2.1",
		"HTTP_AUTHORIZATION=Bearer a.b.c=", "HTTP_IF_NONE_MATCH=\"x\"",
		"CONTENT_LENGTH=12", "REQUEST_METHOD=POST", "REQUEST_URI=/a?b",
		"NOVALUE", NULL };
	struct request r;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(request_parse(params, arena, &r, &err), 0);
	assert_true(str_is(r.method, "POST"));
	assert_true(str_is(r.path, "/a"));
	assert_true(str_is(r.host, "Acme.test:80"));
	assert_true(str_is(r.tenant, "acme"));
	assert_true(str_is(r.address, "192.0.2.1"));
	assert_true(str_is(r.authorization, "Bearer a.b.c="));
	assert_true(str_is(r.content_type, "application/json"));
	assert_true(str_is(r.if_none_match, "\"x\""));
	assert_int_equal(r.length, 12);
}

static void
absent_fields(void **state)
{
	const char *const params[] = { "REQUEST_METHOD=GET", "REQUEST_URI=/",
		"TENANT=", NULL };
	struct request r;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(request_parse(params, arena, &r, &err), 0);
	assert_null(r.host.p);
	assert_null(r.authorization.p);
	assert_null(r.if_none_match.p);
	assert_non_null(r.tenant.p);
	assert_int_equal(r.tenant.n, 0);
	assert_int_equal(r.length, 0);
}

static void
doubled_fields(void **state)
{
	static const char *const doubled[][2] = {
		{ "TENANT=acme", "TENANT=globex" },
		{ "HTTP_HOST=a", "HTTP_HOST=a" },
		{ "REQUEST_URI=/", "REQUEST_URI=/" },
		{ "CONTENT_LENGTH=", "CONTENT_LENGTH=1" },
		{ "HTTP_AUTHORIZATION=a", "HTTP_AUTHORIZATION=b" },
		{ "REMOTE_ADDR=a", "REMOTE_ADDR=b" },
	};
	const char *params[5] = { "REQUEST_METHOD=GET" };
	struct request r;
	struct err err = ERR_INIT;
	char want[64];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(doubled); i++) {
		params[1] = doubled[i][0];
		params[2] = doubled[i][1];
		snprintf(want, sizeof want, "%.*s came twice",
		    (int)strcspn(doubled[i][0], "="), doubled[i][0]);
		assert_int_equal(request_parse(params, arena, &r, &err), -1);
		assert_string_equal(err.msg, want);
		assert_int_equal(err.code, ERR_INPUT);
	}
}

static const struct {
	const char *method, *length; /* NULL: not sent */
	int64_t gives;
	enum err_code code;
	const char *msg;
} length_cases[] = {
	{ "GET", NULL, 0, ERR_NONE, NULL },
	{ "GET", "", 0, ERR_NONE, NULL },
	{ "GET", "0", 0, ERR_NONE, NULL },
	{ "GET", "5", 5, ERR_INPUT, "GET takes no body" },
	{ "HEAD", "5", 5, ERR_INPUT, "HEAD takes no body" },
	{ "OPTIONS", "5", 5, ERR_INPUT, "OPTIONS takes no body" },
	{ "GET", "-1", 0, ERR_LENGTH, "the request has no Content-Length" },
	{ "DELETE", NULL, 0, ERR_NONE, NULL },
	{ "DELETE", "7", 7, ERR_NONE, NULL },
	{ "DELETE", "-1", 0, ERR_LENGTH, "the request has no Content-Length" },
	{ "POST", NULL, 0, ERR_LENGTH, "the request has no Content-Length" },
	{ "POST", "", 0, ERR_LENGTH, "the request has no Content-Length" },
	{ "PUT", NULL, 0, ERR_LENGTH, "the request has no Content-Length" },
	{ "PATCH", NULL, 0, ERR_LENGTH, "the request has no Content-Length" },
	{ "POST", "-1", 0, ERR_LENGTH, "the request has no Content-Length" },
	{ "POST", "0", 0, ERR_NONE, NULL },
	{ "POST", "9223372036854775807", INT64_MAX, ERR_NONE, NULL },
	{ "POST", "9223372036854775808", 0, ERR_INPUT,
	    "the Content-Length is not a number" },
	{ "POST", "-2", 0, ERR_INPUT, "the Content-Length is not a number" },
	{ "POST", "1x", 0, ERR_INPUT, "the Content-Length is not a number" },
	{ "POST", " 1", 0, ERR_INPUT, "the Content-Length is not a number" },
	{ "POST", "+1", 0, ERR_INPUT, "the Content-Length is not a number" },
};

static void
lengths(void **state)
{
	char method[64], length[64];
	const char *params[] = { "REQUEST_URI=/", method, length, NULL };
	struct request r;
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(length_cases); i++) {
		err_clear(&err);
		snprintf(method, sizeof method, "REQUEST_METHOD=%s",
		    length_cases[i].method);
		snprintf(length, sizeof length, "%s=%s",
		    length_cases[i].length ? "CONTENT_LENGTH" : "X",
		    length_cases[i].length ? length_cases[i].length : "");
		assert_int_equal(request_parse(params, arena, &r, &err),
		    length_cases[i].code ? -1 : 0);
		assert_int_equal(err.code, length_cases[i].code);
		if (length_cases[i].msg)
			assert_string_equal(err.msg, length_cases[i].msg);
		assert_int_equal(r.length, length_cases[i].gives);
	}
}

static const struct {
	const char *type;
	int json;
} type_cases[] = {
	{ "application/json", 1 },
	{ "Application/JSON", 1 },
	{ "application/json;charset=utf-8", 1 },
	{ "application/json; charset=UTF-8", 1 },
	{ "application/json ; charset=\"utf-8\"", 1 },
	{ "application/json;", 1 },
	{ "application/json; charset=latin1", 0 },
	{ "application/json; boundary=x", 0 },
	{ "application/jsonp", 0 },
	{ "application/problem+json", 0 },
	{ "text/json", 0 },
	{ "text/plain", 0 },
	{ "multipart/form-data; boundary=application/json", 0 },
	{ "application/x-www-form-urlencoded", 0 },
	{ "", 0 },
	{ NULL, 0 },
};

static void
types(void **state)
{
	struct request r = { .length = 0 };
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(type_cases); i++) {
		r.content_type = str_of(type_cases[i].type);
		if (request_is_json(&r) != type_cases[i].json)
			fail_msg("%s", type_cases[i].type);
	}
}

static void
what_was_understood_stays(void **state)
{
	const char *const params[] = { "REQUEST_METHOD=GET",
		"REQUEST_URI=/a/%zz?q", "HTTP_HOST=acme.test", NULL };
	struct request r;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(request_parse(params, arena, &r, &err), -1);
	assert_true(str_is(r.method, "GET"));
	assert_true(str_is(r.path, "/a/%zz"));
	assert_true(str_is(r.host, "acme.test"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    paths_and_queries, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    too_many_params, setup, teardown),
		cmocka_unit_test_setup_teardown(fields, setup, teardown),
		cmocka_unit_test_setup_teardown(absent_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    doubled_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(lengths, setup, teardown),
		cmocka_unit_test(types),
		cmocka_unit_test_setup_teardown(
		    what_was_understood_stays, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
