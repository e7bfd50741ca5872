#ifndef ROWHOUSE_TENANT_H
#define ROWHOUSE_TENANT_H

#include <stdint.h>

#include "tenants/app.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/db.h"
#include "tenants/fit.h"
#include "tenants/registry.h"

/*
 * A tenant's open file, with what is kept beside it: prepared statements of
 * endpoints and of the accounts' own SQL.  Owned by a tenant_cache.
 */
struct tenant {
	struct registry_tenant row;	/* as the registry had it last */
	struct db *db;
	const struct app *app;
	/* the rest is tenant.c's own: */
	struct tenant_cache *cache;
	struct tenant_statements *statements;
	uint64_t registry_version;	/* when row was last compared */
	int64_t size_max;		/* as the file has it */
	struct fit_found fit;		/* how it was when it was opened */
	int64_t used_ms;		/* monotonic; when last asked for */
	int64_t cache_bytes;		/* page cache, when last looked at */
	struct tenant *newer, *older;	/* the LRU list */
	struct tenant *chain;		/* the hash chain */
};

/*
 * The bounded set of tenants that a worker holds open, least recently used
 * first out.  Opening brings the file to the application's schema version,
 * under the write lock, in one transaction (migrate.h), or finds that it can be
 * served as it is (fit.h).
 *
 * The page caches of all of them together stay within worker_cache_kib: one
 * may take half of it (or cache_kib), and before a tenant is given out those
 * least recently used are emptied until that half is free.
 */
struct tenant_cache;

struct tenant_cache *tenant_cache_new(const struct config *config,
    const struct app *app);
void tenant_cache_free(struct tenant_cache *cache);

/*
 * The open tenant of a row just read from the registry.  One that is open in
 * another epoch, or whose file was moved away, is closed and opened anew.
 * ERR_NOT_FOUND where its file is missing (never created here): the caller
 * answers 503, the hint says how to restore.  ERR_CORRUPT where the file is
 * another tenant's.  Valid until the next call here.
 */
struct tenant *tenant_cache_get(struct tenant_cache *cache,
    const struct registry_tenant *row, struct err *err);

/*
 * Closes those unused for config->worker_idle_ms; returns the milliseconds
 * until there may be another, -1 = none open.
 */
int64_t tenant_cache_idle(struct tenant_cache *cache);
void tenant_cache_drop(struct tenant_cache *cache, const char *slug);
size_t tenant_cache_count(const struct tenant_cache *cache);

/*
 * BEGIN IMMEDIATE for a tenant, and R10's question after it: is this still the
 * tenant's current file?  Where it is not: rolled back, and 1 returned: read
 * its row again, get the tenant again and begin again.  0 begun, -1 error:
 * ERR_BUSY where it was suspended meanwhile, ERR_NOT_FOUND where deleted.
 */
int tenant_begin_write(struct tenant *tenant, struct registry *registry,
    struct err *err);

/*
 * For a request that failed: has somebody migrated the file since it was
 * opened?  Then it is opened anew for the next one, which looks whether it is
 * still one for this application (fit.h), and *err becomes ERR_BUSY.
 */
void tenant_blame_migration(struct tenant *tenant, struct err *err);

/*
 * A statement kept with the tenant under a key of the caller's choosing (the
 * address of something static, and a number); prepared when first asked for,
 * under the guard or not, as it is then.  Reset and unbound when given out.
 * At most 64 are kept for a tenant, and 3 MiB of them in all: those used last.
 * Nobody holds on to one across a call of tenant_cache_get.
 */
sqlite3_stmt *tenant_statement(struct tenant *tenant, const void *key,
    size_t number, struct str sql, struct err *err);

/* Runs one that gives no rows, and resets it; an error begins with what. */
int tenant_run(struct tenant *tenant, sqlite3_stmt *stmt, const char *what,
    struct err *err);

#endif
