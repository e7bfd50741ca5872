#ifndef ROWHOUSE_USERS_LIMIT_H
#define ROWHOUSE_USERS_LIMIT_H

#include "tenants/call.h"

/*
 * May one more account be added?  ERR_QUOTA, with a fault, where the tenant
 * has as many as its plan allows.  Asked before a password is hashed, so that a
 * refusal costs nothing, and again under the write lock, where the answer holds.
 */
int users_limit_check(const struct call_env *env, struct tenant *tenant,
    struct faults *faults, struct err *err);

#endif
