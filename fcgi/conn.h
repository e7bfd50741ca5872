#ifndef ROWHOUSE_CONN_H
#define ROWHOUSE_CONN_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/arena.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * A worker's end of the listening socket: one connection at a time, one
 * request on it, one answer.  FastCGI's responder role through libfcgi; this
 * is the only includer of fcgiapp.h.
 *
 *	while ((event = conn_next(conn, -1, &err)) == CONN_REQUEST) {
 *		conn_params(conn) …
 *		conn_body(conn, length, arena, &body, &err);
 *		conn_answer(conn, head, body, &err);
 *	}
 */
struct conn;

struct conn_opts {
	int fd;			/* listening; made non-blocking */
	int64_t timeout_ms;	/* to read a request; to write an answer */
	int64_t body_max;	/* bytes */
};

/*
 * Blocks SIGTERM, takes it between requests, and installs a handler for
 * SIGALRM.  One per process.
 */
struct conn *conn_open(const struct conn_opts *opts, struct err *err);
void conn_close(struct conn *conn);

enum conn_event {
	CONN_FAILED = -1,	/* *err says why; the worker cannot go on */
	CONN_REQUEST,		/* one was read up to the end of its parameters */
	CONN_IDLE,		/* none came for so long */
	CONN_STOP		/* SIGTERM came, and what had connected is served */
};

/*
 * Waits for a request; timeout_ms -1 waits for ever.  Connections that do not
 * bring one in time, or not in FastCGI, are closed and passed over.
 */
enum conn_event conn_next(struct conn *conn, int64_t timeout_ms,
    struct err *err);

/* "NAME=value", in the order they came, then NULL; valid until the next. */
const char *const *conn_params(const struct conn *conn);

/*
 * The request's body, which must be length bytes (0 is a length) and no more:
 * all of it is read, to the end of the stream.  ERR_TOO_LARGE over body_max,
 * ERR_INPUT where the stream is shorter, longer or broken off.  The clock of
 * timeout_ms runs until this has succeeded, or the answer is given.
 */
int conn_body(struct conn *conn, int64_t length, struct arena *arena,
    struct str *out, struct err *err);

/*
 * Reads what is left of the request, bounded in bytes and time, then sends the
 * answer and closes.  An error is that nobody took it; closed as well.
 */
int conn_answer(struct conn *conn, struct str head, struct str body,
    struct err *err);

#endif
