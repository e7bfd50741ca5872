/*
 * In this order, so that what costs least refuses first: whose host, how many
 * requests of it there were, which route and method, how large the body; is
 * there a place for the tenant, its file, the body, the caller; then the work.
 */
#include "fcgi/answer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/accounts.h"
#include "fcgi/mailed.h"
#include "fcgi/operator_api.h"
#include "fcgi/prefer.h"
#include "fcgi/signup.h"
#include "tenants/audit.h"
#include "tenants/base/clock.h"
#include "tenants/base/log.h"
#include "tenants/base/thread.h"
#include "tenants/base/version.h"
#include "tenants/slug.h"
#include "tenants/usage_show.h"

#define MISSING_RETRY_S   30
#define SUSPENDED_RETRY_S 300
#define PATIENCE_MS       100 /* for a place; well under statement.read */

static int
find_host(struct answer *answer, enum route_host *host, struct err *err)
{
	const struct call_env *call = &answer->env->call;
	const struct request *request = answer->request;
	struct str slug = request->tenant;

	*host = ROUTE_TENANT;
	if (str_is(slug, "-") ||
	    (slug.n == 0 &&
		registry_is_platform(call->config, request->host))) {
		*host = ROUTE_PLATFORM;
		return 0;
	}
	if (str_is(slug, "-ask")) {
		*host = ROUTE_MACHINE;
		return 0;
	}
	if (slug.n == 0)
		return registry_find_host(
		    call->registry, request->host, &answer->row, err);
	if (slug_check(slug, err) != 0) {
		err->code = ERR_NOT_FOUND;
		return err_wrap(err, "TENANT");
	}
	return registry_find(call->registry, slug, &answer->row, err);
}

static int
check_state(const struct registry_tenant *row, struct err *err)
{
	switch (row->state) {
	case REGISTRY_ACTIVE:
		return 0;
	case REGISTRY_SUSPENDED:
		err_set(err, ERR_BUSY, "tenant %s is suspended", row->slug);
		err->retry_after = SUSPENDED_RETRY_S;
		return -1;
	case REGISTRY_DELETED:
		break;
	}
	return err_set(err, ERR_NOT_FOUND, "tenant %s is deleted", row->slug);
}

/* Says which limit it was, in the data of the answer. */
static void
blame(struct answer *answer, enum plan_limit limit)
{
	plan_fault(
	    &answer->plan, limit, &answer->faults, answer->env->call.arena);
}

static int
check_rate(struct answer *answer, struct err *err)
{
	const struct plan *plan = &answer->plan;
	int64_t wait_us;

	if (plan->rate == 0)
		return 0;
	wait_us = scoreboard_rate(answer->env->board, str_of(answer->row.uid),
	    plan->rate, clock_mono_us());
	if (wait_us == 0)
		return 0;
	blame(answer, PLAN_RATE);
	err_set(err, ERR_LIMIT, "too many requests of this tenant");
	err->retry_after = (int)((wait_us + 999999) / 1000000);
	return -1;
}

/* The application knows nothing of HEAD and OPTIONS. */
static const char *
widen_allow(const char *allow, struct arena *arena)
{
	return arena_printf(arena, "%s%s, OPTIONS", allow,
	    strstr(allow, "GET") ? ", HEAD" : "");
}

static int
find_target(struct answer *answer, struct err *err)
{
	enum route_host host = answer->host;
	const struct request *request = answer->request;
	struct arena *arena = answer->env->call.arena;
	struct answer_target *out = &answer->target;
	struct str method = request->method;
	const char *allow;

	out->route = route_find(host, method, request->segments,
	    request->n_segments, &out->id, &allow);
	if (out->route == ROUTE_AUDIT)
		out->endpoint = audit_endpoint();
	if (out->route == ROUTE_OPTIONS)
		answer->response->allow = allow;
	if (out->route != ROUTE_NONE)
		return 0;
	if (!allow && host == ROUTE_TENANT) {
		if (str_is(method, "HEAD"))
			method = STR("GET");
		out->endpoint =
		    app_route(answer->env->app, method, request->segments,
			request->n_segments, arena, out->values, &allow);
		if (out->endpoint)
			return 0;
		if (allow)
			allow = widen_allow(allow, arena);
	}
	if (!allow && host == ROUTE_PLATFORM) {
		out->operated = operator_api_find(method, request->segments,
		    request->n_segments, arena, out->values, &allow);
		if (out->operated) {
			out->route = ROUTE_OPERATOR;
			return 0;
		}
		if (allow)
			allow = widen_allow(allow, arena);
	}
	if (!allow)
		return err_set(err, ERR_NOT_FOUND, "there is no such route");
	answer->response->allow = allow;
	if (str_is(method, "OPTIONS")) {
		out->route = ROUTE_OPTIONS;
		return 0;
	}
	return err_set(err, ERR_METHOD, "the method %.*s is not allowed here",
	    STR_FMT(str_sub(method, 0, 32)));
}

static int
parse_body(struct answer *answer, struct str body, struct err *err)
{
	if (body.n == 0)
		return 0;
	if (!request_is_json(answer->request))
		return err_set(err, ERR_MEDIA,
		    "the body must be application/json, in UTF-8");
	if (json_parse(body, JSON_LIMITS_DEFAULT, answer->env->call.arena,
		&answer->body, err) != 0)
		return err_wrap(err, "the body is not JSON");
	if (answer->body->type != JSON_OBJECT)
		return err_set(err, ERR_INPUT, "the body is not a JSON object");
	return 0;
}

/* A key is not for accounts and keys, whatever its role. */
static int
check_key(const struct answer *answer, struct err *err)
{
	const struct request *request = answer->request;

	if (!answer->target.endpoint)
		return err_set(
		    err, ERR_DENIED, "an API key is for endpoints alone");
	return keys_allow(&answer->key, request->method, request->segments,
	    request->n_segments, answer->env->call.arena, err);
}

static void
note_key(struct answer *answer)
{
	struct err err = ERR_INIT;

	/* Of no consequence to the request, and tried again by the next. */
	if (keys_note_use(&answer->env->call, str_of(answer->row.slug),
		&answer->key, &err) != 0)
		log_debug("key", "use of %.*s not noted: %s",
		    STR_FMT(answer->key.id), err.msg);
	answer->tenant = NULL;
}

static int
call_endpoint(struct answer *answer, struct err *err)
{
	const struct answer_target *target = &answer->target;
	const struct call call = {
		.endpoint = target->endpoint,
		.path_values = target->values,
		.n_query = answer->request->n_query,
		.query = answer->request->query,
		.body = answer->body,
		.caller = answer->caller,
	};
	int wrote;

	if (call_run(&answer->env->call, answer->tenant, &call,
		&answer->response->body, &wrote, &answer->faults, err) != 0)
		return -1;
	answer->response->status = target->endpoint->status;
	return 0;
}

struct opening {
	struct answer *answer;
	struct err *err;
};

static void *
run_opening(void *arg)
{
	const struct opening *opening = arg;
	struct answer *answer = opening->answer;

	answer->tenant = tenant_cache_get(
	    answer->env->call.cache, &answer->row, opening->err);
	return NULL;
}

/*
 * Who signs in waits for a hash anyway, and who tries from a thousand addresses
 * comes to tenants that nobody has open: both give way to everybody else.
 */
static void
open_tenant(struct answer *answer, struct err *err)
{
	struct opening opening = { answer, err };

	if (route_hashes(answer->target.route))
		thread_run_nicer(THREAD_NICER, run_opening, &opening);
	else
		run_opening(&opening);
}

/* With the tenant's file. */
static int
work(struct answer *answer, struct str body, struct err *err)
{
	const struct answer_target *target = &answer->target;
	int rc;

	open_tenant(answer, err);
	if (!answer->tenant) {
		/* A tenant without its file is our trouble, not a 404. */
		if (err->code == ERR_NOT_FOUND) {
			err->code = ERR_BUSY;
			err->retry_after = MISSING_RETRY_S;
		}
		return -1;
	}
	if (parse_body(answer, body, err) != 0 ||
	    accounts_caller(answer, err) != 0)
		return -1;
	if (answer->key.id.n > 0 && check_key(answer, err) != 0)
		return -1;
	if (target->endpoint) {
		rc = call_endpoint(answer, err);
		if (answer->key.id.n > 0)
			note_key(answer);
		return rc;
	}
	if (target->route >= ROUTE_REQUEST_RESET)
		return mailed_answer(answer, target->route, target->id, err);
	return accounts_answer(answer, target->route, target->id, err);
}

/*
 * One tenant may have half of the pool, or less.  The handful of requests that a page
 * sends at once wait for each other for a moment.  Who waits for the replica
 * does so after, for that has a bound of its own.
 */
static int
work_in_place(struct answer *answer, struct str body, struct err *err)
{
	const struct answer_env *env = answer->env;
	int64_t begun_us;
	int rc;

	if (route_hashes(answer->target.route) &&
	    accounts_hashes(answer, err) != 0)
		return -1;
	if (!scoreboard_enter(env->board, env->slot, str_of(answer->row.uid),
		(int)answer->plan.in_flight, PATIENCE_MS)) {
		scoreboard_hashed(env->board, env->slot);
		blame(answer, PLAN_IN_FLIGHT);
		err_set(err, ERR_LIMIT,
		    "too many requests of this tenant are in progress");
		err->retry_after = 1;
		return -1;
	}
	begun_us = clock_mono_us();
	durable_begin(env->durable, prefer_replicated(answer->request->prefer),
	    &answer->plan, &answer->faults, env->call.arena);
	rc = work(answer, body, err);
	scoreboard_leave(env->board, env->slot);
	scoreboard_hashed(env->board, env->slot);
	answer->work_us = clock_mono_us() - begun_us;
	answer->wrote = durable_wrote(env->durable);
	if (rc == 0) {
		rc = durable_wait(env->durable, err);
		answer->response->replicated = rc == 1;
	}
	durable_end(env->durable);
	return rc < 0 ? -1 : 0;
}

/*
 * A keyed hash of the body and whose it is; strong, since nothing after us
 * changes the bytes of an answer that is not compressed.
 */
static void
tag(struct answer *answer)
{
	const struct str parts[] = { STR("etag"), str_of(answer->row.uid),
		buf_view(&answer->response->body) };
	struct response *response = answer->response;
	struct secret hash;
	size_t i;
	char *at = response->etag;

	crypto_derive(
	    answer->env->master, parts, sizeof parts / sizeof parts[0], &hash);
	*at++ = '"';
	for (i = 0; i < 16; i++)
		at += snprintf(at, 3, "%02x", hash.bytes[i]);
	*at++ = '"';
	*at = '\0';
	if (response_etag_matches(
		answer->request->if_none_match, response->etag)) {
		response->status = 304;
		buf_reset(&response->body);
	}
}

/*
 * For Caddy's on-demand TLS: a certificate is had for the host of a tenant that
 * is active, and for no other, or anybody could have us ask for thousands.
 */
static int
ask(struct answer *answer, struct err *err)
{
	const struct request *request = answer->request;

	if (request->n_query != 1 || !str_is(request->query->name, "domain"))
		return err_set(err, ERR_INPUT, "which domain?");
	if (registry_find_host(answer->env->call.registry,
		request->query->value, &answer->row, err) != 0)
		return -1;
	if (answer->row.state != REGISTRY_ACTIVE)
		return err_set(err, ERR_NOT_FOUND, "tenant %s is %s",
		    answer->row.slug,
		    registry_state_name(answer->row.state));
	buf_puts(&answer->response->body, "{}");
	return 0;
}

static int
put_metrics(struct answer *answer, struct err *err)
{
	struct response *response = answer->response;

	response->type = RESPONSE_PROMETHEUS;
	response_widen(response, RESPONSE_OPERATOR_MAX);
	if (usage_show_prometheus(answer->env->call.config, clock_wall_ms(),
		&response->body, err) != 0)
		return -1;
	return buf_check(&response->body, "the answer", err);
}

/* Of which release it is, the world need not know. */
static void
put_health(struct answer *answer)
{
	struct buf *body = &answer->response->body;

	buf_puts(body,
	    "{\"message\":\"API is healthy.\",\"code\":200,\"data\":{");
	if (answer->host == ROUTE_MACHINE) {
		buf_puts(body, "\"version\":\"" ROWHOUSE_VERSION "\",\"release\":");
		json_put_string(body, str_of(answer->env->release));
	}
	buf_puts(body, "}}");
}

void
answer_init(struct answer *answer, const struct answer_env *env,
    const struct request *request, struct response *response)
{
	memset(answer, 0, sizeof *answer);
	answer->env = env;
	answer->request = request;
	answer->response = response;
	answer->caller.role = APP_PUBLIC;
}

int
answer_admit(struct answer *answer, struct err *err)
{
	const struct request *request = answer->request;

	answer->caller.address = request->address;
	if (find_host(answer, &answer->host, err) != 0)
		return -1;
	if (answer->host == ROUTE_TENANT) {
		plan_of(answer->env->call.config, &answer->row, &answer->plan);
		if (check_state(&answer->row, err) != 0 ||
		    check_rate(answer, err) != 0)
			return -1;
	}
	if (find_target(answer, err) != 0)
		return -1;
	if (answer->target.route == ROUTE_OPERATOR ||
	    answer->target.route == ROUTE_METRICS)
		return operator_api_admit(answer, err);
	if (answer->host == ROUTE_TENANT && request->length > answer->plan.body) {
		blame(answer, PLAN_BODY);
		return err_set(err, ERR_TOO_LARGE,
		    "the body is %lld bytes, more than %lld",
		    (long long)request->length, (long long)answer->plan.body);
	}
	return 0;
}

int
answer_body(struct answer *answer, struct str body, struct err *err)
{
	struct response *response = answer->response;
	struct str text;

	switch (answer->target.route) {
	case ROUTE_OPTIONS:
		response->status = 204;
		return 0;
	case ROUTE_HEALTH:
		put_health(answer);
		return 0;
	case ROUTE_METRICS:
		return put_metrics(answer, err);
	case ROUTE_AUTH_METHODS:
		accounts_methods(&response->body);
		return 0;
	case ROUTE_OPENAPI:
		if (openapi_text(answer->env->openapi,
			answer->host == ROUTE_PLATFORM, &text, err) != 0)
			return -1;
		buf_str(&response->body, text);
		if (buf_check(&response->body, "the answer", err) != 0)
			return -1;
		tag(answer);
		return 0;
	case ROUTE_ASK:
		return ask(answer, err);
	case ROUTE_SIGN_UP_HOW:
		return signup_how(answer, err);
	case ROUTE_OPERATOR:
		if (parse_body(answer, body, err) != 0)
			return -1;
		return operator_api_answer(answer, err);
	case ROUTE_SIGN_UP:
		if (parse_body(answer, body, err) != 0)
			return -1;
		return signup_answer(answer, err);
	default:
		break;
	}
	if (work_in_place(answer, body, err) != 0) {
		if (err->code == ERR_QUOTA && !answer->faults.first)
			blame(answer, PLAN_SIZE);
		return -1;
	}
	if (buf_check(&response->body, "the answer", err) != 0)
		return -1;
	if (response->status == 200 &&
	    (str_is(answer->request->method, "GET") ||
		str_is(answer->request->method, "HEAD")))
		tag(answer);
	return 0;
}
