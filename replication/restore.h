#ifndef ROWHOUSE_RESTORE_H
#define ROWHOUSE_RESTORE_H

#include <stdint.h>

#include "replication/store.h"
#include "tenants/base/arena.h"
#include "tenants/base/err.h"
#include "tenants/leftover.h"

/*
 * From a replica to a database file at one point of its history.
 *
 * restore_plan chooses the objects; restore_build makes the file.  Neither
 * believes anything that it did not check: contiguity, every checksum, every
 * page present, then SQLite's own quick_check (R10).
 */
enum restore_point { RESTORE_LATEST, RESTORE_TIME, RESTORE_TXID };

struct restore_opts {
	const char *slug;	/* "" = what Litestream wrote (store.h) */
	uint32_t epoch;		/* 0 = the newest that fits */
	enum restore_point point;
	int64_t time_ms;	/* the newest state at or before it */
	uint64_t txid;
};

/* The point as --at or --txid give it; NULL, NULL: the newest.  ERR_INPUT. */
int restore_opts_point(struct restore_opts *opts, const char *at,
    const char *txid, struct err *err);

/* The claim of an epoch, as its owner wrote it; "" and 0 where it says nothing. */
struct restore_owner {
	int found;
	char uid[32];
	char host[128];
	int64_t time_ms;
	uint32_t parent_epoch;	/* 0 = none */
	uint64_t parent_txid;
	char why[240];
};

struct restore_plan {
	char slug[48];
	uint32_t epoch;
	uint64_t txid;		/* the state that it gives … */
	int64_t time_ms;	/* … and its time */
	uint32_t page_size;	/* … and its size */
	uint32_t pages;
	uint64_t next_txid;	/* the state after it; 0 = there is none … */
	int64_t next_time_ms;	/* … in the epoch */
	uint32_t newest_epoch;	/* of this tenant in the store */
	struct restore_owner owner;	/* of the epoch */
	int migration;		/* the state is that before it; 0: not asked … */
	int exact;		/* … and has all that was committed before it */
	size_t n;
	struct store_object *objects;	/* to be applied in this order */
	int64_t bytes;
};

/*
 * The arena gets the objects, at most RESTORE_PLAN_MAX bytes of them.
 * ERR_NOT_FOUND where the store has no such state; the message names the
 * nearest that it has.
 */
#define RESTORE_PLAN_MAX ((size_t)128 << 20)
int restore_plan(struct store *store, const struct restore_opts *opts,
    struct arena *arena, struct restore_plan *out, struct err *err);

/*
 * Another way to the same state, that takes none of the n objects: *plan is
 * changed.  ERR_NOT_FOUND where there is none; the hint names the nearest states
 * before and after it that can be reached.
 */
int restore_plan_around(struct store *store, const struct store_object *avoid,
    size_t n, struct arena *arena, struct restore_plan *plan, struct err *err);

/* For messages: the slug, or "replica" where there is none. */
const char *restore_name(const char *slug);

/* ERR_NOT_FOUND, or ERR_CORRUPT where it cannot be read as one. */
int restore_owner_read(struct store *store, const char *slug, uint32_t epoch,
    struct restore_owner *out, struct err *err);

struct restore_target {
	const char *path;
	size_t memory;		/* for reading ahead; 0 = RESTORE_FETCH_BYTES */
	/* After each piece, with the bytes fetched and those of the plan; or NULL. */
	void (*progress)(int64_t done, int64_t total, void *arg);
	void *arg;
	/* A bad object is gone around; why. Or NULL. */
	void (*around)(const struct err *why, void *arg);
	uint32_t page_size;	/* out: of the file that was made */
	uint32_t pages;
	int64_t check_ms;	/* out: waited for nothing but the quick_check */
	/* out: the object that could not be read, or NULL: no object's fault */
	const struct store_object *failed;
};

/*
 * Builds PATH.restoring beside the target and renames: there is either the
 * whole file or none, and it stands alone, without -wal or -shm.  ERR_CONFLICT
 * where the path, or what SQLite would take for its journal, is there already;
 * ERR_BUSY while another process builds it; ERR_FULL, and nothing was begun, where the
 * disk has no room for the file and a share of it for what others write meanwhile.
 * Memory: RESTORE_FETCH_BYTES, and about 2 MiB.
 */
#define RESTORE_RESERVE 16
#define RESTORE_SUFFIX LEFTOVER_SUFFIX
int restore_build(struct store *store, const struct restore_plan *plan,
    struct restore_target *target, struct err *err);

/*
 * The same, and where an object is missing or spoilt, by another way to the very
 * same state, as long as there is one; *plan is changed to what was done.  Where there is
 * none the error is that of the object, and the hint names the nearest states.
 */
int restore_around(struct store *store, struct restore_plan *plan,
    struct arena *arena, struct restore_target *target, struct err *err);

#endif
