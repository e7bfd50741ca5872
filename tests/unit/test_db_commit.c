/*
 * What is said of a commit: the wal-index against the WAL file, the salts of a
 * commit against what the index showed while it was the last one, and the
 * hazards that are known of SQLite 3.40.1, on this code's own path.
 */
#include "tenants/db.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tests/unit/house.h"
#include "tests/unit/shim.h"

static struct db *worker, *other, *replicator, *lock, *watcher;

static struct db *
open_as(enum db_role role, int create)
{
	struct db_opts opts = {
		.path = house_path("db.sqlite"), .role = role, .create = create
	};
	struct db *db = db_open(&opts, &house.err);

	HAVE(db);
	return db;
}

static int
enter(void **state)
{
	if (house_enter(state) != 0)
		return -1;
	worker = open_as(DB_SERVE, 1);
	OK(db_exec(worker,
	    "CREATE TABLE t (a INTEGER PRIMARY KEY, b, v);"
	    "CREATE INDEX i ON t (b);",
	    &house.err));
	other = open_as(DB_SERVE, 0);
	replicator = open_as(DB_REPLICATE, 0);
	lock = open_as(DB_REPLICATE, 0);
	watcher = open_as(DB_SERVE, 0);
	return 0;
}

static int
leave(void **state)
{
	shim_committed = shim_unfetch = shim_barrier = NULL;
	db_close(worker);
	db_close(other);
	db_close(replicator);
	db_close(lock);
	db_close(watcher);
	return house_leave(state);
}

#define here(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static void
write_rows(struct db *db, int n)
{
	char sql[200];

	snprintf(sql, sizeof(sql),
	    "WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s "
	    "WHERE i < %d) INSERT INTO t (b) SELECT randomblob(3000) FROM s",
	    n);
	OK(db_begin_write(db, &house.err));
	OK(db_exec(db, sql, &house.err));
	OK(db_commit(db, &house.err));
}

/* As the replicator does it: R2.  Complete, or the test is wrong. */
static void
checkpoint_all(void)
{
	int frames, copied;

	OK(db_begin_write(lock, &house.err));
	OK(db_checkpoint(replicator, &frames, &copied, &house.err));
	assert_int_equal(frames, copied);
	db_rollback(lock);
}

static uint32_t
be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* The index says what the file does (reading a -wal is harmless: lk.c). */
static void
assert_index_fits_file(void)
{
	unsigned char head[32], frame[24];
	struct db_wal w;
	int64_t pages;
	int fd;

	OK(db_wal_index(worker, &w, &house.err));
	fd = open(house_path("db.sqlite-wal"), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, head, 32, 0), 32);
	assert_int_equal(be32(head) & 1, (uint32_t)w.big_endian);
	assert_int_equal(be32(head + 8), w.page_size);
	assert_int_equal(be32(head + 16), w.salt[0]);
	assert_int_equal(be32(head + 20), w.salt[1]);
	assert_int_equal(pread(fd, frame, 24,
			     32 + (int64_t)(w.frames - 1) * (24 + w.page_size)),
	    24);
	assert_int_equal(be32(frame + 4), w.pages);
	assert_int_equal(be32(frame + 8), w.salt[0]);
	assert_int_equal(be32(frame + 16), w.cksum[0]);
	assert_int_equal(be32(frame + 20), w.cksum[1]);
	close(fd);
	OK(db_int(worker, "PRAGMA page_count", &pages, &house.err));
	assert_int_equal(pages, w.pages);
	assert_int_equal(w.page_size, 4096);
}

static void
the_index_says_what_the_file_does(void **state)
{
	struct db_wal before, after;
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		OK(db_wal_index(replicator, &before, &house.err));
		write_rows(worker, 1 + i);
		OK(db_wal_index(replicator, &after, &house.err));
		assert_int_equal(after.change, before.change + 1);
		assert_true(after.frames > before.frames);
		assert_index_fits_file();
	}
	assert_int_equal(after.backfilled, 0);
	checkpoint_all();
	OK(db_wal_index(replicator, &after, &house.err));
	assert_int_equal(after.backfilled, after.frames);
	before = after;
	write_rows(worker, 1);
	OK(db_wal_index(replicator, &after, &house.err));
	assert_int_equal(after.salt[0], before.salt[0] + 1);
	assert_int_equal(after.change, before.change + 1);
	assert_int_equal(after.backfilled, 0);
	assert_true(after.frames < before.frames);
	assert_index_fits_file();
}

static void
a_version_for_each_commit(void **state)
{
	uint64_t version = db_version(watcher), now;
	int i;

	(void)state;
	assert_int_not_equal(version, 0);
	for (i = 0; i < 40; i++) {
		write_rows(i % 2 ? worker : other, 1);
		now = db_version(watcher);
		assert_true(now != version && now != 0);
		assert_true(now == db_version(worker));
		version = now;
		if (i % 10 == 9)
			checkpoint_all();
		OK(db_begin_read(watcher, &house.err));
		db_rollback(watcher);
		OK(db_begin_write(worker, &house.err));
		OK(db_exec(worker, "DELETE FROM t", &house.err));
		db_rollback(worker);
		assert_true(db_version(watcher) == version);
	}
}

/* --- db_take_commit ------------------------------------------------------- */

static struct db_wal truth;

static void
look(void)
{
	OK(db_wal_index(watcher, &truth, &house.err));
}

static void
what_was_written_is_taken_once(void **state)
{
	struct db_commit commit;

	(void)state;
	assert_int_equal(db_take_commit(worker, &commit), 1);
	assert_int_equal(db_take_commit(worker, &commit), 0);
	OK(db_begin_write(worker, &house.err));
	OK(db_commit(worker, &house.err));
	OK(db_begin_read(worker, &house.err));
	OK(db_commit(worker, &house.err));
	assert_int_equal(db_take_commit(worker, &commit), 0);
	write_rows(worker, 1);
	OK(db_begin_write(worker, &house.err));
	OK(db_commit(worker, &house.err));
	assert_int_equal(db_take_commit(worker, &commit), 1);
	look();
	assert_int_equal(commit.frame, truth.frames);
	assert_int_equal(commit.salt[0], truth.salt[0]);
	assert_int_equal(commit.salt[1], truth.salt[1]);
	assert_true(commit.time_ms > 1600000000000);

	/* Outside of a transaction of ours: the frame, and no more. */
	OK(db_exec(worker, "DELETE FROM t", &house.err));
	assert_int_equal(db_take_commit(worker, &commit), 1);
	look();
	assert_int_equal(commit.frame, truth.frames);
	assert_int_equal(commit.salt[0], 0);
	assert_int_equal(commit.salt[1], 0);
}

/*
 * What others do between our COMMIT and our second look.  The index as it was
 * before they did is the truth.
 */
static unsigned seed;

static unsigned
roll(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static int scene;

static void
spill_and_give_up(struct db *db)
{
	OK(db_begin_write(db, &house.err));
	OK(db_exec(db,
	    "PRAGMA cache_size = 5;"
	    "WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s "
	    "WHERE i < 60) INSERT INTO t (b) SELECT randomblob(3000) FROM s",
	    &house.err));
	db_rollback(db);
}

static void
others_act(void)
{
	int i;

	look();
	switch (scene) {
	case 0:
		break;
	case 1:
		write_rows(other, 1 + (int)roll(5));
		break;
	case 2:
		checkpoint_all();
		break;
	case 3: /* a restart, and a commit as long as chance will have it */
		checkpoint_all();
		write_rows(other, 1 + (int)roll(40));
		break;
	case 4: /* a restart without a commit */
		checkpoint_all();
		spill_and_give_up(other);
		break;
	case 5: /* several restarts */
		for (i = 0; i < 3; i++) {
			checkpoint_all();
			write_rows(other, 1 + (int)roll(3));
		}
		break;
	default:
		write_rows(other, 1);
		checkpoint_all();
		write_rows(other, 1);
	}
}

static void
salts_are_right_or_none(void **state)
{
	/* How often they must be known, in percent, whatever was before. */
	static const int least[] = { 100, 70, 100, 20, 20, 20, 20 };
	int known[N_OF(least)] = { 0 }, all[N_OF(least)] = { 0 };
	struct db_commit commit;
	int i, wrong = 0;

	(void)state;
	seed = getenv("SEED") ? (unsigned)atoi(getenv("SEED"))
			      : (unsigned)getpid();
	print_message("# SEED=%u\n", seed);
	for (i = 0; i < 400; i++) {
		/* Before: sometimes copied wholly, sometimes behind a reader. */
		if (roll(3) == 0)
			checkpoint_all();
		if (roll(4) == 0)
			write_rows(other, 1 + (int)roll(30));
		scene = (int)roll(N_OF(least));
		OK(db_begin_write(worker, &house.err));
		OK(db_exec(worker,
		    roll(5) == 0 ? "PRAGMA cache_size = 5"
				 : "PRAGMA cache_size = -2000",
		    &house.err));
		OK(db_exec(worker,
		    roll(2)
			? "INSERT INTO t (b) VALUES (randomblob(10))"
			: "WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT "
			  "i + 1 FROM s WHERE i < 30) INSERT INTO t (b) SELECT "
			  "randomblob(3000) FROM s",
		    &house.err));
		shim_committed = others_act;
		OK(db_commit(worker, &house.err));
		assert_null(shim_committed);
		assert_int_equal(db_take_commit(worker, &commit), 1);
		assert_int_equal(commit.frame, truth.frames);
		all[scene]++;
		if (commit.salt[0] == 0 && commit.salt[1] == 0)
			continue;
		known[scene]++;
		wrong += commit.salt[0] != truth.salt[0] ||
			 commit.salt[1] != truth.salt[1];
	}
	for (i = 0; i < (int)N_OF(least); i++) {
		print_message(
		    "# scene %d: known %d of %d\n", i, known[i], all[i]);
		if (100 * known[i] < least[i] * all[i])
			wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* The four reasons of walindex.c, and what is none. */
static void
reasons_for_salts(void **state)
{
	static const struct {
		const char *what;
		struct db_wal before, after;
		uint32_t frame;
		int want; /* salts of 1 before, 2 after, 0 unknown */
	} cases[] = {
#define W(c, f, s0, s1, b)                                                     \
	{ .change = c, .frames = f, .salt = { s0, s1 }, .backfilled = b }
		{ "no restart", W(5, 10, 7, 9, 3), W(6, 12, 7, 9, 3), 12, 1 },
		{ "no restart, others after", W(5, 10, 7, 9, 3),
		    W(9, 30, 7, 9, 3), 12, 1 },
		{ "no restart, but a frame from before", W(5, 10, 7, 9, 10),
		    W(9, 30, 7, 9, 10), 10, 0 },
		{ "ours restarted", W(5, 10, 7, 9, 10), W(6, 2, 8, 1, 0), 2,
		    2 },
		{ "ours began an empty WAL", W(5, 0, 0, 0, 0),
		    W(6, 2, 88, 1, 0), 2, 2 },
		{ "ours restarted, others after", W(5, 10, 7, 9, 10),
		    W(8, 20, 8, 1, 0), 10, 2 },
		{ "ours or theirs", W(5, 10, 7, 9, 10), W(8, 20, 8, 1, 0), 11,
		    0 },
		{ "theirs, without a commit yet", W(5, 10, 7, 9, 10),
		    W(6, 0, 8, 1, 0), 11, 0 },
		{ "theirs: ours could not have", W(5, 10, 7, 9, 9),
		    W(8, 20, 8, 1, 0), 11, 1 },
		{ "two restarts", W(5, 10, 7, 9, 10), W(8, 20, 9, 1, 0), 2, 0 },
		{ "two restarts, and ours appended", W(5, 10, 7, 9, 9),
		    W(8, 20, 9, 1, 0), 11, 1 },
	};
	uint32_t salt[2];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		int rc = walindex_commit_salts(
		    &cases[i].before, &cases[i].after, cases[i].frame, salt);
		const struct db_wal *want =
		    cases[i].want == 1 ? &cases[i].before : &cases[i].after;

		if (rc != (cases[i].want == 0 ? -1 : 0) ||
		    (rc == 0 && memcmp(salt, want->salt, sizeof(salt)) != 0))
			fail_msg("%s", cases[i].what);
	}
}

/* --- hazards ---------------------------------------------------------------- */

/* The database file as it is, without its WAL; through SQLite (R5). */
static struct db *
open_copy(void)
{
	struct db_opts opts = { .role = DB_TOOL };
	unsigned char page[4096];
	int64_t size, at;
	struct db *db;
	int fd;

	(void)unlink(house_path("copy.sqlite-wal"));
	(void)unlink(house_path("copy.sqlite-shm"));
	fd = open(house_path("copy.sqlite"),
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	OK(db_file_size(replicator, &size, &house.err));
	for (at = 0; at < size; at += (int64_t)sizeof(page)) {
		OK(db_read_file(
		    replicator, page, sizeof(page), at, &house.err));
		assert_int_equal(
		    pwrite(fd, page, sizeof(page), at), sizeof(page));
	}
	close(fd);
	opts.path = house_path("copy.sqlite");
	db = db_open(&opts, &house.err);
	HAVE(db);
	return db;
}

static int refused;

/* In the middle of the second checkpoint: the commit that breaks it. */
static void
commit_into_the_window(void)
{
	struct err err = ERR_INIT;

	refused = db_exec(worker,
	    "UPDATE t SET b = randomblob(600), v = 2 WHERE a < 5", &err);
	assert_true(!refused || err.code == ERR_BUSY);
}

/*
 * SQLite's WAL-reset bug, which every version before 3.51.3 has: a checkpoint
 * that has read the header, a commit that restarts the WAL, and rows that no
 * later checkpoint copies.  Returns how many of 200 rows the database file has.
 */
static int
rows_after_the_race(int under_lock)
{
	struct db *copy;
	int frames, copied;
	int64_t n;

	OK(db_exec(worker,
	    "DELETE FROM t;"
	    "WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s "
	    "WHERE i < 200) INSERT INTO t SELECT i, randomblob(600), 0 FROM s",
	    &house.err));
	checkpoint_all();
	OK(db_exec(
	    worker, "UPDATE t SET b = randomblob(600), v = 1", &house.err));
	/* By another connection, so that the replicator's header is old. */
	OK(db_begin_write(other, &house.err));
	OK(db_checkpoint(lock, &frames, &copied, &house.err));
	db_rollback(other);

	if (under_lock)
		OK(db_begin_write(lock, &house.err));
	shim_unfetch = commit_into_the_window;
	OK(db_checkpoint(replicator, &frames, &copied, &house.err));
	assert_null(shim_unfetch);
	db_rollback(lock);

	OK(db_exec(
	    worker, "UPDATE t SET b = randomblob(600), v = 3", &house.err));
	checkpoint_all();
	copy = open_copy();
	OK(db_int(copy, "SELECT count(*) FROM t NOT INDEXED WHERE v = 3", &n,
	    &house.err));
	db_close(copy);
	return (int)n;
}

static void
a_checkpoint_under_the_lock_loses_nothing(void **state)
{
	(void)state;
	assert_int_equal(rows_after_the_race(1), 200);
	assert_true(refused);
	print_message("# without the lock %d of 200 rows would be left\n",
	    rows_after_the_race(0));
}

/* Does a process that is not ours find the WAL's write lock held? */
static int
lock_is_held(void)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct flock range = { .l_type = F_WRLCK,
			.l_whence = SEEK_SET,
			.l_start = 120,
			.l_len = 1 };
		int fd = open(house_path("db.sqlite-shm"), O_RDWR | O_CLOEXEC);

		_exit(
		    fcntl(fd, F_GETLK, &range) != 0 || range.l_type == F_UNLCK);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}

/* lk.c: whoever closes a -shm or a database a second time drops all locks. */
static void
nothing_here_drops_the_locks(void **state)
{
	struct db_opts again = { .path = house_path("db.sqlite"), .create = 1 };
	unsigned char page[4096];
	struct db_wal w;
	struct err err;
	int64_t size;

	(void)state;
	write_rows(worker, 1);
	OK(db_begin_write(worker, &house.err));
	OK(db_exec(worker, "DELETE FROM t", &house.err));
	assert_true(lock_is_held());
	assert_false(db_moved(worker));
	OK(db_file_size(worker, &size, &house.err));
	OK(db_read_file(worker, page, sizeof(page), 0, &house.err));
	OK(db_read_wal(worker, page, sizeof(page), 0, &house.err));
	OK(db_sync_wal(worker, &house.err));
	OK(db_wal_index(worker, &w, &house.err));
	assert_true(db_version(worker) != 0);
	db_shrink(worker);
	db_close(open_as(DB_TOOL, 0));
	assert_null(db_open(&again, &err));
	assert_true(lock_is_held());
	db_close_last(open_as(DB_REPLICATE, 0));
	assert_true(lock_is_held());
	OK(db_commit(worker, &house.err));
	assert_false(lock_is_held());
}

static void
die(void)
{
	raise(SIGKILL);
}

static void
a_header_half_written_is_busy_and_repaired(void **state)
{
	struct db_wal w;
	int64_t rows;
	int status;
	pid_t pid;

	(void)state;
	write_rows(worker, 1);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* Its own connection, opened after the fork. */
		struct db *db = open_as(DB_SERVE, 0);

		if (db_begin_write(db, &house.err) == 0 &&
		    db_exec(db, "INSERT INTO t (b) VALUES (1)", &house.err) ==
			0) {
			shim_barrier = die;
			(void)db_commit(db, &house.err);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	FAILS(db_wal_index(watcher, &w, &house.err), ERR_BUSY,
	    "wal-index: its two copies do not agree");
	assert_int_equal(db_version(watcher), 0);
	OK(db_int(watcher, "SELECT count(*) FROM t", &rows, &house.err));
	OK(db_wal_index(watcher, &w, &house.err));
	assert_true(db_version(watcher) != 0);
	write_rows(worker, 1);
}

/* Another process writes what it should not: both copies, and alike. */
static void
a_header_that_makes_no_sense_is_not_believed(void **state)
{
	static const off_t places[] = { 8, 0, 12, 17, 40 };
	struct db_wal w;
	int64_t rows;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(places); i++) {
		pid_t pid;

		write_rows(worker, 1);
		OK(db_wal_index(watcher, &w, &house.err));
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			int fd = open(
			    house_path("db.sqlite-shm"), O_RDWR | O_CLOEXEC);
			unsigned char c;

			for (int copy = 0; copy < 2; copy++)
				if (pread(fd, &c, 1, places[i] + 48 * copy) !=
					1 ||
				    (c ^= 0x21, pwrite(fd, &c, 1,
						    places[i] + 48 * copy)) !=
					1)
					_exit(1);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		FAILS(db_wal_index(watcher, &w, &house.err), ERR_CORRUPT,
		    "wal-index: its header is not valid");
		assert_int_equal(db_version(watcher), 0);
		/* The next read builds it anew. */
		OK(db_int(
		    watcher, "SELECT count(*) FROM t", &rows, &house.err));
		OK(db_wal_index(watcher, &w, &house.err));
	}
}

static void
the_index_is_read_whole_while_others_write(void **state)
{
	struct db_wal w, last = { 0 };
	int status, ends[2], busy = 0, seen = 0;
	int64_t until = clock_mono_ms() + 60000;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct db *db = open_as(DB_SERVE, 0);

		/* Until the parent has seen enough. */
		close(ends[1]);
		while (read(ends[0], &c, 1) != 0)
			if (db_exec(db, "INSERT INTO t (b) VALUES (1)",
				&house.err) != 0)
				_exit(1);
		_exit(0);
	}
	while (seen < 500 && clock_mono_ms() < until) {
		err_clear(&house.err);
		if (db_wal_index(watcher, &w, &house.err) != 0) {
			assert_int_equal(house.err.code, ERR_BUSY);
			busy++;
			continue;
		}
		assert_true(w.change >= last.change && w.frames >= last.frames);
		seen += w.change != last.change;
		last = w;
	}
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	print_message("# %d states seen, %d times busy\n", seen, busy);
	assert_int_equal(seen, 500);
}

static void
a_wal_that_grew_is_cut_down(void **state)
{
	(void)state;
	write_rows(worker, 3000);
	assert_true(house_file_size(house_path("db.sqlite-wal")) > 9000000);
	checkpoint_all();
	write_rows(worker, 1);
	assert_true(house_file_size(house_path("db.sqlite-wal")) <= 4194304);
}

static int
install(void **state)
{
	(void)state;
	shim_install();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(the_index_says_what_the_file_does),
		here(a_version_for_each_commit),
		here(what_was_written_is_taken_once),
		cmocka_unit_test(reasons_for_salts),
		here(salts_are_right_or_none),
		here(a_checkpoint_under_the_lock_loses_nothing),
		here(nothing_here_drops_the_locks),
		here(a_header_half_written_is_busy_and_repaired),
		here(a_header_that_makes_no_sense_is_not_believed),
		here(the_index_is_read_whole_while_others_write),
		here(a_wal_that_grew_is_cut_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("db_commit", tests, install, NULL);
}
