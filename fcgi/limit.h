#ifndef ROWHOUSE_LIMIT_H
#define ROWHOUSE_LIMIT_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * How often something may be tried: per key a burst, refilled one by one.
 * Lives in memory that processes share; lock-free, so that none of them can be
 * killed while holding it.
 *
 * The generic cell rate algorithm: a key's state is one time, that at which
 * its bucket is full again, kept with a tag of the key in 64 bits.  The unit of
 * time is the caller's, one for a table, and all that counts is below 2^43 of it.  The table
 * is bounded: when a set is full of keys that are still refilling, the one
 * nearest to being full is forgotten, which lets its owner try sooner.
 */
#define LIMIT_SETS 1024
#define LIMIT_WAYS 4

struct limit_table {
	_Atomic uint64_t cell[LIMIT_SETS][LIMIT_WAYS];
};

struct limit_rate {
	int64_t every;		/* one more each */
	int64_t burst;		/* at once */
};

/* key is a hash of 64 bits, of what is limited.  0, or how long until it may be tried. */
int64_t limit_take(struct limit_table *table, uint64_t key,
    const struct limit_rate *rate, int64_t now);

/* Gives back what was taken. */
void limit_give(struct limit_table *table, uint64_t key,
    const struct limit_rate *rate, int64_t now);

#endif
