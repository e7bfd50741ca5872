#ifndef ROWHOUSE_STORE_DRIVER_H
#define ROWHOUSE_STORE_DRIVER_H

#include "replication/store.h"

/* What a kind of store has to do; store.c's alone, store.h has the contract. */
struct store_driver {
	/* Of the URL's rest behind the scheme. */
	void *(*open)(const char *rest, struct err *err);
	void (*close)(void *state);
	void (*submit)(void *state, struct store_op *op);
	int (*poll)(void *state, struct pollfd *fds, nfds_t n,
	    int timeout_ms);
	size_t (*room)(const void *state);
	void (*stats)(const void *state, struct store_stats *out);
};

#endif
