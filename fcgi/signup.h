#ifndef ROWHOUSE_SIGNUP_H
#define ROWHOUSE_SIGNUP_H

#include "fcgi/answer.h"
#include "tenants/lifecycle.h"

/*
 * POST /api/tenants on the platform's host: a tenant of one's own, with its
 * owner, where `signup = open`, or `invite` and the body has the slug's code
 * (signup_code.h).  The fields are looked at first, then whether the name is free, then how often it was tried from there; then come a hash and
 * the files (lifecycle.h), of which two at most are made at once.
 *
 *	201 {"email":"…","host":"acme.example.com","slug":"acme"}
 *
 * The tenant answers from then on, and is in the platform's log (registry.h),
 * with the visitor's address and without that of his mail.  Its owner is sent a
 * mail, to confirm his address, where mail is sent.
 */
int signup_answer(struct answer *answer, struct err *err);

/* GET /api/signup, for a page to ask first: {"signup":"open"}, invite or closed. */
int signup_how(struct answer *answer, struct err *err);

/*
 * Makes it in one of those two places, and finds its row; for the operator's
 * API as well.  lifecycle_create()'s errors, and ERR_LIMIT.
 */
int signup_make(struct answer *answer, struct str slug,
    const struct lifecycle_owner *owner, struct err *err);

#endif
