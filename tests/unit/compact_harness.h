#ifndef ROWHOUSE_TESTS_COMPACT_HARNESS_H
#define ROWHOUSE_TESTS_COMPACT_HARNESS_H

/*
 * A tenant lives for hours, on a clock that the test drives, and compaction
 * does its chores.  What the store offers after that is compared page by page with
 * what every state was; what the catalog says, with what there is.
 */
#include "replication/catalog.h"
#include "replication/compact.h"
#include "replication/restore.h"
#include "replication/shelf.h"
#include "tests/unit/ltx_history.h"

#define STATES 700
#define SECOND 1000
#define MINUTE (60 * SECOND)
#define OK(call)                                                               \
	do {                                                                   \
		if (call)                                                      \
			fail_msg("%s", t->err.msg);                            \
	} while (0)

struct t {
	struct scratch scratch;
	struct config config;
	struct stream_env env;
	struct store *store, *reader; /* the reader is not counted */
	struct stream *stream;
	struct compact *compact;
	struct history history;
	char shelf[128], url[128];
	int64_t now_ms;
	uint64_t txid;
	struct image image[STATES + 1];
	int64_t time_ms[STATES + 1];
	uint64_t first[8]; /* TXIDs of an epoch begin behind it, here */
	uint32_t epoch;
	int kills; /* one step in so many is the last; 0 = none */
	size_t killed;
	struct err err;
};

static inline void
start(struct t *t)
{
	t->store = store_open(t->url, &t->err);
	assert_non_null(t->store);
	t->compact = compact_new(&t->config, t->store);
}

static inline struct t *
setup(uint64_t seed)
{
	struct t *t = calloc(1, sizeof(*t));
	char path[128];

	assert_non_null(t);
	scratch_make(&t->scratch);
	snprintf(t->url, sizeof(t->url), "%.60s/replica", t->scratch.dir);
	snprintf(t->shelf, sizeof(t->shelf), "%.60s/shelf", t->scratch.dir);
	t->config.replica_interval_ms = SECOND;
	t->config.replica_compact_ms = MINUTE;
	t->config.replica_fine_ms = 20 * MINUTE;
	t->config.replica_retain_ms = 120 * MINUTE;
	t->env.config = &t->config;
	start(t);
	t->reader = store_open(t->url, &t->err);
	snprintf(path, sizeof(path), "%.60s/db", t->scratch.dir);
	t->stream = stream_new(&t->env, "acme", path, t->scratch.dir);
	t->stream->shelf = strdup(t->shelf);
	t->history.seed = seed;
	t->history.now.commit = 20;
	t->now_ms = 1795428000000;
	return t;
}

static inline void
teardown(struct t *t)
{
	store_close(t->store);
	store_close(t->reader);
	compact_free(t->compact);
	stream_free(t->stream);
	scratch_remove(&t->scratch);
	free(t);
}

/* Into the store, and as the stream does it, onto the shelf. */
static inline void
ship(struct t *t, int level, uint64_t min, uint64_t max, const char *path)
{
	struct store_op op = { .verb = STORE_PUT,
		.path = path,
		.key = { .slug = "acme",
		    .epoch = t->epoch,
		    .level = level,
		    .min_txid = min,
		    .max_txid = max } };
	int64_t due_ms = (t->now_ms / MINUTE + 1) * MINUTE + 2 * SECOND;

	OK(store_now(t->reader, &op, &t->err));
	OK(shelf_take(t->shelf, &op.key, path, &t->err));
	if (level == STORE_LEVEL_SNAPSHOT)
		due_ms = 1;
	if (due_ms < t->stream->chores_ms || t->stream->chores_ms == 0)
		t->stream->chores_ms = due_ms;
}

static inline void
snapshot(struct t *t)
{
	uint64_t txid = t->txid - t->first[t->epoch];
	struct ltx_header header = { .page_size = HISTORY_PAGE,
		.commit = t->history.now.commit,
		.min_txid = 1,
		.max_txid = txid,
		.time_ms = t->time_ms[t->txid],
		.node = t->epoch };
	const char *path = scratch_path(&t->scratch, "snapshot");
	struct ltx_writer *w;
	int64_t size;
	int fd = file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &t->err);

	w = ltx_writer_new(fd, path, &header);
	for (uint32_t pgno = 1; pgno <= header.commit; pgno++)
		OK(ltx_writer_page(
		    w, pgno, t->history.now.page[pgno], &t->err));
	OK(ltx_writer_finish(w, &size, &t->err));
	ltx_writer_free(w);
	close(fd);
	ship(t, STORE_LEVEL_SNAPSHOT, 1, txid, path);
}

static inline void
note_state(struct t *t)
{
	t->txid++;
	assert_true(t->txid <= STATES);
	t->image[t->txid] = t->history.now;
	t->time_ms[t->txid] = t->now_ms;
	t->stream->pos.txid = t->txid - t->first[t->epoch];
	t->stream->pos.shipped = t->stream->pos.txid;
}

static inline void
new_epoch(struct t *t)
{
	struct store_op op = { .verb = STORE_PUT, .bytes = STR("{}\n") };

	t->epoch++;
	t->first[t->epoch] = t->txid;
	t->stream->pos.epoch = t->history.epoch = t->epoch;
	strcpy(op.key.slug, "acme");
	op.key.epoch = t->epoch;
	op.key.kind = STORE_OWNER;
	OK(store_now(t->reader, &op, &t->err));
	note_state(t);
	snapshot(t);
}

static inline void
commit(struct t *t)
{
	const char *path = scratch_path(&t->scratch, "raw");
	uint64_t txid = t->txid + 1 - t->first[t->epoch];

	history_write(&t->history, txid, t->now_ms, path);
	note_state(t);
	ship(t, 0, txid, txid, path);
}

/* kill -9: what was submitted may have happened or not. */
static inline void
die(struct t *t)
{
	store_close(t->store);
	compact_free(t->compact);
	start(t);
	t->stream->chores_ms = 0;
	t->killed++;
}

/* What the loop does until there is nothing more to do at this moment. */
static inline void
work(struct t *t)
{
	for (int i = 0; i < 100000; i++) {
		compact_begin(t->compact, t->stream, t->now_ms);
		if (!t->stream->chore)
			return;
		if (t->kills > 0 &&
		    history_random(&t->history, (uint32_t)t->kills) == 0) {
			die(t);
			continue;
		}
		compact_work(t->compact, t->now_ms);
		if (compact_wants_sync(t->compact))
			compact_synced(t->compact);
		(void)store_poll(t->store, NULL, 0, 0);
	}
	fail_msg("the chores do not end");
}

static inline void
live(struct t *t, int commits)
{
	for (; commits > 0; commits--) {
		t->now_ms += 1 + history_random(&t->history, 45 * SECOND);
		commit(t);
		if (history_random(&t->history, 60) == 0)
			snapshot(t);
		work(t);
	}
}

static inline void
pass_time(struct t *t, int minutes)
{
	for (; minutes > 0; minutes--) {
		t->now_ms += MINUTE;
		work(t);
	}
}

/* --- judges ------------------------------------------------------------------------ */

struct there {
	struct store_object object[2 * STATES];
	size_t n;
};

static inline int
take(struct store_op *op, const struct store_object *object, struct err *err)
{
	struct there *there = op->arg;

	(void)err;
	assert_true(there->n < 2 * STATES);
	there->object[there->n++] = *object;
	return 0;
}

static inline void
list(struct t *t, uint32_t epoch, int from, int to, struct there *there)
{
	there->n = 0;
	for (int level = from; level <= to; level++) {
		struct store_op op = {
			.verb = STORE_LIST, .object = take, .arg = there
		};

		strcpy(op.key.slug, "acme");
		op.key.epoch = epoch;
		op.key.level = level;
		OK(store_now(t->reader, &op, &t->err));
	}
}

static inline size_t
count(struct t *t, uint32_t epoch, int from, int to)
{
	static struct there there;

	list(t, epoch, from, to, &there);
	return there.n;
}

/* The state as a restore gives it. */
static inline void
assert_state(struct t *t, uint32_t epoch, uint64_t txid)
{
	struct restore_opts opts = { .slug = "acme",
		.epoch = epoch,
		.point = RESTORE_TXID,
		.txid = txid };
	struct arena *arena = arena_new(RESTORE_PLAN_MAX);
	struct restore_plan plan;
	struct image image;
	char path[400];

	OK(restore_plan(t->reader, &opts, arena, &plan, &t->err));
	for (size_t i = 0; i < plan.n; i++) {
		const struct store_key *key = &plan.objects[i].key;
		char name[LTX_NAME];

		ltx_name(key->min_txid, key->max_txid, name);
		snprintf(path, sizeof(path), "%s/acme/%08x/ltx/%d/%s", t->url,
		    key->epoch, key->level, name);
		history_apply(&image, path);
	}
	assert_same_image(&image, &t->image[t->first[epoch] + txid]);
	arena_free(arena);
}

/* All that is promised of the newest epoch; how many merged points. */
static inline size_t
assert_promises(struct t *t)
{
	static struct there there;
	size_t points = 0;

	for (uint64_t at = t->first[t->epoch] + 1; at <= t->txid; at++) {
		if (at == t->txid ||
		    t->time_ms[at] >= t->now_ms - t->config.replica_fine_ms)
			assert_state(t, t->epoch, at - t->first[t->epoch]);
	}
	list(t, t->epoch, 1, 9, &there);
	for (size_t i = 0; i < there.n; i++) {
		uint64_t max = there.object[i].key.max_txid;

		if (t->time_ms[t->first[t->epoch] + max] <
		    t->now_ms - t->config.replica_retain_ms)
			continue;
		assert_state(t, t->epoch, max);
		points++;
	}
	return points;
}

/* Nothing is in the store that is not noted, and what is noted is there. */
static inline void
assert_catalog(struct t *t)
{
	static struct there there;
	char path[200];
	struct catalog *catalog;
	size_t i, k;

	snprintf(path, sizeof(path), "%s/catalog", t->shelf);
	catalog = catalog_load(path, &t->err);
	if (catalog == NULL)
		fail_msg("%s", t->err.msg);
	list(t, t->epoch, 1, 9, &there);
	for (i = 0; i < there.n; i++) {
		const struct store_key *key = &there.object[i].key;

		assert_non_null(catalog_find(catalog, t->epoch, key->level,
		    key->min_txid, key->max_txid));
	}
	for (i = 0; i < catalog->n; i++) {
		const struct catalog_entry *entry = &catalog->entry[i];

		if (entry->epoch != t->epoch || entry->level == 0 ||
		    entry->level == CATALOG_OWNER ||
		    entry->state != CATALOG_THERE)
			continue;
		for (k = 0; k < there.n; k++) {
			if (there.object[k].key.level == entry->level &&
			    there.object[k].key.min_txid == entry->min_txid &&
			    there.object[k].key.max_txid == entry->max_txid)
				break;
		}
		assert_true(k < there.n);
	}
	list(t, t->epoch, 0, 0, &there);
	for (i = 0; i < there.n; i++) {
		uint64_t txid = there.object[i].key.max_txid;

		for (k = 0; k < catalog->n; k++) {
			const struct catalog_entry *entry = &catalog->entry[k];

			if (entry->epoch == t->epoch && entry->level == 0 &&
			    entry->min_txid <= txid && txid <= entry->max_txid)
				break;
		}
		assert_true(k < catalog->n ||
			    txid > catalog_raw_end(catalog, t->epoch));
	}
	catalog_free(catalog);
}

#endif
