#include "tenants/users_write.h"

#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/stamp.h"
#include "tenants/users_limit.h"

#define REQUIRED                                                               \
	(USERS_BIT(USERS_EMAIL) | USERS_BIT(USERS_PASSWORD) |                  \
	    USERS_BIT(USERS_PASSWORD_CONFIRM))
#define FOR_CREATE (REQUIRED | USERS_BIT(USERS_NAME) | USERS_BIT(USERS_ROLE))
#define FOR_UPDATE (FOR_CREATE | USERS_BIT(USERS_OLD_PASSWORD))

int
users_create(const struct call_env *env, struct tenant *tenant,
    struct caller caller, const struct json *body, struct buf *out,
    struct faults *faults, struct err *err)
{
	const struct users_request request = { env, caller, faults };
	struct users_form form;
	struct user user;

	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (caller.role < APP_ADMIN)
		return err_set(
		    err, ERR_DENIED, "only an admin or owner may add users");
	if (users_form_read(&request, body, FOR_CREATE, REQUIRED, &form, err) <
	    0)
		return -1;
	if (form.role == APP_OWNER && caller.role < APP_OWNER)
		return err_set(
		    err, ERR_DENIED, "only an owner may make an owner");
	if (users_limit_check(env, tenant, faults, err) < 0)
		return -1;
	memset(&user, 0, sizeof(user));
	user.id = users_write_random(env->arena, CRYPTO_ID);
	user.email = form.field[USERS_EMAIL];
	user.name = form.field[USERS_NAME];
	user.role = form.role == APP_NOBODY ? APP_MEMBER : form.role;
	user.created = user.updated = users_write_now(env->arena);
	if (users_write_password(
		&request, form.field[USERS_PASSWORD], &user, err) < 0)
		return -1;
	if (call_begin_write(env, caller, &tenant, err) < 0)
		return -1;
	users_put_record(out, &user, 1);
	if (users_limit_check(env, tenant, faults, err) < 0 ||
	    users_write_row(tenant, USERS_ROW_INSERT, &user, &request, err) <
		0 ||
	    users_write_note(tenant, caller, AUDIT_USER_CREATED, &user,
		STR_NONE, user.email, err) < 0 ||
	    buf_check(out, "answer", err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(env, tenant, NULL, err);
}

/* What this caller may not change about this user, whatever the values. */
static int
check_rights(const struct users_request *request, const struct user *user,
    const struct users_form *form, struct err *err)
{
	struct caller caller = request->caller;
	int self = str_eq(caller.user_id, user->id);

	if (!self && caller.role < APP_ADMIN)
		return err_set(err, ERR_NOT_FOUND, "there is no such user");
	if (!self && !users_row_manages(caller, user))
		return err_set(
		    err, ERR_DENIED, "only an owner may change an owner");
	if (caller.role < APP_ADMIN && form->field[USERS_EMAIL].p)
		return err_set(err, ERR_DENIED,
		    "only an admin or owner may change an e-mail address");
	if (caller.role < APP_ADMIN && form->field[USERS_ROLE].p)
		return err_set(err, ERR_DENIED,
		    "only an admin or owner may change a role");
	if (form->role == APP_OWNER && caller.role < APP_OWNER)
		return err_set(
		    err, ERR_DENIED, "only an owner may make an owner");
	return 0;
}

/* Nobody changes his own password without knowing the old one. */
static int
check_old_password(const struct users_request *request, const struct user *user,
    const struct users_form *form, struct err *err)
{
	struct str old = form->field[USERS_OLD_PASSWORD];
	int ok = 0;

	if (!form->field[USERS_PASSWORD].p ||
	    !str_eq(request->caller.user_id, user->id))
		return 0;
	if (old.p && old.n <= USERS_PASSWORD_MAX)
		ok = users_password_ok(request->env->config, user, old, err);
	if (ok < 0)
		return -1;
	if (!ok) {
		users_form_fault(request, USERS_OLD_PASSWORD,
		    "validation_invalid_old_password",
		    "Missing or invalid old password.");
		return err_set(
		    err, ERR_INPUT, "the user's fields are not right");
	}
	return 0;
}

static int
check_last_owner(struct tenant *tenant, const struct user *user,
    const char *what, struct err *err)
{
	sqlite3_stmt *stmt;
	int64_t owners;

	/* One who was only invited is not what the others are without. */
	if (user->role != APP_OWNER || user->password_hash.n == 0)
		return 0;
	stmt = users_row_statement(tenant, USERS_ROW_OWNERS, err);
	if (!stmt || users_row_int(tenant, stmt, &owners, err) < 0)
		return -1;
	if (owners > 1)
		return 0;
	return err_set(err, ERR_CONFLICT, "the last owner cannot be %s", what);
}

/* The part of an update that is done under the write lock. */
static int
apply(struct tenant *tenant, const struct users_request *request,
    const struct user *seen, const struct users_form *form, struct user *user,
    struct err *err)
{
	struct arena *arena = request->env->arena;
	const struct str *field = form->field;
	struct str hash = user->password_hash, key = user->token_key;
	struct user before;

	if (users_by_id(tenant, seen->id, arena, user, err) < 0 ||
	    check_rights(request, user, form, err) < 0)
		return -1;
	before = *user;
	if (field[USERS_PASSWORD].p) {
		if (!str_eq(user->password_hash, seen->password_hash))
			return err_set(err, ERR_CONFLICT,
			    "the password was changed meanwhile");
		user->password_hash = hash;
		user->token_key = key;
	}
	if (field[USERS_NAME].p)
		user->name = field[USERS_NAME];
	if (field[USERS_EMAIL].p && !str_eq(field[USERS_EMAIL], user->email)) {
		user->email = field[USERS_EMAIL];
		user->verified = 0;
		if (!field[USERS_PASSWORD].p)
			user->token_key =
			    users_write_random(arena, USERS_WRITE_KEY);
	}
	if (field[USERS_ROLE].p && form->role != user->role) {
		if (check_last_owner(tenant, user, "lowered", err) < 0)
			return -1;
		user->role = form->role;
	}
	user->updated = users_write_now(arena);
	if (users_write_row(tenant, USERS_ROW_UPDATE, user, request, err) < 0)
		return -1;
	return users_write_note_changes(
	    tenant, request->caller, &before, user, err);
}

int
users_update(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str id, const struct json *body,
    struct buf *out, struct faults *faults, struct err *err)
{
	const struct users_request request = { env, caller, faults };
	struct user seen, user;
	struct users_form form;

	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (caller.role < APP_ADMIN && !str_eq(caller.user_id, id))
		return err_set(err, ERR_NOT_FOUND, "there is no such user");
	if (users_by_id(tenant, id, env->arena, &seen, err) < 0 ||
	    users_form_read(&request, body, FOR_UPDATE, 0, &form, err) < 0 ||
	    check_rights(&request, &seen, &form, err) < 0 ||
	    check_old_password(&request, &seen, &form, err) < 0)
		return -1;
	/* Hashing takes tens of milliseconds: before the lock, not under it. */
	user = seen;
	if (form.field[USERS_PASSWORD].p &&
	    users_write_password(
		&request, form.field[USERS_PASSWORD], &user, err) < 0)
		return -1;
	if (call_begin_write(env, caller, &tenant, err) < 0)
		return -1;
	if (apply(tenant, &request, &seen, &form, &user, err) < 0)
		goto fail;
	users_put_record(out, &user, 1);
	if (buf_check(out, "answer", err) < 0)
		goto fail;
	return call_commit(env, tenant, NULL, err);
fail:
	db_rollback(tenant->db);
	return -1;
}

static int
remove_row(struct tenant *tenant, struct caller caller, struct str id,
    struct arena *arena, struct err *err)
{
	sqlite3_stmt *stmt;
	struct user user;

	if (users_by_id(tenant, id, arena, &user, err) < 0)
		return -1;
	if (!users_row_manages(caller, &user))
		return err_set(
		    err, ERR_DENIED, "only an owner may remove an owner");
	if (check_last_owner(tenant, &user, "removed", err) < 0)
		return -1;
	stmt = users_row_statement(tenant, USERS_ROW_DELETE, err);
	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, id);
	if (users_write_run(tenant, stmt, NULL, err) < 0)
		return -1;
	return users_write_note(tenant, caller, AUDIT_USER_REMOVED, &user,
	    user.email, STR_NONE, err);
}

int
users_delete(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str id, struct err *err)
{
	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (caller.role < APP_ADMIN)
		return err_set(
		    err, ERR_DENIED, "only an admin or owner may remove users");
	if (call_begin_write(env, caller, &tenant, err) < 0)
		return -1;
	if (remove_row(tenant, caller, id, env->arena, err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(env, tenant, NULL, err);
}

static int
check_owner(
    struct str email, struct str password, struct str name, struct err *err)
{
	if (!users_form_email_ok(email))
		return err_set(err, ERR_INPUT,
		    "\"%.*s\" is not an e-mail address", STR_FMT(email));
	if (!users_form_password_ok(password))
		return err_set(
		    err, ERR_INPUT, "the password must have 8 to 256 bytes");
	if (!users_form_name_ok(name))
		return err_set(err, ERR_INPUT,
		    "the name must be UTF-8 text of at most 200 bytes");
	return 0;
}

int
users_insert_owner(struct db *db, const struct config *config, struct str email,
    struct str password, struct str name, struct err *err)
{
	char id[CRYPTO_ID + 1], key[USERS_WRITE_KEY + 1], hash[CRYPTO_HASH_MAX];
	char stamp[STAMP_TEXT];
	struct user user;
	sqlite3_stmt *stmt;
	int rc;

	if (check_owner(email, password, name, err) < 0 ||
	    users_row_hash(config, password, hash, err) < 0)
		return -1;
	crypto_id(id, CRYPTO_ID);
	crypto_id(key, USERS_WRITE_KEY);
	stamp_format(clock_wall_ms(), stamp);
	user = (struct user){ .id = str_of(id),
		.email = email,
		.name = name,
		.role = APP_OWNER,
		.token_key = str_of(key),
		.password_hash = str_of(hash),
		.created = str_of(stamp),
		.updated = str_of(stamp) };
	stmt = db_prepare(db, users_row_sql(USERS_ROW_INSERT), err);
	if (!stmt)
		return -1;
	users_row_bind(stmt, &user);
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE)
		(void)db_err(db, err, "users");
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}
