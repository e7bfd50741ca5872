#include "tenants/cmd_tenant.h"

#include <stdio.h>

#include "tenants/app.h"
#include "tenants/base/crypto.h"
#include "tenants/import.h"
#include "tenants/layout.h"

int
cmd_tenant_import(struct cmd_tenant_job *job, struct err *err)
{
	struct layout_path key = layout_master_key(&job->config);
	struct app *app = app_load(job->config.app, NULL, NULL, err);
	int rc;

	if (app == NULL)
		return -1;
	rc = crypto_key_create(key.p, err);
	if (rc == 0)
		rc = import_file(&job->config, job->registry, app, job->slug,
		    job->line.word[2], job->line.uid, err);
	app_free(app);
	if (rc == 0)
		printf("tenant %.*s is what %s has; its host is %.*s.%s\n",
		    STR_FMT(job->slug), job->line.word[2], STR_FMT(job->slug),
		    job->config.base_domain);
	return rc;
}
