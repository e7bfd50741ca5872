/* The pragma contract, read back, and what a connection refuses. */
#include "tenants/db.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tenants/base/clock.h"
#include "tests/unit/house.h"

#define NOBODY 65534

static struct db *
open_as(const char *path, enum db_role role, int create)
{
	struct db_opts opts = { .path = path,
		.role = role,
		.create = create,
		.cache_kib = 1234,
		.busy_ms = 2000 };
	struct db *db = db_open(&opts, &house.err);

	HAVE(db);
	return db;
}

static const char *
db_file(void)
{
	return house_path("db.sqlite");
}

/* A database with one table; closed, its WAL still there. */
static void
make_db(void)
{
	struct db *db = open_as(db_file(), DB_TOOL, 1);

	OK(db_exec(
	    db, "CREATE TABLE t (a INTEGER PRIMARY KEY, b)", &house.err));
	db_close(db);
}

static void
put_file(const char *path, const char *text)
{
	OK(file_create(path, str_of(text), 0644, &house.err));
}

/* What a pragma says, as text. */
static const char *
ask(struct db *db, const char *sql)
{
	static char out[64];
	sqlite3_stmt *stmt = db_prepare(db, sql, &house.err);

	HAVE(stmt);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	snprintf(
	    out, sizeof(out), "%s", (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	return out;
}

/* --- the contract ----------------------------------------------------------- */

static void
check_contract(struct db *db)
{
	static const struct {
		const char *sql, *want;
	} pragmas[] = {
		{ "PRAGMA journal_mode", "wal" },
		{ "PRAGMA synchronous", "1" },
		{ "PRAGMA foreign_keys", "1" },
		{ "PRAGMA mmap_size", "0" },
		{ "PRAGMA cell_size_check", "1" },
		{ "PRAGMA journal_size_limit", "4194304" },
		{ "PRAGMA cache_size", "-1234" },
		{ "PRAGMA page_size", "4096" },
		{ "PRAGMA auto_vacuum", "0" },
		{ "PRAGMA locking_mode", "normal" },
		{ "PRAGMA encoding", "UTF-8" },
		{ "PRAGMA wal_autocheckpoint", "0" },
		{ "PRAGMA writable_schema", "0" },
	};
	static const struct {
		int option, want;
	} settings[] = {
		{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 1 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 1 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0 },
		{ SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
	};
	size_t i;
	int now;

	for (i = 0; i < N_OF(pragmas); i++)
		if (strcmp(ask(db, pragmas[i].sql), pragmas[i].want) != 0)
			fail_msg("%s is %s", pragmas[i].sql,
			    ask(db, pragmas[i].sql));
	for (i = 0; i < N_OF(settings); i++) {
		assert_int_equal(sqlite3_db_config(db_handle(db),
				     settings[i].option, -1, &now),
		    SQLITE_OK);
		if (now != settings[i].want)
			fail_msg("setting %d is %d", settings[i].option, now);
	}
	assert_int_equal(sqlite3_db_config(db_handle(db),
			     SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1, &now),
	    SQLITE_OK);
	assert_int_equal(now, sqlite3_libversion_number() < 3044000);
}

static void
the_contract_holds_in_every_role(void **state)
{
	static const enum db_role roles[] = { DB_SERVE, DB_REPLICATE, DB_TOOL };
	struct db *db = open_as(db_file(), DB_TOOL, 1);
	size_t i;

	(void)state;
	check_contract(db);
	db_close(db);
	for (i = 0; i < N_OF(roles); i++) {
		db = open_as(db_file(), roles[i], 0);
		check_contract(db);
		db_close(db);
	}
}

static void
what_others_cause_is_limited(void **state)
{
	static const struct {
		int which, want;
	} limits[] = {
		{ SQLITE_LIMIT_LENGTH, 8 << 20 },
		{ SQLITE_LIMIT_SQL_LENGTH, 1000000 },
		{ SQLITE_LIMIT_COLUMN, 500 },
		{ SQLITE_LIMIT_EXPR_DEPTH, 100 },
		{ SQLITE_LIMIT_COMPOUND_SELECT, 50 },
		{ SQLITE_LIMIT_VDBE_OP, 250000 },
		{ SQLITE_LIMIT_FUNCTION_ARG, 127 },
		{ SQLITE_LIMIT_ATTACHED, 0 },
		{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200 },
		{ SQLITE_LIMIT_VARIABLE_NUMBER, 250 },
		{ SQLITE_LIMIT_TRIGGER_DEPTH, 100 },
		{ SQLITE_LIMIT_WORKER_THREADS, 0 },
	};
	struct db *db;
	size_t i;

	(void)state;
	make_db();
	db = open_as(db_file(), DB_SERVE, 0);
	for (i = 0; i < N_OF(limits); i++)
		if (sqlite3_limit(db_handle(db), limits[i].which, -1) !=
		    limits[i].want)
			fail_msg("limit %d", limits[i].which);
	FAILS(db_exec(db, "ATTACH ':memory:' AS other", &house.err), ERR_SYSTEM,
	    "ATTACH ':memory:' AS other: too many attached databases - max 0");
	FAILS(db_exec(db, "SELECT load_extension('x')", &house.err), ERR_SYSTEM,
	    "SELECT load_extension('x'): not authorized");
	FAILS(db_exec(db, "SELECT zeroblob(9000000)", &house.err),
	    ERR_TOO_LARGE, "SELECT zeroblob(9000000): string or blob too big");
	FAILS(db_exec(db, "SELECT \"a\"", &house.err), ERR_SYSTEM,
	    "SELECT \"a\": no such column: a");
	db_close(db);
}

static void
a_quota_is_a_quota(void **state)
{
	struct db_opts opts = {
		.path = db_file(), .role = DB_SERVE, .size_max = 100 * 4096
	};
	struct db *db;
	int64_t pages;
	char hint[600];

	(void)state;
	make_db();
	opts.path = db_file();
	db = db_open(&opts, &house.err);
	HAVE(db);
	FAILS(db_exec(db, "INSERT INTO t (b) VALUES (zeroblob(500000))",
		  &house.err),
	    ERR_QUOTA,
	    "INSERT INTO t (b) VALUES (zeroblob(50000: "
	    "database or disk is full");
	snprintf(
	    hint, sizeof(hint), "%s has reached its limit of size", db_file());
	assert_string_equal(house.err.hint, hint);
	OK(db_exec(
	    db, "INSERT INTO t (b) VALUES (zeroblob(300000))", &house.err));
	OK(db_int(db, "PRAGMA page_count", &pages, &house.err));
	assert_true(pages <= 100);
	db_close(db);
}

static void
the_replicator_keeps_no_schema(void **state)
{
	struct db *db = open_as(db_file(), DB_TOOL, 1);
	char sql[128];
	int i, high, now;

	(void)state;
	for (i = 0; i < 100; i++) {
		snprintf(sql, sizeof(sql),
		    "CREATE TABLE table_number_%d (a, b, c, d, e, f)", i);
		OK(db_exec(db, sql, &house.err));
	}
	db_close(db);
	db = open_as(db_file(), DB_REPLICATE, 0);
	OK(db_begin_read(db, &house.err));
	db_rollback(db);
	sqlite3_db_status(
	    db_handle(db), SQLITE_DBSTATUS_SCHEMA_USED, &now, &high, 0);
	assert_true(now < 1000);
	db_close(db);
	db = open_as(db_file(), DB_SERVE, 0);
	sqlite3_db_status(
	    db_handle(db), SQLITE_DBSTATUS_SCHEMA_USED, &now, &high, 0);
	assert_true(now > 20000);
	db_close(db);
}

/* --- what stands at the path --------------------------------------------- */

/* The text is "<before><path><after>". */
static void
refuses(const char *path, int create, enum err_code code, const char *before,
    const char *after)
{
	struct db_opts opts = { .path = path, .create = create };
	char want[512];

	snprintf(want, sizeof(want), "%s%s%s", before, path, after);
	err_clear(&house.err);
	assert_null(db_open(&opts, &house.err));
	assert_err(&house.err, code, want);
}

static void
a_missing_file_stays_missing(void **state)
{
	(void)state;
	refuses(db_file(), 0, ERR_NOT_FOUND, "", " is not there");
	assert_int_equal(house_file_size(db_file()), -1);
	refuses(house_path("no/such/dir.db"), 0, ERR_NOT_FOUND, "",
	    " is not there");
	refuses(house_path("no/such/dir.db"), 1, ERR_NOT_FOUND, "cannot open ",
	    ": No such file or directory");
}

static void
an_empty_file_is_no_database(void **state)
{
	char wal[300];

	(void)state;
	/* SQLite would take it for a new one, and remove the WAL. */
	snprintf(wal, sizeof(wal), "%s-wal", db_file());
	put_file(db_file(), "");
	put_file(wal, "precious");
	refuses(db_file(), 0, ERR_CORRUPT, "", " is empty, not a database");
	assert_int_equal(house_file_size(wal), 8);
}

static void
no_database_is_made_beside_a_wal(void **state)
{
	char wal[300], text[400];
	struct db_opts opts = { .path = db_file(), .create = 1 };

	(void)state;
	snprintf(wal, sizeof(wal), "%s-wal", db_file());
	snprintf(
	    text, sizeof(text), "%s is there and its database is not", wal);
	put_file(wal, "precious");
	assert_null(db_open(&opts, &house.err));
	assert_err(&house.err, ERR_CORRUPT, text);
	assert_int_equal(house_file_size(wal), 8);
	assert_int_equal(house_file_size(db_file()), -1);
}

static void
what_is_no_database_is_refused(void **state)
{
	(void)state;
	put_file(db_file(), "this is a text of more than sixteen bytes, and "
			    "not a database at all, whatever its name says");
	refuses(db_file(), 0, ERR_CORRUPT, "cannot open ",
	    ": PRAGMA synchronous = 1: file is not a database");
	refuses(db_file(), 1, ERR_CONFLICT, "", " exists already");
	refuses(house.dir, 0, ERR_CORRUPT, "", " is not a file");
}

static void
without_rights(void *arg)
{
	struct db_opts opts = { .path = db_file(), .role = DB_SERVE };

	if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
		return;
	opts.create = *(int *)arg;
	if (db_open(&opts, &house.err) == NULL)
		fprintf(stderr, "%d|%s|%s", house.err.code, house.err.msg,
		    house.err.hint);
}

static void
what_may_not_be_written_says_so(void **state)
{
	char out[2048], want[2048];
	int create = 0;

	(void)state;
	make_db();
	assert_int_equal(chmod(house.dir, 0755), 0);
	/* The file is readable, no more. */
	assert_int_equal(chmod(db_file(), 0444), 0);
	unit_apart(without_rights, &create, out, sizeof(out));
	snprintf(want, sizeof(want),
	    "%d|cannot open %s: PRAGMA synchronous = 1: unable to open "
	    "database file: Permission denied|%s and its directory must be "
	    "writable by the user that runs rowhouse",
	    ERR_SYSTEM, db_file(), db_file());
	assert_string_equal(out, want);

	/* So are -wal and -shm. */
	snprintf(out, sizeof(out), "%s-wal", db_file());
	assert_int_equal(chmod(out, 0444), 0);
	snprintf(out, sizeof(out), "%s-shm", db_file());
	assert_int_equal(chmod(out, 0666), 0);
	unit_apart(without_rights, &create, out, sizeof(out));
	assert_non_null(strstr(out, "must be writable by the user that runs "
				    "rowhouse"));

	/* Nothing may be made in the directory. */
	assert_int_equal(unlink(db_file()), 0);
	snprintf(out, sizeof(out), "%s-wal", db_file());
	assert_int_equal(unlink(out), 0);
	create = 1;
	unit_apart(without_rights, &create, out, sizeof(out));
	snprintf(want, sizeof(want), "%d|cannot open %s: Permission denied|",
	    ERR_SYSTEM, db_file());
	assert_string_equal(out, want);
}

static void
a_rollback_journal_becomes_a_wal(void **state)
{
	sqlite3 *stock;
	struct db *db;

	(void)state;
	make_db();
	assert_int_equal(sqlite3_open(db_file(), &stock), SQLITE_OK);
	assert_int_equal(sqlite3_exec(stock, "PRAGMA journal_mode = DELETE",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(stock);
	db = open_as(db_file(), DB_SERVE, 0);
	assert_string_equal(ask(db, "PRAGMA journal_mode"), "wal");
	db_close(db);
}

/* --- closing ------------------------------------------------------------- */

static void
closing_makes_no_checkpoint(void **state)
{
	char wal[300];
	struct db *db;
	int64_t before, n;

	(void)state;
	make_db();
	snprintf(wal, sizeof(wal), "%s-wal", db_file());
	before = house_file_size(db_file());
	db = open_as(db_file(), DB_SERVE, 0);
	OK(db_exec(
	    db, "INSERT INTO t (b) VALUES (zeroblob(100000))", &house.err));
	db_close(db);
	assert_int_equal(house_file_size(db_file()), before);
	assert_true(house_file_size(wal) > 100000);
	db = open_as(db_file(), DB_REPLICATE, 0);
	db_close_last(db);
	assert_true(house_file_size(db_file()) > 100000);
	assert_int_equal(house_file_size(wal), -1);
	db = open_as(db_file(), DB_SERVE, 0);
	OK(db_int(db, "SELECT length(b) FROM t", &n, &house.err));
	assert_int_equal(n, 100000);
	db_close(db);
}

static void
closing_last_while_others_are_there_leaves_the_wal(void **state)
{
	struct db *other, *db;
	char wal[300];

	(void)state;
	make_db();
	snprintf(wal, sizeof(wal), "%s-wal", db_file());
	other = open_as(db_file(), DB_SERVE, 0);
	db = open_as(db_file(), DB_REPLICATE, 0);
	db_close_last(db);
	assert_true(house_file_size(wal) > 0);
	db_close(other);
}

static void
close_last(void *arg)
{
	(void)arg;
	db_close_last(open_as(db_file(), DB_TOOL, 0));
}

static void
checkpoint(void *arg)
{
	int a, b;

	(void)arg;
	db_checkpoint(open_as(db_file(), DB_SERVE, 0), &a, &b, &house.err);
}

static void
guard_a_tool(void *arg)
{
	(void)arg;
	db_guard(open_as(db_file(), DB_TOOL, 0), 1);
}

static void
close_with_a_statement(void *arg)
{
	struct db *db = open_as(db_file(), DB_SERVE, 0);

	(void)arg;
	HAVE(db_prepare(db, "SELECT a FROM t", &house.err));
	db_close(db);
}

static void
broken_promises_end_the_process(void **state)
{
	(void)state;
	make_db();
	assert_dies(close_last, NULL, "only the replicator makes checkpoints");
	assert_dies(checkpoint, NULL, "only the replicator makes checkpoints");
	assert_dies(guard_a_tool, NULL, "has no guard to switch");
	assert_dies(close_with_a_statement, NULL,
	    "closed with a statement open: SELECT a FROM t");
}

static void
use(void *arg)
{
	(void)db_handle(arg);
}

static void
close_it(void *arg)
{
	db_close(arg);
}

static void
begin(void *arg)
{
	(void)db_begin_write(arg, &house.err);
}

static void
a_child_may_not_use_its_parents(void **state)
{
	struct db *db;

	(void)state;
	make_db();
	db = open_as(db_file(), DB_SERVE, 0);
	assert_dies(use, db, "after a fork");
	assert_dies(begin, db, "after a fork");
	assert_dies(close_it, db, "after a fork");
	OK(db_exec(db, "INSERT INTO t (b) VALUES (1)", &house.err));
	db_close(db);
}

/* --- transactions, errors, deadlines ---------------------------------------- */

static void
errors_name_what_was_wrong(void **state)
{
	struct db *db;
	int64_t n;

	(void)state;
	make_db();
	db = open_as(db_file(), DB_TOOL, 0);
	FAILS(db_exec(db, "SELEC 1", &house.err), ERR_SYSTEM,
	    "SELEC 1: near \"SELEC\": syntax error");
	FAILS(db_int(db, "SELECT a FROM t", &n, &house.err), ERR_NOT_FOUND,
	    "SELECT a FROM t: no row");
	OK(db_exec(db, "INSERT INTO t (a) VALUES (1)", &house.err));
	FAILS(db_exec(db, "INSERT INTO t (a) VALUES (1)", &house.err),
	    ERR_CONFLICT,
	    "INSERT INTO t (a) VALUES (1): UNIQUE constraint failed: t.a");
	FAILS(db_exec(db, "INSERT INTO t (a) VALUES ('x')", &house.err),
	    ERR_INPUT, "INSERT INTO t (a) VALUES ('x'): datatype mismatch");
	OK(db_quick_check(db, &house.err));
	db_close(db);
}

static void
a_commit_that_fails_is_rolled_back(void **state)
{
	struct db *db = open_as(db_file(), DB_SERVE, 1);
	int64_t n;

	(void)state;
	OK(db_exec(db,
	    "CREATE TABLE a (id INTEGER PRIMARY KEY);"
	    "CREATE TABLE b (a REFERENCES a (id) DEFERRABLE "
	    "INITIALLY DEFERRED)",
	    &house.err));
	OK(db_begin_write(db, &house.err));
	OK(db_exec(db, "INSERT INTO b VALUES (7)", &house.err));
	FAILS(db_commit(db, &house.err), ERR_CONFLICT,
	    "COMMIT: FOREIGN KEY constraint failed");
	assert_true(sqlite3_get_autocommit(db_handle(db)));
	OK(db_int(db, "SELECT count(*) FROM b", &n, &house.err));
	assert_int_equal(n, 0);
	db_rollback(db);

	/* Not enforced, and checked. */
	OK(db_foreign_keys(db, 0, &house.err));
	OK(db_exec(db, "INSERT INTO b VALUES (7)", &house.err));
	OK(db_foreign_keys(db, 1, &house.err));
	FAILS(db_foreign_key_check(db, &house.err), ERR_CONFLICT,
	    "a row of b refers to one of a that is not there");
	OK(db_exec(db, "INSERT INTO a VALUES (7)", &house.err));
	OK(db_foreign_key_check(db, &house.err));
	db_close(db);
}

static void
a_reader_sees_what_was_when_it_began(void **state)
{
	struct db *reader, *writer;
	int64_t n;

	(void)state;
	make_db();
	reader = open_as(db_file(), DB_SERVE, 0);
	writer = open_as(db_file(), DB_SERVE, 0);
	OK(db_begin_read(reader, &house.err));
	OK(db_exec(writer, "INSERT INTO t (b) VALUES (1)", &house.err));
	OK(db_int(reader, "SELECT count(*) FROM t", &n, &house.err));
	assert_int_equal(n, 0);
	OK(db_commit(reader, &house.err));
	OK(db_int(reader, "SELECT count(*) FROM t", &n, &house.err));
	assert_int_equal(n, 1);
	db_close(reader);
	db_close(writer);
}

static void
a_wait_for_the_lock_is_bounded(void **state)
{
	struct db_opts opts = { .role = DB_SERVE };
	struct db *holder, *db;
	int64_t start, took;

	(void)state;
	make_db();
	holder = open_as(db_file(), DB_SERVE, 0);
	OK(db_begin_write(holder, &house.err));

	opts.path = db_file();
	db = db_open(&opts, &house.err);
	HAVE(db);
	start = clock_mono_ms();
	FAILS(db_begin_write(db, &house.err), ERR_BUSY,
	    "BEGIN IMMEDIATE: database is locked");
	assert_int_equal(house.err.retry_after, 1);
	assert_true(clock_mono_ms() - start < 100);
	db_close(db);

	opts.path = db_file();
	opts.busy_ms = 120;
	db = db_open(&opts, &house.err);
	HAVE(db);
	start = clock_mono_ms();
	FAILS(db_begin_write(db, &house.err), ERR_BUSY,
	    "BEGIN IMMEDIATE: database is locked");
	assert_true(clock_mono_ms() - start >= 120);
	db_close(db);

	/* The deadline comes first. */
	opts.path = db_file();
	opts.busy_ms = 60000;
	db = db_open(&opts, &house.err);
	HAVE(db);
	start = clock_mono_ms();
	db_deadline(db, start + 120);
	FAILS(db_begin_write(db, &house.err), ERR_BUSY,
	    "BEGIN IMMEDIATE: database is locked");
	took = clock_mono_ms() - start;
	assert_true(took >= 120 && took < 20000);
	db_deadline(db, 0);

	db_rollback(holder);
	OK(db_begin_write(db, &house.err));
	db_close(db);
	db_close(holder);
}

#define ENDLESS                                                                \
	"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "            \
	"FROM n) SELECT count(*) FROM n"

static void
a_statement_ends_at_its_deadline(void **state)
{
	struct db *db;
	int64_t start, took;

	(void)state;
	make_db();
	db = open_as(db_file(), DB_SERVE, 0);
	start = clock_mono_ms();
	db_deadline(db, start + 60);
	FAILS(db_exec(db, ENDLESS, &house.err), ERR_DEADLINE,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION : interrupted");
	took = clock_mono_ms() - start;
	assert_true(took >= 60 && took < 20000);
	/* Over: nothing more runs, until the next request says when. */
	FAILS(db_exec(db, ENDLESS, &house.err), ERR_DEADLINE,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION : interrupted");
	db_deadline(db, 0);
	OK(db_exec(db,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "LIMIT 100000) SELECT count(*) FROM n",
	    &house.err));
	db_close(db);
}

/*
 * A transaction ends as it was told to, deadline or not: interrupted after it
 * was done, a COMMIT would be reported as failed, and its hint not be sent.
 * The statement is kept, and SQLite counts its steps over all its runs.
 */
static void
no_deadline_cuts_a_commit_short(void **state)
{
	struct db_commit commit;
	struct db *db;
	int64_t n;
	int i;

	(void)state;
	make_db();
	db = open_as(db_file(), DB_SERVE, 0);
	for (i = 0; i < 1500; i++) {
		db_deadline(db, 0);
		OK(db_begin_write(db, &house.err));
		if (i % 100 == 0)
			OK(db_exec(
			    db, "INSERT INTO t (b) VALUES (1)", &house.err));
		db_deadline(db, 1);
		OK(db_commit(db, &house.err));
		assert_int_equal(db_take_commit(db, &commit), i % 100 == 0);
		OK(db_begin_write(db, &house.err));
		db_rollback(db);
		assert_true(sqlite3_get_autocommit(db_handle(db)));
		OK(db_begin_read(db, &house.err));
		db_rollback(db);
	}
	db_deadline(db, 0);
	OK(db_int(db, "SELECT count(*) FROM t", &n, &house.err));
	assert_int_equal(n, 15);
	db_close(db);
}

static void
damage_is_found(void **state)
{
	struct db *db = open_as(db_file(), DB_TOOL, 1);
	unsigned char junk[4000];
	char text[400];
	int fd;

	(void)state;
	OK(db_exec(db,
	    "CREATE TABLE t (a INTEGER PRIMARY KEY, b); CREATE INDEX i ON "
	    "t (b); INSERT INTO t (b) SELECT randomblob(500) FROM "
	    "json_each('[1,2,3,4,5,6,7,8,9]')",
	    &house.err));
	OK(db_quick_check(db, &house.err));
	db_close_last(db);
	memset(junk, 'x', sizeof(junk));
	fd = open(db_file(), O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096), sizeof(junk));
	close(fd);
	db = open_as(db_file(), DB_TOOL, 0);
	err_clear(&house.err);
	assert_int_equal(db_quick_check(db, &house.err), -1);
	assert_int_equal(house.err.code, ERR_CORRUPT);
	snprintf(text, sizeof(text), "%s: PRAGMA quick_check(1): ", db_file());
	assert_ptr_equal(strstr(house.err.msg, text), house.err.msg);
	FAILS(db_exec(db, "SELECT * FROM t", &house.err), ERR_CORRUPT,
	    "SELECT * FROM t: database disk image is malformed");
	db_close(db);
}

static void
the_guard_stands_when_it_is_on(void **state)
{
	struct db *db;

	(void)state;
	make_db();
	db = open_as(db_file(), DB_SERVE, 0);
	OK(db_exec(db, "CREATE TABLE _users (id, password_hash)", &house.err));
	assert_string_equal(db_guard_reason(db), "");
	db_guard(db, 1);
	FAILS(db_exec(db, "SELECT password_hash FROM _users", &house.err),
	    ERR_SYSTEM,
	    "SELECT password_hash FROM _users: access to "
	    "_users.password_hash is prohibited");
	assert_string_equal(db_guard_reason(db),
	    "the system column _users.password_hash may not be read");
	FAILS(db_exec(db, "PRAGMA foreign_keys = OFF", &house.err), ERR_SYSTEM,
	    "PRAGMA foreign_keys = OFF: not authorized");
	/* It is for what tenants say, not for our own BEGIN and COMMIT. */
	OK(db_begin_write(db, &house.err));
	OK(db_commit(db, &house.err));
	OK(db_begin_read(db, &house.err));
	db_rollback(db);
	assert_true(sqlite3_get_autocommit(db_handle(db)));
	assert_true(db_exec(db, "BEGIN", &house.err) != 0);
	db_guard(db, 0);
	OK(db_exec(db, "SELECT password_hash FROM _users", &house.err));
	db_close(db);
}

/* --- files -------------------------------------------------------------------- */

static void
a_file_that_moved_is_noticed(void **state)
{
	struct db *db;

	(void)state;
	make_db();
	db = open_as(db_file(), DB_SERVE, 0);
	assert_false(db_moved(db));
	assert_int_equal(rename(db_file(), house_path("away")), 0);
	assert_true(db_moved(db));
	/* Another one in its place is not it either. */
	put_file(db_file(), "another");
	assert_true(db_moved(db));
	assert_int_equal(unlink(db_file()), 0);
	assert_true(db_moved(db));
	assert_int_equal(rename(house_path("away"), db_file()), 0);
	assert_false(db_moved(db));
	db_close(db);
}

static void
reads_through_sqlites_own_descriptor(void **state)
{
	unsigned char page[4096];
	char text[400];
	int64_t size;
	struct db *db;

	(void)state;
	make_db();
	db = open_as(db_file(), DB_REPLICATE, 0);
	OK(db_read_file(db, page, sizeof(page), 0, &house.err));
	assert_memory_equal(page, "SQLite format 3", 16);
	OK(db_file_size(db, &size, &house.err));
	assert_int_equal(size, house_file_size(db_file()));
	snprintf(text, sizeof(text), "%s ends before byte %lld", db_file(),
	    (long long)size + 4096);
	FAILS(db_read_file(db, page, sizeof(page), size, &house.err),
	    ERR_CORRUPT, text);
	OK(db_sync_wal(db, &house.err));
	db_close(db);
}

static void
memory_is_counted_and_given_back(void **state)
{
	struct db *db;
	int64_t full, empty;

	(void)state;
	make_db();
	db = open_as(db_file(), DB_SERVE, 0);
	OK(db_exec(
	    db, "INSERT INTO t (b) VALUES (randomblob(900000))", &house.err));
	OK(db_exec(db, "SELECT sum(length(b || 'x')) FROM t", &house.err));
	full = db_cache_memory(db);
	assert_true(full > 500000);
	assert_true(full < (1234 + 200) * 1024);
	assert_true(db_memory(db) > full);
	db_shrink(db);
	empty = db_cache_memory(db);
	assert_true(empty < 40000);
	db_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(the_contract_holds_in_every_role),
		house_test(what_others_cause_is_limited),
		house_test(a_quota_is_a_quota),
		house_test(the_replicator_keeps_no_schema),
		house_test(a_missing_file_stays_missing),
		house_test(an_empty_file_is_no_database),
		house_test(no_database_is_made_beside_a_wal),
		house_test(what_is_no_database_is_refused),
		house_test(what_may_not_be_written_says_so),
		house_test(a_rollback_journal_becomes_a_wal),
		house_test(closing_makes_no_checkpoint),
		house_test(closing_last_while_others_are_there_leaves_the_wal),
		house_test(broken_promises_end_the_process),
		house_test(a_child_may_not_use_its_parents),
		house_test(errors_name_what_was_wrong),
		house_test(a_commit_that_fails_is_rolled_back),
		house_test(a_reader_sees_what_was_when_it_began),
		house_test(a_wait_for_the_lock_is_bounded),
		house_test(a_statement_ends_at_its_deadline),
		house_test(no_deadline_cuts_a_commit_short),
		house_test(damage_is_found),
		house_test(the_guard_stands_when_it_is_on),
		house_test(a_file_that_moved_is_noticed),
		house_test(reads_through_sqlites_own_descriptor),
		house_test(memory_is_counted_and_given_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
