#include "tenants/cmd_tenant.h"

#include <stdio.h>

#include "tenants/export.h"

int
cmd_tenant_export(struct cmd_tenant_job *job, struct err *err)
{
	const char *path = job->line.word[2];

	if (export_file(&job->config, job->registry, job->slug, path, err) != 0)
		return -1;
	printf("tenant %.*s is in %s, with the hashes of its passwords: keep "
	       "it to yourself\n",
	    STR_FMT(job->slug), path);
	return 0;
}
