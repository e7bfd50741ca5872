#include "replication/store.h"

#include <time.h>

#include "tenants/base/clock.h"
#include "tests/unit/s3_script.h"
#include "tests/unit/store_place.h"

/*
 * What the store in S3 makes of answers that a real one gives on a bad day.
 * What it makes of good ones is test_store.c's, over real servers.
 */
#define XML       "Content-Type: application/xml\r\n"
#define HELLO     "5d41402abc4b2a76b9719d911017c592" /* the MD5 of "hello" */
#define ETAG(md5) "ETag: \"" md5 "\"\r\n"
#define ERROR(code, more)                                                      \
	"<?xml version=\"1.0\"?><Error><Code>" code "</Code>"                  \
	"<Message>m</Message>" more "</Error>"
#define NAME   "PUT /bucket/p/acme/00000001/0000/" FILE_2
#define FILE_2 "0000000000000002-0000000000000002.ltx"
#define GOT    "GET /bucket/p/acme/00000001/0000/" FILE_2 " "

#define HELLO_SUM                                                              \
	"x-amz-meta-rowhouse-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c" \
	"1fa7425e73043362938b9824\r\n"

/* The store heeds both conditions; the probe is there from an earlier start. */
#define PROBED                                                                 \
	{ .want = "PUT /bucket/p/_probe ",                                     \
		"if-none-match: *",                                            \
		"412 Precondition Failed" },                                   \
	{                                                                      \
		.want = "PUT /bucket/p/_probe ", "if-match: 0000",             \
		"412 Precondition Failed"                                      \
	}

static struct store *store;
static struct seen seen;

static void
enter(const struct turn *turn, size_t turns)
{
	struct err err = ERR_INIT;
	char url[200];

	script_begin(turn, turns);
	snprintf(url, sizeof url,
	    "s3://bucket/p?endpoint=http://127.0.0.1:%d&connections=1",
	    script.port);
	store = store_open(url, &err);
	if (!store)
		fail_msg("%s", err.msg);
}

static void
leave(void)
{
	store_close(store);
	script_end();
	buf_free(&seen.data);
}

static int
run(enum store_verb verb, struct store_key key, struct err *err)
{
	struct store_op op = new_op(verb, key, &seen);

	op.bytes = STR("hello");
	err_clear(err);
	return store_now(store, &op, err);
}

static struct store_key
file_2(void)
{
	return ltx_key("acme", 1, 0, 2, 2);
}

#define script(turns) enter(turns, N_OF(turns))

static void
a_put_says_what_it_is(void **state)
{
	static const struct turn turns[] = {
		{ .want = "PUT /bucket/p/_probe HTTP/1.1\r\n",
		    "if-none-match: *",
		    "200 OK" },
		{ .want = "PUT /bucket/p/_probe ",
		    "if-none-match: *",
		    "412 Precondition Failed" },
		{ .want = "PUT /bucket/p/_probe ",
		    "if-match: 0000",
		    "412 Precondition Failed" },
		{ .want = NAME " HTTP/1.1\r\n",
		    "\r\nif-none-match: *\r\n",
		    "200 OK",
		    ETAG(HELLO) },
		{ .want = "PUT /bucket/p/acme/00000001/owner ",
		    "\r\nx-amz-meta-rowhouse-sha256: 2cf24dba5fb0a30e26e83b2ac5"
		    "b9e29e1b161e5c1fa7425e73043362938b9824\r\n",
		    "200 OK",
		    ETAG(HELLO) },
	};
	static const char *const has[] = {
		"\r\nx-amz-meta-litestream-timestamp: "
		"2026-11-23T10:00:00.123000000Z\r\n",
		"\r\ncontent-md5: XUFAKrxLKna5cZ2REBfFkg==\r\n",
		"\r\nx-amz-content-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b16"
		"1e5c1fa7425e73043362938b9824\r\n",
		"\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/",
		"/us-east-1/s3/aws4_request, SignedHeaders=host;"
		"x-amz-content-sha256;x-amz-date;"
		"x-amz-meta-litestream-timestamp;"
		"x-amz-meta-rowhouse-sha256;x-amz-meta-rowhouse-size;"
		"x-amz-security-token, "
		"Signature=",
		"\r\nx-amz-security-token: the-token\r\n",
		"\r\n\r\nhello",
	};
	struct store_stats stats;
	struct err err = ERR_INIT;

	(void)state;
	script(turns);
	if (run(STORE_PUT, file_2(), &err) != 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < N_OF(has); i++)
		if (!strstr(script.seen[3], has[i]))
			fail_msg("no %s in %.900s", has[i], script.seen[3]);
	assert_int_equal(run(STORE_PUT, owner_key("acme", 1), &err), 0);
	store_stats(store, &stats);
	assert_int_equal(stats.puts, 5);
	assert_int_equal(stats.retries, 0);
	assert_int_equal(stats.failed, 0);
	assert_int_equal(stats.down_ms, 0);
	leave();
}

static void
an_answer_that_was_lost(void **state)
{
	static const struct turn turns[] = { PROBED,
		{ .want = NAME, "if-none-match: *", NULL },
		{ .want = NAME, "if-none-match: *", "412 Precondition Failed" },
		{ .want = GOT, NULL, "200 OK", NULL, "hello" } };
	struct store_stats stats;
	struct err err = ERR_INIT;

	(void)state;
	script(turns);
	if (run(STORE_PUT, file_2(), &err) != 0)
		fail_msg("%s", err.msg);
	store_stats(store, &stats);
	assert_int_equal(stats.retries, 1);
	assert_int_equal(stats.puts, 4);
	assert_int_equal(stats.gets, 1);
	leave();
}

static void
what_another_has_put(void **state)
{
	static const struct {
		const char *theirs;
	} cases[] = { { "hullo" }, { "hell" }, { "hello!" }, { "" } };
	static const char tag[] = "ETag: \"00\"\r\n";
	static const char sum[] =
	    "ETag: \"00\"\r\nx-amz-meta-rowhouse-sha256: 00\r\n";

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct turn turns[] = { PROBED,
			{ .want = NAME, NULL, "412 Precondition Failed" },
			{ .want = GOT, NULL, "200 OK", sum, cases[i].theirs },
			/* without a sum it must differ twice */
			{ .want = NAME, NULL, "412 Precondition Failed" },
			{ .want = GOT, NULL, "200 OK", tag, cases[i].theirs },
			/* without an ETag it is no object */
			{ .want = GOT, NULL, "200 OK", NULL, cases[i].theirs },
			{ .want = GOT, NULL, "200 OK", tag, cases[i].theirs } };
		struct err err = ERR_INIT;

		script(turns);
		for (int twice = 0; twice < 2; twice++) {
			assert_int_equal(run(STORE_PUT, file_2(), &err), -1);
			assert_err(&err, ERR_CONFLICT,
			    "s3://bucket/p/acme/00000001/0000/" FILE_2
			    " is there with other content");
			assert_string_equal(
			    err.hint, "another machine writes to this replica");
		}
		leave();
	}
}

/* It would stop the tenant's replication. */
static void
a_damaged_answer_is_no_conflict(void **state)
{
	static const struct turn turns[] = { PROBED,
		{ .want = NAME, NULL, "412 Precondition Failed" },
		{ .want = GOT, NULL, "200 OK", NULL, "hullo" },
		{ .want = GOT, NULL, "200 OK", NULL, "hello" },
		{ .want = NAME, NULL, "412 Precondition Failed" },
		{ .want = GOT, NULL, "200 OK", HELLO_SUM, "hell" },
		{ .want = GOT, NULL, "200 OK", HELLO_SUM, "hullo" },
		{ .want = GOT, NULL, "200 OK", HELLO_SUM, "hello" } };
	struct err err = ERR_INIT;

	(void)state;
	script(turns);
	for (int twice = 0; twice < 2; twice++)
		if (run(STORE_PUT, file_2(), &err) != 0)
			fail_msg("%s", err.msg);
	leave();
}

/* Once it is known that they are none, they are looked at no more. */
static void
etags_that_are_no_md5(void **state)
{
	static const struct turn turns[] = { PROBED,
		{ .want = NAME,
		    NULL,
		    "200 OK",
		    ETAG("00000000000000000000000000000001") },
		{ .want = GOT,
		    NULL,
		    "200 OK",
		    ETAG("00000000000000000000000000000001"),
		    "hello" },
		{ .want = "PUT /bucket/p/acme/00000001/0000/0000000000000003",
		    NULL,
		    "200 OK",
		    ETAG("00000000000000000000000000000002") } };
	struct err err = ERR_INIT;

	(void)state;
	script(turns);
	assert_int_equal(run(STORE_PUT, file_2(), &err), 0);
	assert_int_equal(run(STORE_PUT, ltx_key("acme", 1, 0, 3, 3), &err), 0);
	leave();
}

static void
a_wrong_etag(void **state)
{
	/* Of the answer alone; and of what is there. */
	static const struct turn turns[] = { PROBED,
		{ .want = NAME,
		    NULL,
		    "200 OK",
		    ETAG("00000000000000000000000000000001") },
		{ .want = GOT, NULL, "200 OK", ETAG(HELLO), "hello" },
		{ .want = NAME,
		    NULL,
		    "200 OK",
		    ETAG("00000000000000000000000000000001") },
		{ .want = GOT,
		    NULL,
		    "200 OK",
		    ETAG("00000000000000000000000000000001"),
		    "hellp" },
		{ .want = GOT,
		    NULL,
		    "200 OK",
		    ETAG("00000000000000000000000000000001"),
		    "hellp" } };
	struct err err = ERR_INIT;

	(void)state;
	script(turns);
	assert_int_equal(run(STORE_PUT, file_2(), &err), 0);
	assert_int_equal(run(STORE_PUT, file_2(), &err), -1);
	assert_err(&err, ERR_CORRUPT,
	    "s3://bucket/p/acme/00000001/0000/" FILE_2
	    " is not what was put there");
	leave();
}

static void
a_store_that_heeds_nothing(void **state)
{
	static const struct {
		const char *answer;
	} cases[] = { { "200 OK" }, { "501 Not Implemented" } };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct turn turns[] = {
			{ .want = "PUT /bucket/p/_probe ", NULL, "200 OK" },
			{ .want = "PUT /bucket/p/_probe ",
			    NULL,
			    cases[i].answer },
			{ .want = GOT,
			    NULL,
			    "404 Not Found",
			    XML,
			    ERROR("NoSuchKey", "") },
			{ .want = NAME,
			    "!if-none-match",
			    "200 OK",
			    ETAG(HELLO) },
			{ .want = GOT, NULL, "200 OK", ETAG(HELLO), "hello" },
			{ .want = GOT, NULL, "200 OK", ETAG(HELLO), "other" },
			{ .want = GOT, NULL, "200 OK", ETAG(HELLO), "other" }
		};
		struct err err = ERR_INIT;

		script(turns);
		assert_int_equal(run(STORE_PUT, file_2(), &err), 0);
		assert_int_equal(run(STORE_PUT, file_2(), &err), 0);
		assert_int_equal(run(STORE_PUT, file_2(), &err), -1);
		assert_int_equal(err.code, ERR_CONFLICT);
		leave();
	}
}

static void
what_is_worth_another_try(void **state)
{
	static const struct {
		const char *status, *headers, *body;
		uint64_t refused;
	} cases[] = {
		{ "503 Slow Down", XML "Retry-After: 0\r\n",
		    ERROR("SlowDown", ""), 1 },
		{ "429 Too Many Requests", NULL, "", 1 },
		{ "500 Internal Server Error", NULL, "", 0 },
		{ "502 Bad Gateway", NULL, "<html>", 0 },
		{ "400 Bad Request", XML, ERROR("RequestTimeout", ""), 0 },
		{ "400 Bad Request", XML, ERROR("BadDigest", ""), 0 },
		{ "409 Conflict", XML, ERROR("ConditionalRequestConflict", ""),
		    0 },
		{ "200 OK", XML, ERROR("InternalError", ""), 0 },
		{ NULL, NULL, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct turn turns[] = { PROBED,
			{ .want = NAME,
			    NULL,
			    cases[i].status,
			    cases[i].headers,
			    cases[i].body },
			{ .want = NAME, NULL, "200 OK", ETAG(HELLO) } };
		struct store_stats stats;
		struct err err = ERR_INIT;

		script(turns);
		if (run(STORE_PUT, file_2(), &err) != 0)
			fail_msg("%zu: %s", i, err.msg);
		store_stats(store, &stats);
		assert_int_equal(stats.retries, 1);
		assert_int_equal(stats.refused, cases[i].refused);
		assert_int_equal(stats.failed, 0);
		assert_int_equal(stats.down_ms, 0);
		leave();
	}
}

/* The time that the request i was signed with, in s since 1970. */
static int64_t
signed_at(int i)
{
	const char *date = strstr(script.seen[i], "\r\nx-amz-date: ");
	struct tm tm = { .tm_year = 0 };

	assert_non_null(date);
	assert_non_null(strptime(date + 14, "%Y%m%dT%H%M%SZ", &tm));
	return (int64_t)timegm(&tm);
}

static void
a_clock_that_is_wrong(void **state)
{
	static const struct {
		int hours;
	} cases[] = { { 1 }, { -1 }, { 24 * 400 } };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		time_t theirs = time(NULL) + cases[i].hours * 3600;
		char date[100];
		const struct turn turns[] = {
			{ .want = "GET /bucket/?",
			    NULL,
			    "403 Forbidden",
			    date,
			    ERROR("RequestTimeTooSkewed", "") },
			{ .want = "GET /bucket/?",
			    NULL,
			    "200 OK",
			    XML,
			    "<ListBucketResult/>" },
			{ .want = "GET /bucket/?",
			    NULL,
			    "200 OK",
			    XML,
			    "<ListBucketResult/>" }
		};
		struct err err = ERR_INIT;
		struct tm tm;

		strftime(date, sizeof date,
		    "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
		    gmtime_r(&theirs, &tm));
		script(turns);
		if (run(STORE_SLUGS, file_2(), &err) != 0)
			fail_msg("%s", err.msg);
		assert_int_equal(run(STORE_SLUGS, file_2(), &err), 0);
		assert_in_range(signed_at(1) - (int64_t)theirs + 5, 0, 65);
		assert_in_range(signed_at(2) - (int64_t)theirs + 5, 0, 65);
		leave();
	}
}

/* Nothing but the call that was lied to bears the time of a lie. */
static void
one_answer_sets_no_clock(void **state)
{
	char lie[100], truth[100];
	time_t now = time(NULL), theirs = now + 3600;
	const struct turn turns[] = {
		{ .want = "GET /bucket/?",
		    NULL,
		    "403 Forbidden",
		    lie,
		    ERROR("RequestTimeTooSkewed", "") },
		{ .want = "DELETE ", NULL, "204 No Content" },
		{ .want = "GET /bucket/?",
		    NULL,
		    "403 Forbidden",
		    truth,
		    ERROR("RequestTimeTooSkewed", "") },
		{ .want = "GET /bucket/?",
		    NULL,
		    "200 OK",
		    XML,
		    "<ListBucketResult/>" },
		{ .want = "DELETE ", NULL, "204 No Content" },
	};
	struct seen each[2];
	struct store_op op[2];
	struct err err = ERR_INIT;
	struct tm tm;

	(void)state;
	strftime(lie, sizeof lie, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
	    gmtime_r(&theirs, &tm));
	strftime(truth, sizeof truth, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
	    gmtime_r(&now, &tm));
	script(turns);
	op[0] = new_op(STORE_SLUGS, file_2(), &each[0]);
	op[1] = new_op(STORE_DELETE, file_2(), &each[1]);
	for (int i = 0; i < 2; i++)
		store_submit(store, &op[i]);
	while (!each[0].done || !each[1].done)
		(void)store_poll(store, NULL, 0, 1000);
	assert_int_equal(each[0].err.code, ERR_NONE);
	assert_int_equal(run(STORE_DELETE, file_2(), &err), 0);
	assert_in_range(signed_at(1) - (int64_t)now + 5, 0, 65);
	assert_in_range(signed_at(2) - (int64_t)theirs + 5, 0, 65);
	assert_in_range(signed_at(3) - (int64_t)now + 5, 0, 65);
	assert_in_range(signed_at(4) - (int64_t)now + 5, 0, 65);
	leave();
}

static void
refusals_are_explained(void **state)
{
	static const struct {
		enum store_verb verb;
		const char *status, *headers, *body;
		enum err_code code;
		const char *msg, *hint;
	} cases[] = {
		{ STORE_GET, "403 Forbidden", XML, ERROR("AccessDenied", ""),
		    ERR_DENIED,
		    "s3://bucket/p/acme/00000001/0000/" FILE_2
		    ": not allowed to get it at 127.0.0.1:PORT",
		    "the key needs s3:GetObject on bucket/p/*" },
		{ STORE_DELETE, "403 Forbidden", XML, ERROR("AccessDenied", ""),
		    ERR_DENIED,
		    "s3://bucket/p/acme/00000001/0000/" FILE_2
		    ": not allowed to delete it at 127.0.0.1:PORT",
		    "the key needs s3:DeleteObject on bucket/p/*" },
		{ STORE_SLUGS, "403 Forbidden", XML, ERROR("AccessDenied", ""),
		    ERR_DENIED,
		    "s3://bucket/p: not allowed to list it at 127.0.0.1:PORT",
		    "the key needs s3:ListBucket on bucket" },
		{ STORE_PUT, "403 Forbidden", XML, ERROR("AccessDenied", ""),
		    ERR_DENIED,
		    "s3://bucket/p/_probe: not allowed to put it at "
		    "127.0.0.1:PORT",
		    "the key needs s3:PutObject on bucket/p/*" },
		{ STORE_SLUGS, "404 Not Found", XML, ERROR("NoSuchBucket", ""),
		    ERR_INPUT,
		    "s3://bucket/p: there is no bucket bucket at "
		    "127.0.0.1:PORT",
		    "create it, or correct replica.url: bucket, endpoint, "
		    "region" },
		{ STORE_GET, "404 Not Found", XML, ERROR("NoSuchBucket", ""),
		    ERR_INPUT,
		    "s3://bucket/p/acme/00000001/0000/" FILE_2
		    ": there is no bucket bucket at 127.0.0.1:PORT",
		    "create it, or correct replica.url: bucket, endpoint, "
		    "region" },
		{ STORE_GET, "404 Not Found", XML, ERROR("NoSuchKey", ""),
		    ERR_NOT_FOUND,
		    "s3://bucket/p/acme/00000001/0000/" FILE_2
		    ": there is none",
		    "" },
		{ STORE_SLUGS, "400 Bad Request", XML,
		    ERROR("AuthorizationHeaderMalformed",
			"<Region>eu-west-3</Region>"),
		    ERR_INPUT,
		    "s3://bucket/p: bucket bucket is in region eu-west-3, not "
		    "in us-east-1",
		    "region=eu-west-3" },
		{ STORE_SLUGS, "301 Moved Permanently",
		    "x-amz-bucket-region: eu-west-3\r\n"
		    "Location: http://127.0.0.1:1/\r\n",
		    "", ERR_INPUT,
		    "s3://bucket/p: bucket bucket is in region eu-west-3, not "
		    "in us-east-1",
		    "region=eu-west-3" },
		{ STORE_SLUGS, "403 Forbidden", XML,
		    ERROR("SignatureDoesNotMatch", ""), ERR_AUTH,
		    "s3://bucket/p: 127.0.0.1:PORT refuses the signature: the "
		    "secret access key of AKIDEXAMPLE is wrong",
		    "the keys come from the environment, which nobody can "
		    "change while this runs: restart it with the new ones" },
		{ STORE_SLUGS, "403 Forbidden", XML,
		    ERROR("InvalidAccessKeyId", ""), ERR_AUTH,
		    "s3://bucket/p: 127.0.0.1:PORT does not know the access "
		    "key AKIDEXAMPLE",
		    "the keys come from the environment, which nobody can "
		    "change while this runs: restart it with the new ones" },
		{ STORE_SLUGS, "400 Bad Request", XML,
		    ERROR("ExpiredToken", ""), ERR_AUTH,
		    "s3://bucket/p: the session token of AKIDEXAMPLE has expired",
		    "the keys come from the environment, which nobody can "
		    "change while this runs: restart it with the new ones" },
		{ STORE_SLUGS, "418 Teapot", XML, ERROR("Odd", ""), ERR_SYSTEM,
		    "s3://bucket/p: 127.0.0.1:PORT says 418 Odd: m", "" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct turn turns[] = { { .want = "",
		    NULL,
		    cases[i].status,
		    cases[i].headers,
		    cases[i].body } };
		char want[400], port[10];
		const char *at = strstr(cases[i].msg, "PORT");
		struct err err = ERR_INIT;

		script(turns);
		assert_int_equal(run(cases[i].verb, file_2(), &err), -1);
		snprintf(port, sizeof port, "%d", script.port);
		snprintf(want, sizeof want, "%.*s%s%s",
		    (int)(at ? at - cases[i].msg
			     : (ptrdiff_t)strlen(cases[i].msg)),
		    cases[i].msg, at ? port : "", at ? at + 4 : "");
		assert_err(&err, cases[i].code, want);
		assert_string_equal(err.hint, cases[i].hint);
		leave();
	}
}

/* --- gets ---------------------------------------------------------------- */

static void
what_breaks_off_goes_on(void **state)
{
	static const struct turn turns[] = {
		{ .want = GOT, "!range:", "200 OK", NULL, "0123456789", 4 },
		{ .want = GOT,
		    "\r\nrange: bytes=4-\r\n",
		    "206 Partial Content",
		    "Content-Range: bytes 4-9/10\r\n",
		    "456789",
		    1 },
		{ .want = GOT,
		    "\r\nrange: bytes=5-\r\n",
		    "206 Partial Content",
		    "Content-Range: bytes 5-9/10\r\n",
		    "56789" }
	};
	struct err err = ERR_INIT;

	(void)state;
	script(turns);
	if (run(STORE_GET, file_2(), &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(seen.data.n, 10);
	assert_memory_equal(seen.data.p, "0123456789", 10);
	leave();
}

/* A length that is not the object's: the store, or somebody between, errs. */
static void
what_ends_too_early_goes_on(void **state)
{
	static const struct turn turns[] = {
		{ .want = GOT,
		    "!range:",
		    "200 OK",
		    "x-amz-meta-rowhouse-size: 10\r\n",
		    "01234" },
		{ .want = GOT,
		    "\r\nrange: bytes=5-\r\n",
		    "206 Partial Content",
		    "Content-Range: bytes 5-9/10\r\n",
		    "567" },
		{ .want = GOT,
		    "\r\nrange: bytes=8-\r\n",
		    "206 Partial Content",
		    "Content-Range: bytes 8-9/10\r\n",
		    "89" },
		{ .want = GOT,
		    "\r\nrange: bytes=2-5\r\n",
		    "206 Partial Content",
		    "Content-Range: bytes 2-5/10\r\n",
		    "23" },
		{ .want = GOT,
		    "\r\nrange: bytes=4-5\r\n",
		    "206 Partial Content",
		    "Content-Range: bytes 4-5/10\r\n",
		    "" },
		{ .want = GOT,
		    "\r\nrange: bytes=4-5\r\n",
		    "206 Partial Content",
		    "Content-Range: bytes 4-5/10\r\n",
		    "" },
		{ .want = GOT,
		    "\r\nrange: bytes=4-5\r\n",
		    "206 Partial Content",
		    "Content-Range: bytes 4-5/10\r\n",
		    "" }
	};
	struct store_op op;
	struct err err = ERR_INIT;

	(void)state;
	script(turns);
	if (run(STORE_GET, file_2(), &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(seen.data.n, 10);
	assert_memory_equal(seen.data.p, "0123456789", 10);
	buf_free(&seen.data);
	op = new_op(STORE_GET, file_2(), &seen);
	op.offset = 2;
	op.length = 4;
	assert_int_equal(store_now(store, &op, &err), -1);
	assert_err(&err, ERR_CORRUPT,
	    "s3://bucket/p/acme/00000001/0000/" FILE_2
	    " comes without its end");
	leave();
}

static void
ranges_that_are_not_those_asked_for(void **state)
{
	static const struct {
		const char *status, *headers;
	} cases[] = {
		{ "200 OK", NULL },
		{ "206 Partial Content", NULL },
		{ "206 Partial Content", "Content-Range: bytes 3-5/10\r\n" },
		{ "206 Partial Content", "Content-Range: bytes\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct turn turns[] = { { .want = GOT,
		    "range: bytes=4-6",
		    cases[i].status,
		    cases[i].headers,
		    "456" } };
		struct store_op op;
		struct err err = ERR_INIT;

		script(turns);
		op = new_op(STORE_GET, file_2(), &seen);
		op.offset = 4;
		op.length = 3;
		assert_int_equal(store_now(store, &op, &err), -1);
		assert_err(&err, ERR_SYSTEM,
		    "s3://bucket/p/acme/00000001/0000/" FILE_2
		    ": an answer of another range than was asked for");
		assert_int_equal(seen.data.n, 0);
		leave();
	}
}

static void
an_error_behind_a_success(void **state)
{
	static const struct turn turns[] = { { .want = GOT,
						 NULL,
						 "200 OK",
						 XML,
						 ERROR("InternalError", "") },
		{ .want = GOT, NULL, "200 OK", NULL, "hello" } };
	struct err err = ERR_INIT;

	(void)state;
	script(turns);
	if (run(STORE_GET, file_2(), &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(seen.data.n, 5);
	leave();
}

static void
small_objects_prove_themselves(void **state)
{
	static const struct turn turns[] = { { .want =
						     "GET /bucket/p/_machine ",
						 NULL,
						 "200 OK",
						 HELLO_SUM,
						 "hullo" },
		{ .want = "GET /bucket/p/_machine ",
		    NULL,
		    "200 OK",
		    HELLO_SUM ETAG("abc"),
		    "hello" },
		{ .want = "GET /bucket/p/_machine ",
		    NULL,
		    "200 OK",
		    HELLO_SUM,
		    "hullo" },
		{ .want = "GET /bucket/p/_machine ",
		    NULL,
		    "200 OK",
		    HELLO_SUM,
		    "hell" },
		{ .want = "GET /bucket/p/_machine ",
		    NULL,
		    "200 OK",
		    HELLO_SUM,
		    "hell" },
		{ .want = "GET /bucket/p/_machine ",
		    NULL,
		    "200 OK",
		    HELLO_SUM,
		    "" } };
	struct store_op op;
	struct err err = ERR_INIT;

	(void)state;
	script(turns);
	op = new_op(STORE_GET, machine_key(), &seen);
	if (store_now(store, &op, &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(seen.data.n, 5);
	assert_memory_equal(seen.data.p, "hello", 5);
	assert_string_equal(op.version, "abc");
	buf_free(&seen.data);
	assert_int_equal(run(STORE_GET, machine_key(), &err), -1);
	assert_err(&err, ERR_CORRUPT,
	    "s3://bucket/p/_machine is not what was put there");
	assert_int_equal(seen.data.n, 0);
	leave();
}

/* --- lists and deletes --------------------------------------------------- */

#define LISTED(n)                                                              \
	"<Contents><Key>p/acme/00000001/0000/000000000000000" n                \
	"-000000000000000" n ".ltx</Key><Size>7</Size></Contents>"

static void
lists_go_on(void **state)
{
	static const struct turn turns[] = {
		{ .want =
			"GET "
			"/bucket/?list-type=2&max-keys=1000&prefix=p%2Facme%2F"
			"00000001%2F0000%2F ",
		    NULL,
		    "200 OK",
		    XML,
		    "<ListBucketResult>" LISTED("2")
			LISTED("3") "<IsTruncated>true</"
				    "IsTruncated><NextContinuationToken>"
				    "a+/=&amp;</NextContinuationToken></"
				    "ListBucketResult>" },
		{ .want = "GET "
			  "/bucket/"
			  "?continuation-token=a%2B%2F%3D%26&list-type=2&",
		    NULL,
		    "200 OK",
		    XML,
		    "<ListBucketResult>" LISTED("4") "</ListBucketResult>" }
	};
	struct err err = ERR_INIT;

	(void)state;
	script(turns);
	if (run(STORE_LIST, ltx_key("acme", 1, 0, 0, 0), &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.object[2].key.max_txid, 4);
	assert_int_equal(seen.object[2].size, 7);
	leave();
}

/* Others may keep what they like in the bucket, and below the prefix. */
static void
names_that_are_not_ours(void **state)
{
#define KEY(name)    "<Contents><Key>" name "</Key><Size>7</Size></Contents>"
#define PREFIX(name) "<CommonPrefixes><Prefix>" name "</Prefix></CommonPrefixes>"
#define AT           "p/acme/00000001/0000/"
	static const struct turn turns[] = {
		{ .want = "GET /bucket/?list-type=2&",
		    "prefix=p%2Facme%2F00000001%2F0000%2F ",
		    "200 OK",
		    XML,
		    "<ListBucketResult>" KEY(AT) KEY(AT "&#233; &amp;&lt;.ltx")
			KEY(AT "0000000000000000-0000000000000000.ltx")
			    KEY(AT "00000000000000AA-00000000000000AA.ltx")
				KEY(AT
				    "0000000000000003-0000000000000002.ltx")
				    KEY(AT FILE_2 "/") KEY(AT FILE_2 "/part")
					KEY(AT FILE_2 ".tmp") KEY(AT "2-2.ltx")
					    KEY(AT "x" FILE_2)
						KEY("q/" FILE_2) LISTED("4")
						    "</ListBucketResult>" },
		{ .want = "GET /bucket/?delimiter=%2F&list-type=2&",
		    "prefix=p%2Facme%2F ",
		    "200 OK",
		    XML,
		    "<ListBucketResult>" KEY("p/acme/00000003")
			PREFIX("p/acme/00000000/") PREFIX("p/acme/00000002/")
			    PREFIX("p/acme/000000003/") PREFIX("p/acme/4/")
				PREFIX("p/acme/0000000G/") PREFIX("p/acme//")
				    PREFIX("q/acme/00000005/")
					PREFIX("p/acme/00000006")
		    "</ListBucketResult>" },
		{ .want = "GET /bucket/?delimiter=%2F&list-type=2&",
		    "prefix=p%2F ",
		    "200 OK",
		    XML,
		    "<ListBucketResult>" KEY("p/_machine") PREFIX("p//")
			PREFIX("p/ACME/") PREFIX("p/_other/") PREFIX("p/a_b/")
			    PREFIX("p/acme/") PREFIX("q/globex/")
				PREFIX("p/-a/") "</ListBucketResult>" },
	};
	struct err err = ERR_INIT;

	(void)state;
	script(turns);
	assert_int_equal(
	    run(STORE_LIST, ltx_key("acme", 1, 0, 0, 0), &err), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.object[0].key.min_txid, 4);
	seen.n = 0;
	assert_int_equal(
	    run(STORE_EPOCHS, ltx_key("acme", 0, 0, 0, 0), &err), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.object[0].key.epoch, 2);
	seen.n = 0;
	assert_int_equal(run(STORE_SLUGS, ltx_key("", 0, 0, 0, 0), &err), 0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.object[0].key.slug, "acme");
	leave();
#undef KEY
#undef PREFIX
#undef AT
}

static void
lists_that_are_none(void **state)
{
	static const struct {
		const char *body, *msg;
	} cases[] = {
		{ "", "list of s3://bucket/p/acme/00000001/0000/: xml: it ends "
		      "too early" },
		{ "<html></html>", "list of s3://bucket/p/acme/00000001/0000/: "
				   "the answer is no list" },
		{ "<ListBucketResult>" LISTED("3")
			LISTED("2") "</ListBucketResult>",
		    "list of s3://bucket/p/acme/00000001/0000/: it is not in "
		    "order" },
		{ "<ListBucketResult><IsTruncated>true</IsTruncated>"
		  "</ListBucketResult>",
		    "list of s3://bucket/p/acme/00000001/0000/: a list that "
		    "goes on, and not where" },
		{ "<ListBucketResult><Contents><Key>a</Key></Contents>"
		  "</ListBucketResult>",
		    "list of s3://bucket/p/acme/00000001/0000/: an object "
		    "without name or size" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct turn turns[] = { { .want = "GET /bucket/?",
		    NULL,
		    "200 OK",
		    XML,
		    cases[i].body } };
		struct err err = ERR_INIT;

		script(turns);
		assert_int_equal(
		    run(STORE_LIST, ltx_key("acme", 1, 0, 0, 0), &err), -1);
		assert_err(&err, ERR_CORRUPT, cases[i].msg);
		leave();
	}
}

static void
a_batch_of_deletes(void **state)
{
	static const struct turn turns[] = {
		{ .want = "POST /bucket/?delete= ",
		    "content-md5: ",
		    "200 OK",
		    XML,
		    "<DeleteResult><Error><Key>p/acme/00000001/0000/"
		    "0000000000000003-0000000000000003.ltx</Key><Code>"
		    "InternalError</Code></Error><Error><Key>p/acme/00000001/"
		    "0000/0000000000000004-0000000000000004.ltx</Key><Code>"
		    "AccessDenied</Code><Message>no</Message></Error>"
		    "</DeleteResult>" },
		{ .want =
			"DELETE /bucket/p/acme/00000001/0000/0000000000000003",
		    NULL,
		    "204 No Content" }
	};
	struct store_op op[3];
	struct seen each[3];

	(void)state;
	script(turns);
	for (unsigned i = 0; i < 3; i++) {
		op[i] = new_op(STORE_DELETE,
		    ltx_key("acme", 1, 0, i + 2, i + 2), &each[i]);
		store_submit(store, &op[i]);
	}
	while (!each[0].done || !each[1].done || !each[2].done)
		(void)store_poll(store, NULL, 0, 1000);
	assert_int_equal(each[0].err.code, ERR_NONE);
	assert_int_equal(each[1].err.code, ERR_NONE);
	assert_int_equal(op[1].requests, 2);
	assert_err(&each[2].err, ERR_DENIED,
	    "s3://bucket/p/acme/00000001/0000/"
	    "0000000000000004-0000000000000004.ltx cannot be deleted: "
	    "AccessDenied no");
	assert_string_equal(each[2].err.hint,
	    "the key needs s3:DeleteObject on bucket/p/*");
	leave();
}

#define BELOW(keys)                                                            \
	{                                                                      \
		.want =                                                        \
		    "GET "                                                     \
		    "/bucket/?list-type=2&max-keys=1000&prefix=p%2Facme%2F ",  \
		NULL, "200 OK", XML,                                           \
		"<ListBucketResult>" keys "</ListBucketResult>"                \
	}
#define KEY(name) "<Contents><Key>" name "</Key><Size>5</Size></Contents>"
#define BATCH(answer)                                                          \
	{                                                                      \
		.want = "POST /bucket/?delete= ", "<Key>p/acme/odd</Key>",     \
		"200 OK", XML, "<DeleteResult>" answer "</DeleteResult>"       \
	}

/* What cannot be known, or was not done, is never an empty list. */
static void
nothing_left_is_proven(void **state)
{
	static const struct turn refused[] = { { .want = "GET ",
	    NULL,
	    "403 Forbidden",
	    XML,
	    ERROR("AccessDenied", "") } };
	static const struct turn foreign[] = { BELOW(KEY("p/acme/a&amp;b")) };
	static const struct turn other[] = { BELOW(KEY("p/globex/1")) };
	static const struct turn kept[] = { BELOW(KEY("p/acme/odd")),
		BATCH("<Error><Key>p/acme/odd</Key><Code>AccessDenied</Code>"
		      "<Message>locked</Message></Error>") };
	static const struct turn empty[] = { BELOW(""),
		{ .want = "GET /bucket/?prefix=p%2Facme%2F&uploads= ", NULL,
		    "200 OK", XML,
		    "<ListMultipartUploadsResult><Upload><Key>p/acme/1.ltx</Key>"
		    "<UploadId>a+b</UploadId></Upload><Upload><Key>p/acmes/1"
		    "</Key><UploadId>c</UploadId></Upload>"
		    "</ListMultipartUploadsResult>" },
		{ .want = "DELETE /bucket/p/acme/1.ltx?uploadId=a%2Bb ", NULL,
		    "204 No Content" } };
	static const struct turn locked[] = { BELOW(""),
		{ .want = "GET /bucket/?prefix=p%2Facme%2F&uploads= ", NULL,
		    "200 OK", XML,
		    "<ListMultipartUploadsResult><Upload><Key>p/acme/1.ltx</Key>"
		    "<UploadId>a</UploadId></Upload>"
		    "</ListMultipartUploadsResult>" },
		{ .want = "DELETE /bucket/p/acme/1.ltx?uploadId=a ", NULL,
		    "403 Forbidden", XML, ERROR("AccessDenied", "") } };
	static const struct turn unknown[] = { BELOW(""),
		{ .want = "GET /bucket/?prefix=p%2Facme%2F&uploads= ", NULL,
		    "403 Forbidden", XML, ERROR("AccessDenied", "") } };
	static const struct turn more[] = { BELOW(
	    "<IsTruncated>true</IsTruncated>"
	    "<NextContinuationToken>x</NextContinuationToken>") };
	static const struct turn one[] = {
		BELOW(KEY("p/acme/odd")),
		{ .want = "POST /bucket/?delete= ",
		    NULL,
		    "501 Not Implemented",
		    XML,
		    ERROR("NotImplemented", "") },
		{ .want = "DELETE /bucket/p/acme/odd ", NULL, "204 No Content" }
	};
	static const struct {
		const struct turn *turn;
		size_t turns;
		enum err_code code;
		const char *msg;
	} cases[] = {
		{ refused, N_OF(refused), ERR_DENIED, "not allowed to list" },
		{ foreign, N_OF(foreign), ERR_CONFLICT,
		    "s3://bucket/p/acme/a&b is not Rowhouse's" },
		{ other, N_OF(other), ERR_CORRUPT, "p/globex/1 is not asked" },
		{ kept, N_OF(kept), ERR_DENIED,
		    "p/acme/odd cannot be deleted: AccessDenied locked" },
		{ more, N_OF(more), ERR_CORRUPT, "an empty page that is not" },
		{ empty, N_OF(empty), ERR_NONE, "" },
		{ locked, N_OF(locked), ERR_DENIED, "not allowed to delete" },
		{ unknown, N_OF(unknown), ERR_NONE, "" },
		{ one, N_OF(one), ERR_NONE, "" },
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct err err = ERR_INIT;

		enter(cases[i].turn, cases[i].turns);
		(void)run(STORE_ERASE, ltx_key("acme", 0, 0, 0, 0), &err);
		assert_int_equal(err.code, cases[i].code);
		if (!strstr(err.msg, cases[i].msg))
			fail_msg("%s", err.msg);
		leave();
	}
}

/* --- nobody there -------------------------------------------------------- */

static void
a_store_that_is_down(void **state)
{
	struct store_stats stats;
	struct store_op op;
	struct err err = ERR_INIT;
	char url[200];

	(void)state;
	/* A port that was free a moment ago. */
	script_begin(NULL, 0);
	script_end();
	snprintf(url, sizeof url, "s3://bucket/p?endpoint=http://127.0.0.1:%d",
	    script.port);
	store = store_open(url, &err);
	assert_non_null(store);
	op = new_op(STORE_SLUGS, file_2(), &seen);
	store_submit(store, &op);
	do {
		(void)store_poll(store, NULL, 0, 1000);
		store_stats(store, &stats);
	} while (stats.retries < 2);
	assert_int_equal(seen.done, 0);
	assert_true(stats.down_ms > 0);
	assert_int_equal(store_room(store), 31);
	store_close(store);
}

static int
give_keys(void **state)
{
	(void)state;
	setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("AWS_SESSION_TOKEN", "the-token", 1);
	unsetenv("AWS_REGION");
	unsetenv("AWS_DEFAULT_REGION");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_put_says_what_it_is),
		cmocka_unit_test(an_answer_that_was_lost),
		cmocka_unit_test(what_another_has_put),
		cmocka_unit_test(a_damaged_answer_is_no_conflict),
		cmocka_unit_test(etags_that_are_no_md5),
		cmocka_unit_test(a_wrong_etag),
		cmocka_unit_test(a_store_that_heeds_nothing),
		cmocka_unit_test(what_is_worth_another_try),
		cmocka_unit_test(a_clock_that_is_wrong),
		cmocka_unit_test(one_answer_sets_no_clock),
		cmocka_unit_test(refusals_are_explained),
		cmocka_unit_test(what_breaks_off_goes_on),
		cmocka_unit_test(what_ends_too_early_goes_on),
		cmocka_unit_test(ranges_that_are_not_those_asked_for),
		cmocka_unit_test(an_error_behind_a_success),
		cmocka_unit_test(small_objects_prove_themselves),
		cmocka_unit_test(lists_go_on),
		cmocka_unit_test(names_that_are_not_ours),
		cmocka_unit_test(lists_that_are_none),
		cmocka_unit_test(a_batch_of_deletes),
		cmocka_unit_test(nothing_left_is_proven),
		cmocka_unit_test(a_store_that_is_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, give_keys, NULL);
}
