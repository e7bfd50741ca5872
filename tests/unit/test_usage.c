#include "tenants/usage_show.h"

#include <sys/stat.h>

#include "tenants/layout.h"
#include "tests/unit/house.h"

#define NOON INT64_C(1795953600000) /* 2026-11-29T12:00:00Z */
#define DAY  USAGE_DAY_MS

#define here(f) cmocka_unit_test_setup_teardown(f, house_enter, house_leave)

static struct usage
of(const char *uid, const char *slug, int64_t reads, int64_t writes)
{
	struct usage usage = { .uid = "" };

	snprintf(usage.uid, sizeof usage.uid, "%s", uid);
	snprintf(usage.slug, sizeof usage.slug, "%s", slug);
	usage.value[USAGE_READS] = reads;
	usage.value[USAGE_WRITES] = writes;
	usage.value[USAGE_READS_PEAK] = reads;
	usage.value[USAGE_WRITES_PEAK] = writes;
	usage.value[USAGE_SIZE] = 4096;
	return usage;
}

static void
add(int64_t now_ms, struct usage usage)
{
	OK(usage_add(&house.config, now_ms, &usage, 1, &house.err));
}

/* "acme 1 2 4096 1 2;", of all of a day: reads, writes, size and peaks. */
static int
say(const struct usage *usage, void *arg)
{
	char *out = arg;
	size_t n = strlen(out);

	snprintf(out + n, 1000 - n, "%s %lld %lld %lld %lld %lld;", usage->slug,
	    (long long)usage->value[USAGE_READS],
	    (long long)usage->value[USAGE_WRITES],
	    (long long)usage->value[USAGE_SIZE],
	    (long long)usage->value[USAGE_READS_PEAK],
	    (long long)usage->value[USAGE_WRITES_PEAK]);
	return strcmp(usage->slug, "stop") == 0 ? 42 : 0;
}

static const char *
day(int64_t then_ms)
{
	static char out[1000];

	out[0] = '\0';
	OK(usage_each(&house.config, then_ms, say, out, &house.err));
	return out;
}

static void
a_day_adds_up(void **state)
{
	struct usage both[2] = { of("aaaaaaaaaaaaaaa", "acme", 1, 1),
		of("aaaaaaaaaaaaaaa", "acme", 2, 0) };

	(void)state;
	house.config.usage_keep_ms = 35 * DAY;
	assert_string_equal(day(NOON), "");
	OK(usage_add(&house.config, NOON, NULL, 0, &house.err));
	assert_int_equal(
	    house_file_size(layout_usage_all(&house.config).p), -1);
	add(NOON, of("bbbbbbbbbbbbbbb", "b", 7, 1));
	add(NOON + 1, of("aaaaaaaaaaaaaaa", "acme", 3, 0));
	assert_string_equal(day(NOON), "acme 3 0 4096 3 0;b 7 1 4096 7 1;");
	both[1].value[USAGE_SIZE] = 0;
	both[0].value[USAGE_SIZE] = 8192;
	OK(usage_add(&house.config, NOON + 2, both, 2, &house.err));
	assert_string_equal(day(NOON), "acme 6 1 8192 3 1;b 7 1 4096 7 1;");
	/* Two at once of one that was not there. */
	memcpy(both[0].uid, "ccccccccccccccc", 15);
	memcpy(both[1].uid, "ccccccccccccccc", 15);
	OK(usage_add(&house.config, NOON + 2, both, 2, &house.err));
	assert_string_equal(
	    day(NOON), "acme 6 1 8192 3 1;b 7 1 4096 7 1;acme 3 1 8192 2 1;");
	/* Until midnight. */
	add(NOON + DAY / 2 - 1, of("bbbbbbbbbbbbbbb", "b", 1, 0));
	add(NOON + DAY / 2, of("bbbbbbbbbbbbbbb", "b", 1, 0));
	assert_string_equal(day(NOON + DAY), "b 1 0 4096 1 0;");
	assert_non_null(strstr(day(NOON), "b 8 1 4096 7 1;"));
}

static void
it_ends_when_told(void **state)
{
	char out[1000] = "";

	(void)state;
	add(NOON, of("aaaaaaaaaaaaaaa", "stop", 1, 1));
	add(NOON, of("bbbbbbbbbbbbbbb", "b", 1, 1));
	assert_int_equal(
	    usage_each(&house.config, NOON, say, out, &house.err), 42);
	assert_string_equal(out, "stop 1 1 4096 1 1;");
}

static void
what_makes_no_sense_is_passed_over(void **state)
{
	static const char *const lines[] = {
		"",
		"aaaaaaaaaaaaaaa",
		"aaaaaaaaaaaaaaa acme 1 2 3 4 5 6 7 8 9",
		"aaaaaaaaaaaaaaa acme 1 2 3 4 5 6 7 8 9 10 11",
		"aaaaaaaaaaaaaaa acme 1 2 3 4 5 6 7 8 9 -10",
		"aaaaaaaaaaaaaaa acme 1 2 3 4 5 6 7 8 9 x",
		"aaaaaaaaaaaaaa acme 1 2 3 4 5 6 7 8 9 10",
		"aaaaaaaaaaaaaaaa acme 1 2 3 4 5 6 7 8 9 10",
		"aaaaaaaaaaaaaaa "
		"aslugthatislongerthananyslugthatthereeverwas 1 2 3 4 5 6 7 8 "
		"9 10",
	};
	const char *path = layout_usage(&house.config, "2026-11-29").p;
	char text[400];
	size_t i;

	(void)state;
	add(NOON, of("aaaaaaaaaaaaaaa", "acme", 1, 1));
	for (i = 0; i < N_OF(lines); i++) {
		snprintf(text, sizeof text,
		    "rowhouse usage 1\n%s\n"
		    "bbbbbbbbbbbbbbb b 1 2 3 4 5 6 7 8 9 10\n",
		    lines[i]);
		OK(file_replace(path, str_of(text), 0640, &house.err));
		assert_string_equal(day(NOON), "b 1 2 8 9 10;");
	}
	/* Of a later release, or none at all. */
	OK(file_replace(path,
	    STR("rowhouse usage 2\nbbbbbbbbbbbbbbb b 1 2 3 4 5 6 7 8 9 10\n"),
	    0640, &house.err));
	assert_string_equal(day(NOON), "");
}

static void
what_is_old_is_removed(void **state)
{
	int i;

	(void)state;
	house.config.usage_keep_ms = 35 * DAY;
	for (i = 0; i <= 37; i++)
		add(NOON - i * DAY, of("aaaaaaaaaaaaaaa", "acme", 1, i));
	OK(usage_prune(&house.config, NOON, &house.err));
	assert_string_equal(day(NOON), "acme 1 0 4096 1 0;");
	assert_string_equal(day(NOON - 35 * DAY), "acme 1 35 4096 1 35;");
	assert_string_equal(day(NOON - 36 * DAY), "");
	assert_string_equal(day(NOON - 37 * DAY), "");
}

/* --- the lines -------------------------------------------------------------------- */

static const char *
growing(int64_t now_ms)
{
	static char out[2000];
	struct buf text;

	buf_init(&text, sizeof out - 1);
	OK(usage_show_growing(&house.config, now_ms, &text, &house.err));
	snprintf(out, sizeof out, "%.*s", STR_FMT(buf_view(&text)));
	buf_free(&text);
	return out;
}

static void
lines_have_a_near_and_a_beyond(void **state)
{
	static const struct {
		enum usage_value value;
		int64_t fine, near, beyond;
		const char *soon, *now;
	} cases[] = {
		{ USAGE_WRITES_PEAK, 349 * 60 + 59, 350 * 60, 500 * 60,
		    "time to grow soon acme: 350 writes/s all through a "
		    "minute; 500 are comfortable\n",
		    "TIME TO GROW acme: 500 writes/s all through a minute; "
		    "500 are comfortable\n" },
		{ USAGE_SIZE, INT64_C(6999999999), INT64_C(7000000000),
		    INT64_C(10000000000),
		    "time to grow soon acme: 7.0 GB; up to 10.0 GB is "
		    "comfortable\n",
		    "TIME TO GROW acme: 10.0 GB; up to 10.0 GB is "
		    "comfortable\n" },
		{ USAGE_SLOW, 6, 7, 10,
		    "time to grow soon acme: 7 of 1000 writes of a day took "
		    "longer than 100 ms; 1 of 100 is comfortable\n",
		    "TIME TO GROW acme: 10 of 1000 writes of a day took "
		    "longer than 100 ms; 1 of 100 is comfortable\n" },
	};
	struct usage usage = of("aaaaaaaaaaaaaaa", "acme", 1, 1000);
	int64_t now_ms = NOON;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++, now_ms += 30 * DAY) {
		usage = of("aaaaaaaaaaaaaaa", "acme", 1, 1000);
		usage.value[cases[i].value] = cases[i].fine;
		add(now_ms - 8 * DAY, usage);
		assert_string_equal(growing(now_ms - 8 * DAY), "");
		usage.value[cases[i].value] = cases[i].beyond;
		add(now_ms - 3 * DAY, usage);
		usage.value[cases[i].value] = cases[i].near;
		add(now_ms - 4 * DAY, usage);
		assert_string_equal(growing(now_ms - 4 * DAY), cases[i].soon);
		/* The worst of a week, and no longer. */
		assert_string_equal(growing(now_ms), cases[i].now);
		assert_string_equal(growing(now_ms + 3 * DAY), cases[i].now);
		assert_string_equal(growing(now_ms + 4 * DAY), "");
	}
	/* Of few writes it cannot be said that one in a hundred is slow. */
	usage = of("aaaaaaaaaaaaaaa", "acme", 1, 999);
	usage.value[USAGE_SLOW] = 999;
	add(now_ms, usage);
	assert_string_equal(growing(now_ms), "");
}

static void
prometheus_is_told_of_today(void **state)
{
	struct usage usage = of("aaaaaaaaaaaaaaa", "acme", 30, 90);
	struct buf text;

	(void)state;
	usage.value[USAGE_CPU_US] = 1234567;
	usage.value[USAGE_SIZE] = INT64_C(2500000000);
	add(NOON, usage);
	add(NOON - DAY, of("bbbbbbbbbbbbbbb", "b", 1, 1));
	buf_init(&text, 65536);
	OK(usage_show_prometheus(&house.config, NOON, &text, &house.err));
	buf_putc(&text, '\0');
	assert_null(strstr(text.p, "\"b\""));
	assert_non_null(strstr(text.p,
	    "# TYPE rowhouse_tenant_reads_total counter\n"
	    "rowhouse_tenant_reads_total{tenant=\"acme\"} 30\n"));
	assert_non_null(strstr(text.p,
	    "\nrowhouse_tenant_cpu_seconds_total{tenant=\"acme\"} "
	    "1.234567\n"));
	assert_non_null(strstr(text.p,
	    "\nrowhouse_tenant_writes_peak_per_second{tenant=\"acme\"} "
	    "1.500000\n"));
	assert_non_null(strstr(text.p,
	    "\nrowhouse_tenant_comfort_ratio{tenant=\"acme\",line=\"size\"} "
	    "0.25\n"));
	buf_free(&text);
}

/* One was erased, and another has its name. */
static void
namesakes_are_told_apart(void **state)
{
	char uid[] = "bbbbbbbbbbbbbbb";
	struct buf text;

	(void)state;
	add(NOON, of("aaaaaaaaaaaaaaa", "acme", 1000, 0));
	add(NOON, of("bbbbbbbbbbbbbbb", "acme", 1, 0));
	add(NOON, of("bbbbbbbbbbbbbbc", "acme", 20, 0));
	add(NOON, of("ccccccccccccccc", "beta", 7, 0));
	buf_init(&text, 65536);
	OK(usage_show_tenant_json(
	    &house.config, NOON, "acme", uid, &text, &house.err));
	buf_putc(&text, '\0');
	assert_non_null(strstr(text.p, "\"reads\":1,"));
	buf_reset(&text);
	uid[0] = 'x';
	OK(usage_show_tenant_json(
	    &house.config, NOON, "acme", uid, &text, &house.err));
	buf_putc(&text, '\0');
	assert_string_equal(text.p, "[]");
	/* But for who may have a label once. */
	buf_reset(&text);
	OK(usage_show_prometheus(&house.config, NOON, &text, &house.err));
	buf_putc(&text, '\0');
	assert_non_null(strstr(text.p,
	    "_reads_total counter\n"
	    "rowhouse_tenant_reads_total{tenant=\"acme\"} 1021\n"
	    "rowhouse_tenant_reads_total{tenant=\"beta\"} 7\n"
	    "#"));
	assert_non_null(strstr(text.p,
	    "rowhouse_tenant_reads_peak_per_second{tenant=\"acme\"} "
	    "16.666667\n"
	    "rowhouse_tenant_reads_peak_per_second{tenant=\"beta\"}"));
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(namesakes_are_told_apart),
		here(a_day_adds_up),
		here(it_ends_when_told),
		here(what_makes_no_sense_is_passed_over),
		here(what_is_old_is_removed),
		here(lines_have_a_near_and_a_beyond),
		here(prometheus_is_told_of_today),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
