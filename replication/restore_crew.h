#ifndef ROWHOUSE_RESTORE_CREW_H
#define ROWHOUSE_RESTORE_CREW_H

#include <stddef.h>

#include "replication/store.h"
#include "tenants/base/arena.h"
#include "tenants/base/err.h"

/*
 * The same work on many tenants of a replica, several at a time, in order.  Each
 * thread has a store and an arena of its own; the arena is empty for each item.
 */
struct restore_crew {
	const char *url;
	int size;		/* threads, the caller's among them */
	size_t n;		/* items */
	/* From any thread; -1 with *err also where there is no store. */
	int (*work)(void *arg, size_t i, struct store *store,
	    struct arena *arena, struct err *err);
	/* What became of it, from any thread; one at a time. */
	void (*done)(void *arg, size_t i, int rc, const struct err *err);
	void *arg;
};

/* Until all are done. */
void restore_crew_run(const struct restore_crew *crew);

#endif
