#include "tenants/users_write.h"

#include "tenants/base/clock.h"
#include "tenants/call_error.h"
#include "tenants/stamp.h"

struct str
users_write_now(struct arena *arena)
{
	char text[STAMP_TEXT];

	stamp_format(clock_wall_ms(), text);
	return arena_str(arena, str_of(text));
}

struct str
users_write_random(struct arena *arena, size_t n)
{
	char *text = arena_alloc(arena, n + 1);

	crypto_id(text, n);
	return str_make(text, n);
}

int
users_write_password(const struct users_request *request, struct str password,
    struct user *user, struct err *err)
{
	struct arena *arena = request->env->arena;
	char hash[CRYPTO_HASH_MAX];

	if (users_row_hash(request->env->config, password, hash, err) < 0)
		return -1;
	user->password_hash = arena_str(arena, str_of(hash));
	user->token_key = users_write_random(arena, USERS_WRITE_KEY);
	return 0;
}

int
users_write_run(struct tenant *tenant, sqlite3_stmt *stmt,
    const struct users_request *request, struct err *err)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_CONSTRAINT_UNIQUE) {
		if (request)
			faults_not_unique(
			    request->faults, request->env->arena, STR("email"));
		(void)err_set(err, ERR_CONFLICT, "the e-mail address is taken");
	} else if (rc == SQLITE_CONSTRAINT_TRIGGER) {
		(void)call_error_raised(
		    sqlite3_errmsg(db_handle(tenant->db)), err);
	} else if ((rc & 0xff) == SQLITE_CONSTRAINT) {
		/* ON DELETE SET NULL where there may be none, for one. */
		(void)call_error_reference(err);
	} else if (rc != SQLITE_DONE) {
		(void)db_err(tenant->db, err, "users");
	}
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
users_write_row(struct tenant *tenant, enum users_row_sql which,
    const struct user *user, const struct users_request *request,
    struct err *err)
{
	sqlite3_stmt *stmt = users_row_statement(tenant, which, err);

	if (!stmt)
		return -1;
	users_row_bind(stmt, user);
	return users_write_run(tenant, stmt, request, err);
}

int
users_write_note(struct tenant *tenant, struct caller caller,
    enum audit_action action, const struct user *user, struct str old,
    struct str new, struct err *err)
{
	const struct audit_entry entry = { action, user->id, old, new };

	return audit_write(tenant, caller, &entry, err);
}

/* Who was invited has no password until he comes. */
int
users_write_note_changes(struct tenant *tenant, struct caller caller,
    const struct user *old, const struct user *new, struct err *err)
{
	if (!str_eq(old->password_hash, new->password_hash) &&
	    users_write_note(tenant, caller,
		old->password_hash.n > 0 ? AUDIT_PASSWORD_CHANGED
					 : AUDIT_USER_JOINED,
		new, STR_NONE, STR_NONE, err) < 0)
		return -1;
	if (!str_eq(old->email, new->email) &&
	    users_write_note(tenant, caller, AUDIT_EMAIL_CHANGED, new,
		old->email, new->email, err) < 0)
		return -1;
	if (old->role == new->role)
		return 0;
	return users_write_note(tenant, caller, AUDIT_ROLE_CHANGED, new,
	    str_of(app_access_name(old->role)),
	    str_of(app_access_name(new->role)), err);
}
