#ifndef ROWHOUSE_HINT_QUEUE_H
#define ROWHOUSE_HINT_QUEUE_H

#include "tenants/base/err.h"
#include "tenants/hint.h"

/*
 * Hints, taken off their socket as they come, by a thread of its own: the
 * kernel holds no more than a handful, and the replicator may wait for a disk
 * for a good part of a second.  What it would miss then is not that a tenant
 * committed (R12) but when, and so where one second ends and the next begins.
 *
 * The thread touches the socket and this queue, nothing else.
 */
struct hint_queue;

/*
 * Takes fd, which is closed in the end.  Of a tenant's hints within one
 * interval only the last is kept, where they lie close together.
 */
struct hint_queue *hint_queue_start(int fd, int64_t interval_ms,
    struct err *err);
void hint_queue_stop(struct hint_queue *queue);

/* Readable when there may be hints. */
int hint_queue_fd(const struct hint_queue *queue);

/*
 * The oldest: 1, or 0 when there is none: then whatever was sent before the call,
 * and was not taken, found the kernel's queue full.
 */
int hint_queue_take(struct hint_queue *queue, struct hint *out);

#endif
