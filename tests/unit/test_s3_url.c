#include "replication/s3_url.h"

#include "tests/unit/unit.h"

static void
clear_environment(void)
{
	unsetenv("AWS_REGION");
	unsetenv("AWS_DEFAULT_REGION");
	unsetenv("AWS_ENDPOINT_URL");
	unsetenv("AWS_ENDPOINT_URL_S3");
	unsetenv("AWS_CA_BUNDLE");
}

static void
places(void **state)
{
	static const struct {
		const char *rest, *bucket, *prefix, *region, *base, *host;
		const char *root;
	} cases[] = {
		{ "houses", "houses", "", "us-east-1",
		    "https://houses.s3.us-east-1.amazonaws.com",
		    "houses.s3.us-east-1.amazonaws.com", "" },
		{ "houses/a/b/?region=eu-central-1", "houses", "a/b",
		    "eu-central-1",
		    "https://houses.s3.eu-central-1.amazonaws.com",
		    "houses.s3.eu-central-1.amazonaws.com", "" },
		{ "houses?region=cn-north-1&style=path", "houses", "",
		    "cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn",
		    "s3.cn-north-1.amazonaws.com.cn", "/houses" },
		/* no certificate stands for a dot */
		{ "my.houses", "my.houses", "", "us-east-1",
		    "https://s3.us-east-1.amazonaws.com",
		    "s3.us-east-1.amazonaws.com", "/my.houses" },
		{ "b-1/p?endpoint=http://127.0.0.1:9000", "b-1", "p",
		    "us-east-1", "http://127.0.0.1:9000", "127.0.0.1:9000",
		    "/b-1" },
		{ "b-1?endpoint=https%3A%2F%2Fs3.example%3A443/&region=auto"
		  "&style=virtual",
		    "b-1", "", "auto", "https://b-1.s3.example",
		    "b-1.s3.example", "" },
		{ "b-1?endpoint=http://[::1]:80", "b-1", "", "us-east-1",
		    "http://[::1]", "[::1]", "/b-1" },
	};
	struct err err = ERR_INIT;

	(void)state;
	clear_environment();
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct s3_place place;

		if (s3_url_parse(cases[i].rest, &place, &err) != 0)
			fail_msg("%s: %s", cases[i].rest, err.msg);
		assert_string_equal(place.bucket, cases[i].bucket);
		assert_string_equal(place.prefix, cases[i].prefix);
		assert_string_equal(place.region, cases[i].region);
		assert_string_equal(place.base, cases[i].base);
		assert_string_equal(place.host, cases[i].host);
		assert_string_equal(place.root, cases[i].root);
		assert_int_equal(place.connections, 32);
		assert_int_equal(place.stall_ms, 30000);
	}
}

static void
the_environment_fills_in(void **state)
{
	struct err err = ERR_INIT;
	struct s3_place place;

	(void)state;
	clear_environment();
	setenv("AWS_DEFAULT_REGION", "eu-1", 1);
	assert_int_equal(s3_url_parse("houses", &place, &err), 0);
	assert_string_equal(place.region, "eu-1");
	setenv("AWS_REGION", "eu-2", 1);
	setenv("AWS_ENDPOINT_URL", "http://one:1", 1);
	assert_int_equal(s3_url_parse("houses", &place, &err), 0);
	assert_string_equal(place.region, "eu-2");
	assert_string_equal(place.base, "http://one:1");
	setenv("AWS_ENDPOINT_URL_S3", "http://two:2", 1);
	assert_int_equal(s3_url_parse("houses", &place, &err), 0);
	assert_string_equal(place.base, "http://two:2");
	assert_string_equal(place.ca, "");
	setenv("AWS_CA_BUNDLE", "/etc/own.pem", 1);
	assert_int_equal(s3_url_parse("houses", &place, &err), 0);
	assert_string_equal(place.ca, "/etc/own.pem");
	assert_int_equal(
	    s3_url_parse("houses?region=eu-3&endpoint=http://three:3"
			 "&connections=7&stall=5&profile=backup&ca=/etc/ca.pem",
		&place, &err),
	    0);
	assert_string_equal(place.region, "eu-3");
	assert_string_equal(place.base, "http://three:3");
	assert_string_equal(place.profile, "backup");
	assert_string_equal(place.ca, "/etc/ca.pem");
	assert_int_equal(place.connections, 7);
	assert_int_equal(place.stall_ms, 5000);
	clear_environment();
}

static void
mistakes(void **state)
{
	static const char bucket_hint[] =
	    "s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION; "
	    "names are of 3 to 63 of a-z, 0-9, '.' and '-'";
	static const char prefix_hint[] =
	    "of A-Z, a-z, 0-9, '.', '_', '-', with single slashes between its "
	    "parts, 255 bytes at most";
	static const char options_hint[] =
	    "there are endpoint, region, style, connections, stall, ca, "
	    "profile; keys come from the environment or a credentials file";
	static const struct {
		const char *rest, *msg, *hint;
	} cases[] = {
		{ "", "s3: '' is not the name of a bucket", bucket_hint },
		{ "ab", "s3: 'ab' is not the name of a bucket", bucket_hint },
		{ "Houses", "s3: 'Houses' is not the name of a bucket",
		    bucket_hint },
		{ "houses-", "s3: 'houses-' is not the name of a bucket",
		    bucket_hint },
		{ "key:secret@houses", "s3: keys do not belong in the URL",
		    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the "
		    "environment, or a credentials file" },
		{ "houses/a//b", "s3: 'a//b' is not a prefix", prefix_hint },
		{ "houses/a/../b", "s3: 'a/../b' is not a prefix",
		    prefix_hint },
		{ "houses/a b", "s3: 'a b' is not a prefix", prefix_hint },
		{ "houses/\xc3\xa4", "s3: '\xc3\xa4' is not a prefix",
		    prefix_hint },
		{ "houses?secret_key=abc",
		    "s3: there is no option 'secret_key'", options_hint },
		{ "houses?region=a&region=b", "s3: region is given twice", "" },
		{ "houses?region=", "s3: '' is not region", "" },
		{ "houses?region=a%2", "s3: 'a%2' is not region", "" },
		{ "houses?region=a%00", "s3: 'a%00' is not region", "" },
		{ "houses?region=a/b", "s3: 'a/b' is not a region", "" },
		{ "houses?style=dns", "s3: 'dns' is not a style",
		    "path or virtual" },
		{ "houses?stall=0",
		    "s3: '0' is not a number of seconds from 1 to 600",
		    "" },
		{ "houses?connections=0",
		    "s3: '0' is not a number of connections from 1 to 256",
		    "" },
		{ "houses?endpoint=ftp://x", "s3: 'ftp://x' is not an endpoint",
		    "http[s]://HOST[:PORT]" },
		{ "houses?endpoint=http://", "s3: 'http://' is not an endpoint",
		    "http[s]://HOST[:PORT]" },
		{ "houses?endpoint=http://a:0",
		    "s3: 'http://a:0' is not an endpoint",
		    "http[s]://HOST[:PORT]" },
		{ "houses?endpoint=http://u:p@a",
		    "s3: 'http://u:p@a' is not an endpoint",
		    "http[s]://HOST[:PORT]" },
		{ "houses?endpoint=http://a/b",
		    "s3: 'http://a/b' is not an endpoint",
		    "http[s]://HOST[:PORT]" },
	};

	(void)state;
	clear_environment();
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct err err = ERR_INIT;
		struct s3_place place;

		assert_int_equal(s3_url_parse(cases[i].rest, &place, &err), -1);
		assert_err(&err, ERR_INPUT, cases[i].msg);
		assert_string_equal(err.hint, cases[i].hint);
	}
}

static void
names(void **state)
{
	struct s3_place place = { .prefix = "a/b" };
	struct store_op op = { .verb = STORE_LIST,
		.key = { .slug = "acme",
		    .epoch = 0x1f,
		    .kind = STORE_LTX,
		    .level = 9,
		    .min_txid = 1,
		    .max_txid = 0xab } };
	char out[S3_NAME];

	(void)state;
	s3_url_name(&place, &op.key, out);
	assert_string_equal(out, "a/b/acme/0000001f/0009/"
				 "0000000000000001-00000000000000ab.ltx");
	s3_url_prefix(&place, &op, out);
	assert_string_equal(out, "a/b/acme/0000001f/0009/");
	op.verb = STORE_EPOCHS;
	s3_url_prefix(&place, &op, out);
	assert_string_equal(out, "a/b/acme/");
	op.verb = STORE_SLUGS;
	s3_url_prefix(&place, &op, out);
	assert_string_equal(out, "a/b/");
	op.key.kind = STORE_OWNER;
	s3_url_name(&place, &op.key, out);
	assert_string_equal(out, "a/b/acme/0000001f/owner");
	op.key.kind = STORE_MACHINE;
	s3_url_name(&place, &op.key, out);
	assert_string_equal(out, "a/b/_machine");
	place.prefix[0] = '\0';
	s3_url_name(&place, &op.key, out);
	assert_string_equal(out, "_machine");
	s3_url_prefix(&place, &op, out);
	assert_string_equal(out, "");
}

static void
encoding(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	s3_url_encode(&out, STR("aZ09-._~/ +%\xc3\xa4"), 1);
	buf_putc(&out, '|');
	s3_url_encode(&out, STR("a/b"), 0);
	buf_putc(&out, '\0');
	assert_string_equal(out.p, "aZ09-._~/%20%2B%25%C3%A4|a%2Fb");
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(the_environment_fills_in),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(names),
		cmocka_unit_test(encoding),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
