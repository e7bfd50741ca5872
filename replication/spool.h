#ifndef ROWHOUSE_SPOOL_H
#define ROWHOUSE_SPOOL_H

#include <stdint.h>

#include "replication/store.h"
#include "tenants/base/err.h"

/*
 * A tenant's spool: what was captured and the store has not acknowledged yet.
 *
 *	<spool>/position                          position.h
 *	<spool>/<epoch, 8 hex>/owner              the claim of the epoch
 *	<spool>/<epoch, 8 hex>/<max TXID, 16 hex>-<level>.ltx
 *	<spool>/<epoch, 8 hex>/<max TXID, 16 hex>-1-<min TXID, 16 hex>.ltx
 *
 * Names sort in the order in which they must be shipped: the claim, the base,
 * then file after file.  What is shipped is removed, or goes to the shelf.
 *
 * While the store takes nothing, files that it was never offered may become one
 * (thin.h), which goes to it under the name of a merged object.  Until that is durable the
 * files that went into it stay, so that after a crash either way is whole.
 */
struct spool_item {
	struct store_key key;
	int64_t time_ms;	/* of its newest commit; owner: 0 */
	int64_t since_ms;	/* of its oldest, as far as known; 0 = not */
	int64_t size;
	int durable;		/* synced: may leave the machine (R4a); one that was
				   found may be of a process that was killed before */
	int acked;		/* by the store */
	int merged;		/* into one that is not durable yet */
	int found;		/* was here when the spool was opened */
	struct spool_item *next;
};

/* The lowest of the levels that merged objects have. */
#define SPOOL_MERGED 1

/* The base, or a file that follows on it: what the chain cannot do without. */
int spool_is_link(const struct spool_item *item);

/* In shipping order, oldest epoch first. */
struct spool {
	char *dir;
	char slug[48];
	const char *shelf;	/* where files go that are shipped; NULL: nowhere */
	int shelf_full;		/* but for snapshots, which do not stay there */
	struct spool_item *first, *last;
	size_t n;		/* not yet acknowledged */
	int64_t bytes;		/* of those */
	int news;		/* a file more, or acknowledged, or merged; whoever
				   looks after them clears it */

	/* Gone to the shelf since somebody looked, and cleared this. */
	int64_t shelved_bytes;
	int64_t shelved_ms;	/* the time of the newest */
	int shelved_snapshot;	/* one was among them */
};

/* Makes the directory where there is none and lists what lies there. */
struct spool *spool_open(const char *dir, const char *slug, struct err *err);
void spool_close(struct spool *spool);

#define SPOOL_PATH 720

/*
 * Is every TXID of the epoch above `shipped` and up to `txid` here, and whole?  0, or
 * ERR_CORRUPT that says what is missing.
 */
int spool_verify(const struct spool *spool, uint32_t epoch, uint64_t shipped,
    uint64_t txid, struct err *err);

/*
 * Removes what lies beyond (epoch, txid): it was never acted upon; and
 * snapshots and older epochs' files that are not whole.  What is shipped goes
 * where spool_forget() would have put it.
 */
int spool_settle(struct spool *spool, uint32_t epoch, uint64_t shipped,
    uint64_t txid, struct err *err);

void spool_path(const struct spool *spool, const struct store_key *key,
    char out[SPOOL_PATH]);
void spool_position_path(const char *dir, char out[SPOOL_PATH]);

/* A directory for a new epoch, with its claim, both durable. */
int spool_begin_epoch(struct spool *spool, uint32_t epoch,
    struct str owner, struct err *err);

/* A file that stands at spool_path() now, not yet durable. */
void spool_add(struct spool *spool, const struct store_key *key,
    int64_t time_ms, int64_t size);

/*
 * Files that join and may become one: durable, none of them ever offered to the store,
 * their commits in one window of the wall clock.  The finest windows that have such
 * files come first, and of these the oldest; a window that may still grow has none.
 */
struct spool_run {
	struct store_key key;	/* of what they become */
	size_t n;		/* 0: there are none */
};
struct spool_run spool_run(const struct spool *spool);

/* Its files, in order, into out[run->n]. */
void spool_run_paths(const struct spool *spool, const struct spool_run *run,
    char (*out)[SPOOL_PATH]);

/*
 * What they became stands at its path, not yet durable.  -1 where they are no run
 * any more: then the file is none of the spool's.
 */
int spool_replace_run(struct spool *spool, const struct spool_run *run,
    int64_t time_ms, int64_t size);

/* Removes what went into files that are durable now. */
int spool_drop_merged(struct spool *spool, struct err *err);

/*
 * Removes what no syncfs() confirmed: after one that failed it is in doubt.  Not what
 * was found, which may have been there for long.
 */
int spool_drop_unsynced(struct spool *spool, struct err *err);

/* A syncfs() that began after the last spool_add() succeeded. */
void spool_synced(struct spool *spool);

/* The next to be shipped, or NULL; and: it was acknowledged. */
struct spool_item *spool_next(const struct spool *spool);
void spool_acked(struct spool *spool, struct spool_item *item);

/*
 * A position that calls (epoch, shipped) shipped is durable: what lies up to
 * there goes to the shelf, or is removed.
 */
int spool_forget(struct spool *spool, uint32_t epoch, uint64_t shipped,
    struct err *err);

/* Removes all of an epoch: it turned out to be somebody else's. */
int spool_drop_epoch(struct spool *spool, uint32_t epoch, struct err *err);

#endif
