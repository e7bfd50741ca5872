#include "tenants/hashslot.h"

#include <sched.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tests/unit/house.h"

static int
take(int64_t wait_ms)
{
	int slot;

	err_clear(&house.err);
	slot = hashslot_take(&house.config, wait_ms, &house.err);
	if (slot < 0 && house.err.code != ERR_LIMIT)
		fail_msg("%s", house.err.msg);
	return slot;
}

static void
there_are_two(void **state)
{
	int64_t start = clock_mono_ms();
	int a = take(0), b = take(0), c;

	(void)state;
	assert_true(a >= 0 && b >= 0);
	assert_int_equal(take(0), -1);
	assert_err(
	    &house.err, ERR_LIMIT, "too many passwords are being checked");
	assert_int_equal(house.err.retry_after, 1);
	start = clock_mono_ms();
	assert_int_equal(take(150), -1);
	assert_true(clock_mono_ms() - start >= 150);
	hashslot_give(a);
	c = take(0);
	assert_true(c >= 0);
	assert_int_equal(take(0), -1);
	hashslot_give(b);
	hashslot_give(c);
}

/* A child that holds a slot until it is killed; says when it has it. */
static pid_t
holder(void)
{
	int ends[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (take(0) < 0 || write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 1);
	close(ends[0]);
	return pid;
}

static void
killed_holders_free_theirs(void **state)
{
	pid_t a = holder(), b = holder();
	int slot;

	(void)state;
	assert_int_equal(take(0), -1);
	kill(a, SIGKILL);
	assert_int_equal(waitpid(a, NULL, 0), a);
	slot = take(10000);
	assert_true(slot >= 0);
	assert_int_equal(take(0), -1);
	kill(b, SIGKILL);
	assert_int_equal(waitpid(b, NULL, 0), b);
	hashslot_give(take(10000));
	hashslot_give(slot);
}

static void
who_waits_gets_the_next(void **state)
{
	pid_t a = holder(), b = holder(), killer;
	int64_t start = clock_mono_ms();
	int slot;

	(void)state;
	killer = fork();
	assert_true(killer >= 0);
	if (killer == 0) {
		usleep(100000);
		kill(a, SIGKILL);
		_exit(0);
	}
	slot = take(20000);
	assert_true(slot >= 0);
	assert_true(clock_mono_ms() - start >= 100);
	hashslot_give(slot);
	kill(b, SIGKILL);
	assert_int_equal(waitpid(a, NULL, 0), a);
	assert_int_equal(waitpid(b, NULL, 0), b);
	assert_int_equal(waitpid(killer, NULL, 0), killer);
}

static void
never_more_than_two_at_once(void **state)
{
	char path[600];
	int i, j, status;
	pid_t pid[6];

	(void)state;
	/* Each holder makes a file for as long as it holds; nobody sees three. */
	snprintf(path, sizeof(path), "%s", house_path("holders"));
	OK(file_mkdirs(path, 0755, &house.err));
	for (i = 0; i < 6; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] != 0)
			continue;
		for (j = 0; j < 40; j++) {
			struct arena *arena = arena_new(1 << 20);
			struct file_names names;
			char mine[700];
			int slot = take(60000);

			snprintf(mine, sizeof(mine), "%s/%d", path, i);
			if (slot < 0 ||
			    file_create(mine, STR(""), 0644, &house.err) != 0 ||
			    file_list(path, arena, &names, &house.err) != 0)
				_exit(1);
			for (size_t k = 0, n = 0; k < names.n; k++)
				/* file_create's temporary names aside */
				if (strchr(names.name[k], '.') == NULL &&
				    ++n > 2)
					_exit(2);
			if (file_remove(mine, &house.err) != 0)
				_exit(3);
			hashslot_give(slot);
			arena_free(arena);
		}
		_exit(0);
	}
	for (i = 0; i < 6; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
}

static void
a_processor_is_left_to_the_others(void **state)
{
	static const int want[] = { 1, 1, 1, 2, 2 };
	int64_t two = house.config.password_at_once;
	cpu_set_t all, one;
	int i, slot;

	(void)state;
	for (i = 0; i < 5; i++)
		assert_int_equal(hashslot_count(&house.config, i), 2);
	house.config.password_at_once = 0;
	for (i = 0; i < 5; i++)
		assert_int_equal(hashslot_count(&house.config, i), want[i]);
	assert_int_equal(hashslot_count(&house.config, 64), 2);

	/* Of this process are counted, not of the machine. */
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	for (i = 0; !CPU_ISSET(i, &all); i++)
		;
	CPU_SET(i, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	slot = take(0);
	assert_true(slot >= 0);
	assert_int_equal(take(0), -1);
	hashslot_give(slot);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	house.config.password_at_once = two;
}

static void
without_a_data_directory_it_says_so(void **state)
{
	char text[700];

	(void)state;
	OK(file_remove_tree(house.config.data, &house.err));
	assert_int_equal(hashslot_take(&house.config, 1000, &house.err), -1);
	snprintf(text, sizeof(text),
	    "cannot open %s/hash.%d: No such file or directory",
	    house.config.data, (int)getpid() % 2);
	assert_err(&house.err, ERR_NOT_FOUND, text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(there_are_two),
		house_test(killed_holders_free_theirs),
		house_test(who_waits_gets_the_next),
		house_test(never_more_than_two_at_once),
		house_test(a_processor_is_left_to_the_others),
		house_test(without_a_data_directory_it_says_so),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hashslot", tests, NULL, NULL);
}
