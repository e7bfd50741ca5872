#ifndef ROWHOUSE_WAITERS_H
#define ROWHOUSE_WAITERS_H

#include "replication/control.h"
#include "replication/streams.h"

/*
 * Those who asked for a flush and wait until what was committed before is with
 * the store.
 */
struct waiter {
	struct control_client *client;	/* NULL: free */
	char slug[SLUG_MAX + 1];
	uint64_t flushes;		/* the stream's counts when it asked */
	int failures, ship_failures;
	uint32_t epoch;			/* 0: not flushed since */
	uint64_t txid;
};

struct waiters {
	struct waiter waiter[CONTROL_CLIENTS];
};

/* Has the stream flushed at once; an unknown slug is answered so. */
void waiters_add(struct waiters *waiters, struct streams *streams,
    struct control_client *client, struct str slug);

void waiters_forget(struct waiters *waiters, struct control_client *client);

/* Answers those whose commits have arrived, or cannot. */
void waiters_serve(struct waiters *waiters, struct streams *streams);

#endif
