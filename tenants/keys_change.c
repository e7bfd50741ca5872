#include "tenants/keys.h"

#include <string.h>

#include "tenants/audit.h"
#include "tenants/base/clock.h"
#include "tenants/call_bind.h"
#include "tenants/stamp.h"
#include "tenants/users_row.h"

#define SECRET        40 /* characters of a key, after its prefix; 206 bits */
#define PATHS_MAX     20
#define PATH_MAX_SIZE 255
#define EXPIRES_MAX   (INT64_C(3660) * 24 * 3600 * 1000) /* from now */

enum statement { LIST, COUNT, INSERT, FIND, DELETE, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[LIST] = "SELECT id, name, owner, role, scope, paths, created, expires,"
		 " used, generation FROM _keys ORDER BY created, id",
	[COUNT] = "SELECT count(*) FROM _keys",
	[INSERT] = "INSERT INTO _keys (id, name, owner, role, scope, paths,"
		   " created, expires, used, generation, hash)"
		   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '', ?9, ?10)",
	[FIND] = "SELECT name, owner FROM _keys WHERE id = ?1",
	[DELETE] = "DELETE FROM _keys WHERE id = ?1",
};

enum param { NAME, ROLE, SCOPE, PATHS, EXPIRES, PARAMS };

static const struct str roles[] = { { "member", 6 }, { "admin", 5 },
	{ "owner", 5 } };
static const struct str scopes[] = { { "read", 4 }, { "write", 5 } };

static const struct app_param params[PARAMS] = {
	[NAME] = { .name = { "name", 4 },
	    .type = APP_TEXT,
	    .required = 1,
	    .has_min = 1,
	    .min = 1,
	    .has_max = 1,
	    .max = 200 },
	[ROLE] = { .name = { "role", 4 },
	    .type = APP_TEXT,
	    .required = 1,
	    .n_choices = 3,
	    .choices = roles },
	[SCOPE] = { .name = { "scope", 5 },
	    .type = APP_TEXT,
	    .required = 1,
	    .n_choices = 2,
	    .choices = scopes },
	[PATHS] = { .name = { "paths", 5 }, .type = APP_JSON },
	[EXPIRES] = { .name = { "expires", 7 },
	    .type = APP_TEXT,
	    .has_max = 1,
	    .max = 40 },
};

/* A key as it is listed, and, where it was made just now, whole. */
struct listed {
	struct str id, name, owner, role, scope, paths, created, expires, used;
	int active;
	struct str whole;
};

static int
check_caller(struct caller caller, struct err *err)
{
	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (caller.role < APP_ADMIN)
		return err_set(err, ERR_DENIED,
		    "only an admin or owner has to do with keys");
	return 0;
}

/* What was sent, with these parameters. */
static int
read_sent(const struct call *sent, const char *method, size_t n_params,
    struct arena *arena, struct call_bind *out, struct faults *faults,
    struct err *err)
{
	const struct app_endpoint endpoint = {
		.method = method, .n_params = n_params, .params = params
	};
	struct call call = *sent;
	int rc;

	call.endpoint = &endpoint;
	rc = call_bind_read(&call, STR_NONE, arena, out, faults, err);
	out->endpoint = NULL;
	return rc;
}

static sqlite3_stmt *
statement(struct tenant *tenant, enum statement which, struct err *err)
{
	return tenant_statement(
	    tenant, sql, (size_t)which, str_of(sql[which]), err);
}

static void
put_text(struct buf *out, const char *name, struct str text)
{
	buf_printf(out, ",\"%s\":", name);
	json_put_string(out, text);
}

static void
put_time(struct buf *out, const char *name, struct str text)
{
	if (text.n > 0)
		put_text(out, name, text);
	else
		buf_printf(out, ",\"%s\":null", name);
}

static void
put_key(struct buf *out, const struct listed *key)
{
	buf_puts(out, "{\"id\":");
	json_put_string(out, key->id);
	put_text(out, "name", key->name);
	put_text(out, "owner", key->owner);
	put_text(out, "role", key->role);
	put_text(out, "scope", key->scope);
	buf_puts(out, ",\"paths\":");
	buf_str(out, key->paths);
	put_text(out, "created", key->created);
	put_time(out, "expires", key->expires);
	put_time(out, "used", key->used);
	if (key->whole.n > 0)
		put_text(out, "key", key->whole);
	buf_printf(out, ",\"active\":%s}", key->active ? "true" : "false");
}

static struct str
column(sqlite3_stmt *stmt, int at)
{
	return str_make((const char *)sqlite3_column_text(stmt, at),
	    (size_t)sqlite3_column_bytes(stmt, at));
}

static int
is_active(const struct tenant *tenant, int64_t generation, struct str expires,
    const char *now)
{
	char text[STAMP_TEXT];

	if (generation != (int64_t)tenant->row.generation)
		return 0;
	return expires.n == 0 || (str_copy(expires, text, sizeof(text)) == 0 &&
				     strcmp(text, now) > 0);
}

static void
put_row(
    struct tenant *tenant, sqlite3_stmt *stmt, const char *now, struct buf *out)
{
	const struct listed key = {
		.id = column(stmt, 0),
		.name = column(stmt, 1),
		.owner = column(stmt, 2),
		.role = column(stmt, 3),
		.scope = column(stmt, 4),
		.paths = column(stmt, 5),
		.created = column(stmt, 6),
		.expires = column(stmt, 7),
		.used = column(stmt, 8),
		.active = is_active(tenant, sqlite3_column_int64(stmt, 9),
		    column(stmt, 7), now),
	};

	put_key(out, &key);
}

int
keys_list(const struct call_env *env, struct tenant *tenant,
    const struct call *sent, struct buf *out, struct faults *faults,
    struct err *err)
{
	struct call_bind bind;
	sqlite3_stmt *stmt;
	char now[STAMP_TEXT];
	int rc, n = 0;

	if (check_caller(sent->caller, err) < 0 ||
	    read_sent(sent, "GET", 0, env->arena, &bind, faults, err) < 0)
		return -1;
	stmt = statement(tenant, LIST, err);
	if (!stmt)
		return -1;
	stamp_format(clock_wall_ms(), now);
	buf_puts(out, "{\"items\":[");
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (n++ > 0)
			buf_putc(out, ',');
		put_row(tenant, stmt, now, out);
	}
	buf_puts(out, "]}");
	if (rc != SQLITE_DONE)
		(void)db_err(tenant->db, err, "keys");
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? buf_check(out, "answer", err) : -1;
}

/* "/api/projects": of segments as they are after decoding. */
static int
path_ok(struct str path)
{
	struct str rest = str_sub(path, 1, path.n), segment;
	size_t n = 0;

	if (!str_starts(path, "/api") || path.n > PATH_MAX_SIZE ||
	    memchr(path.p, 0, path.n))
		return 0;
	while (str_next(&rest, '/', &segment)) {
		if (segment.n == 0 || str_is(segment, ".") ||
		    str_is(segment, "..") ||
		    (n++ == 0 && !str_is(segment, "api")))
			return 0;
	}
	return 1;
}

static int
paths_ok(const struct value *value, struct arena *arena)
{
	const struct json *paths, *path;
	struct err err = ERR_INIT;

	if (json_parse(value->text, JSON_LIMITS_DEFAULT, arena, &paths, &err) <
		0 ||
	    paths->type != JSON_ARRAY || paths->n > PATHS_MAX)
		return 0;
	for (path = paths->child; path; path = path->next)
		if (path->type != JSON_STRING || !path_ok(path->string))
			return 0;
	return 1;
}

/* Into a stamp; -1 where it is no time, or none that can be meant. */
static int
read_expires(struct str text, char out[STAMP_TEXT])
{
	int64_t now_ms = clock_wall_ms(), at_ms;
	struct err err = ERR_INIT;

	if (clock_parse(text, now_ms, &at_ms, &err) < 0 || at_ms <= now_ms ||
	    at_ms > now_ms + EXPIRES_MAX)
		return -1;
	stamp_format(at_ms, out);
	return 0;
}

/* What the types of the parameters do not say. */
static int
check_sent(const struct call *sent, const struct call_bind *bind,
    struct arena *arena, char expires[STAMP_TEXT], struct faults *faults,
    struct err *err)
{
	const struct value *paths = &bind->params[PATHS];
	const struct value *time = &bind->params[EXPIRES];

	expires[0] = '\0';
	if (paths->kind != VALUE_NULL && !paths_ok(paths, arena))
		faults_add(faults, arena, params[PATHS].name,
		    "validation_invalid_value",
		    "Must be at most 20 texts like \"/api/projects\".");
	if (time->kind != VALUE_NULL && read_expires(time->text, expires) < 0)
		faults_add(faults, arena, params[EXPIRES].name,
		    "validation_invalid_value",
		    "Must be a time within the next ten years, as RFC 3339 "
		    "writes it.");
	if (faults->first)
		return err_set(
		    err, ERR_INPUT, "the key's fields are not right");
	if (users_row_role(bind->params[ROLE].text) > sent->caller.role)
		return err_set(
		    err, ERR_DENIED, "a key's role is at most its maker's");
	return 0;
}

static int
check_count(struct tenant *tenant, struct err *err)
{
	sqlite3_stmt *stmt = statement(tenant, COUNT, err);
	int64_t n;

	if (!stmt || users_row_int(tenant, stmt, &n, err) < 0)
		return -1;
	if (n >= KEYS_MAX)
		return err_set(err, ERR_CONFLICT,
		    "there are %d keys already; remove one", KEYS_MAX);
	return 0;
}

static int
insert(struct tenant *tenant, const struct secret *master, struct caller caller,
    const struct listed *key, struct err *err)
{
	const struct audit_entry entry = {
		.action = AUDIT_KEY_MADE, .about = key->id, .new = key->name
	};
	sqlite3_stmt *stmt;
	char hash[KEYS_HASH];

	if (check_count(tenant, err) < 0)
		return -1;
	stmt = statement(tenant, INSERT, err);
	if (!stmt)
		return -1;
	keys_hash(master, &tenant->row, key->whole, hash);
	users_row_bind_text(stmt, 1, key->id);
	users_row_bind_text(stmt, 2, key->name);
	users_row_bind_text(stmt, 3, key->owner);
	users_row_bind_text(stmt, 4, key->role);
	users_row_bind_text(stmt, 5, key->scope);
	users_row_bind_text(stmt, 6, key->paths);
	users_row_bind_text(stmt, 7, key->created);
	users_row_bind_text(stmt, 8, key->expires);
	(void)sqlite3_bind_int64(stmt, 9, (int64_t)tenant->row.generation);
	users_row_bind_text(stmt, 10, str_of(hash));
	if (tenant_run(tenant, stmt, "keys", err) < 0)
		return -1;
	return audit_write(tenant, caller, &entry, err);
}

int
keys_create(const struct call_env *env, struct tenant *tenant,
    const struct secret *master, const struct call *sent, struct buf *out,
    struct faults *faults, struct err *err)
{
	char id[CRYPTO_ID + 1], whole[sizeof(KEYS_PREFIX) + SECRET];
	char now[STAMP_TEXT], expires[STAMP_TEXT];
	struct call_bind bind;
	struct listed key = { .active = 1 };

	if (check_caller(sent->caller, err) < 0 ||
	    read_sent(sent, "POST", PARAMS, env->arena, &bind, faults, err) <
		0 ||
	    check_sent(sent, &bind, env->arena, expires, faults, err) < 0)
		return -1;
	crypto_id(id, CRYPTO_ID);
	memcpy(whole, KEYS_PREFIX, strlen(KEYS_PREFIX));
	crypto_id(whole + strlen(KEYS_PREFIX), SECRET);
	stamp_format(clock_wall_ms(), now);
	key.id = str_of(id);
	key.name = bind.params[NAME].text;
	key.owner = sent->caller.user_id;
	key.role = bind.params[ROLE].text;
	key.scope = bind.params[SCOPE].text;
	key.paths = bind.params[PATHS].kind != VALUE_NULL
			? bind.params[PATHS].text
			: STR("[]");
	key.created = str_of(now);
	key.expires = str_of(expires);
	key.whole = str_of(whole);
	if (call_begin_write(env, sent->caller, &tenant, err) < 0)
		return -1;
	put_key(out, &key);
	if (insert(tenant, master, sent->caller, &key, err) < 0 ||
	    buf_check(out, "answer", err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(env, tenant, NULL, err);
}

/* Finds a key's name and its owner. */
static int
find(struct tenant *tenant, struct str id, struct arena *arena,
    struct str *name, struct user *owner, struct err *err)
{
	sqlite3_stmt *stmt = statement(tenant, FIND, err);
	struct str owner_id = STR_NONE;
	int rc;

	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, id);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		*name = arena_str(arena, column(stmt, 0));
		owner_id = arena_str(arena, column(stmt, 1));
	} else if (rc == SQLITE_DONE) {
		(void)err_set(err, ERR_NOT_FOUND, "there is no such key");
	} else {
		(void)db_err(tenant->db, err, "keys");
	}
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW
		   ? users_by_id(tenant, owner_id, arena, owner, err)
		   : -1;
}

static int
remove_row(struct tenant *tenant, struct caller caller, struct str id,
    struct arena *arena, struct err *err)
{
	struct audit_entry entry = { .action = AUDIT_KEY_REVOKED, .about = id };
	sqlite3_stmt *stmt;
	struct user owner;

	if (find(tenant, id, arena, &entry.old, &owner, err) < 0)
		return -1;
	if (!users_row_manages(caller, &owner))
		return err_set(
		    err, ERR_DENIED, "only an owner may remove an owner's key");
	stmt = statement(tenant, DELETE, err);
	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, id);
	if (tenant_run(tenant, stmt, "keys", err) < 0)
		return -1;
	return audit_write(tenant, caller, &entry, err);
}

int
keys_delete(const struct call_env *env, struct tenant *tenant,
    const struct call *sent, struct str id, struct faults *faults,
    struct err *err)
{
	struct call_bind bind;

	if (check_caller(sent->caller, err) < 0 ||
	    read_sent(sent, "DELETE", 0, env->arena, &bind, faults, err) < 0)
		return -1;
	if (call_begin_write(env, sent->caller, &tenant, err) < 0)
		return -1;
	if (remove_row(tenant, sent->caller, id, env->arena, err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(env, tenant, NULL, err);
}

int
keys_disown(struct db *db, struct err *err)
{
	int64_t there;

	/* A file of an older release has none. */
	if (db_int(db,
		"SELECT count(*) FROM sqlite_schema WHERE name = '_keys'",
		&there, err) != 0)
		return -1;
	/* No tenant has that generation. */
	return there ? db_exec(db, "UPDATE _keys SET generation = 0", err) : 0;
}
