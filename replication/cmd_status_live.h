#ifndef ROWHOUSE_CMD_STATUS_LIVE_H
#define ROWHOUSE_CMD_STATUS_LIVE_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * `rowhouse status --live`: watch.h on a terminal (terminal.h), of one tenant
 * first where there is a slug, until somebody ends it.  The replicator is
 * asked every LIVE_MS, and not more often than that taking its answers costs one
 * in LIVE_SHARE of a processor: it costs the replicator about as much.
 */
#define LIVE_MS    2000
#define LIVE_SHARE 20

int cmd_status_live(const struct config *config, const char *slug,
    struct err *err);

#endif
