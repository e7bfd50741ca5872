#ifndef ROWHOUSE_RESTORE_FETCH_H
#define ROWHOUSE_RESTORE_FETCH_H

#include "replication/store.h"

/*
 * Objects of a store, read ahead: many pieces of them on their way at once,
 * handed over in order.  So a restore takes as long as the wire or the disk
 * needs, not the sum of all answers' delays.
 */
struct restore_fetch {
	struct store *store;
	const struct store_object *objects;	/* sizes as listed */
	size_t n;
	size_t memory;	/* bytes of pieces at once; 0 = RESTORE_FETCH_BYTES */
	/*
	 * The next bytes of objects[i]; `last` with the last of them, be they
	 * none.  Called in order, from a thread of its own, which must not touch
	 * the store.  What it fails with ends all.
	 */
	int (*take)(void *arg, size_t i, const void *p, size_t n, int last,
	    struct err *err);
	/* From the caller's thread, with the bytes that arrived; or NULL. */
	void (*progress)(void *arg, int64_t bytes);
	void *arg;
};

/*
 * Waits until all is handed over, or the first thing that failed.  Of an object
 * that is shorter than it was listed: ERR_CORRUPT.  *failed is the index of the
 * object that could not be read or taken, n where it was no object's fault.
 * Memory: as given, but for a piece.
 */
#define RESTORE_FETCH_BYTES ((size_t)64 << 20)
int restore_fetch(const struct restore_fetch *fetch, size_t *failed,
    struct err *err);

#endif
