#ifndef ROWHOUSE_CALL_BIND_H
#define ROWHOUSE_CALL_BIND_H

#include <sqlite3.h>

#include "tenants/base/crypto.h"
#include "tenants/call.h"
#include "tenants/stamp.h"
#include "tenants/value.h"

/*
 * What the variables of an endpoint stand for in one call.
 */
struct call_bind {
	const struct app_endpoint *endpoint;
	struct value *params;		/* as the endpoint has them */
	int64_t *has;			/* 1 where the client sent it */
	struct caller caller;
	struct str tenant;
	char now[STAMP_TEXT];		/* "" until it is asked for */
	char new_id[CRYPTO_ID + 1];	/* likewise */
};

/*
 * Takes the parameters out of what was sent, with the defaults for what was
 * not.  All faults are gathered, then ERR_INPUT.
 */
int call_bind_read(const struct call *call, struct str tenant,
    struct arena *arena, struct call_bind *out, struct faults *faults,
    struct err *err);

/*
 * Binds every variable of a statement.  *bind and what was sent must stay until
 * it is reset.  ERR_SYSTEM names a variable that stands for nothing.
 */
int call_bind(struct call_bind *bind, sqlite3_stmt *stmt, struct err *err);

/* Does a variable, as sqlite3_bind_parameter_name() gives it, stand for something? */
int call_bind_known(const struct app_endpoint *endpoint,
    const char *variable);

#endif
