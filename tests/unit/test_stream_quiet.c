/*
 * What happens around a seal, and where nothing seems to happen: commits without
 * a hint, files that are written to in place, a disk that fails once.
 */
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "tests/unit/stream_harness.h"
#include "tests/unit/shim_close.h"

/* No file is written beyond that. */
static void
limit_files(rlim_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
commit_unseen(void *arg)
{
	struct t *t = arg;

	shim_close.hook = NULL;
	OK(db_begin_write(t->worker, e_));
	OK(db_exec(t->worker, "INSERT INTO t(n) VALUES(7)", e_));
	OK(db_commit(t->worker, e_));
}

/* Its hint is lost as well: the sweep has nothing but the files. */
static void
a_commit_behind_the_last_look_of_a_seal_is_seen(void **state)
{
	struct t *t = *state;
	uint64_t txid;

	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	exec(t, "INSERT INTO t(n) VALUES(2)");
	flush(t);
	ack_all(t);
	t->stream->acked = 0;
	txid = t->stream->pos.txid;
	shim_close.hook = commit_unseen;
	shim_close.arg = t;
	assert_int_equal(stream_seal(t->stream, &t->err), 1);
	assert_null(shim_close.hook);
	assert_true(stream_changed(t->stream));
	restart(t);
	assert_true(stream_changed(t->stream));
	flush(t);
	assert_int_equal(t->stream->pos.txid, txid + 1);
	assert_same(t);
}

/*
 * Another file takes the place of one that is open, and the seal is the first to
 * come by: the position may not take it for what it has copied the WAL into.
 */
static void
a_file_that_was_replaced_is_not_sealed(void **state)
{
	struct t *t = *state;
	char cmd[1024];

	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	exec(t, "INSERT INTO t(n) VALUES(2)");
	flush(t);
	ack_all(t);
	t->stream->acked = 0;
	db_close(t->worker);
	snprintf(cmd, sizeof(cmd),
	    "sqlite3 %s.new 'PRAGMA journal_mode=wal; "
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v, n); INSERT INTO t(n) "
	    "VALUES(42)' >/dev/null && rm -f %s %s-wal %s-shm && mv %s.new %s",
	    t->db_path, t->db_path, t->db_path, t->db_path, t->db_path,
	    t->db_path);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(stream_seal(t->stream, &t->err), 0);
	assert_true(t->stream->dirty);
	OK(stream_flush(t->stream, clock_wall_ms(), 1, e_));
	assert_true(t->stream->gone);
	t->worker = open_db(t, DB_SERVE, 0);
	stream_touch(t->stream);
	flush(t);
	assert_int_equal(t->stream->pos.epoch, 2);
	assert_same(t);
}

static void
a_file_that_was_removed_is_not_sealed(void **state)
{
	struct t *t = *state;
	char cmd[1024];

	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	ack_all(t);
	snprintf(cmd, sizeof(cmd), "rm %s %s-wal %s-shm", t->db_path,
	    t->db_path, t->db_path);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(stream_seal(t->stream, &t->err), 0);
	OK(stream_flush(t->stream, clock_wall_ms(), 1, e_));
	assert_true(t->stream->gone);
}

/* Stands before the C library's, for ours. */
static void (*before_sync)(void *arg);
static void *before_sync_arg;

int
fsync(int fd)
{
	void (*hook)(void *arg) = before_sync;

	before_sync = NULL;
	if (hook != NULL)
		hook(before_sync_arg);
	return fdatasync(fd);
}

/* Somebody writes to its WAL whenever it is asked whether a tick is over. */
static struct t *written;
static int writes;

int
clock_gettime(clockid_t id, struct timespec *out)
{
	char wal[sizeof(written->db_path) + 4];
	struct stat st;

	if (id == CLOCK_REALTIME_COARSE && writes > 0) {
		writes--;
		snprintf(wal, sizeof(wal), "%s-wal", written->db_path);
		assert_int_equal(stat(wal, &st), 0);
		assert_int_equal(truncate(wal, st.st_size + 1), 0);
	}
	return (int)syscall(SYS_clock_gettime, id, out);
}

static void
commit_and_leave(void *arg)
{
	struct t *t = arg;

	commit_unseen(t);
	db_close(t->worker);
	t->worker = NULL;
}

/*
 * The disk is slow when a worker serves its last request: what it writes is
 * captured, not folded into the database with nobody knowing what it was.
 */
static void
a_commit_while_a_seal_waits_for_the_disk_is_captured(void **state)
{
	struct t *t = *state;
	uint64_t txid;

	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	ack_all(t);
	t->stream->acked = 0;
	txid = t->stream->pos.txid;
	before_sync = commit_and_leave;
	before_sync_arg = t;
	assert_int_equal(stream_seal(t->stream, &t->err), 0);
	assert_null(before_sync);
	assert_true(t->stream->dirty);
	assert_false(t->stream->pos.sealed);
	flush(t);
	assert_int_equal(t->stream->pos.txid, txid + 1);
	assert_int_equal(t->stream->pos.epoch, 1);
	assert_same(t);
}

/* Guards: while one tenant was written to without a pause, all others waited. */
static void
a_writer_who_does_not_pause_is_not_waited_for(void **state)
{
	struct t *t = *state;
	int rc;

	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	ack_all(t);
	t->stream->acked = 0;
	written = t;
	writes = 3000;
	rc = stream_seal(t->stream, &t->err);
	assert_in_range(writes, 1, 2999);
	writes = 0;
	assert_int_equal(rc, -1);
	assert_int_equal(t->err.code, ERR_BUSY);
	assert_non_null(strstr(t->err.msg, "-wal is being written"));
	assert_true(stream_is_open(t->stream));
	assert_false(t->stream->pos.sealed);
	assert_int_equal(stream_seal(t->stream, &t->err), 1);
	assert_true(t->stream->pos.sealed);
}

/* Nothing is in the WAL, so it is the file that says how large its pages are. */
static void
a_header_that_was_overwritten_is_an_error(void **state)
{
	struct t *t = *state;
	char cmd[512];

	flush(t);
	ack_all(t);
	t->stream->acked = 0;
	db_close(t->worker);
	t->worker = NULL;
	assert_int_equal(stream_seal(t->stream, &t->err), 1);
	stream_touch(t->stream);
	flush(t);
	assert_true(stream_is_open(t->stream));
	snprintf(cmd, sizeof(cmd),
	    "printf '\\000\\000' | dd of=%s bs=1 seek=16 conv=notrunc status=none",
	    t->db_path);
	assert_int_equal(system(cmd), 0);
	stream_touch(t->stream);
	assert_int_equal(
	    stream_flush(t->stream, clock_wall_ms(), 1, &t->err), -1);
	assert_int_equal(t->err.code, ERR_CORRUPT);
	assert_non_null(strstr(t->err.msg, "/db.sqlite: pages of 0 bytes"));
}

/* A file that was put in the place of another keeps its WAL, and its number. */
static void
a_database_overwritten_beside_its_wal_begins_an_epoch(void **state)
{
	struct t *t = *state;
	char cmd[512];

	flush(t);
	snprintf(cmd, sizeof(cmd),
	    "cp %s %s/old && sqlite3 %s/old 'PRAGMA user_version=9' && "
	    "rm -f %s/old-wal %s/old-shm",
	    t->db_path, t->dir, t->dir, t->dir, t->dir);
	assert_int_equal(system(cmd), 0);
	exec(t, "INSERT INTO t(v) VALUES(randomblob(30000))");
	flush(t);
	ack_all(t);
	t->stream->acked = 0;
	assert_int_equal(stream_seal(t->stream, &t->err), 1);
	assert_true(t->stream->seen_wal.size > 0);
	snprintf(cmd, sizeof(cmd), "cat %s/old > %s", t->dir, t->db_path);
	assert_int_equal(system(cmd), 0);
	assert_true(stream_changed(t->stream));
	stream_touch(t->stream);
	/* It waits for its turn to be copied. */
	t->env.crowded = 1;
	assert_int_equal(
	    stream_flush(t->stream, clock_wall_ms(), 1, &t->err), -1);
	assert_int_equal(t->err.code, ERR_BUSY);
	assert_false(t->stream->is_base);
	assert_true(t->stream->dirty);
	t->env.crowded = 0;
	flush(t);
	assert_int_equal(t->stream->pos.epoch, 2);
}

/* The kernel tells of a failed syncfs() once, whoever asked. */
static void
after_a_failed_sync_nothing_is_durable(void **state)
{
	struct t *t = *state;
	int fd = t->env.data_fd;

	flush(t);
	exec(t, "INSERT INTO t(n) VALUES(1)");
	t->env.data_fd = -1;
	assert_int_equal(stream_checkpoint(t->stream, &t->err), -1);
	assert_non_null(strstr(t->err.msg, "syncfs"));
	t->env.data_fd = fd;
	assert_int_equal(stream_sync(t->stream, &t->err), -1);
	assert_non_null(strstr(t->err.msg, ": syncfs failed a moment ago"));
	assert_false(t->stream->spool->last->durable);
	/* All streams are quarantined. */
	t->env.in_doubt = 0;
	OK(spool_drop_unsynced(t->stream->spool, e_));
	OK(stream_break(t->stream, 0, "test", e_));
	flush(t);
	assert_int_equal(t->stream->pos.epoch, 2);
	assert_same(t);
}

/*
 * The last worker has gone, and the index with it: whoever comes next finds in
 * the WAL what was committed, but not that the database has it already.  That
 * began an epoch at each renewal of the pool, of all that had such a WAL.
 */
static void
a_wal_left_behind_is_removed_and_begins_no_epoch(void **state)
{
	struct t *t = *state;

	flush(t);
	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	ack_all(t);
	t->stream->acked = 0;
	assert_int_equal(stream_seal(t->stream, &t->err), 1);
	assert_true(t->stream->seen_wal.size > 0);
	db_close(t->worker);
	t->worker = NULL;
	restart(t);
	flush(t);
	ack_all(t);
	t->stream->acked = 0;
	/* Neither does one that is copied in part. */
	limit_files(8192);
	assert_int_equal(stream_seal(t->stream, &t->err), -1);
	limit_files(RLIM_INFINITY);
	restart(t);
	flush(t);
	assert_int_equal(t->stream->pos.epoch, 1);
	ack_all(t);
	t->stream->acked = 0;
	assert_int_equal(stream_seal(t->stream, &t->err), 1);
	assert_int_equal(t->stream->seen_wal.ino, 0);
	assert_false(stream_changed(t->stream));
	t->worker = open_db(t, DB_SERVE, 0);
	exec(t, "INSERT INTO t(n) VALUES(2)");
	flush(t);
	assert_int_equal(t->stream->pos.epoch, 1);
	assert_same(t);
}

/*
 * A TXID that the position does not know is used again after a crash, so none
 * of that may leave the machine.
 */
static void
assert_noted_before_durable(struct t *t)
{
	uint64_t txid = t->stream->pos.txid;

	OK(stream_sync(t->stream, e_));
	assert_false(t->stream->spool->last->durable);
	limit_files(RLIM_INFINITY);
	stream_touch(t->stream);
	flush(t);
	assert_true(t->stream->spool->last->durable);
	assert_true(t->stream->pos.txid >= txid);
	txid = t->stream->pos.txid;
	restart(t);
	flush(t);
	assert_int_equal(t->stream->pos.txid, txid);
	assert_int_equal(t->stream->pos.epoch, 1);
	assert_same(t);
}

/* The disk has room for the first of two files. */
static void
what_was_captured_before_a_failure_is_noted(void **state)
{
	struct t *t = *state;
	struct db_commit commit;

	flush(t);
	OK(db_begin_write(t->worker, e_));
	OK(db_exec(t->worker, "INSERT INTO t(n) VALUES(1)", e_));
	OK(db_commit(t->worker, e_));
	assert_true(db_take_commit(t->worker, &commit));
	commit.time_ms -= 2 * t->config.replica_interval_ms;
	stream_hint(t->stream, &commit);
	exec(t, "INSERT INTO t(v) VALUES(randomblob(100000))");
	limit_files(50000);
	assert_int_equal(
	    stream_flush(t->stream, clock_wall_ms(), 1, &t->err), -1);
	assert_int_equal(t->stream->pos.txid, 2);
	assert_noted_before_durable(t);
}

/* One of the two slots cannot be written. */
static void
a_position_that_was_not_saved_is_saved_again(void **state)
{
	struct t *t = *state;
	int rc;

	flush(t);
	do {
		exec(t, "INSERT INTO t(n) VALUES(1)");
		limit_files(4096);
		rc = stream_flush(t->stream, clock_wall_ms(), 1, &t->err);
		if (rc == 0)
			limit_files(RLIM_INFINITY);
	} while (rc == 0 && t->stream->pos.txid < 4);
	assert_int_equal(rc, -1);
	assert_non_null(strstr(t->err.msg, "/position: "));
	assert_noted_before_durable(t);
}

static void
commit_behind_the_index(void *arg)
{
	struct t *t = arg;

	t->env.take_hints = NULL;
	exec(t, "INSERT INTO t(n) VALUES(7)");
}

/* A hint that comes between the look at the index and the capture. */
static void
a_commit_behind_the_index_is_not_forgotten(void **state)
{
	struct t *t = *state;

	flush(t);
	exec(t, "INSERT INTO t(n) VALUES(1)");
	t->env.take_hints = commit_behind_the_index;
	t->env.arg = t;
	OK(stream_flush(t->stream, clock_wall_ms(), 1, e_));
	assert_int_equal(t->stream->pos.txid, 2);
	assert_true(t->stream->dirty);
	flush(t);
	assert_int_equal(t->stream->pos.txid, 3);
	assert_same(t);
}

static void
keep_from_pinning(void *arg)
{
	struct t *t = arg;

	t->env.take_hints = NULL;
	OK(db_begin_read(t->stream->conn[1 - t->stream->pin], e_));
}

/* What it captured is not synced before another one, which nobody called for. */
static void
a_flush_that_fails_behind_its_capture_is_made_again(void **state)
{
	struct t *t = *state;
	struct db *other;

	flush(t);
	exec(t, "INSERT INTO t(n) VALUES(1)");
	other = t->stream->conn[1 - t->stream->pin];
	t->env.take_hints = keep_from_pinning;
	t->env.arg = t;
	assert_int_equal(
	    stream_flush(t->stream, clock_wall_ms(), 1, &t->err), -1);
	db_rollback(other);
	assert_int_equal(t->stream->pos.txid, 2);
	assert_false(t->stream->spool->last->durable);
	assert_true(t->stream->dirty);
	flush(t);
	assert_same(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_commit_behind_the_last_look_of_a_seal_is_seen, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    a_commit_while_a_seal_waits_for_the_disk_is_captured, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    a_database_overwritten_beside_its_wal_begins_an_epoch,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_wal_left_behind_is_removed_and_begins_no_epoch, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    what_was_captured_before_a_failure_is_noted, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    a_position_that_was_not_saved_is_saved_again, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    a_commit_behind_the_index_is_not_forgotten, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    a_flush_that_fails_behind_its_capture_is_made_again, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    after_a_failed_sync_nothing_is_durable, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_file_that_was_replaced_is_not_sealed, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_file_that_was_removed_is_not_sealed, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_writer_who_does_not_pause_is_not_waited_for, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    a_header_that_was_overwritten_is_an_error, setup,
		    teardown),
	};
	struct err err = ERR_INIT;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_init("test", LOG_LEVEL_ERROR);
	if (crypto_init(&err))
		return 1;
	shim_close_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
