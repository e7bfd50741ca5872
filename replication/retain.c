#include "replication/retain.h"

#include <string.h>

#include "replication/store.h"

/* Long enough for a restore of a large tenant; short where `fine` is. */
#define GRACE_MS (60 * 60 * 1000)

/* The entries of one epoch. */
struct epoch {
	const struct catalog_entry *entry;
	size_t n;
	unsigned char *verdict;
	uint64_t cut; /* every state before it may go; 0 = none */
};

int64_t
retain_grace(int64_t fine_ms)
{
	return fine_ms / 8 < GRACE_MS ? fine_ms / 8 : GRACE_MS;
}

static void
soonest(int64_t *next_ms, int64_t ms)
{
	if (ms < *next_ms)
		*next_ms = ms;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int
is_there(const struct catalog_entry *entry, int level)
{
	return entry->level == level && entry->state == CATALOG_THERE;
}

/* When a snapshot allows what is before it to go. */
static int64_t
cut_ms(const struct retain *retain, const struct catalog_entry *snapshot)
{
	return later(
		   snapshot->time_ms + retain->retain_ms, snapshot->there_ms) +
	       retain->grace_ms;
}

/* The newest snapshot that is old enough. */
static void
find_cut(const struct retain *retain, struct epoch *epoch, int64_t *next_ms)
{
	for (size_t i = 0; i < epoch->n; i++) {
		const struct catalog_entry *entry = &epoch->entry[i];

		if (!is_there(entry, STORE_LEVEL_SNAPSHOT))
			continue;
		if (cut_ms(retain, entry) > retain->now_ms) {
			/* With nothing before it, it is no news. */
			if (entry->max_txid > 1)
				soonest(next_ms, cut_ms(retain, entry));
			return;
		}
		epoch->cut = entry->max_txid;
	}
}

static int
is_before(const struct catalog_entry *entry, uint64_t cut)
{
	if (entry->level == STORE_LEVEL_SNAPSHOT)
		return entry->max_txid < cut;
	return entry->level != CATALOG_OWNER && entry->max_txid <= cut;
}

/*
 * Do merged objects lead over the run?  Each begins no later than right behind
 * the one before, the first no later than the run, and the last ends with it: then
 * whatever led into the run and went on behind it, leads there still.  From
 * *since_ms on all of them have been there.
 */
static int
is_covered(const struct epoch *epoch, const struct catalog_entry *run,
    int64_t *since_ms)
{
	uint64_t reached = run->min_txid - 1;

	*since_ms = 0;
	while (reached < run->max_txid) {
		const struct catalog_entry *best = NULL;

		for (size_t i = 0; i < epoch->n; i++) {
			const struct catalog_entry *entry = &epoch->entry[i];

			if (entry->level == 0 ||
			    entry->level >= STORE_LEVEL_SNAPSHOT ||
			    entry->state != CATALOG_THERE ||
			    entry->min_txid > reached + 1 ||
			    entry->max_txid > run->max_txid ||
			    entry->max_txid <= reached)
				continue;
			if (best == NULL || entry->max_txid > best->max_txid)
				best = entry;
		}
		if (best == NULL)
			return 0;
		reached = best->max_txid;
		*since_ms = later(*since_ms, best->there_ms);
	}
	return 1;
}

static enum retain_order
order_of(const struct catalog_entry *entry)
{
	if (entry->level == STORE_LEVEL_SNAPSHOT)
		return RETAIN_FIRST;
	return entry->level == CATALOG_OWNER ? RETAIN_LAST : RETAIN_NEXT;
}

static void
judge_epoch(const struct retain *retain, struct epoch *epoch, int64_t *next_ms)
{
	int64_t since_ms, due_ms;

	find_cut(retain, epoch, next_ms);
	for (size_t i = 0; i < epoch->n; i++) {
		const struct catalog_entry *entry = &epoch->entry[i];

		if (entry->state == CATALOG_DOOMED ||
		    is_before(entry, epoch->cut)) {
			epoch->verdict[i] = order_of(entry);
			continue;
		}
		if (entry->level != 0)
			continue;
		due_ms = entry->time_ms + retain->fine_ms + retain->grace_ms;
		if (due_ms > retain->now_ms) {
			soonest(next_ms, due_ms);
			continue;
		}
		if (!is_covered(epoch, entry, &since_ms))
			continue;
		if (since_ms + retain->grace_ms > retain->now_ms)
			soonest(next_ms, since_ms + retain->grace_ms);
		else
			epoch->verdict[i] = RETAIN_NEXT;
	}
}

/* When the epoch began, for its predecessors; INT64_MAX: it has no base. */
static int64_t
began_ms(const struct epoch *epoch)
{
	int64_t owner_ms = INT64_MAX, oldest_ms = INT64_MAX;

	for (size_t i = 0; i < epoch->n; i++) {
		const struct catalog_entry *entry = &epoch->entry[i];

		if (entry->level == CATALOG_OWNER)
			owner_ms = later(entry->time_ms, entry->there_ms);
		else if (is_there(entry, STORE_LEVEL_SNAPSHOT))
			soonest(
			    &oldest_ms, later(entry->time_ms, entry->there_ms));
	}
	if (oldest_ms == INT64_MAX || owner_ms == INT64_MAX)
		return oldest_ms;
	return owner_ms;
}

/* When an epoch may go that was succeeded then. */
static int64_t
end_ms(const struct retain *retain, const struct epoch *epoch,
    int64_t successor_ms)
{
	int64_t newest_ms = successor_ms;

	for (size_t i = 0; i < epoch->n; i++) {
		if (epoch->entry[i].time_ms <= retain->now_ms)
			newest_ms = later(newest_ms, epoch->entry[i].time_ms);
	}
	return newest_ms + retain->retain_ms + retain->grace_ms;
}

void
retain_judge(const struct retain *retain, const struct catalog *catalog,
    unsigned char *verdict, int64_t *next_ms)
{
	int64_t successor_ms = INT64_MAX; /* when the next epoch began */
	size_t end = catalog->n, from, i;

	memset(verdict, RETAIN_KEEP, catalog->n);
	*next_ms = INT64_MAX;
	/* The newest first. */
	for (; end > 0; end = from) {
		struct epoch epoch = { 0 };
		int64_t began;

		for (from = end - 1;
		     from > 0 && catalog->entry[from - 1].epoch ==
				     catalog->entry[end - 1].epoch;)
			from--;
		epoch.entry = catalog->entry + from;
		epoch.n = end - from;
		epoch.verdict = verdict + from;
		if (successor_ms != INT64_MAX &&
		    end_ms(retain, &epoch, successor_ms) <= retain->now_ms) {
			for (i = 0; i < epoch.n; i++)
				epoch.verdict[i] = order_of(&epoch.entry[i]);
			continue;
		}
		if (successor_ms != INT64_MAX)
			soonest(
			    next_ms, end_ms(retain, &epoch, successor_ms));
		judge_epoch(retain, &epoch, next_ms);
		began = began_ms(&epoch);
		if (began != INT64_MAX)
			successor_ms = began;
	}
}
