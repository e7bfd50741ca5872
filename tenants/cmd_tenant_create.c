#include "tenants/cmd_tenant.h"

#include <stdio.h>
#include <string.h>

#include "tenants/app.h"
#include "tenants/base/crypto.h"
#include "tenants/lifecycle.h"
#include "tenants/prompt.h"

#define PASSWORD_MAX 1024

static int
ask_password(
    const struct cmd_tenant_line *line, char *out, size_t out_size, struct err *err)
{
	char again[PASSWORD_MAX];
	int rc = 0;

	if (line->password_stdin || !prompt_possible())
		return prompt_line("", 0, out, out_size, err);
	if (prompt_line("Password of the owner: ", 1, out, out_size, err) !=
		0 ||
	    prompt_line("Once more: ", 1, again, sizeof(again), err) != 0)
		rc = -1;
	else if (strcmp(out, again) != 0)
		rc = err_set(err, ERR_INPUT, "these were two passwords");
	crypto_wipe(again, sizeof(again));
	return rc;
}

int
cmd_tenant_create(struct cmd_tenant_job *job, struct err *err)
{
	char password[PASSWORD_MAX];
	struct lifecycle_owner owner = { .email = str_of(job->line.owner),
		.name = str_of(job->line.name) };
	struct app *app = app_load(job->config.app, NULL, NULL, err);
	int rc = -1;

	if (app == NULL)
		return -1;
	if (registry_check_free(job->registry, job->slug, err) != 0 ||
	    ask_password(&job->line, password, sizeof(password), err) != 0)
		goto done;
	owner.password = str_of(password);
	rc = lifecycle_create(
	    &job->config, job->registry, app, job->slug, &owner, err);
	if (rc == 0)
		printf("tenant %.*s created; its host is %.*s.%s\n",
		    STR_FMT(job->slug), STR_FMT(job->slug),
		    job->config.base_domain);
done:
	crypto_wipe(password, sizeof(password));
	app_free(app);
	return rc;
}
