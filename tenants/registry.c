#include "tenants/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/hostname.h"
#include "tenants/layout.h"
#include "tenants/registry_make.h"
#include "tenants/registry_own.h"

#define LOOK_MS 1000 /* between two looks whether the file was replaced */

static const char *const statement_sql[REGISTRY_STATEMENTS] = {
	[REGISTRY_FIND] =
	    "SELECT " REGISTRY_ROW " FROM tenants t WHERE t.slug = ?1",
	[REGISTRY_FIND_HOST] =
	    "SELECT " REGISTRY_ROW " FROM hosts h JOIN tenants t USING (slug)"
	    " WHERE h.host = ?1",
};

static const char *const state_names[] = {
	[REGISTRY_ACTIVE] = "active",
	[REGISTRY_SUSPENDED] = "suspended",
	[REGISTRY_DELETED] = "deleted",
};

#define STATES (sizeof(state_names) / sizeof(state_names[0]))

const char *
registry_state_name(enum registry_state state)
{
	return state_names[state];
}

int
registry_state_of(struct str name)
{
	size_t i;

	for (i = 0; i < STATES; i++)
		if (str_is(name, state_names[i]))
			return (int)i;
	return -1;
}

static void
close_db(struct registry *registry)
{
	int i;

	for (i = 0; i < REGISTRY_STATEMENTS; i++) {
		(void)sqlite3_finalize(registry->statement[i]);
		registry->statement[i] = NULL;
	}
	db_close(registry->db);
	registry->db = NULL;
}

static int
open_db(struct registry *registry, struct err *err)
{
	struct layout_path path = layout_registry(registry->config);
	struct db_opts opts = { .path = path.p,
		.role = registry->role,
		.busy_ms = registry->config->busy_timeout_ms };
	struct db *db = db_open(&opts, err);
	int64_t version;

	if (db == NULL)
		return -1;
	if (db_user_version(db, &version, err) != 0) {
		err_wrap(err, "%s", path.p);
		goto fail;
	}
	if (version != REGISTRY_SCHEMA) {
		err_set(err, version > REGISTRY_SCHEMA ? ERR_BUSY : ERR_CORRUPT,
		    "%s has schema %lld, this release knows %d", path.p,
		    (long long)version, REGISTRY_SCHEMA);
		goto fail;
	}
	close_db(registry);
	registry->db = db;
	registry->look_ms = clock_mono_ms() + LOOK_MS;
	return 0;
fail:
	db_close(db);
	return -1;
}

struct registry *
registry_open(
    const struct config *config, enum db_role role, int create, struct err *err)
{
	struct registry *registry;
	int made = 0;

	if (create && (made = registry_make(config, err)) < 0)
		return NULL;
	registry = calloc(1, sizeof(*registry));
	if (registry == NULL)
		err_die("out of memory");
	registry->config = config;
	registry->role = role;
	registry->cache = registry_cache_new();
	registry->hints = hint_sender_new(config);
	if (open_db(registry, err) != 0) {
		if (err->code == ERR_NOT_FOUND)
			err_hint(err, "`rowhouse tenant create` makes it, "
				      "`rowhouse restore " SLUG_REGISTRY
				      "` brings back one that was lost");
		registry_close(registry);
		return NULL;
	}
	if (made) {
		struct hint hint = { SLUG_REGISTRY, 0, { { 0, 0 }, 0, 0 } };

		hint.commit.time_ms = clock_wall_ms();
		hint_send(registry->hints, &hint);
	}
	return registry;
}

void
registry_close(struct registry *registry)
{
	if (registry == NULL)
		return;
	close_db(registry);
	registry_cache_free(registry->cache);
	hint_sender_free(registry->hints);
	free(registry);
}

struct db *
registry_db(struct registry *registry)
{
	return registry->db;
}

int
registry_house(
    struct registry *registry, char out[REGISTRY_HOUSE + 1], struct err *err)
{
	sqlite3_stmt *stmt =
	    db_prepare(registry->db, "SELECT id FROM house", err);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		rc =
		    str_copy(str_of((const char *)sqlite3_column_text(stmt, 0)),
			out, REGISTRY_HOUSE + 1);
	else if (rc != SQLITE_DONE)
		rc = db_err(registry->db, err, "registry");
	if (rc != 0 && err->code == ERR_NONE)
		rc = err_set(err, ERR_CORRUPT,
		    "the registry does not say which house it is of");
	(void)sqlite3_finalize(stmt);
	return rc;
}

uint64_t
registry_version(struct registry *registry)
{
	if (!db_moved(registry->db))
		return db_version(registry->db);
	registry->look_ms = 0;
	return 0;
}

/* A worker lives for hours; a restore puts another file in place. */
int
registry_follow(struct registry *registry, struct err *err)
{
	int64_t now = clock_mono_ms();

	if (now < registry->look_ms)
		return 0;
	registry->look_ms = now + LOOK_MS;
	if (!db_moved(registry->db) || open_db(registry, err) == 0)
		return 0;
	registry->look_ms = now;
	if (err->code == ERR_NOT_FOUND)
		err->code = ERR_BUSY;
	return err_wrap(err, "the registry was moved");
}

static int
read_row(sqlite3_stmt *stmt, struct registry_tenant *out, struct err *err)
{
	struct str slug = str_of((const char *)sqlite3_column_text(stmt, 0));
	struct str uid = str_of((const char *)sqlite3_column_text(stmt, 1));
	struct str state = str_of((const char *)sqlite3_column_text(stmt, 2));
	struct str plan = str_of((const char *)sqlite3_column_text(stmt, 10));
	struct err unwanted;
	int known = registry_state_of(state);

	memset(out, 0, sizeof(*out));
	if (slug_check(slug, &unwanted) != 0 ||
	    str_copy(slug, out->slug, sizeof(out->slug)) != 0 ||
	    str_copy(uid, out->uid, sizeof(out->uid)) != 0 ||
	    str_copy(plan, out->plan, sizeof(out->plan)) != 0 || known < 0)
		return err_set(err, ERR_CORRUPT,
		    "the registry has a row for \"%.*s\" that makes no sense",
		    STR_FMT(str_sub(slug, 0, SLUG_MAX)));
	out->state = (enum registry_state)known;
	out->epoch = (uint32_t)sqlite3_column_int64(stmt, 3);
	out->parent_epoch = (uint32_t)sqlite3_column_int64(stmt, 4);
	out->parent_txid = (uint64_t)sqlite3_column_int64(stmt, 5);
	out->generation = (uint32_t)sqlite3_column_int64(stmt, 6);
	out->size_max = sqlite3_column_int64(stmt, 7);
	out->created_ms = sqlite3_column_int64(stmt, 8);
	out->updated_ms = sqlite3_column_int64(stmt, 9);
	out->erasing_ms = sqlite3_column_int64(stmt, 11);
	return 0;
}

int
registry_look_up(struct registry *registry, enum registry_statement which,
    struct str key, struct registry_tenant *out, struct err *err)
{
	sqlite3_stmt **stmt = &registry->statement[which];
	int rc;

	if (*stmt == NULL)
		*stmt = db_prepare(registry->db, statement_sql[which], err);
	if (*stmt == NULL)
		return -1;
	(void)sqlite3_bind_text(*stmt, 1, key.p, (int)key.n, SQLITE_STATIC);
	rc = sqlite3_step(*stmt);
	if (rc == SQLITE_ROW)
		rc = read_row(*stmt, out, err) == 0 ? 1 : -1;
	else if (rc == SQLITE_DONE)
		rc = 0;
	else
		rc = db_err(registry->db, err, "registry");
	(void)sqlite3_reset(*stmt);
	(void)sqlite3_clear_bindings(*stmt);
	return rc;
}

int
registry_look_up_slug(struct registry *registry, struct str slug,
    struct registry_tenant *out, struct err *err)
{
	int found;

	if (slug_check(slug, err) != 0)
		return -1;
	found = registry_look_up(registry, REGISTRY_FIND, slug, out, err);
	if (found == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no tenant %.*s",
		    STR_FMT(slug));
	return found > 0 ? 0 : -1;
}

/*
 * Caddy names the tenant of most requests, so that look-up is kept like that
 * by host; under a key that no host can have.
 */
int
registry_find(struct registry *registry, struct str slug,
    struct registry_tenant *out, struct err *err)
{
	char name[SLUG_MAX + 2] = "/";
	const struct registry_tenant *known;
	uint64_t version;

	if (registry_follow(registry, err) != 0 || slug_check(slug, err) != 0)
		return -1;
	(void)str_copy(slug, name + 1, sizeof(name) - 1);
	version = db_version(registry->db);
	known = registry_cache_get(registry->cache, version, name);
	if (known != NULL) {
		*out = *known;
		return 0;
	}
	if (registry_look_up_slug(registry, slug, out, err) != 0)
		return -1;
	registry_cache_put(registry->cache, version, name, out);
	return 0;
}

/* The slug in "<slug>.<base domain>", or STR_NONE. */
static struct str
slug_of_host(const struct config *config, const char *host)
{
	struct str name = str_of(host);
	struct str base = str_of(config->base_domain);
	struct err unwanted;
	struct str slug;

	if (base.n == 0 || name.n <= base.n + 1 || !str_ends(name, base.p) ||
	    name.p[name.n - base.n - 1] != '.')
		return STR_NONE;
	slug = str_sub(name, 0, name.n - base.n - 1);
	return slug_check(slug, &unwanted) == 0 ? slug : STR_NONE;
}

int
registry_find_host(struct registry *registry, struct str host,
    struct registry_tenant *out, struct err *err)
{
	char name[HOSTNAME_MAX + 1];
	const struct registry_tenant *known;
	uint64_t version;
	struct str slug;
	int found = 0;

	if (registry_follow(registry, err) != 0)
		return -1;
	if (hostname_parse(host, name) != 0)
		return err_set(err, ERR_NOT_FOUND, "that is not a host name");
	version = db_version(registry->db);
	known = registry_cache_get(registry->cache, version, name);
	if (known != NULL) {
		*out = *known;
		return 0;
	}
	slug = slug_of_host(registry->config, name);
	if (slug.n > 0)
		found =
		    registry_look_up(registry, REGISTRY_FIND, slug, out, err);
	if (found == 0)
		found = registry_look_up(
		    registry, REGISTRY_FIND_HOST, str_of(name), out, err);
	if (found == 0)
		return err_set(
		    err, ERR_NOT_FOUND, "no tenant has the host %s", name);
	if (found < 0)
		return -1;
	registry_cache_put(registry->cache, version, name, out);
	return 0;
}

int
registry_is_platform(const struct config *config, struct str host)
{
	char name[HOSTNAME_MAX + 1];

	return hostname_parse(host, name) == 0 &&
	       str_is(str_of(config->base_domain), name);
}

int
registry_read_each(struct registry *registry, sqlite3_stmt *stmt,
    int (*each)(const struct registry_tenant *tenant, void *arg), void *arg,
    struct err *err)
{
	struct registry_tenant tenant;
	int rc, answer = 0;

	while (answer == 0 && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
		if (rc != SQLITE_ROW)
			answer = db_err(registry->db, err, "registry");
		else if (read_row(stmt, &tenant, err) != 0)
			answer = -1;
		else
			answer = each(&tenant, arg);
	}
	return answer;
}

int
registry_read_number(struct registry *registry, sqlite3_stmt *stmt,
    int64_t *out, struct err *err)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(stmt, 0);
	else
		db_err(registry->db, err, "registry");
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

int
registry_each(struct registry *registry,
    int (*each)(const struct registry_tenant *tenant, void *arg), void *arg,
    struct err *err)
{
	const struct registry_query all = { .state = -1, .limit = -1 };

	return registry_list(registry, &all, each, arg, err);
}

int
registry_each_host(struct registry *registry, struct str slug,
    int (*each)(const char *host, void *arg), void *arg, struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(registry->db,
	    "SELECT host FROM hosts WHERE slug = ?1 ORDER BY host", err);
	int rc, answer = 0;

	if (stmt == NULL)
		return -1;
	(void)sqlite3_bind_text(stmt, 1, slug.p, (int)slug.n, SQLITE_STATIC);
	while (answer == 0 && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
		if (rc != SQLITE_ROW)
			answer = db_err(registry->db, err, "registry");
		else
			answer = each(
			    (const char *)sqlite3_column_text(stmt, 0), arg);
	}
	(void)sqlite3_finalize(stmt);
	return answer;
}
