#ifndef ROWHOUSE_CONTROL_H
#define ROWHOUSE_CONTROL_H

#include <poll.h>
#include <stdint.h>

#include "replication/wal.h"
#include "tenants/base/buf.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * Talking to the running replicator: <run>/control.sock, mode 0600, one
 * request of one line per connection.  Who does not say it, or does not take
 * the answer, within CONTROL_PATIENCE_MS is hung up on.
 *
 *	status            the answer is one line of JSON
 *	flush SLUG        answered when everything committed before is with the
 *	                  store: "ok <epoch, 8 hex> <TXID>"
 *	point SLUG SALT SALT FRAME CKSUM CKSUM, each 8 hex
 *	                  a file shall end there (stream.h): "ok <epoch> <TXID>",
 *	                  or "ok 00000000 0": it is not reached (yet)
 *	proven SLUG       its file `proven` is another (proof.h): "ok"
 *	renew SLUG        begins a new epoch: "ok"
 *	erase SLUG        its objects may be removed now (erasure.h): "ok", or
 *	                  "wait": ask again
 *
 * Anything that went wrong is "error <text>".
 */

/* The client's side.  ERR_BUSY where no replicator answers. */
int control_check(const struct config *config, struct err *err);
int control_status(const struct config *config, struct buf *json,
    struct err *err);
/*
 * The same for who has more to do than to wait: a descriptor, or -1; and when
 * it is readable 1 while there is more to come, 0 at the end, -1.
 */
int control_status_begin(const struct config *config, struct err *err);
int control_status_more(int fd, struct buf *json, struct err *err);
int control_flush(const struct config *config, const char *slug,
    int64_t timeout_ms, struct err *err);
struct control_state {
	uint32_t epoch;
	uint64_t txid;
};
int control_point(const struct config *config, const char *slug,
    const struct wal_place *at, struct control_state *out, struct err *err);
int control_proven(const struct config *config, const char *slug,
    struct err *err);
int control_renew(const struct config *config, const char *slug,
    struct err *err);
/* 0 it may, 1 not yet, -1. */
int control_erase(const struct config *config, const char *slug,
    struct err *err);

/* The replicator's side: never blocks on a client. */
#define CONTROL_CLIENTS 16
#define CONTROL_PATIENCE_MS 10000

struct control;
struct control_client;

struct control *control_listen(const struct config *config, struct err *err);
/*
 * <run>/status.sock, mode 0660: for who serves requests, and is not to change
 * anything here.  No other request is understood there than those of
 * tenants/fleet_status.h, and no more than so many are, in a second.
 */
#define CONTROL_STATUS_A_SECOND 50
struct control *control_listen_status(const struct config *config,
    struct err *err);
void control_close(struct control *control);

/* The descriptors to wait for; at most CONTROL_CLIENTS + 1.  How many. */
nfds_t control_fds(struct control *control, struct pollfd *fds);

/*
 * Accepts, reads, writes.  request() is called once for each whole line; it
 * answers at once or later, and forgets a client that it is told is gone.
 */
void control_serve(struct control *control,
    void (*request)(void *arg, struct control_client *client,
    struct str line),
    void (*gone)(void *arg, struct control_client *client), void *arg);

/* When it wants to be called whatever poll says; mono, INT64_MAX = never. */
int64_t control_due_ms(const struct control *control);

/* The whole answer; sent and the connection closed as the client reads it. */
void control_answer(struct control_client *client, struct str text);
void control_refuse(struct control_client *client, const struct err *err);

#endif
