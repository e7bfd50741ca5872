#include "replication/thin.h"

#include <dirent.h>

#include "replication/catalog.h"
#include "replication/compact.h"
#include "tests/unit/follow.h"

/*
 * A store that takes nothing, and commits that go on: what waits is merged in
 * place, and each state that is left is one that there was.
 */
#define COUNT   "SELECT count(*) FROM t"
#define COMMITS 30

static struct thin thin;
static struct stream *stream;

/* --- which files ----------------------------------------------------------------- */

static struct spool *
list(const int64_t *time_ms, size_t n)
{
	struct spool *spool =
	    spool_open(house_path("spool"), "acme", &house.err);

	HAVE(spool);
	for (size_t i = 0; i < n; i++) {
		struct store_key key = { .slug = "acme",
			.epoch = 1,
			.level = STORE_LEVEL_RAW,
			.min_txid = i + 2,
			.max_txid = i + 2 };

		spool_add(spool, &key, time_ms[i], 1000);
	}
	spool_synced(spool);
	return spool;
}

#define RUN(spool, n_, min_, max_)                                             \
	do {                                                                   \
		struct spool_run run_ = spool_run(spool);                      \
		assert_int_equal(run_.n, n_);                                  \
		if (run_.n > 0) {                                              \
			assert_int_equal(run_.key.min_txid, min_);             \
			assert_int_equal(run_.key.max_txid, max_);             \
			OK(spool_replace_run(spool, &run_, 0, 1000));          \
		}                                                              \
	} while (0)

static void
the_finest_windows_go_first(void **state)
{
	/* TXIDs   2     3      4      5      6       7       8       9 */
	static const int64_t at[] = { 1000, 11000, 12000, 19000, 61000, 62000,
		130000, 400000 };
	struct spool *spool = list(at, 8);
	struct spool_run run;

	(void)state;
	/* 2 may have been offered, and 9's window may still grow. */
	run = spool_run(spool);
	assert_int_equal(run.n, 3);
	assert_int_equal(run.key.level, SPOOL_MERGED);
	assert_int_equal(run.key.min_txid, 3);
	assert_int_equal(run.key.max_txid, 5);
	OK(spool_replace_run(spool, &run, 19000, 1500));
	assert_int_equal(spool->n, 6);
	assert_int_equal(spool->bytes, 5 * 1000 + 1500);
	run = spool_run(spool);
	assert_int_equal(run.key.min_txid, 6);
	assert_int_equal(run.key.max_txid, 7);
	OK(spool_replace_run(spool, &run, 62000, 1500));
	/* What is not durable is not merged further. */
	assert_int_equal(spool_run(spool).n, 0);
	spool_synced(spool);
	OK(spool_drop_merged(spool, &house.err));
	/* No minute has two; five minutes have. */
	run = spool_run(spool);
	assert_int_equal(run.n, 3);
	assert_int_equal(run.key.min_txid, 3);
	assert_int_equal(run.key.max_txid, 8);
	OK(spool_replace_run(spool, &run, 130000, 1500));
	spool_synced(spool);
	OK(spool_drop_merged(spool, &house.err));
	assert_int_equal(spool_run(spool).n, 0);
	assert_int_equal(spool->n, 3);
	spool_close(spool);
}

static void
what_may_have_been_offered_is_left_alone(void **state)
{
	static const int64_t at[] = { 1000, 1001, 1002, 1003, 1004 };
	struct spool *spool = list(at, 5);
	struct spool_run run = spool_run(spool);

	(void)state;
	assert_int_equal(run.key.min_txid, 3);
	assert_int_equal(run.key.max_txid, 5);
	/* While they are merged, the store answers again. */
	spool_acked(spool, spool_next(spool));
	assert_int_equal(spool_next(spool)->key.max_txid, 3);
	assert_int_equal(spool_replace_run(spool, &run, 1003, 1500), -1);
	assert_int_equal(spool->n, 4);
	run = spool_run(spool);
	assert_int_equal(run.key.min_txid, 4);
	spool_close(spool);
}

static void
what_is_not_durable_is_left_alone(void **state)
{
	static const int64_t at[] = { 1000, 1001, 1002, 1003 };
	struct spool *spool = list(at, 4);
	struct store_key key = { .slug = "acme", .epoch = 1 };
	struct spool_run run;

	(void)state;
	for (uint64_t txid = 6; txid < 9; txid++) {
		key.min_txid = key.max_txid = txid;
		spool_add(spool, &key, 1004, 1000);
	}
	run = spool_run(spool);
	assert_int_equal(run.key.min_txid, 3);
	assert_int_equal(run.key.max_txid, 5);
	spool_close(spool);
}

static void
neither_gaps_nor_epochs_nor_snapshots_are_crossed(void **state)
{
	static const int64_t at[] = { 1000, 1001, 1002 };
	struct spool *spool = list(at, 3);
	struct store_key key = { .slug = "acme", .epoch = 1 };

	(void)state;
	key.level = STORE_LEVEL_SNAPSHOT;
	key.min_txid = 1;
	key.max_txid = 4;
	spool_add(spool, &key, 1002, 1000);
	key.level = STORE_LEVEL_RAW;
	key.min_txid = key.max_txid = 5;
	spool_add(spool, &key, 1003, 1000);
	key.min_txid = key.max_txid = 7;
	spool_add(spool, &key, 1004, 1000);
	key.epoch = 2;
	key.min_txid = key.max_txid = 8;
	spool_add(spool, &key, 1005, 1000);
	spool_synced(spool);
	RUN(spool, 2, 3, 4);
	spool_synced(spool);
	assert_int_equal(spool_run(spool).n, 0);
	spool_close(spool);
}

static void
a_merge_in_doubt_is_taken_back(void **state)
{
	static const int64_t at[] = { 1000, 1001, 1002, 1003, 1004 };
	struct spool *spool = list(at, 5);

	(void)state;
	RUN(spool, 3, 3, 5);
	assert_int_equal(spool->n, 3);
	OK(spool_drop_unsynced(spool, &house.err));
	assert_int_equal(spool->n, 5);
	assert_int_equal(spool->bytes, 5000);
	spool_acked(spool, spool_next(spool));
	assert_int_equal(spool_next(spool)->key.max_txid, 3);
	assert_int_equal(spool_next(spool)->key.level, STORE_LEVEL_RAW);
	spool_close(spool);
}

/* --- with real ones --------------------------------------------------------------- */

/* Some commits, of which the store has none; and a bound that they exceed. */
static void
begin(void)
{
	int i;

	memset(&thin, 0, sizeof(thin));
	house.config.replica_spool_max = 1;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	stream = streams_find(follow.streams, "acme");
	follow_all();
	for (i = 2; i <= COMMITS; i++) {
		char sql[80];

		snprintf(sql, sizeof(sql), "INSERT INTO t VALUES (%d)", i);
		follow_sql("acme", 1, sql);
		stream_touch(stream);
		streams_activate(follow.streams, stream);
		OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
		OK(stream_sync(stream, &house.err));
	}
	assert_int_equal(stream->pos.txid, COMMITS);
	assert_int_equal(stream->spool->n, COMMITS - 1);
}

/* One merge, to its end; how many files the spool has then. */
static size_t
merge(void)
{
	int unsynced = 0, i;

	for (i = 0; i < 100 && !unsynced; i++)
		if (!thin_tick(&thin, follow.streams,
			clock_mono_ms() + i * 100000, &unsynced))
			break;
	return stream->spool->n;
}

static void
merge_all(void)
{
	int turns = 0;
	size_t n;

	do {
		n = merge();
		OK(stream_sync(stream, &house.err));
		OK(stream_synced(stream, &house.err));
		assert_true(turns++ < COMMITS);
	} while (n > 3);
}

static int
files_of(const char *path)
{
	DIR *dir = opendir(house_path(path));
	struct dirent *entry;
	int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		n += strstr(entry->d_name, ".ltx") != NULL;
	closedir(dir);
	return n;
}

static int
files(void)
{
	return files_of("data/tenants/acme/00000001/spool/00000001");
}

static int64_t
latest(void)
{
	uint32_t epoch;
	int64_t n = follow_latest("acme", COUNT, &epoch);

	assert_int_equal(epoch, 1);
	return n;
}

/* Every state that can be restored is one that there was. */
static void
assert_states(void)
{
	int states = 0;

	for (uint64_t txid = 1; txid <= COMMITS; txid++) {
		struct restore_opts opts = {
			.slug = "acme", .point = RESTORE_TXID, .txid = txid
		};
		struct restore_target target = { .path = house_path("at") };
		struct db_opts file = { .path = target.path, .role = DB_TOOL };
		struct arena *arena = arena_new(RESTORE_PLAN_MAX);
		struct restore_plan plan;
		struct err none = ERR_INIT;
		struct db *db;
		int64_t n;

		if (restore_plan(follow.store, &opts, arena, &plan, &none) ==
		    0) {
			OK(restore_build(
			    follow.store, &plan, &target, &house.err));
			db = db_open(&file, &house.err);
			HAVE(db);
			OK(db_int(db, COUNT, &n, &house.err));
			db_close(db);
			assert_int_equal(n, txid);
			states++;
			(void)unlink(house_path("at"));
			(void)unlink(house_path("at-wal"));
			(void)unlink(house_path("at-shm"));
		}
		arena_free(arena);
	}
	assert_in_range(states, 3, COMMITS);
}

static void
what_waits_becomes_one_and_says_the_same(void **state)
{
	int64_t bytes;

	(void)state;
	begin();
	bytes = stream->spool->bytes;
	merge_all();
	assert_in_range(stream->spool->n, 2, 3);
	assert_int_equal(files(), stream->spool->n);
	assert_true(stream->spool->bytes < bytes / 2);
	assert_int_equal(stream->acked, 1);
	follow_all();
	assert_int_equal(stream->pos.epoch, 1);
	assert_int_equal(stream->acked, COMMITS);
	assert_int_equal(latest(), COMMITS);
	assert_states();
}

/*
 * The store answered while they were merged, so it was to be removed; the machine
 * was faster.  It begins with what the store has.
 */
static void
what_a_crash_left_of_a_merge_is_no_gap(void **state)
{
	struct store_key key;
	char paths[4][SPOOL_PATH], out[SPOOL_PATH];
	const char *list[4];
	struct spool_item *item;
	struct ltx_header header;
	int64_t bytes;
	int i;

	(void)state;
	begin();
	item = stream->spool->first;
	while (item->acked || item->key.max_txid < 3)
		item = item->next;
	key = item->key;
	for (i = 0; i < 4; i++, item = item->next) {
		spool_path(stream->spool, &item->key, paths[i]);
		list[i] = paths[i];
		key.max_txid = item->key.max_txid;
	}
	key.level = SPOOL_MERGED;
	spool_path(stream->spool, &key, out);
	OK(ltx_merge_files(list, 4, out, &header, &bytes, &house.err));
	while (stream->acked < 3) {
		ship_next(stream, follow.store, clock_mono_ms());
		(void)store_poll(follow.store, NULL, 0, 0);
	}
	streams_note_shipped(follow.streams);
	follow_stop();
	follow_start();
	stream = streams_find(follow.streams, "acme");
	follow_all();
	assert_int_equal(stream->acked, COMMITS);
	assert_int_equal(stream->pos.epoch, 1);
	assert_int_equal(files(), 0);
	assert_int_equal(latest(), COMMITS);
	assert_states();
}

static void
nothing_is_merged_below_the_bound(void **state)
{
	(void)state;
	begin();
	house.config.replica_spool_max = 1 << 30;
	assert_int_equal(merge(), COMMITS - 1);
	assert_null(thin.merge);
	/* A disk with room for all of that, and one that is nearly full. */
	thin.next_ms = 0;
	follow.env.disk.size = INT64_C(1) << 40;
	follow.env.disk.free = INT64_C(1) << 39;
	assert_int_equal(merge(), COMMITS - 1);
	thin.next_ms = follow.env.disk.free = 0;
	merge_all();
	assert_true(stream->spool->n <= 3);
	follow.env.disk.size = 0;
}

static void
a_store_that_answers_in_the_midst_is_no_harm(void **state)
{
	int unsynced = 0;

	(void)state;
	begin();
	(void)thin_tick(&thin, follow.streams, clock_mono_ms(), &unsynced);
	assert_non_null(thin.merge);
	/* The first two are taken meanwhile. */
	while (stream->acked < 3)
		(void)follow_one(stream);
	while (stream->in_flight)
		(void)store_poll(follow.store, NULL, 0, 0);
	while (thin.merge != NULL)
		(void)thin_tick(
		    &thin, follow.streams, clock_mono_ms(), &unsynced);
	assert_int_equal(unsynced, 0);
	follow_all();
	assert_int_equal(latest(), COMMITS);
	assert_int_equal(stream->acked, COMMITS);
	assert_states();
}

static void
again(void)
{
	thin_stop(&thin);
	follow_stop();
	follow_start();
	stream = streams_find(follow.streams, "acme");
	stream_touch(stream);
	streams_activate(follow.streams, stream);
	follow_all();
}

static void
a_death_before_the_sync_leaves_both(void **state)
{
	(void)state;
	begin();
	(void)merge();
	assert_int_equal(files(), COMMITS);
	again();
	assert_int_equal(latest(), COMMITS);
	assert_int_equal(stream->acked, COMMITS);
	/* The first, which may have been offered, and the newest. */
	assert_int_equal(files_of("replica/acme/00000001/ltx/0"), 2);
	assert_int_equal(files_of("replica/acme/00000001/ltx/1"), 1);
	assert_states();
}

static void
a_death_in_the_midst_of_a_merge_leaves_the_files(void **state)
{
	int unsynced = 0;

	(void)state;
	begin();
	(void)thin_tick(&thin, follow.streams, clock_mono_ms(), &unsynced);
	assert_non_null(thin.merge);
	again();
	assert_int_equal(latest(), COMMITS);
	assert_states();
}

static void
change(const char *command)
{
	char text[1000];

	follow_stop();
	snprintf(text, sizeof(text),
	    "cd %.400s/data/tenants/acme/00000001/spool/00000001 && %s",
	    house.dir, command);
	assert_int_equal(system(text), 0);
	follow_start();
	stream = streams_find(follow.streams, "acme");
	stream_touch(stream);
	streams_activate(follow.streams, stream);
	follow_all();
}

/* As a death leaves it that came while they were removed. */
static void
some_of_the_files_and_the_one_are_whole(void **state)
{
	(void)state;
	begin();
	(void)merge();
	change("rm 0000000000000004-0.ltx 0000000000000010-0.ltx");
	assert_int_equal(stream->pos.epoch, 1);
	assert_int_equal(latest(), COMMITS);
	assert_states();
}

/* As a power cut leaves it that came before the sync. */
static void
a_torn_one_is_thrown_away(void **state)
{
	(void)state;
	begin();
	(void)merge();
	change("for f in *-1-*; do truncate -s 200 $f; done");
	assert_int_equal(stream->pos.epoch, 1);
	assert_int_equal(latest(), COMMITS);
	assert_states();
}

/* Nothing is left that could be continued: never a splice. */
static void
without_either_a_new_epoch_begins(void **state)
{
	uint32_t epoch;

	(void)state;
	begin();
	merge_all();
	change("for f in *-1-*; do truncate -s 200 $f; done");
	assert_int_equal(stream->pos.epoch, 2);
	assert_int_equal(follow_latest("acme", COUNT, &epoch), COMMITS);
	assert_int_equal(epoch, 2);
}

/* --- what the store had before a death, and what is merged after it ---------------- */

#define HAD 5 /* TXIDs that the store has, and of which nobody knows that */

static void
shell(const char *command)
{
	char text[1000];

	snprintf(text, sizeof(text), "cd %.400s && %s", house.dir, command);
	assert_int_equal(system(text), 0);
}

/* The chores of all windows that are over by then. */
static void
compact_until(int64_t now_ms)
{
	struct compact *compact = compact_new(&house.config, follow.store);
	int i;

	for (i = 0; i < 10000; i++) {
		compact_begin(compact, stream, now_ms);
		if (!stream->chore)
			break;
		compact_work(compact, now_ms);
		if (compact_wants_sync(compact))
			compact_synced(compact);
		(void)store_poll(follow.store, NULL, 0, 0);
	}
	assert_false(stream->chore);
	compact_free(compact);
}

/* The catalog knows of every raw object, and of the merged one from there on. */
static void
assert_noted(uint64_t from)
{
	struct layout_path shelf = layout_shelf(&house.config, "acme");
	struct catalog *catalog;
	char path[LAYOUT_MAX + 16];
	size_t i;

	snprintf(path, sizeof(path), "%s/catalog", shelf.p);
	catalog = catalog_load(path, &house.err);
	HAVE(catalog);
	assert_non_null(catalog_find(catalog, 1, 1, from, COMMITS - 1));
	for (uint64_t txid = 2; txid <= COMMITS; txid++) {
		for (i = 0; i < catalog->n; i++) {
			const struct catalog_entry *entry = &catalog->entry[i];

			if (entry->level == 0 && entry->min_txid <= txid &&
			    txid <= entry->max_txid)
				break;
		}
		assert_true(i < catalog->n);
	}
	catalog_free(catalog);
}

/*
 * The store has taken some files, and the machine dies before the position that says
 * so is durable.  They wait again, and in an outage all but the first are
 * merged: the store has them beside what they went into.
 */
static void
what_the_store_had_before_a_death_lies_beside_the_merged_one(void **state)
{
	static const char *const raw = "replica/acme/00000001/ltx/0";
	static const char *const merged = "replica/acme/00000001/ltx/1";
	uint64_t from;

	(void)state;
	house.config.replica_compact_ms = 60 * 1000;
	house.config.replica_fine_ms = 20 * 60 * 1000;
	house.config.replica_retain_ms = INT64_C(30) * 24 * 3600 * 1000;
	follow.env.shelf_max = 1 << 30;
	begin();
	/* From here on the disk hears nothing more. */
	shell("cp -a data kept");
	while (stream->acked < HAD)
		(void)follow_one(stream);
	while (stream->in_flight)
		(void)store_poll(follow.store, NULL, 0, 0);
	assert_int_equal(files_of(raw), HAD - 1);
	follow_stop();
	shell("rm -r data/tenants && mv kept/tenants data/");
	follow_start();
	stream = streams_find(follow.streams, "acme");
	stream_touch(stream);
	streams_activate(follow.streams, stream);
	OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
	OK(stream_sync(stream, &house.err));
	/* Behind the one that may have been offered. */
	from = stream->acked + 2;
	assert_true(from < HAD);
	merge_all();
	follow_all();
	assert_int_equal(stream->pos.epoch, 1);
	assert_int_equal(stream->acked, COMMITS);
	/* Those, and the newest. */
	assert_int_equal(files_of(raw), HAD);
	assert_int_equal(files_of(merged), 1);
	assert_int_equal(latest(), COMMITS);
	assert_states();

	compact_until(clock_wall_ms() + INT64_C(3600) * 1000);
	assert_noted(from);
	assert_int_equal(latest(), COMMITS);
	assert_states();
	/*
	 * Older than fine, and the grace is over: of what is raw only the one is
	 * left that was alone before the merged one, a state that nothing else has.
	 */
	compact_until(clock_wall_ms() + INT64_C(3) * 3600 * 1000);
	assert_int_equal(files_of(raw), from - 2);
	assert_states();
	assert_int_equal(latest(), COMMITS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(the_finest_windows_go_first),
		house_test(what_may_have_been_offered_is_left_alone),
		house_test(what_is_not_durable_is_left_alone),
		house_test(neither_gaps_nor_epochs_nor_snapshots_are_crossed),
		house_test(a_merge_in_doubt_is_taken_back),
		follow_test(what_waits_becomes_one_and_says_the_same),
		follow_test(what_a_crash_left_of_a_merge_is_no_gap),
		follow_test(nothing_is_merged_below_the_bound),
		follow_test(a_store_that_answers_in_the_midst_is_no_harm),
		follow_test(a_death_before_the_sync_leaves_both),
		follow_test(a_death_in_the_midst_of_a_merge_leaves_the_files),
		follow_test(some_of_the_files_and_the_one_are_whole),
		follow_test(a_torn_one_is_thrown_away),
		follow_test(without_either_a_new_epoch_begins),
		follow_test(
		    what_the_store_had_before_a_death_lies_beside_the_merged_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
