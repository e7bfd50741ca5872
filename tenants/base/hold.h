#ifndef ROWHOUSE_BASE_HOLD_H
#define ROWHOUSE_BASE_HOLD_H

#include "tenants/base/err.h"

/*
 * What is half made belongs to the process that makes it, by a lock (flock) on
 * the file or directory; the kernel takes it away with the process.  So what
 * nobody holds was left by one that was killed, and may be removed.
 */

/*
 * Takes the open file, which the path names, until the last copy of fd is
 * closed.  ERR_BUSY where another process has it, or has put another in its
 * place.
 */
int hold_take(int fd, const char *path, struct err *err);

/* Somebody holds what the path names: 1, 0 (also where nothing is), or -1. */
int hold_taken(const char *path, struct err *err);

#endif
