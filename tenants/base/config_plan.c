#include "tenants/base/config_plan.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "plan."

#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)
#define MINUTE INT64_C(60000)

#define AT(field) offsetof(struct config_plan, field)

/* Offsets are those in a plan. */
/* clang-format off */
static const struct config_key limits[CONFIG_PLAN_LIMITS] = {
	{ "in_flight", CONFIG_NUMBER, AT(in_flight), NULL, 1, 32,
	  "requests at once; never more than half of the workers" },
	{ "rate", CONFIG_RATE, AT(rate), NULL, 1, 10000 * 3600,
	  "requests; what two seconds bring, or ten, may come at once" },
	{ "read", CONFIG_DURATION, AT(read_ms), NULL, 1, MINUTE,
	  "in the place of statement.read" },
	{ "write", CONFIG_DURATION, AT(write_ms), NULL, 1, MINUTE,
	  "in the place of statement.write" },
	{ "body", CONFIG_BYTES, AT(body), NULL, KIB, 64 * MIB,
	  "largest request body; request.body_max at most" },
	{ "rows", CONFIG_NUMBER, AT(rows), NULL, 1, 1000000,
	  "in the place of response.rows" },
	{ "size", CONFIG_BYTES, AT(size), NULL, MIB, 16 * 1024 * GIB,
	  "in the place of tenant.size_max" },
	{ "users", CONFIG_NUMBER, AT(users), NULL, 1, 1000000000,
	  "accounts" },
	{ "replicated", CONFIG_NUMBER, AT(replicated), NULL, 0, 8,
	  "durability=replicated: writes that wait at once; 0: this plan has none" },
};
/* clang-format on */

int
config_plan_is(struct str name)
{
	return str_starts(name, PREFIX);
}

static int
name_ok(struct str name)
{
	size_t i;

	for (i = 0; i < name.n; i++)
		if (!memchr("abcdefghijklmnopqrstuvwxyz0123456789-_", name.p[i],
			38))
			return 0;
	return name.n > 0 && name.n <= CONFIG_PLAN_NAME;
}

static int
hint_at_limits(struct err *err)
{
	char list[sizeof err->hint] = "";
	size_t i, n = 0;

	for (i = 0; i < CONFIG_PLAN_LIMITS; i++)
		n += (size_t)snprintf(list + n, sizeof list - n, "%s%s",
		    i > 0 ? ", " : "", limits[i].name);
	return err_hint(err, "a plan has %s", list);
}

/* Its place in config->plan, made where it has none; -1 without room. */
static int
place_of(struct config *config, struct str name)
{
	size_t i;

	for (i = 0; i < config->n_plans; i++)
		if (str_is(name, config->plan[i].name))
			return (int)i;
	if (i == CONFIG_PLANS)
		return -1;
	config->n_plans++;
	(void)str_copy(name, config->plan[i].name, CONFIG_PLAN_NAME + 1);
	config->plan[i].replicated = -1;
	return (int)i;
}

int
config_plan_key(struct config *config, struct str name, struct config_key *out,
    struct err *err)
{
	struct str shown = str_sub(name, 0, 60);
	struct str rest = str_sub(name, strlen(PREFIX), name.n);
	size_t dot = str_find(rest, '.', 0), i;
	struct str plan = str_sub(rest, 0, dot);
	int at;

	for (i = 0; i < CONFIG_PLAN_LIMITS; i++)
		if (str_is(str_sub(rest, dot + 1, rest.n), limits[i].name))
			break;
	if (dot >= rest.n || i == CONFIG_PLAN_LIMITS) {
		err_set(err, ERR_INPUT, "%.*s: there is no such limit",
		    STR_FMT(shown));
		return hint_at_limits(err);
	}
	if (!name_ok(plan))
		return err_set(err, ERR_INPUT,
		    "%.*s: a plan's name has up to %d of a-z, 0-9, - and _",
		    STR_FMT(shown), CONFIG_PLAN_NAME);
	at = place_of(config, plan);
	if (at < 0)
		return err_set(err, ERR_INPUT,
		    "%.*s: there are %d plans already", STR_FMT(shown),
		    CONFIG_PLANS);
	*out = limits[i];
	out->offset += offsetof(struct config, plan) +
		       (size_t)at * sizeof(struct config_plan);
	return at * CONFIG_PLAN_LIMITS + (int)i;
}

int
config_plan_check(const struct config *config, struct err *err)
{
	size_t i;

	for (i = 0; i < config->n_plans; i++) {
		if (config->plan[i].body <= config->request_body_max)
			continue;
		err_set(err, ERR_INPUT,
		    "%s: plan.%s.body: is more than request.body_max",
		    config->file, config->plan[i].name);
		return err_hint(err, "raise that, which is for all");
	}
	return 0;
}

void
config_plan_print(const struct config *config, struct buf *out)
{
	struct config_key key;
	int64_t value;
	size_t i, k;

	for (i = 0; i < config->n_plans; i++)
		for (k = 0; k < CONFIG_PLAN_LIMITS; k++) {
			key = limits[k];
			key.offset += offsetof(struct config, plan) +
				      i * sizeof(struct config_plan);
			memcpy(&value, (const char *)config + key.offset,
			    sizeof value);
			if (value < key.least)
				continue;
			buf_printf(out, "\n# %s\nplan.%s.%s = ", key.about,
			    config->plan[i].name, key.name);
			config_value_put(config, &key, out);
			buf_putc(out, '\n');
		}
}
