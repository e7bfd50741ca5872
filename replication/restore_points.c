/*
 * In the order of their last TXIDs, a state can be reached when one of the
 * objects that end there begins no later than right behind the last state that
 * can be: from any other before it that is no nearer.  So one pass tells all of
 * an epoch.  A header is read only where a range begins or ends.
 *
 * `--at` takes the newest state until then, be it one that cannot be reached, of the
 * newest epoch that had begun.  So a range ends before a state that cannot, and
 * before the next epoch begins.
 */
#include "replication/restore_points.h"

#include <stdlib.h>
#include <string.h>

#include "replication/restore_history.h"

/* A state: all ranges that end with it. */
struct state {
	size_t from, to; /* of the history's ranges */
	int level; /* the lowest */
	int snapshot;
	int reached;
};

struct search {
	struct restore_points *out;
	struct restore_history history;
	struct state *state;
	size_t n;
	int64_t until_ms; /* from then on a newer epoch is asked */
};

static uint64_t
txid_of(const struct search *search, const struct state *state)
{
	return search->history.range[state->from].max_txid;
}

static void
find_states(struct search *search)
{
	const struct restore_history *history = &search->history;
	struct state *state = NULL;
	uint64_t reached = 0;
	size_t i;

	search->n = 0;
	for (i = 0; i < history->n; i++) {
		const struct restore_range *range = &history->range[i];

		if (state == NULL || txid_of(search, state) != range->max_txid) {
			if (state != NULL && state->reached)
				reached = txid_of(search, state);
			state = &search->state[search->n++];
			*state = (struct state){
				.from = i, .level = STORE_LEVEL_SNAPSHOT
			};
		}
		state->to = i + 1;
		if (range->damaged)
			continue;
		if (range->level < state->level)
			state->level = range->level;
		state->snapshot |= range->level == STORE_LEVEL_SNAPSHOT;
		state->reached |= range->min_txid <= reached + 1;
	}
}

/* 1; 0 where no object of it says when, and all of them are marked; -1. */
static int
time_of(struct search *search, const struct state *state, int64_t *out,
    struct err *err)
{
	size_t i;

	for (i = state->from; i < state->to; i++) {
		struct restore_range *range = &search->history.range[i];

		if (range->damaged)
			continue;
		if (restore_history_time(&search->history, range, out, err) ==
		    0)
			return 1;
		if (err->code != ERR_CORRUPT && err->code != ERR_NOT_FOUND)
			return -1;
		err_clear(err);
		range->damaged = 1;
	}
	return 0;
}

/* --- a stretch of states ------------------------------------------------------ */

/*
 * Takes from the states from … *to those that are not older than next_ms: all of
 * what a clock was ahead for, perhaps.  *last_ms is the time of the last that is left.  As
 * time_of().
 */
static int
cut_off(struct search *search, size_t from, size_t *to, int64_t next_ms,
    int64_t *last_ms, struct err *err)
{
	size_t low = from, high = *to, at = *to - 1;
	int64_t then;
	int rc;

	/* Mostly it is none. */
	for (; low < high; at = low + (high - low) / 2) {
		rc = time_of(search, &search->state[at], &then, err);
		if (rc <= 0)
			return rc;
		if (then < next_ms) {
			*last_ms = then;
			low = at + 1;
		} else {
			high = at;
		}
	}
	*to = low;
	return 1;
}

/*
 * States from … to (one behind the last) as a range: 1 it is one, 0 nothing of
 * it is left, -1; 2 an object turned out to be damaged: begin anew.
 */
static int
make_range(struct search *search, size_t from, size_t to, int64_t until_ms,
    struct restore_points_range *out, struct err *err)
{
	const struct state *first = &search->state[from], *last;
	int64_t next_ms = until_ms;
	int rc;

	rc = time_of(search, first, &out->from_ms, err);
	if (rc <= 0)
		return rc < 0 ? -1 : 2;
	/* What cannot be reached hides what has the same time … */
	if (to < search->n && !search->state[to].reached) {
		rc = time_of(search, &search->state[to], &next_ms, err);
		/* … or, where it does not say when, the last one does. */
		if (rc == 0) {
			rc = time_of(
			    search, &search->state[--to], &next_ms, err);
			if (rc == 0)
				return 2;
		}
		if (rc < 0)
			return -1;
	}
	if (next_ms > until_ms)
		next_ms = until_ms;
	if (to > from) {
		rc = cut_off(search, from, &to, next_ms, &out->to_ms, err);
		if (rc <= 0)
			return rc < 0 ? -1 : 2;
	}
	if (to == from)
		return 0;
	last = &search->state[to - 1];
	out->epoch = search->history.epoch;
	out->level = first->level;
	out->from_txid = txid_of(search, first);
	out->to_txid = txid_of(search, last);
	out->states = to - from;
	return 1;
}

static int
add_ranges(struct search *search, struct err *err)
{
	struct restore_points *out = search->out;
	struct restore_points_range range;
	size_t to = search->n, from;

	while (to > 0) {
		int level, rc;

		if (!search->state[to - 1].reached) {
			to--;
			continue;
		}
		/* Back to where its level begins. */
		level = search->state[to - 1].level;
		for (from = to - 1; from > 0; from--) {
			const struct state *before = &search->state[from - 1];

			if (!before->reached)
				break;
			if (level == STORE_LEVEL_SNAPSHOT)
				level = before->level;
			else if (before->level != level &&
				 before->level != STORE_LEVEL_SNAPSHOT)
				break;
		}
		if (out->n_ranges == RESTORE_POINTS_RANGES) {
			out->cut = 1;
			return 1;
		}
		rc = make_range(search, from, to, search->until_ms, &range, err);
		if (rc < 0 || rc == 2)
			return rc;
		range.level = level;
		if (rc > 0)
			out->range[out->n_ranges++] = range;
		to = from;
	}
	return 1;
}

static int
add_snapshots(struct search *search, struct err *err)
{
	struct restore_points *out = search->out;
	size_t i;

	for (i = search->n; i-- > 0;) {
		const struct state *state = &search->state[i];
		struct restore_points_snapshot *snapshot =
		    &out->snapshot[out->n_snapshots];
		int rc;

		if (!state->reached || !state->snapshot)
			continue;
		if (out->n_snapshots == RESTORE_POINTS_SNAPSHOTS) {
			out->cut = 1;
			return 1;
		}
		rc = time_of(search, state, &snapshot->time_ms, err);
		if (rc <= 0)
			return rc < 0 ? -1 : 2;
		snapshot->epoch = search->history.epoch;
		snapshot->txid = txid_of(search, state);
		out->n_snapshots++;
	}
	return 1;
}

/* --- an epoch ------------------------------------------------------------------ */

static void
match_migrations(struct search *search)
{
	struct restore_points *out = search->out;
	size_t i, m;

	for (m = 0; m < out->n_migrations; m++) {
		struct restore_points_migration *migration =
		    &out->migration[m];

		if (migration->epoch != search->history.epoch)
			continue;
		for (i = 0; i < search->n; i++)
			if (search->state[i].reached &&
			    txid_of(search, &search->state[i]) ==
				migration->txid)
				migration->restorable = 1;
	}
}

static int
add_ends(struct search *search, struct restore_points_epoch *epoch,
    struct err *err)
{
	const struct state *first = NULL, *last = NULL;
	size_t i;
	int rc;

	for (i = 0; i < search->n; i++) {
		if (!search->state[i].reached)
			continue;
		if (first == NULL)
			first = &search->state[i];
		last = &search->state[i];
		epoch->states++;
	}
	if (first == NULL)
		return 1;
	epoch->first_txid = txid_of(search, first);
	epoch->last_txid = txid_of(search, last);
	rc = time_of(search, first, &epoch->first_ms, err);
	if (rc > 0)
		rc = time_of(search, last, &epoch->last_ms, err);
	return rc == 0 ? 2 : rc;
}

/* When a moment of it is looked for, and no older epoch's. */
static int64_t
begins(const struct restore_points_epoch *epoch)
{
	const struct restore_owner *owner = &epoch->owner;

	return epoch->first_txid > 1 && owner->time_ms > 0 &&
		       owner->time_ms < epoch->first_ms
		   ? owner->time_ms
		   : epoch->first_ms;
}

/* Nothing of what it begins with can be read; when it began its claim says, or nobody. */
static int
is_spoilt(const struct search *search)
{
	size_t i;

	for (i = 0; i < search->history.n; i++)
		if (search->history.range[i].min_txid == 1)
			return 1;
	return 0;
}

/* The epoch that is loaded: 1 done, 2 damaged objects were marked, -1. */
static int
add_epoch(struct search *search, struct err *err)
{
	struct restore_points *out = search->out;
	struct restore_points_epoch *epoch = &out->epoch[out->n_epochs];
	size_t n_ranges = out->n_ranges, n_snapshots = out->n_snapshots;
	int rc;

	find_states(search);
	memset(epoch, 0, sizeof(*epoch));
	epoch->epoch = search->history.epoch;
	epoch->owner = search->history.owner;
	rc = add_ends(search, epoch, err);
	if (rc == 1)
		rc = add_ranges(search, err);
	if (rc == 1)
		rc = add_snapshots(search, err);
	if (rc != 1) {
		out->n_ranges = n_ranges;
		out->n_snapshots = n_snapshots;
		return rc;
	}
	match_migrations(search);
	if (epoch->states > 0) {
		out->n_epochs++;
		if (begins(epoch) < search->until_ms)
			search->until_ms = begins(epoch);
	} else if (is_spoilt(search) &&
		   epoch->owner.time_ms < search->until_ms) {
		search->until_ms = epoch->owner.time_ms;
	}
	return 1;
}

static int
add_epochs(struct search *search, const struct restore_epochs *epochs,
    struct err *err)
{
	struct restore_history *history = &search->history;
	char uid[sizeof(history->owner.uid)] = "";
	size_t i;
	int rc;

	for (i = epochs->n; i-- > 0;) {
		if (search->out->n_epochs == RESTORE_POINTS_EPOCHS) {
			search->out->cut = 1;
			break;
		}
		if (restore_history_load(history, epochs->epoch[i], err) != 0)
			return -1;
		/* Older ones are of another tenant that had the name. */
		if (uid[0] != '\0' && history->owner.uid[0] != '\0' &&
		    strcmp(uid, history->owner.uid) != 0)
			break;
		if (uid[0] == '\0')
			memcpy(uid, history->owner.uid, sizeof(uid));
		free(search->state);
		search->state =
		    calloc(history->n + 1, sizeof(*search->state));
		if (search->state == NULL)
			err_die("out of memory: %zu objects", history->n);
		/* Each time one object less is taken for good. */
		do
			rc = add_epoch(search, err);
		while (rc == 2);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int
restore_points_find(struct restore_points *points, struct err *err)
{
	struct search search = { .out = points,
		.history = { .store = points->store, .slug = points->slug },
		.until_ms = INT64_MAX };
	struct restore_epochs epochs = { .n = 0 };
	int rc = -1;

	if (restore_epochs_list(points->store, points->slug, &epochs, err) ==
	    0)
		rc = add_epochs(&search, &epochs, err);
	if (rc == 0 && points->n_epochs == 0)
		rc = err_set(err, ERR_NOT_FOUND, "%s: no epoch has a base (yet)",
		    points->slug);
	free(search.state);
	restore_history_clear(&search.history);
	restore_epochs_clear(&epochs);
	return rc;
}
