#include "replication/restore_points.h"

#include "tenants/base/clock.h"
#include "tests/unit/restore_place.h"

/*
 * Histories at random, with objects missing and spoilt: at each moment that is offered
 * `--at` finds the newest state until then, in the epoch that the offer names.
 */
#define EPOCHS 3
#define STATES 12
#define ROUNDS 300

static uint64_t seed;

static unsigned
roll(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* Header alone is read; one in `spoilt` cannot be. */
static void
put(struct place *place, int level, uint64_t min, uint64_t max, int64_t time_s,
    unsigned spoilt)
{
	struct replica *r = &place->replica;
	struct ltx_header header = { .page_size = 512,
		.commit = 1,
		.min_txid = min,
		.max_txid = max,
		.time_ms = time_s * 1000 };
	unsigned char page[512] = { 0 };
	struct err err = ERR_INIT;
	struct ltx_writer *writer;
	int64_t size;
	int fd = open(
	    r->scratch, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	writer = ltx_writer_new(fd, r->scratch, &header);
	if (min == 1)
		assert_int_equal(ltx_writer_page(writer, 1, page, &err), 0);
	assert_int_equal(ltx_writer_finish(writer, &size, &err), 0);
	ltx_writer_free(writer);
	if (spoilt > 0 && roll(spoilt) == 0)
		assert_int_equal(pwrite(fd, "X", 1, 0), 1);
	close(fd);
	replica_put_file(r, replica_key(r, level, min, max), time_s * 1000);
}

struct life {
	int64_t time_s[STATES + 1];
	int ends[STATES + 1]; /* an object of the store ends there */
	uint64_t n;
};

static void
make_epoch(struct place *place, struct life *past, int64_t *now_s,
    unsigned missing, unsigned spoilt)
{
	char owner[128], time[CLOCK_TEXT];

	clock_format(*now_s * 1000, time);
	snprintf(owner, sizeof owner, "{\"uid\":\"u\",\"time\":\"%s\"}", time);
	replica_put_owner(&place->replica, owner);
	memset(past, 0, sizeof *past);
	past->n = 1 + roll(STATES);
	for (uint64_t i = 1; i <= past->n; i++) {
		*now_s += roll(3);
		past->time_s[i] = *now_s;
		if (roll(missing) == 0)
			continue;
		past->ends[i] = 1;
		put(place, i == 1 ? 9 : 0, i, i, *now_s, spoilt);
	}
	for (unsigned k = roll(4); k > 0; k--) {
		uint64_t min = 1 + roll((unsigned)past->n);
		uint64_t max = min + 1 + roll(4);
		int level = min == 1 ? 9 : 1 + (int)roll(2);

		if (max > past->n)
			continue;
		past->ends[max] = 1;
		put(place, level, min, max, past->time_s[max], spoilt);
	}
	*now_s += roll(3);
}

static void
check(struct place *place, const struct restore_points_range *range,
    const struct life *past, unsigned spoilt)
{
	const struct life *of = &past[range->epoch];

	for (int64_t at = range->from_ms; at <= range->to_ms; at += 500) {
		struct restore_opts opts = { .slug = SLUG,
			.point = RESTORE_TIME,
			.time_ms = at };
		struct restore_plan plan;
		struct err err = ERR_INIT;
		uint64_t newest = 0;

		if (restore_plan(
			place->store, &opts, place->arena, &plan, &err) != 0) {
			/* Nothing was read for the offer but a few headers. */
			if (spoilt)
				continue;
			fail_msg("%lld of epoch %u: %s",
			    (long long)at,
			    range->epoch, err.msg);
		}
		for (uint64_t i = 1; i <= of->n; i++)
			if (of->ends[i] && of->time_s[i] * 1000 <= at)
				newest = i;
		if (plan.epoch != range->epoch || plan.txid != newest ||
		    newest < range->from_txid)
			fail_msg("%lld of epoch %u, %llu to %llu: gives %llu "
				 "of %u, not %llu",
			    (long long)at, range->epoch,
			    (unsigned long long)range->from_txid,
			    (unsigned long long)range->to_txid,
			    (unsigned long long)plan.txid, plan.epoch,
			    (unsigned long long)newest);
		arena_reset(place->arena);
	}
}

static void
what_is_offered_can_be_restored(void **state)
{
	size_t ranges = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct restore_points points = { .slug = SLUG };
		struct life past[EPOCHS + 1];
		struct err err = ERR_INIT;
		struct place *place;
		void *made;
		int64_t now_s = 1000;

		seed = round + 1;
		assert_int_equal(set_up(&made), 0);
		place = made;
		points.store = place->store;
		for (uint32_t epoch = 1; epoch <= EPOCHS; epoch++) {
			place->replica.epoch = epoch;
			make_epoch(place, &past[epoch], &now_s,
			    round % 2 ? 6 : 1000, round % 3 ? 0 : 8);
			/* A clock that was ahead. */
			if (round % 5 == 4)
				now_s -= roll(15);
		}
		if (restore_points_find(&points, &err) != 0)
			assert_int_equal(err.code, ERR_NOT_FOUND);
		for (size_t i = 0; i < points.n_ranges; i++) {

			check(place, &points.range[i], past, round % 3 ? 0 : 8);
		}
		ranges += points.n_ranges;
		assert_int_equal(tear_down(&made), 0);
	}
	assert_true(ranges > ROUNDS);
}

/*
 * Guards: a clock was ahead, and each object of that time was asked for before any
 * moment was offered.
 */
static void
an_offer_takes_a_few_headers(void **state)
{
	struct restore_points points = { .slug = SLUG };
	struct store_stats before, after;
	struct err err = ERR_INIT;
	struct place *place;
	void *made;

	(void)state;
	assert_int_equal(set_up(&made), 0);
	place = made;
	points.store = place->store;
	for (uint32_t epoch = 1; epoch <= 2; epoch++) {
		place->replica.epoch = epoch;
		replica_put_owner(&place->replica, "{\"uid\":\"u\"}");
		put(place, 9, 1, 1, 1000 + 10 * epoch, 0);
	}
	place->replica.epoch = 1;
	for (uint64_t i = 2; i <= 400; i++)
		put(place, 0, i, i, 1010 + (int64_t)i, 0);
	store_stats(place->store, &before);
	assert_int_equal(restore_points_find(&points, &err), 0);
	store_stats(place->store, &after);
	assert_int_equal(points.n_ranges, 2);
	assert_int_equal(points.range[1].from_ms, 1010000);
	assert_int_equal(points.range[1].to_ms, 1019000);
	assert_int_equal(points.range[1].states, 9);
	assert_in_range(after.gets - before.gets, 1, 30);
	assert_int_equal(tear_down(&made), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_offered_can_be_restored),
		cmocka_unit_test(an_offer_takes_a_few_headers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
