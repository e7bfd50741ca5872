#ifndef ROWHOUSE_COMPACT_H
#define ROWHOUSE_COMPACT_H

#include <stdint.h>

#include "replication/store.h"
#include "replication/stream.h"
#include "tenants/base/config.h"

/*
 * Compaction and retention of all tenants, in the background: levels 1 and 2
 * from what is on the shelf, and deletes of what nothing needs any more.
 *
 * A tenant has a job when its chores_ms has come, a few tenants at a time, and one
 * for all of its incarnations, which share a shelf.
 * What a job does next depends on its shelf, its catalog and the time alone, so one
 * that failed or was killed is simply begun again.  It never
 * reads from the store, but to list a tenant whose catalog was lost, and puts
 * only into the room that shipping leaves.
 */
struct compact;

struct compact *compact_new(const struct config *config, struct store *store);
/* Once the store is closed, or nothing is on its way.  Accepts NULL. */
void compact_free(struct compact *compact);

/* The stream's chores are due, as far as is known; touches no file of an unknown. */
int compact_is_due(const struct stream *stream, int64_t now_ms);

/* Begins a job for the stream, if it is due and there is a place. */
void compact_begin(struct compact *compact, struct stream *stream,
    int64_t now_ms);

/*
 * By how much now_ms, as it is given below, is after the time that deletes may go by
 * (trust_clock.h); 0 until it is said.
 */
void compact_set_lead(struct compact *compact, int64_t lead_ms);

/*
 * By how much now_ms is before the time that it should be.  What is noted as there since
 * now is so since then: else it would be old as soon as the clock is right.
 */
void compact_set_lag(struct compact *compact, int64_t lag_ms);

/* All jobs go on; to be called when shipping has taken what room it wants. */
void compact_work(struct compact *compact, int64_t now_ms);

/* Does a job wait for a sync?  And: a syncfs() that began since succeeded. */
int compact_wants_sync(const struct compact *compact);
void compact_synced(struct compact *compact);

/* Is there work that waits for nobody?  Is anything with the store? */
int compact_is_busy(const struct compact *compact);
int compact_in_flight(const struct compact *compact);

#endif
