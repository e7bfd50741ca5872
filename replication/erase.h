#ifndef ROWHOUSE_ERASE_H
#define ROWHOUSE_ERASE_H

#include <stdint.h>

#include "replication/store.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/registry.h"

/*
 * Nothing is left of a deleted tenant: no object, no file, no row of the
 * registry.  Its slug is free then, for another with a uid of its own.
 *
 *  1. the registry says that it is being erased: from here on there is no way
 *     back, and the replicator begins nothing of it any more;
 *  2. its objects go, until a list of all below its prefix is empty;
 *  3. its files go, and what killed commands had half made of it (exports, copies, proofs);
 *  4. its row goes.
 *
 * Killed anywhere it stays as it is, and another call goes on with it; of two at once
 * one ends it, and neither touches who has the slug afterwards.  Before
 * 1 it is made sure that the replica can be reached, and who says if it may.
 */
struct erase_opts {
	const struct config *config;
	struct registry *registry;
	struct store *store;	/* NULL: there is no replica */
	struct str slug;

	/*
	 * May objects be removed?  Asked before each STORE_ERASE_MAX of them;
	 * 0 or -1.  Blocks until it is known.
	 */
	int (*may)(void *arg, struct err *err);
	/* Is there somebody to ask?  0 or -1; before anything is begun. */
	int (*ready)(void *arg, struct err *err);
	void *arg;
};

struct erase_report {
	char uid[REGISTRY_UID + 1];
	int resumed;		/* somebody had begun it */
	uint64_t objects;	/* removed by this call … */
	int64_t bytes;		/* … and how many bytes they had */
};

/*
 * ERR_NOT_FOUND where there is no such tenant, ERR_CONFLICT where it is not
 * deleted; else the store's error or may()'s.
 */
int erase(const struct erase_opts *opts, struct erase_report *out,
    struct err *err);

#endif
