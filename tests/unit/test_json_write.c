#include "tenants/base/json.h"

#include <math.h>

#include "tests/unit/json_judge.h"

#define assert_str(s, want)                                                    \
	do {                                                                   \
		if (!str_is((s), (want)))                                      \
			fail_msg("'%.*s' is not '%s'", STR_FMT(s), (want));    \
	} while (0)

static void
strings_are_written(void **state)
{
	static const struct {
		struct str string;
		const char *text;
	} cases[] = {
		{ STR_NONE, "\"\"" },
		{ STR(""), "\"\"" },
		{ STR("abc"), "\"abc\"" },
		{ STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"" },
		{ STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
		{ STR("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\"" },
		{ STR("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
		    "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ STR("a\xff"
		      "b"),
		    "\"a\xef\xbf\xbd"
		    "b\"" },
		{ STR("\xff\xfe"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ STR("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ STR("\xed\xa0\x80"),
		    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ STR("\xc0\xaf/"), "\"\xef\xbf\xbd\xef\xbf\xbd/\"" },
		{ STR("\xc3"), "\"\xef\xbf\xbd\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		buf_reset(&out);
		json_put_string(&out, cases[i].string);
		assert_str(buf_view(&out), cases[i].text);
		assert_int_equal(json_valid(buf_view(&out)), 1);
	}
}

/* Every code point, alone and among others, there and back. */
static void
strings_come_back(void **state)
{
	const struct json *value;
	struct err err = ERR_INIT;
	uint32_t c;

	(void)state;
	for (c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 57) {
		char text[8];
		size_t n = 0;

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		text[n++] = 'x';
		if (c < 0x80) {
			text[n++] = (char)c;
		} else if (c < 0x800) {
			text[n++] = (char)(0xc0 | c >> 6);
		} else if (c < 0x10000) {
			text[n++] = (char)(0xe0 | c >> 12);
			text[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		} else {
			text[n++] = (char)(0xf0 | c >> 18);
			text[n++] = (char)(0x80 | (c >> 12 & 0x3f));
			text[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		}
		if (c >= 0x80)
			text[n++] = (char)(0x80 | (c & 0x3f));
		buf_reset(&out);
		json_put_string(&out, str_make(text, n));
		assert_int_equal(json_parse(buf_view(&out), JSON_LIMITS_DEFAULT,
				     arena, &value, &err),
		    0);
		assert_true(str_eq(value->string, str_make(text, n)));
		/* The same by its escape. */
		buf_reset(&out);
		if (c < 0x10000)
			buf_printf(&out, "\"x\\u%04x\"", c);
		else
			buf_printf(&out, "\"x\\u%04x\\u%04X\"",
			    0xd800 + ((c - 0x10000) >> 10),
			    0xdc00 + ((c - 0x10000) & 0x3ff));
		assert_int_equal(json_parse(buf_view(&out), JSON_LIMITS_DEFAULT,
				     arena, &value, &err),
		    0);
		assert_true(str_eq(value->string, str_make(text, n)));
		arena_reset(arena);
	}
}

static void
numbers_are_written(void **state)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ -0.0, "-0" },
		{ 1, "1" },
		{ -1.5, "-1.5" },
		{ 0.1, "0.1" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 100, "100" },
		{ 999999999999999, "999999999999999" },
		{ -999999999999999, "-999999999999999" },
		{ 1e15, "1e+15" },
		{ 123456789, "123456789" },
		{ 1e21, "1e+21" },
		{ 1e-7, "1e-07" },
		{ 5e-324, "4.94065645841247e-324" },
		{ 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ 9007199254740991, "9007199254740991" },
		{ INFINITY, "null" },
		{ -INFINITY, "null" },
		{ NAN, "null" },
	};
	uint64_t bits = 1;
	double v, back;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		buf_reset(&out);
		json_put_double(&out, cases[i].v);
		assert_str(buf_view(&out), cases[i].text);
	}
	/* Doubles of all sizes come back to the bit. */
	for (i = 0; i < 20000; i++) {
		bits =
		    bits * UINT64_C(6364136223846793005) + 1442695040888963407;
		memcpy(&v, &bits, sizeof v);
		if (!isfinite(v))
			continue;
		buf_reset(&out);
		json_put_double(&out, v);
		buf_putc(&out, '\0');
		assert_int_equal(json_double(parse(out.p), &back), 0);
		assert_memory_equal(&back, &v, sizeof v);
		arena_reset(arena);
	}
	buf_reset(&out);
	json_put_i64(&out, INT64_MIN);
	buf_putc(&out, ' ');
	json_put_i64(&out, INT64_MAX);
	assert_str(buf_view(&out), "-9223372036854775808 9223372036854775807");
}

static void
names_are_written(void **state)
{
	int first = 1;

	(void)state;
	buf_putc(&out, '{');
	json_put_name(&out, &first, "a");
	assert_int_equal(first, 0);
	json_put_i64(&out, 1);
	json_put_name(&out, &first, "b\"");
	json_put_string(&out, STR("x"));
	json_put_name(&out, &first, "");
	buf_puts(&out, "null}");
	assert_str(buf_view(&out), "{\"a\":1,\"b\\\"\":\"x\",\"\":null}");
	assert_int_equal(json_valid(buf_view(&out)), 1);
}

#define test(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(strings_are_written),
		test(strings_come_back),
		test(numbers_are_written),
		test(names_are_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "json, written", tests, open_judge, close_judge);
}
