#include "tenants/cmd.h"

#include "tenants/base/config.h"
#include "tenants/base/log.h"
#include "tenants/base/role.h"
#include "tenants/base/sandbox.h"
#include "tenants/layout.h"
#include "tenants/mailer.h"

/* It has its login and the outbox's lock; of the tenants it sees nothing. */
static int
confine(const struct config *config, struct err *err)
{
	struct sandbox sandbox;

	sandbox_init(&sandbox, SANDBOX_NETWORK | SANDBOX_THREADS);
	sandbox_writes(&sandbox, layout_outbox(config).p);
	sandbox_reads_around(&sandbox, config->mail_ca);
	return sandbox_enter(&sandbox, config->sandbox, err);
}

int
cmd_mailer(int argc, char **argv)
{
	struct mailer *mailer = NULL;
	struct err err = ERR_INIT;
	struct config config;
	int status = role_begin(argc, argv, "mailer", &config, &err);

	if (status != 0)
		goto done;
	if (config.mail_url[0] == '\0') {
		err_set(
		    &err, ERR_INPUT, "%s: mail.url is not set", config.file);
		goto done;
	}
	mailer = mailer_new(&config, &err);
	if (mailer && confine(&config, &err) == 0)
		mailer_run(mailer);
done:
	if (err.code != ERR_NONE) {
		log_err("fatal", STR_NONE, &err);
		status = err_class(err.code)->exit;
	}
	mailer_free(mailer);
	return status;
}
