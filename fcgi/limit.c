/*
 * A cell: 20 bits of tag over 44 bits of time.  The key's low bits choose the set, its high
 * bits are the tag; tag and time of 0 is a free cell.
 */
#include "fcgi/limit.h"

#include <assert.h>
#include <stddef.h>

#define TIME_BITS 44
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)

static uint64_t
pack(uint64_t key, int64_t time)
{
	return (key >> TIME_BITS) << TIME_BITS | (uint64_t)time;
}

/* The key's own cell, or else the one that can best be spared. */
static _Atomic uint64_t *
find(struct limit_table *table, uint64_t key, uint64_t *value)
{
	_Atomic uint64_t *set = table->cell[key % LIMIT_SETS];
	_Atomic uint64_t *best = NULL;
	uint64_t at;
	int i;

	for (i = 0; i < LIMIT_WAYS; i++) {
		at = atomic_load(&set[i]);
		if (at >> TIME_BITS == key >> TIME_BITS) {
			*value = at;
			return &set[i];
		}
		if (!best || (at & TIME_MASK) < (*value & TIME_MASK)) {
			best = &set[i];
			*value = at;
		}
	}
	return best;
}

/* When the key's bucket is full; now, where it is. */
static int64_t
full_at(uint64_t key, uint64_t value, int64_t now)
{
	int64_t time = (int64_t)(value & TIME_MASK);

	if (value >> TIME_BITS != key >> TIME_BITS || time < now)
		return now;
	return time;
}

int64_t
limit_take(struct limit_table *table, uint64_t key,
    const struct limit_rate *rate, int64_t now)
{
	_Atomic uint64_t *cell;
	uint64_t value;
	int64_t full, last;

	assert(now >= 0 && (uint64_t)now < TIME_MASK / 2);
	last = now + rate->every * rate->burst;
	do {
		cell = find(table, key, &value);
		full = full_at(key, value, now) + rate->every;
		if (full > last)
			return full - last;
	} while (!atomic_compare_exchange_weak(cell, &value, pack(key, full)));
	return 0;
}

void
limit_give(struct limit_table *table, uint64_t key,
    const struct limit_rate *rate, int64_t now)
{
	_Atomic uint64_t *cell;
	uint64_t value;
	int64_t full;

	do {
		cell = find(table, key, &value);
		full = full_at(key, value, now);
		if (full == now)
			return;
		full -= rate->every;
	} while (!atomic_compare_exchange_weak(
	    cell, &value, pack(key, full < now ? now : full)));
}
