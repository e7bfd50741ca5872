#include "tenants/users_row.h"

#include "tenants/hashslot.h"

#define COLUMNS                                                                \
	"id, email, name, role, verified, token_key, "                         \
	"password_hash, created, updated"

static const char *const sql[USERS_ROW_SQL] = {
	[USERS_ROW_BY_ID] = "SELECT " COLUMNS " FROM _users WHERE id = ?1",
	[USERS_ROW_BY_EMAIL] =
	    "SELECT " COLUMNS " FROM _users WHERE email = ?1",
	[USERS_ROW_LIST] = "SELECT " COLUMNS " FROM _users"
			   " WHERE ?1 IS NULL OR id = ?1"
			   " ORDER BY created, id LIMIT ?2 OFFSET ?3",
	[USERS_ROW_COUNT] = "SELECT count(*) FROM _users"
			    " WHERE ?1 IS NULL OR id = ?1",
	[USERS_ROW_OWNERS] = "SELECT count(*) FROM _users"
			     " WHERE role = 'owner' AND password_hash <> ''",
	[USERS_ROW_INVITED] = "SELECT " COLUMNS " FROM _users"
			      " WHERE password_hash = ''"
			      " ORDER BY created, id LIMIT ?1",
	[USERS_ROW_INSERT] = "INSERT INTO _users (" COLUMNS ")"
			     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[USERS_ROW_UPDATE] = "UPDATE _users SET email = ?2, name = ?3,"
			     " role = ?4, verified = ?5, token_key = ?6,"
			     " password_hash = ?7, created = ?8, updated = ?9"
			     " WHERE id = ?1",
	[USERS_ROW_DELETE] = "DELETE FROM _users WHERE id = ?1",
};

const char *
users_row_sql(enum users_row_sql which)
{
	return sql[which];
}

sqlite3_stmt *
users_row_statement(
    struct tenant *tenant, enum users_row_sql which, struct err *err)
{
	return tenant_statement(
	    tenant, sql, (size_t)which, str_of(sql[which]), err);
}

void
users_row_bind_text(sqlite3_stmt *stmt, int at, struct str text)
{
	int rc = sqlite3_bind_text64(stmt, at, text.p ? text.p : "", text.n,
	    SQLITE_TRANSIENT, SQLITE_UTF8);

	/* Whatever gets here is far smaller than SQLite's limit. */
	if (rc != SQLITE_OK)
		err_die("cannot bind: %s", sqlite3_errstr(rc));
}

void
users_row_bind(sqlite3_stmt *stmt, const struct user *user)
{
	users_row_bind_text(stmt, 1, user->id);
	users_row_bind_text(stmt, 2, user->email);
	users_row_bind_text(stmt, 3, user->name);
	users_row_bind_text(stmt, 4, str_of(app_access_name(user->role)));
	(void)sqlite3_bind_int(stmt, 5, user->verified);
	users_row_bind_text(stmt, 6, user->token_key);
	users_row_bind_text(stmt, 7, user->password_hash);
	users_row_bind_text(stmt, 8, user->created);
	users_row_bind_text(stmt, 9, user->updated);
}

static struct str
column(sqlite3_stmt *stmt, int at, struct arena *arena)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);

	return arena_str(
	    arena, str_make(text, (size_t)sqlite3_column_bytes(stmt, at)));
}

void
users_row_read(sqlite3_stmt *stmt, struct arena *arena, struct user *out)
{
	out->id = column(stmt, 0, arena);
	out->email = column(stmt, 1, arena);
	out->name = column(stmt, 2, arena);
	out->role = users_row_role(column(stmt, 3, arena));
	out->verified = sqlite3_column_int(stmt, 4);
	out->token_key = column(stmt, 5, arena);
	out->password_hash = column(stmt, 6, arena);
	out->created = column(stmt, 7, arena);
	out->updated = column(stmt, 8, arena);
}

int
users_row_int(
    struct tenant *tenant, sqlite3_stmt *stmt, int64_t *out, struct err *err)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(stmt, 0);
	else
		(void)db_err(tenant->db, err, "users");
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

enum app_access
users_row_role(struct str name)
{
	static const enum app_access roles[] = { APP_MEMBER, APP_ADMIN,
		APP_OWNER };
	size_t i;

	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (str_is(name, app_access_name(roles[i])))
			return roles[i];
	return APP_NOBODY;
}

int
users_row_manages(struct caller caller, const struct user *user)
{
	return caller.role == APP_OWNER ||
	       (caller.role == APP_ADMIN && user->role != APP_OWNER);
}

int
users_row_hash(const struct config *config, struct str password,
    char out[CRYPTO_HASH_MAX], struct err *err)
{
	const struct crypto_cost cost = { (unsigned)config->password_passes,
		(unsigned)config->password_kib };
	int slot, rc;

	slot = hashslot_take(config, USERS_ROW_HASH_WAIT_MS, err);
	if (slot < 0)
		return -1;
	rc = crypto_password_hash(password, cost, out, err);
	hashslot_give(slot);
	return rc;
}
