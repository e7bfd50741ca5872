#ifndef ROWHOUSE_FULL_H
#define ROWHOUSE_FULL_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * replica.spool_full = refuse: of a tenant that has its share of what may wait
 * for the store no more is taken (R14).  The replicator finds out who that is
 * (replication/spool_share.h) and says so by a file, <run>/full/<slug>, which
 * whoever writes looks for.  It is gone after a reboot, and nobody looks where
 * there is no such policy.
 */

/*
 * May this tenant be written to?  0, or ERR_FULL with retry_after.  Where it
 * cannot be told it may.
 */
int full_check(const struct config *config, const char *slug, struct err *err);

/* The replicator's: this tenant may not, may again, all may. */
int full_mark(const struct config *config, const char *slug, struct err *err);
int full_unmark(const struct config *config, const char *slug, struct err *err);
int full_unmark_all(const struct config *config, struct err *err);

#endif
