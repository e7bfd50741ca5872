#include "replication/cmd.h"

#include "replication/replicator.h"
#include "tenants/base/log.h"
#include "tenants/base/role.h"

int
cmd_replicator(int argc, char **argv)
{
	struct replicator *replicator = NULL;
	struct err err = ERR_INIT;
	struct config config;
	int status = role_begin(argc, argv, "replicator", &config, &err);

	if (status != 0)
		goto out;
	if (config.replica[0] == '\0') {
		err_set(
		    &err, ERR_INPUT, "%s: replica.url is not set", config.file);
		goto out;
	}
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
