/*
 * The claim is lost (R7a) while compaction is at it: the loop lets no job go on, and
 * what was sent before comes to its end.  At every step of a tenant's chores.
 */
#include "replication/compact.h"

#include "replication/compact_job.h"
#include "tenants/base/log.h"
#include "tests/unit/compact_harness.h"

/* What a job was at, and how often. */
static int seen[COMPACT_END + 1], putting, deleting;
/* What arrived after a successor had listed all. */
static size_t late;

static void
commits(struct t *t, int n)
{
	for (; n > 0; n--) {
		t->now_ms += 1 + history_random(&t->history, 45 * SECOND);
		commit(t);
	}
}

/* What is new has to be merged and put, and what is raw and old may go. */
static struct t *
due(void)
{
	struct t *t = setup(11);

	new_epoch(t);
	commits(t, 12);
	t->now_ms += 3 * MINUTE;
	work(t);
	t->now_ms += 30 * MINUTE;
	commits(t, 12);
	t->now_ms += 3 * MINUTE;
	return t;
}

static int
step(struct t *t, int owner)
{
	if (owner) {
		compact_begin(t->compact, t->stream, t->now_ms);
		compact_work(t->compact, t->now_ms);
	}
	/* The tick's, which is not for compaction alone. */
	compact_synced(t->compact);
	/* However long it takes, so that each attempt has the same steps. */
	while (compact_in_flight(t->compact))
		(void)store_poll(t->store, NULL, 0, 100);
	return t->stream->chore;
}

/* So many steps, then no more; 0 where the chores ended before. */
static int
lose(struct t *t, int steps)
{
	const struct compact_job *job = &t->compact->job[0];

	for (; steps > 0; steps--) {
		if (!step(t, 1))
			return 0;
	}
	compact_begin(t->compact, t->stream, t->now_ms);
	compact_work(t->compact, t->now_ms);
	if (!t->stream->chore)
		return 0;
	seen[job->phase]++;
	putting += job->phase == COMPACT_WAIT && job->op.verb == STORE_PUT &&
		   job->deletes == NULL;
	deleting += job->phase == COMPACT_WAIT && job->deletes != NULL;
	return 1;
}

static uint64_t
requests(struct t *t)
{
	struct store_stats stats;

	store_stats(t->store, &stats);
	return stats.puts + stats.deletes + stats.lists + stats.gets;
}

/* What is on its way ends, and nothing follows it. */
static void
fenced(struct t *t)
{
	uint64_t before;
	int i;

	(void)step(t, 0);
	before = requests(t);
	for (i = 0; i < 20; i++)
		(void)step(t, 0);
	assert_int_equal(requests(t), before);
	assert_promises(t);
}

/* Unconfirmed for a while, then ours again. */
static void
back_again(struct t *t)
{
	fenced(t);
	work(t);
	pass_time(t, 60);
	assert_promises(t);
	assert_catalog(t);
}

/* Stopped, and started again by an operator who wants this machine. */
static void
next_start(struct t *t)
{
	fenced(t);
	die(t);
	assert_int_equal(t->stream->chore, 0);
	work(t);
	pass_time(t, 60);
	assert_promises(t);
	assert_catalog(t);
}

/*
 * Another machine: nothing on its shelf, and a catalog from listings that it makes
 * before what the old one has sent arrives.
 */
static struct t *
machine(const struct t *old)
{
	struct t *t = malloc(sizeof(*t));

	assert_non_null(t);
	*t = *old;
	t->env = (struct stream_env){ .config = &t->config };
	snprintf(t->shelf, sizeof(t->shelf), "%.60s/other", t->scratch.dir);
	t->stream =
	    stream_new(&t->env, "acme", old->stream->db_path, t->scratch.dir);
	t->stream->shelf = strdup(t->shelf);
	t->stream->pos = old->stream->pos;
	t->stream->chores_ms = 1;
	start(t);
	return t;
}

/* Merged objects and snapshots in the store that the catalog does not have. */
static size_t
unknown(struct t *t)
{
	static struct there there;
	struct catalog *catalog;
	char path[200];
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/catalog", t->shelf);
	catalog = catalog_load(path, &t->err);
	assert_non_null(catalog);
	list(t, t->epoch, 1, 9, &there);
	for (size_t i = 0; i < there.n; i++) {
		const struct store_key *key = &there.object[i].key;

		n += catalog_find(catalog, t->epoch, key->level, key->min_txid,
			 key->max_txid) == NULL;
	}
	catalog_free(catalog);
	return n;
}

static void
successor(struct t *old)
{
	int sent = old->compact->job[0].phase == COMPACT_WAIT;
	struct t *t = machine(old);

	work(t);
	fenced(old);
	pass_time(t, 60);
	assert_promises(t);
	/* It is good for a restore, and nothing else ever counts on it. */
	assert_in_range(unknown(t), 0, sent);
	late += unknown(t);
	store_close(t->store);
	compact_free(t->compact);
	stream_free(t->stream);
	free(t);
}

static void
lost_anywhere(void (*then)(struct t *t))
{
	int steps = 0, lost = 1;

	memset(seen, 0, sizeof(seen));
	putting = deleting = 0;
	for (; lost; steps++) {
		struct t *t = due();

		lost = lose(t, steps);
		if (lost)
			then(t);
		teardown(t);
	}
	assert_in_range(steps, 10, 1000);
	assert_true(seen[COMPACT_SYNC] > 0 && seen[COMPACT_WAIT] > 0);
	assert_true(putting > 0 && deleting > 0);
}

static void
nothing_follows_and_it_goes_on_when_it_is_ours_again(void **state)
{
	(void)state;
	lost_anywhere(back_again);
}

static void
nothing_follows_and_a_next_start_ends_it(void **state)
{
	(void)state;
	lost_anywhere(next_start);
}

static void
what_comes_late_does_a_successor_no_harm(void **state)
{
	(void)state;
	lost_anywhere(successor);
	assert_true(late > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    nothing_follows_and_it_goes_on_when_it_is_ours_again),
		cmocka_unit_test(nothing_follows_and_a_next_start_ends_it),
		cmocka_unit_test(what_comes_late_does_a_successor_no_harm),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_init("test", LOG_LEVEL_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
