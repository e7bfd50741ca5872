#ifndef ROWHOUSE_CALL_H
#define ROWHOUSE_CALL_H

#include <stddef.h>

#include "tenants/app.h"
#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/base/json.h"
#include "tenants/base/str.h"
#include "tenants/faults.h"
#include "tenants/hint.h"
#include "tenants/registry.h"
#include "tenants/tenant.h"

struct caller;

/*
 * Somebody who looks at the writes of a request.  before() is asked with
 * nothing begun, and may refuse; after() is told of the hint of each commit,
 * with salts of 0 0 and no frame where it wrote nothing.
 */
struct call_watch {
	int (*before)(void *arg, const struct caller *caller,
	    const char *slug, struct err *err);
	void (*after)(void *arg, const struct hint *hint);
	void *arg;
};

/* What calls need of the process that makes them. */
struct call_env {
	const struct config *config;
	struct tenant_cache *cache;
	struct registry *registry;
	struct hint_sender *hints;
	struct arena *arena;
	const struct call_watch *watch;	/* or NULL */
};

/* Who calls.  A guest has role APP_PUBLIC and an empty user_id. */
struct caller {
	struct str user_id;
	enum app_access role;
	struct str email, address;	/* for the audit log; "" = not known */
	/* By what he was known, to see whether it still holds (call_caller.h): */
	struct str token_key;		/* of the account, or "" */
	struct str key_id;		/* of an API key, or "" */
};

struct call_pair {
	struct str name, value;		/* decoded */
};

/*
 * One call of an endpoint: parameters checked and bound, statements run in one
 * transaction, the last one's rows written as JSON.  Knows no HTTP: its caller
 * hands over what came in and renders what comes out.
 *
 * Parameters come from the path and, for GET and DELETE, from the query, for
 * POST, PUT and PATCH from the body: an object, or nothing at all.  What was
 * not declared, or stands in the other place, is a fault that names it.
 */
struct call {
	const struct app_endpoint *endpoint;
	const struct str *path_values;	/* one for each {name} */
	size_t n_query;
	const struct call_pair *query;
	const struct json *body;	/* an object, or NULL */
	struct caller caller;
};

/*
 * 0 with the answer's body in *out (empty for `returns: none`); *wrote is set
 * where something was committed, and the hint has been sent then.
 *
 *	ERR_AUTH	a user is required and there is none
 *	ERR_DENIED	the user's role is not enough
 *	ERR_INPUT	with faults: parameters, NOT NULL, a CHECK that bears the
 *			name of a parameter; without: RAISE() in a trigger (the
 *			message is its text), any other constraint, and values
 *			that a statement cannot work with (a malformed search)
 *	ERR_CONFLICT	with faults: UNIQUE
 *	ERR_NOT_FOUND	`one` or `none` without a row that it should have had
 *	ERR_TOO_LARGE	more rows or bytes than an answer may have
 *			with faults where it is the rows of the tenant's plan
 *	ERR_DEADLINE	with faults: the time of the tenant's plan
 *	ERR_BUSY, ERR_FULL, ERR_QUOTA
 *	ERR_SYSTEM	and all else: a mistake in the endpoint, with its file
 *
 * Messages of the first seven are fit for clients; no text of SQLite's is in
 * them.  On any error nothing of the call is left in the file.
 *
 * Integers go out as numbers whatever their size; a blob is a mistake of the
 * endpoint's (JSON has no form for it: use hex()).
 *
 * A write can find that the tenant's file was replaced meanwhile, and go on
 * with the new one: `tenant` must not be used afterwards, but got again.
 */
int call_run(const struct call_env *env, struct tenant *tenant,
    const struct call *call, struct buf *out, int *wrote,
    struct faults *faults, struct err *err);

/*
 * A write of our own to a tenant's file, from R10's question to the hint.
 * call_begin_write is ERR_FULL where full_check() says so, asks the watch, and replaces *tenant where its file was
 * replaced; where that was a restore and the caller was signed in, which he no
 * longer is, it is ERR_BUSY.  Where he lost his access or role while this waited for the
 * lock it is ERR_AUTH or ERR_DENIED (call_caller.h).  call_commit says through wrote (which may be NULL)
 * whether anything was written; it is ERR_INPUT where a deferred foreign key is
 * not satisfied.
 */
int call_begin_write(const struct call_env *env, struct caller caller,
    struct tenant **tenant, struct err *err);
int call_commit(const struct call_env *env, struct tenant *tenant, int *wrote,
    struct err *err);

#endif
