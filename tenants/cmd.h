#ifndef ROWHOUSE_TENANTS_CMD_H
#define ROWHOUSE_TENANTS_CMD_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"
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

int cmd_migrate(int argc, char **argv);	/* what is pending, everywhere */
int cmd_mailer(int argc, char **argv);	/* sends what is in the outbox */
int cmd_steward(int argc, char **argv);	/* does what the operator asked for */

/* One thing of that: its process, which goes into that sandbox first. */
typedef int confine_fn(const struct config *config, struct err *err);
int cmd_job(int argc, char **argv, confine_fn *confine);

/* The verbs of this room, and others: those of a room that it may not know of. */
struct cmd_tenant_verb;
int cmd_tenant(int argc, char **argv,
    const struct cmd_tenant_verb *const *others, size_t n);

#endif
