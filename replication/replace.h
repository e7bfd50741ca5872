#ifndef ROWHOUSE_REPLACE_H
#define ROWHOUSE_REPLACE_H

#include "replication/restore.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/layout.h"
#include "tenants/registry.h"

/*
 * A restore in place: the tenant goes on from another point of its history.
 *
 * A new incarnation is built beside the current one, under an epoch that
 * nobody has used, while the tenant is served as before.  Then, under the
 * old file's write lock, the registry makes it the current one (R10).  Killed
 * anywhere before that, the current incarnation stays what it is; a file that
 * was finished and not switched to stays under an epoch that is not used again.
 * The old incarnation is kept.
 */
struct replace {
	/* in */
	const struct config *config;
	struct store *store;
	struct restore_plan *plan;
	struct arena *arena;		/* the plan's */
	/*
	 * The data directory was empty: what lies beyond the current epoch is
	 * what a killed restore left, and is removed.
	 */
	int fresh;
	const struct registry_deed *deed; /* in the log with the switch; or NULL */
	/* in: progress; out: pages.  The path is set here. */
	struct restore_target target;
	/* out */
	uint32_t epoch;			/* of the new incarnation */
	struct layout_path path;	/* its file */
	struct layout_path kept;	/* the old file; "" where there is none */
	/*
	 * Not ERR_NONE: the replicator was not there to send the old
	 * incarnation's last commits to the replica before the switch.
	 */
	struct err unsent;
	int64_t pause_ms;		/* for which writers had to wait */
};

/*
 * ERR_NOT_FOUND where the registry does not know the slug; ERR_CONFLICT where
 * the epoch is of another tenant that had the slug before; ERR_BUSY while the
 * tenant is being restored by another process, or its write lock is held.
 */
int replace_tenant(struct replace *replace, struct err *err);

#endif
