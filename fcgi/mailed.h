#ifndef ROWHOUSE_MAILED_H
#define ROWHOUSE_MAILED_H

#include "fcgi/answer.h"
#include "fcgi/route.h"

/*
 * What is asked for by mail and confirmed by the link in it: a new password, an
 * address, another address, an invitation.  In PocketBase's shapes, where it
 * has them.
 *
 * Whether an address has an account is not told: an answer is 204 either way,
 * and takes as long (outbox.h).  Mails are limited by who asks, whom they are
 * for and whose host it is, before anything is looked up.
 */
int mailed_answer(struct answer *answer, enum route route, struct str id,
    struct err *err);

/*
 * The mail of a new account, whose row and file answer has.  Nobody has lost
 * anything where it fails: it can be asked for again.
 */
int mailed_welcome(struct answer *answer, const struct user *user,
    struct err *err);

#endif
