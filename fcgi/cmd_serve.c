#include "fcgi/cmd.h"

#include <stdio.h>
#include <string.h>

#include "fcgi/supervisor.h"
#include "tenants/base/config.h"
#include "tenants/base/crypto.h"
#include "tenants/base/log.h"

static int
run(int argc, char **argv, int with_others)
{
	struct supervisor *sv = NULL;
	const char *file = NULL;
	struct err err = ERR_INIT;
	struct config config;
	int status = 0;

	if (argc == 3 && strcmp(argv[1], "-c") == 0) {
		file = argv[2];
	} else if (argc != 1) {
		fprintf(stderr, "usage: rowhouse %s [-c FILE]\n", argv[0]);
		return 2;
	}
	log_init("supervisor", LOG_LEVEL_INFO);
	if (config_load(&config, file, &err) != 0)
		goto done;
	log_init("supervisor", config.log_level);
	if (crypto_init(&err) != 0)
		goto done;
	if (with_others && config.replica[0] == '\0')
		log_warn("configuration",
		    "replica.url is not set: nothing is replicated, and no "
		    "WAL is checkpointed");
	sv = supervisor_open(&config, with_others, &err);
	if (sv)
		status = supervisor_run(sv);
done:
	if (err.code != ERR_NONE) {
		log_err("cannot start", STR_NONE, &err);
		status = err_class(err.code)->exit;
	}
	supervisor_close(sv);
	return status;
}

int
cmd_serve(int argc, char **argv)
{
	return run(argc, argv, 1);
}

int
cmd_pool(int argc, char **argv)
{
	return run(argc, argv, 0);
}
