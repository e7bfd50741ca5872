#ifndef ROWHOUSE_FACTOR_H
#define ROWHOUSE_FACTOR_H

#include "tenants/base/crypto.h"
#include "tenants/base/otp.h"
#include "tenants/call.h"
#include "tenants/users.h"

/*
 * The optional second factor of an account: codes of an authenticator
 * application (otp.h), each good once, and ten recovery codes for who has lost
 * it.  In the tenant's file, _factors.
 *
 * The secret stands there as it is: under the master key it would be lost with
 * that, and everybody locked out who has a factor.  Recovery codes are kept as
 * hashes.
 */
#define FACTOR_CODES 10

struct factor {
	int there, enabled;	/* begun, and confirmed */
	struct str secret;
	int64_t step;		/* of the last code that was used */
	struct str recovery;	/* hashes, with a space after each */
};

/* That of an account; not there is no error. */
int factor_find(struct tenant *tenant, struct str user_id,
    struct arena *arena, struct factor *out, struct err *err);

/* How it stands with the caller's: {"enabled":true,"recovery":10}. */
int factor_view(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct buf *out, struct err *err);

/*
 * The two steps to have one, for who is signed in and has just said his
 * password.  The first answers the secret, the second, for a right code, the
 * recovery codes; neither is shown again.  ERR_CONFLICT where there is one, or
 * none was begun; ERR_INPUT where the code is wrong.
 */
int factor_begin(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct buf *out, struct err *err);
int factor_confirm(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str code, struct buf *out, struct err *err);

/*
 * Removes one's own, for a right code, and that of another (code is not looked
 * at) for who may change him.  ERR_NOT_FOUND where there is none.
 */
int factor_remove(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str user_id, struct str code, struct err *err);

/*
 * Who signs in, caller, has said the password and now a code: uses it up, and
 * puts the sign-in into the audit log.  ERR_INPUT where it is not right.
 */
int factor_accept(const struct call_env *env, struct tenant *tenant,
    struct caller caller, struct str code, struct err *err);

/*
 * What is given to who has said the right password, until he says the code:
 * USER.EXPIRES.MAC, good for five minutes, at this tenant (generation and all),
 * until his token key changes.  factor_ticket_user says whose it claims to be.
 */
#define FACTOR_TICKET_S 300
void factor_ticket_put(struct buf *out, const struct secret *master,
    const struct registry_tenant *row, const struct user *user,
    int64_t now_s);
struct str factor_ticket_user(struct str ticket);
int factor_ticket_ok(struct str ticket, const struct secret *master,
    const struct registry_tenant *row, const struct user *user,
    int64_t now_s);

#endif
