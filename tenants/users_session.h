#ifndef ROWHOUSE_USERS_SESSION_H
#define ROWHOUSE_USERS_SESSION_H

#include "tenants/users.h"

/*
 * Somebody has signed in, caller: puts it into the audit log, and where the hash
 * was made with less than the configuration asks for, makes it anew.  It
 * failing is no reason to refuse the sign-in: who is over his quota must get in
 * to make room.  Like every write, it can replace the tenant (call.h): get it
 * again.
 */
int users_signed_in(const struct call_env *env, struct tenant *tenant,
    struct caller caller, const struct user *user, struct str password,
    struct err *err);

/* The hash alone, for who has said his password and not yet his code. */
int users_rehash(const struct call_env *env, struct tenant *tenant,
    const struct user *user, struct str password, struct err *err);

/*
 * Revokes every token of an account: everybody may for himself, and for others
 * whoever may change them.  API keys stay.  Errors are users_update()'s.
 */
int users_sign_out(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str id, struct err *err);

#endif
