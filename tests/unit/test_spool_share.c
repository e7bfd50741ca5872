#include "replication/spool_share.h"

#include "tenants/full.h"
#include "tests/unit/follow.h"
#include "tests/unit/switch_to.h"

/*
 * More waits for the store than may: who has more than his share is refused,
 * who has less is not, and nobody any more when it is less.
 */
static struct spool_share share;
static int64_t mono_ms;

static void
look(void)
{
	mono_ms += 1000;
	spool_share_tick(&share, follow.streams, mono_ms);
}

static struct stream *
stream_of(const char *slug)
{
	struct stream *stream = streams_find(follow.streams, slug);

	assert_non_null(stream);
	return stream;
}

/* So much of it waits. */
static void
waits(const char *slug, uint32_t epoch, int bytes)
{
	struct stream *stream;
	char sql[100];

	snprintf(sql, sizeof(sql),
	    "INSERT INTO t VALUES (hex(randomblob(%d)))", bytes);
	follow_sql(slug, epoch, sql);
	stream = stream_of(slug);
	stream_touch(stream);
	streams_activate(follow.streams, stream);
	OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
	OK(stream_sync(stream, &house.err));
	assert_true(stream->spool->bytes > bytes);
}

static int
may_write(const char *slug)
{
	struct err err = ERR_INIT;

	if (full_check(&house.config, slug, &err) == 0)
		return 1;
	assert_int_equal(err.code, ERR_FULL);
	assert_true(err.retry_after > 0);
	return 0;
}

static void
begin(void)
{
	house.config.replica_spool_max = 40000;
	house.config.replica_spool_refuse = 1;
	mono_ms = 0;
	follow_tenant("acme");
	follow_tenant("bolt");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_sql("bolt", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	follow_all();
	spool_share_begin(&share, &house.config);
	look();
	assert_true(may_write("acme"));
}

static void
who_has_more_than_his_share_is_refused(void **state)
{
	(void)state;
	begin();
	waits("acme", 1, 16000);
	waits("bolt", 1, 2000);
	look();
	assert_true(may_write("acme"));
	waits("acme", 1, 30000);
	look();
	assert_false(may_write("acme"));
	assert_true(may_write("bolt"));
	assert_true(stream_of("acme")->refused);
	/* The store takes it. */
	follow_all();
	look();
	assert_true(may_write("acme"));
	assert_false(stream_of("acme")->refused);
	spool_share_end(&share, &house.config);
}

static void
where_it_may_grow_nobody_is(void **state)
{
	(void)state;
	begin();
	house.config.replica_spool_refuse = 0;
	waits("acme", 1, 60000);
	look();
	assert_true(may_write("acme"));
	assert_int_equal(share.n, 0);
	spool_share_end(&share, &house.config);
}

static void
a_mark_of_before_is_forgotten(void **state)
{
	(void)state;
	begin();
	OK(full_mark(&house.config, "acme", &house.err));
	assert_false(may_write("acme"));
	spool_share_begin(&share, &house.config);
	assert_true(may_write("acme"));
	waits("acme", 1, 60000);
	look();
	assert_false(may_write("acme"));
	/* No replicator, no marks. */
	spool_share_end(&share, &house.config);
	assert_true(may_write("acme"));
}

/* What replaced it has nothing that waits, and is another stream. */
static void
a_restored_tenant_begins_anew(void **state)
{
	(void)state;
	begin();
	waits("acme", 1, 60000);
	look();
	assert_false(may_write("acme"));
	follow_sql("acme", 2, "INSERT INTO t VALUES (1)");
	OK(switch_to(
	    follow.registry, STR("acme"), 1, 2, 1, 1, &house.err));
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	look();
	assert_true(may_write("acme"));
	assert_int_equal(share.n, 0);
	follow_all();
	spool_share_end(&share, &house.config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		follow_test(who_has_more_than_his_share_is_refused),
		follow_test(where_it_may_grow_nobody_is),
		follow_test(a_mark_of_before_is_forgotten),
		follow_test(a_restored_tenant_begins_anew),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
