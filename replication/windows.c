#include "replication/windows.h"

#include <string.h>

static int64_t
length_of(const struct windows *w, int level)
{
	return level == 1 ? w->length_ms : w->length_ms * WINDOWS_RATIO;
}

static int64_t
window_of(const struct windows *w, int level, const struct shelf_piece *piece)
{
	return piece->time_ms / length_of(w, level);
}

/* Can nothing be added any more to the window that ends with piece[to - 1]? */
static int
is_closed(const struct windows *w, int level, size_t to)
{
	int64_t window = window_of(w, level, &w->piece[to - 1]);

	if (w->closed_ms == INT64_MAX ||
	    (window + 1) * length_of(w, level) <= w->closed_ms)
		return 1;
	for (; to < w->n; to++) {
		if (window_of(w, level, &w->piece[to]) > window ||
		    w->piece[to].level >= level)
			return 1;
	}
	return 0;
}

/* From piece `from`: those below the level that join, in one window. */
static size_t
group_end(const struct windows *w, int level, size_t from, int64_t *bytes)
{
	const struct shelf_piece *p = w->piece;
	size_t to = from;

	*bytes = 0;
	while (to < w->n && p[to].level < level &&
	       (to == from || (p[to].min_txid == p[to - 1].max_txid + 1 &&
				  window_of(w, level, &p[to]) ==
				      window_of(w, level, &p[from]))))
		*bytes += p[to++].size;
	return to;
}

static struct windows_task
about(enum windows_verb verb, const struct windows *w, size_t from, size_t to)
{
	return (struct windows_task){ .verb = verb,
		.from = from,
		.to = to,
		.level = w->piece[from].level,
		.min_txid = w->piece[from].min_txid,
		.max_txid = w->piece[to - 1].max_txid,
		.time_ms = w->piece[to - 1].time_ms };
}

static struct windows_task
nothing(void)
{
	return (struct windows_task){ .verb = WINDOWS_NOTHING };
}

static int
is_there(const struct windows *w, const struct shelf_piece *piece)
{
	const struct catalog_entry *entry = catalog_find(w->catalog,
	    piece->epoch, piece->level, piece->min_txid, piece->max_txid);

	return entry != NULL && entry->state != CATALOG_PUTTING;
}

/* What is to be known before anything else, and what cannot be read. */
static struct windows_task
first_things(const struct windows *w)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->piece[i].time_ms == 0)
			return about(WINDOWS_DROP, w, i, i + 1);
		if (w->piece[i].level == STORE_LEVEL_SNAPSHOT)
			return about(WINDOWS_NOTE, w, i, i + 1);
	}
	return nothing();
}

/* Raw objects that the catalog does not have yet. */
static struct windows_task
next_run(const struct windows *w)
{
	uint64_t end =
	    w->n > 0 ? catalog_raw_end(w->catalog, w->piece[0].epoch) : 0;
	struct windows_task task;
	int64_t bytes;
	size_t i, to;

	if (end == 0)
		end = 1; /* the base */
	for (i = 0; i < w->n; i++) {
		const struct shelf_piece *piece = &w->piece[i];

		if (piece->level != 0 || piece->max_txid <= end)
			continue;
		to = group_end(w, 1, i, &bytes);
		if (!is_closed(w, 1, to))
			return nothing();
		task = about(WINDOWS_RUN, w, i, to);
		if (piece->min_txid > end + 1) {
			/* They went by without the shelf. */
			task.max_txid = piece->min_txid - 1;
			task.time_ms = piece->time_ms;
		}
		task.min_txid = end + 1;
		return task;
	}
	return nothing();
}

/* Merged files that are not in the store yet, and then what is in them. */
static struct windows_task
next_merged(const struct windows *w)
{
	size_t cover = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (w->piece[i].level > 0 && !is_there(w, &w->piece[i]))
			return about(WINDOWS_PUT, w, i, i + 1);
	}
	for (size_t i = 1; i < w->n; i++) {
		if (w->piece[i].max_txid <= w->piece[cover].max_txid)
			return about(WINDOWS_DROP, w, i, i + 1);
		cover = i;
	}
	return nothing();
}

static struct windows_task
next_merge(const struct windows *w, int level)
{
	struct windows_task task;
	int64_t bytes;
	size_t i, to;

	for (i = 0; i<w->n; i = to> i ? to : i + 1) {
		to = group_end(w, level, i, &bytes);
		if (to < i + 2 || !is_closed(w, level, to))
			continue;
		if (bytes > WINDOWS_MERGE_MAX)
			return about(WINDOWS_DROP, w, i, i + 1);
		task = about(WINDOWS_MERGE, w, i, to);
		task.level = level;
		return task;
	}
	return nothing();
}

/* What nothing will be added to. */
static struct windows_task
next_rest(const struct windows *w)
{
	int64_t bytes;

	for (size_t i = 0; i < w->n; i++) {
		if (w->piece[i].level >= 2 ||
		    (group_end(w, 2, i, &bytes) == i + 1 &&
			is_closed(w, 2, i + 1)))
			return about(WINDOWS_DROP, w, i, i + 1);
	}
	return nothing();
}

struct windows_task
windows_next(const struct windows *w)
{
	struct windows_task task = first_things(w);

	if (task.verb == WINDOWS_NOTHING)
		task = next_run(w);
	if (task.verb == WINDOWS_NOTHING)
		task = next_merged(w);
	if (task.verb == WINDOWS_NOTHING)
		task = next_merge(w, 1);
	if (task.verb == WINDOWS_NOTHING)
		task = next_merge(w, 2);
	if (task.verb == WINDOWS_NOTHING)
		task = next_rest(w);
	return task;
}

int64_t
windows_due(const struct windows *w)
{
	int64_t due_ms = INT64_MAX, bytes, end_ms;

	for (int level = 1; level <= WINDOWS_LEVELS; level++) {
		size_t to;

		for (size_t i = 0; i<w->n; i = to> i ? to : i + 1) {
			to = group_end(w, level, i, &bytes);
			if (to < i + 2)
				continue;
			end_ms = (window_of(w, level, &w->piece[i]) + 1) *
				 length_of(w, level);
			if (end_ms < due_ms)
				due_ms = end_ms;
		}
	}
	return due_ms;
}
