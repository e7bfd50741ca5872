#ifndef ROWHOUSE_ASK_H
#define ROWHOUSE_ASK_H

#include <stdint.h>
#include <sys/un.h>

#include "tenants/base/buf.h"
#include "tenants/base/err.h"

/*
 * The client's side of the replicator's sockets that take one request of one
 * line per connection: replication/control.h says which there are.
 */

/* ERR_BUSY where nobody listens there. */
int ask_check(const char *path, struct err *err);

/*
 * Sends the request, its line's end with it, and waits for the whole answer,
 * which is left in *answer without its line's end.  ERR_BUSY where nobody
 * answers within timeout_ms, or says "error …".
 */
int ask_line(const char *path, const char *request, int64_t timeout_ms,
    struct buf *answer, struct err *err);

/*
 * The same in pieces, for who waits for more than that: asks, and returns the
 * connection, which does not block where timeout_ms is 0.
 */
int ask_begin(const char *path, const char *request, int64_t timeout_ms,
    struct err *err);
/* A piece of the answer: 1 while there is more to come, 0 where it is whole, -1. */
int ask_more(int fd, struct buf *answer, struct err *err);

/* The path as a socket's address: ERR_INPUT where it is too long for one. */
int ask_address(const char *path, struct sockaddr_un *out, struct err *err);

#endif
