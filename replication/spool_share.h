#ifndef ROWHOUSE_SPOOL_SHARE_H
#define ROWHOUSE_SPOOL_SHARE_H

#include "replication/streams.h"

/*
 * Where all that waits for the store is more than replica.spool_max, although it
 * was thinned (thin.h), replica.spool_full says what becomes of it:
 *
 *	grow	it goes on growing, up to the size of the databases, and the
 *		operator is told
 *	refuse	who has more than his share, which is the bound divided by all
 *		for whom something waits, is not written to (tenants/full.h)
 *		until it is less than seven eighths of the bound again
 *
 * Somebody always has more than his share then.  Who has less goes on up to it,
 * so all together stay below twice the bound, and what is written until the
 * next look.  What was answered is captured and shipped in any case.
 */
struct spool_share {
	char (*full)[SLUG_MAX + 1];	/* who is refused */
	size_t n, cap;
	int beyond;
	int64_t next_ms;		/* mono */
};

/* Of what one before it has left nobody is refused. */
void spool_share_begin(struct spool_share *share, const struct config *config);
void spool_share_end(struct spool_share *share, const struct config *config);

/* Looks once a second. */
void spool_share_tick(struct spool_share *share, struct streams *streams,
    int64_t mono_ms);

#endif
