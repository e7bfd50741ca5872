#ifndef ROWHOUSE_BASE_SIGNALS_H
#define ROWHOUSE_BASE_SIGNALS_H

#include "tenants/base/err.h"

/*
 * Signals that interrupt nothing and are read when it is time to: signalfd(2).
 * The numbers wanted, with 0 at the end, are blocked, and no others.  A
 * descriptor, CLOEXEC, to be polled for reading; -1.
 */
int signals_open(const int *wanted, struct err *err);

/* Which came; 0 where none has. */
int signals_next(int fd);

#endif
