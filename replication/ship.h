#ifndef ROWHOUSE_SHIP_H
#define ROWHOUSE_SHIP_H

#include <stdint.h>

#include "replication/store.h"
#include "replication/stream.h"

/*
 * From a stream's spool to the store, one object after the other.  Nothing is
 * offered that is not durable here (R4, R4a), and what was acknowledged is told
 * to the stream.
 */

/* Submits the next object, unless one is on its way or must wait. */
void ship_next(struct stream *stream, struct store *store, int64_t mono_ms);

#endif
