#ifndef ROWHOUSE_CMD_RESTORE_ALL_H
#define ROWHOUSE_CMD_RESTORE_ALL_H

#include "replication/restore.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"

struct cmd_restore_all {
	const struct config *config;
	const char *url;
	const struct restore_opts *opts;	/* of it the point */
	int jobs;
	int dry_run, json;
};

/* A lost machine (restore_all.h): a report on stdout.  An error where any
   tenant failed, or would. */
int cmd_restore_all(const struct cmd_restore_all *cmd, struct err *err);

#endif
