#ifndef ROWHOUSE_PROVER_H
#define ROWHOUSE_PROVER_H

#include <stdint.h>

#include "replication/control.h"
#include "replication/streams.h"
#include "tenants/base/config.h"
#include "tenants/base/str.h"

/*
 * The replicator's part in proofs (verify.h): it has them made in the background,
 * and answers what those who make them ask.
 *
 * A proof reads two whole databases, so it is made by another process,
 * `rowhouse verify --worker`, of the lowest priority, one at a time: the tenant
 * that was never proven, or not for the longest time, first.  They are begun at such
 * distances that a house of n tenants takes half of replica.verify_every,
 * so that they stay spread.
 */
struct prover;

struct prover *prover_new(const struct config *config);
/* Ends the process that it began.  Accepts NULL. */
void prover_free(struct prover *prover);

/* Begins the next proof, takes in the last one's end.  Never waits. */
void prover_tick(struct prover *prover, struct streams *streams);

/* How long there is nothing to do for it; INT64_MAX: nothing ever. */
int64_t prover_wait_ms(const struct prover *prover);
/* What is readable when its process ends; -1 where there is none (or NULL). */
int prover_fd(const struct prover *prover);

/* Answers "point", "proven" and "renew"; 0 where the line is none of them. */
int prover_request(struct streams *streams, struct control_client *client,
    struct str line);

/* Which tenant's turn it is, or NULL; *wait_ms: until there may be one. */
struct stream *prover_choose(struct streams *streams, int64_t now_ms,
    int64_t *wait_ms);

#endif
