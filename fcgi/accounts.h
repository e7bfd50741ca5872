#ifndef ROWHOUSE_ACCOUNTS_H
#define ROWHOUSE_ACCOUNTS_H

#include "fcgi/answer.h"
#include "fcgi/route.h"

/*
 * Signing in, and users as records: the built-in routes of a tenant's host
 * that need its file.  *id is the path's, where it has one.
 */
int accounts_answer(struct answer *answer, enum route route, struct str id,
    struct err *err);

/* What `auth-methods` says: the same for everybody. */
void accounts_methods(struct buf *out);

/*
 * Who sends this?  The user of a valid token; a guest without one, and with one
 * that is not (any more).  -1 only where that could not be found out.
 */
int accounts_caller(struct answer *answer, struct err *err);

/* For factors.c: a text that must be in the body, or a fault. */
struct str accounts_field(struct answer *answer, const char *name);
struct scoreboard_attempt accounts_attempt(const struct answer *answer,
    struct str account);

/* Who signs in, for the audit log, and what he is answered. */
struct caller accounts_signs_in(const struct answer *answer,
    const struct user *user);
void accounts_session(struct answer *answer, const struct user *user);

/*
 * A password is about to be hashed, which takes tens of milliseconds, one or two at once on a
 * machine.  0, or ERR_LIMIT at once where that would leave no worker to
 * others.  Holds until the request is done.
 */
int accounts_hashes(struct answer *answer, struct err *err);

#endif
