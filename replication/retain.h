#ifndef ROWHOUSE_RETAIN_H
#define ROWHOUSE_RETAIN_H

#include <stdint.h>

#include "replication/catalog.h"

/*
 * Which objects may go (R9).  A function of the catalog and the time alone.
 *
 * What stays restorable, whatever else goes:
 *
 *	the newest state, always;
 *	within `fine`, each state that was captured;
 *	within `retain`, each state that a merged object or a snapshot ends with, and
 *	the state as of any moment within `retain`, at that grain.
 *
 * A raw run goes when it is older than `fine` and merged objects that are
 * there lead over exactly its TXIDs.  Everything up to a snapshot goes when
 * that snapshot is itself older than `retain`: then a moment within `retain`
 * has its state at the snapshot or behind it.  An epoch that was succeeded by one
 * with a base goes as a whole when the successor's base is older than
 * `retain`, and so is what is newest in it: a base that was made by a clock that was
 * behind looks old when it is not.  (A time that has not come yet says nothing of
 * an age.)  A run that nothing covers stays until then.
 *
 * All that only after a grace, in which a restore that was begun can end, and
 * only because of objects that have been there for as long.
 */
struct retain {
	int64_t now_ms;
	int64_t fine_ms;
	int64_t retain_ms;
	int64_t grace_ms;
};

/*
 * The order in which what may go must go: snapshots before what builds on them, so that
 * a restore finds no base rather than one whose successors are gone; the claim last.
 */
enum retain_order { RETAIN_KEEP, RETAIN_FIRST, RETAIN_NEXT, RETAIN_LAST };

/*
 * One verdict for each entry.  *next_ms is when there may be something more to
 * delete, as far as is known now; INT64_MAX for never.
 */
void retain_judge(const struct retain *retain, const struct catalog *catalog,
    unsigned char *verdict, int64_t *next_ms);

/* The grace that goes with a fine window. */
int64_t retain_grace(int64_t fine_ms);

#endif
