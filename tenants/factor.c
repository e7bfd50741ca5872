#include "tenants/factor.h"

#include <string.h>

#include "tenants/audit.h"
#include "tenants/base/clock.h"
#include "tenants/users_row.h"

#define CODE 10 /* characters of a recovery code; 51 bits */
#define HASH 64 /* of one, in hex */

enum statement { FIND, BEGIN, SAVE, DELETE, STATEMENTS };

static const char *const sql[STATEMENTS] = {
	[FIND] = "SELECT secret, enabled, step, recovery FROM _factors"
		 " WHERE user = ?1",
	[BEGIN] = "INSERT INTO _factors"
		  " (user, secret, enabled, step, recovery)"
		  " VALUES (?1, ?2, 0, 0, '')"
		  " ON CONFLICT (user) DO UPDATE SET secret = excluded.secret",
	[SAVE] = "UPDATE _factors SET enabled = 1, step = ?2, recovery = ?3"
		 " WHERE user = ?1",
	[DELETE] = "DELETE FROM _factors WHERE user = ?1",
};

static sqlite3_stmt *
statement(struct tenant *tenant, enum statement which, struct err *err)
{
	return tenant_statement(
	    tenant, sql, (size_t)which, str_of(sql[which]), err);
}

static struct str
column(sqlite3_stmt *stmt, int at, struct arena *arena)
{
	const char *bytes = sqlite3_column_blob(stmt, at);

	return arena_str(
	    arena, str_make(bytes, (size_t)sqlite3_column_bytes(stmt, at)));
}

int
factor_find(struct tenant *tenant, struct str user_id, struct arena *arena,
    struct factor *out, struct err *err)
{
	sqlite3_stmt *stmt = statement(tenant, FIND, err);
	int rc;

	memset(out, 0, sizeof(*out));
	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, user_id);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		out->there = 1;
		out->secret = column(stmt, 0, arena);
		out->enabled = sqlite3_column_int(stmt, 1);
		out->step = sqlite3_column_int64(stmt, 2);
		out->recovery = column(stmt, 3, arena);
	} else if (rc != SQLITE_DONE) {
		(void)db_err(tenant->db, err, "factors");
	}
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

int
factor_view(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct buf *out, struct err *err)
{
	struct factor factor;

	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (factor_find(tenant, caller.user_id, env->arena, &factor, err) < 0)
		return -1;
	buf_printf(out, "{\"enabled\":%s,\"recovery\":%zu}",
	    factor.enabled ? "true" : "false", factor.recovery.n / (HASH + 1));
	return 0;
}

static int
write_begun(struct tenant *tenant, struct caller caller, struct str secret,
    struct arena *arena, struct err *err)
{
	struct factor factor;
	sqlite3_stmt *stmt;

	if (factor_find(tenant, caller.user_id, arena, &factor, err) < 0)
		return -1;
	if (factor.enabled)
		return err_set(
		    err, ERR_CONFLICT, "there is a second factor already");
	stmt = statement(tenant, BEGIN, err);
	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, caller.user_id);
	if (sqlite3_bind_blob64(
		stmt, 2, secret.p, secret.n, SQLITE_TRANSIENT) != SQLITE_OK)
		err_die("out of memory");
	return tenant_run(tenant, stmt, "factors", err);
}

int
factor_begin(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct buf *out, struct err *err)
{
	char bytes[OTP_SECRET];
	struct str secret;

	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	crypto_random(bytes, sizeof(bytes));
	secret = str_make(bytes, sizeof(bytes));
	if (call_begin_write(env, caller, &tenant, err) < 0)
		return -1;
	buf_puts(out, "{\"secret\":\"");
	otp_put_base32(out, secret);
	buf_puts(out, "\",\"url\":\"");
	otp_put_url(out, str_of(tenant->row.slug), caller.email, secret);
	buf_puts(out, "\"}");
	if (write_begun(tenant, caller, secret, env->arena, err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	crypto_wipe(bytes, sizeof(bytes));
	return call_commit(env, tenant, NULL, err);
}

/* People type them with capitals, blanks and the dash. */
static void
hash_code(struct str code, char out[HASH + 1])
{
	char plain[CODE + 1]; /* one that is too long is none */
	unsigned char hash[32];
	size_t i, n = 0;

	for (i = 0; i < code.n && n < sizeof(plain); i++) {
		char c = code.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != '-' && c != ' ')
			plain[n++] = c;
	}
	crypto_sha256(str_make(plain, n), hash);
	crypto_hex(hash, sizeof(hash), out);
}

/* Takes a recovery code off the list: 1, or 0 where it is not on it. */
static int
take_recovery(struct factor *factor, struct str code, struct arena *arena)
{
	struct str list = factor->recovery, left = STR_NONE;
	char hash[HASH + 1], *p;
	size_t at;

	hash_code(code, hash);
	for (at = 0; at + HASH < list.n; at += HASH + 1) {
		if (!crypto_equal(str_sub(list, at, at + HASH), str_of(hash)))
			continue;
		left.n = list.n - HASH - 1;
		p = arena_alloc(arena, left.n + 1);
		memcpy(p, list.p, at);
		memcpy(p + at, list.p + at + HASH + 1, left.n - at);
		left.p = p;
		factor->recovery = left;
		return 1;
	}
	return 0;
}

static int
is_code(struct str text)
{
	size_t i;

	for (i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return 0;
	return text.n == OTP_DIGITS;
}

/* Uses a code of either kind up, in *factor: 1, or 0 where it is none. */
static int
take_code(struct factor *factor, struct str code, struct arena *arena)
{
	int64_t step;

	if (!is_code(code))
		return take_recovery(factor, code, arena);
	step = otp_match(
	    factor->secret, code, otp_step(clock_wall_ms()), factor->step);
	if (step < 0)
		return 0;
	factor->step = step;
	return 1;
}

static int
save(struct tenant *tenant, struct str user_id, const struct factor *factor,
    struct err *err)
{
	sqlite3_stmt *stmt = statement(tenant, SAVE, err);

	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, user_id);
	(void)sqlite3_bind_int64(stmt, 2, factor->step);
	users_row_bind_text(stmt, 3, factor->recovery);
	return tenant_run(tenant, stmt, "factors", err);
}

/* Ten new ones, for the answer and for the file. */
static void
make_recovery(struct factor *factor, struct arena *arena, struct buf *out)
{
	char code[CODE + 1], hash[HASH + 1];
	char *list = arena_alloc(arena, FACTOR_CODES * (HASH + 1) + 1);
	int i;

	factor->recovery = str_make(list, FACTOR_CODES * (HASH + 1));
	buf_puts(out, "{\"recovery\":[");
	for (i = 0; i < FACTOR_CODES; i++) {
		crypto_id(code, CODE);
		hash_code(str_make(code, CODE), hash);
		memcpy(list, hash, HASH);
		list[HASH] = ' ';
		list += HASH + 1;
		buf_printf(out, "%s\"%.5s-%.5s\"", i > 0 ? "," : "", code,
		    code + CODE / 2);
	}
	buf_puts(out, "]}");
	crypto_wipe(code, sizeof(code));
}

static int
note(struct tenant *tenant, struct caller caller, enum audit_action action,
    struct str user_id, const char *how, struct err *err)
{
	const struct audit_entry entry = {
		.action = action, .about = user_id, .new = str_of(how)
	};

	return audit_write(tenant, caller, &entry, err);
}

static int
write_confirmed(struct tenant *tenant, struct caller caller, struct str code,
    struct arena *arena, struct buf *out, struct err *err)
{
	struct factor factor;

	if (factor_find(tenant, caller.user_id, arena, &factor, err) < 0)
		return -1;
	if (!factor.there || factor.enabled)
		return err_set(err, ERR_CONFLICT,
		    factor.there ? "there is a second factor already"
				 : "no second factor was asked for");
	if (!is_code(code) || !take_code(&factor, code, arena))
		return err_set(err, ERR_INPUT, "the code is not right");
	make_recovery(&factor, arena, out);
	if (save(tenant, caller.user_id, &factor, err) < 0)
		return -1;
	return note(tenant, caller, AUDIT_FACTOR_ON, caller.user_id, "", err);
}

int
factor_confirm(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str code, struct buf *out, struct err *err)
{
	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (call_begin_write(env, caller, &tenant, err) < 0)
		return -1;
	if (write_confirmed(tenant, caller, code, env->arena, out, err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(env, tenant, NULL, err);
}

static int
write_removed(struct tenant *tenant, struct caller caller, struct str user_id,
    struct str code, struct arena *arena, struct err *err)
{
	struct factor factor;
	sqlite3_stmt *stmt;
	struct user user;

	if (users_by_id(tenant, user_id, arena, &user, err) < 0 ||
	    factor_find(tenant, user_id, arena, &factor, err) < 0)
		return -1;
	if (!str_eq(caller.user_id, user_id) &&
	    !users_row_manages(caller, &user))
		return err_set(
		    err, ERR_DENIED, "only an owner may change an owner");
	if (!factor.enabled)
		return err_set(err, ERR_NOT_FOUND, "there is no second factor");
	if (str_eq(caller.user_id, user_id) && !take_code(&factor, code, arena))
		return err_set(err, ERR_INPUT, "the code is not right");
	stmt = statement(tenant, DELETE, err);
	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, user_id);
	if (tenant_run(tenant, stmt, "factors", err) < 0)
		return -1;
	return note(tenant, caller, AUDIT_FACTOR_OFF, user_id, "", err);
}

int
factor_remove(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str user_id, struct str code, struct err *err)
{
	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (caller.role < APP_ADMIN && !str_eq(caller.user_id, user_id))
		return err_set(err, ERR_NOT_FOUND, "there is no such user");
	if (call_begin_write(env, caller, &tenant, err) < 0)
		return -1;
	if (write_removed(tenant, caller, user_id, code, env->arena, err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(env, tenant, NULL, err);
}

static int
write_accepted(struct tenant *tenant, struct caller caller, struct str code,
    struct arena *arena, struct err *err)
{
	struct factor factor;

	if (factor_find(tenant, caller.user_id, arena, &factor, err) < 0)
		return -1;
	if (!factor.enabled || !take_code(&factor, code, arena))
		return err_set(err, ERR_INPUT, "the code is not right");
	if (save(tenant, caller.user_id, &factor, err) < 0)
		return -1;
	return note(tenant, caller, AUDIT_SIGNED_IN, caller.user_id,
	    is_code(code) ? "code" : "recovery code", err);
}

int
factor_accept(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str code, struct err *err)
{
	/* He is signing in just now, and it is our write. */
	const struct caller nobody = { .role = APP_PUBLIC };
	struct call_env unwatched = *env;

	unwatched.watch = NULL;
	if (call_begin_write(&unwatched, nobody, &tenant, err) < 0)
		return -1;
	if (write_accepted(tenant, caller, code, env->arena, err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(&unwatched, tenant, NULL, err);
}
