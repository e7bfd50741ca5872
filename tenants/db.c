#include "tenants/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/db_clock.h"
#include "tenants/guard.h"
#include "tenants/sqlerr.h"

#define CACHE_KIB      2000
#define WAL_SIZE_KEPT  (4 << 20) /* of a WAL that is restarted */
#define FTS5_INNOCUOUS 3044000 /* SQLite that lets untrusted triggers use it */

/* Statements that every connection needs, prepared when first needed. */
enum own { BEGIN_READ, BEGIN_WRITE, LOOK, COMMIT, ROLLBACK, OWN };

static const char *const own_sql[OWN] = {
	[BEGIN_READ] = "BEGIN",
	[BEGIN_WRITE] = "BEGIN IMMEDIATE",
	/* Reads page 1 and needs no schema, which the replicator never loads. */
	[LOOK] = "PRAGMA user_version",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
};

struct db {
	sqlite3 *handle;
	char *path;
	pid_t owner;
	enum db_role role;
	int created;
	struct db_clock clock;
	sqlite3_stmt *own[OWN];
	struct guard guard;
	unsigned commits; /* that wrote, as the hook counts them */
	unsigned commits_taken;
	struct db_commit commit;
};

/* The limits of a connection that serves what others send. */
static const struct {
	int which;
	int value;
} limits[] = {
	{ SQLITE_LIMIT_LENGTH, 8 << 20 }, /* twice the largest answer */
	{ SQLITE_LIMIT_SQL_LENGTH, 1000000 },
	{ SQLITE_LIMIT_COLUMN, 500 },
	{ SQLITE_LIMIT_EXPR_DEPTH, 100 },
	{ SQLITE_LIMIT_COMPOUND_SELECT, 50 },
	{ SQLITE_LIMIT_VDBE_OP, 250000 },
	{ SQLITE_LIMIT_ATTACHED, 0 },
	{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200 },
	{ SQLITE_LIMIT_VARIABLE_NUMBER, 250 },
	{ SQLITE_LIMIT_TRIGGER_DEPTH, 100 }, /* cascades of foreign keys too */
	{ SQLITE_LIMIT_WORKER_THREADS, 0 },
};

static const struct {
	int option;
	int value;
} settings[] = {
	{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
	{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 1 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0 },
	{ SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 0 },
	{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	{ SQLITE_DBCONFIG_DQS_DML, 0 },
};

static void
check_owner(const struct db *db)
{
	if (db->owner != getpid())
		err_die("%s: opened by process %ld, used by %ld after a fork",
		    db->path, (long)db->owner, (long)getpid());
}

int
db_err(struct db *db, struct err *err, const char *fmt, ...)
{
	char context[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	return sqlerr_set(db->handle, db->path, context, err);
}

/* R1: stands where auto-checkpoint would, and makes none. */
static int
on_commit(void *arg, sqlite3 *handle, const char *schema, int frames)
{
	struct db *db = arg;

	(void)handle;
	(void)schema;
	db->commits++;
	db->commit.salt[0] = db->commit.salt[1] = 0;
	db->commit.frame = (uint32_t)frames;
	db->commit.time_ms = clock_wall_ms();
	return SQLITE_OK;
}

/*
 * What stands at the path before SQLite may look.  It would take an empty file
 * for a new database, and remove a WAL that lies beside it.
 */
static int
check_file(const struct db_opts *opts, struct err *err)
{
	char wal[4096];
	struct stat st;
	int fd;

	if (stat(opts->path, &st) == 0) {
		if (opts->create)
			return err_set(
			    err, ERR_CONFLICT, "%s exists already", opts->path);
		if (!S_ISREG(st.st_mode))
			return err_set(
			    err, ERR_CORRUPT, "%s is not a file", opts->path);
		if (st.st_size == 0)
			return err_set(err, ERR_CORRUPT,
			    "%s is empty, not a database", opts->path);
		return 0;
	}
	if (errno != ENOENT)
		return err_sys(err, "cannot look at %s", opts->path);
	if (!opts->create)
		return err_set(
		    err, ERR_NOT_FOUND, "%s is not there", opts->path);
	(void)snprintf(wal, sizeof(wal), "%s-wal", opts->path);
	if (stat(wal, &st) == 0)
		return err_set(err, ERR_CORRUPT,
		    "%s is there and its database is not", wal);
	fd = file_open(opts->path, O_RDWR | O_CREAT | O_EXCL, 0660, err);
	if (fd < 0)
		return -1;
	return file_close(&fd, opts->path, err);
}

static int
pragma(struct db *db, const char *name, int64_t value, struct err *err)
{
	char sql[80];

	(void)snprintf(
	    sql, sizeof(sql), "PRAGMA %s = %lld", name, (long long)value);
	return db_exec(db, sql, err);
}

/* The first row of a query, or NULL: with *err, or where there is no row. */
static sqlite3_stmt *
first_row(struct db *db, const char *sql, int *none, struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(db, sql, err);
	int rc;

	*none = 0;
	if (stmt == NULL)
		return NULL;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		return stmt;
	*none = rc == SQLITE_DONE;
	if (!*none)
		db_err(db, err, "%.40s", sql);
	(void)sqlite3_finalize(stmt);
	return NULL;
}

/* A query that answers in one word: is it this one? */
static int
expect(struct db *db, const char *sql, const char *word, enum err_code code,
    struct err *err)
{
	int none, same;
	sqlite3_stmt *stmt = first_row(db, sql, &none, err);
	const char *said;

	if (stmt == NULL)
		return none ? err_set(err, code, "%s: no answer", sql) : -1;
	said = (const char *)sqlite3_column_text(stmt, 0);
	same = said != NULL && strcmp(said, word) == 0;
	if (!same)
		err_set(err, code, "%s: %s", sql, said != NULL ? said : "");
	(void)sqlite3_finalize(stmt);
	return same ? 0 : -1;
}

int
db_set_size_max(struct db *db, int64_t bytes, struct err *err)
{
	int64_t page_size;

	if (db_int(db, "PRAGMA page_size", &page_size, err) != 0)
		return -1;
	return pragma(db, "max_page_count",
	    bytes < page_size ? 1 : bytes / page_size, err);
}

static int
configure(struct db *db, const struct db_opts *opts, struct err *err)
{
	size_t i;
	int now;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (sqlite3_db_config(db->handle, settings[i].option,
			settings[i].value, &now) != SQLITE_OK ||
		    now != settings[i].value)
			return err_set(err, ERR_SYSTEM,
			    "this SQLite has no setting %d",
			    settings[i].option);
	/*
	 * Before that version, trusted_schema=OFF has every trigger that
	 * writes an FTS5 table fail ("unsafe use of virtual table").
	 */
	if (sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA,
		sqlite3_libversion_number() < FTS5_INNOCUOUS,
		&now) != SQLITE_OK)
		return err_set(
		    err, ERR_SYSTEM, "this SQLite has no trusted_schema");
	db_clock_install(&db->clock, db->handle);
	(void)sqlite3_wal_hook(db->handle, on_commit, db);

	if (opts->create && (pragma(db, "page_size", 4096, err) != 0 ||
				pragma(db, "auto_vacuum", 0, err) != 0))
		return -1;
	if (pragma(db, "mmap_size", 0, err) != 0 ||
	    pragma(db, "cell_size_check", 1, err) != 0 ||
	    pragma(db, "synchronous", 1, err) != 0 ||
	    pragma(db, "journal_size_limit", WAL_SIZE_KEPT, err) != 0 ||
	    pragma(db, "cache_size",
		-(opts->cache_kib > 0 ? opts->cache_kib : CACHE_KIB),
		err) != 0 ||
	    expect(db, "PRAGMA journal_mode = WAL", "wal", ERR_SYSTEM, err) !=
		0 ||
	    (opts->size_max > 0 &&
		db_set_size_max(db, opts->size_max, err) != 0))
		return -1;

	if (db->role == DB_SERVE) {
		for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
			(void)sqlite3_limit(
			    db->handle, limits[i].which, limits[i].value);
		guard_install(&db->guard, db->handle);
	}
	/*
	 * The pragmas had SQLite read the schema: tens of kilobytes for each
	 * of the replicator's many connections, which never use it.
	 */
	if (db->role == DB_REPLICATE &&
	    db_exec(db, "PRAGMA writable_schema = RESET", err) != 0)
		return -1;
	if (sqlite3_db_readonly(db->handle, "main") != 0) {
		err_set(err, ERR_SYSTEM, "it cannot be written");
		return err_hint(err,
		    "%s must be writable by the user that "
		    "runs rowhouse",
		    db->path);
	}
	return 0;
}

struct db *
db_open(const struct db_opts *opts, struct err *err)
{
	struct db *db;
	int rc;

	/*
	 * For the process, and heard only before its first connection: no
	 * 20 pages set aside for each connection, no counting of memory.
	 */
	(void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);

	if (check_file(opts, err) != 0)
		return NULL;
	db = calloc(1, sizeof(*db));
	if (db == NULL || (db->path = strdup(opts->path)) == NULL)
		err_die("out of memory");
	db->owner = getpid();
	db->role = opts->role;
	db->created = opts->create;
	db->clock.busy_ms = opts->busy_ms;
	rc = sqlite3_open_v2(opts->path, &db->handle,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
	    NULL);
	if (db->handle == NULL)
		err_die("out of memory");
	if (rc != SQLITE_OK) {
		db_err(db, err, "cannot open %s", opts->path);
		goto fail;
	}
	if (configure(db, opts, err) != 0) {
		err_wrap(err, "cannot open %s", opts->path);
		goto fail;
	}
	return db;
fail:
	db_close(db);
	return NULL;
}

void
db_close(struct db *db)
{
	int i;

	if (db == NULL)
		return;
	check_owner(db);
	db_rollback(db);
	for (i = 0; i < OWN; i++)
		(void)sqlite3_finalize(db->own[i]);
	/*
	 * What others prepared is theirs to finalize.  Not sqlite3_next_stmt()
	 * here: it gives out those that FTS5 keeps for itself too.
	 */
	if (sqlite3_close(db->handle) != SQLITE_OK)
		err_die("%s: closed with a statement open: %.200s", db->path,
		    sqlite3_sql(sqlite3_next_stmt(db->handle, NULL)));
	free(db->path);
	free(db);
}

void
db_close_last(struct db *db)
{
	if (db == NULL)
		return;
	if (db->role != DB_REPLICATE && !db->created)
		err_die("%s: only the replicator makes checkpoints", db->path);
	(void)sqlite3_db_config(
	    db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	db_close(db);
}

sqlite3 *
db_handle(struct db *db)
{
	check_owner(db);
	return db->handle;
}

const char *
db_path(const struct db *db)
{
	return db->path;
}

int
db_exec(struct db *db, const char *sql, struct err *err)
{
	check_owner(db);
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_err(db, err, "%.40s", sql);
	return 0;
}

sqlite3_stmt *
db_prepare(struct db *db, const char *sql, struct err *err)
{
	sqlite3_stmt *stmt;

	check_owner(db);
	if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
		&stmt, NULL) != SQLITE_OK) {
		db_err(db, err, "%.40s", sql);
		return NULL;
	}
	return stmt;
}

int
db_int(struct db *db, const char *sql, int64_t *out, struct err *err)
{
	int none;
	sqlite3_stmt *stmt = first_row(db, sql, &none, err);

	if (stmt == NULL)
		return none ? err_set(err, ERR_NOT_FOUND, "%.40s: no row", sql)
			    : -1;
	*out = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return 0;
}

/*
 * Without guard, which is for what tenants say, and without deadline: SQLite
 * looks at it after a COMMIT is done, too, and would report as interrupted
 * what happened, and call no hook.
 */
static int
run(struct db *db, enum own which, struct err *err)
{
	int guarded = db->guard.on;
	int rc = SQLITE_ERROR;

	check_owner(db);
	db->guard.on = 0;
	db->clock.paused = 1;
	if (db->own[which] == NULL)
		db->own[which] = db_prepare(db, own_sql[which], err);
	if (db->own[which] != NULL) {
		rc = sqlite3_step(db->own[which]);
		if (rc != SQLITE_DONE && rc != SQLITE_ROW)
			db_err(db, err, "%s", own_sql[which]);
		(void)sqlite3_reset(db->own[which]);
	}
	db->clock.paused = 0;
	db->guard.on = guarded;
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}

int
db_begin_read(struct db *db, struct err *err)
{
	if (run(db, BEGIN_READ, err) != 0)
		return -1;
	if (run(db, LOOK, err) != 0) {
		db_rollback(db);
		return -1;
	}
	return 0;
}

int
db_begin_write(struct db *db, struct err *err)
{
	return run(db, BEGIN_WRITE, err);
}

int
db_commit(struct db *db, struct err *err)
{
	unsigned commits = db->commits;
	struct db_wal before, after;
	struct err unknown;
	int known = 0;

	if (sqlite3_txn_state(db->handle, "main") == SQLITE_TXN_WRITE)
		known = walindex_read(db->handle, &before, &unknown) == 0;
	if (run(db, COMMIT, err) != 0) {
		db_rollback(db);
		return -1;
	}
	if (known && db->commits != commits &&
	    walindex_read(db->handle, &after, &unknown) == 0)
		(void)walindex_commit_salts(
		    &before, &after, db->commit.frame, db->commit.salt);
	return 0;
}

void
db_rollback(struct db *db)
{
	struct err unwanted;

	check_owner(db);
	if (!sqlite3_get_autocommit(db->handle))
		(void)run(db, ROLLBACK, &unwanted);
}

int
db_take_commit(struct db *db, struct db_commit *out)
{
	if (db->commits == db->commits_taken)
		return 0;
	db->commits_taken = db->commits;
	*out = db->commit;
	return 1;
}

int
db_user_version(struct db *db, int64_t *out, struct err *err)
{
	return db_int(db, "PRAGMA user_version", out, err);
}

int
db_set_user_version(struct db *db, int64_t version, struct err *err)
{
	return pragma(db, "user_version", version, err);
}

int
db_foreign_keys(struct db *db, int on, struct err *err)
{
	int now;

	if (!sqlite3_get_autocommit(db->handle))
		err_die(
		    "%s: foreign keys switched inside a transaction", db->path);
	if (sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, on,
		&now) != SQLITE_OK ||
	    now != on)
		return err_set(err, ERR_SYSTEM, "cannot switch foreign keys");
	return 0;
}

int
db_foreign_key_check(struct db *db, struct err *err)
{
	int none;
	sqlite3_stmt *stmt =
	    first_row(db, "PRAGMA foreign_key_check", &none, err);

	if (stmt == NULL)
		return none ? 0 : -1;
	err_set(err, ERR_CONFLICT,
	    "a row of %s refers to one of %s that is not there",
	    sqlite3_column_text(stmt, 0), sqlite3_column_text(stmt, 2));
	(void)sqlite3_finalize(stmt);
	return -1;
}

int
db_quick_check(struct db *db, struct err *err)
{
	if (expect(db, "PRAGMA quick_check(1)", "ok", ERR_CORRUPT, err) != 0)
		return err_wrap(err, "%s", db->path);
	return 0;
}

int
db_integrity_check(struct db *db, struct err *err)
{
	if (expect(db, "PRAGMA integrity_check(1)", "ok", ERR_CORRUPT, err) !=
	    0)
		return err_wrap(err, "%s", db->path);
	return 0;
}

int
db_copy_to(struct db *db, const char *path, struct err *err)
{
	struct db copy = { .path = (char *)path, .owner = getpid() };
	sqlite3_backup *backup = NULL;
	int rc;

	check_owner(db);
	rc = sqlite3_open_v2(path, &copy.handle,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
	    NULL);
	if (copy.handle == NULL)
		err_die("out of memory");
	if (rc == SQLITE_OK)
		backup = sqlite3_backup_init(
		    copy.handle, "main", db->handle, "main");
	if (backup != NULL) {
		(void)sqlite3_backup_step(backup, -1);
		rc = sqlite3_backup_finish(backup);
	}
	if (rc != SQLITE_OK || backup == NULL)
		rc = db_err(&copy, err, "cannot copy %s", db->path);
	else if (expect(&copy, "PRAGMA journal_mode = DELETE", "delete",
		     ERR_SYSTEM, err) != 0)
		rc = -1;
	else
		rc = db_quick_check(&copy, err);
	(void)sqlite3_close(copy.handle);
	return rc;
}

int
db_checkpoint(struct db *db, int *frames, int *copied, struct err *err)
{
	check_owner(db);
	if (db->role != DB_REPLICATE)
		err_die("%s: only the replicator makes checkpoints", db->path);
	if (sqlite3_wal_checkpoint_v2(db->handle, "main",
		SQLITE_CHECKPOINT_PASSIVE, frames, copied) != SQLITE_OK)
		return db_err(db, err, "checkpoint");
	return 0;
}

void
db_guard(struct db *db, int on)
{
	if (db->role != DB_SERVE)
		err_die("%s: has no guard to switch", db->path);
	guard_switch(&db->guard, on);
}

const char *
db_guard_reason(const struct db *db)
{
	return guard_reason(&db->guard);
}

void
db_deadline(struct db *db, int64_t mono_ms)
{
	db->clock.deadline_ms = mono_ms;
}
