#include "tenants/keys.h"

#include <stdio.h>
#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/stamp.h"
#include "tenants/users_row.h"

#define HOUR_MS (3600 * 1000)
#define NOTE_MS 50 /* for which who uses a key waits, to have that noted */

enum statement { FIND, USED, ROLE, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[FIND] = "SELECT id, owner, role, scope, paths, used FROM _keys"
		 " WHERE hash = ?1 AND (expires = '' OR expires > ?2)",
	[USED] = "UPDATE _keys SET used = ?2 WHERE id = ?1 AND used < ?3",
	[ROLE] = "SELECT role FROM _keys"
		 " WHERE id = ?1 AND (expires = '' OR expires > ?2)",
};

void
keys_hash(const struct secret *master, const struct registry_tenant *row,
    struct str text, char out[KEYS_HASH])
{
	char generation[16];
	struct secret hash;
	int n = snprintf(
	    generation, sizeof(generation), "%u", (unsigned)row->generation);
	const struct str parts[] = {
		STR("rowhouse key"),
		str_of(row->uid),
		str_make(generation, (size_t)n),
		text,
	};

	crypto_derive(master, parts, sizeof(parts) / sizeof(parts[0]), &hash);
	crypto_hex(hash.bytes, sizeof(hash.bytes), out);
}

static struct str
column(sqlite3_stmt *stmt, int at, struct arena *arena)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);

	return arena_str(
	    arena, str_make(text, (size_t)sqlite3_column_bytes(stmt, at)));
}

/* Asks for one key, among those that have not expired. */
static sqlite3_stmt *
of_those_good(struct tenant *tenant, int which, struct str key, struct err *err)
{
	sqlite3_stmt *stmt =
	    tenant_statement(tenant, sql, which, str_of(sql[which]), err);
	char now[STAMP_TEXT];

	if (!stmt)
		return NULL;
	stamp_format(clock_wall_ms(), now);
	users_row_bind_text(stmt, 1, key);
	users_row_bind_text(stmt, 2, str_of(now));
	return stmt;
}

/* Looked for by its hash, of which nobody can choose a single bit. */
static int
look_up(struct tenant *tenant, const char *hash, struct arena *arena,
    struct key *out, struct str *owner, struct err *err)
{
	sqlite3_stmt *stmt = of_those_good(tenant, FIND, str_of(hash), err);
	int rc;

	if (!stmt)
		return -1;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		out->id = column(stmt, 0, arena);
		*owner = column(stmt, 1, arena);
		out->role = users_row_role(column(stmt, 2, arena));
		out->writes = str_is(column(stmt, 3, arena), "write");
		out->paths = column(stmt, 4, arena);
		out->used = column(stmt, 5, arena);
	} else if (rc == SQLITE_DONE) {
		(void)err_set(err, ERR_AUTH, "there is no such key");
	} else {
		(void)db_err(tenant->db, err, "keys");
	}
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

int
keys_find(struct tenant *tenant, const struct secret *master, struct str text,
    struct arena *arena, struct key *out, struct user *owner, struct err *err)
{
	struct str owner_id;
	char hash[KEYS_HASH];

	keys_hash(master, &tenant->row, text, hash);
	if (look_up(tenant, hash, arena, out, &owner_id, err) < 0 ||
	    users_by_id(tenant, owner_id, arena, owner, err) < 0)
		return -1;
	if (out->role > owner->role)
		out->role = owner->role;
	return 0;
}

int
keys_role(struct tenant *tenant, struct str id, enum app_access *out,
    struct err *err)
{
	sqlite3_stmt *stmt = of_those_good(tenant, ROLE, id, err);
	int rc;

	if (!stmt)
		return -1;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*out = users_row_role(str_make(
		    (const char *)sqlite3_column_text(stmt, 0),
		    (size_t)sqlite3_column_bytes(stmt, 0)));
	else if (rc == SQLITE_DONE)
		(void)err_set(err, ERR_NOT_FOUND, "there is no such key");
	else
		(void)db_err(tenant->db, err, "keys");
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

/* "/api/projects" is that and all below it. */
static int
covers(struct str path, const struct str *segments, size_t n_segments)
{
	struct str rest = str_sub(path, 1, path.n), segment;
	size_t i;

	for (i = 0; str_next(&rest, '/', &segment); i++)
		if (i == n_segments || !str_eq(segment, segments[i]))
			return 0;
	return 1;
}

int
keys_allow(const struct key *key, struct str method, const struct str *segments,
    size_t n_segments, struct arena *arena, struct err *err)
{
	const struct json *paths, *path;

	if (!key->writes && !str_is(method, "GET") && !str_is(method, "HEAD"))
		return err_set(err, ERR_DENIED, "this key may only read");
	if (json_parse(key->paths, JSON_LIMITS_DEFAULT, arena, &paths, err) < 0)
		return err_wrap(err, "the paths of a key");
	for (path = paths->child; path; path = path->next)
		if (covers(path->string, segments, n_segments))
			return 0;
	if (paths->n == 0)
		return 0;
	return err_set(err, ERR_DENIED, "this key is for other paths");
}

static int
put_used(struct tenant *tenant, const struct key *key, const char *now,
    const char *before, struct err *err)
{
	sqlite3_stmt *stmt =
	    tenant_statement(tenant, sql, USED, str_of(sql[USED]), err);

	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, key->id);
	users_row_bind_text(stmt, 2, str_of(now));
	users_row_bind_text(stmt, 3, str_of(before));
	return tenant_run(tenant, stmt, "keys", err);
}

int
keys_note_use(const struct call_env *env, struct str slug,
    const struct key *key, struct err *err)
{
	/* It is our write, not the request's. */
	const struct caller nobody = { .role = APP_PUBLIC };
	struct call_env unwatched = *env;
	char now[STAMP_TEXT], before[STAMP_TEXT], used[STAMP_TEXT];
	int64_t now_ms = clock_wall_ms();
	struct registry_tenant row;
	struct tenant *tenant;
	int rc;

	stamp_format(now_ms, now);
	stamp_format(now_ms - HOUR_MS, before);
	if (str_copy(key->used, used, sizeof(used)) == 0 &&
	    strcmp(used, before) >= 0)
		return 0;
	unwatched.watch = NULL;
	if (registry_find(env->registry, slug, &row, err) < 0 ||
	    !(tenant = tenant_cache_get(env->cache, &row, err)))
		return -1;
	db_deadline(tenant->db, clock_mono_ms() + NOTE_MS);
	rc = call_begin_write(&unwatched, nobody, &tenant, err);
	if (tenant)
		db_deadline(tenant->db, 0);
	if (rc < 0)
		return -1;
	/* Of several workers at once one is the first. */
	if (put_used(tenant, key, now, before, err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(&unwatched, tenant, NULL, err);
}
