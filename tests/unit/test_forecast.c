#include "replication/forecast.h"

#include "tests/unit/unit.h"

#define HOUR 3600000

static void
a_month_is_what_was_seen_times_its_share(void **state)
{
	/* A tenant that writes once a second, for an hour. */
	const struct forecast_sample rate = { .mono_ms = HOUR,
		.puts = 3613,
		.lists = 10,
		.gets = 100,
		.deletes = 4,
		.bytes_out = 1000000 };
	struct forecast f =
	    forecast_month(&rate, 500000000, 30LL * 24 * HOUR);

	(void)state;
	assert_float_equal(f.puts, 2601360.0, 0.5);
	assert_float_equal(f.lists, 7200.0, 0.5);
	assert_float_equal(f.gets, 72000.0, 0.5);
	assert_float_equal(f.deletes, 2880.0, 0.5);
	assert_float_equal(f.request_dollars, 13.0716, 0.0001);
	assert_float_equal(f.stored_bytes, 1.22e9, 1.0);
	assert_float_equal(f.storage_dollars, 0.02806, 0.0001);
}

static void
nothing_seen_costs_its_copies(void **state)
{
	const struct forecast_sample rate = { .mono_ms = 1 };
	struct forecast f = forecast_month(&rate, 1000000000, HOUR);

	(void)state;
	assert_float_equal(f.request_dollars, 0.0, 0.0);
	assert_float_equal(f.storage_dollars, FORECAST_GB_MONTH, 0.0);
}

static void
a_window_begins_at_a_sample(void **state)
{
	static struct forecast_seen seen;
	struct store_stats stats = { .puts = 0 };
	struct forecast_sample rate;
	int64_t t;

	(void)state;
	rate = forecast_since(&seen, 5, &stats, HOUR);
	assert_int_equal(rate.mono_ms, 0);
	/* Two days; a put each second, noted every ten. */
	for (t = 0; t <= 48 * HOUR; t += 10000) {
		stats.puts = (uint64_t)t / 1000;
		forecast_note(&seen, t, &stats);
	}
	assert_int_equal(seen.n, FORECAST_SAMPLES);
	t = 48 * HOUR;
	rate = forecast_since(&seen, t, &stats, HOUR);
	assert_int_equal(rate.mono_ms, HOUR);
	assert_int_equal(rate.puts, 3600);
	rate = forecast_since(&seen, t, &stats, 24 * HOUR);
	assert_int_equal(rate.mono_ms, 24 * HOUR);
	assert_int_equal(rate.puts, 86400);
	/* No more is kept. */
	rate = forecast_since(&seen, t, &stats, 40 * HOUR);
	assert_int_equal(rate.mono_ms, 24 * HOUR);
}

static void
a_young_replicator_says_what_it_knows(void **state)
{
	static struct forecast_seen seen;
	struct store_stats stats = { .puts = 100 };
	struct forecast_sample rate;

	(void)state;
	forecast_note(&seen, 1000, &stats);
	stats.puts = 103;
	forecast_note(&seen, 2000, &stats);
	assert_int_equal(seen.n, 1);
	rate = forecast_since(&seen, 4000, &stats, HOUR);
	assert_int_equal(rate.mono_ms, 3000);
	assert_int_equal(rate.puts, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_month_is_what_was_seen_times_its_share),
		cmocka_unit_test(nothing_seen_costs_its_copies),
		cmocka_unit_test(a_window_begins_at_a_sample),
		cmocka_unit_test(a_young_replicator_says_what_it_knows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("forecast", tests, NULL, NULL);
}
