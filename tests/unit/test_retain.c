/*
 * What retention deletes is judged by the restores that are left: a store is
 * played with random histories, windows and times, and after each round of
 * deletions an oracle that knows nothing of the rules looks for the chains.
 */
#include "replication/retain.h"

#include "replication/store.h"
#include "tests/unit/unit.h"

#define STATES  400
#define OBJECTS 1200
#define MINUTE  60000

struct object {
	int level;
	uint64_t min, max;
};

/* One epoch, as the store has it. */
struct world {
	uint64_t seed;
	int64_t now_ms;
	uint64_t txid; /* the newest state */
	int64_t time_ms[STATES + 1]; /* of each */
	struct object object[OBJECTS];
	size_t n;
	struct catalog *catalog;
	uint64_t raw_from, l1_from, l2_from; /* not merged yet */
};

static uint32_t
roll(struct world *world, uint32_t n)
{
	world->seed = world->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(world->seed >> 33) % n;
}

static void
store_put(struct world *world, int level, uint64_t min, uint64_t max)
{
	assert_true(world->n < OBJECTS);
	for (size_t i = 0; i < world->n; i++) {
		if (world->object[i].level == level &&
		    world->object[i].min == min && world->object[i].max == max)
			return;
	}
	world->object[world->n++] = (struct object){ level, min, max };
}

static void
know(struct world *world, int level, uint64_t min, uint64_t max,
    enum catalog_state state)
{
	struct catalog_entry entry = { .epoch = 1,
		.level = level,
		.min_txid = min,
		.max_txid = max,
		.state = state,
		.time_ms = world->time_ms[max],
		.there_ms = world->now_ms };

	catalog_put(world->catalog, &entry);
}

static void
merge(struct world *world, int level, uint64_t *from, uint64_t to)
{
	/* One in eight was never made, and one not acknowledged. */
	uint32_t luck = roll(world, 8);

	if (to < *from)
		return;
	if (luck > 0)
		store_put(world, level, *from, to);
	if (luck > 0)
		know(world, level, *from, to,
		    luck == 1 ? CATALOG_PUTTING : CATALOG_THERE);
	*from = to + 1;
}

/* Some minutes: commits, merges, perhaps a snapshot. */
static void
live(struct world *world)
{
	uint64_t n = roll(world, 6);

	world->now_ms += (1 + roll(world, 10)) * MINUTE;
	for (; n > 0 && world->txid < STATES; n--) {
		world->txid++;
		world->time_ms[world->txid] = world->now_ms - (int64_t)n * 1000;
		store_put(world, 0, world->txid, world->txid);
	}
	if (roll(world, 2) == 0 && world->txid >= world->raw_from) {
		know(world, 0, world->raw_from, world->txid, CATALOG_THERE);
		world->raw_from = world->txid + 1;
		merge(world, 1, &world->l1_from, world->txid);
	}
	if (roll(world, 8) == 0)
		merge(world, 2, &world->l2_from, world->l1_from - 1);
	if (roll(world, 12) == 0 && world->txid > 1) {
		store_put(world, STORE_LEVEL_SNAPSHOT, 1, world->txid);
		know(
		    world, STORE_LEVEL_SNAPSHOT, 1, world->txid, CATALOG_THERE);
	}
}

static void delete (struct world *world, const struct catalog_entry *entry)
{
	size_t k = 0;

	for (size_t i = 0; i < world->n; i++) {
		const struct object *o = &world->object[i];

		if (o->level == entry->level && o->min >= entry->min_txid &&
		    o->max <= entry->max_txid &&
		    (o->level == 0 || (o->min == entry->min_txid &&
					  o->max == entry->max_txid)))
			continue;
		world->object[k++] = *o;
	}
	world->n = k;
}

/* Can the state be restored from what is left?  By trying everything. */
static int
reachable(const struct world *world, uint64_t target)
{
	char reached[STATES + 1] = { 0 };
	int more = 1;

	while (more) {
		more = 0;
		for (size_t i = 0; i < world->n; i++) {
			const struct object *o = &world->object[i];
			int joins = o->min == 1;

			if (o->max > target || reached[o->max])
				continue;
			for (uint64_t t = o->min - 1; !joins && t < o->max; t++)
				joins = t > 0 && reached[t];
			if (joins)
				reached[o->max] = more = 1;
		}
	}
	return reached[target];
}

static void
check(const struct world *world, const struct retain *retain,
    const char *promised)
{
	for (uint64_t txid = 1; txid <= world->txid; txid++) {
		int must =
		    txid == world->txid || promised[txid] ||
		    world->time_ms[txid] >= retain->now_ms - retain->fine_ms;

		if (must && !reachable(world, txid))
			fail_msg("TXID %llu of %llu, %lld minutes old",
			    (unsigned long long)txid,
			    (unsigned long long)world->txid,
			    (long long)(retain->now_ms - world->time_ms[txid]) /
				MINUTE);
	}
}

/*
 * What restores promise within `retain`: where a merged object or a snapshot
 * ends, and the newest state of that kind at its beginning.
 */
static void
promise(const struct world *world, const struct retain *retain, char *promised)
{
	int64_t from_ms = retain->now_ms - retain->retain_ms;
	uint64_t at_begin = 0;

	memset(promised, 0, STATES + 1);
	for (size_t i = 0; i < world->n; i++) {
		const struct object *o = &world->object[i];

		if (o->level == 0 || !reachable(world, o->max))
			continue;
		if (world->time_ms[o->max] >= from_ms)
			promised[o->max] = 1;
		else if (o->max > at_begin)
			at_begin = o->max;
	}
	promised[at_begin] = 1;
	promised[0] = 0;
}

/* One pass as a job makes it, which may be killed between any two deletes. */
static size_t
pass(struct world *world, const struct retain *retain, int killed)
{
	unsigned char verdict[OBJECTS];
	char promised[STATES + 1];
	int64_t next_ms;
	size_t deleted = 0;

	promise(world, retain, promised);
	retain_judge(retain, world->catalog, verdict, &next_ms);
	for (int order = RETAIN_FIRST; order <= RETAIN_LAST; order++) {
		for (size_t i = 0; i < world->catalog->n; i++) {
			if (verdict[i] == order)
				world->catalog->entry[i].state = CATALOG_DOOMED;
		}
		for (size_t i = 0; i < world->catalog->n; i++) {
			if (verdict[i] != order)
				continue;
			delete (world, &world->catalog->entry[i]);
			deleted++;
			check(world, retain, promised);
			if (killed && roll(world, 4) == 0)
				return deleted;
		}
	}
	for (size_t i = world->catalog->n; i-- > 0;) {
		struct catalog_entry gone = world->catalog->entry[i];

		gone.state = CATALOG_GONE;
		if (verdict[i] != RETAIN_KEEP)
			catalog_put(world->catalog, &gone);
	}
	assert_true(next_ms > retain->now_ms);
	return deleted;
}

static void
every_promised_state_survives_every_delete(void **state)
{
	size_t deleted = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 80; seed++) {
		struct world *world = calloc(1, sizeof(*world));
		struct retain retain;

		assert_non_null(world);
		world->seed = seed;
		world->now_ms = 1000 * MINUTE;
		world->catalog = catalog_new("none");
		world->txid = 1;
		world->time_ms[1] = world->now_ms;
		world->raw_from = world->l1_from = world->l2_from = 2;
		store_put(world, STORE_LEVEL_SNAPSHOT, 1, 1);
		know(world, STORE_LEVEL_SNAPSHOT, 1, 1, CATALOG_THERE);
		know(world, CATALOG_OWNER, 1, 1, CATALOG_THERE);
		retain.fine_ms = (1 + roll(world, 60)) * MINUTE;
		retain.retain_ms = retain.fine_ms + roll(world, 300) * MINUTE;
		retain.grace_ms = roll(world, 5) * MINUTE;
		while (world->txid < 120) {
			live(world);
			retain.now_ms = world->now_ms;
			if (roll(world, 3) == 0)
				deleted +=
				    pass(world, &retain, roll(world, 2) == 0);
		}
		/* Long after: no more than is needed for the newest. */
		world->now_ms += 100 * retain.retain_ms + 1000 * MINUTE;
		store_put(world, STORE_LEVEL_SNAPSHOT, 1, world->txid);
		know(
		    world, STORE_LEVEL_SNAPSHOT, 1, world->txid, CATALOG_THERE);
		know(world, 0, world->raw_from, world->txid, CATALOG_THERE);
		retain.now_ms = world->now_ms;
		pass(world, &retain, 0);
		retain.now_ms += retain.grace_ms + retain.retain_ms;
		pass(world, &retain, 0);
		assert_int_equal(world->n, 1);
		assert_int_equal(world->object[0].max, world->txid);
		catalog_free(world->catalog);
		free(world);
	}
	assert_true(deleted > 500);
}

/* --- rules by themselves -------------------------------------------------------- */

#define NOW  (10000 * (int64_t)MINUTE)
#define FINE (100 * (int64_t)MINUTE)
#define KEEP (1000 * (int64_t)MINUTE)

static void
put(struct catalog *catalog, uint32_t epoch, int level, uint64_t min,
    uint64_t max, enum catalog_state state, int64_t age)
{
	struct catalog_entry entry = { epoch, level, min, max, state, NOW - age,
		NOW - age, 0 };

	catalog_put(catalog, &entry);
}

/* The verdicts on all entries, in their order, as digits. */
static void
assert_verdicts(struct catalog *catalog, const char *want, int64_t want_next)
{
	struct retain retain = { NOW, FINE, KEEP, MINUTE };
	unsigned char verdict[64];
	char got[65] = "";
	int64_t next_ms;

	retain_judge(&retain, catalog, verdict, &next_ms);
	for (size_t i = 0; i < catalog->n; i++)
		got[i] = (char)('0' + verdict[i]);
	assert_string_equal(got, want);
	if (want_next == INT64_MAX)
		assert_true(next_ms == INT64_MAX);
	else
		assert_int_equal((next_ms - NOW) / MINUTE, want_next / MINUTE);
	catalog_free(catalog);
}

static void
a_run_goes_when_old_and_covered(void **state)
{
	struct catalog *c = catalog_new("none");

	(void)state;
	put(c, 1, 0, 2, 5, CATALOG_THERE, FINE + MINUTE);
	put(c, 1, 0, 6, 9, CATALOG_THERE, FINE + MINUTE); /* not covered */
	put(c, 1, 0, 10, 12, CATALOG_THERE, FINE + MINUTE); /* to be */
	put(c, 1, 0, 13, 14, CATALOG_THERE, FINE); /* in grace */
	put(c, 1, 1, 2, 5, CATALOG_THERE, FINE);
	put(c, 1, 1, 10, 12, CATALOG_PUTTING, FINE);
	put(c, 1, 1, 13, 14, CATALOG_THERE, FINE);
	put(c, 1, 2, 2, 14, CATALOG_THERE, FINE); /* beyond the run's end */
	put(c, 1, 9, 1, 1, CATALOG_THERE, FINE);
	assert_verdicts(c, "200000000", MINUTE);
}

static void
what_covers_must_have_been_there_for_a_while(void **state)
{
	struct catalog *c = catalog_new("none");

	(void)state;
	put(c, 1, 0, 2, 5, CATALOG_THERE, 5 * FINE);
	put(c, 1, 1, 2, 5, CATALOG_THERE, 0);
	put(c, 1, 9, 1, 1, CATALOG_THERE, 5 * FINE);
	assert_verdicts(c, "000", MINUTE);
}

static void
an_old_snapshot_lets_what_is_before_it_go(void **state)
{
	struct catalog *c = catalog_new("none");

	(void)state;
	put(c, 1, 0, 2, 5, CATALOG_THERE, 3 * KEEP);
	put(c, 1, 1, 6, 9, CATALOG_THERE, 3 * KEEP);
	put(c, 1, 1, 10, 12, CATALOG_THERE, 2 * KEEP); /* leads beyond it */
	put(c, 1, 9, 1, 1, CATALOG_THERE, 4 * KEEP);
	put(c, 1, 9, 1, 9, CATALOG_THERE, 3 * KEEP);
	put(c, 1, 9, 1, 11, CATALOG_THERE, 2 * KEEP);
	put(c, 1, 9, 1, 20, CATALOG_THERE, KEEP - MINUTE);
	put(c, 1, CATALOG_OWNER, 1, 1, CATALOG_THERE, 4 * KEEP);
	assert_verdicts(c, "22011000", 2 * MINUTE);
}

static void
an_unconfirmed_snapshot_lets_nothing_go(void **state)
{
	struct catalog *c = catalog_new("none");

	(void)state;
	put(c, 1, 9, 1, 1, CATALOG_THERE, 4 * KEEP);
	put(c, 1, 9, 1, 9, CATALOG_PUTTING, 3 * KEEP);
	put(c, 1, 9, 1, 11, CATALOG_DOOMED, 2 * KEEP);
	assert_verdicts(c, "001", INT64_MAX);
}

static void
an_epoch_goes_after_its_successor_has_grown_old(void **state)
{
	struct catalog *c = catalog_new("none");

	(void)state;
	put(c, 1, 0, 2, 5, CATALOG_THERE, 9 * KEEP);
	put(c, 1, 9, 1, 1, CATALOG_THERE, 9 * KEEP);
	put(c, 1, CATALOG_OWNER, 1, 1, CATALOG_THERE, 9 * KEEP);
	put(c, 2, 9, 1, 1, CATALOG_THERE, 2 * KEEP);
	put(c, 2, CATALOG_OWNER, 1, 1, CATALOG_THERE, 2 * KEEP);
	put(c, 3, 9, 1, 1, CATALOG_THERE, KEEP - 2 * MINUTE);
	put(c, 3, CATALOG_OWNER, 1, 1, CATALOG_THERE, KEEP - 2 * MINUTE);
	/* Without a base it succeeds nobody. */
	put(c, 4, CATALOG_OWNER, 1, 1, CATALOG_THERE, 2 * KEEP);
	assert_verdicts(c, "21300000", 3 * MINUTE);
}

/* Its successor was made by a clock that was behind, and looks older than it is. */
static void
an_epoch_of_yesterday_does_not_go(void **state)
{
	struct catalog *c = catalog_new("none");

	(void)state;
	put(c, 1, 0, 2, 5, CATALOG_THERE, 9 * KEEP);
	put(c, 1, 9, 1, 1, CATALOG_THERE, 9 * KEEP);
	put(c, 1, CATALOG_OWNER, 1, 1, CATALOG_THERE, 9 * KEEP);
	put(c, 2, 0, 2, 5, CATALOG_THERE, KEEP / 4);
	put(c, 2, 9, 1, 1, CATALOG_THERE, KEEP / 2);
	put(c, 2, CATALOG_OWNER, 1, 1, CATALOG_THERE, KEEP / 2);
	put(c, 3, 9, 1, 1, CATALOG_THERE, 9 * KEEP);
	put(c, 3, CATALOG_OWNER, 1, 1, CATALOG_THERE, 9 * KEEP);
	assert_verdicts(c, "00000000", KEEP / 2 + MINUTE);
}

/* By a clock that was ahead: it goes when its successor has grown old. */
static void
an_epoch_of_times_to_come_is_not_kept_until_then(void **state)
{
	struct catalog *c = catalog_new("none");

	(void)state;
	put(c, 1, 0, 2, 5, CATALOG_THERE, -9 * KEEP);
	put(c, 1, 9, 1, 1, CATALOG_THERE, 9 * KEEP);
	put(c, 1, CATALOG_OWNER, 1, 1, CATALOG_THERE, 9 * KEEP);
	put(c, 2, 9, 1, 1, CATALOG_THERE, 2 * KEEP);
	put(c, 2, CATALOG_OWNER, 1, 1, CATALOG_THERE, 2 * KEEP);
	assert_verdicts(c, "21300", INT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_goes_when_old_and_covered),
		cmocka_unit_test(what_covers_must_have_been_there_for_a_while),
		cmocka_unit_test(an_old_snapshot_lets_what_is_before_it_go),
		cmocka_unit_test(an_unconfirmed_snapshot_lets_nothing_go),
		cmocka_unit_test(
		    an_epoch_goes_after_its_successor_has_grown_old),
		cmocka_unit_test(an_epoch_of_yesterday_does_not_go),
		cmocka_unit_test(
		    an_epoch_of_times_to_come_is_not_kept_until_then),
		cmocka_unit_test(every_promised_state_survives_every_delete),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
