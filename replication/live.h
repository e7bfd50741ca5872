#ifndef ROWHOUSE_LIVE_H
#define ROWHOUSE_LIVE_H

#include <stdint.h>

#include "replication/digests.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * What a database says at exactly one TXID of its replica, page by page, while
 * it is in use.  live.c says how that is known.
 */
struct live_source {
	const struct config *config;
	const char *slug;
	const char *db_path;
	const char *spool_dir;
};

struct live {
	uint32_t epoch;
	uint64_t txid;
	int acked;		/* the store has it, or had; 0: perhaps */
	uint32_t page_size;
	uint32_t pages;
};

/*
 * Holds no lock for longer than it takes to look at the wal-index, and a
 * snapshot for as long as the pages are read.  ERR_BUSY: not now, as where the
 * replicator cannot bring it to the store.  May wait for the replicator, up to
 * LIVE_WAIT_MS.
 */
#define LIVE_WAIT_MS 60000
int live_take(const struct live_source *source, struct digests *digests,
    struct live *out, struct err *err);

#endif
