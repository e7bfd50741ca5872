#include "replication/streams.h"

#include <sys/stat.h>

#include "tests/unit/follow.h"
#include "tests/unit/switch_to.h"

#define COUNT "SELECT count(*) FROM t"

static void
to_second_incarnation(void)
{
	follow_sql("acme", 2, "INSERT INTO t VALUES (100), (101), (102)");
	OK(switch_to(
	    follow.registry, STR("acme"), 1, 2, 1, 1, &house.err));
}

/* How many rows the newest state of the replica has. */
static int64_t
latest(uint32_t want_epoch)
{
	uint32_t epoch;
	int64_t n = follow_latest("acme", COUNT, &epoch);

	assert_int_equal(epoch, want_epoch);
	return n;
}

/* How many of the tenant's incarnations have something to do. */
static size_t
at_work(void)
{
	size_t i, n = 0;

	for (i = 0; i < follow.streams->n_active; i++)
		n += strcmp(follow.streams->active[i]->slug, "acme") == 0;
	return n;
}

/* What a registry that was restored says. */
static void
set_back(const char *sql)
{
	struct db *db = registry_db(follow.registry);

	OK(db_begin_write(db, &house.err));
	OK(db_exec(db, sql, &house.err));
	OK(db_commit(db, &house.err));
}

static struct position
position_of(uint32_t incarnation)
{
	struct position pos;
	char path[SPOOL_PATH];

	spool_position_path(
	    layout_spool(&house.config, "acme", incarnation).p, path);
	OK(position_read(path, &pos, &house.err));
	return pos;
}

static void
what_was_committed_before_a_switch_is_shipped(void **state)
{
	(void)state;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	follow_all();
	assert_int_equal(latest(1), 1);
	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	to_second_incarnation();
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	follow_all();
	assert_int_equal(at_work(), 0);
	assert_int_equal(position_of(1).shipped, 2);
	assert_int_equal(latest(2), 3);
}

/* Sealed, then written to while no replicator ran, then replaced. */
static void
what_was_committed_before_a_switch_is_shipped_by_the_next(void **state)
{
	(void)state;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	follow_all();
	assert_true(position_of(1).sealed);
	follow_stop();
	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	to_second_incarnation();
	follow_start();
	follow_all();
	assert_int_equal(position_of(1).shipped, 2);
	assert_int_equal(latest(2), 3);

	/* It is looked at once. */
	follow_stop();
	follow_start();
	assert_int_equal(at_work(), 0);
}

/* Undeleted before its last commits were shipped, and after. */
static void
what_is_undeleted_goes_on_where_it_was(void **state)
{
	struct stream *stream;

	(void)state;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	follow_all();
	stream = streams_find(follow.streams, "acme");
	HAVE(stream);
	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	OK(registry_set_state(
	    follow.registry, STR("acme"), REGISTRY_DELETED, &house.err));
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	assert_true(stream->retired);
	assert_null(streams_find(follow.streams, "acme"));
	OK(registry_undelete(follow.registry, STR("acme"), &house.err));
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	assert_ptr_equal(streams_find(follow.streams, "acme"), stream);
	assert_false(stream->retired);
	follow_sql("acme", 1, "INSERT INTO t VALUES (3)");
	stream_touch(stream);
	follow_all();
	assert_int_equal(latest(1), 3);

	OK(registry_set_state(
	    follow.registry, STR("acme"), REGISTRY_DELETED, &house.err));
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	follow_all();
	assert_int_equal(at_work(), 0);
	OK(registry_undelete(follow.registry, STR("acme"), &house.err));
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	follow_sql("acme", 1, "INSERT INTO t VALUES (4)");
	stream_touch(streams_find(follow.streams, "acme"));
	streams_activate(follow.streams, streams_find(follow.streams, "acme"));
	follow_all();
	assert_int_equal(latest(1), 4);
}

/* Removed by hand, then restored. */
static void
what_is_gone_is_no_history_and_is_not_waited_for(void **state)
{
	struct layout_path dir = layout_incarnation(&house.config, "acme", 1);
	struct stream *old;
	char want[700];

	(void)state;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	follow_all();
	old = streams_find(follow.streams, "acme");
	OK(file_remove_tree(dir.p, &house.err));
	assert_int_equal(streams_sweep(follow.streams, SIZE_MAX), 1);
	assert_int_equal(at_work(), 1);
	snprintf(want, sizeof(want), "%s/db.sqlite is not there", dir.p);
	FAILS(stream_flush(old, clock_wall_ms(), 1, &house.err), ERR_NOT_FOUND,
	    want);
	err_clear(&house.err);
	assert_true(old->gone);
	assert_int_equal(old->pos.epoch, 1);
	assert_int_equal(old->pos.shipped, 1);
	assert_int_equal(file_exists(dir.p, &house.err), 0);

	old->retry_ms = INT64_MAX;
	to_second_incarnation();
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	assert_true(old->retired);
	assert_int_equal(old->retry_ms, 0);
	OK(stream_flush(old, clock_wall_ms(), 1, &house.err));
	assert_true(old->gone);
	follow_all();
	assert_int_equal(at_work(), 0);
	assert_int_equal(latest(2), 3);
}

/*
 * A transaction that had begun when the tenant was deleted, and its hint finds
 * no stream: it ends behind the last look at the index, or when nothing is open
 * any more.
 */
static void
what_is_committed_at_the_last_moment_is_shipped(void **state)
{
	struct stream *stream;
	int late;

	(void)state;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	follow_all();
	for (late = 0; late < 2; late++) {
		stream = streams_find(follow.streams, "acme");
		HAVE(stream);
		OK(registry_set_state(follow.registry, STR("acme"),
		    REGISTRY_DELETED, &house.err));
		OK(streams_reconcile(
		    follow.streams, follow.registry, &house.err));
		OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
		while (late && stream_is_open(stream))
			(void)follow_one(stream);
		follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
		follow_all();
		assert_int_equal(at_work(), 0);
		assert_true(position_of(1).sealed);
		assert_int_equal(latest(1), 2 + late);
		OK(registry_undelete(
		    follow.registry, STR("acme"), &house.err));
		OK(streams_reconcile(
		    follow.streams, follow.registry, &house.err));
	}
}

static void
lose_position(uint32_t incarnation)
{
	char path[SPOOL_PATH];

	spool_position_path(
	    layout_spool(&house.config, "acme", incarnation).p, path);
	assert_int_equal(unlink(path), 0);
}

/* A former incarnation that cannot go on does not become the newest state. */
static void
a_replaced_incarnation_begins_no_epoch_after_its_successor(void **state)
{
	struct stream *old;

	(void)state;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	follow_all();
	old = streams_find(follow.streams, "acme");
	to_second_incarnation();
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	assert_true(old->retired);
	/* Its spool was on a disk that failed. */
	lose_position(1);
	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	follow_all();
	assert_int_equal(at_work(), 0);
	assert_int_equal(latest(2), 3);

	/* The same, noticed only when a replicator starts. */
	follow_stop();
	follow_sql("acme", 2, "INSERT INTO t VALUES (103)");
	follow_start();
	follow_all();
	assert_int_equal(latest(2), 4);
}

static void
a_deleted_tenant_may(void **state)
{
	(void)state;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	follow_all();
	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	OK(registry_set_state(
	    follow.registry, STR("acme"), REGISTRY_DELETED, &house.err));
	lose_position(1);
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	assert_null(streams_find(follow.streams, "acme"));
	follow_all();
	assert_int_equal(at_work(), 0);
	assert_int_equal(latest(2), 2);

	/* And the last commits of one that was deleted meanwhile. */
	follow_stop();
	follow_sql("acme", 1, "INSERT INTO t VALUES (3)");
	follow_start();
	follow_all();
	assert_int_equal(latest(2), 3);
	follow_stop();
	follow_start();
	assert_null(streams_find(follow.streams, "acme"));
	assert_int_equal(at_work(), 0);
}

/* A registry that was restored to a time before the switch. */
static void
an_incarnation_that_is_current_again_begins_the_newest_epoch(void **state)
{
	(void)state;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	to_second_incarnation();
	follow_start();
	follow_all();
	assert_int_equal(latest(2), 3);
	set_back("UPDATE tenants SET epoch = 1");
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	follow_all();
	assert_int_equal(latest(3), 1);

	/* The same, noticed only when a replicator starts. */
	set_back("UPDATE tenants SET epoch = 2");
	follow_stop();
	follow_start();
	follow_all();
	assert_int_equal(latest(4), 3);
}

/* How many rows a restore to that time brings. */
static int64_t
rows_at(int64_t time_ms)
{
	struct restore_opts opts = { .slug = "acme",
		.point = RESTORE_TIME,
		.time_ms = time_ms };
	uint32_t epoch;

	return follow_restored(&opts, COUNT, &epoch);
}

/* A commit by a clock that is ahead, as its WAL shows it. */
static void
commit_ahead(int64_t ms)
{
	struct layout_path path = layout_db(&house.config, "acme", 1);
	int64_t s = (clock_wall_ms() + ms) / 1000;
	struct timespec times[2] = { { .tv_sec = s }, { .tv_sec = s } };
	char wal[sizeof(path.p) + 4];

	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	snprintf(wal, sizeof(wal), "%s-wal", path.p);
	assert_int_equal(utimensat(AT_FDCWD, wal, times, 0), 0);
}

static void
swept(void)
{
	while (!streams_sweep(follow.streams, 100))
		;
	follow_all();
}

/* Guards: until the year was over, each of them gave what was before it. */
static void
after_a_clock_that_was_ahead_a_time_is_restored_again(void **state)
{
	int64_t before_ms;

	(void)state;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	follow_all();
	before_ms = clock_wall_ms();
	commit_ahead(INT64_C(365) * 86400000);
	swept();
	assert_int_equal(latest(1), 2);

	/* Was it?  It may as well be behind now. */
	swept();
	assert_int_equal(latest(1), 2);
	assert_int_equal(rows_at(clock_wall_ms()), 1);

	/* Nobody has to write for it, but it may have to wait for others. */
	follow.env.clock_is_sure = 1;
	follow.env.crowded = 1;
	swept();
	assert_int_equal(latest(1), 2);
	follow.env.crowded = 0;
	swept();
	assert_int_equal(latest(2), 2);
	assert_int_equal(rows_at(clock_wall_ms()), 2);
	follow_sql("acme", 1, "INSERT INTO t VALUES (3)");
	swept();
	assert_int_equal(latest(2), 3);
	assert_int_equal(rows_at(clock_wall_ms() + 1000), 3);
	assert_int_equal(rows_at(before_ms), 1);

	/* What a clock may well be off by is no reason for one. */
	commit_ahead(60000);
	swept();
	assert_int_equal(latest(2), 4);
}

/* Of a replaced one that would be after what replaced it. */
static void
a_replaced_incarnation_is_ahead_for_good(void **state)
{
	(void)state;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	follow_all();
	commit_ahead(INT64_C(86400000));
	swept();
	follow.env.clock_is_sure = 1;
	follow_sql("acme", 1, "INSERT INTO t VALUES (3)");
	to_second_incarnation();
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	follow_all();
	assert_int_equal(position_of(1).epoch, 1);
	assert_int_equal(position_of(1).shipped, 3);
	assert_int_equal(latest(2), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		follow_test(what_was_committed_before_a_switch_is_shipped),
		follow_test(what_is_gone_is_no_history_and_is_not_waited_for),
		follow_test(what_is_committed_at_the_last_moment_is_shipped),
		follow_test(what_is_undeleted_goes_on_where_it_was),
		follow_test(
		    what_was_committed_before_a_switch_is_shipped_by_the_next),
		follow_test(
		    a_replaced_incarnation_begins_no_epoch_after_its_successor),
		follow_test(a_deleted_tenant_may),
		follow_test(
		    an_incarnation_that_is_current_again_begins_the_newest_epoch),
		follow_test(
		    after_a_clock_that_was_ahead_a_time_is_restored_again),
		follow_test(a_replaced_incarnation_is_ahead_for_good),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
