#ifndef ROWHOUSE_WAITERS_H
#define ROWHOUSE_WAITERS_H

#include <stdint.h>

#include "replication/streams.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"
#include "tenants/db.h"

/*
 * Those who wait until what was committed before is with the store: the base
 * of the epoch and every TXID up to the one that holds it (R13).
 *
 * Where nothing of the tenant's is on its way, it is flushed at once.  Else
 * those who wait gather, and go together with the flush that begins when the
 * store has acknowledged what was captured before.
 *
 * Where an epoch ends meanwhile, it is the base of the next, and what follows
 * it, that is waited for.
 */
struct waiter_opts {
	struct str slug;
	uint32_t incarnation;		/* 0 = the current one */
	const struct db_commit *commit;	/* NULL = all by now */
	int patient;			/* a failure that may pass is no answer */
	int captured;			/* that it is, and durable, is enough */
	void *owner;			/* of one waiter at most */
	/* Once: the store has it, or *err says why not. */
	void (*done)(void *owner, uint32_t epoch, uint64_t txid,
	    const struct err *err);
};

struct waiter;

struct waiters {
	struct waiter *first;
};

/* An unknown slug is answered at once. */
void waiters_add(struct waiters *waiters, struct streams *streams,
    const struct waiter_opts *opts);

/* The owner is gone, and done() is not called. */
void waiters_forget(struct waiters *waiters, const void *owner);
void waiters_forget_all(struct waiters *waiters);

/*
 * Answers those whose commits have arrived, or cannot; has those flushed that
 * may be now.
 */
void waiters_serve(struct waiters *waiters, struct streams *streams);

#endif
