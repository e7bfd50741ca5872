#include "tenants/base/str.h"

#include "tests/unit/unit.h"

#define assert_str(s, want)                                                    \
	do {                                                                   \
		struct str s_ = (s);                                           \
		assert_int_equal(s_.n, strlen(want));                          \
		assert_memory_equal(s_.p ? s_.p : "", want, s_.n);             \
	} while (0)

static void
views(void **state)
{
	struct str s = STR("abcdef");

	(void)state;
	assert_str(str_of("abc"), "abc");
	assert_null(str_of(NULL).p);
	assert_int_equal(str_of(NULL).n, 0);
	assert_int_equal(STR("a\0b").n, 3);
	assert_str(str_sub(s, 1, 3), "bc");
	assert_str(str_sub(s, 0, 99), "abcdef");
	assert_str(str_sub(s, 4, 2), "");
	assert_str(str_sub(s, 99, 100), "");
	assert_str(str_sub(s, 99, 0), "");
	assert_null(str_sub(STR_NONE, 0, 5).p);
	assert_str(str_trim(STR(" \t\r\n a b \n")), "a b");
	assert_str(str_trim(STR("  ")), "");
	assert_str(str_trim(STR_NONE), "");
	assert_str(str_trim(STR("\v\f")), "\v\f");
}

static void
comparisons(void **state)
{
	(void)state;
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_false(str_eq(STR("a"), STR("ab")));
	assert_true(str_eq(STR(""), STR_NONE));
	assert_true(str_is(STR("abc"), "abc"));
	assert_false(str_is(STR("abc\0"), "abc"));
	assert_true(str_is(STR_NONE, ""));
	assert_true(str_is_nocase(STR("Content-TYPE"), "content-type"));
	assert_false(str_is_nocase(STR("content-typ"), "content-type"));
	assert_false(str_is_nocase(STR("content_type"), "content-type"));
	/* ASCII only: 0xC4 and 0xE4 are case pairs in Latin-1 alone. */
	assert_false(str_is_nocase(STR("\xc4"), "\xe4"));
	assert_false(str_is_nocase(STR("["), "{"));
	assert_false(str_is_nocase(STR("@"), "`"));
	assert_true(str_starts(STR("abc"), "ab"));
	assert_true(str_starts(STR("abc"), ""));
	assert_false(str_starts(STR("a"), "ab"));
	assert_true(str_starts(STR_NONE, ""));
	assert_true(str_ends(STR("abc"), "bc"));
	assert_false(str_ends(STR("c"), "bc"));
	assert_false(str_ends(STR("abc"), "ab"));
}

static void
finding(void **state)
{
	struct str s = STR("a,b,\0,");

	(void)state;
	assert_int_equal(str_find(s, ',', 0), 1);
	assert_int_equal(str_find(s, ',', 1), 1);
	assert_int_equal(str_find(s, ',', 2), 3);
	assert_int_equal(str_find(s, '\0', 0), 4);
	assert_int_equal(str_find(s, 'x', 0), s.n);
	assert_int_equal(str_find(s, ',', 99), s.n);
	assert_int_equal(str_find(STR_NONE, ',', 0), 0);
}

static void
fields(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *field[4];
	} cases[] = {
		{ "", 1, { "" } },
		{ "a", 1, { "a" } },
		{ "a,b", 2, { "a", "b" } },
		{ "a,,b", 3, { "a", "", "b" } },
		{ ",", 2, { "", "" } },
		{ "a,", 2, { "a", "" } },
		{ ",a", 2, { "", "a" } },
	};
	struct str field;
	struct str none = STR_NONE;
	size_t i, n;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		struct str rest = str_of(cases[i].text);

		for (n = 0; str_next(&rest, ',', &field); n++) {
			assert_true(n < cases[i].n);
			assert_str(field, cases[i].field[n]);
		}
		assert_int_equal(n, cases[i].n);
		assert_int_equal(str_next(&rest, ',', &field), 0);
	}
	assert_int_equal(str_next(&none, ',', &field), 0);
}

static void
decimal_numbers(void **state)
{
	static const struct {
		const char *text;
		int is_i64;
		int64_t i64;
		int is_u64;
		uint64_t u64;
	} cases[] = {
		{ "0", 1, 0, 1, 0 }, { "-0", 1, 0, 0, 0 },
		{ "007", 1, 7, 1, 7 }, { "-1", 1, -1, 0, 0 },
		{ "9223372036854775807", 1, INT64_MAX, 1, INT64_MAX },
		{ "9223372036854775808", 0, 0, 1, UINT64_C(1) << 63 },
		{ "-9223372036854775808", 1, INT64_MIN, 0, 0 },
		{ "-9223372036854775809", 0, 0, 0, 0 },
		{ "18446744073709551615", 0, 0, 1, UINT64_MAX },
		{ "18446744073709551616", 0, 0, 0, 0 },
		{ "18446744073709551620", 0, 0, 0, 0 },
		{ "99999999999999999999", 0, 0, 0, 0 },
		{ "184467440737095516160", 0, 0, 0, 0 }, { "", 0, 0, 0, 0 },
		{ "-", 0, 0, 0, 0 }, { "--1", 0, 0, 0, 0 },
		{ "+1", 0, 0, 0, 0 }, { " 1", 0, 0, 0, 0 },
		{ "1 ", 0, 0, 0, 0 }, { "1.0", 0, 0, 0, 0 },
		{ "1e3", 0, 0, 0, 0 }, { "0x10", 0, 0, 0, 0 },
		{ "\xd9\xa1", 0, 0, 0, 0 }, /* ARABIC-INDIC DIGIT ONE */
	};
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		struct str s = str_of(cases[i].text);
		int64_t i64 = 42;
		uint64_t u64 = 42;

		assert_int_equal(str_i64(s, &i64), cases[i].is_i64 ? 0 : -1);
		assert_true(i64 == (cases[i].is_i64 ? cases[i].i64 : 42));
		assert_int_equal(str_u64(s, &u64), cases[i].is_u64 ? 0 : -1);
		assert_true(u64 == (cases[i].is_u64 ? cases[i].u64 : 42));
	}
	assert_int_equal(str_i64(STR("1\0"), &(int64_t){ 0 }), -1);
	assert_int_equal(str_u64(STR_NONE, &(uint64_t){ 0 }), -1);
}

static void
hexadecimal_numbers(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(str_hex64(STR("0"), &v), 0);
	assert_true(v == 0);
	assert_int_equal(str_hex64(STR("00000000000000ff"), &v), 0);
	assert_true(v == 255);
	assert_int_equal(str_hex64(STR("ffffffffffffffff"), &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(str_hex64(STR("0123456789abcdef"), &v), 0);
	assert_true(v == UINT64_C(0x0123456789abcdef));
	assert_int_equal(str_hex64(STR(""), &v), -1);
	assert_int_equal(str_hex64(STR("00000000000000000"), &v), -1);
	assert_int_equal(str_hex64(STR("FF"), &v), -1);
	assert_int_equal(str_hex64(STR("fg"), &v), -1);
	assert_int_equal(str_hex64(STR("0x1"), &v), -1);
	assert_int_equal(str_hex64(STR("-1"), &v), -1);
}

static void
utf8(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t code_point; /* of the first character */
		int n; /* 0 = there is none */
	} cases[] = {
		{ "a", 'a', 1 },
		{ "\x7f", 0x7f, 1 },
		{ "\x80", 0, 0 },
		{ "\xbf", 0, 0 },
		{ "\xc0\x80", 0, 0 }, /* overlong */
		{ "\xc1\xbf", 0, 0 },
		{ "\xc2\x80", 0x80, 2 },
		{ "\xdf\xbf", 0x7ff, 2 },
		{ "\xc3", 0, 0 },
		{ "\xc3(", 0, 0 },
		{ "\xe0\x80\x80", 0, 0 },
		{ "\xe0\x9f\xbf", 0, 0 }, /* overlong */
		{ "\xe0\xa0\x80", 0x800, 3 },
		{ "\xe2\x82\xac", 0x20ac, 3 },
		{ "\xe2\x82", 0, 0 },
		{ "\xe2\x28\xa1", 0, 0 },
		{ "\xe2\x82\x28", 0, 0 },
		{ "\xed\x9f\xbf", 0xd7ff, 3 },
		{ "\xed\xa0\x80", 0, 0 }, /* surrogates */
		{ "\xed\xbf\xbf", 0, 0 },
		{ "\xee\x80\x80", 0xe000, 3 },
		{ "\xef\xbf\xbf", 0xffff, 3 },
		{ "\xf0\x8f\xbf\xbf", 0, 0 }, /* overlong */
		{ "\xf0\x90\x80\x80", 0x10000, 4 },
		{ "\xf0\x9f\x98\x80", 0x1f600, 4 },
		{ "\xf0\x9f\x98", 0, 0 },
		{ "\xf0\x9f\x28\x80", 0, 0 },
		{ "\xf4\x8f\xbf\xbf", 0x10ffff, 4 },
		{ "\xf4\x90\x80\x80", 0, 0 }, /* past the end */
		{ "\xf5\x80\x80\x80", 0, 0 },
		{ "\xff", 0, 0 },
		{ "\xfe", 0, 0 },
	};
	uint32_t c;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		struct str s = str_of(cases[i].bytes);

		c = 0;
		assert_int_equal(str_utf8_at(s, 0, &c), cases[i].n);
		assert_int_equal(c, cases[i].code_point);
		assert_int_equal(str_utf8_ok(s), cases[i].n > 0);
	}
	assert_true(str_utf8_ok(STR_NONE));
	assert_true(str_utf8_ok(STR("a\0b\xc3\xa4")));
	assert_false(str_utf8_ok(STR("a\0b\xc3")));
	assert_int_equal(str_utf8_at(STR("a"), 1, &c), 0);
	assert_int_equal(str_utf8_at(STR("a"), 9, &c), 0);
}

static void
copies(void **state)
{
	char out[4] = "xxx";

	(void)state;
	assert_int_equal(str_copy(STR("abcd"), out, sizeof out), -1);
	assert_string_equal(out, "xxx");
	assert_int_equal(str_copy(STR("abc"), out, sizeof out), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(str_copy(STR_NONE, out, sizeof out), 0);
	assert_string_equal(out, "");
	assert_int_equal(str_copy(STR_NONE, out, 0), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views),
		cmocka_unit_test(comparisons),
		cmocka_unit_test(finding),
		cmocka_unit_test(fields),
		cmocka_unit_test(decimal_numbers),
		cmocka_unit_test(hexadecimal_numbers),
		cmocka_unit_test(utf8),
		cmocka_unit_test(copies),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
