#include "tenants/cmd_tenant.h"

#include <stdio.h>

#include "tenants/base/clock.h"
#include "tenants/layout.h"
#include "tenants/lifecycle.h"
#include "tenants/prompt.h"

int
cmd_tenant_suspend(struct cmd_tenant_job *job, struct err *err)
{
	if (registry_set_state(
		job->registry, job->slug, REGISTRY_SUSPENDED, err) != 0)
		return -1;
	printf("tenant %.*s is suspended\n", STR_FMT(job->slug));
	return 0;
}

int
cmd_tenant_resume(struct cmd_tenant_job *job, struct err *err)
{
	if (registry_set_state(
		job->registry, job->slug, REGISTRY_ACTIVE, err) != 0)
		return -1;
	printf("tenant %.*s is active\n", STR_FMT(job->slug));
	return 0;
}

int
cmd_tenant_delete(struct cmd_tenant_job *job, struct err *err)
{
	char until[CLOCK_TEXT];
	struct registry_tenant tenant;

	if (registry_find(job->registry, job->slug, &tenant, err) != 0)
		return -1;
	if (!job->line.yes &&
	    prompt_slug("Nobody will be able to use this tenant any more.\n"
			"Type its slug to delete it: ",
		job->slug, err) != 0)
		return -1;
	if (lifecycle_delete(job->registry, job->slug, err) != 0)
		return -1;
	if (registry_find(job->registry, job->slug, &tenant, err) != 0)
		return -1;
	clock_format(lifecycle_grace_ends(&job->config, &tenant), until);
	printf("tenant %s is deleted; its data is kept below %s\n"
	       "rowhouse tenant undelete %s brings it back, until %s\n",
	    tenant.slug, layout_tenant(&job->config, tenant.slug).p,
	    tenant.slug, until);
	return 0;
}

int
cmd_tenant_undelete(struct cmd_tenant_job *job, struct err *err)
{
	struct registry_tenant tenant;

	if (lifecycle_undelete(&job->config, job->registry, job->slug, err) !=
		0 ||
	    registry_find(job->registry, job->slug, &tenant, err) != 0)
		return -1;
	printf("tenant %s is %s\n", tenant.slug,
	    registry_state_name(tenant.state));
	return 0;
}

int
cmd_tenant_host_add(struct cmd_tenant_job *job, struct err *err)
{
	struct str name = str_of(job->line.word[3]);

	if (registry_host_add(job->registry, job->slug, name, err) != 0)
		return -1;
	printf("tenant %.*s has the host %.*s\n", STR_FMT(job->slug),
	    STR_FMT(name));
	return 0;
}

int
cmd_tenant_host_remove(struct cmd_tenant_job *job, struct err *err)
{
	struct str name = str_of(job->line.word[3]);

	if (registry_host_remove(job->registry, job->slug, name, err) != 0)
		return -1;
	printf("tenant %.*s has the host %.*s no more\n", STR_FMT(job->slug),
	    STR_FMT(name));
	return 0;
}
