#include "tenants/cmd_tenant.h"

#include <stdio.h>

#include "tenants/plan.h"

/*
 * Workers look every row up anew, so it holds from the tenant's next request
 * on.  A plan must be in the configuration of this command, which a SIGHUP may
 * not have handed to the workers yet: until then it is "default" to them.
 */
int
cmd_tenant_plan(struct cmd_tenant_job *job, struct err *err)
{
	struct str plan = str_of(job->line.word[2]);

	if (plan_check(&job->config, plan, err) != 0)
		return -1;
	if (registry_set_plan(
		job->registry, job->slug, plan_stored(plan), err) != 0)
		return -1;
	printf("tenant %.*s has the plan %.*s\n", STR_FMT(job->slug),
	    STR_FMT(plan));
	return 0;
}
