#ifndef ROWHOUSE_WALINDEX_H
#define ROWHOUSE_WALINDEX_H

#include <sqlite3.h>
#include <stdint.h>

#include "tenants/base/err.h"

/*
 * The header of a database's wal-index, read from the shared memory that a
 * connection has mapped: no lock, no I/O.  walindex.c has the format.
 * Numbers are in host byte order; the salts are as the WAL file's header has
 * them, read big-endian.
 */
struct db_wal {
	uint32_t change;	/* iChange: one more with each commit */
	uint32_t page_size;
	uint32_t frames;	/* mxFrame: the last committed one */
	uint32_t pages;		/* nPage: size of the database */
	uint32_t cksum[2];	/* aFrameCksum: of the frame mxFrame */
	uint32_t salt[2];
	uint32_t backfilled;	/* nBackfill: copied into the database file */
	int big_endian;		/* bigEndCksum */
};

/*
 * The connection must have read in WAL mode before.  ERR_BUSY where the two
 * copies would not agree: a commit is being published, or its writer was
 * killed over it, which the next read through SQLite repairs.  ERR_CORRUPT
 * where the header is not one.
 */
int walindex_read(sqlite3 *handle, struct db_wal *out, struct err *err);

/*
 * The salts of the WAL that our commit went into, whose last frame was frame,
 * from the index before COMMIT, under the write lock, and after it, without.
 * 0 where that is certain, -1 where it is not.
 */
int walindex_commit_salts(const struct db_wal *before,
    const struct db_wal *after, uint32_t frame, uint32_t salt[2]);

#endif
