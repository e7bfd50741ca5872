#include "tenants/base/clock.h"

#include <time.h>

#include "tests/unit/unit.h"

/* 2026-11-23T10:00:00.500Z, "now" in these tests. */
#define NOW           INT64_C(1795428000500)
#define SECOND        INT64_C(1000)
#define MINUTE        (60 * SECOND)
#define HOUR          (60 * MINUTE)
#define DAY           (24 * HOUR)
#define YEAR_0        INT64_C(-62167219200000)
#define YEAR_9999_END INT64_C(253402300799999)

static void
format(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 1, "1970-01-01T00:00:00.001Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ -1000, "1969-12-31T23:59:59.000Z" },
		{ -1001, "1969-12-31T23:59:58.999Z" },
		{ NOW, "2026-11-23T10:00:00.500Z" },
		{ INT64_C(951782400000), "2000-02-29T00:00:00.000Z" },
		{ YEAR_0, "0000-01-01T00:00:00.000Z" },
		{ YEAR_9999_END, "9999-12-31T23:59:59.999Z" },
		{ YEAR_9999_END + 1, "9999-12-31T23:59:59.999Z" },
		{ YEAR_0 - 1, "0000-01-01T00:00:00.000Z" },
		{ INT64_MAX, "9999-12-31T23:59:59.999Z" },
		{ INT64_MIN, "0000-01-01T00:00:00.000Z" },
	};
	char text[CLOCK_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		clock_format(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(strlen(text), CLOCK_TEXT - 1);
	}
}

static void
good_times(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "now", NOW },
		/* RFC 3339 */
		{ "2026-11-23T10:00:00Z", NOW - 500 },
		{ "2026-11-23T10:00:00.5Z", NOW },
		{ "2026-11-23 10:00:00.500Z", NOW },
		{ "2026-11-23t10:00:00.500z", NOW },
		{ "2026-11-23T10:00:00.5009999999999Z", NOW },
		{ "2026-11-23T10:00:00.4999999999999Z", NOW - 1 },
		{ "2026-11-23T10:00:00.05Z", NOW - 450 },
		{ "2026-11-23T10:00:00.005Z", NOW - 495 },
		{ "2026-11-23T10:00:00.0009Z", NOW - 500 },
		{ "2026-11-23T11:00:00.5+01:00", NOW },
		{ "2026-11-23T00:15:00.5-09:45", NOW },
		{ "2026-11-24T09:59:00.5+23:59", NOW },
		{ "2026-11-22T10:01:00.5-23:59", NOW },
		{ "2026-11-23T10:00:00.5+00:00", NOW },
		{ "2026-11-23T10:00:00.5-00:00", NOW },
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1969-12-31T23:59:59.999Z", -1 },
		{ "2024-02-29T00:00:00Z", INT64_C(1709164800000) },
		{ "2000-02-29T00:00:00Z", INT64_C(951782400000) },
		{ "2024-12-31T23:59:59Z", INT64_C(1735689599000) },
		{ "0000-01-01T00:00:00Z", YEAR_0 },
		{ "9999-12-31T23:59:59.999Z", YEAR_9999_END },
		/* seconds since 1970 */
		{ "0", 0 },
		{ "00", 0 },
		{ "1795428000", NOW - 500 },
		{ "1795428000.5", NOW },
		{ "1795428000.5009", NOW },
		{ "0.001", 1 },
		{ "253402300799", YEAR_9999_END - 999 },
		{ "253402300799.999", YEAR_9999_END },
		/* ago */
		{ "0 seconds ago", NOW },
		{ "1 second ago", NOW - SECOND },
		{ "90 seconds ago", NOW - 90 * SECOND },
		{ "1 minute ago", NOW - MINUTE },
		{ "10 minutes ago", NOW - 10 * MINUTE },
		{ "1 hour ago", NOW - HOUR },
		{ "24 hours ago", NOW - DAY },
		{ "1 day ago", NOW - DAY },
		{ "7 days ago", NOW - 7 * DAY },
		{ "1 hours ago", NOW - HOUR },
		{ "2 hour ago", NOW - 2 * HOUR },
		{ "2  hours  ago", NOW - 2 * HOUR },
	};
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		int64_t ms = 42;

		if (clock_parse(str_of(cases[i].text), NOW, &ms, &err) != 0)
			fail_msg("%s: %s", cases[i].text, err.msg);
		if (ms != cases[i].ms)
			fail_msg("%s: %lld, not %lld", cases[i].text,
			    (long long)ms, (long long)cases[i].ms);
	}
}

static void
bad_times(void **state)
{
	static const char not_a_time[] = " is not a time";
	static const char no_zone[] =
	    " has no time zone: put Z for UTC, or +01:00";
	static const char bad_zone[] =
	    " does not end in a time zone (Z or +01:00)";
	static const char no_day[] = ": there is no such day";
	static const char no_hour[] = ": there is no such time of day";
	static const char ago[] =
	    " is not 'N seconds ago', minutes, hours or days";
	static const char range[] =
	    " is not a time between the years 0 and 9999";
	static const struct {
		const char *text;
		const char *what;
	} cases[] = {
		{ "", not_a_time },
		{ " ", not_a_time },
		{ "Now", not_a_time },
		{ "now ", not_a_time },
		{ "yesterday", not_a_time },
		{ "2026", NULL }, /* seconds: a good time */
		{ "2026-11-23", not_a_time },
		{ "2026-11-23T10:00Z", not_a_time },
		{ "2026-11-23T10Z", not_a_time },
		{ " 2026-11-23T10:00:00Z", not_a_time },
		{ "2026-11-23  10:00:00Z", not_a_time },
		{ "2026-11-23_10:00:00Z", not_a_time },
		{ "2026-11-23T10.00.00Z", not_a_time },
		{ "2026/11/23T10:00:00Z", not_a_time },
		{ "26-11-23T10:00:00Z", not_a_time },
		{ "2026-1-23T10:00:00Z", not_a_time },
		{ "2026-11-2T10:00:00Z", not_a_time },
		{ "2026-11-23T1:00:00Z", not_a_time },
		{ "12026-11-23T10:00:00Z", not_a_time },
		{ "-2026-11-23T10:00:00Z", not_a_time },
		{ "+2026-11-23T10:00:00Z", not_a_time },
		{ "20261123T100000Z", not_a_time },
		{ "2026-11-23T10:00:00.Z", not_a_time },
		{ "2026-11-23T10:00:00,5Z", bad_zone },
		{ "2026-11-23T+1:00:00Z", not_a_time },
		{ "2026-11-23T10:00:00", no_zone },
		{ "2026-11-23 10:00:00.123", no_zone },
		{ "2026-11-23T10:00:00Z ", bad_zone },
		{ "2026-11-23T10:00:00ZZ", bad_zone },
		{ "2026-11-23T10:00:00 Z", bad_zone },
		{ "2026-11-23T10:00:00UTC", bad_zone },
		{ "2026-11-23T10:00:00+0100", bad_zone },
		{ "2026-11-23T10:00:00+01", bad_zone },
		{ "2026-11-23T10:00:00+1:00", bad_zone },
		{ "2026-11-23T10:00:00+24:00", bad_zone },
		{ "2026-11-23T10:00:00+01:60", bad_zone },
		{ "2026-11-23T10:00:00+01:00Z", bad_zone },
		{ "2026-11-23T10:00:00+-1:00", bad_zone },
		{ "2026-00-23T10:00:00Z", no_day },
		{ "2026-13-23T10:00:00Z", no_day },
		{ "2026-11-00T10:00:00Z", no_day },
		{ "2026-11-31T10:00:00Z", no_day },
		{ "2026-12-32T10:00:00Z", no_day },
		{ "2026-02-29T10:00:00Z", no_day },
		{ "2024-02-30T10:00:00Z", no_day },
		{ "1900-02-29T10:00:00Z", no_day },
		{ "2100-02-29T10:00:00Z", no_day },
		{ "2026-11-23T24:00:00Z", no_hour },
		{ "2026-11-23T10:60:00Z", no_hour },
		{ "2026-11-23T10:00:60Z", no_hour },
		{ "2016-12-31T23:59:60Z", no_hour }, /* a leap second */
		{ "0000-01-01T00:00:00+00:01", range },
		{ "9999-12-31T23:59:59-00:01", range },
		{ "1795428000500", range },
		{ "253402300800", range },
		{ "9223372036854775807", range },
		{ "99999999999999999999999", range },
		{ "-1", not_a_time },
		{ "+1", not_a_time },
		{ "1.", not_a_time },
		{ ".5", not_a_time },
		{ "1..5", not_a_time },
		{ "1.5.5", not_a_time },
		{ "1e9", not_a_time },
		{ "0x10", not_a_time },
		{ "ago", not_a_time },
		{ " ago", not_a_time },
		{ "1 ago", ago },
		{ "minutes ago", ago },
		{ "ten minutes ago", ago },
		{ "-1 minutes ago", ago },
		{ "+1 minutes ago", ago },
		{ "1.5 hours ago", ago },
		{ "1hour ago", ago },
		{ "1 hourago", ago },
		{ "1 hourss ago", ago },
		{ "1 Hour ago", ago },
		{ "1 weeks ago", ago },
		{ "1 millisecond ago", ago },
		{ "1 s ago", ago },
		{ "1\thour ago", ago },
		{ "10 minutes", not_a_time },
		{ "in 10 minutes", not_a_time },
		{ "10 minutes ago ", not_a_time },
		{ "99999999 days ago", range },
		{ "9223372036854775807 days ago", range },
		{ "99999999999999999999 seconds ago", range },
	};
	struct err err = ERR_INIT;
	char want[200];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		int64_t ms = 42;
		int rc = clock_parse(str_of(cases[i].text), NOW, &ms, &err);

		if (!cases[i].what) {
			assert_int_equal(rc, 0);
			continue;
		}
		if (rc == 0)
			fail_msg("'%s' is taken for a time", cases[i].text);
		snprintf(
		    want, sizeof want, "'%s'%s", cases[i].text, cases[i].what);
		/* Nothing in a message commands a terminal. */
		if (strchr(want, '\t'))
			*strchr(want, '\t') = ' ';
		assert_err(&err, ERR_INPUT, want);
		assert_true(ms == 42);
	}
}

static void
bad_times_come_with_a_hint(void **state)
{
	struct err err = ERR_INIT;
	int64_t ms;

	(void)state;
	clock_parse(STR("noon"), NOW, &ms, &err);
	assert_string_equal(err.hint, "times look like 2026-11-23T10:00:00Z, "
				      "1795428000, now, or 10 minutes ago");
	clock_parse(STR("1795428000500"), NOW, &ms, &err);
	assert_string_equal(err.hint, "it is taken as seconds since 1970, "
				      "not milliseconds");
}

static void
bytes_of_any_kind_are_not_a_time(void **state)
{
	struct err err = ERR_INIT;
	char text[300];
	int64_t ms;

	(void)state;
	assert_int_equal(clock_parse(STR_NONE, NOW, &ms, &err), -1);
	assert_int_equal(clock_parse(STR("now\0"), NOW, &ms, &err), -1);
	assert_int_equal(
	    clock_parse(STR("2026-11-23\00010:00:00Z"), NOW, &ms, &err), -1);
	assert_int_equal(
	    clock_parse(STR("2026-11-23T10:00:00\0"), NOW, &ms, &err), -1);
	/* What is shown of it is bounded. */
	memset(text, 'x', sizeof text);
	clock_parse(str_make(text, sizeof text), NOW, &ms, &err);
	assert_int_equal(strlen(err.msg), 1 + 60 + strlen("' is not a time"));
}

/* Every day from 1800 to 2200, there and back. */
static void
what_is_formatted_is_parsed_to_the_same(void **state)
{
	struct err err = ERR_INIT;
	char text[CLOCK_TEXT];
	int64_t ms, back, step;

	(void)state;
	step = DAY + 12 * HOUR + 34 * MINUTE + 56789;
	for (ms = INT64_C(-5364662400000); ms < INT64_C(7258118400000);
	     ms += step) {
		clock_format(ms, text);
		assert_int_equal(clock_parse(str_of(text), 0, &back, &err), 0);
		assert_true(back == ms);
	}
}

static void
durations(void **state)
{
	static const char not [] =
	    " is not a duration like 250ms, 1s, 10m, 24h or 7d";
	static const struct {
		const char *text;
		int64_t ms;
		const char *what; /* NULL = it is one */
	} cases[] = {
		{ "0ms", 0, NULL },
		{ "0d", 0, NULL },
		{ "250ms", 250, NULL },
		{ "1s", SECOND, NULL },
		{ "0010m", 10 * MINUTE, NULL },
		{ "24h", DAY, NULL },
		{ "7d", 7 * DAY, NULL },
		{ "9223372036854775807ms", INT64_MAX, NULL },
		{ "106751991167d", INT64_C(106751991167) * DAY, NULL },
		{ "106751991168d", 0, " is too long a duration" },
		{ "9223372036854775808ms", 0, " is too long a duration" },
		{ "99999999999999999999s", 0, " is too long a duration" },
		{ "", 0, not },
		{ "1", 0, not },
		{ "0", 0, not },
		{ "s", 0, not },
		{ "1 s", 0, not },
		{ " 1s", 0, not },
		{ "1s ", 0, not },
		{ "-1s", 0, not },
		{ "+1s", 0, not },
		{ "1.5s", 0, not },
		{ "1S", 0, not },
		{ "1M", 0, not },
		{ "1sec", 0, not },
		{ "1w", 0, not },
		{ "1h30m", 0, not },
		{ "1us", 0, not },
	};
	struct err err = ERR_INIT;
	char want[200];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		int64_t ms = 42;
		int rc = clock_parse_duration(str_of(cases[i].text), &ms, &err);

		if (!cases[i].what) {
			assert_int_equal(rc, 0);
			assert_true(ms == cases[i].ms);
			continue;
		}
		assert_int_equal(rc, -1);
		snprintf(
		    want, sizeof want, "'%s'%s", cases[i].text, cases[i].what);
		/* Nothing in a message commands a terminal. */
		if (strchr(want, '\t'))
			*strchr(want, '\t') = ' ';
		assert_err(&err, ERR_INPUT, want);
		assert_true(ms == 42);
	}
}

static void
durations_are_written(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 1, "1ms" },
		{ 999, "999ms" },
		{ 1000, "1s" },
		{ 1500, "1500ms" },
		{ 59000, "59s" },
		{ MINUTE, "1m" },
		{ 90 * SECOND, "90s" },
		{ HOUR, "1h" },
		{ DAY, "1d" },
		{ 36 * HOUR, "36h" },
		{ 365 * DAY, "365d" },
		{ INT64_MAX, "9223372036854775807ms" },
	};
	struct err err = ERR_INIT;
	struct buf buf;
	size_t i;
	int64_t ms;

	(void)state;
	buf_init(&buf, 100);
	for (i = 0; i < N_OF(cases); i++) {
		buf_reset(&buf);
		clock_put_duration(&buf, cases[i].ms);
		assert_true(str_is(buf_view(&buf), cases[i].text));
		assert_int_equal(
		    clock_parse_duration(buf_view(&buf), &ms, &err), 0);
		assert_true(ms == cases[i].ms);
	}
	buf_free(&buf);
}

static void
clocks_tick(void **state)
{
	struct timespec ts;
	int64_t ms, us;

	(void)state;
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &ts), 0);
	ms = clock_wall_ms() - ts.tv_sec * SECOND;
	assert_true(ms >= 0 && ms < HOUR);
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	us = clock_mono_us();
	ms = clock_mono_ms();
	assert_true(us >= ts.tv_sec * 1000000 && us / 1000 <= ms);
	assert_true(ms - us / 1000 < HOUR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format),
		cmocka_unit_test(good_times),
		cmocka_unit_test(bad_times),
		cmocka_unit_test(bad_times_come_with_a_hint),
		cmocka_unit_test(bytes_of_any_kind_are_not_a_time),
		cmocka_unit_test(what_is_formatted_is_parsed_to_the_same),
		cmocka_unit_test(durations),
		cmocka_unit_test(durations_are_written),
		cmocka_unit_test(clocks_tick),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
