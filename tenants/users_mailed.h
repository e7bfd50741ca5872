#ifndef ROWHOUSE_USERS_MAILED_H
#define ROWHOUSE_USERS_MAILED_H

#include "tenants/users_form.h"

/*
 * What comes back of a mail, and invitations.  Who has followed a link has
 * shown that the address is his, and so is verified.
 *
 * An invited user is an account without a password: nobody signs in to it, it
 * counts as no owner, and as soon as it has a password it is an account like any
 * other.
 */
static inline int
users_mailed_is_invited(const struct user *user)
{
	return user->password_hash.n == 0;
}

/*
 * Each takes the account as it was when the token was verified against it, and
 * changes it only if it is the same under the lock: else ERR_INPUT with a fault
 * of the token, which is no longer good.
 *
 * A new password (of the right form), and a name where there is one, ends all
 * sessions.
 */
int users_mailed_password(const struct users_request *request,
    struct tenant *tenant, const struct user *seen,
    const struct users_form *form, struct err *err);
int users_mailed_verify(const struct users_request *request,
    struct tenant *tenant, const struct user *seen, struct err *err);
/* Ends all sessions too; ERR_CONFLICT with a fault where it is taken. */
int users_mailed_email(const struct users_request *request,
    struct tenant *tenant, const struct user *seen, struct str email,
    struct err *err);

/* The fault of a token that is none, or not good any more; ERR_INPUT. */
int users_mailed_bad_token(const struct users_request *request,
    struct err *err);

/*
 * By an admin or owner; an owner only by an owner.  *out is the account with a
 * new token key: whoever is invited again has one good link, the last.
 * ERR_CONFLICT with a fault where there is an account of that address.
 */
int users_mailed_invite(const struct users_request *request,
    struct tenant *tenant, const struct users_form *form, struct user *out,
    struct err *err);
/* {"items":[…]}: those who have not come yet. */
int users_mailed_invited(const struct users_request *request,
    struct tenant *tenant, struct buf *out, struct err *err);
/* ERR_NOT_FOUND for an account that has a password. */
int users_mailed_uninvite(const struct users_request *request,
    struct tenant *tenant, struct str id, struct err *err);

#endif
