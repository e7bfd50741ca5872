#ifndef ROWHOUSE_SUPERVISOR_H
#define ROWHOUSE_SUPERVISOR_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * The process that starts all others.  supervisor_open takes the locks, makes
 * the socket and, where there is none yet, the master key; ERR_BUSY where
 * another supervisor is there.
 */
struct supervisor;

struct supervisor *supervisor_open(const struct config *config,
    int with_others, struct err *err);
void supervisor_close(struct supervisor *sv);

/* Until it is told to stop: the exit status. */
int supervisor_run(struct supervisor *sv);

#endif
