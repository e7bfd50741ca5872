/*
 * A cell: 24 bits of tag over 40 bits of time, in milliseconds of the
 * monotonic clock (34 years).  The key's low bits choose the set, its high
 * bits are the tag; tag and time of 0 is a free cell.
 */
#include "fcgi/limit.h"

#include <assert.h>
#include <stddef.h>

#define TIME_BITS 40
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)

static uint64_t
pack(uint64_t key, int64_t time_ms)
{
	return (key >> TIME_BITS) << TIME_BITS | (uint64_t)time_ms;
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
full_at(uint64_t key, uint64_t value, int64_t now_ms)
{
	int64_t time_ms = (int64_t)(value & TIME_MASK);

	if (value >> TIME_BITS != key >> TIME_BITS || time_ms < now_ms)
		return now_ms;
	return time_ms;
}

int64_t
limit_take(struct limit_table *table, uint64_t key,
    const struct limit_rate *rate, int64_t now_ms)
{
	_Atomic uint64_t *cell;
	uint64_t value;
	int64_t full_ms, last_ms;

	assert(now_ms >= 0 && (uint64_t)now_ms < TIME_MASK / 2);
	last_ms = now_ms + rate->every_ms * rate->burst;
	do {
		cell = find(table, key, &value);
		full_ms = full_at(key, value, now_ms) + rate->every_ms;
		if (full_ms > last_ms)
			return full_ms - last_ms;
	} while (
	    !atomic_compare_exchange_weak(cell, &value, pack(key, full_ms)));
	return 0;
}

void
limit_give(struct limit_table *table, uint64_t key,
    const struct limit_rate *rate, int64_t now_ms)
{
	_Atomic uint64_t *cell;
	uint64_t value;
	int64_t full_ms;

	do {
		cell = find(table, key, &value);
		full_ms = full_at(key, value, now_ms);
		if (full_ms == now_ms)
			return;
		full_ms -= rate->every_ms;
	} while (!atomic_compare_exchange_weak(
	    cell, &value, pack(key, full_ms < now_ms ? now_ms : full_ms)));
}
