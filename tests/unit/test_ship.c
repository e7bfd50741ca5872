#include "replication/ship.h"

#include <sys/stat.h>

#include "tests/unit/follow.h"

/*
 * The stories that a store may tell of a name that is taken, told by the real
 * store in a directory; and what comes of them.
 */
#define COUNT "SELECT count(*) FROM t"

static void
put(uint32_t epoch, enum store_kind kind, uint64_t txid, const char *bytes)
{
	struct store_op op = { .verb = STORE_PUT, .bytes = str_of(bytes) };

	snprintf(op.key.slug, sizeof(op.key.slug), "acme");
	op.key.epoch = epoch;
	op.key.kind = kind;
	op.key.level = 0;
	op.key.min_txid = op.key.max_txid = txid;
	OK(store_now(follow.store, &op, &house.err));
}

static struct stream *
begin(void)
{
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	return streams_find(follow.streams, "acme");
}

static void
commit(struct stream *stream, const char *sql)
{
	follow_sql("acme", 1, sql);
	stream_touch(stream);
	streams_activate(follow.streams, stream);
}

static int64_t
latest(uint32_t want_epoch)
{
	uint32_t epoch;
	int64_t n = follow_latest("acme", COUNT, &epoch);

	assert_int_equal(epoch, want_epoch);
	return n;
}

static void
a_claim_that_is_taken_begins_the_epoch_after_all(void **state)
{
	struct stream *stream;

	(void)state;
	put(1, STORE_OWNER, 0, "{\"host\":\"there\"}\n");
	put(7, STORE_OWNER, 0, "{\"host\":\"there\"}\n");
	stream = begin();
	follow_all();
	assert_false(stream->halted);
	assert_int_equal(stream->pos.epoch, 8);
	assert_int_equal(latest(8), 1);
}

static void
after_the_last_epoch_it_says_so(void **state)
{
	struct stream *stream;
	int i;

	(void)state;
	put(1, STORE_OWNER, 0, "{\"host\":\"there\"}\n");
	put(UINT32_MAX, STORE_OWNER, 0, "{\"host\":\"there\"}\n");
	stream = begin();
	for (i = 0; i < 20; i++)
		follow_one(stream);
	assert_int_equal(stream->pos.epoch, 1);
	assert_non_null(stream->failure);
	assert_string_equal(stream->failure->msg,
	    "acme: the store has epoch ffffffff, and none can follow it");
	while (stream->in_flight)
		(void)store_poll(follow.store, NULL, 0, 0);
}

static void
take_image(void)
{
	char cmd[1024];

	snprintf(cmd, sizeof(cmd), "cp -a %.200s %.200s/image",
	    house.config.data, house.dir);
	assert_int_equal(system(cmd), 0);
}

/* The machine is what it was, and is started again. */
static struct stream *
restore_image(void)
{
	char cmd[1024];

	follow_stop();
	registry_close(follow.registry);
	snprintf(cmd, sizeof(cmd), "rm -r %.200s && cp -a %.200s/image %.200s",
	    house.config.data, house.dir, house.config.data);
	assert_int_equal(system(cmd), 0);
	follow.registry =
	    registry_open(&house.config, DB_REPLICATE, 0, &house.err);
	HAVE(follow.registry);
	close(follow.env.data_fd);
	follow.env.data_fd =
	    open(house.config.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* A proof by the WAL's chain, as after a crash. */
	follow_start();
	return streams_find(follow.streams, "acme");
}

/* The store has it, and nothing is sealed: the WAL proves what follows. */
static void
ship_second(struct stream *stream)
{
	commit(stream, "INSERT INTO t VALUES (2)");
	OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
	OK(stream_sync(stream, &house.err));
	while (stream->acked < 2) {
		ship_next(stream, follow.store, clock_mono_ms());
		(void)store_poll(follow.store, NULL, 0, 0);
	}
	stream_close(stream);
}

/* An image of the machine, taken with a file waiting, and started again. */
static void
a_machine_that_went_back_begins_the_next_epoch(void **state)
{
	struct stream *stream;

	(void)state;
	stream = begin();
	follow_all();
	commit(stream, "INSERT INTO t VALUES (2)");
	OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
	OK(stream_sync(stream, &house.err));
	assert_int_equal(stream->spool->n, 1);
	stream_close(stream);
	take_image();
	follow_all();
	commit(stream, "INSERT INTO t VALUES (3)");
	follow_all();
	assert_int_equal(latest(1), 3);

	stream = restore_image();
	commit(stream, "INSERT INTO t VALUES (4), (5), (6)");
	follow_all();
	assert_false(stream->halted);
	assert_int_equal(stream->pos.epoch, 2);
	assert_int_equal(latest(2), 5);
}

/*
 * No name of its epoch is taken, and yet it went back: what it ships there nobody
 * would find behind the newer epoch, acknowledged as it is.
 */
static void
a_machine_that_went_back_to_an_older_epoch_begins_the_next(void **state)
{
	struct stream *stream;

	(void)state;
	stream = begin();
	follow_all();
	ship_second(stream);
	take_image();
	stream->renew = 1;
	commit(stream, "INSERT INTO t VALUES (3), (4)");
	follow_all();
	assert_int_equal(latest(2), 4);

	stream = restore_image();
	commit(stream, "INSERT INTO t VALUES (5)");
	follow_all();
	assert_false(stream->halted);
	assert_int_equal(latest(3), 3);
	/* And is asked once. */
	commit(stream, "INSERT INTO t VALUES (6)");
	follow_all();
	assert_int_equal(latest(3), 4);
}

/* What retention leaves of a raw object: one that holds it. */
static void
merge_away(const char *name)
{
	char cmd[1024];

	snprintf(cmd, sizeof(cmd),
	    "cd %.200s/replica/acme/00000001/ltx && mkdir -p 1 && mv 0/%s 1/",
	    house.dir, name);
	assert_int_equal(system(cmd), 0);
}

/*
 * Names that are free again, since retention has removed what had them: a restore would
 * mix what followed on the image with what had followed on it before.
 */
static void
a_machine_that_went_far_back_begins_the_next_epoch(void **state)
{
	struct stream *stream;

	(void)state;
	stream = begin();
	follow_all();
	ship_second(stream);
	take_image();
	commit(stream, "INSERT INTO t VALUES (3), (4)");
	follow_all();
	commit(stream, "INSERT INTO t VALUES (5), (6), (7)");
	follow_all();
	assert_int_equal(latest(1), 7);
	merge_away("0000000000000003-0000000000000003.ltx");
	merge_away("0000000000000004-0000000000000004.ltx");
	assert_int_equal(latest(1), 7);

	/* It captures more than the store has before it asks. */
	stream = restore_image();
	for (int i = 0; i < 3; i++) {
		commit(stream, "INSERT INTO t VALUES (8)");
		OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
		OK(stream_sync(stream, &house.err));
	}
	assert_int_equal(stream->pos.txid, 5);
	follow_all();
	assert_false(stream->halted);
	assert_int_equal(latest(2), 5);
	commit(stream, "INSERT INTO t VALUES (9)");
	follow_all();
	assert_int_equal(latest(2), 6);
}

/* Within `fine` no name is free again, and none has to be asked for. */
static void
a_restart_goes_on_and_asks_once(void **state)
{
	struct store_stats before, after;
	struct stream *stream;

	(void)state;
	house.config.replica_fine_ms = INT64_C(7) * 86400000;
	stream = begin();
	follow_all();
	ship_second(stream);
	follow_stop();
	follow_start();
	stream = streams_find(follow.streams, "acme");
	store_stats(follow.store, &before);
	commit(stream, "INSERT INTO t VALUES (3)");
	follow_all();
	commit(stream, "INSERT INTO t VALUES (4)");
	follow_all();
	store_stats(follow.store, &after);
	assert_int_equal(after.lists - before.lists, 1);
	assert_int_equal(latest(1), 4);
	/* Nor is a tenant that was asleep for longer another. */
	house.config.replica_fine_ms = 0;
	follow_stop();
	follow_start();
	stream = streams_find(follow.streams, "acme");
	commit(stream, "INSERT INTO t VALUES (5)");
	follow_all();
	assert_int_equal(latest(1), 5);
}

/* What is dropped then may be on its way to the one before. */
static void
a_replica_is_left_when_nothing_is_on_its_way(void **state)
{
	struct stream *stream;

	(void)state;
	stream = begin();
	follow_all();
	commit(stream, "INSERT INTO t VALUES (2)");
	OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
	OK(stream_sync(stream, &house.err));
	ship_next(stream, follow.store, clock_mono_ms());
	assert_true(stream->in_flight);
	assert_true(streams_note_replica(follow.streams, 7));
	FAILS(stream_flush(stream, clock_wall_ms(), 1, &house.err), ERR_BUSY,
	    "an object is on its way");
	err_clear(&house.err);
	assert_int_equal(stream->pos.epoch, 1);
	while (stream->in_flight)
		(void)store_poll(follow.store, NULL, 0, 0);
	/* Nor while so many others are. */
	follow.env.crowded = 1;
	OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
	assert_int_equal(stream->pos.epoch, 1);
	assert_true(stream->elsewhere);
	follow.env.crowded = 0;
	stream_touch(stream);
	follow_all();
	assert_int_equal(latest(2), 2);
}

/*
 * A replicator is killed behind a capture and before the sync; the next finds the
 * file, and cannot open the database, so that its flush fails (R4).
 */
static void
what_is_found_is_not_shipped_before_a_sync(void **state)
{
	struct layout_path db = layout_db(&house.config, "acme", 1);
	struct stream *stream;

	(void)state;
	stream = begin();
	follow_all();
	commit(stream, "INSERT INTO t VALUES (2)");
	OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
	assert_int_equal(stream->spool->n, 1);
	follow_stop();
	follow_start();
	stream = streams_find(follow.streams, "acme");
	assert_int_equal(rename(db.p, house_path("away")), 0);
	assert_int_equal(
	    stream_flush(stream, clock_wall_ms(), 1, &house.err), -1);
	err_clear(&house.err);
	assert_int_equal(stream->spool->n, 1);
	ship_next(stream, follow.store, clock_mono_ms());
	assert_false(stream->in_flight);
	OK(stream_sync(stream, &house.err));
	ship_next(stream, follow.store, clock_mono_ms());
	assert_true(stream->in_flight);
	while (stream->in_flight)
		(void)store_poll(follow.store, NULL, 0, 0);
}

static void
two_in_one_epoch_stop_with_an_alarm(void **state)
{
	struct err full = ERR_INIT;
	struct stream *stream;
	int i;

	(void)state;
	stream = begin();
	follow_all();
	put(1, STORE_LTX, 2, "theirs");
	commit(stream, "INSERT INTO t VALUES (2)");
	for (i = 0; i < 20; i++)
		follow_one(stream);
	assert_true(stream->halted);
	assert_int_equal(stream->pos.epoch, 1);
	assert_int_equal(stream->failure->code, ERR_CONFLICT);
	assert_non_null(strstr(stream->failure->msg,
	    "replica/acme/00000001/ltx/0/0000000000000002-0000000000000002.ltx "
	    "is there with other content"));
	assert_non_null(strstr(stream->failure->hint, "another replicator"));
	/* What it captures waits. */
	commit(stream, "INSERT INTO t VALUES (3)");
	for (i = 0; i < 20; i++)
		follow_one(stream);
	assert_int_equal(stream->acked, 1);
	assert_int_equal(stream->spool->n, 2);
	/*
	 * Said until the restart: a disk that was full for a moment once made it
	 * look well, and whoever asked for a flush had no answer.
	 */
	(void)err_set(&full, ERR_SYSTEM, "the disk is full");
	stream_set_failure(stream, &full);
	assert_int_equal(stream->failure->code, ERR_CONFLICT);
	stream_set_failure(stream, NULL);
	assert_non_null(stream->failure);
}

/* The new epoch cannot begin yet: the lost one must not go on meanwhile. */
static void
nothing_follows_on_what_was_in_conflict(void **state)
{
	struct stream *stream;
	struct layout_path spool;
	char obstacle[LAYOUT_MAX + 16];
	int i;

	(void)state;
	stream = begin();
	follow_all();
	follow_stop();
	follow_start();
	stream = streams_find(follow.streams, "acme");
	put(1, STORE_LTX, 2, "theirs");
	commit(stream, "INSERT INTO t VALUES (2)");
	OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
	spool = layout_spool(&house.config, "acme", 1);
	snprintf(obstacle, sizeof(obstacle), "%s/00000002", spool.p);
	i = open(obstacle, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(i >= 0);
	close(i);
	for (i = 0; i < 20; i++)
		follow_one(stream);
	assert_non_null(stream->failure);
	commit(stream, "INSERT INTO t VALUES (3)");
	for (i = 0; i < 20; i++)
		follow_one(stream);
	assert_int_equal(stream->pos.epoch, 1);
	assert_int_equal(stream->spool->n, 2);
	assert_int_equal(stream->acked, 1);
	assert_int_equal(unlink(obstacle), 0);
	follow_all();
	assert_int_equal(stream->pos.epoch, 2);
	assert_int_equal(latest(2), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		follow_test(a_claim_that_is_taken_begins_the_epoch_after_all),
		follow_test(after_the_last_epoch_it_says_so),
		follow_test(a_machine_that_went_back_begins_the_next_epoch),
		follow_test(
		    a_machine_that_went_back_to_an_older_epoch_begins_the_next),
		follow_test(a_machine_that_went_far_back_begins_the_next_epoch),
		follow_test(a_restart_goes_on_and_asks_once),
		follow_test(a_replica_is_left_when_nothing_is_on_its_way),
		follow_test(what_is_found_is_not_shipped_before_a_sync),
		follow_test(two_in_one_epoch_stop_with_an_alarm),
		follow_test(nothing_follows_on_what_was_in_conflict),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
