#include "replication/trust_clock.h"

#include "tenants/base/clock.h"
#include "tests/unit/scratch.h"

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)
#define NOW  INT64_C(1700000000000)

static struct config config;
static struct scratch scratch;
static const struct store_stats directory = { .puts = 1 };
static struct trust_clock trusted;

static void
begin(int64_t wall_ms, int64_t boot_ms)
{
	trust_clock_init(&trusted, &config, wall_ms, boot_ms);
}

/* What is believed after a tick, less NOW; and how much the clock is off. */
static void
check(int64_t wall_ms, int64_t boot_ms, int64_t now_ms, int64_t off_ms)
{
	trust_clock_tick(&trusted, &directory, wall_ms, boot_ms);
	assert_int_equal(trusted.now_ms - NOW, now_ms - NOW);
	assert_int_equal(trusted.off_ms, off_ms);
}

static void
a_clock_that_runs_is_believed(void **state)
{
	(void)state;
	(void)unlink(scratch_path(&scratch, "clock"));
	begin(NOW, 1000);
	check(NOW, 1000, NOW, 0);
	check(NOW + HOUR, 1000 + HOUR, NOW + HOUR, 0);
	/* set, by what a badly kept clock is off */
	check(NOW + 2 * HOUR, 1000 + HOUR, NOW + 2 * HOUR, 0);
	check(NOW + 30 * DAY, 1000 + 30 * DAY - HOUR, NOW + 30 * DAY, 0);
}

static void
a_jump_is_believed_after_a_day(void **state)
{
	(void)state;
	(void)unlink(scratch_path(&scratch, "clock"));
	begin(NOW, 0);
	check(NOW, 0, NOW, 0);
	check(NOW + DAY + 10, 10, NOW + 10, DAY);
	check(NOW + DAY + 20 * HOUR, 20 * HOUR, NOW + 20 * HOUR, DAY);
	/* back, and it is as if nothing had been */
	check(NOW + 21 * HOUR, 21 * HOUR, NOW + 21 * HOUR, 0);
	check(NOW + 300 * DAY, 21 * HOUR, NOW + 21 * HOUR,
	    300 * DAY - 21 * HOUR);
	check(NOW + 300 * DAY + 23 * HOUR, 44 * HOUR, NOW + 44 * HOUR,
	    300 * DAY - 21 * HOUR);
	check(NOW + 300 * DAY + 24 * HOUR, 45 * HOUR, NOW + 301 * DAY, 0);
}

/* Set wrong late, it was believed for what it had been off by before. */
static void
a_day_elsewhere_counts_for_that_place_alone(void **state)
{
	(void)state;
	(void)unlink(scratch_path(&scratch, "clock"));
	begin(NOW, 0);
	check(NOW, 0, NOW, 0);
	check(NOW - 3 * HOUR, 0, NOW - 3 * HOUR, -3 * HOUR);
	check(NOW + 20 * HOUR, 23 * HOUR, NOW + 20 * HOUR, -3 * HOUR);
	check(NOW + 300 * DAY + 25 * HOUR, 25 * HOUR, NOW + 25 * HOUR,
	    300 * DAY);
	check(NOW + 301 * DAY + 23 * HOUR, 47 * HOUR, NOW + 47 * HOUR,
	    300 * DAY);
	check(NOW + 302 * DAY + HOUR, 49 * HOUR, NOW + 302 * DAY + HOUR, 0);
	/* The machine was off for a week, and then its clock was set. */
	begin(NOW + 309 * DAY, 5);
	check(NOW + 309 * DAY, 5, NOW + 302 * DAY + HOUR, 0);
	check(NOW + 309 * DAY + 23 * HOUR, 5 + 23 * HOUR, NOW + 303 * DAY, 0);
	check(NOW + 400 * DAY, 5 + 25 * HOUR, NOW + 303 * DAY + 2 * HOUR, 0);
}

static void
a_clock_that_is_behind_is_what_it_is(void **state)
{
	(void)state;
	(void)unlink(scratch_path(&scratch, "clock"));
	begin(NOW, 0);
	check(NOW, 0, NOW, 0);
	check(NOW - DAY, 0, NOW - DAY, -DAY);
	/* and right again: nobody took it for a jump ahead */
	check(NOW + HOUR, HOUR, NOW + HOUR, 0);
}

static void
what_was_believed_outlives_the_process(void **state)
{
	(void)state;
	(void)unlink(scratch_path(&scratch, "clock"));
	begin(NOW, 0);
	check(NOW, 0, NOW, 0);
	/* off for a week, or set: nobody knows, so nothing is said */
	begin(NOW + 7 * DAY, 5);
	check(NOW + 7 * DAY + HOUR, 5 + HOUR, NOW + HOUR, 0);
	/* and what it has been held counts on, over another start */
	check(NOW + 7 * DAY + 20 * HOUR, 5 + 20 * HOUR, NOW + 20 * HOUR, 0);
	begin(NOW + 7 * DAY + 20 * HOUR, 9);
	check(NOW + 8 * DAY + HOUR, 9 + 5 * HOUR, NOW + 8 * DAY + HOUR, 0);
	/* one that starts a day behind is wrong, or was */
	begin(NOW + 6 * DAY, 0);
	check(NOW + 6 * DAY, 0, NOW + 6 * DAY, -(2 * DAY + HOUR));
}

static void
of_a_damaged_note_nothing_is_taken(void **state)
{
	FILE *file = fopen(scratch_path(&scratch, "clock"), "w");

	(void)state;
	assert_non_null(file);
	assert_true(fputs("tomorrow\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	begin(NOW, 0);
	check(NOW, 0, NOW, 0);
}

static void
a_store_knows_what_time_it_is(void **state)
{
	static const struct {
		int64_t ahead, believed, off;
	} of[] = {
		{ 0, 0, 0 },
		{ 30000, 30000, 0 },
		{ DAY, 0, DAY },
		{ 3650 * DAY, 0, 3650 * DAY },
		{ -DAY, -DAY, -DAY },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		struct store_stats stats = { .date_ms = NOW,
			.date_mono_ms = clock_mono_ms() };
		int64_t wall_ms = NOW + of[i].ahead;

		begin(wall_ms, 0);
		trust_clock_tick(&trusted, &stats, wall_ms, 0);
		assert_in_range(
		    trusted.now_ms - (NOW + of[i].believed) + 1000, 1000, 1999);
		assert_in_range(
		    of[i].off - trusted.off_ms + 1000, 1000, 1999);
		assert_int_equal(trusted.sure, of[i].off == 0);
	}
}

static int
is_sure(int64_t wall_ms, int64_t boot_ms)
{
	trust_clock_tick(&trusted, &directory, wall_ms, boot_ms);
	return trusted.sure;
}

static void
a_clock_that_nobody_sets_for_a_day_is_sure(void **state)
{
	(void)state;
	(void)unlink(scratch_path(&scratch, "clock"));
	begin(NOW, 5);
	assert_false(is_sure(NOW, 5));
	assert_false(is_sure(NOW + 23 * HOUR, 5 + 23 * HOUR));
	/* Kept by the second. */
	assert_true(is_sure(NOW + DAY + 30000, 5 + DAY));
	assert_true(is_sure(NOW + 2 * DAY - 20000, 5 + 2 * DAY));
	/* An hour is no jump to retention, and as wrong. */
	assert_false(is_sure(NOW + 2 * DAY - HOUR, 5 + 2 * DAY));
	assert_false(is_sure(NOW + 3 * DAY - 2 * HOUR, 5 + 3 * DAY - HOUR));
	assert_true(is_sure(NOW + 3 * DAY - HOUR, 5 + 3 * DAY));
}

/* What a store says, whose clock is so far ahead of NOW. */
static int
is_sure_with(int64_t theirs_ms, int64_t wall_ms, int64_t boot_ms)
{
	struct store_stats stats = { .date_ms = theirs_ms,
		.date_mono_ms = clock_mono_ms() };

	trust_clock_tick(&trusted, &stats, wall_ms, boot_ms);
	return trusted.sure;
}

/*
 * The bucket is on this machine, or on one that has just been switched on as well,
 * and neither knows yet what time it is.
 */
static void
a_store_that_is_behind_as_well_makes_nobody_sure(void **state)
{
	(void)state;
	(void)unlink(scratch_path(&scratch, "clock"));
	begin(NOW, 5);
	assert_true(is_sure_with(NOW, NOW, 5));
	assert_true(is_sure_with(NOW + 9 * DAY, NOW + 9 * DAY, 5 + 9 * DAY));

	/* Set back, with the store's. */
	assert_false(is_sure_with(NOW + DAY, NOW + DAY, 6 + 9 * DAY));
	assert_true(is_sure_with(NOW + 9 * DAY, NOW + 9 * DAY, 6 + 9 * DAY));

	/* Switched on again. */
	begin(NOW - 300 * DAY, 5);
	assert_false(is_sure(NOW - 300 * DAY, 5));
	assert_false(is_sure_with(NOW - 300 * DAY, NOW - 300 * DAY, 5));
	/* Killed, and begun again. */
	begin(NOW - 300 * DAY, 6);
	assert_false(is_sure(NOW - 300 * DAY, 6));
	assert_false(is_sure_with(NOW - 300 * DAY, NOW - 300 * DAY, 6));
	assert_true(is_sure_with(NOW + 10 * DAY, NOW + 10 * DAY, 7));
	/* Not for ever. */
	assert_false(is_sure_with(NOW, NOW, 8));
	assert_false(is_sure_with(NOW + 23 * HOUR, NOW + 23 * HOUR, 8 + 23 * HOUR));
	assert_true(is_sure_with(NOW + DAY, NOW + DAY, 8 + DAY));
	assert_true(is_sure_with(NOW + DAY, NOW + DAY, 9 + DAY));
}

/* What it was ahead is not what was believed. */
static void
a_clock_that_was_ahead_of_a_store_is_sure_when_it_is_right(void **state)
{
	(void)state;
	(void)unlink(scratch_path(&scratch, "clock"));
	begin(NOW + 300 * DAY, 5);
	assert_false(is_sure(NOW + 300 * DAY, 5));
	assert_false(is_sure_with(NOW, NOW + 300 * DAY, 5));
	begin(NOW + 300 * DAY, 6);
	assert_false(is_sure_with(NOW, NOW + 300 * DAY, 6));
	assert_true(is_sure_with(NOW, NOW, 7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_that_runs_is_believed),
		cmocka_unit_test(a_jump_is_believed_after_a_day),
		cmocka_unit_test(a_day_elsewhere_counts_for_that_place_alone),
		cmocka_unit_test(a_clock_that_is_behind_is_what_it_is),
		cmocka_unit_test(what_was_believed_outlives_the_process),
		cmocka_unit_test(of_a_damaged_note_nothing_is_taken),
		cmocka_unit_test(a_store_knows_what_time_it_is),
		cmocka_unit_test(a_clock_that_nobody_sets_for_a_day_is_sure),
		cmocka_unit_test(
		    a_store_that_is_behind_as_well_makes_nobody_sure),
		cmocka_unit_test(
		    a_clock_that_was_ahead_of_a_store_is_sure_when_it_is_right),
	};

	int failed;

	scratch_make(&scratch);
	(void)strcpy(config.data, scratch.dir);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	scratch_remove(&scratch);
	return failed;
}
