#ifndef ROWHOUSE_BASE_ROLE_H
#define ROWHOUSE_BASE_ROLE_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * How a process of its own begins, as `rowhouse ROLE [-c FILE]
 * [--require-sandbox]`: the log under its name, the configuration, the random
 * numbers.  0, -1 with *err, or 2 (and the usage is printed), which is the exit
 * status.
 */
int role_begin(int argc, char **argv, const char *name, struct config *config,
    struct err *err);

#endif
