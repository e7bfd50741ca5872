/* How they are: what the replicator says, and what they used. */
#include "fcgi/operator_call.h"

#include "tenants/fleet_status.h"

int
operator_status_fleet(struct operator_call *call, struct err *err)
{
	const struct call_env *env = &call->answer->env->call;
	const struct value *value = call->value;
	struct operator_page page = operator_call_page(
	    &value[OPERATOR_STATUS_PAGE], &value[OPERATOR_STATUS_PER_PAGE]);
	struct fleet_status_query query = {
		.state = value[OPERATOR_STATUS_STATE].kind == VALUE_TEXT
			     ? registry_state_of(
				   value[OPERATOR_STATUS_STATE].text)
			     : -1,
		.wrong = value[OPERATOR_STATUS_WRONG].integer != 0,
		.skip = (page.page - 1) * page.per_page,
		.limit = page.per_page,
	};
	struct buf *out = &call->answer->response->body;
	int64_t total;

	if (fleet_status_sort(value[OPERATOR_STATUS_SORT].text, &query) != 0)
		return operator_call_fault(call, "sort",
		    "validation_not_in_list",
		    "Must be slug, lag, size, writes, reads, spool, puts, "
		    "proven or state, with - before it for the largest first.",
		    err);
	if (operator_call_pattern(call, &value[OPERATOR_STATUS_MATCH],
		&query.pattern, err) != 0 ||
	    fleet_status_put(
		env->config, env->registry, &query, out, &total, err) != 0)
		return -1;
	operator_call_put_page(out, page, total);
	return 0;
}

int
operator_status_tenant(struct operator_call *call, struct err *err)
{
	struct answer *answer = call->answer;

	return fleet_status_put_tenant(answer->env->call.config, &answer->row,
	    &answer->response->body, err);
}
