#include "fcgi/scoreboard.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "fcgi/limit.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tests/unit/unit.h"

static struct scoreboard *board;
static int board_fd = -1;

static int
setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(crypto_init(&err), 0);
	board = scoreboard_create(&board_fd, &err);
	return board ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	scoreboard_unmap(board);
	file_drop(&board_fd);
	return 0;
}

static int
enter(int slot, struct str tenant, int most)
{
	return scoreboard_enter(board, slot, tenant, most, 0);
}

static enum scoreboard_held
hold(int slot, const char *tenant, int most_of_tenant, int most)
{
	enum scoreboard_held held;

	assert_true(enter(slot, str_of(tenant), SCOREBOARD_SLOTS));
	held = scoreboard_hold(board, slot, most_of_tenant, most);
	scoreboard_leave(board, slot);
	return held;
}

static void
few_may_hold_a_worker(void **state)
{
	(void)state;
	assert_int_equal(hold(0, "acme", 2, 2), SCOREBOARD_HELD);
	assert_int_equal(hold(63, "globex", 2, 2), SCOREBOARD_HELD);
	assert_int_equal(hold(5, "acme", 2, 2), SCOREBOARD_HELD_BY_ALL);
	scoreboard_release(board, 5);
	assert_int_equal(hold(5, "acme", 2, 2), SCOREBOARD_HELD_BY_ALL);
	scoreboard_release(board, 0);
	assert_int_equal(hold(5, "acme", 2, 2), SCOREBOARD_HELD);
	/* That of one that was killed. */
	assert_int_equal(hold(0, "acme", 2, 2), SCOREBOARD_HELD_BY_ALL);
	scoreboard_clear(board, 63);
	assert_int_equal(hold(0, "acme", 2, 2), SCOREBOARD_HELD);
	scoreboard_release(board, 0);
	scoreboard_release(board, 5);
}

static void
few_may_hash(void **state)
{
	(void)state;
	assert_true(scoreboard_hash(board, 0, 2));
	assert_true(scoreboard_hash(board, 63, 2));
	assert_false(scoreboard_hash(board, 5, 2));
	/* Waiting for the replica is something else. */
	assert_int_equal(hold(5, "acme", 1, 1), SCOREBOARD_HELD);
	scoreboard_release(board, 5);
	scoreboard_hashed(board, 5);
	assert_false(scoreboard_hash(board, 5, 2));
	scoreboard_hashed(board, 0);
	assert_true(scoreboard_hash(board, 5, 2));
	/* That of one that was killed. */
	assert_false(scoreboard_hash(board, 0, 2));
	scoreboard_clear(board, 63);
	assert_true(scoreboard_hash(board, 0, 2));
	scoreboard_hashed(board, 0);
	scoreboard_hashed(board, 5);
}

/* It has left its place among those in flight, and still counts. */
static void
of_a_tenant_fewer_may(void **state)
{
	(void)state;
	assert_int_equal(hold(0, "acme", 1, 3), SCOREBOARD_HELD);
	assert_int_equal(hold(1, "acme", 1, 3), SCOREBOARD_HELD_BY_TENANT);
	assert_int_equal(hold(1, "acme", 2, 3), SCOREBOARD_HELD);
	assert_int_equal(hold(2, "globex", 1, 3), SCOREBOARD_HELD);
	/* Whose limit it is, is said before that all places are taken. */
	assert_int_equal(hold(3, "acme", 2, 3), SCOREBOARD_HELD_BY_TENANT);
	assert_int_equal(hold(3, "initech", 0, 3), SCOREBOARD_HELD_BY_TENANT);
	/* That of one that was killed. */
	scoreboard_clear(board, 0);
	assert_int_equal(hold(3, "acme", 2, 3), SCOREBOARD_HELD);
	scoreboard_release(board, 3);
	assert_int_equal(hold(3, "acme", 2, 3), SCOREBOARD_HELD);
	scoreboard_release(board, 1);
	scoreboard_release(board, 2);
	scoreboard_release(board, 3);
}

static void
states(void **state)
{
	struct err err = ERR_INIT;
	struct scoreboard *other;
	int i;

	(void)state;
	for (i = 0; i < SCOREBOARD_SLOTS; i++)
		assert_int_equal(scoreboard_get(board, i), SCOREBOARD_FREE);
	other = scoreboard_map(board_fd, &err);
	assert_non_null(other);
	scoreboard_set(other, 63, SCOREBOARD_READY);
	assert_int_equal(scoreboard_get(board, 63), SCOREBOARD_READY);
	scoreboard_clear(board, 63);
	assert_int_equal(scoreboard_get(other, 63), SCOREBOARD_FREE);
	scoreboard_unmap(other);
}

static void
what_is_not_a_scoreboard(void **state)
{
	struct err err = ERR_INIT;
	int fd;

	(void)state;
	assert_null(scoreboard_map(-1, &err));
	assert_string_equal(
	    err.msg, "scoreboard: descriptor -1: Bad file descriptor");
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_null(scoreboard_map(fd, &err));
	assert_non_null(strstr(err.msg, "is not one"));
	assert_string_equal(
	    err.hint, "the supervisor is of another version: restart it");
	close(fd);
}

static void
a_tenant_has_its_share(void **state)
{
	(void)state;
	assert_true(enter(0, STR("acme"), 2));
	assert_true(enter(63, STR("acme"), 2));
	assert_false(enter(1, STR("acme"), 2));
	assert_true(enter(1, STR("globex"), 2));
	assert_false(enter(2, STR("acme"), 2));
	scoreboard_leave(board, 63);
	assert_true(enter(2, STR("acme"), 2));
	scoreboard_leave(board, 0);
	scoreboard_leave(board, 1);
	scoreboard_leave(board, 2);
	assert_true(enter(5, STR("acme"), 1));
	assert_false(enter(6, STR("acme"), 1));
	scoreboard_leave(board, 5);
}

/* Slow ones are not waited for, nor is one waited for longer than that. */
static void
patience(void **state)
{
	int64_t begun_ms, took_ms;

	(void)state;
	assert_true(scoreboard_enter(board, 4, STR("acme"), 1, 60));
	begun_ms = clock_mono_ms();
	assert_false(scoreboard_enter(board, 3, STR("acme"), 1, 60));
	took_ms = clock_mono_ms() - begun_ms;
	assert_in_range(took_ms, 55, 5000);
	begun_ms = clock_mono_ms();
	assert_false(scoreboard_enter(board, 3, STR("acme"), 1, 1));
	assert_false(scoreboard_enter(board, 3, STR("acme"), 1, 50));
	took_ms = clock_mono_ms() - begun_ms;
	assert_in_range(took_ms, 0, 45);
	scoreboard_leave(board, 4);
	assert_true(enter(3, STR("acme"), 1));
	scoreboard_leave(board, 3);
}

/* While another worker has nothing to do. */
static void
patience_with_a_spare_worker(void **state)
{
	int64_t begun_ms = clock_mono_ms(), took_ms;
	pid_t pid;
	int status;

	(void)state;
	assert_true(enter(4, STR("acme"), 1));
	scoreboard_set(board, 9, SCOREBOARD_READY);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		usleep(150000);
		scoreboard_leave(board, 4);
		_exit(0);
	}
	assert_true(scoreboard_enter(board, 3, STR("acme"), 1, 20));
	took_ms = clock_mono_ms() - begun_ms;
	assert_in_range(took_ms, 100, 1900);
	assert_int_equal(waitpid(pid, &status, 0), pid);

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		usleep(150000);
		scoreboard_set(board, 9, SCOREBOARD_BUSY);
		_exit(0);
	}
	begun_ms = clock_mono_ms();
	assert_false(scoreboard_enter(board, 4, STR("acme"), 1, 20));
	took_ms = clock_mono_ms() - begun_ms;
	assert_in_range(took_ms, 100, 1900);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	scoreboard_clear(board, 9);
	scoreboard_leave(board, 3);
}

/* A waiter that died does not stand in the way of those after it. */
static void
a_dead_waiter_is_not_waited_for(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	assert_true(enter(4, STR("acme"), 1));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)scoreboard_enter(board, 5, STR("acme"), 1, 60000);
		_exit(0);
	}
	usleep(30000);
	scoreboard_leave(board, 4);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(enter(4, STR("acme"), 1)); /* it has the place */
	scoreboard_clear(board, 5);

	assert_true(enter(4, STR("acme"), 1));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)scoreboard_enter(board, 5, STR("acme"), 1, 60000);
		_exit(0);
	}
	usleep(30000);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	scoreboard_leave(board, 4);
	assert_false(enter(6, STR("acme"), 1));
	usleep(120000); /* forgotten by itself */
	assert_true(enter(6, STR("acme"), 1));
	scoreboard_leave(board, 6);
	scoreboard_clear(board, 5);
}

/* Six with two places, each for a moment: everyone has a turn, always. */
static void
a_place_is_waited_for_in_turn(void **state)
{
	int i, k, status, refused = 0;

	(void)state;
	for (i = 0; i < 6; i++) {
		if (fork() != 0)
			continue;
		for (k = 0; k < 2000; k++) {
			if (!scoreboard_enter(board, i, STR("acme"), 2, 1000))
				_exit(1);
			if (k % 16 == 0)
				usleep(100);
			scoreboard_leave(board, i);
		}
		_exit(0);
	}
	for (i = 0; i < 6; i++)
		if (wait(&status) < 0 || status != 0)
			refused++;
	assert_int_equal(refused, 0);
	assert_true(enter(0, STR("acme"), 1));
	scoreboard_leave(board, 0);
}

/* More tenants than buckets, so that many share one. */
static void
tenants_that_share_a_bucket(void **state)
{
	char name[16];
	int i;

	(void)state;
	assert_true(enter(0, STR("acme"), 1));
	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof name, "t%d", i);
		assert_true(enter(1, str_of(name), 1));
		assert_false(enter(2, str_of(name), 1));
		assert_false(enter(3, STR("acme"), 1));
		scoreboard_leave(board, 1);
	}
	scoreboard_leave(board, 0);
}

static void
a_killed_worker_gives_its_place_back(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (!enter(7, STR("acme"), 1))
			_exit(1);
		scoreboard_set(board, 7, SCOREBOARD_BUSY);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_false(enter(8, STR("acme"), 1));
	scoreboard_clear(board, 7);
	assert_int_equal(scoreboard_get(board, 7), SCOREBOARD_FREE);
	assert_true(enter(8, STR("acme"), 1));
	scoreboard_leave(board, 8);
}

#define PROCESSES 6
#define VISITS    5000

/*
 * All at once for one tenant: never more than its share, and everybody gets
 * in as often as he wants to, however the processes are scheduled.
 */
static void
the_share_is_exact(void **state)
{
	struct {
		_Atomic int now, most;
		_Atomic long let_in;
	} * seen;
	int i, k, n, most, status, failed = 0;

	(void)state;
	seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(seen != MAP_FAILED);
	for (i = 0; i < PROCESSES; i++) {
		if (fork() != 0)
			continue;
		for (k = 0; k < VISITS; k++) {
			while (!enter(i, STR("acme"), 3))
				sched_yield();
			n = atomic_fetch_add(&seen->now, 1) + 1;
			most = atomic_load(&seen->most);
			while (n > most && !atomic_compare_exchange_weak(
					       &seen->most, &most, n))
				;
			atomic_fetch_add(&seen->let_in, 1);
			if (k % 64 == 0)
				usleep(50);
			atomic_fetch_sub(&seen->now, 1);
			scoreboard_leave(board, i);
		}
		_exit(0);
	}
	for (i = 0; i < PROCESSES; i++)
		if (wait(&status) < 0 || status != 0)
			failed++;
	assert_int_equal(failed, 0);
	assert_in_range(atomic_load(&seen->most), 1, 3);
	assert_int_equal(atomic_load(&seen->let_in), PROCESSES * VISITS);
	munmap(seen, sizeof *seen);
}

static int
try(const char *address, const char *tenant, const char *account,
    int64_t now_ms, struct err *err)
{
	struct scoreboard_attempt attempt = { SCOREBOARD_SIGN_IN,
		str_of(address), str_of(tenant), str_of(account) };

	err_clear(err);
	return scoreboard_attempt(board, &attempt, now_ms, err);
}

static void
attempts_to_an_account(void **state)
{
	struct scoreboard_attempt right = { SCOREBOARD_SIGN_IN,
		STR("192.0.2.7"), STR("t1"), STR("ann@x") };
	char address[32];
	struct err err = ERR_INIT;
	int i;

	(void)state;
	/* Ten from anywhere, in any spelling, then one every ten seconds. */
	for (i = 0; i < 10; i++) {
		snprintf(address, sizeof address, "192.0.2.%d", i);
		assert_int_equal(
		    try(address, "t1", i % 2 ? "ann@x" : "ANN@x", 1000, &err),
		    0);
	}
	assert_int_equal(try("198.51.100.1", "t1", "Ann@x", 1000, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_string_equal(
	    err.msg, "too many attempts to sign in to this account");
	assert_int_equal(err.retry_after, 10);
	assert_int_equal(try("198.51.100.1", "t1", "bob@x", 1000, &err), 0);
	assert_int_equal(try("198.51.100.1", "t2", "ann@x", 1000, &err), 0);
	assert_int_equal(try("198.51.100.1", "t1", "ann@x", 10999, &err), -1);
	assert_int_equal(err.retry_after, 1);
	assert_int_equal(try("198.51.100.1", "t1", "ann@x", 11000, &err), 0);
	assert_int_equal(try("198.51.100.1", "t1", "ann@x", 11000, &err), -1);
	/* What is right does not count: its owner can go on for ever. */
	for (i = 0; i < 50; i++) {
		assert_int_equal(
		    try("192.0.2.7", "t1", "ann@x", 21000 + i * 1000, &err), 0);
		scoreboard_attempt_ok(board, &right, 21000 + i * 1000);
	}
}

static void
what_is_tried_counts_apart(void **state)
{
	struct scoreboard_attempt attempt = { SCOREBOARD_MAIL,
		STR("192.0.2.77"), STR("t7"), STR("cid@x") };
	struct err err = ERR_INIT;
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(
		    scoreboard_attempt(board, &attempt, 1000, &err), 0);
	assert_int_equal(scoreboard_attempt(board, &attempt, 1000, &err), -1);
	assert_err(&err, ERR_LIMIT, "too many mails asked for to this account");
	assert_int_equal(err.retry_after, 300);
	err_clear(&err);
	attempt.what = SCOREBOARD_SIGN_UP;
	for (i = 0; i < 3; i++)
		assert_int_equal(
		    scoreboard_attempt(board, &attempt, 1000, &err), 0);
	assert_int_equal(scoreboard_attempt(board, &attempt, 1000, &err), -1);
	assert_err(
	    &err, ERR_LIMIT, "too many attempts to sign up to this account");
	assert_int_equal(try("192.0.2.77", "t7", "cid@x", 1000, &err), 0);
}

static void
attempts_from_an_address(void **state)
{
	static const char *const same[][2] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:db8::1", "2001:db8:0:0:ffff::9" },
		{ "::ffff:192.0.2.9", "::ffff:192.0.2.9" },
		{ "not an address", "not an address" },
	};
	static const char *const others[] = { "192.0.2.2", "2001:db8:0:1::1",
		"::ffff:192.0.2.8", "another" };
	char account[32];
	struct err err = ERR_INIT;
	int i, k;

	(void)state;
	for (k = 0; k < 4; k++) {
		for (i = 0; i < 60; i++) {
			snprintf(account, sizeof account, "a%d.%d", k, i);
			assert_int_equal(
			    try(same[k][i % 2], k % 2 ? "t1" : "t2", account,
				100000 * k, &err),
			    0);
		}
		assert_int_equal(
		    try(same[k][0], "t3", "new", 100000 * k, &err), -1);
		assert_string_equal(
		    err.msg, "too many attempts to sign in from this address");
		assert_int_equal(err.retry_after, 1);
		assert_int_equal(
		    try(others[k], "t3", "new", 100000 * k, &err), 0);
	}
}

/* What is refused counts nowhere: the address is not charged for it. */
static void
attempts_to_a_tenant(void **state)
{
	char address[32], account[32];
	struct err err = ERR_INIT;
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		snprintf(address, sizeof address, "192.0.2.%d", i);
		snprintf(account, sizeof account, "a%d", i);
		assert_int_equal(try(address, "t1", account, 5, &err), 0);
	}
	for (i = 0; i < 100; i++) {
		assert_int_equal(try("203.0.113.1", "t1", "new", 5, &err), -1);
		assert_string_equal(
		    err.msg, "too many attempts to sign in to this tenant");
		assert_int_equal(err.retry_after, 1);
	}
	assert_int_equal(try("203.0.113.1", "t2", "new", 5, &err), 0);
	assert_int_equal(try("203.0.113.1", "t1", "new", 205, &err), 0);
}

static void
a_tenant_has_its_rate(void **state)
{
	const struct str t1 = STR("t1"), t2 = STR("t2");
	int64_t now_us = INT64_C(3) * 365 * 24 * 3600 * 1000000;
	int i;

	(void)state;
	/* 20 a second: what two bring at once, then one each 50 ms. */
	for (i = 0; i < 40; i++)
		assert_int_equal(
		    scoreboard_rate(board, t1, 20 * 3600, now_us), 0);
	assert_int_equal(scoreboard_rate(board, t1, 20 * 3600, now_us), 50000);
	/* Being refused costs nothing, and concerns nobody else. */
	assert_int_equal(
	    scoreboard_rate(board, t1, 20 * 3600, now_us + 49980), 20);
	assert_int_equal(
	    scoreboard_rate(board, t1, 20 * 3600, now_us + 50000), 0);
	assert_true(scoreboard_rate(board, t1, 20 * 3600, now_us + 50000) > 0);
	assert_int_equal(
	    scoreboard_rate(board, t2, 20 * 3600, now_us + 50000), 0);
	/* Another plan goes on from an empty bucket, at its own pace. */
	assert_int_equal(
	    scoreboard_rate(board, t1, 200 * 3600, now_us + 50000), 5000);
	now_us += 60 * 1000000;
	for (i = 0; i < 20000; i++)
		assert_int_equal(
		    scoreboard_rate(board, t1, 10000 * 3600, now_us), 0);
	assert_int_equal(scoreboard_rate(board, t1, 10000 * 3600, now_us), 100);
}

static void
a_slow_rate_lets_ten_come_at_once(void **state)
{
	const struct str t = STR("t");
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		assert_int_equal(scoreboard_rate(board, t, 1, 0), 0);
	assert_true(scoreboard_rate(board, t, 1, 0) == INT64_C(3600) * 1000000);
}

static void
a_full_table_forgets_the_nearest_to_full(void **state)
{
	static struct limit_table table;
	const struct limit_rate slow = { 1000, 100 };
	uint64_t key;
	int i;

	(void)state;
	/* Four keys of set 7: 1, 2, 3 and 4 taken. */
	for (key = 1; key <= LIMIT_WAYS; key++)
		for (i = 0; i < (int)key; i++)
			assert_int_equal(
			    limit_take(&table, key << 44 | 7, &slow, 0), 0);
	assert_int_equal(
	    limit_take(&table, UINT64_C(9) << 44 | 7, &slow, 0), 0);
	/* The first is forgotten, the others are not. */
	for (i = 0; i < 98; i++)
		assert_int_equal(
		    limit_take(&table, UINT64_C(2) << 44 | 7, &slow, 0), 0);
	assert_int_equal(
	    limit_take(&table, UINT64_C(2) << 44 | 7, &slow, 0), 1000);
	/* Giving back what nobody took changes nothing. */
	limit_give(&table, UINT64_C(11) << 44 | 7, &slow, 0);
	assert_int_equal(
	    limit_take(&table, UINT64_C(2) << 44 | 7, &slow, 0), 1000);
	limit_give(&table, UINT64_C(2) << 44 | 7, &slow, 0);
	assert_int_equal(
	    limit_take(&table, UINT64_C(2) << 44 | 7, &slow, 0), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(states),
		TEST(few_may_hold_a_worker),
		TEST(few_may_hash),
		TEST(of_a_tenant_fewer_may),
		TEST(what_is_not_a_scoreboard),
		TEST(a_tenant_has_its_share),
		TEST(patience),
		TEST(patience_with_a_spare_worker),
		TEST(a_dead_waiter_is_not_waited_for),
		TEST(a_place_is_waited_for_in_turn),
		TEST(tenants_that_share_a_bucket),
		TEST(a_killed_worker_gives_its_place_back),
		TEST(the_share_is_exact),
		TEST(attempts_to_an_account),
		TEST(what_is_tried_counts_apart),
		TEST(attempts_from_an_address),
		TEST(attempts_to_a_tenant),
		TEST(a_tenant_has_its_rate),
		TEST(a_slow_rate_lets_ten_come_at_once),
		cmocka_unit_test(a_full_table_forgets_the_nearest_to_full),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("scoreboard", tests, NULL, NULL);
}
