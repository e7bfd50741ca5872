#ifndef ROWHOUSE_DB_H
#define ROWHOUSE_DB_H

#include <sqlite3.h>
#include <stdint.h>

#include "tenants/base/err.h"
#include "tenants/base/str.h"
#include "tenants/walindex.h"

/*
 * One SQLite connection under the pragma contract.  sqlite3_open*(), PRAGMA
 * and BEGIN/COMMIT stand in db.c alone, so that the contract cannot be broken
 * elsewhere by accident:
 *
 *  - WAL mode, synchronous=NORMAL, foreign_keys=ON, mmap_size=0,
 *    cell_size_check=ON, DEFENSIVE, no extensions, limits; trusted_schema=OFF
 *    from SQLite 3.44 on, ON before, where FTS5 in triggers needs it;
 *    a busy handler of our own in the place of busy_timeout, since it knows
 *    the deadline; journal_size_limit, so that a WAL that grew is cut down
 *    when it is restarted.
 *  - R1: nobody checkpoints but the replicator.  A WAL hook takes the place of
 *    auto-checkpoint and NO_CKPT_ON_CLOSE is set, on every connection.
 *    `PRAGMA wal_autocheckpoint` and sqlite3_wal_autocheckpoint() are never
 *    used, not even with 0: they would remove the hook.
 *  - Opened after fork() only, used by the process that opened it (checked: a
 *    child that touches its parent's is ended) and by one thread at a time.
 *  - A file that is not there is an error, never an empty new database.
 */
struct db;

enum db_role {
	DB_SERVE,	/* a worker's: written on behalf of requests */
	DB_REPLICATE,	/* the replicator's: may checkpoint */
	DB_TOOL		/* the command line's */
};

struct db_opts {
	const char *path;
	enum db_role role;
	int create;		/* make it; ERR_CONFLICT if it is there */
	int64_t cache_kib;	/* ceiling of the page cache; 0 = 2000 */
	int64_t busy_ms;	/* how long to wait for a lock; 0 = not at all */
	int64_t size_max;	/* bytes, as max_page_count; 0 = no quota */
};

/*
 * ERR_NOT_FOUND names the path; ERR_CORRUPT for what is empty or not a
 * database, and, where create is set, for a -wal that lost its database.
 * What a creation that failed left behind is the caller's to remove.
 */
struct db *db_open(const struct db_opts *opts, struct err *err);

/*
 * Rolls back what was begun.  Every statement must have been finalized by whom
 * it was prepared: one that is left ends the process, since it would keep the
 * file open and its locks with it.  Accepts NULL.
 */
void db_close(struct db *db);

/* The connection, to prepare and step statements with; not to be closed. */
sqlite3 *db_handle(struct db *db);
const char *db_path(const struct db *db);

/*
 * Turns the connection's last error into *err, after "context: ": busy and
 * locked are ERR_BUSY, interrupted ERR_DEADLINE, full ERR_FULL or (size_max) ERR_QUOTA, corrupt and
 * notadb ERR_CORRUPT, constraint ERR_CONFLICT, too big ERR_TOO_LARGE, readonly
 * ERR_SYSTEM with a hint.  Returns -1.
 */
int db_err(struct db *db, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Our own literal SQL: one or several statements, no rows wanted. */
int db_exec(struct db *db, const char *sql, struct err *err);
/* A statement that may be kept; sqlite3_finalize() it before db_close. */
sqlite3_stmt *db_prepare(struct db *db, const char *sql, struct err *err);
/* The first column of the first row as an integer; ERR_NOT_FOUND without. */
int db_int(struct db *db, const char *sql, int64_t *out, struct err *err);

/*
 * Transactions.  db_begin_write is BEGIN IMMEDIATE; db_begin_read also reads,
 * so that the snapshot is taken when it returns.  A commit that fails has been
 * rolled back.  db_rollback cannot fail and is harmless outside a transaction.
 */
int db_begin_read(struct db *db, struct err *err);
int db_begin_write(struct db *db, struct err *err);
int db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db);

/* PRAGMA user_version; set inside a transaction, it is a part of it. */
int db_user_version(struct db *db, int64_t *out, struct err *err);
int db_set_user_version(struct db *db, int64_t version, struct err *err);

/*
 * Enforcement of foreign keys, for a migration that rebuilds tables: switched
 * outside transactions only.  db_foreign_key_check is ERR_CONFLICT and names
 * the first table with a row that refers to nothing.
 */
int db_foreign_keys(struct db *db, int on, struct err *err);
int db_foreign_key_check(struct db *db, struct err *err);

/*
 * Another quota, as max_page_count.  SQLite does not cut a file that is larger
 * already: it is that large then, and does not grow.
 */
int db_set_size_max(struct db *db, int64_t bytes, struct err *err);

/*
 * All of it, as one read transaction sees it, into an empty file: page by page,
 * so that every rowid stays, in one file without a WAL, mode DELETE, checked by
 * quick_check.  Writers go on meanwhile; a checkpoint has to wait.
 */
int db_copy_to(struct db *db, const char *path, struct err *err);

/*
 * PRAGMA quick_check: ERR_CORRUPT with the first thing that it found.
 * db_integrity_check also holds every index against its table, and takes
 * several times as long.
 */
int db_quick_check(struct db *db, struct err *err);
int db_integrity_check(struct db *db, struct err *err);

/*
 * Has the file been renamed, replaced or unlinked under this handle?  A handle
 * goes on writing into such a file happily and in vain (R10).  1, 0.
 */
int db_moved(struct db *db);

/*
 * The wal-index as it is now (walindex.h): no lock, no I/O.  ERR_BUSY
 * where its two copies would not agree: read once through SQLite, which
 * repairs what a killed writer left, and ask again.  ERR_CORRUPT where the
 * header is not one.
 */
int db_wal_index(struct db *db, struct db_wal *out, struct err *err);

/*
 * A number that differs after every commit by anyone, for caches of what a
 * database says: cheap enough to ask per request.  0 where it cannot be told.
 */
uint64_t db_version(struct db *db);

/*
 * What the last commit that wrote left behind, for the hint: salts and frame,
 * and the time after COMMIT.  Salts of 0 0 where they are not certain: see
 * walindex.c, and for what was written outside db_begin_write.  1, or 0 where
 * nothing was written since last asked.
 */
struct db_commit {
	uint32_t salt[2];
	uint32_t frame;
	int64_t time_ms;
};

int db_take_commit(struct db *db, struct db_commit *out);

/*
 * For the replicator (DB_REPLICATE only; db_close_last also for the maker of a
 * file that nobody else knows of yet).
 *
 * db_checkpoint: PASSIVE, complete or not: *frames and *copied as SQLite
 * reports them.  The caller holds BEGIN IMMEDIATE on another connection (R2).
 * db_sync_wal: the WAL to stable storage, through SQLite's own descriptor (R4).
 * db_read_file: bytes of the database file, through SQLite's descriptor (R5);
 * fewer than n are ERR_CORRUPT.  db_read_wal: the same of the WAL.
 * db_close_last: like db_close, but if no other connection is open anywhere,
 * SQLite checkpoints what is left and removes the WAL, under its exclusive
 * lock.  That the -wal is gone afterwards is the proof that it did.
 */
int db_checkpoint(struct db *db, int *frames, int *copied, struct err *err);
int db_sync_wal(struct db *db, struct err *err);
int db_read_file(struct db *db, void *p, size_t n, int64_t at, struct err *err);
int db_read_wal(struct db *db, void *p, size_t n, int64_t at, struct err *err);
int db_file_size(struct db *db, int64_t *out, struct err *err);
void db_close_last(struct db *db);

/*
 * Switches the guard (guard.h) for SQL of the application folder; DB_SERVE
 * only.  db_guard_reason says what it refused.
 */
void db_guard(struct db *db, int on);
const char *db_guard_reason(const struct db *db);	/* "" = nothing refused */

/*
 * Statements are interrupted from then on (ERR_DEADLINE), and a wait for a
 * lock ends then (ERR_BUSY); 0 = no deadline.
 */
void db_deadline(struct db *db, int64_t mono_ms);

/*
 * Memory of this connection in bytes: page cache, schema and statements.
 * db_cache_memory is the page cache alone, and takes a microsecond.
 */
int64_t db_memory(struct db *db);
int64_t db_cache_memory(struct db *db);
/* Gives back the page cache. */
void db_shrink(struct db *db);

#endif
