#include "tenants/users.h"

#include <stdio.h>

#include "tenants/base/clock.h"
#include "tenants/hashslot.h"
#include "tenants/users_row.h"

#define PER_PAGE     30
#define PER_PAGE_MAX 1000
#define PAGE_MAX     1000000000
#define ROW_MAX      (1 << 20) /* of memory for one user; limits are far below */
#define KEY_MAX      254 /* bytes of an id or e-mail address, at most */

static int
find(struct tenant *tenant, enum users_row_sql which, struct str key,
    struct arena *arena, struct user *out, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc;

	/* Whatever a client sends may be looked for. */
	if (key.n > KEY_MAX)
		return err_set(err, ERR_NOT_FOUND, "there is no such user");
	stmt = users_row_statement(tenant, which, err);
	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, key);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		users_row_read(stmt, arena, out);
	else if (rc == SQLITE_DONE)
		(void)err_set(err, ERR_NOT_FOUND, "there is no such user");
	else
		(void)db_err(tenant->db, err, "users");
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

int
users_by_id(struct tenant *tenant, struct str id, struct arena *arena,
    struct user *out, struct err *err)
{
	return find(tenant, USERS_ROW_BY_ID, id, arena, out, err);
}

int
users_by_email(struct tenant *tenant, struct str email, struct arena *arena,
    struct user *out, struct err *err)
{
	return find(tenant, USERS_ROW_BY_EMAIL, email, arena, out, err);
}

/*
 * A hash of today's cost whose salt and digest are all zero bits.  Nobody
 * knows a password for it, and verifying against it takes as long as against
 * any other, so that an account that does not exist cannot be told by time.
 */
static void
nobodys_hash(const struct config *config, char out[CRYPTO_HASH_MAX])
{
	int n = snprintf(out, CRYPTO_HASH_MAX,
	    "$argon2id$v=19$m=%lld,t=%lld,p=1$AAAAAAAAAAAAAAAAAAAAAA"
	    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    (long long)config->password_kib,
	    (long long)config->password_passes);

	if (n < 0 || n >= CRYPTO_HASH_MAX)
		err_die("a password hash of %d bytes", n);
}

int
users_password_ok(const struct config *config, const struct user *user,
    struct str password, struct err *err)
{
	char hash[CRYPTO_HASH_MAX];
	int slot, ok;

	/* Who was only invited has none. */
	if (!user || user->password_hash.n == 0 ||
	    str_copy(user->password_hash, hash, sizeof(hash)) < 0)
		nobodys_hash(config, hash);
	slot = hashslot_take(config, USERS_ROW_HASH_WAIT_MS, err);
	if (slot < 0)
		return -1;
	ok = crypto_password_verify(password, hash);
	hashslot_give(slot);
	return ok && user != NULL;
}

void
users_put_record(struct buf *out, const struct user *user, int with_email)
{
	buf_puts(out,
	    "{\"collectionId\":\"" USERS_COLLECTION_ID
	    "\",\"collectionName\":\"" USERS_COLLECTION "\",\"created\":");
	json_put_string(out, user->created);
	if (with_email) {
		buf_puts(out, ",\"email\":");
		json_put_string(out, user->email);
	}
	buf_puts(out, ",\"emailVisibility\":false,\"id\":");
	json_put_string(out, user->id);
	buf_puts(out, ",\"name\":");
	json_put_string(out, user->name);
	buf_puts(out, ",\"role\":");
	json_put_string(out, str_of(app_access_name(user->role)));
	buf_puts(out, ",\"updated\":");
	json_put_string(out, user->updated);
	buf_puts(out, ",\"verified\":");
	buf_puts(out, user->verified ? "true}" : "false}");
}

static int
sees_email(struct caller caller, const struct user *user)
{
	return caller.role >= APP_ADMIN || str_eq(caller.user_id, user->id);
}

/* Whom a list shows: everyone to those who manage, to others themselves. */
static void
bind_scope(sqlite3_stmt *stmt, struct caller caller)
{
	if (caller.role < APP_ADMIN)
		users_row_bind_text(stmt, 1, caller.user_id);
}

static int
put_items(struct tenant *tenant, struct caller caller, int64_t page,
    int64_t per_page, struct buf *out, struct err *err)
{
	sqlite3_stmt *stmt = users_row_statement(tenant, USERS_ROW_LIST, err);
	struct arena *row;
	struct user user;
	int rc, n = 0;

	if (!stmt)
		return -1;
	row = arena_new(ROW_MAX);
	bind_scope(stmt, caller);
	(void)sqlite3_bind_int64(stmt, 2, per_page);
	(void)sqlite3_bind_int64(stmt, 3, (page - 1) * per_page);
	buf_puts(out, "{\"items\":[");
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (n++ > 0)
			buf_putc(out, ',');
		arena_reset(row);
		users_row_read(stmt, row, &user);
		users_put_record(out, &user, sees_email(caller, &user));
	}
	arena_free(row);
	if (rc != SQLITE_DONE)
		(void)db_err(tenant->db, err, "users");
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int
count(
    struct tenant *tenant, struct caller caller, int64_t *out, struct err *err)
{
	sqlite3_stmt *stmt = users_row_statement(tenant, USERS_ROW_COUNT, err);

	if (!stmt)
		return -1;
	bind_scope(stmt, caller);
	return users_row_int(tenant, stmt, out, err);
}

int
users_list(const struct call_env *env, struct tenant *tenant,
    struct caller caller, int64_t page, int64_t per_page, int skip_total,
    struct buf *out, struct err *err)
{
	int64_t total = -1, pages = -1;
	int rc;

	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (page < 1)
		page = 1;
	if (page > PAGE_MAX)
		page = PAGE_MAX;
	if (per_page < 1)
		per_page = PER_PAGE;
	if (per_page > PER_PAGE_MAX)
		per_page = PER_PAGE_MAX;
	if (db_begin_read(tenant->db, err) < 0)
		return -1;
	db_deadline(tenant->db, clock_mono_ms() + env->config->read_ms);
	rc = put_items(tenant, caller, page, per_page, out, err);
	if (rc == 0 && !skip_total)
		rc = count(tenant, caller, &total, err);
	db_deadline(tenant->db, 0);
	db_rollback(tenant->db);
	if (rc < 0)
		return -1;
	if (!skip_total)
		pages = (total + per_page - 1) / per_page;
	buf_printf(out,
	    "],\"page\":%lld,\"perPage\":%lld,\"totalItems\":%lld,"
	    "\"totalPages\":%lld}",
	    (long long)page, (long long)per_page, (long long)total,
	    (long long)pages);
	return buf_check(out, "answer", err);
}

int
users_view(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str id, struct buf *out, struct err *err)
{
	struct user user;

	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (caller.role < APP_ADMIN && !str_eq(caller.user_id, id))
		return err_set(err, ERR_NOT_FOUND, "there is no such user");
	if (users_by_id(tenant, id, env->arena, &user, err) < 0)
		return -1;
	users_put_record(out, &user, sees_email(caller, &user));
	return buf_check(out, "answer", err);
}
