#ifndef ROWHOUSE_FAIR_H
#define ROWHOUSE_FAIR_H

#include <stdint.h>

#include "replication/store.h"
#include "replication/streams.h"

/*
 * Whose object goes to the store next.  Never more is submitted than the store
 * begins at once (store_room), so the order is decided here, at the last moment:
 *
 *  - streams that somebody waits for come first;
 *  - then all in turn, one object each, beginning behind the one that was last;
 *  - objects of more than FAIR_LARGE may take a quarter of the room (one place
 *    at least), so that one tenant's import does not hold up the others' commits.
 */
#define FAIR_LARGE ((int64_t)1 << 20)

struct fair {
	size_t turn;	/* index into the active streams */
};

void fair_ship(struct fair *fair, struct streams *streams,
    struct store *store, int64_t mono_ms);

#endif
