#include "replication/cmd.h"

#include <stdio.h>
#include <string.h>

#include "replication/replicator.h"
#include "tenants/base/crypto.h"
#include "tenants/base/log.h"

static int
usage(void)
{
	fputs("usage: rowhouse replicator [-c FILE]\n", stderr);
	return 2;
}

int
cmd_replicator(int argc, char **argv)
{
	struct replicator *replicator = NULL;
	const char *file = NULL;
	struct err err = ERR_INIT;
	struct config config;
	int status = 0;

	if (argc == 3 && strcmp(argv[1], "-c") == 0)
		file = argv[2];
	else if (argc != 1)
		return usage();
	log_init("replicator", LOG_LEVEL_INFO);
	if (config_load(&config, file, &err))
		goto out;
	log_init("replicator", config.log_level);
	if (config.replica[0] == '\0') {
		err_set(
		    &err, ERR_INPUT, "%s: replica.url is not set", config.file);
		goto out;
	}
	if (crypto_init(&err))
		goto out;
	replicator = replicator_new(&config, &err);
	if (replicator != NULL)
		replicator_run(replicator);
out:
	if (err.code != ERR_NONE) {
		log_err("fatal", STR_NONE, &err);
		status = err_class(err.code)->exit;
	}
	replicator_free(replicator);
	return status;
}
