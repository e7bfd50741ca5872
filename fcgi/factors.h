#ifndef ROWHOUSE_FACTORS_H
#define ROWHOUSE_FACTORS_H

#include "fcgi/answer.h"
#include "fcgi/route.h"

/*
 * Second factors over HTTP, in what an unmodified PocketBase SDK can do: who has
 * one gets a 401 with an mfaId for his password, and sends that and a code to
 * auth-with-otp.  PocketBase mails its codes: request-otp is answered, and
 * nothing is sent.
 */
int factors_answer(struct answer *answer, enum route route, struct str id,
    struct err *err);

/* The password was right, and he has a factor. */
int factors_ask(struct answer *answer, const struct user *user,
    struct err *err);

#endif
