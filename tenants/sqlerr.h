#ifndef ROWHOUSE_SQLERR_H
#define ROWHOUSE_SQLERR_H

#include <sqlite3.h>

#include "tenants/base/err.h"

/*
 * The connection's last error as one of ours, after "context: ".  The table is
 * in sqlerr.c; anything that is not in it is ERR_SYSTEM.  path is the database's, for the
 * hints.  Returns -1.
 */
int sqlerr_set(sqlite3 *handle, const char *path, const char *context,
    struct err *err);

#endif
