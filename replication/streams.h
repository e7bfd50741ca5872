#ifndef ROWHOUSE_STREAMS_H
#define ROWHOUSE_STREAMS_H

#include <stddef.h>

#include "replication/stream.h"
#include "tenants/registry.h"

/*
 * All streams of an installation: a table by slug, and the list of those that
 * have something to do.  What is not in that list costs nothing between two
 * sweeps (R11).
 */
struct streams {
	struct stream_env *env;
	struct stream **bucket;		/* by slug: the current incarnation's */
	size_t n_buckets;
	size_t n;			/* in the table */
	struct stream **active;		/* retired ones are only here */
	size_t n_active, cap_active;
	size_t sweep_bucket;		/* where the sweep goes on */
	int reconciled;			/* once, since the start */
};

struct streams *streams_new(struct stream_env *env);
void streams_free(struct streams *streams);

struct stream *streams_find(struct streams *streams, const char *slug);

/*
 * What the registry says now: new tenants get a stream, restored ones the next
 * incarnation's, and what is replaced or deleted is retired: its last commits
 * are captured and shipped, then it is forgotten; what is undeleted before
 * goes on.  The epochs of the current
 * incarnation are beyond those of all others, also where the registry went
 * back: the newest epoch is what a restore takes.
 */
int streams_reconcile(struct streams *streams, struct registry *registry,
    struct err *err);

/*
 * Forgets what is left of a deleted tenant, though it is not shipped: it is
 * being erased.  Nothing of it is begun any more; 1 as long as something is on its
 * way, then 0.
 */
int streams_forget(struct streams *streams, const char *slug);

void streams_activate(struct streams *streams, struct stream *stream);
/* Drops those from the list that are idle, and retired ones that are done. */
void streams_settle(struct streams *streams);

/* How long none of the active ones has anything to do; INT64_MAX: there are none. */
int64_t streams_wait_ms(const struct streams *streams, int64_t now_ms,
    int64_t mono_ms);

/* Has one that works something left to be captured or shipped?  And: is anything
   of theirs with the store? */
int streams_left(const struct streams *streams);
/* How many have anything left, whether they work or not? */
size_t streams_behind(const struct streams *streams);
int streams_in_flight(const struct streams *streams);
/* The store has been closed (ship_forget). */
void streams_forget_in_flight(struct streams *streams);

/*
 * The store is this replica (claim_replica).  1 where something was shipped to another:
 * those streams begin anew.
 */
int streams_note_replica(struct streams *streams, uint32_t replica);

/*
 * An error of syncfs() leaves in doubt all that was written since the last
 * good one, for good: the kernel does not tell twice.  None of it may be
 * shipped, so the streams begin anew.
 */
void streams_quarantine(struct streams *streams, const struct err *why);

/* The last look, for those whose hints were lost. */
void streams_touch_open(struct streams *streams);

/* At the end, for those who ask while none runs what is with the store. */
void streams_note_shipped(struct streams *streams);

/*
 * For those that a full disk keeps from capturing, with which it would be noted: what
 * the store has now is noted, so that it is removed at the next sync.  1 there was any.
 */
int streams_make_room(struct streams *streams, int64_t mono_ms);

/*
 * R12: looks at the files of up to n idle streams, goes on where it stopped, and activates
 * those that changed.  1 when it came round, else 0.
 */
int streams_sweep(struct streams *streams, size_t n);

#endif
