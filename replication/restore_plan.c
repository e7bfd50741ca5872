#include "replication/restore.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/restore_history.h"
#include "tenants/base/clock.h"

/*
 * WHICH OBJECTS MAKE A STATE
 *
 * An epoch's objects are ranges of TXIDs, over ten levels that may overlap.
 * Each object's last TXID is a point: a state that was captured.  A point can
 * be restored when a chain leads to it: one object that begins at TXID 1, then
 * objects each of which begins no later than right behind what is reached.
 * Taking the one that reaches farthest each time finds a chain if there is
 * one, and one with the fewest objects: the newest snapshot first.  Applying
 * again what is there already is harmless, since an object holds the last
 * content of each page that it mentions.
 *
 * Times never decrease with the TXID within an epoch, so the point for a time
 * is found by halving, with one request for a header each time.  An epoch
 * begins with the time of its base.  Its predecessors belong to the same
 * history as long as their claims name the same uid.
 */
#define POINT_TEXT  80
#define OBJECTS_MAX (RESTORE_PLAN_MAX / sizeof(struct store_object))

static void
point_text(uint64_t txid, int64_t time_ms, char out[POINT_TEXT])
{
	char time[CLOCK_TEXT];

	clock_format(time_ms, time);
	snprintf(
	    out, POINT_TEXT, "TXID %llu of %s", (unsigned long long)txid, time);
}

/* --- what there is ---------------------------------------------------------- */

static int
is_objects_fault(const struct err *err)
{
	return err->code == ERR_CORRUPT || err->code == ERR_NOT_FOUND;
}

/*
 * 1 it says when, 0 it is damaged, or gone since it was listed: then it is no way
 * to anywhere, and err says so.
 */
static int
header_of(const struct restore_history *history, struct restore_range *range,
    struct ltx_header *header, struct err *err)
{
	err_clear(err);
	if (restore_history_header(history, range, header, err) == 0)
		return 1;
	range->damaged = is_objects_fault(err);
	return range->damaged ? 0 : -1;
}

static int
time_of(const struct restore_history *history, struct restore_range *range,
    int64_t *time_ms, struct err *err)
{
	struct ltx_header header;
	int rc = header_of(history, range, &header, err);

	if (rc > 0)
		*time_ms = header.time_ms;
	return rc;
}

/* --- the chain to it ------------------------------------------------------------- */

/* The state of txid and its time, as text; "" where nothing whole says it. */
static int
describe(const struct restore_history *history, uint64_t txid,
    char out[POINT_TEXT], struct err *err)
{
	int64_t time_ms;

	for (size_t i = 0; i < history->n; i++) {
		struct restore_range *range = &history->range[i];
		int rc;

		if (range->max_txid != txid || range->damaged)
			continue;
		rc = time_of(history, range, &time_ms, err);
		if (rc < 0)
			return -1;
		if (rc > 0) {
			point_text(txid, time_ms, out);
			return 0;
		}
	}
	return 0;
}

static int
find_chain(struct restore_history *history, uint64_t target, struct err *err);

/* Nothing leads on from reached. */
static int
say_gap(struct restore_history *history, uint64_t reached, uint64_t target,
    struct err *err)
{
	char before[POINT_TEXT] = "", after[POINT_TEXT] = "";
	struct err why = ERR_INIT;
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < history->n; i++) {
		const struct restore_range *range = &history->range[i];

		if (range->min_txid <= reached + 1 && !range->damaged &&
		    range->max_txid > target && range->max_txid < next)
			next = range->max_txid;
	}
	if ((reached > 0 && describe(history, reached, before, &why) != 0) ||
	    (next < UINT64_MAX && describe(history, next, after, &why) != 0)) {
		*err = why;
		return -1;
	}
	/* What we thought reached is no way to anywhere: less is. */
	if ((reached > 0 && !before[0]) || (next < UINT64_MAX && !after[0]))
		return find_chain(history, target, err);
	err_set(err, ERR_NOT_FOUND,
	    "%s: epoch %08x: TXID %llu is missing on the way to %llu",
	    restore_name(history->slug), history->epoch,
	    (unsigned long long)reached + 1, (unsigned long long)target);
	if (before[0] || after[0])
		return err_hint(err, "what can be restored is %s%s%s", before,
		    before[0] && after[0] ? ", and " : "", after);
	return -1;
}

static int
by_min(const void *a, const void *b)
{
	const struct restore_range *x = a, *y = b;

	if (x->min_txid != y->min_txid)
		return x->min_txid < y->min_txid ? -1 : 1;
	return x->max_txid < y->max_txid ? -1 : x->max_txid > y->max_txid;
}

/* Marks the ranges of the chain; they are in order of their first TXID then. */
static int
find_chain(struct restore_history *history, uint64_t target, struct err *err)
{
	struct restore_range *range = history->range;
	uint64_t reached = 0;
	size_t at = 0;

	qsort(range, history->n, sizeof *range, by_min);
	while (reached < target) {
		struct restore_range *best = NULL;

		/* Those passed over end before the one that was taken then. */
		for (; at < history->n && range[at].min_txid <= reached + 1;
		     at++) {
			if (range[at].max_txid > target ||
			    range[at].max_txid <= reached || range[at].damaged)
				continue;
			if (!best || range[at].max_txid > best->max_txid ||
			    (range[at].max_txid == best->max_txid &&
				range[at].size < best->size))
				best = &range[at];
		}
		if (!best)
			return say_gap(history, reached, target, err);
		best->chosen = 1;
		reached = best->max_txid;
	}
	return 0;
}

/* Adds to err what can be restored on both sides of a point that cannot. */
static int
add_nearest(struct restore_history *history, uint64_t txid, struct err *err)
{
	struct err gap = ERR_INIT;

	if (find_chain(history, txid, &gap) != 0 && gap.hint[0])
		err_hint(err, "%s", gap.hint);
	return -1;
}

static int
set_objects(const struct restore_history *history, struct arena *arena,
    struct restore_plan *plan, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < history->n; i++)
		n += (size_t)history->range[i].chosen;
	if (n > OBJECTS_MAX)
		return err_set(err, ERR_TOO_LARGE,
		    "%s: %zu objects lead to TXID %llu",
		    restore_name(history->slug), n,
		    (unsigned long long)plan->txid);
	plan->objects = arena_array(arena, n, sizeof *plan->objects);
	for (size_t i = 0; i < history->n; i++) {
		const struct restore_range *range = &history->range[i];

		if (!range->chosen)
			continue;
		plan->objects[plan->n].key =
		    restore_history_key(history, range);
		plan->objects[plan->n++].size = range->size;
		plan->bytes += range->size;
	}
	return 0;
}

/* --- which point -------------------------------------------------------------- */

/*
 * 1 the epoch's history has time_ms in it, 0 it begins later.  Where its first
 * states are gone, only the claim still says when it began.
 */
static int
covers(const struct restore_history *history, int64_t time_ms, struct err *err)
{
	struct restore_range *first;
	const struct restore_owner *owner = &history->owner;
	char point[POINT_TEXT], time[CLOCK_TEXT];
	int64_t from;
	int rc = 0;

	while ((first = restore_history_oldest(history)) != NULL && rc == 0)
		rc = time_of(history, first, &from, err);
	/* Its base cannot say when it began: not before it was claimed. */
	if (rc <= 0)
		return rc == 0 && owner->time_ms > time_ms ? 0 : -1;
	if (time_ms >= from)
		return 1;
	point_text(first->max_txid, from, point);
	if (first->max_txid > 1 && owner->time_ms > 0 &&
	    owner->time_ms <= time_ms)
		return err_set(err, ERR_NOT_FOUND,
		    "%s: what epoch %08x had before %s is no longer kept",
		    restore_name(history->slug), history->epoch, point);
	/* Kept for the case that no older epoch covers it either. */
	clock_format(time_ms, time);
	err_set(err, ERR_NOT_FOUND,
	    "%s: nothing is as old as %s; the oldest point of epoch %08x is %s",
	    restore_name(history->slug), time, history->epoch, point);
	return 0;
}

/* One from `from` on, before `to`, else before it, from `least` on, with its time. */
static int
ask_near(struct restore_history *history, size_t least, size_t from, size_t to,
    size_t *at, int64_t *then, struct err *err)
{
	int rc = 0;

	for (size_t i = from; i < to && rc == 0; i++)
		if (!history->range[ *at = i].damaged)
			rc = time_of(history, &history->range[i], then, err);
	for (size_t i = from; i-- > least && rc == 0;)
		if (!history->range[ *at = i].damaged)
			rc = time_of(history, &history->range[i], then, err);
	return rc;
}

static int
is_same_state(const struct restore_history *history, size_t a, size_t b)
{
	return history->range[a].max_txid == history->range[b].max_txid;
}

/*
 * Index of the last range whose time is at most time_ms; of a damaged one, where
 * nobody knows whether that is the last.
 */
static int
find_time(struct restore_history *history, int64_t time_ms, size_t *out,
    struct err *err)
{
	size_t low = 0, high = history->n;

	while (low < high) {
		size_t at;
		int64_t then;
		int rc = ask_near(history, low, low + (high - low) / 2, high,
		    &at, &then, err);

		if (rc < 0)
			return -1;
		if (rc == 0) {
			*out = low;
			return 0;
		}
		/* Of all that end there, be it that they cannot say so. */
		if (then <= time_ms)
			for (low = at + 1;
			     low < high && is_same_state(history, low, at);)
				low++;
		else
			for (high = at;
			     high > low && is_same_state(history, high - 1, at);)
				high--;
	}
	/* The caller knows that there is a state old enough. */
	*out = low > 0 ? low - 1 : 0;
	return 0;
}

static int
find_txid(struct restore_history *history, uint64_t txid, size_t *out,
    struct err *err)
{
	const struct restore_range *last = &history->range[history->n - 1];
	char point[POINT_TEXT];
	int64_t time_ms;
	size_t i = 0;

	while (i < history->n && history->range[i].max_txid < txid)
		i++;
	*out = i;
	if (i < history->n && history->range[i].max_txid == txid)
		return 0;
	if (i < history->n) {
		err_set(err, ERR_NOT_FOUND,
		    "%s: epoch %08x has no state of TXID %llu: after %llu "
		    "comes "
		    "%llu",
		    restore_name(history->slug), history->epoch,
		    (unsigned long long)txid,
		    i > 0 ? (unsigned long long)history->range[i - 1].max_txid
			  : 0,
		    (unsigned long long)history->range[i].max_txid);
		return add_nearest(history, txid, err);
	}
	if (restore_history_time(history, last, &time_ms, err) != 0)
		return -1;
	point_text(last->max_txid, time_ms, point);
	return err_set(err, ERR_NOT_FOUND,
	    "%s: epoch %08x has no TXID %llu: its newest is %s", history->slug,
	    history->epoch, (unsigned long long)txid, point);
}

static int
find_point(struct restore_history *history, const struct restore_opts *opts,
    size_t *out, struct err *err)
{
	if (opts->point == RESTORE_TIME)
		return find_time(history, opts->time_ms, out, err);
	if (opts->point == RESTORE_TXID)
		return find_txid(history, opts->txid, out, err);
	*out = history->n - 1;
	return 0;
}

/* The point, and the one after it. */
static int
set_point(struct restore_history *history, size_t at, struct restore_plan *plan,
    struct err *err)
{
	struct restore_range *range = history->range;
	struct err first = ERR_INIT;
	struct ltx_header header;
	size_t next = at;
	int rc = 0;

	plan->txid = range[at].max_txid;
	while (at > 0 && range[at - 1].max_txid == plan->txid)
		at--;
	for (; at < history->n && range[at].max_txid == plan->txid && rc == 0;
	     at++) {
		rc = header_of(history, &range[at], &header, err);
		if (rc == 0 && first.code == ERR_NONE)
			first = *err;
	}
	if (rc < 0)
		return -1;
	if (rc == 0) {
		*err = first;
		return add_nearest(history, plan->txid, err);
	}
	plan->time_ms = header.time_ms;
	plan->page_size = header.page_size;
	plan->pages = header.commit;
	/* What is damaged is not what comes next. */
	rc = 0;
	for (; next < history->n && rc == 0; next++) {
		if (range[next].max_txid == plan->txid)
			continue;
		plan->next_txid = range[next].max_txid;
		rc = time_of(history, &range[next], &plan->next_time_ms, err);
	}
	if (rc == 0)
		plan->next_txid = 0;
	err_clear(err);
	return rc < 0 ? -1 : 0;
}

/* --- which epoch ------------------------------------------------------------------ */

/* Loads the epoch that the point is in. */
static int
find_epoch(struct restore_history *history, const struct restore_opts *opts,
    const struct restore_epochs *epochs, struct err *err)
{
	uint32_t newest = epochs->epoch[epochs->n - 1];
	char uid[sizeof history->owner.uid] = "";
	int known = 0;

	err_clear(err);
	for (size_t i = epochs->n; i-- > 0;) {
		int covered = 1;

		if (opts->epoch != 0 && epochs->epoch[i] != opts->epoch)
			continue;
		known = 1;
		if (restore_history_load(history, epochs->epoch[i], err) != 0)
			return -1;
		/* Older ones are of another tenant that had the name. */
		if (uid[0] && history->owner.uid[0] &&
		    strcmp(uid, history->owner.uid) != 0)
			break;
		if (!uid[0])
			memcpy(uid, history->owner.uid, sizeof uid);
		if (!restore_history_oldest(history))
			continue;
		if (opts->point == RESTORE_TIME)
			covered = covers(history, opts->time_ms, err);
		if (covered < 0)
			return -1;
		if (covered) {
			err_clear(err);
			return 0;
		}
	}
	if (err->code != ERR_NONE)
		return -1;
	if (!known)
		return err_set(err, ERR_NOT_FOUND,
		    "%s: there is no epoch %08x; the newest is %08x",
		    opts->slug, opts->epoch, newest);
	if (!opts->slug[0])
		return err_set(err, ERR_NOT_FOUND,
		    "%s holds no replica that Litestream wrote: nothing begins "
		    "at TXID 1",
		    store_url(history->store));
	return err_set(
	    err, ERR_NOT_FOUND, "%s: no epoch has a base (yet)", opts->slug);
}

static int
is_one_of(const struct restore_history *history,
    const struct restore_range *range, const struct store_object *objects,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct store_key *key = &objects[i].key;

		if (key->epoch == history->epoch &&
		    key->level == range->level &&
		    key->min_txid == range->min_txid &&
		    key->max_txid == range->max_txid)
			return 1;
	}
	return 0;
}

int
restore_plan_around(struct store *store, const struct store_object *avoid,
    size_t n, struct arena *arena, struct restore_plan *plan, struct err *err)
{
	struct restore_history history = { .store = store, .slug = plan->slug };
	int rc = -1;

	if (restore_history_load(&history, plan->epoch, err) != 0)
		goto out;
	for (size_t i = 0; i < history.n; i++)
		history.range[i].damaged =
		    is_one_of(&history, &history.range[i], avoid, n);
	if (find_chain(&history, plan->txid, err) != 0)
		goto out;
	plan->n = 0;
	plan->bytes = 0;
	rc = set_objects(&history, arena, plan, err);
out:
	restore_history_clear(&history);
	return rc;
}

int
restore_plan(struct store *store, const struct restore_opts *opts,
    struct arena *arena, struct restore_plan *out, struct err *err)
{
	struct restore_history history = { .store = store, .slug = opts->slug };
	struct restore_epochs epochs = { .n = 0 };
	size_t at;
	int rc = -1;

	memset(out, 0, sizeof *out);
	(void)str_copy(str_of(opts->slug), out->slug, sizeof out->slug);
	if (restore_epochs_list(store, opts->slug, &epochs, err) != 0 ||
	    find_epoch(&history, opts, &epochs, err) != 0)
		goto out;
	out->epoch = history.epoch;
	out->newest_epoch = epochs.epoch[epochs.n - 1];
	out->owner = history.owner;
	if (find_point(&history, opts, &at, err) != 0 ||
	    set_point(&history, at, out, err) != 0 ||
	    find_chain(&history, out->txid, err) != 0 ||
	    set_objects(&history, arena, out, err) != 0)
		goto out;
	rc = 0;
out:
	restore_history_clear(&history);
	restore_epochs_clear(&epochs);
	return rc;
}
