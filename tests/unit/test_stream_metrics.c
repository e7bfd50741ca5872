/* What a stream says about itself: a lag that is true, and counts. */
#include "replication/stream.h"

#include "tests/unit/follow.h"

static struct stream *
begin(void)
{
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_tenant("acme");
	follow_start();
	follow_all();
	return streams_find(follow.streams, "acme");
}

static void
flush(struct stream *stream)
{
	OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
	OK(stream_sync(stream, &house.err));
}

static void
ship(struct stream *stream)
{
	int turns;

	for (turns = 0; turns < 1000 && stream->spool->n > 0; turns++) {
		stream->ship_retry_ms = 0;
		ship_next(stream, follow.store, clock_mono_ms());
		(void)store_poll(follow.store, NULL, 0, 10);
	}
	assert_int_equal(stream->spool->n, 0);
}

static void
nothing_waits_for_nobody(void **state)
{
	struct stream_lag lag;

	(void)state;
	lag = stream_lag(begin(), clock_wall_ms());
	assert_int_equal(lag.ms, 0);
	assert_int_equal(lag.bytes, 0);
}

/* The store takes nothing: the age is that of the oldest, whatever follows. */
static void
while_the_store_is_down_the_oldest_commit_counts(void **state)
{
	struct stream *stream;
	struct stream_lag lag;
	int64_t first_ms;

	(void)state;
	stream = begin();
	stream->paid_ms = 0;
	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	stream_touch(stream);
	first_ms = stream->dirty_ms;
	lag = stream_lag(stream, first_ms + 5000);
	assert_int_equal(lag.ms, 5000);
	assert_true(lag.bytes > 4096);
	flush(stream);
	follow_sql("acme", 1, "INSERT INTO t VALUES (3)");
	stream_touch(stream);
	flush(stream);
	assert_int_equal(stream->pos.txid, 3);
	lag = stream_lag(stream, first_ms + 60000);
	/* It knows the second of it, if not the millisecond. */
	assert_in_range(lag.ms, 60000 - 1000, 60000 + 1000);
	assert_int_equal(lag.bytes, stream->spool->bytes);
	ship(stream);
	lag = stream_lag(stream, first_ms + 60000);
	assert_int_equal(lag.ms, 0);
	assert_int_equal(lag.bytes, 0);
}

static void
a_lost_hint_shows_in_an_open_stream(void **state)
{
	struct stream *stream;
	struct stream_lag lag;

	(void)state;
	stream = begin();
	stream_touch(stream);
	flush(stream);
	assert_true(stream_is_open(stream));
	assert_int_equal(stream_lag(stream, clock_wall_ms()).ms, 0);
	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	assert_int_equal(stream->dirty, 0);
	lag = stream_lag(stream, clock_wall_ms() + 7000);
	assert_in_range(lag.ms, 6900, 9000);
	assert_true(lag.bytes > 4096);
	/* And that is a hint. */
	assert_int_equal(stream->dirty, 1);
}

static void
until_its_base_is_there_an_epoch_lags(void **state)
{
	struct stream *stream;
	struct stream_lag lag;
	int64_t begun_ms;

	(void)state;
	stream = begin();
	stream_touch(stream);
	flush(stream);
	begun_ms = clock_wall_ms();
	OK(stream_break(stream, 0, "a test", &house.err));
	lag = stream_lag(stream, begun_ms + 9000);
	assert_in_range(lag.ms, 8000, 10000);
	flush(stream);
	assert_int_equal(stream->is_base, 1);
	lag = stream_lag(stream, begun_ms + 9000);
	assert_in_range(lag.ms, 8000, 10000);
	assert_in_range(lag.bytes,
	    (int64_t)stream->after_base.pages * stream->after_base.page_size,
	    ((int64_t)stream->after_base.pages + 8) *
		stream->after_base.page_size);
	while (stream->snapshot != NULL)
		assert_true(stream_step(stream, 100, &house.err) >= 0);
	flush(stream);
	lag = stream_lag(stream, begun_ms + 9000);
	assert_in_range(lag.ms, 8000, 10000);
	ship(stream);
	assert_int_equal(stream_lag(stream, begun_ms + 9000).ms, 0);
	assert_int_equal(stream->counts.epochs, 2);
}

static void
what_is_done_is_counted(void **state)
{
	struct stream *stream;
	const struct stream_counts *counts;
	struct err failure = ERR_INIT;
	int i;

	(void)state;
	stream = begin();
	counts = &stream->counts;
	/* The claim, and the base. */
	assert_int_equal(counts->puts, 2);
	assert_true(counts->bytes_out > 100);
	for (i = 0; i < 3; i++) {
		follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
		stream_touch(stream);
		flush(stream);
		ship(stream);
	}
	assert_int_equal(counts->flushes, 3);
	assert_int_equal(counts->puts, 5);
	/* That of the seal, and one now. */
	assert_int_equal(counts->checkpoints, 1);
	assert_int_equal(stream_checkpoint(stream, &house.err), 1);
	assert_int_equal(counts->checkpoints, 2);
	assert_true(counts->checkpoint_us > counts->checkpoint_longest_us);
	assert_true(counts->checkpoint_longest_us > 0);
	assert_true(follow.env.total.flushes >= 3);
	err_set(&failure, ERR_SYSTEM, "it was like this");
	stream_set_failure(stream, &failure);
	stream_set_failure(stream, NULL);
	assert_null(stream->failure);
	assert_string_equal(stream->last->msg, "it was like this");
	assert_true(stream->last_ms > 0);
	assert_int_equal(counts->errors, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		follow_test(nothing_waits_for_nobody),
		follow_test(while_the_store_is_down_the_oldest_commit_counts),
		follow_test(a_lost_hint_shows_in_an_open_stream),
		follow_test(until_its_base_is_there_an_epoch_lags),
		follow_test(what_is_done_is_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("stream_metrics", tests, NULL, NULL);
}
