#include <stdio.h>
#include <string.h>

#include "fcgi/cmd.h"
#include "replication/cmd.h"
#include "replication/cmd_clone.h"
#include "replication/cmd_erase.h"
#include "replication/replicator.h"
#include "replication/store_check.h"
#include "tenants/base/version.h"
#include "tenants/cmd.h"

static int
check(int argc, char **argv)
{
	return cmd_check(argc, argv, &store_check, 1);
}

static int
tenant(int argc, char **argv)
{
	static const struct cmd_tenant_verb *const others[] = { &cmd_clone,
		&cmd_erase };

	return cmd_tenant(
	    argc, argv, others, sizeof(others) / sizeof(others[0]));
}

static int
job(int argc, char **argv)
{
	return cmd_job(argc, argv, replicator_confine_job);
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "serve", cmd_serve,
	    "pool, replicator, mailer and steward, in the foreground" },
	{ "pool", cmd_pool, "the pool alone: supervisor and workers" },
	{ "tenant", tenant,
	    "create, clone, list, suspend, delete, erase and more" },
	{ "check", check, "all that can be wrong, before it is" },
	{ "migrate", cmd_migrate, "pending migrations, at every tenant" },
	{ "health", cmd_health, "does the pool answer, and of which release?" },
	{ "status", cmd_status, "lag, position and size of every tenant" },
	{ "verify", cmd_verify, "restore to scratch, and compare" },
	{ "restore", cmd_restore, "a tenant, at any point of its history" },
	{ "worker", cmd_worker, "a process of the pool" },
	{ "replicator", cmd_replicator, "the process that replicates" },
	{ "mailer", cmd_mailer, "the process that sends mail" },
	{ "steward", cmd_steward,
	    "the process that has the operator's jobs done" },
	{ "job", job, "one of them" },
	{ NULL, NULL, NULL },
};

static void
usage(FILE *out)
{
	const struct command *c;

	fputs("usage: rowhouse COMMAND [-c FILE] ...\n\n", out);
	for (c = commands; c->name != NULL; c++)
		fprintf(out, "  %-12s%s\n", c->name, c->what);
	fputs("\n  help        this\n"
	      "  --version   the version\n",
	    out);
}

int
main(int argc, char **argv)
{
	const struct command *c;
	const char *name = argc > 1 ? argv[1] : "";

	if (!strcmp(name, "help") || !strcmp(name, "--help")) {
		usage(stdout);
		return fflush(stdout) != 0;
	}
	if (!strcmp(name, "--version")) {
		puts("rowhouse " ROWHOUSE_VERSION);
		return fflush(stdout) != 0;
	}
	for (c = commands; c->name != NULL; c++)
		if (!strcmp(name, c->name))
			return c->run(argc - 1, argv + 1);
	if (*name != '\0')
		fprintf(stderr, "rowhouse: there is no command \"%s\"\n", name);
	usage(stderr);
	return 2;
}
