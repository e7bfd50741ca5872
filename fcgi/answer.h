#ifndef ROWHOUSE_ANSWER_H
#define ROWHOUSE_ANSWER_H

#include "fcgi/durable.h"
#include "fcgi/openapi.h"
#include "fcgi/request.h"
#include "fcgi/response.h"
#include "fcgi/route.h"
#include "fcgi/scoreboard.h"
#include "tenants/app.h"
#include "tenants/base/crypto.h"
#include "tenants/base/err.h"
#include "tenants/base/json.h"
#include "tenants/call.h"
#include "tenants/faults.h"
#include "tenants/keys.h"
#include "tenants/plan.h"
#include "tenants/registry.h"
#include "tenants/tenant.h"
#include "tenants/users.h"

/* What a worker answers from, for the whole of its life. */
struct answer_env {
	struct call_env call;
	const struct app *app;
	struct openapi *openapi;
	const struct secret *master;
	const char *operator_token;	/* "" = there is none */
	const char *release;		/* its name, or "" */
	struct scoreboard *board;
	int slot;
	struct durable *durable;	/* call.watch is its */
};

/* What the path leads to: one of our routes, or an endpoint. */
struct answer_target {
	enum route route;
	struct str id;
	const struct app_endpoint *endpoint;
	const struct operator_route *operated;	/* of ROUTE_OPERATOR */
	struct str values[APP_PATH_MAX];
};

/* One request on its way to its answer. */
struct answer {
	const struct answer_env *env;
	const struct request *request;
	struct response *response;
	struct registry_tenant row;	/* slug "" = none, or the platform's host */
	enum route_host host;
	struct plan plan;		/* of a tenant's host */
	struct answer_target target;
	struct tenant *tenant;		/* gone after a write: see call.h */
	const struct json *body;	/* an object, or NULL */
	struct user user;		/* where role is not APP_PUBLIC */
	struct key key;			/* what he came with, if not a token */
	struct caller caller;
	int refreshable;		/* the caller's token */
	struct faults faults;
	int wrote;			/* something was committed */
	int64_t work_us;		/* with the tenant's file */
};

/*
 * From a request and its body to an answer in *response.  In two steps, so
 * that what is refused costs nothing: whose host and which route it is, and
 * the limits of rate and body, are looked at before the body is read.
 *
 * -1 where it is an error: then *err is what to say of it, with answer->faults.
 * answer->row is the tenant's, as soon as it is known.
 */
/* The request may still be empty. */
void answer_init(struct answer *answer, const struct answer_env *env,
    const struct request *request, struct response *response);
int answer_admit(struct answer *answer, struct err *err);
int answer_body(struct answer *answer, struct str body, struct err *err);

#endif
