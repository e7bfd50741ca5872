#ifndef ROWHOUSE_TENANTS_CMD_H
#define ROWHOUSE_TENANTS_CMD_H

#include "tenants/check.h"

/*
 * Subcommands of this room.  argv[0] is the subcommand's name; the result is
 * the exit status: 0 done, 1 found a problem, 2 wrong usage, 75 try again.
 */

/*
 * Configuration, application folder, data directory and key, then the others:
 * what a room checks that this one may not know of.
 */
int cmd_check(int argc, char **argv, const struct check *others, size_t n);

/* A verb of `rowhouse tenant` from a room that this one may not know of. */
struct cmd_verb {
	const char *name;
	int (*run)(int argc, char **argv);	/* of the whole line */
	const char *usage;
};

int cmd_mailer(int argc, char **argv);	/* sends what is in the outbox */

int cmd_tenant(int argc, char **argv, const struct cmd_verb *others, size_t n);

#endif
