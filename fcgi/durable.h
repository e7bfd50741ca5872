#ifndef ROWHOUSE_DURABLE_H
#define ROWHOUSE_DURABLE_H

#include "fcgi/scoreboard.h"
#include "tenants/base/arena.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/call.h"
#include "tenants/faults.h"
#include "tenants/plan.h"

/*
 * Prefer: durability=replicated (R13): a write that is answered when the
 * replica has it.  It is refused before it is made where it could not be
 * waited for:
 *
 *	ERR_AUTH	nobody is signed in
 *	ERR_DENIED	the tenant's plan has none of this (plan.NAME.replicated = 0)
 *	ERR_LIMIT	as many of the tenant's as its plan has wait already
 *	ERR_BUSY	there is no replica, or no replicator, or it says that
 *			a write would not be confirmed now; or a quarter of
 *			the pool waits already
 *
 * Whoever waits holds a worker, so no more than a quarter of them may, and the
 * tenant's place (scoreboard_enter) is given back before.
 *
 *	durable_begin(durable, wanted, &plan, &faults, arena);
 *	… writes, with env.watch = durable_watch(durable) …
 *	scoreboard_leave(…);
 *	rc = durable_wait(durable, &err);
 *	durable_end(durable);
 */
struct durable;

/* Keeps config and board. */
struct durable *durable_new(const struct config *config,
    struct scoreboard *board, int slot);
void durable_free(struct durable *durable);

/* Lets pass what is written while nothing is wanted. */
const struct call_watch *durable_watch(const struct durable *durable);

/*
 * A request begins, after scoreboard_enter, and may want its write waited for.
 * Where the plan refuses that, faults gets the limit.  All are kept until the end.
 */
void durable_begin(struct durable *durable, int wanted,
    const struct plan *plan, struct faults *faults, struct arena *arena);

/*
 * 1: what it has committed, and all before, is with the replica; 0: it
 * committed nothing, or wants nothing.  -1 and ERR_UNCONFIRMED: it is done
 * here, and the replica has not confirmed it within replica.confirm.
 */
int durable_wait(struct durable *durable, struct err *err);

/* Has the request committed anything that is new? */
int durable_wrote(const struct durable *durable);

/* It is over, whatever became of it. */
void durable_end(struct durable *durable);

#endif
