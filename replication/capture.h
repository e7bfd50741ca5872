#ifndef ROWHOUSE_CAPTURE_H
#define ROWHOUSE_CAPTURE_H

#include <stdint.h>

#include "replication/ltx.h"
#include "replication/pages.h"
#include "replication/wal.h"
#include "tenants/base/err.h"
#include "tenants/db.h"

/*
 * From a pinned WAL to LTX files in the spool.  Nothing here is durable when it
 * returns: the caller syncs before anything is shipped (R4, R4a).  A file
 * appears under its name whole or not at all.
 */
struct capture {
	struct db *db;			/* pinned by a read transaction */
	const struct db_wal *index;
	uint32_t epoch;
	uint64_t txid;
	int64_t time_ms;
	const char *path;		/* of the file to be made */
};

/*
 * One raw file of everything between *place and frame `to`, which is a commit frame: its pages,
 * and every page above the smallest size that the database had since
 * the previous file (`pages_before` then) up to the new one (R6).  Moves *place, gives the
 * new size of the database in pages and of the file in bytes.
 */
int capture_raw(const struct capture *capture, uint32_t pages_before,
    struct wal_place *place, uint32_t to, uint32_t *pages, int64_t *bytes,
    struct err *err);

/* Is the frame a commit?  Not verified: capture_raw does that. */
int capture_is_commit(struct db *db, const struct db_wal *index,
    uint32_t frame, int *commit, struct err *err);

/*
 * A snapshot: every page as of the place that the read transaction of
 * capture->db sees, which the caller knows to be exactly the end of `index`, itself
 * read after the transaction began and under the write lock. It is
 * made in steps, so that one large tenant does not hold up the others.  The transaction
 * must stay open until the end.
 */
struct capture_snapshot;

/*
 * *place becomes the end of the index; verified from the header on.  Where
 * the WAL is empty it is left alone.
 */
struct capture_snapshot *capture_snapshot_begin(const struct capture *capture,
    struct wal_place *place, struct err *err);
/* At most n pages more.  1 finished, 0 there are more, -1. */
int capture_snapshot_step(struct capture_snapshot *snapshot, uint32_t n,
    struct err *err);
int64_t capture_snapshot_bytes(const struct capture_snapshot *snapshot);
/* Removes what is not finished. */
void capture_snapshot_free(struct capture_snapshot *snapshot);

#endif
