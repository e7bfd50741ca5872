/*
 * WHICH FILES BECOME ONE
 *
 * A restore can be made to each file's end; of files that become one only the last
 * end stays.  So the finest windows of the clock are tried first, and coarser ones
 * only when no finer one has two files any more: the states of a long outage thin
 * out evenly, and those of its last moments stay.
 *
 * Files are offered to the store in order, one at a time.  So the first that it has not
 * acknowledged is the only one of which it may hold a copy; it is left alone, and
 * none of the others has a name there (R7).
 */
#include "replication/spool.h"

#include <stdlib.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

/* The last: all there are but the newest, since nothing that can grow is merged. */
static const int64_t windows[] = { 10 * SECOND, MINUTE, 5 * MINUTE, HOUR,
	24 * HOUR, INT64_MAX };

static int
may_merge(const struct spool_item *item)
{
	return item->durable && !item->acked && !item->merged &&
	       spool_is_link(item) && item->key.min_txid > 1;
}

static int
joins(const struct spool_item *item, const struct spool_item *next,
    int64_t window_ms)
{
	return may_merge(next) && next->key.epoch == item->key.epoch &&
	       next->key.min_txid == item->key.max_txid + 1 &&
	       next->time_ms / window_ms == item->time_ms / window_ms;
}

/* Behind what may have been offered. */
static const struct spool_item *
first_untouched(const struct spool *spool)
{
	const struct spool_item *item = spool->first;

	while (item != NULL && (item->acked || item->merged))
		item = item->next;
	return item != NULL ? item->next : NULL;
}

struct spool_run
spool_run(const struct spool *spool)
{
	const struct spool_item *from = first_untouched(spool);
	struct spool_run run = { .n = 0 };
	const struct spool_item *item;
	size_t i;

	for (i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		int all = windows[i] == INT64_MAX;

		for (item = from; item != NULL; item = item->next) {
			if (!may_merge(item))
				continue;
			run.key = item->key;
			run.key.level = SPOOL_MERGED;
			run.n = 1;
			while (item->next != NULL &&
			       joins(item, item->next, windows[i]) &&
			       !(all && item->next->next == NULL)) {
				item = item->next;
				run.key.max_txid = item->key.max_txid;
				run.n++;
			}
			/* At the end, the window may still grow. */
			if (run.n > 1 && item->next != NULL)
				return run;
		}
	}
	run.n = 0;
	return run;
}

/* The link before the run's first file; NULL where it is no run any more. */
static struct spool_item *
before_run(const struct spool *spool, const struct spool_run *run)
{
	const struct spool_item *from = first_untouched(spool), *item = from;
	struct spool_item *before = spool->first;
	size_t n = 1;

	while (item != NULL && (item->key.epoch != run->key.epoch ||
				   item->key.min_txid != run->key.min_txid ||
				   !may_merge(item)))
		item = item->next;
	if (item == NULL)
		return NULL;
	while (before->next != item)
		before = before->next;
	for (; n < run->n && item->next != NULL; n++, item = item->next) {
		if (!joins(item, item->next, INT64_MAX))
			return NULL;
	}
	return n == run->n && item->key.max_txid == run->key.max_txid ? before
								      : NULL;
}

void
spool_run_paths(const struct spool *spool, const struct spool_run *run,
    char (*out)[SPOOL_PATH])
{
	const struct spool_item *item = before_run(spool, run)->next;
	size_t i;

	for (i = 0; i < run->n; i++, item = item->next)
		spool_path(spool, &item->key, out[i]);
}

int
spool_replace_run(struct spool *spool, const struct spool_run *run,
    int64_t time_ms, int64_t size)
{
	struct spool_item *before = before_run(spool, run);
	struct spool_item *into, *item;
	size_t i;

	if (before == NULL)
		return -1;
	into = calloc(1, sizeof(*into));
	if (into == NULL)
		err_die("out of memory");
	into->key = run->key;
	into->time_ms = time_ms;
	into->size = size;
	into->since_ms = before->next->since_ms;
	for (i = 0, item = before->next; i < run->n; i++, item = item->next) {
		item->merged = 1;
		spool->n--;
		spool->bytes -= item->size;
	}
	spool->n++;
	spool->bytes += size;
	into->next = before->next;
	before->next = into;
	spool->news = 1;
	return 0;
}
