#ifndef ROWHOUSE_VERIFY_H
#define ROWHOUSE_VERIFY_H

#include "replication/proof.h"
#include "replication/store.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/registry.h"

/*
 * Is the replica what the database is?  A tenant is restored into a scratch
 * directory, with all the checks of a restore, and compared page by page with
 * the live database at the same TXID (live.h).  What came of it is written down
 * (proof.h) and the replicator, where one runs, is told.
 *
 * One verify uses one of VERIFY_SLOTS scratch directories, <data>/verify.<n>,
 * which is locked, emptied first and last, and large enough for the largest
 * tenant, or the result is ERR_FULL.
 */
#define VERIFY_SLOTS 4

struct verify;

/*
 * Removes what those that were killed had restored, of whatever tenant.  Those at
 * work do that themselves; a slot of another user's is passed over.
 */
int verify_clear(const struct config *config, struct err *err);

/* ERR_BUSY where all slots are taken. */
struct verify *verify_new(const struct config *config, struct err *err);
void verify_free(struct verify *verify);	/* accepts NULL */

/*
 * 0: proven.  1: not, out->what says how it shows, and nothing is wrong with
 * verifying.  -1: it could not be told, and nothing was written down:
 * ERR_BUSY and what the store's own errors are worth repeating.
 */
int verify_tenant(struct verify *verify, const char *slug,
    struct proof *out, struct err *err);

/* Every tenant that is not deleted, and the registry, by slug. */
int verify_each(struct verify *verify,
    int (*each)(const char *slug, void *arg), void *arg, struct err *err);

#endif
