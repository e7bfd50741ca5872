/*
 * One database on its way: what lies in the spool, applied file by file, must
 * be the database, byte for byte, whatever happens to it and to us.
 */
#include "tests/unit/stream_harness.h"

/* --- what SQL may do to it -------------------------------------------------- */

static void
some_sql(struct t *t)
{
	char sql[256];

	switch (roll(t, 7)) {
	case 0:
	case 1:
		snprintf(sql, sizeof(sql),
		    "WITH RECURSIVE s(i) AS (SELECT 1 "
		    "UNION ALL SELECT i+1 FROM s WHERE i<%u) INSERT INTO "
		    "t(v,n) SELECT randomblob(%u), random() FROM s",
		    1 + roll(t, 40), 1 + roll(t, 3000));
		break;
	case 2:
		snprintf(sql, sizeof(sql),
		    "UPDATE t SET v=randomblob(%u) "
		    "WHERE id%%%u=0",
		    1 + roll(t, 9000), 1 + roll(t, 7));
		break;
	case 3:
		snprintf(sql, sizeof(sql), "DELETE FROM t WHERE id%%%u<%u",
		    2 + roll(t, 5), 1 + roll(t, 3));
		break;
	case 4:
		snprintf(sql, sizeof(sql),
		    "CREATE TABLE IF NOT EXISTS u%u "
		    "AS SELECT randomblob(5000) AS x FROM t LIMIT 30",
		    roll(t, 3));
		break;
	case 5:
		snprintf(
		    sql, sizeof(sql), "DROP TABLE IF EXISTS u%u", roll(t, 3));
		break;
	default:
		snprintf(sql, sizeof(sql), "INSERT INTO t(n) VALUES(1)");
		break;
	}
	exec(t, sql);
}

static void
random_history_is_the_database(void **state)
{
	struct t *t = *state;
	int i;

	flush(t);
	assert_same(t);
	for (i = 0; i < 150; i++) {
		some_sql(t);
		switch (roll(t, 8)) {
		case 0:
			/* Its own checkpoint, unpinned, would be an epoch. */
			shell(t, "PRAGMA wal_autocheckpoint=0; VACUUM");
			break;
		case 1:
			flush(t);
			if (stream_checkpoint(t->stream, &t->err) < 0)
				fail_msg("%s", t->err.msg);
			break;
		case 2:
			flush(t);
			ack_all(t);
			ack_all(t);
			/* Nothing is forgotten: the judge needs the files. */
			t->stream->acked = 0;
			break;
		case 3:
			restart(t);
			break;
		case 4:
			db_close(t->worker);
			t->worker = open_db(t, DB_SERVE, 0);
			break;
		default:
			break;
		}
		if (roll(t, 3) == 0) {
			flush(t);
			assert_same(t);
		}
	}
	flush(t);
	assert_same(t);
	assert_int_equal(t->stream->pos.epoch, 1);
}

static void
sealed_and_written_again_goes_on(void **state)
{
	struct t *t = *state;
	struct file_id db, after;
	int i;

	flush(t);
	for (i = 0; i < 6; i++) {
		uint64_t txid = t->stream->pos.txid;

		if (i % 2 == 0) {
			db_close(t->worker);
			t->worker = NULL;
		}
		assert_true(txid > 0);
		/* All shipped, and kept for the judge. */
		ack_all(t);
		t->stream->acked = 0;
		assert_int_equal(stream_seal(t->stream, &t->err), 1);
		assert_false(stream_is_open(t->stream));
		OK(file_identify(t->db_path, &db, e_));
		assert_true(file_id_eq(&db, &t->stream->pos.db));
		if (i % 2 == 0) {
			/* Alone: the WAL is gone (R16). */
			OK(file_identify(t->stream->wal_path, &after, e_));
			assert_int_equal(after.ino, 0);
			t->worker = open_db(t, DB_SERVE, 0);
		}
		if (i == 4)
			restart(t);
		assert_false(stream_changed(t->stream));
		exec(t, "INSERT INTO t(v) VALUES(randomblob(9000))");
		assert_true(stream_changed(t->stream));
		flush(t);
		assert_int_equal(t->stream->pos.txid, txid + 1);
		assert_int_equal(t->stream->pos.epoch, 1);
		assert_same(t);
	}
}

/* A commit that only the seal's own checkpoint captures. */
static void
nothing_is_shipped_before_it_is_durable(void **state)
{
	struct t *t = *state;

	flush(t);
	ack_all(t);
	exec(t, "INSERT INTO t(n) VALUES(1)");
	OK(stream_flush(t->stream, clock_wall_ms(), 1, e_));
	assert_int_equal(t->stream->pos.txid, 2);
	assert_null(spool_next(t->stream->spool));
	OK(stream_sync(t->stream, e_));
	assert_non_null(spool_next(t->stream->spool));
}

static void
nothing_is_sealed_before_it_is_shipped(void **state)
{
	struct t *t = *state;

	flush(t);
	assert_false(stream_wants_seal(t->stream, INT64_MAX));
	ack_all(t);
	assert_true(stream_wants_seal(t->stream, INT64_MAX));
	exec(t, "INSERT INTO t(n) VALUES(1)");
	assert_int_equal(stream_seal(t->stream, &t->err), 0);
	assert_true(stream_is_open(t->stream));
	assert_int_equal(t->stream->pos.txid, 2);
	assert_false(t->stream->pos.sealed);
	OK(stream_sync(t->stream, e_));
	ack_all(t);
	t->stream->dirty = 0;
	assert_int_equal(stream_seal(t->stream, &t->err), 1);
	assert_true(t->stream->pos.sealed);
	assert_int_equal(t->stream->pos.shipped, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    random_history_is_the_database, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    sealed_and_written_again_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    nothing_is_shipped_before_it_is_durable, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    nothing_is_sealed_before_it_is_shipped, setup, teardown),
	};
	struct err err = ERR_INIT;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_init("test", LOG_LEVEL_ERROR);
	if (crypto_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
