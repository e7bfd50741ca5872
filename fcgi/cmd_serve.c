#include "fcgi/cmd.h"

#include "fcgi/supervisor.h"
#include "tenants/base/config.h"
#include "tenants/base/log.h"
#include "tenants/base/role.h"
#include "tenants/base/sandbox.h"

static int
run(int argc, char **argv, int with_others)
{
	struct supervisor *sv = NULL;
	struct err err = ERR_INIT;
	struct config config;
	int status = role_begin(argc, argv, "supervisor", &config, &err);

	/* Said once, for all workers. */
	if (status != 0 || sandbox_probe(config.sandbox, &err) != 0)
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
