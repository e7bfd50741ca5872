#ifndef ROWHOUSE_OPERATOR_H
#define ROWHOUSE_OPERATOR_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * The operator's token, <data>/operator.token: a line that whoever may read
 * the data directory may show on the platform's host, as Authorization:
 * Bearer, for GET /metrics and the operator's API (operator_api.h).  Made when
 * there is none.  Another one: write the file anew (or remove it and restart),
 * then SIGHUP.
 */
#define OPERATOR_TOKEN 64	/* bytes, with a NUL */

int operator_create(const struct config *config, struct err *err);

/* Where it cannot be read there is none, and nobody is the operator. */
void operator_load(const struct config *config, char out[OPERATOR_TOKEN]);

/* Does an Authorization header show it?  ERR_AUTH. */
int operator_check(const char *token, struct str authorization,
    struct err *err);

#endif
