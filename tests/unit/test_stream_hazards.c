/*
 * What can happen to a write-ahead log behind the replicator's back, scheduled
 * rather than hoped for.  The claim is always the same: the spool's newest
 * epoch gives the database as it is, or the stream says so and begins anew.
 */
#include "tests/unit/stream_harness.h"

/* --- a VFS between us and the real one -------------------------------------- */

struct shim_file {
	sqlite3_file base;
	int is_wal;
	int commit_header; /* the frame header just written was a commit's */
	/* the real file follows */
};

static struct {
	sqlite3_vfs *real;
	sqlite3_vfs vfs;
	sqlite3_io_methods methods;
	int kill_after_commit_frame;
	void (*in_checkpoint)(void *arg);
	void *arg;
} shim;

static sqlite3_file *
real(sqlite3_file *f)
{
	return (sqlite3_file *)((struct shim_file *)f + 1);
}

static int
shim_close(sqlite3_file *f)
{
	return real(f)->pMethods->xClose(real(f));
}

static int
shim_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return real(f)->pMethods->xRead(real(f), p, n, at);
}

static int
shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	struct shim_file *s = (struct shim_file *)f;
	const unsigned char *h = p;
	int rc = real(f)->pMethods->xWrite(real(f), p, n, at);

	if (s->is_wal && n == 24) {
		s->commit_header = (h[4] | h[5] | h[6] | h[7]) != 0;
	} else if (s->is_wal && s->commit_header) {
		s->commit_header = 0;
		if (shim.kill_after_commit_frame)
			kill(getpid(), SIGKILL);
	}
	return rc;
}

static int
shim_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	return real(f)->pMethods->xTruncate(real(f), n);
}

static int
shim_sync(sqlite3_file *f, int flags)
{
	return real(f)->pMethods->xSync(real(f), flags);
}

static int
shim_size(sqlite3_file *f, sqlite3_int64 *n)
{
	return real(f)->pMethods->xFileSize(real(f), n);
}

static int
shim_lock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xLock(real(f), level);
}

static int
shim_unlock(sqlite3_file *f, int level)
{
	return real(f)->pMethods->xUnlock(real(f), level);
}

static int
shim_reserved(sqlite3_file *f, int *out)
{
	return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int
shim_control(sqlite3_file *f, int op, void *arg)
{
	return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int
shim_sector(sqlite3_file *f)
{
	return real(f)->pMethods->xSectorSize(real(f));
}

static int
shim_device(sqlite3_file *f)
{
	return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int
shim_shm_map(
    sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}

/*
 * Asks for the checkpoint lock (1), then reads the wal-index; then asks for
 * readers' marks (3 and up), then copies.
 */
static int
shim_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	int rc = real(f)->pMethods->xShmLock(real(f), at, n, flags);

	if (flags == (SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE) && n == 1 &&
	    (at == 1 || at >= 3) && shim.in_checkpoint != NULL)
		shim.in_checkpoint(shim.arg);
	return rc;
}

static void
shim_shm_barrier(sqlite3_file *f)
{
	real(f)->pMethods->xShmBarrier(real(f));
}

static int
shim_shm_unmap(sqlite3_file *f, int drop)
{
	return real(f)->pMethods->xShmUnmap(real(f), drop);
}

static int
shim_fetch(sqlite3_file *f, sqlite3_int64 at, int n, void **out)
{
	return real(f)->pMethods->xFetch(real(f), at, n, out);
}

static int
shim_unfetch(sqlite3_file *f, sqlite3_int64 at, void *p)
{
	return real(f)->pMethods->xUnfetch(real(f), at, p);
}

static int
shim_open(
    sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct shim_file *s = (struct shim_file *)f;
	int rc;

	(void)vfs;
	memset(s, 0, sizeof(*s));
	s->is_wal = (flags & SQLITE_OPEN_WAL) != 0;
	rc = shim.real->xOpen(shim.real, name, real(f), flags, out);
	if (real(f)->pMethods != NULL)
		f->pMethods = &shim.methods;
	return rc;
}

static void
shim_install(void)
{
	static const sqlite3_io_methods methods = { 3, shim_close, shim_read,
		shim_write, shim_truncate, shim_sync, shim_size, shim_lock,
		shim_unlock, shim_reserved, shim_control, shim_sector,
		shim_device, shim_shm_map, shim_shm_lock, shim_shm_barrier,
		shim_shm_unmap, shim_fetch, shim_unfetch };

	shim.real = sqlite3_vfs_find(NULL);
	shim.vfs = *shim.real;
	shim.vfs.zName = "shim";
	shim.vfs.szOsFile = (int)sizeof(struct shim_file) + shim.real->szOsFile;
	shim.vfs.xOpen = shim_open;
	shim.vfs.pNext = NULL;
	shim.methods = methods;
	assert_int_equal(sqlite3_vfs_register(&shim.vfs, 1), SQLITE_OK);
}

/* --- a stock connection, with SQLite's defaults ----------------------------- */

static sqlite3 *
stock_open(struct t *t)
{
	sqlite3 *db;

	assert_int_equal(
	    sqlite3_open_v2(t->db_path, &db, SQLITE_OPEN_READWRITE, NULL),
	    SQLITE_OK);
	return db;
}

static void
stock(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
}

static int64_t
count(struct t *t, const char *sql)
{
	int64_t n = -1;

	OK(db_int(t->worker, sql, &n, e_));
	return n;
}

/* --- the hazards -------------------------------------------------------------- */

static void
phantom_commit_is_not_captured(void **state)
{
	struct t *t = *state;
	int i, status;
	pid_t pid;

	flush(t);
	for (i = 0; i < 5; i++) {
		exec(t, "INSERT INTO t(n) VALUES(1)");
		flush(t);
		pid = fork();
		if (pid == 0) {
			execl("/proc/self/exe", "test", "phantom", t->db_path,
			    (char *)NULL);
			_exit(9);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		/* Its commit frame is in the file, and was never committed. */
		assert_int_equal(
		    count(t, "SELECT count(*) FROM t WHERE n=666"), 0);
		stream_touch(t->stream);
		flush(t);
		assert_int_equal(t->stream->pos.txid, 2 * i + 2);
		exec(t, "INSERT INTO t(n) VALUES(2)");
		flush(t);
		assert_same(t);
	}
	assert_int_equal(t->stream->pos.epoch, 1);
}

/* Runs as a process of its own: dies between commit frame and wal-index. */
static int
phantom(const char *path)
{
	struct db_opts opts = { .path = path, .role = DB_SERVE };
	struct err err = ERR_INIT;
	struct db *db;

	shim_install();
	db = db_open(&opts, &err);
	if (db == NULL || db_begin_write(db, &err) ||
	    db_exec(db, "INSERT INTO t(n) VALUES(666)", &err))
		return 1;
	shim.kill_after_commit_frame = 1;
	db_commit(db, &err);
	return 2;
}

struct intruder {
	struct db *db;
	int inside;
	int tries, refused;
};

static void
intrude(void *arg)
{
	struct intruder *intruder = arg;
	struct err err = ERR_INIT;

	if (intruder->inside)
		return;
	intruder->inside = 1;
	intruder->tries++;
	if (db_begin_write(intruder->db, &err) == 0 &&
	    db_exec(intruder->db, "UPDATE t SET n=n+1", &err) == 0)
		db_commit(intruder->db, &err);
	intruder->refused += err.code == ERR_BUSY;
	intruder->inside = 0;
}

/* SQLite < 3.51.3 loses commits that get in between (the WAL-reset bug). */
static void
nobody_commits_inside_our_checkpoint(void **state)
{
	struct t *t = *state;
	struct db_opts opts = { .path = t->db_path, .role = DB_SERVE };
	struct intruder intruder = { 0 };
	int i;

	flush(t);
	intruder.db = db_open(&opts, &t->err);
	assert_non_null(intruder.db);
	shim.arg = &intruder;
	for (i = 0; i < 6; i++) {
		exec(t, "INSERT INTO t(v) VALUES(randomblob(6000))");
		flush(t);
		shim.in_checkpoint = intrude;
		assert_int_equal(stream_checkpoint(t->stream, &t->err), 1);
		shim.in_checkpoint = NULL;
		assert_true(intruder.tries >= 2 * (i + 1));
		assert_int_equal(intruder.refused, intruder.tries);
		if (i % 2 == 0)
			exec(t, "UPDATE t SET n=n+1");
		flush(t);
		assert_same(t);
	}
	db_close(intruder.db);
	assert_int_equal(t->stream->pos.epoch, 1);
}

/*
 * After our complete checkpoint, and with the replicator gone: a commit that a reader
 * kept in the old WAL, then a stock shell checkpoints, and its own write restarts the WAL.
 * salt-1 is exactly one more, and a commit is nowhere to be seen.
 */
static void
salt_plus_one_is_no_proof(void **state)
{
	struct t *t = *state;
	sqlite3 *reader, *shell_db;
	uint32_t salt;

	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	reader = stock_open(t);
	stock(reader, "BEGIN; SELECT count(*) FROM t");
	assert_int_equal(stream_checkpoint(t->stream, &t->err), 1);
	salt = t->stream->pos.wal.salt[0];
	stream_close(t->stream);
	exec(t, "INSERT INTO t(id,n) VALUES(999,2)");
	stock(reader, "COMMIT");
	sqlite3_close(reader);
	shell_db = stock_open(t);
	stock(shell_db, "SELECT count(*) FROM t; PRAGMA wal_checkpoint; "
			"INSERT INTO t(n) VALUES(3)");
	sqlite3_close(shell_db);
	flush(t);
	assert_int_equal(t->stream->pos.wal.salt[0], salt + 1);
	assert_int_equal(t->stream->pos.epoch, 2);
	assert_same(t);
	assert_int_equal(count(t, "SELECT count(*) FROM t WHERE id=999"), 1);
}

/*
 * The same in the same tick of the file system's clock.  (Linux 6.13 and later
 * give a file that was looked at a finer time; there this cannot fail.)
 */
static void
a_change_within_one_clock_tick_is_seen(void **state)
{
	struct t *t = *state;
	sqlite3 *other = stock_open(t);
	int i;

	stock(other, "PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=OFF");
	stock(other, "SELECT count(*) FROM t");
	flush(t);
	for (i = 0; i < 40; i++) {
		uint32_t epoch = t->stream->pos.epoch;

		stock(other, "INSERT INTO t(n) VALUES(7)");
		flush(t);
		/* No worker and no pin may be in the way. */
		assert_int_equal(stream_checkpoint(t->stream, &t->err), 1);
		stream_close(t->stream);
		stock(other, "INSERT INTO t(n) VALUES(8)");
		stock(other, "PRAGMA wal_checkpoint");
		stock(other, "INSERT INTO t(n) VALUES(9)");
		flush(t);
		assert_int_equal(t->stream->pos.epoch, epoch + 1);
		assert_same(t);
	}
	sqlite3_close(other);
}

static void
stock_shell_beside_an_active_stream_does_no_harm(void **state)
{
	static const char *const sql[] = {
		"INSERT INTO t(n) VALUES(5)",
		"PRAGMA wal_checkpoint(TRUNCATE)",
		"PRAGMA wal_checkpoint(RESTART); INSERT INTO t(n) VALUES(5)",
		"VACUUM",
		"INSERT INTO t(v) SELECT randomblob(3000) FROM t LIMIT 900; "
		"PRAGMA wal_checkpoint; DELETE FROM t WHERE id%3=0",
		"PRAGMA wal_autocheckpoint=1; UPDATE t SET n=1",
	};
	struct t *t = *state;
	int i;

	flush(t);
	for (i = 0; i < 60; i++) {
		exec(t, "INSERT INTO t(v) VALUES(randomblob(2000))");
		if (roll(t, 2))
			flush(t);
		shell(t, sql[roll(t, 6)]);
		if (roll(t, 4) == 0) {
			flush(t);
			if (stream_checkpoint(t->stream, &t->err) < 0)
				fail_msg("%s", t->err.msg);
		}
		if (roll(t, 2)) {
			flush(t);
			assert_same(t);
		}
	}
	flush(t);
	assert_same(t);
	/* The pin kept every commit within reach. */
	assert_int_equal(t->stream->pos.epoch, 1);
}

static void
stock_shell_on_a_sealed_tenant_begins_an_epoch(void **state)
{
	struct t *t = *state;

	flush(t);
	db_close(t->worker);
	t->worker = NULL;
	ack_all(t);
	t->stream->acked = 0; /* the judge needs the files */
	assert_int_equal(stream_seal(t->stream, &t->err), 1);
	/* It leaves no WAL at all. */
	shell(t, "INSERT INTO t(n) VALUES(5)");
	assert_true(stream_changed(t->stream));
	flush(t);
	/* Whatever frames there were are in the file: nothing to see but the file. */
	if (t->stream->pos.epoch == 1)
		fail_msg("a change of the database file went unnoticed");
	t->worker = open_db(t, DB_SERVE, 0);
	assert_same(t);
}

static void
a_replaced_database_begins_an_epoch(void **state)
{
	struct t *t = *state;
	char cmd[1024];

	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	db_close(t->worker);
	snprintf(cmd, sizeof(cmd),
	    "sqlite3 %s.new 'PRAGMA journal_mode=wal; "
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v, n); INSERT INTO t(n) "
	    "VALUES(42)' >/dev/null && rm -f %s %s-wal %s-shm && mv %s.new %s",
	    t->db_path, t->db_path, t->db_path, t->db_path, t->db_path,
	    t->db_path);
	assert_int_equal(system(cmd), 0);
	stream_touch(t->stream);
	OK(stream_flush(t->stream, clock_wall_ms(), 1, e_));
	assert_true(t->stream->gone);
	assert_false(stream_is_open(t->stream));
	t->worker = open_db(t, DB_SERVE, 0);
	stream_touch(t->stream);
	flush(t);
	assert_false(t->stream->gone);
	assert_int_equal(t->stream->pos.epoch, 2);
	assert_same(t);
}

static void
a_reader_only_delays_the_checkpoint(void **state)
{
	struct t *t = *state;
	sqlite3 *reader = stock_open(t);

	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	stock(reader, "BEGIN; SELECT count(*) FROM t");
	exec(t, "INSERT INTO t(n) VALUES(2)");
	flush(t);
	assert_int_equal(stream_checkpoint(t->stream, &t->err), 0);
	exec(t, "INSERT INTO t(n) VALUES(3)");
	flush(t);
	assert_same(t);
	stock(reader, "COMMIT");
	sqlite3_close(reader);
	assert_int_equal(stream_checkpoint(t->stream, &t->err), 1);
	exec(t, "INSERT INTO t(n) VALUES(4)");
	flush(t);
	assert_same(t);
	assert_int_equal(t->stream->pos.epoch, 1);
}

/* Nothing is folded into the database that was not captured before. */
static void
assert_durable(void *arg)
{
	const struct t *t = arg;
	const struct spool_item *item;

	for (item = t->stream->spool->first; item != NULL; item = item->next)
		assert_true(item->durable);
}

static void
a_checkpoint_captures_first(void **state)
{
	struct t *t = *state;
	int i;

	flush(t);
	for (i = 0; i < 9; i++) {
		uint64_t txid = t->stream->pos.txid;

		exec(t, i % 3 == 0
			    ? "INSERT INTO t(v) VALUES(randomblob(90000))"
			    : "INSERT INTO t(n) VALUES(1)");
		shim.in_checkpoint = assert_durable;
		shim.arg = t;
		assert_int_equal(stream_checkpoint(t->stream, &t->err), 1);
		shim.in_checkpoint = NULL;
		assert_int_equal(t->stream->pos.txid, txid + 1);
		assert_same(t);
	}
	assert_int_equal(t->stream->pos.epoch, 1);
}

/* The last file of the spool, as a power cut may leave it. */
static void
spoil_last(struct t *t, int remove_it)
{
	char path[SPOOL_PATH];

	spool_path(t->stream->spool, &t->stream->spool->last->key, path);
	if (remove_it)
		assert_int_equal(unlink(path), 0);
	else
		assert_int_equal(truncate(path, 150), 0);
}

static void
power_cut_between_slot_and_spool_goes_back_one(void **state)
{
	struct t *t = *state;
	int i;

	flush(t);
	for (i = 0; i < 4; i++) {
		uint64_t txid;

		exec(t, "INSERT INTO t(v) VALUES(randomblob(5000))");
		flush(t);
		txid = t->stream->pos.txid;
		exec(t, "INSERT INTO t(v) VALUES(randomblob(5000))");
		/* Captured, not synced: the slot survives, its file does not. */
		OK(stream_flush(t->stream, clock_wall_ms(), 1, e_));
		assert_int_equal(t->stream->pos.txid, txid + 1);
		spoil_last(t, i % 2);
		restart(t);
		exec(t, "INSERT INTO t(v) VALUES(randomblob(5000))");
		flush(t);
		assert_int_equal(t->stream->pos.epoch, 1);
		assert_int_equal(t->stream->pos.txid, txid + 1);
		assert_same(t);
	}
}

static void
a_lost_spool_begins_an_epoch(void **state)
{
	struct t *t = *state;
	char cmd[512];

	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	exec(t, "INSERT INTO t(n) VALUES(2)");
	flush(t);
	exec(t, "INSERT INTO t(n) VALUES(3)");
	flush(t);
	stream_free(t->stream);
	snprintf(cmd, sizeof(cmd), "rm %s/00000001/*-0.ltx", t->spool_dir);
	assert_int_equal(system(cmd), 0);
	new_stream(t);
	flush(t);
	assert_int_equal(t->stream->pos.epoch, 2);
	assert_same(t);
}

static void
a_ruined_position_begins_an_epoch(void **state)
{
	struct t *t = *state;
	char cmd[512];

	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	stream_free(t->stream);
	snprintf(cmd, sizeof(cmd),
	    "printf x | dd of=%s/position bs=1 seek=40 "
	    "conv=notrunc 2>/dev/null; printf x | dd of=%s/position bs=1 "
	    "seek=4136 conv=notrunc 2>/dev/null",
	    t->spool_dir, t->spool_dir);
	assert_int_equal(system(cmd), 0);
	new_stream(t);
	flush(t);
	assert_int_equal(t->stream->pos.txid, 1);
	assert_same(t);
}

/* A capture is cut before each whole interval, with the time of its newest commit. */
static void
files_end_with_their_second(void **state)
{
	struct t *t = *state;
	int64_t base = clock_wall_ms() / 1000 * 1000 + 5000;
	static const int at[] = { 100, 900, 1100, 3050, 3999, 4000 };
	static const int64_t want[] = { 900, 1100, 3999, 4000 };
	const struct spool_item *item;
	struct db_commit commit;
	struct db_wal index;
	size_t i;

	flush(t);
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		OK(db_begin_write(t->worker, e_));
		OK(db_exec(t->worker, "INSERT INTO t(n) VALUES(1)", e_));
		OK(db_commit(t->worker, e_));
		assert_int_equal(db_take_commit(t->worker, &commit), 1);
		commit.time_ms = base + at[i];
		stream_hint(t->stream, &commit);
	}
	/* Only what was committed before base + 4 s … */
	OK(stream_index(t->stream, &index, e_));
	OK(stream_capture(t->stream, &index, base + 4000, e_));
	assert_int_equal(t->stream->pos.txid, 4);
	assert_true(t->stream->dirty);
	/* … and the rest. */
	flush(t);
	assert_int_equal(t->stream->pos.txid, 5);
	i = 0;
	for (item = t->stream->spool->first; item != NULL; item = item->next) {
		if (item->key.kind == STORE_LTX && item->key.level == 0)
			assert_int_equal(item->time_ms, base + want[i++]);
	}
	assert_int_equal(i, 4);
	assert_same(t);
}

static void
set_wal_time(struct t *t, int64_t ms)
{
	struct timespec times[2] = {
		{ ms / 1000, ms % 1000 * 1000000 },
		{ ms / 1000, ms % 1000 * 1000000 },
	};

	assert_int_equal(utimensat(AT_FDCWD, t->stream->wal_path, times, 0), 0);
}

/*
 * Files' times lag by up to a tick: a commit without a hint, written at what
 * seems the last moment of a second, may have begun after it.
 */
static void
a_commit_without_a_hint_is_not_dated_back(void **state)
{
	static const struct {
		int written, want;
	} table[] = {
		{ 500, 500 },
		{ 985, 985 },
		{ 995, 1001 },
		{ 999, 1001 },
	};
	struct t *t = *state;
	int64_t base = clock_wall_ms() / 1000 * 1000 + 5000;
	struct db_wal index;
	size_t i;

	flush(t);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t txid = t->stream->pos.txid;

		base += 5000;
		exec(t, "INSERT INTO t(n) VALUES(1)");
		t->stream->n_marks = 0; /* the hint is on its way */
		set_wal_time(t, base + table[i].written);
		OK(stream_index(t->stream, &index, e_));
		OK(stream_capture(t->stream, &index, base + 1000, e_));
		assert_int_equal(t->stream->pos.txid,
		    table[i].want < 1000 ? txid + 1 : txid);
		OK(stream_capture(t->stream, &index, base + 2000, e_));
		assert_int_equal(t->stream->pos.txid, txid + 1);
		assert_int_equal(t->stream->pos.time_ms, base + table[i].want);
	}
	flush(t);
	assert_same(t);
}

/* A hint that is not true changes times at most. */
static void
false_hints_cost_nothing(void **state)
{
	struct t *t = *state;
	struct db_commit commit;
	int i;

	flush(t);
	for (i = 0; i < 60; i++) {
		/* In the midst of a commit, or where there is none yet. */
		memcpy(
		    commit.salt, t->stream->pos.wal.salt, sizeof(commit.salt));
		commit.frame = t->stream->pos.wal.frame + roll(t, 20);
		commit.time_ms = clock_wall_ms() - 5000 + roll(t, 9000);
		if (i % 2)
			stream_hint(t->stream, &commit);
		exec(t, "INSERT INTO t(v) VALUES(randomblob(20000))");
		if (i % 2 == 0)
			stream_hint(t->stream, &commit);
		flush(t);
		assert_same(t);
	}
	assert_int_equal(t->stream->pos.epoch, 1);
}

static void
a_snapshot_is_the_state_of_its_txid(void **state)
{
	struct t *t = *state;
	const struct spool_item *item;
	struct image image = { 0 }, chain;
	uint64_t txid;
	int i;

	/* It begins where nobody writes, the base as well as those after it. */
	OK(db_begin_write(t->worker, e_));
	assert_int_equal(
	    stream_flush(t->stream, clock_wall_ms(), 1, &t->err), -1);
	assert_int_equal(t->err.code, ERR_BUSY);
	db_rollback(t->worker);
	flush(t);
	for (i = 0; i < 5; i++)
		exec(t, "INSERT INTO t(v) VALUES(randomblob(30000))");
	OK(db_begin_write(t->worker, e_));
	assert_int_equal(stream_begin_snapshot(t->stream, &t->err), -1);
	assert_int_equal(t->err.code, ERR_BUSY);
	db_rollback(t->worker);
	OK(stream_begin_snapshot(t->stream, e_));
	txid = t->stream->snapshot_txid;
	apply_epoch(t, 1, &chain);
	assert_int_equal(chain.txid, txid);
	/* It goes on while the tenant does. */
	while (t->stream->snapshot != NULL) {
		exec(t, "UPDATE t SET v=randomblob(10000)");
		OK(stream_flush(t->stream, clock_wall_ms(), 1, e_));
		if (stream_step(t->stream, 3, &t->err) < 0)
			fail_msg("%s", t->err.msg);
	}
	for (item = t->stream->spool->first; item != NULL; item = item->next) {
		if (item->key.level == STORE_LEVEL_SNAPSHOT &&
		    item->key.max_txid == txid) {
			image.txid = txid - 1; /* as apply_file expects it */
			apply_file(t, &image, item);
		}
	}
	assert_int_equal(image.txid, txid);
	assert_int_equal(image.pages, chain.pages);
	assert_memory_equal(
	    image.p, chain.p, (size_t)image.pages * image.page_size);
	free(image.p);
	free(chain.p);
	flush(t);
	assert_same(t);
}

static void
put32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)(v >> 24);
	p[1] = (unsigned char)(v >> 16);
	p[2] = (unsigned char)(v >> 8);
	p[3] = (unsigned char)v;
}

/* SQLite's checksum, words read little-endian. */
static void
sum(uint32_t s[2], const unsigned char *p, size_t n)
{
	for (; n > 0; n -= 8, p += 8) {
		uint32_t word[2];

		memcpy(word, p, 8);
		s[0] += le32toh(word[0]) + s[1];
		s[1] += le32toh(word[1]) + s[0];
	}
}

/*
 * A WAL of one commit, of page 1 alone, that makes the database `grown` pages larger: what SQLite may write
 * where it need not write a page that it only allocated.
 */
static void
write_growing_wal(struct t *t, uint32_t pages, uint32_t grown)
{
	unsigned char wal[WAL_HEADER + WAL_FRAME_HEADER + 4096];
	unsigned char *frame = wal + WAL_HEADER, *page = frame + 24;
	uint32_t s[2] = { 0, 0 };
	int fd;

	memset(wal, 0, sizeof(wal));
	put32(wal, 0x377f0682);
	put32(wal + 4, 3007000);
	put32(wal + 8, 4096);
	put32(wal + 16, 77);
	put32(wal + 20, 78);
	sum(s, wal, 24);
	put32(wal + 24, s[0]);
	put32(wal + 28, s[1]);
	fd = open(t->db_path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, page, 4096, 0), 4096);
	close(fd);
	put32(page + 28, pages + grown);
	put32(frame, 1);
	put32(frame + 4, pages + grown);
	put32(frame + 8, 77);
	put32(frame + 12, 78);
	sum(s, frame, 8);
	sum(s, page, 4096);
	put32(frame + 16, s[0]);
	put32(frame + 20, s[1]);
	fd = open(t->stream->wal_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, wal, sizeof(wal)), sizeof(wal));
	close(fd);
}

/* R6: found nowhere, they are zeros; left out, nothing can be restored. */
static void
pages_that_were_never_written_are_there(void **state)
{
	struct t *t = *state;
	uint32_t pages;

	exec(t, "INSERT INTO t(v) VALUES(randomblob(50000))");
	flush(t);
	pages = t->stream->pos.pages;
	db_close(t->worker);
	t->worker = NULL;
	ack_all(t);
	t->stream->acked = 0; /* the judge needs the files */
	assert_int_equal(stream_seal(t->stream, &t->err), 1);
	write_growing_wal(t, pages, 9);
	stream_touch(t->stream);
	flush(t);
	assert_int_equal(t->stream->pos.txid, 2);
	assert_int_equal(t->stream->pos.pages, pages + 9);
	assert_same(t);
}

/* The database is the one of the last checkpoint; what came after it is gone. */
static void
a_lost_wal_begins_an_epoch(void **state)
{
	struct t *t = *state;
	struct image image;
	char cmd[512];
	uint64_t txid;

	exec(t, "INSERT INTO t(n) VALUES(1)");
	flush(t);
	assert_int_equal(stream_checkpoint(t->stream, &t->err), 1);
	exec(t, "INSERT INTO t(n) VALUES(2)");
	flush(t);
	txid = t->stream->pos.txid;
	stream_close(t->stream);
	db_close(t->worker);
	snprintf(cmd, sizeof(cmd), "rm %s-wal %s-shm", t->db_path, t->db_path);
	assert_int_equal(system(cmd), 0);
	t->worker = open_db(t, DB_SERVE, 0);
	exec(t, "INSERT INTO t(n) VALUES(3)");
	flush(t);
	assert_int_equal(t->stream->pos.epoch, 2);
	assert_same(t);
	/* The first epoch is still to be shipped. */
	apply_epoch(t, 1, &image);
	assert_int_equal(image.txid, txid);
	free(image.p);
}

/* A restored image of the machine: same salts, same length, another history. */
static void
a_machine_that_went_back_in_time_begins_an_epoch(void **state)
{
	struct t *t = *state;
	char cmd[1024];
	int more, i;

	for (more = 0; more < 3; more++) {
		uint32_t epoch;

		exec(t, "INSERT INTO t(n) VALUES(1)");
		flush(t);
		epoch = t->stream->pos.epoch;
		snprintf(cmd, sizeof(cmd),
		    "cp %s %s/old && cp %s-wal "
		    "%s/old-wal",
		    t->db_path, t->dir, t->db_path, t->dir);
		assert_int_equal(system(cmd), 0);
		exec(t, "INSERT INTO t(n) VALUES(2)");
		flush(t);
		stream_close(t->stream);
		db_close(t->worker);
		snprintf(cmd, sizeof(cmd),
		    "cp %s/old %s && cp %s/old-wal "
		    "%s-wal && rm -f %s-shm",
		    t->dir, t->db_path, t->dir, t->db_path, t->db_path);
		assert_int_equal(system(cmd), 0);
		t->worker = open_db(t, DB_SERVE, 0);
		for (i = 0; i < more; i++)
			exec(t, "INSERT INTO t(n) VALUES(3)");
		flush(t);
		assert_int_equal(t->stream->pos.epoch, epoch + 1);
		assert_same(t);
	}
}

#define HAZARD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		HAZARD(phantom_commit_is_not_captured),
		HAZARD(nobody_commits_inside_our_checkpoint),
		HAZARD(salt_plus_one_is_no_proof),
		HAZARD(a_change_within_one_clock_tick_is_seen),
		HAZARD(stock_shell_beside_an_active_stream_does_no_harm),
		HAZARD(stock_shell_on_a_sealed_tenant_begins_an_epoch),
		HAZARD(a_replaced_database_begins_an_epoch),
		HAZARD(a_reader_only_delays_the_checkpoint),
		HAZARD(a_checkpoint_captures_first),
		HAZARD(power_cut_between_slot_and_spool_goes_back_one),
		HAZARD(a_lost_spool_begins_an_epoch),
		HAZARD(a_ruined_position_begins_an_epoch),
		HAZARD(files_end_with_their_second),
		HAZARD(a_commit_without_a_hint_is_not_dated_back),
		HAZARD(false_hints_cost_nothing),
		HAZARD(a_snapshot_is_the_state_of_its_txid),
		HAZARD(pages_that_were_never_written_are_there),
		HAZARD(a_lost_wal_begins_an_epoch),
		HAZARD(a_machine_that_went_back_in_time_begins_an_epoch),
	};
	struct err err = ERR_INIT;

	log_init("test", LOG_LEVEL_ERROR);
	if (crypto_init(&err))
		return 1;
	if (argc == 3 && strcmp(argv[1], "phantom") == 0)
		return phantom(argv[2]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	shim_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
