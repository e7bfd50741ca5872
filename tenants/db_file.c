/*
 * What is known of a connection's files: through SQLite's own descriptors and
 * mappings, since opening and closing them a second time would drop its locks
 * (R5).
 */
#include "tenants/db.h"

#include <errno.h>
#include <limits.h>

int
db_moved(struct db *db)
{
	int moved = 1;

	if (sqlite3_file_control(db_handle(db), "main", SQLITE_FCNTL_HAS_MOVED,
		&moved) != SQLITE_OK)
		return 1;
	return moved;
}

int
db_wal_index(struct db *db, struct db_wal *out, struct err *err)
{
	return walindex_read(db_handle(db), out, err);
}

/* The finalizer of MurmurHash3: every bit of v reaches every bit. */
static uint64_t
mix(uint64_t v)
{
	v ^= v >> 33;
	v *= 0xff51afd7ed558ccdULL;
	v ^= v >> 33;
	v *= 0xc4ceb9fe1a85ec53ULL;
	return v ^ v >> 33;
}

uint64_t
db_version(struct db *db)
{
	struct err unknown;
	struct db_wal w;
	uint64_t v;

	if (walindex_read(db_handle(db), &w, &unknown) != 0)
		return 0;
	v = mix((uint64_t)w.salt[0] << 32 | w.salt[1]);
	v = mix(v ^ ((uint64_t)w.cksum[0] << 32 | w.cksum[1]));
	v = mix(v ^ ((uint64_t)w.frames << 32 | w.change));
	return v != 0 ? v : 1;
}

/* SQLite's own open file: opcode is that of the database or of its WAL. */
static sqlite3_file *
own_file(struct db *db, int opcode, struct err *err)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db_handle(db), "main", opcode, &file) !=
		SQLITE_OK ||
	    file == NULL || file->pMethods == NULL) {
		err_set(err, ERR_SYSTEM, "%s: SQLite has no open file",
		    db_path(db));
		return NULL;
	}
	return file;
}

static int
file_err(struct db *db, sqlite3_file *file, int rc, const char *what,
    struct err *err)
{
	int number = 0;

	if (file->pMethods->xFileControl(
		file, SQLITE_FCNTL_LAST_ERRNO, &number) == SQLITE_OK &&
	    number != 0) {
		errno = number;
		return err_sys(err, "cannot %s %s", what, db_path(db));
	}
	return err_set(err, ERR_SYSTEM, "cannot %s %s: %s", what, db_path(db),
	    sqlite3_errstr(rc));
}

int
db_sync_wal(struct db *db, struct err *err)
{
	sqlite3_file *file = own_file(db, SQLITE_FCNTL_JOURNAL_POINTER, err);
	int rc;

	if (file == NULL)
		return -1;
	rc = file->pMethods->xSync(
	    file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
	if (rc != SQLITE_OK)
		return file_err(db, file, rc, "sync the WAL of", err);
	return 0;
}

static int
read_own(
    struct db *db, int opcode, void *p, size_t n, int64_t at, struct err *err)
{
	sqlite3_file *file = own_file(db, opcode, err);
	int rc;

	if (file == NULL)
		return -1;
	rc = n > INT_MAX ? SQLITE_TOOBIG
			 : file->pMethods->xRead(file, p, (int)n, at);
	if (rc == SQLITE_IOERR_SHORT_READ)
		return err_set(err, ERR_CORRUPT, "%s ends before byte %lld",
		    db_path(db), (long long)(at + (int64_t)n));
	if (rc != SQLITE_OK)
		return file_err(db, file, rc, "read", err);
	return 0;
}

int
db_read_file(struct db *db, void *p, size_t n, int64_t at, struct err *err)
{
	return read_own(db, SQLITE_FCNTL_FILE_POINTER, p, n, at, err);
}

int
db_read_wal(struct db *db, void *p, size_t n, int64_t at, struct err *err)
{
	return read_own(db, SQLITE_FCNTL_JOURNAL_POINTER, p, n, at, err);
}

int
db_file_size(struct db *db, int64_t *out, struct err *err)
{
	sqlite3_file *file = own_file(db, SQLITE_FCNTL_FILE_POINTER, err);
	sqlite3_int64 size;
	int rc;

	if (file == NULL)
		return -1;
	rc = file->pMethods->xFileSize(file, &size);
	if (rc != SQLITE_OK)
		return file_err(db, file, rc, "size", err);
	*out = size;
	return 0;
}

static int64_t
status(struct db *db, int what)
{
	int now = 0, high = 0;

	(void)sqlite3_db_status(db_handle(db), what, &now, &high, 0);
	return now;
}

int64_t
db_cache_memory(struct db *db)
{
	return status(db, SQLITE_DBSTATUS_CACHE_USED);
}

int64_t
db_memory(struct db *db)
{
	return db_cache_memory(db) + status(db, SQLITE_DBSTATUS_SCHEMA_USED) +
	       status(db, SQLITE_DBSTATUS_STMT_USED);
}

void
db_shrink(struct db *db)
{
	(void)sqlite3_db_release_memory(db_handle(db));
}
