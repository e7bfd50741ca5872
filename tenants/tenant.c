#include "tenants/tenant.h"

#include <stdlib.h>
#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/layout.h"
#include "tenants/plan.h"
#include "tenants/tenant_statements.h"

#define STATEMENT_BYTES ((size_t)3 << 20) /* of all tenants together */
#define CEILING_MIN_KIB 64
#define SHRUNK_BYTES    32768 /* with less there is nothing to gain */

struct tenant_cache {
	const struct config *config;
	const struct app *app;
	struct fit *fit;
	size_t max;
	size_t count;
	size_t buckets; /* a power of two */
	struct tenant **bucket;
	struct tenant *newest, *oldest;
	size_t statement_bytes;
	int64_t ceiling_kib; /* of one tenant's page cache */
	int64_t cache_bytes; /* of all, when last looked at */
};

struct tenant_cache *
tenant_cache_new(const struct config *config, const struct app *app)
{
	struct tenant_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		err_die("out of memory");
	cache->config = config;
	cache->app = app;
	cache->fit = fit_new(config, app);
	cache->max = (size_t)config->worker_tenants;
	cache->buckets = 16;
	while (cache->buckets < 2 * cache->max)
		cache->buckets *= 2;
	cache->bucket = calloc(cache->buckets, sizeof(struct tenant *));
	if (cache->bucket == NULL)
		err_die("out of memory");
	cache->ceiling_kib = config->worker_cache_kib / 2;
	if (cache->ceiling_kib > config->cache_kib)
		cache->ceiling_kib = config->cache_kib;
	if (cache->ceiling_kib < CEILING_MIN_KIB)
		cache->ceiling_kib = CEILING_MIN_KIB;
	return cache;
}

/* FNV-1a, 32 bits. */
static struct tenant **
bucket_of(struct tenant_cache *cache, const char *slug)
{
	uint32_t h = 2166136261u;

	for (; *slug != '\0'; slug++)
		h = (h ^ (unsigned char)*slug) * 16777619u;
	return &cache->bucket[(h ^ h >> 16) & (cache->buckets - 1)];
}

static struct tenant *
find(struct tenant_cache *cache, const char *slug)
{
	struct tenant *tenant = *bucket_of(cache, slug);

	while (tenant != NULL && strcmp(tenant->row.slug, slug) != 0)
		tenant = tenant->chain;
	return tenant;
}

static void
unlist(struct tenant *tenant)
{
	struct tenant_cache *cache = tenant->cache;

	if (tenant->newer != NULL)
		tenant->newer->older = tenant->older;
	else
		cache->newest = tenant->older;
	if (tenant->older != NULL)
		tenant->older->newer = tenant->newer;
	else
		cache->oldest = tenant->newer;
}

static void
list_newest(struct tenant *tenant)
{
	struct tenant_cache *cache = tenant->cache;

	tenant->newer = NULL;
	tenant->older = cache->newest;
	if (cache->newest != NULL)
		cache->newest->newer = tenant;
	else
		cache->oldest = tenant;
	cache->newest = tenant;
}

static void
close_tenant(struct tenant *tenant)
{
	struct tenant_cache *cache = tenant->cache;
	struct tenant **link = bucket_of(cache, tenant->row.slug);

	while (*link != tenant)
		link = &(*link)->chain;
	*link = tenant->chain;
	unlist(tenant);
	cache->count--;
	cache->cache_bytes -= tenant->cache_bytes;
	cache->statement_bytes -= tenant_statements_bytes(tenant->statements);
	tenant_statements_free(tenant->statements);
	db_close(tenant->db);
	free(tenant);
}

void
tenant_cache_free(struct tenant_cache *cache)
{
	if (cache == NULL)
		return;
	while (cache->oldest != NULL)
		close_tenant(cache->oldest);
	fit_free(cache->fit);
	free(cache->bucket);
	free(cache);
}

static struct db *
open_file(struct tenant_cache *cache, const struct registry_tenant *row,
    int64_t size_max, struct fit_found *found, struct err *err)
{
	const struct config *config = cache->config;
	struct layout_path path = layout_db(config, row->slug, row->epoch);
	struct db_opts opts = { .path = path.p,
		.role = DB_SERVE,
		.cache_kib = cache->ceiling_kib,
		.busy_ms = config->busy_timeout_ms,
		.size_max = size_max };
	struct db *db;

	db = db_open(&opts, err);
	if (db == NULL) {
		if (err->code == ERR_NOT_FOUND)
			err_hint(err,
			    "bring it back: rowhouse restore %s "
			    "--in-place",
			    row->slug);
		return NULL;
	}
	if (fit_check(cache->fit, db, row, found, err) == 0)
		return db;
	db_close(db);
	return NULL;
}

static struct tenant *
open_tenant(struct tenant_cache *cache, const struct registry_tenant *row,
    struct err *err)
{
	struct tenant **bucket = bucket_of(cache, row->slug);
	struct tenant *tenant;
	struct plan plan;
	struct fit_found found;
	struct db *db;

	plan_of(cache->config, row, &plan);
	db = open_file(cache, row, plan.size, &found, err);
	if (db == NULL) {
		err_wrap(err, "tenant %s", row->slug);
		return NULL;
	}
	tenant = calloc(1, sizeof(*tenant));
	if (tenant == NULL)
		err_die("out of memory");
	tenant->row = *row;
	tenant->size_max = plan.size;
	tenant->fit = found;
	tenant->db = db;
	tenant->app = cache->app;
	tenant->cache = cache;
	tenant->statements = tenant_statements_new();
	tenant->chain = *bucket;
	*bucket = tenant;
	list_newest(tenant);
	cache->count++;
	return tenant;
}

static void
look_at_memory(struct tenant *tenant)
{
	int64_t bytes = db_cache_memory(tenant->db);

	tenant->cache->cache_bytes += bytes - tenant->cache_bytes;
	tenant->cache_bytes = bytes;
}

/*
 * Room for the newest to fill its page cache up to the ceiling.  What one
 * tenant used in the meantime is known when the next is asked for, so that no
 * moment has more than the budget in use.
 */
static void
make_room(struct tenant_cache *cache)
{
	int64_t budget =
	    1024 * (cache->config->worker_cache_kib - cache->ceiling_kib);
	struct tenant *tenant, *newest = cache->newest;

	look_at_memory(newest);
	for (tenant = cache->oldest;
	     tenant != newest &&
	     cache->cache_bytes - newest->cache_bytes > budget;
	     tenant = tenant->newer) {
		if (tenant->cache_bytes < SHRUNK_BYTES)
			continue;
		db_shrink(tenant->db);
		look_at_memory(tenant);
	}
}

/* Another plan takes effect with the next request. */
static int
follow_plan(
    struct tenant *tenant, const struct registry_tenant *row, struct err *err)
{
	struct plan plan;

	plan_of(tenant->cache->config, row, &plan);
	if (plan.size == tenant->size_max)
		return 0;
	if (db_set_size_max(tenant->db, plan.size, err) != 0)
		return err_wrap(err, "tenant %s", row->slug);
	tenant->size_max = plan.size;
	return 0;
}

/* Its schema has changed, or a migration that failed is to be tried again. */
static int
wants_another_look(const struct tenant *tenant)
{
	return tenant->fit.again_ms != 0 &&
	       tenant->fit.again_ms <= clock_mono_ms();
}

struct tenant *
tenant_cache_get(struct tenant_cache *cache, const struct registry_tenant *row,
    struct err *err)
{
	struct tenant *tenant = find(cache, row->slug);

	if (cache->newest != NULL)
		look_at_memory(cache->newest);
	if (tenant != NULL && (tenant->row.epoch != row->epoch ||
				  strcmp(tenant->row.uid, row->uid) != 0 ||
				  wants_another_look(tenant) ||
				  db_moved(tenant->db))) {
		close_tenant(tenant);
		tenant = NULL;
	}
	if (tenant == NULL) {
		while (cache->count >= cache->max)
			close_tenant(cache->oldest);
		tenant = open_tenant(cache, row, err);
		if (tenant == NULL)
			return NULL;
	} else if (cache->newest != tenant) {
		unlist(tenant);
		list_newest(tenant);
	}
	if (follow_plan(tenant, row, err) != 0)
		return NULL;
	tenant->row = *row;
	tenant->used_ms = clock_mono_ms();
	make_room(cache);
	return tenant;
}

int64_t
tenant_cache_idle(struct tenant_cache *cache)
{
	int64_t now = clock_mono_ms();
	int64_t idle = cache->config->worker_idle_ms;

	while (cache->oldest != NULL && cache->oldest->used_ms + idle <= now)
		close_tenant(cache->oldest);
	return cache->oldest != NULL ? cache->oldest->used_ms + idle - now : -1;
}

void
tenant_cache_drop(struct tenant_cache *cache, const char *slug)
{
	struct tenant *tenant = find(cache, slug);

	if (tenant != NULL)
		close_tenant(tenant);
}

size_t
tenant_cache_count(const struct tenant_cache *cache)
{
	return cache->count;
}

/* 0 the row still holds, 1 another incarnation is current, -1. */
static int
compare_row(struct tenant *tenant, struct registry *registry, struct err *err)
{
	uint64_t version = registry_version(registry);
	struct registry_tenant now;

	if (version != 0 && version == tenant->registry_version)
		return 0;
	if (registry_find(registry, str_of(tenant->row.slug), &now, err) != 0)
		return -1;
	if (now.epoch != tenant->row.epoch ||
	    strcmp(now.uid, tenant->row.uid) != 0)
		return 1;
	if (now.state == REGISTRY_SUSPENDED) {
		err_set(err, ERR_BUSY, "tenant %s is suspended", now.slug);
		return -1;
	}
	if (now.state == REGISTRY_DELETED)
		return err_set(
		    err, ERR_NOT_FOUND, "there is no tenant %s", now.slug);
	tenant->row = now;
	tenant->registry_version = version;
	return 0;
}

int
tenant_begin_write(
    struct tenant *tenant, struct registry *registry, struct err *err)
{
	int changed;

	if (db_begin_write(tenant->db, err) != 0)
		return -1;
	/*
	 * Whoever makes another incarnation current holds this file's write
	 * lock over it, so what the registry says now holds until we commit.
	 */
	changed = db_moved(tenant->db) ? 1 : compare_row(tenant, registry, err);
	if (changed != 0)
		db_rollback(tenant->db);
	return changed;
}

/*
 * The tenants least recently used lose theirs first, and the one at work, who
 * comes last, never all: what it was given in this call it still uses.
 */
static void
keep(struct tenant *tenant, const void *key, size_t number, sqlite3_stmt *stmt)
{
	struct tenant_cache *cache = tenant->cache;
	size_t before = tenant_statements_bytes(tenant->statements);
	struct tenant *loser;

	tenant_statements_put(tenant->statements, key, number, stmt);
	cache->statement_bytes +=
	    tenant_statements_bytes(tenant->statements) - before;
	for (loser = cache->oldest; loser != tenant; loser = loser->newer)
		while (cache->statement_bytes > STATEMENT_BYTES) {
			before = tenant_statements_bytes(loser->statements);
			if (!tenant_statements_drop(loser->statements))
				break;
			cache->statement_bytes -=
			    before - tenant_statements_bytes(loser->statements);
		}
}

/* It is opened anew for the next request. */
static void
doubt(struct tenant *tenant)
{
	tenant->fit.again_ms = 1;
}

void
tenant_blame_migration(struct tenant *tenant, struct err *err)
{
	struct err why = ERR_INIT;
	int64_t applied;

	if (db_user_version(tenant->db, &applied, &why) != 0 ||
	    applied == tenant->fit.applied)
		return;
	doubt(tenant);
	why = *err;
	err_set(err, ERR_BUSY, "tenant %s was migrated from %lld to %lld: %s",
	    tenant->row.slug, (long long)tenant->fit.applied,
	    (long long)applied, why.msg);
	err->retry_after = 1;
}

sqlite3_stmt *
tenant_statement(struct tenant *tenant, const void *key, size_t number,
    struct str sql, struct err *err)
{
	sqlite3_stmt *stmt;

	stmt = tenant_statements_get(tenant->statements, key, number);
	if (stmt != NULL) {
		/* Somebody has migrated the file: is it still one for us? */
		if (sqlite3_stmt_status(
			stmt, SQLITE_STMTSTATUS_REPREPARE, 0) > 0)
			doubt(tenant);
		(void)sqlite3_reset(stmt);
		(void)sqlite3_clear_bindings(stmt);
		return stmt;
	}
	if (sqlite3_prepare_v3(db_handle(tenant->db), sql.p, (int)sql.n,
		SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK) {
		db_err(tenant->db, err, "SQL");
		return NULL;
	}
	if (stmt == NULL) {
		err_set(err, ERR_SYSTEM, "SQL: there is no statement in it");
		return NULL;
	}
	keep(tenant, key, number, stmt);
	return stmt;
}

int
tenant_run(struct tenant *tenant, sqlite3_stmt *stmt, const char *what,
    struct err *err)
{
	int rc = sqlite3_step(stmt);

	if (rc != SQLITE_DONE)
		(void)db_err(tenant->db, err, "%s", what);
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}
