/*
 * Who waits for the store, from the packet to the answer: acks.h on waiters.h, on
 * streams that are driven by hand, so that each moment can be held.
 */
#include "replication/acks.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tenants/ack.h"
#include "tests/unit/follow.h"

#define COUNT "SELECT count(*) FROM t"

static struct acks *acks;
static struct waiters waiters;
static struct claim *claim;

static int
enter(void **state)
{
	struct acks_env env;

	if (follow_enter(state) != 0)
		return -1;
	house.config.replica_claim_ms = 100;
	memset(&waiters, 0, sizeof(waiters));
	claim = claim_new(&house.config, follow.store, "here", "a-house", &house.err);
	HAVE(claim);
	/* A successor waits for the first; the tests have time. */
	house.config.replica_claim_ms = CLAIM_FRESH_MS;
	follow_tenant("acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_start();
	env = (struct acks_env){ follow.streams, follow.store, claim,
		&waiters };
	acks = acks_listen(&house.config, &env, &house.err);
	HAVE(acks);
	return 0;
}

static int
leave(void **state)
{
	acks_close(acks);
	waiters_forget_all(&waiters);
	claim_free(claim);
	return follow_leave(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static struct stream *
acme(void)
{
	struct stream *stream = streams_find(follow.streams, "acme");

	HAVE(stream);
	return stream;
}

/* Until it is ours, or lost. */
static void
settle_claim(struct claim *of)
{
	int i;

	for (i = 0; i < 1000 && claim_confirmed_ms(of) == 0 &&
		    claim_lost(of) == NULL;
	     i++) {
		claim_tend(of, 1, INT64_MAX - 1);
		(void)store_poll(follow.store, NULL, 0, 0);
	}
}

static int
dial(void)
{
	struct layout_path path = layout_ack_socket(&house.config);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	OK(str_copy(str_of(path.p), addr.sun_path, sizeof(addr.sun_path)));
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void
serve(void)
{
	struct pollfd fds[ACKS_FDS];
	int turns;

	for (turns = 0; turns < 3; turns++) {
		(void)poll(fds, acks_fds(acks, fds), 0);
		acks_serve(acks, fds);
		waiters_serve(&waiters, follow.streams);
		acks_tend(acks);
	}
}

static void
ask(int fd, char verb, const char *slug)
{
	struct hint hint = { .epoch = 1 };
	unsigned char packet[ACK_ASK_BYTES];
	size_t n;

	snprintf(hint.slug, sizeof(hint.slug), "%s", slug);
	packet[0] = (unsigned char)verb;
	n = hint_put(&hint, packet + 1);
	assert_int_equal(send(fd, packet, 1 + n, 0), 1 + n);
	serve();
}

/* What has come: an answer, "" = none yet, "gone" = hung up. */
static const char *
answer(int fd)
{
	static char text[ACK_ANSWER_MAX + 1];
	ssize_t n = recv(fd, text, ACK_ANSWER_MAX, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN))
		return "gone";
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* A flush of one, without shipping it. */
static void
capture(struct stream *stream)
{
	do {
		OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
		while (stream->snapshot != NULL)
			if (stream_step(stream, 100, &house.err) < 0)
				fail_msg("%s", house.err.msg);
	} while (stream->pos.txid == 0);
	stream->flushes++;
	OK(stream_sync(stream, &house.err));
}

static void
ship(struct stream *stream)
{
	int i;

	for (i = 0; i < 1000 && (stream->in_flight || stream->spool->n > 0);
	     i++) {
		ship_next(stream, follow.store, clock_mono_ms());
		(void)store_poll(follow.store, NULL, 0, 0);
	}
	assert_int_equal(stream->acked, stream->pos.txid);
}

static void
no_write_before_the_replica_has_begun(void **state)
{
	int fd = dial();

	(void)state;
	settle_claim(claim);
	ask(fd, ACK_ASK, "globex");
	assert_string_equal(answer(fd), "no 1 the replica of globex has not begun");
	ask(fd, ACK_ASK, "acme");
	assert_string_equal(answer(fd), "yes");
	ask(fd, ACK_WAIT, "globex");
	assert_string_equal(answer(fd), "error no tenant globex is replicated");
	close(fd);
}

static void
trouble_refuses_before_the_write(void **state)
{
	int fd = dial();

	(void)state;
	settle_claim(claim);
	acme()->halted = 1;
	ask(fd, ACK_ASK, "acme");
	assert_string_equal(answer(fd), "no 60 the replica of acme is halted");
	acme()->halted = 0;
	acme()->ship_failures = 1;
	acme()->ship_retry_ms = clock_mono_ms();
	ask(fd, ACK_ASK, "acme");
	assert_string_equal(answer(fd), "no 1 the replica of acme is failing");
	acme()->ship_failures = 0;
	acme()->gone = 1;
	ask(fd, ACK_ASK, "acme");
	assert_string_equal(
	    answer(fd), "no 5 the replica of acme has lost the file");
	acme()->gone = 0;
	ask(fd, ACK_ASK, "acme");
	assert_string_equal(answer(fd), "yes");
	close(fd);
}

static void
nothing_is_promised_without_the_claim(void **state)
{
	int asks = dial(), waits = dial();

	(void)state;
	follow_all();
	ask(asks, ACK_ASK, "acme");
	ask(waits, ACK_WAIT, "acme");
	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	capture(acme());
	ship(acme());
	serve();
	assert_string_equal(answer(asks), "");
	assert_string_equal(answer(waits), "");
	assert_true(acks_waited_for(acks));
	settle_claim(claim);
	serve();
	assert_string_equal(answer(asks), "yes");
	assert_string_equal(answer(waits), "ok");
	assert_false(acks_waited_for(acks));
	close(asks);
	close(waits);
}

/* Another machine takes the replica over. */
static void
a_fenced_machine_promises_nothing(void **state)
{
	struct config other = house.config;
	struct claim *theirs;
	int asks = dial(), waits = dial();

	(void)state;
	settle_claim(claim);
	ask(waits, ACK_WAIT, "acme");
	snprintf(other.data, sizeof(other.data), "%s", house_path("other"));
	OK(file_mkdirs(other.data, 0755, &house.err));
	theirs = claim_new(&other, follow.store, "there", "a-house", &house.err);
	HAVE(theirs);
	while (claim_lost(claim) == NULL) {
		claim_tend(theirs, 1, INT64_MAX - 1);
		claim_tend(claim, 1, INT64_MAX - 1);
		(void)store_poll(follow.store, NULL, 0, 0);
	}
	capture(acme());
	ship(acme());
	serve();
	assert_int_equal(strncmp(answer(waits), "error ", 6), 0);
	ask(asks, ACK_ASK, "acme");
	assert_string_equal(answer(asks),
	    "no 60 the replica of acme belongs to another machine");
	while (claim_confirmed_ms(theirs) == 0) {
		claim_tend(theirs, 1, INT64_MAX - 1);
		(void)store_poll(follow.store, NULL, 0, 0);
	}
	claim_free(theirs);
	close(asks);
	close(waits);
}

/* Captured is not shipped, and a base in the making is nothing at all. */
static void
it_is_answered_when_the_store_has_it(void **state)
{
	int fd = dial();
	uint32_t epoch;

	(void)state;
	settle_claim(claim);
	follow_one(streams_find(follow.streams, SLUG_REGISTRY));
	ask(fd, ACK_WAIT, "acme");
	assert_string_equal(answer(fd), "");
	capture(acme());
	serve();
	assert_string_equal(answer(fd), "");
	ship(acme());
	/* The registry has its base to ship, without which nobody finds acme. */
	serve();
	assert_string_equal(answer(fd), "");
	capture(streams_find(follow.streams, SLUG_REGISTRY));
	ship(streams_find(follow.streams, SLUG_REGISTRY));
	serve();
	assert_string_equal(answer(fd), "ok");
	assert_int_equal(follow_latest("acme", COUNT, &epoch), 1);
	close(fd);
}

/* Whoever made a tenant may be gone before his hint was sent. */
static void
the_registry_is_waited_for_without_its_hint(void **state)
{
	struct stream *registry, *globex;
	int turn, fd = dial();

	(void)state;
	settle_claim(claim);
	follow_all();
	registry = streams_find(follow.streams, SLUG_REGISTRY);
	follow_tenant("globex");
	follow_sql("globex", 1, "INSERT INTO t VALUES (1)");
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	globex = streams_find(follow.streams, "globex");
	/* Found closed, then open. */
	for (turn = 0; turn < 2; turn++) {
		if (turn == 1)
			follow_tenant("initech");
		assert_int_equal(stream_is_open(registry), turn);
		assert_false(registry->dirty);
		ask(fd, ACK_WAIT, "globex");
		capture(globex);
		ship(globex);
		serve();
		assert_string_equal(answer(fd), "");
		assert_true(registry->dirty);
		capture(registry);
		ship(registry);
		serve();
		assert_string_equal(answer(fd), "ok");
	}
	close(fd);
}

/*
 * A flush that finds nothing new leaves a quiet stream to be sealed within the
 * same tick.  Who waited was once flushed for again at each tick, until his
 * time was over.
 */
static void
it_is_answered_though_the_stream_is_sealed_again(void **state)
{
	int fd = dial();

	(void)state;
	settle_claim(claim);
	follow_all();
	ask(fd, ACK_WAIT, "acme");
	assert_string_equal(answer(fd), "");
	capture(acme());
	assert_true(stream_wants_seal(acme(), INT64_MAX));
	assert_int_equal(stream_seal(acme(), &house.err), 1);
	serve();
	assert_string_equal(answer(fd), "ok");
	close(fd);
}

static void
those_who_come_meanwhile_go_together(void **state)
{
	uint64_t txid;
	int fd[4], i;

	(void)state;
	settle_claim(claim);
	follow_all();
	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	stream_touch(acme());
	streams_activate(follow.streams, acme());
	capture(acme());
	txid = acme()->pos.txid;
	for (i = 0; i < 4; i++) {
		follow_sql("acme", 1, "INSERT INTO t VALUES (3)");
		fd[i] = dial();
		ask(fd[i], ACK_WAIT, "acme");
	}
	/* What was captured before is on its way. */
	assert_false(acme()->dirty);
	assert_true(acme()->urgent);
	ship(acme());
	serve();
	assert_true(acme()->dirty);
	assert_true(acme()->whole);
	capture(acme());
	assert_int_equal(acme()->pos.txid, txid + 1);
	ship(acme());
	serve();
	for (i = 0; i < 4; i++) {
		assert_string_equal(answer(fd[i]), "ok");
		close(fd[i]);
	}
}

/* TXIDs begin anew: what counts is the base of the new epoch. */
static void
a_new_epoch_is_waited_for(void **state)
{
	int fd = dial();

	(void)state;
	settle_claim(claim);
	follow_all();
	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	ask(fd, ACK_WAIT, "acme");
	capture(acme());
	serve();
	OK(stream_break(acme(), 0, "test", &house.err));
	serve();
	assert_string_equal(answer(fd), "");
	capture(acme());
	serve();
	assert_string_equal(answer(fd), "");
	assert_int_equal(acme()->acked, 0);
	ship(acme());
	serve();
	assert_string_equal(answer(fd), "ok");
	close(fd);
}

static void
who_is_gone_is_forgotten(void **state)
{
	int fd = dial();

	(void)state;
	ask(fd, ACK_WAIT, "acme");
	assert_non_null(waiters.first);
	close(fd);
	serve();
	assert_null(waiters.first);
	assert_false(acks_waited_for(acks));
}

static void
what_is_no_question_is_hung_up_on(void **state)
{
	int fd = dial(), twice = dial();

	(void)state;
	assert_int_equal(send(fd, "A", 1, 0), 1);
	serve();
	assert_string_equal(answer(fd), "gone");
	close(fd);
	fd = dial();
	ask(fd, 'X', "acme");
	assert_string_equal(answer(fd), "gone");
	close(fd);
	ask(twice, ACK_WAIT, "acme");
	ask(twice, ACK_WAIT, "acme");
	assert_string_equal(answer(twice), "gone");
	assert_null(waiters.first);
	close(twice);
}

/* Who waits keeps his place; who is quiet gives way. */
static void
the_quiet_give_way(void **state)
{
	int fd[ACKS_PEERS + 1], i;

	(void)state;
	settle_claim(claim);
	fd[0] = dial();
	ask(fd[0], ACK_WAIT, "acme");
	for (i = 1; i <= ACKS_PEERS; i++) {
		fd[i] = dial();
		serve();
	}
	ask(fd[ACKS_PEERS], ACK_ASK, "acme");
	assert_string_equal(answer(fd[ACKS_PEERS]), "yes");
	assert_string_equal(answer(fd[0]), "");
	assert_non_null(waiters.first);
	for (i = 0; i <= ACKS_PEERS; i++)
		close(fd[i]);
}

static void
nobody_there_is_a_refusal(void **state)
{
	struct ack_client *client;
	struct hint hint = { .slug = "acme", .epoch = 1 };

	(void)state;
	snprintf(house.config.run, sizeof(house.config.run), "%s",
	    house_path("nowhere"));
	client = ack_client_new(&house.config);
	assert_int_equal(ack_ask(client, "acme", &house.err), -1);
	assert_int_equal(house.err.code, ERR_BUSY);
	assert_non_null(strstr(house.err.msg, "no replicator answers at "));
	assert_int_equal(house.err.retry_after, 5);
	FAILS(ack_wait(client, &hint, 50, &house.err), ERR_UNCONFIRMED,
	    "the replicator did not confirm it within 50 ms");
	ack_client_free(client);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_write_before_the_replica_has_begun),
		TEST(trouble_refuses_before_the_write),
		TEST(nothing_is_promised_without_the_claim),
		TEST(a_fenced_machine_promises_nothing),
		TEST(it_is_answered_when_the_store_has_it),
		TEST(the_registry_is_waited_for_without_its_hint),
		TEST(it_is_answered_though_the_stream_is_sealed_again),
		TEST(those_who_come_meanwhile_go_together),
		TEST(a_new_epoch_is_waited_for),
		TEST(who_is_gone_is_forgotten),
		TEST(what_is_no_question_is_hung_up_on),
		TEST(the_quiet_give_way),
		TEST(nobody_there_is_a_refusal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("acks", tests, NULL, NULL);
}
