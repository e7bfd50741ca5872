#include "tenants/base/size.h"

#include "tests/unit/unit.h"

static void
sizes_are_parsed_and_written(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
		const char *written;
	} cases[] = {
		{ "0", 0, "0" },
		{ "1", 1, "1" },
		{ "1023", 1023, "1023" },
		{ "1024", 1024, "1KiB" },
		{ "1KiB", 1024, "1KiB" },
		{ "64 KiB", 65536, "64KiB" },
		{ "1024KiB", 1048576, "1MiB" },
		{ "1025KiB", 1049600, "1025KiB" },
		{ "0001MiB", 1048576, "1MiB" },
		{ "10GiB", INT64_C(10) << 30, "10GiB" },
		{ "1024GiB", INT64_C(1) << 40, "1024GiB" },
		{ "8589934591GiB", INT64_C(8589934591) << 30, "8589934591GiB" },
		{ "9223372036854775807", INT64_MAX, "9223372036854775807" },
		{ "-1KiB", -1024, "-1KiB" },
	};
	struct err err = ERR_INIT;
	struct buf buf;
	size_t i;

	(void)state;
	buf_init(&buf, 100);
	for (i = 0; i < N_OF(cases); i++) {
		int64_t bytes = 42;

		assert_int_equal(
		    size_parse(str_of(cases[i].text), &bytes, &err), 0);
		assert_true(bytes == cases[i].bytes);
		buf_reset(&buf);
		size_put(&buf, bytes);
		assert_true(str_is(buf_view(&buf), cases[i].written));
	}
	buf_free(&buf);
}

static void
sizes_are_shown(void **state)
{
	static const struct {
		int64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 10239, "10239 B" },
		{ 10240, "10.0 KiB" },
		{ 10 * 1024 * 1024 - 1, "10240.0 KiB" },
		{ 10 * 1024 * 1024, "10.0 MiB" },
		{ INT64_C(25) << 29, "12.5 GiB" },
		{ INT64_C(20000) << 40, "20000.0 TiB" },
	};
	char text[SIZE_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++)
		assert_string_equal(
		    size_text(cases[i].bytes, text), cases[i].text);
}

static void
what_is_no_size_is_refused(void **state)
{
	static const char *const cases[] = { "", "KiB", " KiB", "1kib", "1KB",
		"1K", "1 Ki B", "1.5GiB", "0x10", "1e3", "+1", "--1", "1TiB",
		"1KiBKiB", "1 MiB KiB", "8589934592GiB", "9223372036854775808",
		"9007199254740992MiB", "99999999999999999999999KiB" };
	struct err err = ERR_INIT;
	char want[200];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		int64_t bytes = 42;

		assert_int_equal(
		    size_parse(str_of(cases[i]), &bytes, &err), -1);
		snprintf(want, sizeof want,
		    "'%s' is not a size like 4096, 64KiB or 1GiB", cases[i]);
		assert_err(&err, ERR_INPUT, want);
		assert_true(bytes == 42);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_parsed_and_written),
		cmocka_unit_test(sizes_are_shown),
		cmocka_unit_test(what_is_no_size_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("size", tests, NULL, NULL);
}
