#ifndef ROWHOUSE_HINT_H
#define ROWHOUSE_HINT_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"
#include "tenants/db.h"
#include "tenants/slug.h"

/*
 * A hint: "this tenant committed".  One datagram to <run>/hint.sock after each
 * commit.  A LOST HINT COSTS DELAY, NEVER DATA (R12), so sending never blocks
 * and never fails a request.
 *
 *	0  "RWH1"
 *	4  epoch of the incarnation  u32 LE
 *	8  salt-1, salt-2            u32 LE each; 0 0 = not known
 *	16 frame                     u32 LE
 *	20 time after COMMIT, ms     i64 LE
 *	28 slug                      to the end of the datagram
 */
struct hint {
	char slug[SLUG_MAX + 1];
	uint32_t epoch;
	struct db_commit commit;
};

/* As bytes, whose number it returns; and back: 0, or -1 where they are not one. */
#define HINT_BYTES (28 + SLUG_MAX)
size_t hint_put(const struct hint *hint, unsigned char out[HINT_BYTES]);
int hint_parse(const unsigned char *p, size_t n, struct hint *out);

struct hint_sender;

/*
 * Connects with the first hint, and again with the next one when the replicator was
 * started anew.  A hint that finds nobody is not needed: a replicator looks at every
 * tenant's file after it has begun to listen.  Linux lets 10 datagrams wait at a
 * socket unless net.unix.max_dgram_qlen says otherwise; what finds it full is kept,
 * the newest of each tenant and replica.interval, and sent before the next one, at
 * the end, or by hint_flush, which a process calls before it waits: the milliseconds
 * until it wants to be called again, -1 = nothing is kept.
 */
struct hint_sender *hint_sender_new(const struct config *config);
void hint_sender_free(struct hint_sender *sender);
void hint_send(struct hint_sender *sender, const struct hint *hint);
int64_t hint_flush(struct hint_sender *sender);

/* The replicator's end: a bound, non-blocking socket, or -1. */
int hint_listen(const struct config *config, struct err *err);
/* 1 with a hint, 0 when there is none waiting.  Garbage is skipped. */
int hint_receive(int fd, struct hint *out);

#endif
