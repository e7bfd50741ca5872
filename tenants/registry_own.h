#ifndef ROWHOUSE_REGISTRY_OWN_H
#define ROWHOUSE_REGISTRY_OWN_H

#include <sqlite3.h>

#include "tenants/hint.h"
#include "tenants/registry.h"
#include "tenants/registry_cache.h"

/*
 * What registry.c and registry_list.c, which read, and registry_change.c, which
 * writes, share.
 */
#define REGISTRY_ROW                                                           \
	"t.slug, t.uid, t.state, t.epoch, t.parent_epoch, t.parent_txid, "     \
	"t.generation, t.size_max, t.created, t.updated, t.plan, "             \
	"coalesce((SELECT e.began FROM erasures e WHERE e.slug = t.slug), 0)"

enum registry_statement {
	REGISTRY_FIND,		/* by slug */
	REGISTRY_FIND_HOST,
	REGISTRY_STATEMENTS
};

struct registry {
	const struct config *config;
	enum db_role role;
	struct db *db;
	sqlite3_stmt *statement[REGISTRY_STATEMENTS];
	struct registry_cache *cache;
	struct hint_sender *hints;
	int64_t look_ms;	/* monotonic; when to look again */
	const struct registry_deed *deed;	/* of the next change, or NULL */
};

/*
 * Neither opens the registry anew nor believes the cache, and so may be asked
 * inside a transaction: 1 with the row, 0 where there is none, -1.
 */
int registry_look_up(struct registry *registry, enum registry_statement which,
    struct str key, struct registry_tenant *out, struct err *err);

/* The same by slug, where "there is none" is ERR_NOT_FOUND. */
int registry_look_up_slug(struct registry *registry, struct str slug,
    struct registry_tenant *out, struct err *err);

/* Notes registry->deed, inside the transaction of what it tells of. */
int registry_deed_write(struct registry *registry, struct err *err);

/* Opens it anew where another file has taken its place. */
int registry_follow(struct registry *registry, struct err *err);

/* Calls each() with the rows of a statement that selects REGISTRY_ROW. */
int registry_read_each(struct registry *registry, sqlite3_stmt *stmt,
    int (*each)(const struct registry_tenant *tenant, void *arg), void *arg,
    struct err *err);

/* The number that a statement selects, which is finalized. */
int registry_read_number(struct registry *registry, sqlite3_stmt *stmt,
    int64_t *out, struct err *err);

#endif
