#ifndef ROWHOUSE_ACKS_H
#define ROWHOUSE_ACKS_H

#include <poll.h>
#include <stdint.h>

#include "replication/claim.h"
#include "replication/store.h"
#include "replication/streams.h"
#include "replication/waiters.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * The replicator's end of tenants/ack.h.  Never blocks on a worker: what one
 * asked is forgotten with its connection, and who does not take an answer is
 * hung up on.  Of more workers than there are places, the one that has asked
 * nothing for longest gives way; it comes back with its next question.
 *
 * Nothing is answered with yes or ok that the claim does not allow (R7a): where
 * it was not confirmed for CLAIM_FRESH_MS, that is done first.  And the store
 * has not only what is asked about, but whatever of the registry waits, without
 * which the tenant would not be found.
 */
#define ACKS_PEERS 64
#define ACKS_FDS   (ACKS_PEERS + 1)

struct acks;

/* What it answers from; all of it outlives it. */
struct acks_env {
	struct streams *streams;
	struct store *store;
	struct claim *claim;
	struct waiters *waiters;
};

struct acks *acks_listen(const struct config *config,
    const struct acks_env *env, struct err *err);

/* After the store is closed, which may be asked whether it is up again. */
void acks_close(struct acks *acks);

/* The descriptors to wait for, at most ACKS_FDS; how many. */
nfds_t acks_fds(struct acks *acks, struct pollfd *fds);

/* Accepts, reads and answers, by what poll said of the same descriptors. */
void acks_serve(struct acks *acks, const struct pollfd *fds);

/*
 * What had arrived has not: it is in another replica than the one that is there
 * now.  Who waits, waits for this one.
 */
void acks_begin_again(struct acks *acks);

/*
 * Answers what waits for the claim, or for the registry.  After
 * waiters_serve, in every tick.
 */
void acks_tend(struct acks *acks);

/* Does anybody wait for an answer?  Then the claim is to be confirmed. */
int acks_waited_for(const struct acks *acks);

/* When it wants to be called whatever poll says; mono, INT64_MAX = never. */
int64_t acks_due_ms(const struct acks *acks);

#endif
