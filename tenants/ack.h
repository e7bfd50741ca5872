#ifndef ROWHOUSE_ACK_H
#define ROWHOUSE_ACK_H

#include <stdint.h>

#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/hint.h"

/*
 * Asking the replicator whether a commit is with the store (R13): a connection
 * that stays, to <run>/ack.sock, a sequence of packets, one question and one
 * answer at a time.
 *
 *	'A' hint	may a write of this tenant be waited for?  The hint's
 *			slug and epoch count.  Answered at once:
 *			"yes", or "no <seconds> <why>", 0 = not said
 *	'P' hint	up to which TXID is all that is committed now captured,
 *			and durable here?  For who holds the write lock:
 *			"at <epoch, 8 hex>-<TXID, 16 hex>", or "no <why>"
 *	'W' hint	has the store all up to this commit?  Answered when it
 *			has, "ok", or when it never will: "error <why>".
 *			Salts of 0 0: up to whatever was committed by now
 *
 * Who closes the connection asks no more.  A question may be asked again.
 */
#define ACK_ASK         'A'
#define ACK_WAIT        'W'
#define ACK_POINT       'P'
#define ACK_ASK_BYTES   (1 + HINT_BYTES)
#define ACK_ANSWER_MAX  512

struct ack_client;

/* Connects with the first question, and again where it has to. */
struct ack_client *ack_client_new(const struct config *config);
void ack_client_free(struct ack_client *client);

/*
 * ERR_BUSY, with retry_after: the replica cannot confirm a write now, or
 * nobody answers.  Blocks for two seconds at most.
 */
int ack_ask(struct ack_client *client, const char *slug, struct err *err);

/*
 * ERR_UNCONFIRMED: it is not known to be there, and may yet arrive.  A
 * replicator that ends meanwhile is waited for, and asked again.
 */
int ack_wait(struct ack_client *client, const struct hint *hint,
    int64_t timeout_ms, struct err *err);

/*
 * Of this incarnation of a tenant, as "<epoch>-<TXID>", in ACK_PLACE bytes.
 * ERR_BUSY where it is not known: nobody answers within timeout_ms, or why not.
 * A replicator that ends meanwhile is waited for: a deploy renews it, too.
 */
#define ACK_PLACE 26
int ack_point(struct ack_client *client, const char *slug, uint32_t epoch,
    int64_t timeout_ms, char place[ACK_PLACE], struct err *err);

/* The replicator's end: bound, listening, not blocking; or -1. */
int ack_listen(const struct config *config, struct err *err);

#endif
