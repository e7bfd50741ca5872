#include "replication/hint_queue.h"

#include "tenants/hint.h"
#include "tests/unit/house.h"

#define ROUNDS 5000

static const struct hint some = { "acme", 1, { { 1, 2 }, 1, 1700000000000 } };

static struct hint_queue *
start(void)
{
	int fd = hint_listen(&house.config, &house.err);
	struct hint_queue *queue;

	if (fd < 0)
		fail_msg("%s", house.err.msg);
	queue = hint_queue_start(fd, 1000, &house.err);
	if (queue == NULL)
		fail_msg("%s", house.err.msg);
	return queue;
}

/*
 * A capture cuts between two seconds by the hints of commits that were answered.
 * They were sent before: no thread that is late may hold one back.
 */
static void
what_was_sent_before_is_there(void **state)
{
	struct hint_sender *sender = hint_sender_new(&house.config);
	struct hint_queue *queue = start();
	struct hint hint = some, got;
	int i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		hint.commit.frame++;
		hint.commit.time_ms += 1000;
		hint_send(sender, &hint);
		if (!hint_queue_take(queue, &got))
			fail_msg("round %d: it is not there", i);
		assert_int_equal(got.commit.frame, hint.commit.frame);
		assert_int_equal(hint_queue_take(queue, &got), 0);
	}
	hint_queue_stop(queue);
	hint_sender_free(sender);
}

static void
of_an_interval_the_last_is_kept(void **state)
{
	struct hint_sender *sender = hint_sender_new(&house.config);
	struct hint_queue *queue = start();
	struct hint hint = some, got;

	(void)state;
	hint_send(sender, &hint);
	hint.commit.frame = 2;
	hint.commit.time_ms += 999;
	hint_send(sender, &hint);
	hint.commit.frame = 3;
	hint.commit.time_ms++;
	hint_send(sender, &hint);
	while (hint_queue_take(queue, &got) && got.commit.frame == 1)
		;
	assert_int_equal(got.commit.frame, 2);
	assert_int_equal(hint_queue_take(queue, &got), 1);
	assert_int_equal(got.commit.frame, 3);
	assert_int_equal(hint_queue_take(queue, &got), 0);
	hint_queue_stop(queue);
	hint_sender_free(sender);
	hint_queue_stop(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(what_was_sent_before_is_there),
		house_test(of_an_interval_the_last_is_kept),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hint_queue", tests, NULL, NULL);
}
