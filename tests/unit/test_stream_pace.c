/*
 * When a commit becomes a file: at once, as long as a tenant does not write
 * oftener than once an interval; and never more than a file an interval, in the
 * long run.  Played over minutes of the hints' own time.
 */
#include "tests/unit/stream_harness.h"

#define RUNS 20 /* intervals */

/* A commit of that time, flushed when it is due; 1 where that was at once. */
static int
commit_at(struct t *t, int64_t time_ms)
{
	struct db_commit commit;
	int whole;

	OK(db_begin_write(t->worker, e_));
	OK(db_exec(t->worker, "INSERT INTO t(n) VALUES(1)", e_));
	OK(db_commit(t->worker, e_));
	assert_true(db_take_commit(t->worker, &commit));
	commit.time_ms = time_ms;
	stream_hint(t->stream, &commit);
	whole = t->stream->whole;
	if (whole)
		OK(stream_flush(t->stream, time_ms + 5, 0, e_));
	OK(stream_synced(t->stream, e_));
	return whole;
}

/* How many files a commit every step_ms makes. */
static uint64_t
files_of(struct t *t, int64_t step_ms)
{
	int64_t from_ms = clock_wall_ms() / 1000 * 1000 + 1000, at_ms;
	uint64_t txid;

	flush(t);
	txid = t->stream->pos.txid;
	for (at_ms = 0; at_ms < RUNS * 1000; at_ms += step_ms) {
		if (at_ms % 1000 < step_ms && t->stream->dirty)
			OK(stream_flush(t->stream,
			    from_ms + at_ms / 1000 * 1000, 0, e_));
		commit_at(t, from_ms + at_ms);
	}
	return t->stream->pos.txid - txid;
}

static void
who_writes_once_an_interval_is_not_kept_waiting(void **state)
{
	static const int late_ms[] = { 0, 130, -210, 40, 222, -90, 7 };
	struct t *t = *state;
	int64_t from_ms = clock_wall_ms() + 5000;

	flush(t);
	for (int i = 0; i < RUNS; i++)
		assert_true(
		    commit_at(t, from_ms + i * 1000 + late_ms[i % 7]));
	assert_same(t);
}

static void
who_writes_all_the_time_costs_a_file_an_interval(void **state)
{
	uint64_t n = files_of(*state, 40);

	assert_in_range(n, RUNS - 1, RUNS + 2);
	flush(*state);
	assert_same(*state);
}

static void
who_writes_twice_an_interval_costs_no_more(void **state)
{
	assert_in_range(files_of(*state, 500), RUNS - 1, RUNS + 2);
}

/* Somebody waited for each of many commits: the next one is as good as any. */
static void
who_waited_for_the_store_does_not_wait_afterwards(void **state)
{
	struct t *t = *state;
	int64_t from_ms = clock_wall_ms() + 5000;

	flush(t);
	for (int i = 0; i < RUNS; i++) {
		commit_at(t, from_ms + i);
		OK(stream_flush(t->stream, from_ms + i, 1, e_));
	}
	assert_false(commit_at(t, from_ms + 500));
	OK(stream_flush(t->stream, from_ms + 1000, 1, e_));
	assert_true(commit_at(t, from_ms + 4000));
}

static void
a_clock_that_was_set_back_keeps_nobody_waiting(void **state)
{
	struct t *t = *state;
	int64_t from_ms = clock_wall_ms();

	flush(t);
	assert_true(commit_at(t, from_ms + 3600000));
	assert_true(commit_at(t, from_ms));
	assert_false(commit_at(t, from_ms + 20));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(who_writes_once_an_interval_is_not_kept_waiting),
		T(who_writes_all_the_time_costs_a_file_an_interval),
		T(who_writes_twice_an_interval_costs_no_more),
		T(who_waited_for_the_store_does_not_wait_afterwards),
		T(a_clock_that_was_set_back_keeps_nobody_waiting),
	};
	struct err err = ERR_INIT;

	log_init("test", LOG_LEVEL_ERROR);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (crypto_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
