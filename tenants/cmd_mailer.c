#include "tenants/cmd.h"

#include <stdio.h>
#include <string.h>

#include "tenants/base/config.h"
#include "tenants/base/crypto.h"
#include "tenants/base/log.h"
#include "tenants/mailer.h"

int
cmd_mailer(int argc, char **argv)
{
	struct mailer *mailer = NULL;
	const char *file = NULL;
	struct err err = ERR_INIT;
	struct config config;
	int status = 0;

	if (argc == 3 && strcmp(argv[1], "-c") == 0) {
		file = argv[2];
	} else if (argc != 1) {
		(void)fputs("usage: rowhouse mailer [-c FILE]\n", stderr);
		return 2;
	}
	log_init("mailer", LOG_LEVEL_INFO);
	if (config_load(&config, file, &err) != 0)
		goto done;
	log_init("mailer", config.log_level);
	if (config.mail_url[0] == '\0') {
		err_set(
		    &err, ERR_INPUT, "%s: mail.url is not set", config.file);
		goto done;
	}
	if (crypto_init(&err) != 0)
		goto done;
	mailer = mailer_new(&config, &err);
	if (mailer)
		mailer_run(mailer);
done:
	if (err.code != ERR_NONE) {
		log_err("fatal", STR_NONE, &err);
		status = err_class(err.code)->exit;
	}
	mailer_free(mailer);
	return status;
}
