#ifndef ROWHOUSE_BASE_CONFIG_PLAN_H
#define ROWHOUSE_BASE_CONFIG_PLAN_H

#include "tenants/base/buf.h"
#include "tenants/base/config.h"
#include "tenants/base/config_value.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/* Plans, for config.c: `plan.NAME.LIMIT = VALUE`. */
#define CONFIG_PLAN_LIMITS 9
#define CONFIG_PLAN_KEYS (CONFIG_PLANS * CONFIG_PLAN_LIMITS)

/* Does a key of this name belong to a plan? */
int config_plan_is(struct str name);

/*
 * Its key, to be set with config_value_set(), and its number, from 0 to
 * CONFIG_PLAN_KEYS - 1.  The first line of a plan makes it.  -1 and ERR_INPUT,
 * which names the key, where there is no such limit, no such name can be, or there are too
 * many plans.
 */
int config_plan_key(struct config *config, struct str name,
    struct config_key *out, struct err *err);

/* Plans narrow what all of the pool is made for; they cannot widen it. */
int config_plan_check(const struct config *config, struct err *err);

/* The lines that were set. */
void config_plan_print(const struct config *config, struct buf *out);

#endif
