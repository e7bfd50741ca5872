#ifndef ROWHOUSE_RESTORE_WRITE_H
#define ROWHOUSE_RESTORE_WRITE_H

#include <stdint.h>
#include <sys/types.h>

#include "tenants/base/err.h"

/*
 * Writes a file behind its caller's back, in the order in which it is told to: what
 * comes next is decompressed and checked while the kernel copies what is there.  The
 * disk is told early, and has little left to do in the end.
 */
#define RESTORE_WRITE_MAX ((size_t)512 * 1024)	/* bytes at once */

struct restore_write;

/* For fd, which stays the caller's as path does.  Memory: two megabytes at most. */
struct restore_write *restore_write_new(int fd, const char *path);

/* RESTORE_WRITE_MAX bytes to be filled, the caller's until they are put. */
unsigned char *restore_write_buffer(struct restore_write *write);

/* The first n of them go to offset at.  -1 may be for one that was put before. */
int restore_write_put(struct restore_write *write, size_t n, int64_t at,
    struct err *err);

/* Waits until the kernel has all that was put. */
int restore_write_wait(struct restore_write *write, struct err *err);

/* Also where it failed; not before nothing is on its way.  NULL is ignored. */
void restore_write_free(struct restore_write *write);

#endif
