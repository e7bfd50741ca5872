#include "fcgi/operator_api.h"

#include <string.h>

#include "fcgi/operator.h"
#include "fcgi/operator_call.h"
#include "tenants/base/clock.h"
#include "tenants/call_bind.h"
#include "tenants/slug.h"

#define BODY_MAX  (64 * 1024)
#define STARS_MAX 4 /* of a pattern: each takes a loop of its own */
#define PLACE     STR("operator") /* no uid is like it */

/* --- which route ---------------------------------------------------------- */

static int
matches(const char *path, const struct str *segments, size_t n_segments,
    struct str values[APP_PATH_MAX])
{
	struct str rest = str_of(path + 1), part;
	size_t i, n = 0;

	for (i = 0; str_next(&rest, '/', &part); i++) {
		if (i == n_segments)
			return 0;
		if (str_starts(part, "{"))
			values[n++] = segments[i];
		else if (!str_eq(part, segments[i]))
			return 0;
	}
	return i == n_segments;
}

const struct operator_route *
operator_api_find(struct str method, const struct str *segments,
    size_t n_segments, struct arena *arena, struct str values[APP_PATH_MAX],
    const char **allow)
{
	const struct operator_route *route;
	size_t i, n;

	if (str_is(method, "HEAD"))
		method = STR("GET");
	*allow = NULL;
	route = operator_routes(&n);
	for (i = 0; i < n; i++, route++) {
		const char *its = route->endpoint.method;

		if (!matches(
			route->endpoint.path, segments, n_segments, values))
			continue;
		if (str_is(method, its))
			return route;
		*allow = arena_printf(arena, "%s%s%s", *allow ? *allow : "",
		    *allow ? ", " : "", its);
	}
	return NULL;
}

/* --- whose request it is -------------------------------------------------- */

/*
 * Whoever tries tokens is slowed down by his address, be it with the right one:
 * else its answer would tell him.  What was right does not count.
 */
int
operator_api_admit(const struct answer *answer, struct err *err)
{
	const struct request *request = answer->request;
	const struct scoreboard_attempt attempt = {
		.what = SCOREBOARD_OPERATOR,
		.address = request->address,
		.tenant = PLACE,
		.account = PLACE,
	};

	if (scoreboard_attempt(
		answer->env->board, &attempt, clock_mono_ms(), err) != 0 ||
	    operator_check(
		answer->env->operator_token, request->authorization, err) != 0)
		return -1;
	scoreboard_attempt_ok(answer->env->board, &attempt, clock_mono_ms());
	if (request->length <= BODY_MAX)
		return 0;
	return err_set(err, ERR_TOO_LARGE,
	    "the body is %lld bytes, more than %d", (long long)request->length,
	    BODY_MAX);
}

/* --- what the handlers share ---------------------------------------------- */

int
operator_call_fault(struct operator_call *call, const char *field,
    const char *code, const char *message, struct err *err)
{
	faults_add(&call->answer->faults, call->answer->env->call.arena,
	    str_of(field), code, message);
	return err_set(err, ERR_INPUT, "%s: %s", field, message);
}

int
operator_call_new_slug(struct operator_call *call, const char *field,
    struct str slug, struct err *err)
{
	const struct call_env *env = &call->answer->env->call;
	char message[sizeof err->msg];

	if (slug_check(slug, err) != 0) {
		memcpy(message, err->msg, sizeof message);
		return operator_call_fault(
		    call, field, "validation_invalid_slug", message, err);
	}
	if (slug_reserved(slug))
		return operator_call_fault(call, field, "validation_reserved",
		    "The platform keeps this name.", err);
	if (registry_check_free(env->registry, slug, err) == 0)
		return 0;
	if (err->code == ERR_CONFLICT)
		faults_not_unique(
		    &call->answer->faults, env->arena, str_of(field));
	return -1;
}

int
operator_call_confirm(
    struct operator_call *call, struct str confirm, struct err *err)
{
	if (str_is(confirm, call->answer->row.slug))
		return 0;
	return operator_call_fault(call, "confirm",
	    "validation_values_mismatch",
	    "Must be the slug of the tenant that it is about.", err);
}

int
operator_call_pattern(struct operator_call *call, const struct value *value,
    struct str *out, struct err *err)
{
	size_t i, stars = 0;

	if (value->kind != VALUE_TEXT)
		return 0;
	for (i = 0; i < value->text.n; i++)
		stars += value->text.p[i] == '*';
	if (stars > STARS_MAX)
		return operator_call_fault(call, "slug",
		    "validation_invalid_value", "Has too many stars.", err);
	*out = value->text;
	return 0;
}

struct operator_page
operator_call_page(const struct value *page, const struct value *per_page)
{
	return (struct operator_page){ page->integer, per_page->integer };
}

void
operator_call_put_page(
    struct buf *out, struct operator_page page, int64_t total)
{
	int64_t pages =
	    total < 0 ? -1 : (total + page.per_page - 1) / page.per_page;

	buf_printf(out,
	    "],\"page\":%lld,\"perPage\":%lld,\"totalItems\":%lld,"
	    "\"totalPages\":%lld}",
	    (long long)page.page, (long long)page.per_page, (long long)total,
	    (long long)pages);
}

/* --- the answer ------------------------------------------------------------ */

static int
read_params(struct answer *answer, const struct operator_route *route,
    struct call_bind *out, struct err *err)
{
	const struct call_env *env = &answer->env->call;
	const struct call sent = {
		.endpoint = &route->endpoint,
		.path_values = answer->target.values,
		.n_query = answer->request->n_query,
		.query = answer->request->query,
		.body = answer->body,
	};

	return call_bind_read(
	    &sent, STR_NONE, env->arena, out, &answer->faults, err);
}

static int
find_tenant(struct answer *answer, struct err *err)
{
	struct str slug = answer->target.values[0];

	if (slug_check(slug, err) != 0) {
		err->code = ERR_NOT_FOUND;
		return -1;
	}
	return registry_find(
	    answer->env->call.registry, slug, &answer->row, err);
}

int
operator_api_answer(struct answer *answer, struct err *err)
{
	const struct operator_route *route = answer->target.operated;
	struct registry *registry = answer->env->call.registry;
	struct operator_call call = {
		.answer = answer,
		.deed = { .who = STR("operator"),
		    .address = answer->request->address,
		    .what = str_of(route->deed) },
	};
	struct call_bind bind;
	int rc;

	response_widen(answer->response, RESPONSE_OPERATOR_MAX);
	if (read_params(answer, route, &bind, err) != 0)
		return -1;
	if (strstr(route->endpoint.path, "{slug}") != NULL &&
	    find_tenant(answer, err) != 0)
		return -1;
	call.value = bind.params;
	call.deed.slug = str_of(answer->row.slug);
	answer->response->status = route->endpoint.status;
	if (route->deed != NULL)
		registry_note(registry, &call.deed);
	rc = route->run(&call, err);
	registry_note(registry, NULL);
	return rc == 0 ? buf_check(&answer->response->body, "the answer", err)
		       : -1;
}
