#include "tenants/users_mailed.h"

#include <string.h>

#include "tenants/users_limit.h"
#include "tenants/users_write.h"

#define INVITED_MAX 1000

int
users_mailed_bad_token(const struct users_request *request, struct err *err)
{
	err_clear(err);
	users_form_fault(request, USERS_TOKEN, "validation_invalid_token",
	    "Invalid or expired token.");
	return err_set(err, ERR_INPUT, "the token is not good");
}

/* Who has followed a link is the account's own. */
static struct caller
owner_of(const struct users_request *request, const struct user *seen)
{
	return (struct caller){ .user_id = seen->id,
		.role = seen->role,
		.email = seen->email,
		.address = request->caller.address };
}

/* Begun, and the account is still as it was seen. */
static int
begin(const struct users_request *request, struct tenant **tenant,
    const struct user *seen, struct user *user, struct err *err)
{
	/* A restore would have revoked the token, as it does his session. */
	const struct caller self = owner_of(request, seen);
	struct arena *arena = request->env->arena;

	if (call_begin_write(request->env, self, tenant, err) < 0)
		return -1;
	if (users_by_id(*tenant, seen->id, arena, user, err) < 0) {
		if (err->code == ERR_NOT_FOUND)
			(void)users_mailed_bad_token(request, err);
	} else if (!str_eq(user->token_key, seen->token_key) ||
		   !str_eq(user->email, seen->email) ||
		   !str_eq(user->password_hash, seen->password_hash) ||
		   user->verified != seen->verified) {
		(void)users_mailed_bad_token(request, err);
	} else {
		return 0;
	}
	db_rollback((*tenant)->db);
	return -1;
}

static int
finish(const struct users_request *request, struct tenant *tenant,
    const struct user *seen, struct user *user, struct err *err)
{
	user->updated = users_write_now(request->env->arena);
	if (users_write_row(tenant, USERS_ROW_UPDATE, user, request, err) < 0 ||
	    users_write_note_changes(
		tenant, owner_of(request, seen), seen, user, err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(request->env, tenant, NULL, err);
}

int
users_mailed_password(const struct users_request *request,
    struct tenant *tenant, const struct user *seen,
    const struct users_form *form, struct err *err)
{
	struct user fresh = *seen, user;

	if (users_write_password(
		request, form->field[USERS_PASSWORD], &fresh, err) < 0 ||
	    begin(request, &tenant, seen, &user, err) < 0)
		return -1;
	user.password_hash = fresh.password_hash;
	user.token_key = fresh.token_key;
	user.verified = 1;
	if (form->field[USERS_NAME].p)
		user.name = form->field[USERS_NAME];
	return finish(request, tenant, seen, &user, err);
}

int
users_mailed_verify(const struct users_request *request, struct tenant *tenant,
    const struct user *seen, struct err *err)
{
	struct user user;

	if (begin(request, &tenant, seen, &user, err) < 0)
		return -1;
	user.verified = 1;
	return finish(request, tenant, seen, &user, err);
}

int
users_mailed_email(const struct users_request *request, struct tenant *tenant,
    const struct user *seen, struct str email, struct err *err)
{
	struct user user;

	if (begin(request, &tenant, seen, &user, err) < 0)
		return -1;
	user.email = email;
	user.verified = 1;
	user.token_key =
	    users_write_random(request->env->arena, USERS_WRITE_KEY);
	return finish(request, tenant, seen, &user, err);
}

static int
may_invite(const struct users_request *request, struct err *err)
{
	if (request->caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (request->caller.role < APP_ADMIN)
		return err_set(
		    err, ERR_DENIED, "only an admin or owner may invite");
	return 0;
}

/* What is written for an invitation, under the lock. */
static int
write_invited(const struct users_request *request, struct tenant *tenant,
    const struct users_form *form, struct user *out, struct err *err)
{
	struct arena *arena = request->env->arena;
	struct str email = form->field[USERS_EMAIL];
	enum users_row_sql which = USERS_ROW_UPDATE;
	int found = users_by_email(tenant, email, arena, out, err) == 0;

	if (!found && err->code != ERR_NOT_FOUND)
		return -1;
	err_clear(err);
	if (found && !users_mailed_is_invited(out)) {
		faults_not_unique(request->faults, arena, STR("email"));
		return err_set(
		    err, ERR_CONFLICT, "the e-mail address is taken");
	}
	if (found && !users_row_manages(request->caller, out))
		return err_set(
		    err, ERR_DENIED, "only an owner may invite an owner");
	if (!found) {
		if (users_limit_check(
			request->env, tenant, request->faults, err) < 0)
			return -1;
		which = USERS_ROW_INSERT;
		memset(out, 0, sizeof(*out));
		out->id = users_write_random(arena, CRYPTO_ID);
		out->created = users_write_now(arena);
		out->role = APP_MEMBER;
	}
	out->email = email;
	if (form->field[USERS_NAME].p)
		out->name = form->field[USERS_NAME];
	if (form->role != APP_NOBODY)
		out->role = form->role;
	out->token_key = users_write_random(arena, USERS_WRITE_KEY);
	out->updated = users_write_now(arena);
	if (users_write_row(tenant, which, out, request, err) < 0)
		return -1;
	return users_write_note(tenant, request->caller, AUDIT_USER_INVITED,
	    out, STR_NONE, out->email, err);
}

int
users_mailed_invite(const struct users_request *request, struct tenant *tenant,
    const struct users_form *form, struct user *out, struct err *err)
{
	if (may_invite(request, err) < 0)
		return -1;
	if (form->role == APP_OWNER && request->caller.role < APP_OWNER)
		return err_set(
		    err, ERR_DENIED, "only an owner may invite an owner");
	if (call_begin_write(request->env, request->caller, &tenant, err) < 0)
		return -1;
	if (write_invited(request, tenant, form, out, err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(request->env, tenant, NULL, err);
}

int
users_mailed_invited(const struct users_request *request, struct tenant *tenant,
    struct buf *out, struct err *err)
{
	struct arena *arena = request->env->arena;
	sqlite3_stmt *stmt;
	struct user user;
	int rc, n = 0;

	if (may_invite(request, err) < 0)
		return -1;
	stmt = users_row_statement(tenant, USERS_ROW_INVITED, err);
	if (!stmt)
		return -1;
	(void)sqlite3_bind_int(stmt, 1, INVITED_MAX);
	buf_puts(out, "{\"items\":[");
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (n++ > 0)
			buf_putc(out, ',');
		users_row_read(stmt, arena, &user);
		users_put_record(out, &user, 1);
	}
	buf_puts(out, "]}");
	if (rc != SQLITE_DONE)
		(void)db_err(tenant->db, err, "users");
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? buf_check(out, "answer", err) : -1;
}

static int
remove_invited(const struct users_request *request, struct tenant *tenant,
    struct str id, struct err *err)
{
	sqlite3_stmt *stmt;
	struct user user;

	if (users_by_id(tenant, id, request->env->arena, &user, err) < 0)
		return -1;
	if (!users_mailed_is_invited(&user))
		return err_set(
		    err, ERR_NOT_FOUND, "there is no such invitation");
	if (!users_row_manages(request->caller, &user))
		return err_set(err, ERR_DENIED,
		    "only an owner may take back an owner's invitation");
	stmt = users_row_statement(tenant, USERS_ROW_DELETE, err);
	if (!stmt)
		return -1;
	users_row_bind_text(stmt, 1, id);
	if (users_write_run(tenant, stmt, NULL, err) < 0)
		return -1;
	return users_write_note(tenant, request->caller, AUDIT_USER_REMOVED,
	    &user, user.email, STR_NONE, err);
}

int
users_mailed_uninvite(const struct users_request *request,
    struct tenant *tenant, struct str id, struct err *err)
{
	if (may_invite(request, err) < 0 ||
	    call_begin_write(request->env, request->caller, &tenant, err) < 0)
		return -1;
	if (remove_invited(request, tenant, id, err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(request->env, tenant, NULL, err);
}
