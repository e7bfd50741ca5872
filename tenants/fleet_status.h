#ifndef ROWHOUSE_FLEET_STATUS_H
#define ROWHOUSE_FLEET_STATUS_H

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/config.h"
#include "tenants/registry.h"

/*
 * What the running replicator tells anybody of the pool: <run>/status.sock,
 * asked as ask.h has it.  Nothing that is understood there changes anything.
 *
 *	fleet		one line of JSON: what `rowhouse status --json` has but
 *			for "tenants".  Then a line for each database: slug,
 *			state, lag_ms, lag_bytes, spool_bytes, size, puts, when
 *			it was proven (ms since 1970, 0: not in this epoch) and
 *			what is wrong, with tabs between them, in no order.  Up to a
 *			second old, or 20 times as old as it took to put together:
 *			the replicator is at it for 1/20 of its time at most.
 *	tenant SLUG	one line of JSON: its member of "tenants", or null
 *
 * It answers so many in a second and lets others wait (replication/control.h).
 */
enum fleet_status_key {
	FLEET_STATUS_SLUG,
	FLEET_STATUS_LAG,
	FLEET_STATUS_SIZE,
	FLEET_STATUS_WRITES,	/* today, UTC */
	FLEET_STATUS_READS,
	FLEET_STATUS_SPOOL,
	FLEET_STATUS_PUTS,
	FLEET_STATUS_PROVEN,
	FLEET_STATUS_STATE,	/* of the replication, then the registry's */
	FLEET_STATUS_KEYS
};

struct fleet_status_query {
	struct str pattern;	/* of slugs, as SQLite's GLOB; p NULL: all */
	int state;		/* an enum registry_state, or -1: any */
	enum fleet_status_key key;
	int falling;
	int wrong;		/* only those with whom something is wrong */
	int64_t skip, limit;
};

/* "lag", "-size": 0, or -1 where there is no such key. */
int fleet_status_sort(struct str name, struct fleet_status_query *out);

/*
 * `{…,"items":[…` of a page of the tenants that the registry has, joined with
 * what the replicator says and what they used today; *total gets how many there
 * are on all pages.  Before them stands how many there are in each state and with
 * how many something is wrong, of those that the pattern finds.  Where no replicator answers that is said, and the rest is
 * there.
 */
int fleet_status_put(const struct config *config, struct registry *registry,
    const struct fleet_status_query *query, struct buf *out, int64_t *total,
    struct err *err);

/*
 * One of them, with what it used by day: an object.  "replicator_error" says
 * why there is nothing about its replica.
 */
int fleet_status_put_tenant(const struct config *config,
    const struct registry_tenant *row, struct buf *out, struct err *err);

#endif
