#ifndef ROWHOUSE_SCOREBOARD_H
#define ROWHOUSE_SCOREBOARD_H

#include <stdint.h>

#include "fcgi/meter.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * What the workers of a pool know of each other: one memfd, mapped by all of
 * them, with a slot for each.  A worker writes its own slot; the supervisor
 * clears that of one which died, so that nothing it held stays taken.  Nobody
 * waits for anybody here: a worker may be killed or stopped at any instant.
 */
#define SCOREBOARD_SLOTS 64	/* a bit each; two generations of workers */

enum scoreboard_state {
	SCOREBOARD_FREE,
	SCOREBOARD_STARTING,
	SCOREBOARD_READY,	/* waits for requests */
	SCOREBOARD_BUSY		/* answers one */
};

struct scoreboard;

/* Exit status of a worker that cannot use its supervisor's. */
#define SCOREBOARD_FOREIGN 4

/* A new one and its descriptor, which is CLOEXEC; or that of a descriptor. */
struct scoreboard *scoreboard_create(int *fd, struct err *err);
struct scoreboard *scoreboard_map(int fd, struct err *err);
void scoreboard_unmap(struct scoreboard *board);

void scoreboard_set(struct scoreboard *board, int slot,
    enum scoreboard_state state);
enum scoreboard_state scoreboard_get(const struct scoreboard *board, int slot);

/* It has served its quota, and goes on until another has come for it. */
void scoreboard_retire(struct scoreboard *board, int slot);
int scoreboard_retires(const struct scoreboard *board, int slot);

/* A slot whose process is gone: free, and nothing in flight from it. */
void scoreboard_clear(struct scoreboard *board, int slot);

/*
 * A request for a tenant (its uid) begins in a slot: 1, or 0 where the tenant
 * has most requests in flight already.
 *
 * A place is waited for, first come, first served: for patience_ms as long as
 * one of those in flight has begun less than patience_ms ago, and so may be
 * about to end; where all have been there for longer they are slow ones, and
 * waiting for them would only take one more worker away.  As long as a worker
 * is ready nobody misses this one, and it waits on, for two seconds at most.
 */
int scoreboard_enter(struct scoreboard *board, int slot, struct str tenant,
    int most, int64_t patience_ms);
void scoreboard_leave(struct scoreboard *board, int slot);

/*
 * May a tenant (its uid) have one more request, of so many an hour?  What two
 * seconds bring, and ten at least, may come at once.  0, or the microseconds until there may be one; a
 * request that is refused does not count.  Waits for nothing.
 */
int64_t scoreboard_rate(struct scoreboard *board, struct str tenant,
    int64_t an_hour, int64_t now_us);

/* What tenants use, counted by all. */
struct meter *scoreboard_meter(struct scoreboard *board);

/*
 * May a slot, after scoreboard_enter, hold its worker for longer?  Not where so
 * many of its tenant's do so, or so many of all.  It goes on holding it when it has left,
 * and until then begins nothing else.
 */
enum scoreboard_held {
	SCOREBOARD_HELD,
	SCOREBOARD_HELD_BY_TENANT,
	SCOREBOARD_HELD_BY_ALL
};

enum scoreboard_held scoreboard_hold(struct scoreboard *board, int slot,
    int most_of_tenant, int most);
void scoreboard_release(struct scoreboard *board, int slot);

/*
 * A slot is about to hash a password, or to wait for its turn: 1, or 0 where
 * so many do that already.
 */
int scoreboard_hash(struct scoreboard *board, int slot, int most);
void scoreboard_hashed(struct scoreboard *board, int slot);

/*
 * How often a password may be tried, before anything is hashed, a mail asked
 * for or a tenant made: from an address, to an account and to a tenant.  0, or
 * -1 with ERR_LIMIT and retry_after, and then it does not count as an attempt.
 */
enum scoreboard_what {
	SCOREBOARD_SIGN_IN,
	SCOREBOARD_MAIL,
	SCOREBOARD_SIGN_UP,
	SCOREBOARD_OPERATOR,	/* his token, which is one for all tenants */
	SCOREBOARD_WHATS
};

struct scoreboard_attempt {
	enum scoreboard_what what;
	struct str address;	/* REMOTE_ADDR; of IPv6 the first 64 bits */
	struct str tenant;	/* its uid */
	struct str account;	/* what was sent as identity, or the mail's
				   address; case is ignored */
};

int scoreboard_attempt(struct scoreboard *board,
    const struct scoreboard_attempt *attempt, int64_t now_ms, struct err *err);

/*
 * It was the right one, and does not count against its account; nor, of the
 * operator, against his address.
 */
void scoreboard_attempt_ok(struct scoreboard *board,
    const struct scoreboard_attempt *attempt, int64_t now_ms);

#endif
