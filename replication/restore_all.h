#ifndef ROWHOUSE_RESTORE_ALL_H
#define ROWHOUSE_RESTORE_ALL_H

#include "replication/restore.h"
#include "tenants/base/config.h"

/*
 * A lost machine, from its replica: the registry, then every tenant that it
 * has and that is not deleted, several at once, those written to last first.
 * The house may serve meanwhile: a tenant that is not there yet is 503.
 *
 * <data>/restoring says from where and to which time, until all is there.
 * Killed anywhere, it goes on when it is called again; what is finished is
 * not touched.  ERR_CONFLICT where the data directory has a registry or
 * tenants that no such restore put there, or where the one that was begun is
 * of another place or time; ERR_BUSY while another process is at it.
 */
struct restore_all {
	/* in */
	const struct config *config;
	const char *url;
	enum restore_point point;	/* RESTORE_LATEST or RESTORE_TIME */
	int64_t time_ms;		/* out: that of what was begun before */
	int jobs;			/* tenants at once */
	/*
	 * From any thread, one at a time: a tenant is done (why is NULL) or has
	 * failed.
	 */
	void (*told)(const struct restore_all *all, const char *slug,
	    const struct err *why);
	/* out */
	size_t tenants;			/* to be there in the end */
	size_t before;			/* of them, done by an earlier call */
	size_t restored, failed;
	size_t deleted;			/* left in the replica */
	int64_t bytes;			/* fetched */
};

/*
 * 0 also where tenants failed: they are counted, and tried again by the next call.
 * Memory: for each job RESTORE_ALL_MEMORY and SQLite's cache, about 30 MiB.
 */
#define RESTORE_ALL_MEMORY ((size_t)8 << 20)
int restore_all(struct restore_all *all, struct err *err);

#endif
