#include "replication/compact.h"

#include "tenants/base/log.h"
#include "tests/unit/compact_harness.h"

static void
states_survive_and_the_store_is_never_read(void **state)
{
	struct t *t = setup(1);
	struct store_stats stats;
	size_t points = 0;

	(void)state;
	new_epoch(t);
	for (int i = 0; i < 12; i++) {
		live(t, 50);
		points += assert_promises(t);
		assert_catalog(t);
	}
	assert_true(points > 200);
	/* Four and a half hours of one commit every 22 seconds. */
	assert_in_range(count(t, 1, 0, 0), 1, 110);
	assert_in_range(count(t, 1, 2, 2), 8, 16);
	store_stats(t->store, &stats);
	assert_int_equal(stats.gets, 0);
	assert_int_equal(stats.lists, 0);
	assert_true(stats.puts < 330 && stats.deletes > 400);
	teardown(t);
}

static void
a_tenant_that_falls_silent_is_merged_and_then_left_alone(void **state)
{
	struct t *t = setup(2);
	struct store_stats before, after;

	(void)state;
	new_epoch(t);
	live(t, 60);
	pass_time(t, 30);
	/* In closed windows; a file that was alone in its one stays raw. */
	assert_promises(t);
	assert_in_range(count(t, 1, 0, 0), 0, 20);
	assert_in_range(count(t, 1, 2, 2), 1, 4);
	pass_time(t, 30);
	store_stats(t->store, &before);
	assert_true(t->stream->chores_ms == INT64_MAX);
	pass_time(t, 1000);
	store_stats(t->store, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_promises(t);
	assert_catalog(t);
	teardown(t);
}

static void
killed_anywhere_it_loses_nothing_and_forgets_nothing(void **state)
{
	size_t killed = 0;

	(void)state;
	for (uint64_t seed = 10; seed < 16; seed++) {
		struct t *t = setup(seed);

		t->kills = 4;
		new_epoch(t);
		for (int i = 0; i < 5; i++) {
			live(t, 60);
			assert_promises(t);
		}
		t->kills = 0;
		pass_time(t, 90);
		assert_promises(t);
		assert_catalog(t);
		assert_in_range(count(t, 1, 0, 0), 0, 100);
		killed += t->killed;
		teardown(t);
	}
	assert_true(killed > 300);
}

/* A snapshot was not noted until the tenant wrote again, if ever. */
static void
what_came_to_the_shelf_before_a_death_is_noted_after_it(void **state)
{
	struct t *t = setup(17);

	(void)state;
	new_epoch(t);
	live(t, 20);
	pass_time(t, 60);
	assert_true(t->stream->chores_ms > t->now_ms);
	commit(t);
	snapshot(t);
	die(t);
	work(t);
	assert_catalog(t);
	teardown(t);
}

/* Guards: with the note of a snapshot all pieces up to it left the shelf unmerged. */
static void
what_a_snapshot_holds_is_merged_as_well(void **state)
{
	struct t *t = setup(21);

	(void)state;
	new_epoch(t);
	work(t);
	t->now_ms += MINUTE - t->now_ms % MINUTE;
	for (int i = 0; i < 20; i++) {
		t->now_ms += SECOND;
		commit(t);
	}
	snapshot(t);
	work(t);
	for (int i = 0; i < 10; i++) {
		t->now_ms += SECOND;
		commit(t);
	}
	pass_time(t, 5);
	assert_int_equal(count(t, 1, 1, 1), 1);
	pass_time(t, 40);
	assert_int_equal(count(t, 1, 0, 0), 0);
	assert_promises(t);
	assert_catalog(t);
	teardown(t);
}

static void
finish(struct t *t, struct stream *stream)
{
	for (int i = 0; i < 100000 && stream->chore; i++) {
		compact_work(t->compact, t->now_ms);
		if (compact_wants_sync(t->compact))
			compact_synced(t->compact);
		(void)store_poll(t->store, NULL, 0, 0);
	}
	assert_false(stream->chore);
}

/*
 * Guards: the tenant was restored in place while its chores were done, and those of
 * the next incarnation began beside them, with a catalog of their own.
 */
static void
a_shelf_has_one_job(void **state)
{
	struct t *t = setup(23);
	struct stream *next;

	(void)state;
	new_epoch(t);
	work(t);
	t->now_ms += MINUTE - t->now_ms % MINUTE;
	for (int i = 0; i < 20; i++) {
		t->now_ms += SECOND;
		commit(t);
	}
	t->now_ms += 2 * MINUTE;
	compact_begin(t->compact, t->stream, t->now_ms);
	assert_true(t->stream->chore);
	t->stream->retired = 1;

	next = stream_new(
	    &t->env, "acme", t->stream->db_path, t->scratch.dir);
	next->shelf = strdup(t->shelf);
	next->incarnation = next->pos.epoch = 2;
	next->pos.txid = next->pos.shipped = 1;
	compact_begin(t->compact, next, t->now_ms);
	assert_false(next->chore);
	finish(t, t->stream);
	assert_int_equal(count(t, 1, 1, 1), 1);
	compact_begin(t->compact, next, t->now_ms);
	assert_true(next->chore);
	finish(t, next);
	assert_catalog(t);
	stream_free(next);
	teardown(t);
}

static void
an_epoch_goes_when_its_successor_is_old(void **state)
{
	struct t *t = setup(3);

	(void)state;
	new_epoch(t);
	live(t, 40);
	new_epoch(t);
	live(t, 20);
	/* Its last windows were merged, too. */
	assert_state(t, 1, 41);
	assert_true(count(t, 1, 1, 2) > 3);
	pass_time(t, 100);
	assert_state(t, 1, 41);
	pass_time(t, 40);
	assert_int_equal(count(t, 1, 0, 9), 0);
	assert_int_equal(
	    access(
		scratch_path(&t->scratch, "replica/acme/00000001/owner"), F_OK),
	    -1);
	assert_int_equal(
	    access(
		scratch_path(&t->scratch, "replica/acme/00000002/owner"), F_OK),
	    0);
	assert_int_equal(
	    access(scratch_path(&t->scratch, "shelf/00000001"), F_OK), -1);
	assert_promises(t);
	/* The newest stays, however old it is. */
	pass_time(t, 1000);
	assert_promises(t);
	teardown(t);
}

#define BEHIND (INT64_C(10) * 24 * 60 * MINUTE)

/*
 * A machine that starts with its clock behind, and a tenant that is restored on it: once
 * the clock was right, the history before that was as old as the clock had been wrong.
 */
static void
what_is_noted_while_the_clock_is_behind_is_of_now(void **state)
{
	(void)state;
	for (int lost = 0; lost < 2; lost++) {
		struct t *t = setup(30);

		new_epoch(t);
		live(t, 40);
		if (lost)
			assert_int_equal(unlink(scratch_path(&t->scratch,
					     "shelf/catalog")), 0);
		t->now_ms -= BEHIND;
		compact_set_lag(t->compact, BEHIND);
		new_epoch(t);
		work(t);
		t->now_ms += BEHIND;
		compact_set_lag(t->compact, 0);
		live(t, 3);
		pass_time(t, 3);
		for (uint64_t txid = 30; txid <= 41; txid++)
			assert_state(t, 1, txid);
		pass_time(t, 57);
		assert_state(t, 1, 41);
		pass_time(t, 80);
		assert_int_equal(count(t, 1, 0, 9), 0);
		assert_promises(t);
		assert_catalog(t);
		teardown(t);
	}
}

static void
a_lost_catalog_is_made_from_listings_once(void **state)
{
	struct t *t = setup(4);
	struct store_stats stats;

	(void)state;
	new_epoch(t);
	live(t, 60);
	new_epoch(t);
	live(t, 100);
	assert_int_equal(unlink(scratch_path(&t->scratch, "shelf/catalog")), 0);
	live(t, 100);
	store_stats(t->store, &stats);
	assert_int_equal(stats.lists, 1 + 2 * 10);
	assert_int_equal(stats.gets, 0);
	assert_promises(t);
	assert_catalog(t);
	/* Nothing that was there is forgotten for that. */
	live(t, 250);
	pass_time(t, 60);
	assert_promises(t);
	assert_int_equal(count(t, 1, 0, 9), 0);
	assert_in_range(count(t, 2, 0, 0), 0, 100);
	teardown(t);
}

static void
what_somebody_else_put_is_not_counted_on(void **state)
{
	struct t *t = setup(5);
	struct store_op op = { .verb = STORE_PUT,
		.bytes = STR("no such file") };

	(void)state;
	new_epoch(t);
	t->now_ms = (t->now_ms / MINUTE + 1) * MINUTE;
	for (int i = 0; i < 5; i++, t->now_ms += SECOND)
		commit(t);
	strcpy(op.key.slug, "acme");
	op.key.epoch = 1;
	op.key.level = 1;
	op.key.min_txid = 2;
	op.key.max_txid = 6;
	OK(store_now(t->reader, &op, &t->err));
	pass_time(t, 100);
	assert_int_equal(count(t, 1, 0, 0), 5);
	teardown(t);
}

static void
a_damaged_piece_is_a_gap_in_a_level(void **state)
{
	struct t *t = setup(6);
	char name[64];

	(void)state;
	new_epoch(t);
	work(t);
	t->now_ms = (t->now_ms / MINUTE + 1) * MINUTE;
	for (int i = 0; i < 5; i++, t->now_ms += SECOND)
		commit(t);
	snprintf(name, sizeof(name), "shelf/00000001/0-%016x-%016x.ltx", 4, 4);
	assert_int_equal(truncate(scratch_path(&t->scratch, name), 150), 0);
	pass_time(t, 2);
	t->now_ms = (t->now_ms / MINUTE + 1) * MINUTE;
	for (int i = 0; i < 5; i++, t->now_ms += SECOND)
		commit(t);
	pass_time(t, 100);
	assert_int_equal(count(t, 1, 0, 0), 5);
	assert_int_equal(count(t, 1, 1, 1), 1);
	for (uint64_t txid = 1; txid <= 6; txid++)
		assert_state(t, 1, txid);
	assert_state(t, 1, 11);
	teardown(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_survive_and_the_store_is_never_read),
		cmocka_unit_test(
		    a_tenant_that_falls_silent_is_merged_and_then_left_alone),
		cmocka_unit_test(
		    killed_anywhere_it_loses_nothing_and_forgets_nothing),
		cmocka_unit_test(
		    what_came_to_the_shelf_before_a_death_is_noted_after_it),
		cmocka_unit_test(what_a_snapshot_holds_is_merged_as_well),
		cmocka_unit_test(a_shelf_has_one_job),
		cmocka_unit_test(an_epoch_goes_when_its_successor_is_old),
		cmocka_unit_test(
		    what_is_noted_while_the_clock_is_behind_is_of_now),
		cmocka_unit_test(a_lost_catalog_is_made_from_listings_once),
		cmocka_unit_test(what_somebody_else_put_is_not_counted_on),
		cmocka_unit_test(a_damaged_piece_is_a_gap_in_a_level),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_init("test", LOG_LEVEL_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
