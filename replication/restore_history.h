#ifndef ROWHOUSE_RESTORE_HISTORY_H
#define ROWHOUSE_RESTORE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "replication/ltx.h"
#include "replication/restore.h"

/*
 * What the store has of one epoch: ranges of TXIDs, over ten levels that may
 * overlap.  Each range's last TXID is a state that was captured.
 */
struct restore_range {
	uint64_t min_txid, max_txid;
	int64_t size;
	int level;
	int damaged;	/* a point of the history, and no way to it */
	int chosen;
};

struct restore_history {
	/* in */
	struct store *store;
	const char *slug;
	/* out */
	uint32_t epoch;
	struct restore_owner owner;
	struct restore_range *range;
	size_t n, max;
	int listing;		/* levels that are on their way */
	struct err failure;	/* of the first that failed */
};

/*
 * Loads an epoch in the place of the one before it; the ranges end up ordered by
 * their last TXID.  A claim that cannot be read is one that says nothing.
 */
int restore_history_load(struct restore_history *history, uint32_t epoch,
    struct err *err);
void restore_history_clear(struct restore_history *history);

struct store_key restore_history_key(const struct restore_history *history,
    const struct restore_range *range);

/* The first state that can be restored, or NULL: nothing begins at TXID 1. */
struct restore_range *restore_history_oldest(
    const struct restore_history *history);

/* What an object's first bytes say of it: one request. */
int restore_history_header(const struct restore_history *history,
    const struct restore_range *range, struct ltx_header *out,
    struct err *err);
int restore_history_time(const struct restore_history *history,
    const struct restore_range *range, int64_t *time_ms, struct err *err);

/* Ascending; of what stands alone one, 0.  ERR_NOT_FOUND where there is none. */
struct restore_epochs {
	uint32_t *epoch;
	size_t n, max;
};

int restore_epochs_list(struct store *store, const char *slug,
    struct restore_epochs *out, struct err *err);
void restore_epochs_clear(struct restore_epochs *epochs);

#endif
