#ifndef ROWHOUSE_FLEET_H
#define ROWHOUSE_FLEET_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/app.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/registry.h"

/*
 * What is pending, at all tenants: canaries first, then the rest, several at a
 * time.  Each in a transaction of its own, with the version in its file, so that
 * a process that is killed anywhere leaves files of the old version and of the
 * new one, and the next call goes on with the old ones.
 *
 * Tenants are served meanwhile: this takes the write lock that a worker takes
 * who comes first, once, asks under it whether the file is still the current one
 * (R10) and where the replica is (point.h), and sends a hint after it.
 */
enum fleet_result {
	FLEET_UNTOUCHED,	/* nobody got to it */
	FLEET_CURRENT,		/* nothing was pending */
	FLEET_MIGRATED,		/* or would be, where it is a dry run */
	FLEET_AHEAD,		/* a newer release was here */
	FLEET_GONE,		/* deleted meanwhile */
	FLEET_FAILED
};
#define FLEET_RESULTS (FLEET_FAILED + 1)

struct fleet_tenant {
	char slug[SLUG_MAX + 1];
	int canary;
	enum fleet_result result;
	int64_t from, to;	/* the file's migrations */
	int failed;		/* number of the one that failed; 0 = none */
	struct err *err;	/* of one that failed, or NULL */
};

struct fleet {
	/* in */
	const struct config *config;
	const struct app *app;
	char **slug;		/* these alone; 0 = all that are not deleted */
	size_t n_slugs;
	char **canary;		/* these first; 0 = one in a hundred, by a hash … */
	size_t n_canaries;	/* … of their slugs, and one at least */
	int jobs;
	int max_failures;	/* more than so many stop it; of 100 … */
	int max_percent;	/* … where this is set */
	int dry_run;		/* on copies in <data>/migrate.dry */
	/* One at a time, from any thread; or NULL. */
	void (*done)(const struct fleet *fleet,
	    const struct fleet_tenant *tenant, void *arg);
	void *arg;
	/* out */
	struct fleet_tenant *tenant;	/* in the order of their turn */
	size_t n;
	size_t count[FLEET_RESULTS];
	int stopped;		/* too many failed, or a canary did */
};

/*
 * 0 also where some failed: count[] and tenant[] say so.  -1 where it could not
 * begin: ERR_NOT_FOUND for a slug that is none, ERR_BUSY while another dry
 * run is on its way.
 */
int fleet_migrate(struct fleet *fleet, struct err *err);
void fleet_clear(struct fleet *fleet);

const char *fleet_result_name(enum fleet_result result);

#endif
