#ifndef ROWHOUSE_PLAN_H
#define ROWHOUSE_PLAN_H

#include <stdint.h>

#include "tenants/base/arena.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/faults.h"
#include "tenants/registry.h"

/*
 * What a tenant may: the limits of its plan, and where that does not say so,
 * what the configuration says for all.  A tenant without a plan has the one
 * called "default", which need not be in the configuration; so has one whose
 * plan is not there any more.
 */
#define PLAN_DEFAULT "default"

struct plan {
	const char *name;	/* that holds; as in config, or PLAN_DEFAULT */
	int64_t in_flight;	/* requests, over all workers */
	int64_t rate;		/* requests an hour; 0 = no limit */
	int64_t read_ms, write_ms;	/* of a request's statements */
	int64_t body;		/* bytes */
	int64_t rows;		/* of an answer */
	int64_t size;		/* bytes of the file; the tenant's own comes first */
	int64_t users;		/* 0 = no limit */
	int64_t replicated;	/* writes that wait for the replica; 0 = none */
};

/* How many of all workers may wait for the replica at once. */
int64_t plan_waiting(const struct config *config);

void plan_of(const struct config *config, const struct registry_tenant *tenant,
    struct plan *out);

/* Is there one of that name?  ERR_NOT_FOUND, with a hint at those there are. */
int plan_check(const struct config *config, struct str name, struct err *err);

/* The name as the registry keeps it: "" for the default. */
struct str plan_stored(struct str name);

/*
 * Which limit it was and where it lies, for the data of the answer that refuses:
 * "rate":{"code":"limit_rate","message":"At most 20 requests a second."}
 */
enum plan_limit {
	PLAN_IN_FLIGHT,
	PLAN_RATE,
	PLAN_READ,
	PLAN_WRITE,
	PLAN_BODY,
	PLAN_ROWS,
	PLAN_SIZE,
	PLAN_USERS,
	PLAN_REPLICATED
};

void plan_fault(const struct plan *plan, enum plan_limit limit,
    struct faults *faults, struct arena *arena);

#endif
