#include "tenants/users_session.h"

#include "tenants/users_write.h"

/* caller is NULL where there is nothing to note but a hash. */
static int
put_signed_in(struct tenant *tenant, const struct caller *caller,
    const struct user *seen, struct str new_hash, struct arena *arena,
    struct err *err)
{
	struct user user;

	if (users_by_id(tenant, seen->id, arena, &user, err) < 0)
		return -1;
	if (!str_eq(user.password_hash, seen->password_hash))
		return err_set(
		    err, ERR_CONFLICT, "the password was changed meanwhile");
	user.password_hash = new_hash;
	if (new_hash.n > 0 &&
	    users_write_row(tenant, USERS_ROW_UPDATE, &user, NULL, err) < 0)
		return -1;
	if (!caller)
		return 0;
	return users_write_note(
	    tenant, *caller, AUDIT_SIGNED_IN, &user, STR_NONE, STR_NONE, err);
}

static int
store(const struct call_env *env, struct tenant *tenant,
    const struct caller *caller, const struct user *user, struct str password,
    struct err *err)
{
	const struct crypto_cost cost = {
		(unsigned)env->config->password_passes,
		(unsigned)env->config->password_kib
	};
	/* It is our write, not the request's. */
	struct call_env unwatched = *env;
	/* He is signing in just now. */
	const struct caller nobody = { .role = APP_PUBLIC };
	char old[CRYPTO_HASH_MAX], hash[CRYPTO_HASH_MAX] = "";

	/* Hashing takes tens of milliseconds: before the lock, not under it. */
	if ((str_copy(user->password_hash, old, sizeof(old)) < 0 ||
		crypto_password_stale(old, cost)) &&
	    users_row_hash(env->config, password, hash, err) < 0)
		return -1;
	if (!caller && hash[0] == '\0')
		return 0;
	unwatched.watch = NULL;
	if (call_begin_write(&unwatched, nobody, &tenant, err) < 0)
		return -1;
	if (put_signed_in(tenant, caller, user, str_of(hash), env->arena, err) <
	    0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(&unwatched, tenant, NULL, err);
}

int
users_signed_in(const struct call_env *env, struct tenant *tenant,
    struct caller caller, const struct user *user, struct str password,
    struct err *err)
{
	return store(env, tenant, &caller, user, password, err);
}

int
users_rehash(const struct call_env *env, struct tenant *tenant,
    const struct user *user, struct str password, struct err *err)
{
	return store(env, tenant, NULL, user, password, err);
}

static int
revoke(struct tenant *tenant, struct caller caller, struct str id,
    struct arena *arena, struct err *err)
{
	struct user user;

	if (users_by_id(tenant, id, arena, &user, err) < 0)
		return -1;
	if (!str_eq(caller.user_id, id) && !users_row_manages(caller, &user))
		return err_set(
		    err, ERR_DENIED, "only an owner may sign out an owner");
	user.token_key = users_write_random(arena, USERS_WRITE_KEY);
	user.updated = users_write_now(arena);
	if (users_write_row(tenant, USERS_ROW_UPDATE, &user, NULL, err) < 0)
		return -1;
	return users_write_note(
	    tenant, caller, AUDIT_SIGNED_OUT, &user, STR_NONE, STR_NONE, err);
}

int
users_sign_out(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str id, struct err *err)
{
	if (caller.role < APP_MEMBER)
		return err_set(err, ERR_AUTH, "sign in first");
	if (caller.role < APP_ADMIN && !str_eq(caller.user_id, id))
		return err_set(err, ERR_NOT_FOUND, "there is no such user");
	if (call_begin_write(env, caller, &tenant, err) < 0)
		return -1;
	if (revoke(tenant, caller, id, env->arena, err) < 0) {
		db_rollback(tenant->db);
		return -1;
	}
	return call_commit(env, tenant, NULL, err);
}
