#ifndef ROWHOUSE_WINDOWS_H
#define ROWHOUSE_WINDOWS_H

#include <stddef.h>
#include <stdint.h>

#include "replication/catalog.h"
#include "replication/shelf.h"

/*
 * What is to be done with the pieces on a shelf next.  A function of what is
 * there alone, so that it does not matter where the last attempt was killed.
 *
 * Windows are stretches of the wall clock, by the times of the files; those of the second
 * level are WINDOWS_PER_HOUR times as long.  A window is closed when a later one has begun
 * or when its end lies far enough in the past.  Where a straggler comes after that, it
 * becomes a merged file of its own: windows decide about cost, not about truth.
 */
#define WINDOWS_LEVELS 2
#define WINDOWS_RATIO 12
/* A merged object sends its bytes once more: large ones are not worth that. */
#define WINDOWS_MERGE_MAX ((int64_t)64 << 20)

struct windows {
	int64_t length_ms;	/* of the first level */
	int64_t closed_ms;	/* what ends before it is closed; INT64_MAX: all */
	const struct shelf_piece *piece;	/* shelf_list, of one epoch */
	size_t n;
	const struct catalog *catalog;
};

enum windows_verb {
	WINDOWS_NOTHING,
	WINDOWS_NOTE,	/* a snapshot for the catalog, and off the shelf */
	WINDOWS_RUN,	/* raw objects min … max, for the catalog */
	WINDOWS_DROP,	/* one piece is not needed any more */
	WINDOWS_PUT,	/* one piece is merged and not in the store */
	WINDOWS_MERGE	/* pieces into one of `level` */
};

struct windows_task {
	enum windows_verb verb;
	size_t from, to;	/* pieces; those between min and max that are
				   of a lower level */
	int level;
	uint64_t min_txid, max_txid;
	int64_t time_ms;	/* RUN: of the newest */
};

struct windows_task windows_next(const struct windows *windows);

/* When the next window closes that has something to be merged; INT64_MAX: none. */
int64_t windows_due(const struct windows *windows);

#endif
