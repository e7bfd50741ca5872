#ifndef ROWHOUSE_CMD_RESTORE_ALL_H
#define ROWHOUSE_CMD_RESTORE_ALL_H

#include <stdint.h>

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/* A lost machine (restore_all.h), with a summary on stdout.  An error where any
   tenant failed. */
int cmd_restore_all(const struct config *config, const char *url, int has_time,
    int64_t time_ms, int jobs, struct err *err);

#endif
