#include "tenants/users_limit.h"

#include "tenants/plan.h"
#include "tenants/users_row.h"

int
users_limit_check(const struct call_env *env, struct tenant *tenant,
    struct faults *faults, struct err *err)
{
	sqlite3_stmt *stmt;
	struct plan plan;
	int64_t n;

	plan_of(env->config, &tenant->row, &plan);
	if (plan.users == 0)
		return 0;
	/* The unbound parameter is NULL: all of them. */
	stmt = users_row_statement(tenant, USERS_ROW_COUNT, err);
	if (!stmt || users_row_int(tenant, stmt, &n, err) != 0)
		return -1;
	if (n < plan.users)
		return 0;
	plan_fault(&plan, PLAN_USERS, faults, env->arena);
	return err_set(
	    err, ERR_QUOTA, "the tenant has as many users as it may have");
}
