/*
 * Whole copies, bases and later snapshots: what they hold is one state of the
 * database, whatever happens while they are made, and their time is not before
 * it.
 */
#include "tests/unit/stream_harness.h"

#include <time.h>

/*
 * All of the WAL is in the database file.  A reader then keeps nobody from
 * restarting the WAL, and frames that were noted are overwritten.
 */
static void
checkpointed(struct t *t)
{
	int i;

	flush(t);
	for (i = 0; i < 20; i++)
		exec(t, "INSERT INTO t(v,n) VALUES(randomblob(6000),1)");
	flush(t);
	assert_int_equal(stream_checkpoint(t->stream, &t->err), 1);
}

/* Writers go on while it is made. */
static void
written_meanwhile(struct t *t)
{
	while (t->stream->snapshot != NULL) {
		exec(t, "UPDATE t SET n=n+1 WHERE id%7=0");
		exec(t, "INSERT INTO t(v) VALUES(randomblob(20000))");
		if (stream_step(t->stream, 10, &t->err) < 0)
			fail_msg("%s", t->err.msg);
	}
}

static void
a_base_of_a_copied_wal_is_one_state(void **state)
{
	struct t *t = *state;

	checkpointed(t);
	OK(stream_break(t->stream, 0, "test", e_));
	OK(stream_flush(t->stream, clock_wall_ms(), 1, e_));
	assert_true(t->stream->is_base);
	written_meanwhile(t);
	flush(t);
	assert_same(t);
	assert_int_equal(t->stream->pos.epoch, 2);
}

static void
a_snapshot_of_a_copied_wal_is_one_state(void **state)
{
	struct t *t = *state;
	struct arena *arena = arena_new(128 << 20);
	struct image image = { 0 };
	struct spool_item *item;
	struct str want;

	checkpointed(t);
	want = live(t, arena);
	OK(stream_begin_snapshot(t->stream, e_));
	written_meanwhile(t);
	OK(stream_sync(t->stream, e_));
	for (item = t->stream->spool->first; item != NULL; item = item->next)
		if (item->key.level == 9 && item->key.max_txid > 1)
			break;
	assert_non_null(item);
	image.txid = item->key.max_txid - 1;
	apply_file(t, &image, item);
	assert_int_equal((uint64_t)image.pages * image.page_size, want.n);
	assert_memory_equal(image.p, want.p, want.n);
	free(image.p);
	arena_free(arena);
	flush(t);
	assert_same(t);
	assert_int_equal(t->stream->pos.epoch, 1);
}

/*
 * Of an incarnation that was replaced, and cannot go on: what it holds by now is no
 * state of its last TXID.
 */
static void
of_what_is_cut_there_is_no_snapshot(void **state)
{
	struct t *t = *state;
	const struct spool_item *last;

	checkpointed(t);
	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	assert_false(t->stream->pos.complete);
	t->stream->retired = 1;
	t->stream->end_epoch = 2;
	/* Somebody has restarted the WAL. */
	t->stream->pos.wal.salt[0]++;
	last = t->stream->spool->last;
	assert_int_equal(stream_begin_snapshot(t->stream, &t->err), -1);
	assert_int_equal(t->err.code, ERR_BUSY);
	assert_true(t->stream->cut);
	assert_null(t->stream->snapshot);
	err_clear(&t->err);
	assert_int_equal(stream_checkpoint(t->stream, &t->err), -1);
	assert_int_equal(t->err.code, ERR_BUSY);
	assert_false(t->stream->pos.complete);
	assert_ptr_equal(t->stream->spool->last, last);
	assert_int_equal(t->stream->pos.epoch, 1);
}

/* A commit that the base waits for is in it, and not after its time. */
static void
a_base_is_as_new_as_what_it_holds(void **state)
{
	struct t *t = *state;
	char line[64] = "";
	char cmd[256];
	FILE *writer;

	flush(t);
	OK(stream_break(t->stream, 0, "test", e_));
	snprintf(cmd, sizeof(cmd), "/proc/%ld/exe writer %s", (long)getpid(),
	    t->db_path);
	writer = popen(cmd, "r");
	assert_non_null(writer);
	assert_non_null(fgets(line, sizeof(line), writer));
	OK(stream_flush(t->stream, clock_wall_ms(), 1, e_));
	assert_true(t->stream->is_base);
	assert_non_null(fgets(line, sizeof(line), writer));
	assert_int_equal(pclose(writer), 0);
	assert_true(t->stream->after_base.time_ms >= strtoll(line, NULL, 10));
	flush(t);
	assert_same(t);
}

/* Guards: none was made until the time came that the clock had been ahead. */
static void
a_clock_that_was_ahead_puts_off_no_snapshot(void **state)
{
	struct t *t = *state;
	int64_t day_ms = t->config.replica_snapshot_ms;
	int64_t now_ms = clock_wall_ms(), due_ms;
	struct position *pos = &t->stream->pos;

	flush(t);
	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	assert_true(pos->txid > pos->snapshot_txid);
	pos->snapshot_ms = now_ms + 365 * day_ms;
	due_ms = now_ms;
	while (due_ms < now_ms + 2 * day_ms &&
	       !stream_wants_snapshot(t->stream, due_ms))
		due_ms += day_ms / 24;
	/* At its own moment, not with all others at once. */
	assert_in_range(due_ms, now_ms + 1, now_ms + day_ms + day_ms / 24);
	/* A clock that was set back by less is no reason to make one. */
	pos->snapshot_ms = now_ms + 1000;
	assert_int_equal(stream_wants_snapshot(t->stream, now_ms), 0);
}

/* A process of its own, which has the write lock for a while. */
static int
writer(const char *path)
{
	struct db_opts opts = { .path = path, .role = DB_SERVE };
	struct timespec nap = { 0, 30000000 };
	struct err err = ERR_INIT;
	struct db *db = db_open(&opts, &err);

	if (db == NULL || db_begin_write(db, &err) ||
	    db_exec(db, "INSERT INTO t(n) VALUES(1)", &err))
		return 1;
	(void)puts("locked");
	(void)fflush(stdout);
	nanosleep(&nap, NULL);
	/* The commit is later than that. */
	printf("%lld\n", (long long)clock_wall_ms());
	if (db_commit(db, &err))
		return 2;
	db_close(db);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_base_of_a_copied_wal_is_one_state, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_snapshot_of_a_copied_wal_is_one_state, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    of_what_is_cut_there_is_no_snapshot, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_base_is_as_new_as_what_it_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_clock_that_was_ahead_puts_off_no_snapshot, setup,
		    teardown),
	};
	struct err err = ERR_INIT;

	log_init("test", LOG_LEVEL_ERROR);
	if (argc == 3 && strcmp(argv[1], "writer") == 0)
		return writer(argv[2]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (crypto_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
