#include "fcgi/response.h"

#include "tenants/base/arena.h"
#include "tests/unit/unit.h"

static const char *
text(struct buf *buf)
{
	buf_putc(buf, '\0');
	assert_false(buf->full);
	return buf->p;
}

static const struct {
	enum err_code code;
	const char *msg;
	int retry_after;
	int status;
	const char *body;
	int retry;
} error_cases[] = {
	{ ERR_INPUT, "the body is empty", 0, 400,
	    "{\"status\":400,\"message\":\"The body is empty.\",\"data\":{}}",
	    0 },
	{ ERR_INPUT, "Failed to authenticate.", 0, 400,
	    "{\"status\":400,\"message\":\"Failed to authenticate.\","
	    "\"data\":{}}",
	    0 },
	{ ERR_INPUT, "\"a\" is <not> \\it", 0, 400,
	    "{\"status\":400,\"message\":\"\\\"a\\\" is <not> \\\\it.\","
	    "\"data\":{}}",
	    0 },
	{ ERR_AUTH, "token of acme is expired", 0, 401,
	    "{\"status\":401,\"message\":\"The request requires valid record "
	    "authorization token.\",\"data\":{}}",
	    0 },
	{ ERR_DENIED, "role member, endpoint GET.sql", 0, 403,
	    "{\"status\":403,\"message\":\"You are not allowed to perform this "
	    "request.\",\"data\":{}}",
	    0 },
	{ ERR_NOT_FOUND, "tenant acme is deleted", 0, 404,
	    "{\"status\":404,\"message\":\"The requested resource wasn't "
	    "found.\",\"data\":{}}",
	    0 },
	{ ERR_METHOD, "PUT is not allowed here", 0, 405,
	    "{\"status\":405,\"message\":\"PUT is not allowed here.\","
	    "\"data\":{}}",
	    0 },
	{ ERR_CONFLICT, "it is there already", 0, 409,
	    "{\"status\":409,\"message\":\"It is there already.\","
	    "\"data\":{}}",
	    0 },
	{ ERR_LENGTH, "no length", 0, 411,
	    "{\"status\":411,\"message\":\"No length.\",\"data\":{}}", 0 },
	{ ERR_TOO_LARGE, "too large", 0, 413,
	    "{\"status\":413,\"message\":\"Too large.\",\"data\":{}}", 0 },
	{ ERR_MEDIA, "not json", 0, 415,
	    "{\"status\":415,\"message\":\"Not json.\",\"data\":{}}", 0 },
	{ ERR_LIMIT, "too many attempts", 7, 429,
	    "{\"status\":429,\"message\":\"Too many attempts.\","
	    "\"data\":{}}",
	    7 },
	{ ERR_LIMIT, "too many attempts", 0, 429,
	    "{\"status\":429,\"message\":\"Too many attempts.\","
	    "\"data\":{}}",
	    1 },
	{ ERR_BUSY, "/srv/x: locked", 30, 503,
	    "{\"status\":503,\"message\":\"The service isn't available right "
	    "now. Please try again later.\",\"data\":{}}",
	    30 },
	{ ERR_DEADLINE, "SELECT secret", 0, 503,
	    "{\"status\":503,\"message\":\"The service isn't available right "
	    "now. Please try again later.\",\"data\":{}}",
	    1 },
	{ ERR_FULL, "/srv/x: no space left on device", 0, 507,
	    "{\"status\":507,\"message\":\"There is no room left to store "
	    "this.\",\"data\":{}}",
	    0 },
	{ ERR_QUOTA, "/srv/x: full", 0, 507,
	    "{\"status\":507,\"message\":\"This tenant has reached its "
	    "limit.\",\"data\":{}}",
	    0 },
	{ ERR_CORRUPT, "/srv/x: page 7", 0, 500,
	    "{\"status\":500,\"message\":\"Something went wrong while "
	    "processing your request.\",\"data\":{}}",
	    0 },
	{ ERR_SYSTEM, "/srv/x: permission denied", 0, 500,
	    "{\"status\":500,\"message\":\"Something went wrong while "
	    "processing your request.\",\"data\":{}}",
	    0 },
};

static void
errors(void **state)
{
	struct response r;
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	response_init(&r, 4096);
	for (i = 0; i < N_OF(error_cases); i++) {
		response_reset(&r);
		buf_puts(&r.body, "half an ans");
		r.status = 200;
		err_set(&err, error_cases[i].code, "%s", error_cases[i].msg);
		err.retry_after = error_cases[i].retry_after;
		response_error(&r, &err, NULL);
		assert_int_equal(r.status, error_cases[i].status);
		assert_int_equal(r.retry_after, error_cases[i].retry);
		assert_string_equal(text(&r.body), error_cases[i].body);
	}
	response_free(&r);
}

static void
longest_message(void **state)
{
	struct response r;
	struct err err = ERR_INIT;

	(void)state;
	err.code = ERR_INPUT;
	memset(err.msg, 'x', sizeof err.msg - 1);
	response_init(&r, 4096);
	response_error(&r, &err, NULL);
	assert_int_equal(r.body.n,
	    sizeof err.msg + strlen("{\"status\":400,\"message\":\"\","
				    "\"data\":{}}"));
	response_free(&r);
}

static void
one_that_is_wide(void **state)
{
	struct response r;
	struct err err = ERR_INIT;
	char piece[1000] = "";

	(void)state;
	response_init(&r, 500);
	response_widen(&r, 100);
	buf_put(&r.body, piece, sizeof piece);
	assert_true(r.body.full);
	response_reset(&r);
	response_widen(&r, 2000);
	buf_put(&r.body, piece, sizeof piece);
	assert_false(r.body.full);
	assert_int_equal(r.body.n, sizeof piece);
	/* The next one is not, nor what is said instead. */
	err_set(&err, ERR_SYSTEM, "no");
	response_error(&r, &err, NULL);
	assert_int_equal(r.status, 500);
	assert_int_equal(r.body.max, 500);
	response_widen(&r, 2000);
	response_reset(&r);
	buf_put(&r.body, piece, sizeof piece);
	assert_true(r.body.full);
	response_free(&r);
}

static void
faulty_fields(void **state)
{
	struct arena *arena = arena_new(4096);
	struct faults faults = { .first = NULL };
	struct response r;
	struct err err = ERR_INIT;

	(void)state;
	response_init(&r, 4096);
	err_set(&err, ERR_INPUT, "title: required");
	faults_add(&faults, arena, STR("title"), "validation_required",
	    "Cannot be blank.");
	faults_add(&faults, arena, STR("a\"b"), "validation_unknown",
	    "There is no such parameter.");
	response_error(&r, &err, &faults);
	assert_string_equal(text(&r.body),
	    "{\"status\":400,\"message\":\"An error occurred while validating "
	    "the submitted data.\",\"data\":{\"title\":{\"code\":"
	    "\"validation_required\",\"message\":\"Cannot be blank.\"},"
	    "\"a\\\"b\":{\"code\":\"validation_unknown\",\"message\":"
	    "\"There is no such parameter.\"}}}");
	response_free(&r);
	arena_free(arena);
}

/* More to say about a request than an answer may be long. */
static void
answers_of_bounded_length(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct faults faults = { .first = NULL };
	struct response r;
	struct err err = ERR_INIT;
	char field[256];
	int i;

	(void)state;
	response_init(&r, 1024);
	err_set(&err, ERR_INPUT, "very much");
	for (i = 0; i < 20; i++) {
		memset(field, 'a' + i, sizeof field);
		faults_add(&faults, arena, str_make(field, sizeof field),
		    "validation_unknown", "Unknown parameter.");
	}
	response_error(&r, &err, &faults);
	assert_string_equal(text(&r.body),
	    "{\"status\":400,\"message\":\"An error occurred while validating "
	    "the submitted data.\",\"data\":{}}");
	memset(err.msg, '\1', sizeof err.msg - 1);
	response_error(&r, &err, NULL);
	assert_string_equal(text(&r.body),
	    "{\"status\":400,\"message\":\"Something went wrong while "
	    "processing your request.\",\"data\":{}}");
	response_free(&r);
	arena_free(arena);
}

static void
heads(void **state)
{
	struct response r;
	struct err err = ERR_INIT;
	struct buf head;

	(void)state;
	buf_init(&head, 4096);
	response_init(&r, 4096);

	buf_puts(&r.body, "{}");
	response_head(&r, "abc-1", &head);
	assert_string_equal(text(&head), "Status: 200 OK\r\n"
					 "Content-Type: application/json\r\n"
					 "Content-Length: 2\r\n"
					 "Cache-Control: private, no-store\r\n"
					 "X-Request-Id: abc-1\r\n\r\n");

	buf_reset(&head);
	strcpy(r.etag, "\"x\"");
	r.status = 304;
	response_head(&r, "abc-2", &head);
	assert_string_equal(text(&head), "Status: 304 Not Modified\r\n"
					 "Cache-Control: private, no-store\r\n"
					 "X-Request-Id: abc-2\r\n"
					 "ETag: \"x\"\r\n\r\n");

	buf_reset(&head);
	response_reset(&r);
	r.status = 204;
	r.allow = "GET, HEAD, OPTIONS";
	response_head(&r, "abc-3", &head);
	assert_string_equal(text(&head), "Status: 204 No Content\r\n"
					 "Cache-Control: private, no-store\r\n"
					 "X-Request-Id: abc-3\r\n"
					 "Allow: GET, HEAD, OPTIONS\r\n\r\n");

	buf_reset(&head);
	err_set(&err, ERR_METHOD, "PUT is not allowed here");
	response_error(&r, &err, NULL);
	assert_string_equal(r.allow, "GET, HEAD, OPTIONS");

	err_set(&err, ERR_LIMIT, "slower");
	err.retry_after = 12;
	r.allow = NULL;
	response_error(&r, &err, NULL);
	response_head(&r, "abc-4", &head);
	assert_string_equal(text(&head), "Status: 429 Too Many Requests\r\n"
					 "Content-Type: application/json\r\n"
					 "Content-Length: 44\r\n"
					 "Cache-Control: private, no-store\r\n"
					 "X-Request-Id: abc-4\r\n"
					 "Retry-After: 12\r\n\r\n");

	buf_reset(&head);
	err_set(&err, ERR_AUTH, "no");
	response_error(&r, &err, NULL);
	response_head(&r, "abc-5", &head);
	assert_non_null(
	    strstr(text(&head), "\r\nWWW-Authenticate: Bearer\r\n\r\n"));

	buf_free(&head);
	response_free(&r);
}

static void
etags(void **state)
{
	static const struct {
		const char *header;
		int matches;
	} cases[] = {
		{ "\"a\"", 1 },
		{ "\"b\"", 0 },
		{ "W/\"a\"", 1 },
		{ "\"b\", \"a\"", 1 },
		{ "\"b\" ,W/\"c\" , \"a\"", 1 },
		{ "\"b\", W/\"c\"", 0 },
		{ "*", 1 },
		{ " * ", 1 },
		{ "a", 0 },
		{ "\"A\"", 0 },
		{ "\"a", 0 },
		{ "", 0 },
		{ ",,", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++)
		if (response_etag_matches(str_of(cases[i].header), "\"a\"") !=
		    cases[i].matches)
			fail_msg("%s", cases[i].header);
	assert_false(response_etag_matches(STR_NONE, "\"a\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors),
		cmocka_unit_test(longest_message),
		cmocka_unit_test(one_that_is_wide),
		cmocka_unit_test(faulty_fields),
		cmocka_unit_test(answers_of_bounded_length),
		cmocka_unit_test(heads),
		cmocka_unit_test(etags),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
