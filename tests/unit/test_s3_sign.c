#include "replication/s3_sign.h"

#include "tests/unit/unit.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/*
 * The examples of "Signature Calculations for the Authorization Header" in the
 * Amazon S3 API reference.
 */
static void
published_examples(void **state)
{
	static const char host[] = "examplebucket.s3.amazonaws.com";
	static const char date[] = "20130524T000000Z";
	static const char sum[] =
	    "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
	static const struct s3_credentials keys = {
		.id = "AKIAIOSFODNN7EXAMPLE",
		.secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	};
	static const struct {
		const char *method, *path, *query, *payload;
		struct s3_sign_header header[5];
		size_t headers;
		const char *want;
	} cases[] = {
		{ "GET", "/test.txt", "", EMPTY,
		    { { "host", host }, { "range", "bytes=0-9" },
			{ "x-amz-content-sha256", EMPTY },
			{ "x-amz-date", date } },
		    4,
		    "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
		    "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48d"
		    "d91039c6036bdb41" },
		{ "PUT", "/test%24file.text", "", sum,
		    { { "date", "Fri, 24 May 2013 00:00:00 GMT" },
			{ "host", host }, { "x-amz-content-sha256", sum },
			{ "x-amz-date", date },
			{ "x-amz-storage-class", "REDUCED_REDUNDANCY" } },
		    5,
		    "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;"
		    "x-amz-storage-class, "
		    "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1"
		    "b5971af0ece108bd" },
		{ "GET", "/", "lifecycle=", EMPTY,
		    { { "host", host }, { "x-amz-content-sha256", EMPTY },
			{ "x-amz-date", date } },
		    3,
		    "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
		    "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac"
		    "7a200a0136783543" },
		{ "GET", "/", "max-keys=2&prefix=J", EMPTY,
		    { { "host", host }, { "x-amz-content-sha256", EMPTY },
			{ "x-amz-date", date } },
		    3,
		    "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
		    "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db667"
		    "0ed5711ef69dc6f7" },
	};
	struct s3_sign_key key = { .day = "" };

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct s3_sign_input input = { .method = cases[i].method,
			.path = str_of(cases[i].path),
			.query = str_of(cases[i].query),
			.header = cases[i].header,
			.headers = cases[i].headers,
			.payload = cases[i].payload,
			.region = "us-east-1",
			.service = "s3",
			.time_ms = 1369353600000 };
		struct buf out;
		char want[400];

		buf_init(&out, 1000);
		s3_sign(&input, &keys, &key, &out);
		buf_putc(&out, '\0');
		snprintf(want, sizeof want,
		    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
		    "us-east-1/s3/aws4_request, %s",
		    cases[i].want);
		assert_string_equal(out.p, want);
		assert_null(strstr(out.p, keys.secret));
		buf_free(&out);
	}
}

/* The key that is kept is the day's. */
static void
another_day_another_key(void **state)
{
	static const struct s3_credentials keys = { .id = "id",
		.secret = "secret" };
	struct s3_sign_key key = { .day = "" };
	unsigned char first[32];
	struct s3_sign_input input = { .method = "GET",
		.path = STR("/"),
		.payload = EMPTY,
		.region = "r",
		.service = "s3",
		.time_ms = 1369439999999 };
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	s3_sign(&input, &keys, &key, &out);
	assert_string_equal(key.day, "20130524");
	memcpy(first, key.bytes, sizeof first);
	input.time_ms++;
	s3_sign(&input, &keys, &key, &out);
	assert_string_equal(key.day, "20130525");
	assert_memory_not_equal(key.bytes, first, sizeof first);
	input.time_ms--;
	s3_sign(&input, &keys, &key, &out);
	assert_memory_equal(key.bytes, first, sizeof first);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_examples),
		cmocka_unit_test(another_day_another_key),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
