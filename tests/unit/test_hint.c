#include "tenants/hint.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/layout.h"
#include "tests/unit/house.h"

static int
listen_here(void)
{
	int fd = hint_listen(&house.config, &house.err);

	if (fd < 0)
		fail_msg("%s", house.err.msg);
	return fd;
}

static const struct hint some = { "acme", 0x01020304,
	{ { 0xa1b2c3d4, 0x11223344 }, 77, 1700000000123 } };

static void
assert_same(const struct hint *a, const struct hint *b)
{
	assert_string_equal(a->slug, b->slug);
	assert_int_equal(a->epoch, b->epoch);
	assert_int_equal(a->commit.salt[0], b->commit.salt[0]);
	assert_int_equal(a->commit.salt[1], b->commit.salt[1]);
	assert_int_equal(a->commit.frame, b->commit.frame);
	assert_int_equal(a->commit.time_ms, b->commit.time_ms);
}

static void
what_is_sent_arrives(void **state)
{
	static const char *const slugs[] = { "a", "acme", "_registry",
		"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd" };
	struct hint_sender *sender = hint_sender_new(&house.config);
	int fd = listen_here();
	struct hint hint = some, got;
	size_t i;

	(void)state;
	assert_int_equal(hint_receive(fd, &got), 0);
	for (i = 0; i < N_OF(slugs); i++) {
		strcpy(hint.slug, slugs[i]);
		hint.epoch = UINT32_MAX - (uint32_t)i;
		hint.commit.time_ms = INT64_MIN + (int64_t)i;
		hint_send(sender, &hint);
		assert_int_equal(hint_receive(fd, &got), 1);
		assert_same(&got, &hint);
		assert_int_equal(hint_receive(fd, &got), 0);
	}
	hint_sender_free(sender);
	hint_sender_free(NULL);
	close(fd);
}

static void
send_raw(const void *p, size_t n)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%.107s",
	    layout_hint_socket(&house.config).p);
	assert_int_equal(
	    sendto(fd, p, n, 0, (struct sockaddr *)&to, sizeof(to)), n);
	close(fd);
}

/* The bytes of the header, written down by hand. */
static const unsigned char golden[] = { 'R', 'W', 'H', '1', 4, 3, 2, 1, 0xd4,
	0xc3, 0xb2, 0xa1, 0x44, 0x33, 0x22, 0x11, 77, 0, 0, 0, 0x7b, 0x68, 0xe5,
	0xcf, 0x8b, 1, 0, 0, 'a', 'c', 'm', 'e' };

static void
the_bytes_are_the_headers(void **state)
{
	unsigned char bytes[100];
	struct hint_sender *sender = hint_sender_new(&house.config);
	int fd = listen_here();
	struct hint got;

	(void)state;
	hint_send(sender, &some);
	assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), sizeof(golden));
	assert_memory_equal(bytes, golden, sizeof(golden));
	send_raw(golden, sizeof(golden));
	assert_int_equal(hint_receive(fd, &got), 1);
	assert_same(&got, &some);
	hint_sender_free(sender);
	close(fd);
}

static void
garbage_is_skipped(void **state)
{
	unsigned char bytes[300];
	int fd = listen_here();
	struct hint got;
	size_t n;

	(void)state;
	/* A queue may be as short as ten: each is taken before the next. */
#define SKIPPED(bytes, n)                                                      \
	do {                                                                   \
		send_raw(bytes, n);                                            \
		assert_int_equal(hint_receive(fd, &got), 0);                   \
	} while (0)
	for (n = 0; n <= 28; n++)
		SKIPPED(golden, n);
	memcpy(bytes, golden, sizeof(golden));
	bytes[3] = '2';
	SKIPPED(bytes, sizeof(golden));
	bytes[3] = '1';
	bytes[28] = '.';
	SKIPPED(bytes, sizeof(golden));
	bytes[28] = '\0';
	SKIPPED(bytes, sizeof(golden));
	memset(bytes + 28, 'a', sizeof(bytes) - 28);
	SKIPPED(bytes, 28 + 41);
	SKIPPED(bytes, sizeof(bytes));
	/* Before one that is good, too. */
	send_raw(bytes, 0);
	send_raw(bytes, sizeof(bytes));
	send_raw(golden, sizeof(golden));
	assert_int_equal(hint_receive(fd, &got), 1);
	assert_same(&got, &some);
	assert_int_equal(hint_receive(fd, &got), 0);
	close(fd);
}

static void
nobody_there_costs_nothing(void **state)
{
	struct hint_sender *sender = hint_sender_new(&house.config);
	int64_t start = clock_mono_us();
	int i;

	(void)state;
	for (i = 0; i < 10000; i++)
		hint_send(sender, &some);
	print_message("# 10000 hints to nobody: %lld us\n",
	    (long long)(clock_mono_us() - start));
	assert_true(clock_mono_us() - start < 2000000);
	hint_sender_free(sender);
}

/* Its first look at the files was before the commit: without the hint it waits for a sweep. */
static void
a_replicator_that_has_just_begun_hears_the_next_commit(void **state)
{
	struct hint_sender *sender = hint_sender_new(&house.config);
	struct hint got;
	int fd, i;

	(void)state;
	for (i = 0; i < 3; i++) {
		hint_send(sender, &some);
		fd = listen_here();
		hint_send(sender, &some);
		assert_int_equal(hint_receive(fd, &got), 1);
		close(fd);
	}
	hint_sender_free(sender);
}

/* What finds the queue full when its sender ends is not lost with it. */
static void *
read_late(void *arg)
{
	const struct timespec nap = { 0, 20000000 };
	struct hint got = some;

	got.commit.frame = 0;
	while (got.commit.frame < 100) {
		nanosleep(&nap, NULL);
		while (hint_receive(*(int *)arg, &got) == 1)
			;
	}
	return NULL;
}

static void
who_ends_gets_rid_of_what_it_kept(void **state)
{
	struct hint_sender *sender = hint_sender_new(&house.config);
	int fd = listen_here();
	struct hint hint = some;
	pthread_t reader;
	uint32_t frame;

	(void)state;
	for (frame = 1; frame <= 100; frame++) {
		hint.commit.frame = frame;
		hint_send(sender, &hint);
	}
	assert_true(hint_flush(sender) >= 0);
	assert_int_equal(pthread_create(&reader, NULL, read_late, &fd), 0);
	hint_sender_free(sender);
	alarm(10);
	assert_int_equal(pthread_join(reader, NULL), 0);
	alarm(0);
	close(fd);
}

static void
a_full_queue_blocks_nobody_and_loses_nothing(void **state)
{
	struct hint_sender *sender = hint_sender_new(&house.config);
	int fd = listen_here();
	int64_t start = clock_mono_ms();
	uint32_t last[40] = { 0 };
	struct hint hint = some, got;
	int i, n = 0, full = 0;

	(void)state;
	assert_int_equal(hint_flush(sender), -1);
	/* Commits 1 … 5000 of forty tenants. */
	for (i = 1; i <= 5000; i++) {
		snprintf(hint.slug, sizeof(hint.slug), "t%d", i % 40);
		hint.commit.frame = (uint32_t)i;
		hint_send(sender, &hint);
		full += hint_flush(sender) >= 0;
	}
	assert_true(clock_mono_ms() - start < 5000);
	assert_true(full > 0);
	do {
		while (hint_receive(fd, &got) == 1) {
			i = atoi(got.slug + 1);
			assert_true(got.commit.frame > last[i]);
			last[i] = got.commit.frame;
			n++;
		}
	} while (hint_flush(sender) >= 0);
	while (hint_receive(fd, &got) == 1) {
		last[atoi(got.slug + 1)] = got.commit.frame;
		n++;
	}
	print_message("# %d of 5000 arrived\n", n);
	for (i = 0; i < 40; i++)
		assert_true(last[i] > 5000 - 40);

	/* Of more tenants than it keeps, those that came first. */
	for (i = 0; i < 5000; i++) {
		snprintf(hint.slug, sizeof(hint.slug), "u%d", i);
		hint_send(sender, &hint);
	}
	assert_true(hint_flush(sender) >= 0);
	/* And one that is not there any more is not waited for. */
	close(fd);
	assert_int_equal(hint_flush(sender), -1);
	hint_sender_free(sender);
}

/* Captures are cut where a second ends: its last commit must arrive. */
static void
of_each_second_the_last_is_kept(void **state)
{
	struct hint_sender *sender = hint_sender_new(&house.config);
	int fd = listen_here();
	uint32_t last[5] = { 0 };
	struct hint hint = some, got;
	int i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		hint.commit.frame = (uint32_t)i + 1;
		hint.commit.time_ms = i; /* a thousand in each second */
		hint_send(sender, &hint);
	}
	do {
		while (hint_receive(fd, &got) == 1)
			last[got.commit.time_ms / 1000] = got.commit.frame;
	} while (hint_flush(sender) >= 0);
	while (hint_receive(fd, &got) == 1)
		last[got.commit.time_ms / 1000] = got.commit.frame;
	for (i = 0; i < 5; i++)
		assert_int_equal(last[i], 1000 * (i + 1));
	close(fd);
	hint_sender_free(sender);
}

static void
of_one_tenant_the_newest_comes_last(void **state)
{
	struct hint_sender *sender = hint_sender_new(&house.config);
	struct hint hint = some, got;
	uint32_t last = 0;
	int fd = listen_here(), i;

	(void)state;
	for (i = 0; hint_flush(sender) < 0; i++) {
		snprintf(hint.slug, sizeof(hint.slug), "filler%d", i);
		hint_send(sender, &hint);
	}
	strcpy(hint.slug, "acme");
	hint.commit.frame = 1;
	hint_send(sender, &hint);
	/* Room for one, while an older one is kept. */
	assert_int_equal(hint_receive(fd, &got), 1);
	hint.commit.frame = 2;
	hint_send(sender, &hint);
	do {
		while (hint_receive(fd, &got) == 1)
			if (strcmp(got.slug, "acme") == 0) {
				assert_true(got.commit.frame > last);
				last = got.commit.frame;
			}
	} while (hint_flush(sender) >= 0);
	while (hint_receive(fd, &got) == 1)
		if (strcmp(got.slug, "acme") == 0) {
			assert_true(got.commit.frame > last);
			last = got.commit.frame;
		}
	assert_int_equal(last, 2);
	close(fd);
	hint_sender_free(sender);
}

static void
a_replicator_that_came_back_is_found(void **state)
{
	struct hint_sender *sender = hint_sender_new(&house.config);
	int fd = listen_here();
	struct hint got;

	(void)state;
	hint_send(sender, &some);
	assert_int_equal(hint_receive(fd, &got), 1);
	/* Gone, its socket left behind, as after a kill -9. */
	close(fd);
	hint_send(sender, &some);
	fd = listen_here();
	hint_send(sender, &some);
	assert_int_equal(hint_receive(fd, &got), 1);
	/* Started anew between two hints: none is lost. */
	close(fd);
	fd = listen_here();
	hint_send(sender, &some);
	assert_int_equal(hint_receive(fd, &got), 1);
	close(fd);
	hint_sender_free(sender);
}

static void
two_replicators_do_not_share(void **state)
{
	char text[700];
	struct stat st;
	int fd = listen_here();

	(void)state;
	assert_int_equal(stat(layout_hint_socket(&house.config).p, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	snprintf(text, sizeof(text), "%s is in use",
	    layout_hint_socket(&house.config).p);
	assert_int_equal(hint_listen(&house.config, &house.err), -1);
	assert_err(&house.err, ERR_CONFLICT, text);
	assert_string_equal(
	    house.err.hint, "another replicator is running on this data");
	close(fd);
	fd = listen_here();
	close(fd);
}

static void
where_it_cannot_listen_it_says_why(void **state)
{
	char text[700];

	(void)state;
	OK(file_create(
	    layout_hint_socket(&house.config).p, STR("x"), 0644, &house.err));
	snprintf(text, sizeof(text),
	    "cannot listen on %s: Address already in use",
	    layout_hint_socket(&house.config).p);
	assert_int_equal(hint_listen(&house.config, &house.err), -1);
	assert_err(&house.err, ERR_SYSTEM, text);

	memset(house.config.run, 'r', 100);
	house.config.run[0] = '/';
	house.config.run[100] = '\0';
	snprintf(text, sizeof(text), "%s is too long for a socket",
	    layout_hint_socket(&house.config).p);
	assert_int_equal(hint_listen(&house.config, &house.err), -1);
	assert_err(&house.err, ERR_INPUT, text);
	assert_string_equal(
	    house.err.hint, "set `run` to a directory of at most 94 bytes");
	/* And nobody who sends is the worse for it. */
	struct hint_sender *sender = hint_sender_new(&house.config);
	hint_send(sender, &some);
	hint_sender_free(sender);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(what_is_sent_arrives),
		house_test(the_bytes_are_the_headers),
		house_test(garbage_is_skipped),
		house_test(nobody_there_costs_nothing),
		house_test(a_replicator_that_has_just_begun_hears_the_next_commit),
		house_test(who_ends_gets_rid_of_what_it_kept),
		house_test(a_full_queue_blocks_nobody_and_loses_nothing),
		house_test(of_each_second_the_last_is_kept),
		house_test(of_one_tenant_the_newest_comes_last),
		house_test(a_replicator_that_came_back_is_found),
		house_test(two_replicators_do_not_share),
		house_test(where_it_cannot_listen_it_says_why),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hint", tests, NULL, NULL);
}
