#include "replication/verify.h"

#include <sys/resource.h>

#include "replication/digests.h"
#include "replication/prover.h"
#include "tests/unit/follow.h"
#include "tests/unit/spoil.h"

/* Committed, captured and shipped; not sealed, and the WAL not copied. */
static void
ship_all_of(const char *slug)
{
	struct stream *stream = streams_find(follow.streams, slug);
	int turns;

	stream_touch(stream);
	for (turns = 0; turns < 1000; turns++) {
		if (stream->snapshot != NULL &&
		    stream_step(stream, 100, &house.err) < 0)
			fail_msg("%s", house.err.msg);
		if (stream->dirty &&
		    stream_flush(stream, clock_wall_ms(), 1, &house.err) != 0)
			fail_msg("%s", house.err.msg);
		OK(stream_sync(stream, &house.err));
		ship_next(stream, follow.store, clock_mono_ms());
		(void)store_poll(follow.store, NULL, 0, 0);
		if (!stream->dirty && stream->snapshot == NULL &&
		    !stream->in_flight && stream->spool->n == 0)
			break;
	}
	/* As it is after any of its ends. */
	stream->pos.shipped = stream->acked;
	OK(stream_save(stream, &house.err));
}

/* A tenant of some hundred pages, sealed. */
static void
begin(void)
{
	follow_sql("acme", 1,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 200) INSERT INTO t SELECT randomblob(1500) FROM n");
	follow_tenant("acme");
	follow_start();
	follow_all();
}

static int
verify(struct proof *out)
{
	struct verify *verify = verify_new(&house.config, &house.err);
	int rc;

	HAVE(verify);
	rc = verify_tenant(verify, "acme", out, &house.err);
	verify_free(verify);
	return rc;
}

static void
proven_at(uint64_t txid)
{
	struct proof proof, kept;
	int rc = verify(&proof);

	if (rc != 0)
		fail_msg("%d: %s%s", rc, house.err.msg, proof.what);
	assert_int_equal(proof.txid, txid);
	assert_int_equal(proof.failed, 0);
	proof_read(layout_spool(&house.config, "acme", 1).p, &kept);
	assert_memory_equal(&kept, &proof, sizeof(proof));
}

static void
fails_with(const char *what)
{
	struct proof proof, kept;

	if (verify(&proof) != 1)
		fail_msg("not found: %s", house.err.msg);
	assert_string_equal(proof.what, what);
	proof_read(layout_spool(&house.config, "acme", 1).p, &kept);
	assert_int_equal(kept.failed, 1);
	assert_string_equal(kept.what, what);
}

static void
a_sealed_tenant_is_its_file(void **state)
{
	(void)state;
	begin();
	proven_at(1);
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	/* Not captured: what is proven is the state before it. */
	proven_at(1);
}

static void
without_a_replicator_the_position_says_which_frames(void **state)
{
	(void)state;
	begin();
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	ship_all_of("acme");
	follow_sql("acme", 1, "DELETE FROM t WHERE a = 1");
	ship_all_of("acme");
	proven_at(3);
	follow_sql("acme", 1, "UPDATE t SET a = 2");
	proven_at(3);
}

static void
what_is_not_in_the_replica_cannot_be_proven(void **state)
{
	struct proof proof;

	(void)state;
	begin();
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	stream_touch(streams_find(follow.streams, "acme"));
	OK(stream_flush(streams_find(follow.streams, "acme"), clock_wall_ms(),
	    1, &house.err));
	assert_int_equal(verify(&proof), -1);
	assert_err(&house.err, ERR_BUSY,
	    "acme: TXID 2 of epoch 00000001 has not reached the replica");
	err_clear(&house.err);
	/* Nothing was found out, and nothing is written down. */
	proof_read(layout_spool(&house.config, "acme", 1).p, &proof);
	assert_int_equal(proof.time_ms, 0);
}

static void
a_wrong_page_is_named(void **state)
{
	(void)state;
	begin();
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	ship_all_of("acme");
	proven_at(2);
	spoil_object(spoil_path("acme", 1, 9, 1, 1), 40);
	fails_with("page 40 differs");
	spoil_object(spoil_path("acme", 1, 9, 1, 1), 41);
	fails_with("pages 40, 41 differ");
}

static void
a_damaged_object_is_named(void **state)
{
	struct proof proof;

	(void)state;
	begin();
	spoil_bit(spoil_path("acme", 1, 9, 1, 1));
	assert_int_equal(verify(&proof), 1);
	assert_non_null(strstr(proof.what,
	    "acme/00000001/9/0000000000000001-0000000000000001.ltx: "));
}

static void
a_missing_object_is_named(void **state)
{
	int i;

	(void)state;
	begin();
	for (i = 0; i < 3; i++) {
		follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
		ship_all_of("acme");
	}
	proven_at(4);
	assert_int_equal(unlink(spoil_path("acme", 1, 0, 3, 3)), 0);
	fails_with("acme: epoch 00000001: TXID 3 is missing on the way to 4");
}

static void
a_missing_commit_is_noticed(void **state)
{
	struct proof proof;

	(void)state;
	begin();
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	ship_all_of("acme");
	assert_int_equal(unlink(spoil_path("acme", 1, 0, 2, 2)), 0);
	assert_int_equal(verify(&proof), 1);
	assert_true(str_starts(str_of(proof.what),
	    "acme: epoch 00000001 has no TXID 2: its newest is TXID 1 of "));
}

/* The state is gone, and nothing is missing: it lies within a later object. */
static void
a_state_that_was_passed_is_no_verdict(void **state)
{
	struct stream *stream;
	struct position second;
	struct proof proof;

	(void)state;
	begin();
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	ship_all_of("acme");
	stream = streams_find(follow.streams, "acme");
	second = stream->pos;
	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	ship_all_of("acme");
	OK(stream_begin_snapshot(stream, &house.err));
	ship_all_of("acme");
	OK(unlink(spoil_path("acme", 1, 0, 2, 2)));
	stream->pos = second;
	OK(stream_save(stream, &house.err));
	assert_int_equal(verify(&proof), -1);
	assert_int_equal(house.err.code, ERR_BUSY);
	assert_string_equal(
	    house.err.hint, "a later state is there: try again");
	err_clear(&house.err);
}

static void
what_no_longer_follows_is_no_verdict(void **state)
{
	struct stream *stream;
	struct proof proof;

	(void)state;
	begin();
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	ship_all_of("acme");
	stream = streams_find(follow.streams, "acme");
	stream->pos.wal.cksum[0] ^= 1;
	OK(stream_save(stream, &house.err));
	assert_int_equal(verify(&proof), -1);
	assert_err(&house.err, ERR_CONFLICT,
	    "acme: its WAL does not follow from what was captured");
	err_clear(&house.err);
}

static void
slots_are_bounded_and_left_empty(void **state)
{
	struct verify *verify[VERIFY_SLOTS], *more;
	struct file_names names;
	struct arena *arena = arena_new(65536);
	int i;

	(void)state;
	begin();
	/* What a killed one left. */
	OK(file_mkdirs(house_path("data/verify.0"), 0700, &house.err));
	OK(file_replace(house_path("data/verify.0/restored.restoring"),
	    STR("x"), 0600, &house.err));
	for (i = 0; i < VERIFY_SLOTS; i++) {
		verify[i] = verify_new(&house.config, &house.err);
		HAVE(verify[i]);
	}
	more = verify_new(&house.config, &house.err);
	assert_null(more);
	assert_err(&house.err, ERR_BUSY, "4 others are verifying already");
	err_clear(&house.err);
	for (i = 0; i < VERIFY_SLOTS; i++)
		verify_free(verify[i]);
	proven_at(1);
	OK(file_list(house_path("data/verify.0"), arena, &names, &house.err));
	assert_int_equal(names.n, 1);
	assert_string_equal(names.name[0], "lock");
	arena_free(arena);
}

static void
digests_tell_pages_apart(void **state)
{
	struct digests_difference difference;
	struct digests *a, *b;
	unsigned char page[512] = "";
	uint32_t i;

	(void)state;
	a = digests_new(house.dir, &house.err);
	b = digests_new(house.dir, &house.err);
	HAVE(a);
	HAVE(b);
	/* Across the buffer's end. */
	for (i = 1; i <= 10000; i++) {
		memcpy(page, &i, sizeof(i));
		OK(digests_add(a, page, sizeof(page), &house.err));
		page[100] = i == 4096 || i == 4097 || i == 9999;
		OK(digests_add(b, page, sizeof(page), &house.err));
		page[100] = 0;
	}
	OK(digests_compare(a, b, &difference, &house.err));
	assert_int_equal(difference.n, 3);
	assert_int_equal(difference.page[0], 4096);
	assert_int_equal(difference.page[1], 4097);
	assert_int_equal(difference.page[2], 9999);
	OK(digests_add(b, page, sizeof(page), &house.err));
	OK(digests_compare(a, b, &difference, &house.err));
	assert_int_equal(difference.n, 4);
	assert_int_equal(difference.page[3], 10001);
	digests_reset(a);
	digests_reset(b);
	OK(digests_compare(a, b, &difference, &house.err));
	assert_int_equal(difference.n, 0);
	digests_free(a);
	digests_free(b);
}

static struct stream *
prove(const char *slug, int64_t time_ms)
{
	struct stream *stream = streams_find(follow.streams, slug);

	stream->proof.time_ms = time_ms;
	stream->proof.epoch = stream->pos.epoch;
	return stream;
}

static void
who_was_not_proven_for_longest_is_next(void **state)
{
	struct stream *acme, *globex;
	int64_t wait_ms;

	(void)state;
	house.config.replica_verify_ms = 3000;
	follow_tenant("globex");
	follow_sql("globex", 1, "INSERT INTO t VALUES (1)");
	begin();
	acme = prove("acme", 5000);
	globex = prove("globex", 4000);
	prove(SLUG_REGISTRY, 6000);
	assert_ptr_equal(prover_choose(follow.streams, 7000, &wait_ms), globex);
	assert_int_equal(wait_ms, 500); /* half of it, shared by three */
	assert_null(prover_choose(follow.streams, 6999, &wait_ms));
	assert_int_equal(wait_ms, 1);
	globex->proof.retry_ms = INT64_MAX;
	assert_null(prover_choose(follow.streams, 7000, &wait_ms));
	assert_int_equal(wait_ms, 1000);
	/* Of an epoch before this one a proof says nothing. */
	acme->proof.epoch++;
	assert_ptr_equal(prover_choose(follow.streams, 6100, &wait_ms), acme);
	/* A clock that was set back. */
	acme->proof.epoch--;
	assert_ptr_equal(prover_choose(follow.streams, 4999, &wait_ms), acme);
}

/* Of ours, by the kernel; 0: none. */
static pid_t
child(void)
{
	char path[64], text[32] = "";
	FILE *f;

	snprintf(
	    path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	assert_non_null(f);
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	fclose(f);
	return (pid_t)strtol(text, NULL, 10);
}

/* It is this program, see main(): it neither ends nor heeds SIGTERM. */
static void
a_proof_in_the_background_stops_nobody(void **state)
{
	int64_t deadline = clock_mono_ms() + 20000;
	struct prover *prover;
	pid_t pid;

	(void)state;
	house.config.replica_verify_ms = 10;
	begin();
	prover = prover_new(&house.config);
	assert_int_equal(prover_fd(prover), -1);
	prover_tick(prover, follow.streams);
	pid = child();
	assert_true(pid > 0);
	prover_tick(prover, follow.streams);
	assert_int_equal(child(), pid);
	assert_true(prover_wait_ms(prover) > 0);
	while (getpriority(PRIO_PROCESS, (id_t)pid) != 19)
		assert_true(clock_mono_ms() < deadline);
	prover_free(prover);
	assert_int_equal(child(), 0);
	assert_int_equal(kill(pid, 0), -1);
}

static void
no_background_where_nobody_wants_it(void **state)
{
	struct prover *prover;

	(void)state;
	begin();
	prover = prover_new(&house.config);
	prover_tick(prover, follow.streams);
	assert_int_equal(child(), 0);
	assert_true(prover_wait_ms(prover) == INT64_MAX);
	prover_free(prover);
}

static int
run(void)
{
	const struct CMUnitTest tests[] = {
		follow_test(a_sealed_tenant_is_its_file),
		follow_test(
		    without_a_replicator_the_position_says_which_frames),
		follow_test(what_is_not_in_the_replica_cannot_be_proven),
		follow_test(a_wrong_page_is_named),
		follow_test(a_damaged_object_is_named),
		follow_test(a_missing_object_is_named),
		follow_test(a_missing_commit_is_noticed),
		follow_test(a_state_that_was_passed_is_no_verdict),
		follow_test(what_no_longer_follows_is_no_verdict),
		follow_test(slots_are_bounded_and_left_empty),
		house_test(digests_tell_pages_apart),
		follow_test(who_was_not_proven_for_longest_is_next),
		follow_test(a_proof_in_the_background_stops_nobody),
		follow_test(no_background_where_nobody_wants_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "verify") == 0) {
		signal(SIGTERM, SIG_IGN);
		for (;;)
			pause();
	}
	return run();
}
