/*
 * For the tests of what the replicator's loop drives: a house with tenants, its
 * streams, and a replica in a directory; and the loop, without clocks.
 */
#ifndef ROWHOUSE_TESTS_FOLLOW_H
#define ROWHOUSE_TESTS_FOLLOW_H

#include <fcntl.h>
#include <unistd.h>

#include "replication/restore.h"
#include "replication/ship.h"
#include "replication/streams.h"
#include "tenants/base/clock.h"
#include "tenants/base/log.h"
#include "tenants/layout.h"
#include "tests/unit/house.h"

struct follow {
	struct stream_env env;
	struct registry *registry;
	struct streams *streams;
	struct store *store;
};

static struct follow follow;

static inline void
follow_start(void)
{
	follow.streams = streams_new(&follow.env);
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
}

static inline void
follow_stop(void)
{
	streams_free(follow.streams);
	follow.streams = NULL;
}

static inline int
follow_enter(void **state)
{
	if (house_enter(state) != 0)
		return -1;
	memset(&follow, 0, sizeof(follow));
	house.config.replica_interval_ms = 1000;
	house.config.replica_checkpoint = 50;
	house.config.replica_snapshot_ms = 86400000;
	snprintf(house.config.replica, sizeof(house.config.replica),
	    "%.200s/replica", house.dir);
	follow.env.config = &house.config;
	follow.env.host = "here";
	follow.env.data_fd =
	    open(house.config.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	follow.store = store_open(house.config.replica, &house.err);
	HAVE(follow.store);
	follow.registry =
	    registry_open(&house.config, DB_REPLICATE, 1, &house.err);
	HAVE(follow.registry);
	return 0;
}

static inline int
follow_leave(void **state)
{
	follow_stop();
	registry_close(follow.registry);
	store_close(follow.store);
	close(follow.env.data_fd);
	return house_leave(state);
}

#define follow_test(f)                                                         \
	cmocka_unit_test_setup_teardown(f, follow_enter, follow_leave)

/* One statement into an incarnation, which is made where there is none. */
static inline void
follow_sql(const char *slug, uint32_t epoch, const char *sql)
{
	struct layout_path dir = layout_incarnation(&house.config, slug, epoch);
	struct layout_path path = layout_db(&house.config, slug, epoch);
	struct db_opts opts = { .path = path.p, .role = DB_SERVE };
	struct db *db;

	OK(file_mkdirs(dir.p, 0770, &house.err));
	opts.create = file_exists(path.p, &house.err) == 0;
	db = db_open(&opts, &house.err);
	HAVE(db);
	OK(db_begin_write(db, &house.err));
	if (opts.create)
		OK(db_exec(db, "CREATE TABLE t (a)", &house.err));
	OK(db_exec(db, sql, &house.err));
	OK(db_commit(db, &house.err));
	db_close(db);
}

static inline void
follow_tenant(const char *slug)
{
	struct registry_tenant row = { .epoch = 1, .generation = 1 };

	snprintf(row.slug, sizeof(row.slug), "%s", slug);
	snprintf(row.uid, sizeof(row.uid), "uid-of-%s", slug);
	OK(registry_add(follow.registry, &row, &house.err));
}

/* What the loop does for one of them; 1 where there is more to do. */
static inline int
follow_one(struct stream *stream)
{
	if (stream->snapshot != NULL &&
	    stream_step(stream, 100, &house.err) < 0)
		fail_msg("%s: %s", stream->slug, house.err.msg);
	if (stream->dirty &&
	    stream_flush(stream, clock_wall_ms(), 1, &house.err) != 0) {
		if (!stream->gone)
			fail_msg("%s: %s", stream->slug, house.err.msg);
		err_clear(&house.err);
	}
	OK(stream_sync(stream, &house.err));
	stream->ship_retry_ms = 0;
	ship_next(stream, follow.store, clock_mono_ms());
	(void)store_poll(follow.store, NULL, 0, 0);
	if (stream->retired && !stream->dirty && stream->snapshot == NULL)
		OK(stream_rest(stream, &house.err));
	if (stream_wants_seal(stream, INT64_MAX) &&
	    stream_seal(stream, &house.err) < 0)
		fail_msg("%s: %s", stream->slug, house.err.msg);
	return stream->dirty || stream->snapshot != NULL || stream->in_flight ||
	       ship_size(stream, clock_mono_ms()) >= 0;
}

/* Until all is shipped and sealed, or will not be. */
static inline void
follow_all(void)
{
	int turns;
	size_t i;

	for (turns = 0; turns < 1000 && follow.streams->n_active > 0; turns++) {
		for (i = 0; i < follow.streams->n_active; i++)
			(void)follow_one(follow.streams->active[i]);
		streams_settle(follow.streams);
	}
}

/* A state that the replica has: its epoch, and the answer to sql. */
static inline int64_t
follow_restored(const struct restore_opts *opts, const char *sql, uint32_t *epoch)
{
	struct restore_target target = { .path = house_path("restored") };
	struct db_opts file = { .path = target.path, .role = DB_TOOL };
	struct arena *arena = arena_new(RESTORE_PLAN_MAX);
	struct restore_plan plan;
	struct db *db;
	int64_t n;

	OK(restore_plan(follow.store, opts, arena, &plan, &house.err));
	*epoch = plan.epoch;
	OK(restore_build(follow.store, &plan, &target, &house.err));
	arena_free(arena);
	db = db_open(&file, &house.err);
	HAVE(db);
	OK(db_int(db, sql, &n, &house.err));
	db_close(db);
	(void)unlink(house_path("restored"));
	(void)unlink(house_path("restored-wal"));
	(void)unlink(house_path("restored-shm"));
	return n;
}

static inline int64_t
follow_latest(const char *slug, const char *sql, uint32_t *epoch)
{
	struct restore_opts opts = { .slug = slug, .point = RESTORE_LATEST };

	return follow_restored(&opts, sql, epoch);
}

#endif
