#ifndef ROWHOUSE_USERS_H
#define ROWHOUSE_USERS_H

#include <stdint.h>

#include "tenants/app.h"
#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/crypto.h"
#include "tenants/base/err.h"
#include "tenants/base/json.h"
#include "tenants/call.h"
#include "tenants/tenant.h"

/*
 * Accounts.  Users belong to a tenant and live in its file, in _users; the
 * shapes that go out are PocketBase's, so that its SDKs sign in unchanged.
 *
 * system_schema.c makes the table, which only users_*.c write:
 *
 *	CREATE TABLE _users (
 *		id TEXT PRIMARY KEY NOT NULL,
 *		email TEXT NOT NULL COLLATE NOCASE UNIQUE,
 *		name TEXT NOT NULL,
 *		role TEXT NOT NULL CHECK (role IN ('member', 'admin', 'owner')),
 *		verified INTEGER NOT NULL,
 *		password_hash TEXT NOT NULL,
 *		token_key TEXT NOT NULL,
 *		created TEXT NOT NULL,
 *		updated TEXT NOT NULL
 *	);
 *	CREATE VIEW users AS SELECT id, name, role FROM _users;
 */
#define USERS_COLLECTION_ID "_pb_users_auth_"
#define USERS_COLLECTION "users"

struct user {
	struct str id;
	struct str email;
	struct str name;
	enum app_access role;		/* APP_MEMBER, APP_ADMIN, APP_OWNER */
	int verified;
	struct str token_key;		/* changing it revokes every token */
	struct str password_hash;
	struct str created, updated;	/* "2026-11-23 10:00:00.123Z" */
};

/* ERR_NOT_FOUND.  Strings in the arena. */
int users_by_id(struct tenant *tenant, struct str id, struct arena *arena,
    struct user *out, struct err *err);
int users_by_email(struct tenant *tenant, struct str email,
    struct arena *arena, struct user *out, struct err *err);

/*
 * The password is right (1) or not (0), or -1 (ERR_LIMIT where both hash slots
 * stay taken).  user may be NULL, for an account that does not exist: it costs
 * the same time.
 */
int users_password_ok(const struct config *config, const struct user *user,
    struct str password, struct err *err);

/* The record as it goes out; the e-mail only where with_email. */
void users_put_record(struct buf *out, const struct user *user, int with_email);

/*
 * What those may do whose role allows it: an admin all but what concerns
 * owners, an owner all, a member see himself and change his name and (with
 * oldPassword) his password.  Nobody changes his own password without the old
 * one.  The last owner cannot be removed or lowered.  Bodies are PocketBase's:
 * email, password, passwordConfirm, name, role, oldPassword; an object, or
 * NULL.  A new password or e-mail address revokes the account's tokens.
 *
 * ERR_AUTH for guests, ERR_DENIED for a role that is not enough, ERR_NOT_FOUND
 * for an account that is not there or not the member's own, ERR_INPUT with
 * faults or (the application's tables still refer to the user, or a trigger of
 * theirs says no) without, ERR_CONFLICT with a fault (email is taken) or
 * without (the last owner).
 *
 * page and per_page are put in bounds (from 1; 30 where it is below 1, 1000 at
 * most) and echoed.
 */
int users_list(const struct call_env *env, struct tenant *tenant,
    struct caller caller, int64_t page, int64_t per_page, int skip_total,
    struct buf *out, struct err *err);
int users_view(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str id, struct buf *out, struct err *err);
int users_create(const struct call_env *env, struct tenant *tenant,
    struct caller caller, const struct json *body, struct buf *out,
    struct faults *faults, struct err *err);
int users_update(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str id, const struct json *body,
    struct buf *out, struct faults *faults, struct err *err);
int users_delete(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str id, struct err *err);

/*
 * The owner of a new tenant, inside the caller's transaction.  ERR_INPUT says
 * what is wrong with the e-mail address, password or name.
 */
int users_insert_owner(struct db *db, const struct config *config,
    struct str email, struct str password, struct str name, struct err *err);

#endif
