#include "tenants/plan.h"

#include <stdio.h>
#include <string.h>

#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/base/size.h"

#define TEXT 100

static const struct config_plan *
find(const struct config *config, struct str name)
{
	size_t i;

	for (i = 0; i < config->n_plans; i++)
		if (str_is(name, config->plan[i].name))
			return &config->plan[i];
	return NULL;
}

static int64_t
or_else(int64_t value, int64_t general)
{
	return value > 0 ? value : general;
}

int64_t
plan_waiting(const struct config *config)
{
	return config->workers >= 8 ? config->workers / 4 : 1;
}

/* Half of those places where nothing is said, so that nobody takes them all. */
static int64_t
waiting_of(const struct config *config, const struct config_plan *plan)
{
	int64_t all = plan_waiting(config);

	if (plan->replicated < 0)
		return (all + 1) / 2;
	return plan->replicated < all ? plan->replicated : all;
}

void
plan_of(const struct config *config, const struct registry_tenant *tenant,
    struct plan *out)
{
	static const struct config_plan none = { .name = PLAN_DEFAULT,
		.replicated = -1 };
	const struct config_plan *plan = find(config, str_of(tenant->plan));
	int64_t half = config->workers > 1 ? config->workers / 2 : 1;

	if (!plan)
		plan = find(config, STR(PLAN_DEFAULT));
	if (!plan)
		plan = &none;
	out->name = plan->name;
	out->in_flight = or_else(plan->in_flight, half);
	/* The others' half is nobody's to sell. */
	if (out->in_flight > half)
		out->in_flight = half;
	out->rate = plan->rate;
	out->read_ms = or_else(plan->read_ms, config->read_ms);
	out->write_ms = or_else(plan->write_ms, config->write_ms);
	out->body = or_else(plan->body, config->request_body_max);
	out->rows = or_else(plan->rows, config->response_rows);
	out->size = or_else(
	    tenant->size_max, or_else(plan->size, config->tenant_size_max));
	out->users = plan->users;
	out->replicated = waiting_of(config, plan);
}

int
plan_check(const struct config *config, struct str name, struct err *err)
{
	char list[sizeof err->hint] = PLAN_DEFAULT;
	size_t i, n = strlen(list);

	if (str_is(name, PLAN_DEFAULT) || find(config, name))
		return 0;
	for (i = 0; i < config->n_plans && n < sizeof list; i++)
		if (strcmp(config->plan[i].name, PLAN_DEFAULT) != 0)
			n += (size_t)snprintf(list + n, sizeof list - n, ", %s",
			    config->plan[i].name);
	err_set(err, ERR_NOT_FOUND, "%s has no plan \"%.*s\"", config->file,
	    STR_FMT(str_sub(name, 0, 60)));
	return err_hint(err, "there is %s", list);
}

struct str
plan_stored(struct str name)
{
	return str_is(name, PLAN_DEFAULT) ? STR("") : name;
}

/* "2 users", of one "1 user". */
static void
put_number(struct buf *out, int64_t n, const char *noun, const char *rest)
{
	buf_printf(
	    out, "%lld %s%s%s", (long long)n, noun, n == 1 ? "" : "s", rest);
}

static void
put_rate(struct buf *out, int64_t an_hour)
{
	if (an_hour % 3600 == 0)
		put_number(out, an_hour / 3600, "request", " a second");
	else if (an_hour % 60 == 0)
		put_number(out, an_hour / 60, "request", " a minute");
	else
		put_number(out, an_hour, "request", " an hour");
}

/* What stands after "At most". */
static void
put_value(struct buf *out, const struct plan *plan, enum plan_limit limit)
{
	switch (limit) {
	case PLAN_IN_FLIGHT:
		put_number(out, plan->in_flight, "request", " at once");
		break;
	case PLAN_RATE:
		put_rate(out, plan->rate);
		break;
	case PLAN_READ:
		clock_put_duration(out, plan->read_ms);
		buf_puts(out, " for what reads");
		break;
	case PLAN_WRITE:
		clock_put_duration(out, plan->write_ms);
		buf_puts(out, " for what writes");
		break;
	case PLAN_BODY:
		size_put(out, plan->body);
		buf_puts(out, " of a body");
		break;
	case PLAN_ROWS:
		put_number(out, plan->rows, "row", " of an answer");
		break;
	case PLAN_SIZE:
		size_put(out, plan->size);
		buf_puts(out, " of a database");
		break;
	case PLAN_USERS:
		put_number(out, plan->users, "user", "");
		break;
	case PLAN_REPLICATED:
		put_number(
		    out, plan->replicated, "replicated write", " at once");
		break;
	}
}

void
plan_fault(const struct plan *plan, enum plan_limit limit,
    struct faults *faults, struct arena *arena)
{
	static const struct {
		const char *field, *code;
	} names[] = {
		[PLAN_IN_FLIGHT] = { "in_flight", "limit_in_flight" },
		[PLAN_RATE] = { "rate", "limit_rate" },
		[PLAN_READ] = { "read", "limit_read" },
		[PLAN_WRITE] = { "write", "limit_write" },
		[PLAN_BODY] = { "body", "limit_body" },
		[PLAN_ROWS] = { "rows", "limit_rows" },
		[PLAN_SIZE] = { "size", "limit_size" },
		[PLAN_USERS] = { "users", "limit_users" },
		[PLAN_REPLICATED] = { "replicated", "limit_replicated" },
	};
	struct buf text;

	buf_init(&text, TEXT);
	if (limit == PLAN_REPLICATED && plan->replicated == 0) {
		buf_printf(
		    &text, "The plan %s has no replicated writes", plan->name);
	} else {
		buf_puts(&text, "At most ");
		put_value(&text, plan, limit);
	}
	faults_add(faults, arena, str_of(names[limit].field), names[limit].code,
	    arena_printf(arena, "%.*s.", STR_FMT(buf_view(&text))));
	buf_free(&text);
}
