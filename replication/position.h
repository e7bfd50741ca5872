#ifndef ROWHOUSE_POSITION_H
#define ROWHOUSE_POSITION_H

#include <stdint.h>

#include "replication/wal.h"
#include "tenants/base/err.h"
#include "tenants/base/file.h"

/*
 * How far a database has been captured, as the replicator remembers it across
 * its own death and the machine's: one small file in the tenant's spool.
 *
 * Everything up to `txid` lies in LTX files that were made durable before the
 * position was; `wal` is the place behind the last captured frame.
 *
 * `complete` says that the database file holds all of it too (our own complete
 * checkpoint, under the write lock), and `db` is who the database file was at
 * that moment.  Only the replicator ever writes that file, so as long
 * as it is the same, whatever the WAL holds now, in whichever generation, is
 * exactly what happened since (R8a).
 */
struct position {
	uint32_t epoch;			/* of the replica; 0 = no position */
	uint64_t txid;			/* newest captured; 0 = the base is not made */
	int64_t time_ms;		/* its time */
	uint64_t shipped;		/* every TXID up to it is acknowledged … */
	uint32_t replica;		/* … by this one (claim_replica); 0 = by none yet */
	uint32_t page_size;
	uint32_t pages;			/* size of the database then */
	struct wal_place wal;
	int complete;
	struct file_id db;		/* where complete */
	int sealed;			/* closed, with nothing left to ship … */
	struct file_id wal_file;	/* … and this was the WAL then */
	uint64_t snapshot_txid;		/* newest snapshot made, base included */
	int64_t snapshot_ms;
	int64_t snapshot_bytes;		/* its size … */
	int64_t since_bytes;		/* … and of the raw files after it */
};

/*
 * Two slots in one file, written in turn and in place, so that a power cut can
 * spoil only the one that was being written.  Until the next syncfs() neither that slot
 * nor the spool files that it speaks of are durable, and they may become so in any
 * order: after a crash the newest slot is believed only if the spool holds, whole, every
 * TXID above its `shipped` (spool_verify); else the one before it is, which was durable with all its files.
 * For that, a spool file is removed only when a slot that calls it shipped is durable.
 */
#define POSITION_SLOTS 2

struct position_file;

/* The whole slots, newest first, *n of them; a new file has none. */
struct position_file *position_open(const char *path,
    struct position slots[POSITION_SLOTS], int *n, struct err *err);
void position_close(struct position_file *file);

/* It is slots[which] that is believed: the next save overwrites the other. */
void position_believe(struct position_file *file, int which);

/*
 * Written, not synced: that is for the tick's syncfs(), after which
 * position_synced() is told.  A second save before that syncs the first, for
 * else both slots would be in doubt at once.
 */
int position_save(struct position_file *file, const struct position *position,
    struct err *err);
void position_synced(struct position_file *file);
int position_is_synced(const struct position_file *file);
int position_sync(struct position_file *file, struct err *err);

/*
 * The newest whole slot, without keeping the file open, for those who only
 * want to know.  ERR_NOT_FOUND where there is none.
 */
int position_read(const char *path, struct position *out, struct err *err);

#endif
