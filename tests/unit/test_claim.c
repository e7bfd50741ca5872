#include "replication/claim.h"

#include "tests/unit/house.h"

#include "tenants/base/clock.h"
#include "tenants/base/file.h"

/*
 * Machines are data directories here; their clock is the test's.  Whether two of
 * them are one place is told by the directory, as for the real ones.
 */
#define CLAIM_MS 1000

struct machine {
	struct config config;
	struct store *store;
	struct claim *claim;
};

static const char *house_id = "first";

static void
start(struct machine *m, const char *name)
{
	m->config = house.config;
	m->config.replica_claim_ms = CLAIM_MS;
	snprintf(m->config.data, sizeof(m->config.data), "%.200s/%s", house.dir,
	    name);
	OK(file_mkdirs(m->config.data, 0700, &house.err));
	m->store = store_open(house_path("replica"), &house.err);
	HAVE(m->store);
	m->claim = claim_new(&m->config, m->store, name, house_id, &house.err);
	HAVE(m->claim);
}

static void
stop(struct machine *m)
{
	claim_free(m->claim);
	store_close(m->store);
	memset(m, 0, sizeof(*m));
}

/* What is due at that moment, to its end. */
static void
run(struct machine *m, int64_t mono_ms)
{
	int i;

	for (i = 0; i < 5; i++) {
		claim_tend(m->claim, 1, mono_ms);
		while (store_room(m->store) < 8)
			(void)store_poll(m->store, NULL, 0, 0);
		(void)store_poll(m->store, NULL, 0, 0);
	}
}

static int
ships(const struct machine *m)
{
	return claim_may_ship(m->claim, clock_mono_ms());
}

static int64_t
soon(void)
{
	return clock_mono_ms() + 10 * CLAIM_MS;
}

static void
assert_lost(const struct machine *m, const char *to)
{
	const struct err *lost = claim_lost(m->claim);
	char want[600];

	assert_non_null(lost);
	snprintf(want, sizeof(want), "%s belongs to %s since ",
	    store_url(m->store), to);
	assert_memory_equal(lost->msg, want, strlen(want));
	assert_non_null(strstr(lost->msg, "this machine was replaced"));
	snprintf(want, sizeof(want), "remove %s/claim", m->config.data);
	assert_non_null(strstr(lost->hint, want));
	assert_false(ships(m));
	assert_int_equal(claim_confirmed_ms(m->claim), 0);
	assert_int_equal(claim_due_ms(m->claim, 1), INT64_MAX);
}

static void
nothing_is_asked_while_all_is_idle(void **state)
{
	struct machine a;
	struct store_stats stats;

	(void)state;
	start(&a, "a");
	claim_tend(a.claim, 0, soon());
	assert_int_equal(claim_due_ms(a.claim, 0), INT64_MAX);
	assert_false(ships(&a));
	store_stats(a.store, &stats);
	assert_int_equal(stats.gets + stats.puts, 0);
	stop(&a);
}

static void
the_first_has_it_at_once(void **state)
{
	struct machine a;
	int64_t at_ms;

	(void)state;
	start(&a, "a");
	run(&a, clock_mono_ms());
	assert_true(ships(&a));
	assert_true(claim_confirmed_ms(a.claim) > 0);
	/* Confirmed too long ago it is worth nothing. */
	assert_false(claim_may_ship(
	    a.claim, claim_confirmed_ms(a.claim) + 2 * CLAIM_MS));
	assert_in_range(claim_due_ms(a.claim, 1),
	    claim_confirmed_ms(a.claim) + 1,
	    claim_confirmed_ms(a.claim) + CLAIM_MS);
	/* For an answer no more than for an object: a successor ships by then. */
	at_ms = claim_confirmed_ms(a.claim) + 2 * CLAIM_MS;
	assert_true(claim_is_fresh(a.claim, at_ms - 1));
	assert_false(claim_is_fresh(a.claim, at_ms));
	assert_int_equal(claim_due_ms(a.claim, 1), 0);
	a.config.replica_claim_ms = 6 * CLAIM_FRESH_MS;
	at_ms = claim_confirmed_ms(a.claim) + CLAIM_FRESH_MS;
	assert_true(claim_is_fresh(a.claim, at_ms));
	assert_false(claim_is_fresh(a.claim, at_ms + 1));
	a.config.replica_claim_ms = CLAIM_MS;
	run(&a, soon());
	assert_true(ships(&a));
	/* Killed and started again in the same place: no wait. */
	stop(&a);
	start(&a, "a");
	run(&a, clock_mono_ms());
	assert_true(ships(&a));
	stop(&a);
}

static void
a_later_machine_takes_over_and_waits(void **state)
{
	struct machine a, b;

	(void)state;
	start(&a, "a");
	run(&a, clock_mono_ms());
	start(&b, "b");
	claim_tend(b.claim, 1, clock_mono_ms());
	run(&b, clock_mono_ms());
	assert_false(ships(&b));
	assert_in_range(claim_due_ms(b.claim, 1), clock_mono_ms() + CLAIM_MS,
	    clock_mono_ms() + 2 * CLAIM_MS);
	/* The older finds out when it asks, and not before. */
	assert_true(ships(&a));
	run(&a, soon());
	assert_lost(&a, "b");
	run(&b, soon());
	assert_true(ships(&b));
	/* However often it is started, it is the older one. */
	stop(&a);
	start(&a, "a");
	run(&a, soon());
	assert_lost(&a, "b");
	/* Unless the operator wants it. */
	OK(file_remove(house_path("a/claim"), &house.err));
	stop(&a);
	start(&a, "a");
	run(&a, clock_mono_ms());
	run(&a, soon());
	assert_true(ships(&a));
	run(&b, soon());
	assert_lost(&b, "a");
	stop(&a);
	stop(&b);
}

static void
who_said_goodbye_is_not_waited_for(void **state)
{
	struct machine a, b;

	(void)state;
	start(&a, "a");
	run(&a, clock_mono_ms());
	claim_release(a.claim);
	start(&b, "b");
	run(&b, clock_mono_ms());
	assert_true(ships(&b));
	stop(&a);
	start(&a, "a");
	run(&a, soon());
	assert_lost(&a, "b");
	stop(&a);
	stop(&b);
}

/* A copy of the data directory remembers the same claim. */
static void
of_two_images_the_later_start_wins(void **state)
{
	struct machine a, b;
	char cmd[1200];

	(void)state;
	start(&a, "a");
	run(&a, clock_mono_ms());
	snprintf(
	    cmd, sizeof(cmd), "cp -a %.200s/a %.200s/b", house.dir, house.dir);
	assert_int_equal(system(cmd), 0);
	start(&b, "b");
	run(&b, clock_mono_ms());
	assert_false(ships(&b));
	run(&b, soon());
	assert_true(ships(&b));
	run(&a, soon());
	assert_lost(&a, "b");
	stop(&a);
	stop(&b);
}

static void
another_replica_is_another_matter(void **state)
{
	struct machine a, b;

	(void)state;
	start(&a, "a");
	run(&a, clock_mono_ms());
	start(&b, "b");
	run(&b, clock_mono_ms());
	run(&b, soon());
	stop(&a);
	start(&a, "a");
	run(&a, soon());
	assert_lost(&a, "b");
	/* The claim that is remembered is of the other. */
	claim_free(a.claim);
	store_close(a.store);
	a.store = store_open(house_path("elsewhere"), &house.err);
	HAVE(a.store);
	a.claim = claim_new(&a.config, a.store, "a", house_id, &house.err);
	HAVE(a.claim);
	run(&a, clock_mono_ms());
	assert_true(ships(&a));
	stop(&a);
	stop(&b);
}

static void
assert_other_house(const struct machine *m)
{
	const struct err *lost = claim_lost(m->claim);
	char want[600];

	assert_non_null(lost);
	snprintf(want, sizeof(want), "%s is the replica of another house ",
	    store_url(m->store));
	assert_memory_equal(lost->msg, want, strlen(want));
	snprintf(want, sizeof(want),
	    "stop rowhouse, move %s away and run rowhouse restore --all",
	    m->config.data);
	assert_non_null(strstr(lost->hint, want));
	assert_false(ships(m));
}

/* An empty house would be taken for what became of the one before. */
static void
another_house_ships_nothing(void **state)
{
	struct machine a, b;

	(void)state;
	start(&a, "a");
	run(&a, clock_mono_ms());
	claim_release(a.claim);
	stop(&a);
	house_id = "second";
	start(&b, "b");
	run(&b, clock_mono_ms());
	assert_other_house(&b);
	stop(&b);
	/* Nor when it was this very machine's, and its claim is remembered. */
	start(&a, "a");
	run(&a, soon());
	assert_other_house(&a);
	stop(&a);
	house_id = "first";
	start(&b, "b");
	run(&b, clock_mono_ms());
	assert_true(ships(&b));
	stop(&b);
}

/* Two new houses on one URL: nobody is asked before the store. */
static void
of_two_houses_the_first_claim_has_it(void **state)
{
	struct machine a, b;

	(void)state;
	start(&a, "a");
	house_id = "second";
	start(&b, "b");
	house_id = "first";
	claim_tend(a.claim, 1, clock_mono_ms());
	claim_tend(b.claim, 1, clock_mono_ms());
	run(&a, clock_mono_ms());
	run(&b, soon());
	assert_true(ships(&a));
	assert_other_house(&b);
	run(&a, soon());
	assert_true(ships(&a));
	stop(&a);
	stop(&b);
}

/* Before there were houses nobody named one. */
static void
a_claim_without_a_house_is_taken_over(void **state)
{
	struct machine a;

	(void)state;
	house_id = "";
	start(&a, "a");
	run(&a, clock_mono_ms());
	assert_true(ships(&a));
	stop(&a);
	house_id = "first";
	start(&a, "a");
	run(&a, clock_mono_ms());
	assert_true(ships(&a));
	stop(&a);
	house_id = "second";
	start(&a, "a");
	run(&a, clock_mono_ms());
	assert_other_house(&a);
	stop(&a);
	house_id = "first";
}

static void
a_memory_that_is_none_is_an_error(void **state)
{
	struct machine a;
	char want[700];

	(void)state;
	start(&a, "a");
	claim_free(a.claim);
	OK(file_replace(
	    house_path("a/claim"), STR("{\"run\":\"x\"}"), 0600, &house.err));
	assert_null(claim_new(&a.config, a.store, "a", house_id, &house.err));
	snprintf(
	    want, sizeof(want), "%s: is not a claim", house_path("a/claim"));
	assert_string_equal(house.err.msg, want);
	err_clear(&house.err);
	store_close(a.store);
}

#define here(f) cmocka_unit_test_setup_teardown(f, house_enter, house_leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(nothing_is_asked_while_all_is_idle),
		here(the_first_has_it_at_once),
		here(a_later_machine_takes_over_and_waits),
		here(who_said_goodbye_is_not_waited_for),
		here(of_two_images_the_later_start_wins),
		here(another_replica_is_another_matter),
		here(another_house_ships_nothing),
		here(of_two_houses_the_first_claim_has_it),
		here(a_claim_without_a_house_is_taken_over),
		here(a_memory_that_is_none_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
