#ifndef ROWHOUSE_CALL_CALLER_H
#define ROWHOUSE_CALL_CALLER_H

#include "tenants/call.h"

/*
 * Under the write lock, where no account can change any more: is the caller
 * still who he was when the request came?  One who says neither his token's key nor
 * his API key's id is not asked.
 *
 *	ERR_AUTH	his account or API key was removed, or he was signed out
 *	ERR_DENIED	his role is a lower one
 */
int call_caller_check(struct tenant *tenant, const struct caller *caller,
    struct arena *arena, struct err *err);

#endif
