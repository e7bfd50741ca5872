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

/* Bytes of the object that ship_next would submit now; -1: of none. */
int64_t ship_size(const struct stream *stream, int64_t mono_ms);

/* Submits the next object, unless one is on its way or must wait. */
void ship_next(struct stream *stream, struct store *store, int64_t mono_ms);

/*
 * What is on its way when the store has been closed: whether it arrived is not
 * known, and asked by the next start, which sends it again.
 */
void ship_forget(struct stream *stream);

#endif
