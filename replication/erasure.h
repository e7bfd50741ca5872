#ifndef ROWHOUSE_ERASURE_H
#define ROWHOUSE_ERASURE_H

#include "replication/claim.h"
#include "replication/streams.h"
#include "tenants/registry.h"

/*
 * The replicator's part in `rowhouse tenant erase`: whose objects a command may
 * remove.  They are removed by the command, so that a tenant of a million
 * objects costs the loop nothing; but the replicator alone knows that nothing
 * of the tenant is on its way, and that the replica is this machine's.
 */

/*
 * 0 they may be removed now, 1 not yet: ask again soon.  -1 where the registry
 * does not say that it is being erased, or the replica is another machine's
 * (R7a).  0 holds for CLAIM_FRESH_MS, as an acknowledgement does.
 */
int erasure_may(struct streams *streams, struct registry *registry,
    struct claim *claim, struct str slug, struct err *err);

#endif
