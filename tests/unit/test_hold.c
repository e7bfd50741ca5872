#include "tenants/base/hold.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/house.h"

static int
open_new(const char *path)
{
	int fd = file_open(path, O_RDWR | O_CREAT, 0600, &house.err);

	assert_true(fd >= 0);
	return fd;
}

static int
taken(const char *path)
{
	int answer = hold_taken(path, &house.err);

	assert_true(answer >= 0);
	return answer;
}

static void
one_process_has_it(void **state)
{
	const char *path = house_path("half");
	char text[600];
	int mine, other;

	(void)state;
	assert_int_equal(taken(path), 0);
	mine = open_new(path);
	assert_int_equal(taken(path), 0);
	OK(hold_take(mine, path, &house.err));
	assert_int_equal(taken(path), 1);
	other = open_new(path);
	snprintf(text, sizeof(text), "%s: another process is at it", path);
	FAILS(hold_take(other, path, &house.err), ERR_BUSY, text);
	close(mine);
	assert_int_equal(taken(path), 0);
	OK(hold_take(other, path, &house.err));
	close(other);
}

/* Somebody took it for what a killed one left, and removed it. */
static void
what_has_another_name_by_now_is_not_taken(void **state)
{
	const char *path = house_path("half");
	int mine = open_new(path);

	(void)state;
	OK(file_remove(path, &house.err));
	assert_int_equal(hold_take(mine, path, &house.err), -1);
	assert_int_equal(house.err.code, ERR_BUSY);
	close(open_new(path));
	assert_int_equal(hold_take(mine, path, &house.err), -1);
	assert_int_equal(house.err.code, ERR_BUSY);
	close(mine);
}

static void
it_goes_with_the_process(void **state)
{
	const char *path = house_path("half");
	int ends[2], status;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (hold_take(open_new(path), path, &house.err) != 0 ||
		    write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 1);
	close(ends[0]);
	assert_int_equal(taken(path), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(taken(path), 0);
}

static void
a_link_is_not_followed(void **state)
{
	const char *path = house_path("half"), *link = house_path("link");

	(void)state;
	close(open_new(path));
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(hold_taken(link, &house.err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(one_process_has_it),
		house_test(what_has_another_name_by_now_is_not_taken),
		house_test(it_goes_with_the_process),
		house_test(a_link_is_not_followed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
