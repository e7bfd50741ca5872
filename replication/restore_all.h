#ifndef ROWHOUSE_RESTORE_ALL_H
#define ROWHOUSE_RESTORE_ALL_H

#include "replication/restore_survey.h"
#include "tenants/base/config.h"

/*
 * A lost machine, from its replica: the registry, then every tenant that it
 * has and that is not deleted, several at once, the hottest first (restore_survey.h).
 * The house may serve meanwhile: a tenant that is not there yet is 503.
 *
 * <data>/restoring says from where and to which time, until all is there.
 * Killed anywhere, it goes on when it is called again; what is finished is
 * not touched.  ERR_CONFLICT where the data directory has a registry or
 * tenants that no such restore put there, or where the one that was begun is
 * of another place or time; ERR_BUSY while another process is at it; ERR_FULL,
 * before anything is begun, where the disk has no room for what is to come.
 */
struct restore_all {
	/* in */
	const struct config *config;
	const char *url;
	enum restore_point point;	/* RESTORE_LATEST or RESTORE_TIME */
	int64_t time_ms;		/* out: that of what was begun before */
	int jobs;			/* tenants at once */
	/*
	 * Or NULL; from any thread, one at a time: a tenant is done, or has failed
	 * (why); more bytes have come.
	 */
	void (*told)(const struct restore_all *all,
	    const struct restore_survey_tenant *tenant);
	void (*progress)(const struct restore_all *all);
	void *arg;			/* theirs */
	/* out */
	struct restore_survey survey;	/* why: also what failed since */
	size_t restored, failed;	/* now, of those that were to come */
	int64_t bytes;			/* fetched */
};

/*
 * 0 also where tenants failed: they are counted, and tried again by the next call.
 * Memory: for each job RESTORE_ALL_MEMORY and SQLite's cache, about 30 MiB.
 */
#define RESTORE_ALL_MEMORY ((size_t)8 << 20)
int restore_all(struct restore_all *all, struct err *err);

/* What it would do; there may be too little room.  Nothing is changed. */
int restore_all_look(struct restore_all *all, struct err *err);

void restore_all_clear(struct restore_all *all);	/* the survey */

#endif
