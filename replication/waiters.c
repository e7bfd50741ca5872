#include "replication/waiters.h"

#include <stdio.h>
#include <string.h>

#include "tenants/base/clock.h"

static void
answer_error(struct control_client *client, const struct err *err)
{
	char text[sizeof(err->msg) + 16];

	snprintf(text, sizeof(text), "error %s", err->msg);
	control_answer(client, str_of(text));
}

void
waiters_add(struct waiters *waiters, struct streams *streams,
    struct control_client *client, struct str slug)
{
	struct waiter *waiter = waiters->waiter;
	struct err err = ERR_INIT;
	struct stream *stream;
	char name[SLUG_MAX + 1];

	if (str_copy(slug, name, sizeof(name)) ||
	    (stream = streams_find(streams, name)) == NULL) {
		err_set(&err, ERR_NOT_FOUND, "no tenant %.*s is replicated",
		    STR_FMT(str_sub(slug, 0, SLUG_MAX)));
		answer_error(client, &err);
		return;
	}
	while (waiter->client != NULL) /* there are as many as clients */
		waiter++;
	memset(waiter, 0, sizeof(*waiter));
	waiter->client = client;
	snprintf(waiter->slug, sizeof(waiter->slug), "%s", name);
	waiter->flushes = stream->flushes;
	waiter->failures = stream->failures;
	waiter->ship_failures = stream->ship_failures;
	stream_touch(stream);
	stream->whole = 1;
	stream->urgent = 1;
	stream->due_ms = clock_wall_ms();
	stream->retry_ms = 0;
	stream->ship_retry_ms = 0;
	streams_activate(streams, stream);
}

void
waiters_forget(struct waiters *waiters, struct control_client *client)
{
	int i;

	for (i = 0; i < CONTROL_CLIENTS; i++) {
		if (waiters->waiter[i].client == client)
			waiters->waiter[i].client = NULL;
	}
}

static void
serve(struct waiter *waiter, struct streams *streams)
{
	struct stream *stream = streams_find(streams, waiter->slug);
	struct err err = ERR_INIT;
	char text[64];

	if (stream == NULL) {
		err_set(&err, ERR_NOT_FOUND, "%s is no longer replicated",
		    waiter->slug);
		goto refuse;
	}
	if (stream->failure != NULL &&
	    (stream->halted || stream->failures > waiter->failures ||
		stream->ship_failures > waiter->ship_failures)) {
		err = *stream->failure;
		goto refuse;
	}
	/* A new epoch starts TXIDs over: aim again. */
	if (waiter->epoch != stream->pos.epoch &&
	    stream->flushes > waiter->flushes && stream->pos.txid > 0) {
		waiter->epoch = stream->pos.epoch;
		waiter->txid = stream->pos.txid;
	}
	if (waiter->epoch == 0 || waiter->epoch != stream->pos.epoch ||
	    stream->acked < waiter->txid)
		return;
	snprintf(text, sizeof(text), "ok %08x %llu", waiter->epoch,
	    (unsigned long long)waiter->txid);
	control_answer(waiter->client, str_of(text));
	waiter->client = NULL;
	return;
refuse:
	answer_error(waiter->client, &err);
	waiter->client = NULL;
}

void
waiters_serve(struct waiters *waiters, struct streams *streams)
{
	int i;

	for (i = 0; i < CONTROL_CLIENTS; i++) {
		if (waiters->waiter[i].client != NULL)
			serve(&waiters->waiter[i], streams);
	}
}
