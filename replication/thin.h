#ifndef ROWHOUSE_THIN_H
#define ROWHOUSE_THIN_H

#include "replication/ltx_merge.h"
#include "replication/streams.h"

/*
 * R14: a store that is down for hours must not fill the disk.  Beyond half of
 * replica.spool_max, or of half of what the disk would have free, or THIN_FILES
 * files, what waits in the spools is merged in place, the largest first: nothing
 * that was acknowledged is lost, nor the newest state, but the states between
 * which the clock's finest windows hold (spool_run.c).
 *
 * What each page says last is kept once.  So a spool cannot shrink below what has changed
 * since the store was last heard: that, and no more, may go beyond the bound.
 */
#define THIN_FILES 16384

struct thin {
	struct ltx_merge *merge;	/* NULL: none in the making */
	char slug[SLUG_MAX + 1];
	uint32_t incarnation;
	struct spool_run run;
	char path[SPOOL_PATH];
	int64_t next_ms;		/* mono: before that nothing can be found */
	int64_t said_ms;		/* mono: when the log had it last; 0 never */
};

/*
 * Goes on with what is being merged, by a bounded number of pages, or looks for more.
 * 1 where it should be called again at once.  *unsynced is set where something
 * waits for a sync.
 */
int thin_tick(struct thin *thin, struct streams *streams, int64_t mono_ms,
    int *unsynced);

/* Removes what is not finished. */
void thin_stop(struct thin *thin);

#endif
