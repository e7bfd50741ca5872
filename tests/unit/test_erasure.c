#include "replication/erasure.h"

#include "tests/unit/follow.h"

static struct claim *claim;

/* What is due at that moment, to its end. */
static void
tend(struct claim *whose)
{
	int i;

	for (i = 0; i < 5; i++) {
		claim_tend(whose, 1, clock_mono_ms() + 100000);
		while (store_room(follow.store) < 8)
			(void)store_poll(follow.store, NULL, 0, 0);
		(void)store_poll(follow.store, NULL, 0, 0);
	}
}

static int
enter(void **state)
{
	char id[REGISTRY_HOUSE + 1];

	if (follow_enter(state) != 0)
		return -1;
	house.config.replica_claim_ms = 1000;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	OK(registry_house(follow.registry, id, &house.err));
	claim = claim_new(&house.config, follow.store, "here", id, &house.err);
	HAVE(claim);
	return 0;
}

static int
leave(void **state)
{
	claim_free(claim);
	return follow_leave(state);
}

#define within(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static int
may(void)
{
	err_clear(&house.err);
	return erasure_may(
	    follow.streams, follow.registry, claim, STR("acme"), &house.err);
}

static void
mark(void)
{
	OK(registry_set_state(
	    follow.registry, STR("acme"), REGISTRY_DELETED, &house.err));
	OK(registry_erase_begin(follow.registry, STR("acme"), &house.err));
}

static size_t
at_work(void)
{
	size_t i, n = 0;

	for (i = 0; i < follow.streams->n_active; i++)
		n += strcmp(follow.streams->active[i]->slug, "acme") == 0;
	return n;
}

static void
only_what_the_registry_says(void **state)
{
	(void)state;
	tend(claim);
	FAILS(may(), ERR_CONFLICT, "tenant acme is not being erased");
	OK(registry_set_state(
	    follow.registry, STR("acme"), REGISTRY_DELETED, &house.err));
	FAILS(may(), ERR_CONFLICT, "tenant acme is not being erased");
	assert_int_equal(at_work(), 1);
	OK(registry_erase_begin(follow.registry, STR("acme"), &house.err));
	assert_int_equal(may(), 0);
	assert_int_equal(at_work(), 0);
}

static void
only_by_the_owner_of_the_replica(void **state)
{
	struct config there = house.config;
	struct claim *other;
	char id[REGISTRY_HOUSE + 1];

	(void)state;
	mark();
	/* Not known yet. */
	assert_int_equal(may(), 1);
	tend(claim);
	assert_int_equal(may(), 0);
	/* Another machine that was made of the same replica takes it over. */
	snprintf(there.data, sizeof(there.data), "%.200s/there", house.dir);
	OK(file_mkdirs(there.data, 0755, &house.err));
	OK(registry_house(follow.registry, id, &house.err));
	other = claim_new(&there, follow.store, "there", id, &house.err);
	HAVE(other);
	tend(other);
	tend(claim);
	err_clear(&house.err);
	assert_int_equal(may(), -1);
	assert_int_equal(house.err.code, ERR_CONFLICT);
	assert_non_null(strstr(house.err.msg, "this machine was replaced"));
	claim_free(other);
}

/* What was captured is not shipped, and what is on its way is waited for. */
static void
nothing_follows_it_into_the_replica(void **state)
{
	struct stream *stream = streams_find(follow.streams, "acme");
	int turns;

	(void)state;
	tend(claim);
	/* The claim of the epoch is on its way. */
	OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
	for (turns = 0; stream->snapshot != NULL && turns < 1000; turns++)
		assert_true(stream_step(stream, 100, &house.err) >= 0);
	OK(stream_sync(stream, &house.err));
	ship_next(stream, follow.store, clock_mono_ms());
	assert_true(stream->in_flight);
	mark();
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	assert_null(streams_find(follow.streams, "acme"));
	assert_int_equal(may(), 1);
	assert_int_equal(at_work(), 1);
	for (turns = 0; may() == 1 && turns < 1000; turns++)
		(void)store_poll(follow.store, NULL, 0, 0);
	assert_int_equal(may(), 0);
	assert_int_equal(at_work(), 0);
	/* Nor is one made by another start, though its files are there. */
	follow_stop();
	follow_start();
	assert_null(streams_find(follow.streams, "acme"));
	assert_int_equal(at_work(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		within(only_what_the_registry_says),
		within(only_by_the_owner_of_the_replica),
		within(nothing_follows_it_into_the_replica),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("erasure", tests, NULL, NULL);
}
