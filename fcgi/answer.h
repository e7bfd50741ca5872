#ifndef ROWHOUSE_ANSWER_H
#define ROWHOUSE_ANSWER_H

#include "fcgi/durable.h"
#include "fcgi/openapi.h"
#include "fcgi/request.h"
#include "fcgi/response.h"
#include "fcgi/scoreboard.h"
#include "tenants/app.h"
#include "tenants/base/crypto.h"
#include "tenants/base/err.h"
#include "tenants/base/json.h"
#include "tenants/call.h"
#include "tenants/faults.h"
#include "tenants/keys.h"
#include "tenants/registry.h"
#include "tenants/tenant.h"
#include "tenants/users.h"

/* What a worker answers from, for the whole of its life. */
struct answer_env {
	struct call_env call;
	const struct app *app;
	struct openapi *openapi;
	const struct secret *master;
	struct scoreboard *board;
	int slot;
	struct durable *durable;	/* call.watch is its */
	int in_flight_max;	/* of one tenant, over all workers */
};

/* One request on its way to its answer. */
struct answer {
	const struct answer_env *env;
	const struct request *request;
	struct response *response;
	struct registry_tenant row;	/* slug "" = none, or the platform's host */
	struct tenant *tenant;		/* gone after a write: see call.h */
	const struct json *body;	/* an object, or NULL */
	struct user user;		/* where role is not APP_PUBLIC */
	struct key key;			/* what he came with, if not a token */
	struct caller caller;
	int refreshable;		/* the caller's token */
	struct faults faults;
};

/*
 * From a request and its body to an answer in *response.  Where that is an
 * error, *err says for the log what it was; answer->row is the tenant's.
 */
void answer_request(struct answer *answer, const struct answer_env *env,
    const struct request *request, struct str body, struct response *response,
    struct err *err);

#endif
