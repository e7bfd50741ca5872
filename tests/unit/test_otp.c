#include "tenants/base/otp.h"

#include "tenants/base/crypto.h"
#include "tests/unit/unit.h"

#define SECRET STR("12345678901234567890")

/* RFC 6238, appendix B, of whose eight digits ours are the last six. */
static void
codes(void **state)
{
	static const struct {
		int64_t seconds;
		const char *want;
	} cases[] = {
		{ 59, "287082" },
		{ 1111111109, "081804" },
		{ 1111111111, "050471" },
		{ 1234567890, "005924" },
		{ 2000000000, "279037" },
		{ 20000000000, "353130" },
	};
	char code[OTP_DIGITS + 1];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		otp_code(SECRET, otp_step(cases[i].seconds * 1000), code);
		assert_string_equal(code, cases[i].want);
	}
	/* RFC 4226, appendix D */
	otp_code(SECRET, 0, code);
	assert_string_equal(code, "755224");
	otp_code(SECRET, 9, code);
	assert_string_equal(code, "520489");
}

static void
matches(void **state)
{
	char code[OTP_DIGITS + 1];
	int64_t at;

	(void)state;
	otp_code(SECRET, 1000, code);
	for (at = 998; at <= 1002; at++)
		assert_int_equal(otp_match(SECRET, str_of(code), at, -1),
		    at >= 999 && at <= 1001 ? 1000 : -1);
	/* used */
	assert_int_equal(otp_match(SECRET, str_of(code), 1000, 999), 1000);
	assert_int_equal(otp_match(SECRET, str_of(code), 1000, 1000), -1);
	assert_int_equal(otp_match(SECRET, str_of(code), 1000, 1001), -1);
	assert_int_equal(otp_match(SECRET, STR(""), 1000, -1), -1);
	assert_int_equal(otp_match(SECRET, STR("00000"), 1000, -1), -1);
}

/* RFC 4648, 10. */
static void
base32(void **state)
{
	static const char *const cases[][2] = { { "", "" }, { "f", "MY" },
		{ "fo", "MZXQ" }, { "foo", "MZXW6" }, { "foob", "MZXW6YQ" },
		{ "fooba", "MZXW6YTB" }, { "foobar", "MZXW6YTBOI" } };
	struct buf out;
	size_t i;

	(void)state;
	buf_init(&out, 100);
	for (i = 0; i < N_OF(cases); i++) {
		buf_reset(&out);
		otp_put_base32(&out, str_of(cases[i][0]));
		assert_true(str_is(buf_view(&out), cases[i][1]));
	}
	buf_free(&out);
}

static void
url(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	otp_put_url(&out, STR("acme"), STR("a+b&c=d@example.com"), SECRET);
	buf_putc(&out, '\0');
	assert_string_equal(out.p,
	    "otpauth://totp/acme:a%2Bb%26c%3Dd%40example.com?secret="
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=acme&algorithm=SHA1"
	    "&digits=6&period=30");
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes),
		cmocka_unit_test(matches),
		cmocka_unit_test(base32),
		cmocka_unit_test(url),
	};
	struct err err = ERR_INIT;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (crypto_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
