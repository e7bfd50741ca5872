#include "fcgi/child.h"

#include <fcntl.h>

#include "tests/unit/unit.h"

static void
backoff(void **state)
{
	static const struct {
		int64_t ran_ms, wait_ms;
	} cases[] = {
		{ 0, 100 },
		{ 5, 200 },
		{ 0, 400 },
		{ 9999, 800 },
		{ 0, 1600 },
		{ 0, 3200 },
		{ 0, 5000 },
		{ 0, 5000 },
		/* a good run, and all begins anew */
		{ 10000, 100 },
		{ 0, 200 },
	};
	int failures = 0;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++)
		assert_int_equal(child_backoff_ms(cases[i].ran_ms, &failures),
		    cases[i].wait_ms);
	failures = 1000000;
	assert_int_equal(child_backoff_ms(0, &failures), 5000);
}

/* How the process ended that runs this shell script. */
static int
run(const char *script, int keep)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct child_spec spec = { "/bin/sh", argv, -1, keep, 0 };
	struct err err = ERR_INIT;
	int status;
	pid_t pid;

	assert_int_equal(child_start(&spec, &pid, &err), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
ends(void **state)
{
	char how[CHILD_END];

	(void)state;
	child_describe_end(run("exit 0", -1), how);
	assert_string_equal(how, "exit status 0");
	child_describe_end(run("exit 75", -1), how);
	assert_string_equal(how, "exit status 75");
	child_describe_end(run("kill -9 $$", -1), how);
	assert_string_equal(how, "signal 9 (Killed)");
}

static void
what_a_child_is_left_with(void **state)
{
	char script[128];
	sigset_t set;
	int fd;

	(void)state;
	/* Blocked and ignored here, as a shell would leave them there. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	/* The C library keeps signals 32 and up to itself. */
	assert_int_equal(run("grep -q '^SigBlk:\t0*$' /proc/self/status && "
			     "grep -q '^SigIgn:\t[0-9a-f]*[08]0000000$' "
			     "/proc/self/status",
			     -1),
	    0);
	assert_int_equal(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);

	assert_int_equal(setenv("LISTEN_FDS", "1", 1), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", "@x", 1), 0);
	assert_int_equal(run("test -z \"$LISTEN_FDS$NOTIFY_SOCKET\"", -1), 0);
	unsetenv("LISTEN_FDS");
	unsetenv("NOTIFY_SOCKET");

	/* It is handed one descriptor, and no other of ours. */
	fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 20);
	assert_true(fd >= 20);
	snprintf(script, sizeof script, "test -e /proc/self/fd/%d", fd);
	assert_int_equal(run(script, fd), 0);
	assert_int_not_equal(run(script, -1), 0);
	close(fd);
	assert_int_equal(
	    run("test \"$(readlink /proc/self/fd/0)\" = /dev/null", -1), 0);
	/* Ctrl-C is not for it. */
	assert_int_equal(
	    run("test $(cut -d' ' -f5 /proc/$$/stat) = $$", -1), 0);
}

/* The keys to the store are for who talks to it. */
static void
who_has_the_keys(void **state)
{
	const char *const argv[] = { "sh", "-c",
		"test -z \"$AWS_ACCESS_KEY_ID$AWS_SECRET_ACCESS_KEY"
		"$AWS_SESSION_TOKEN\"",
		NULL };
	struct child_spec spec = { "/bin/sh", argv, -1, -1, 0 };
	struct err err = ERR_INIT;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "id", 1), 0);
	assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "secret", 1), 0);
	assert_int_equal(setenv("AWS_SESSION_TOKEN", "token", 1), 0);
	for (int keys = 0; keys < 2; keys++) {
		spec.store_keys = keys;
		assert_int_equal(child_start(&spec, &pid, &err), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(WEXITSTATUS(status), keys);
	}
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	unsetenv("AWS_SESSION_TOKEN");
}

static void
what_cannot_be_executed(void **state)
{
	const char *const argv[] = { "x", NULL };
	struct child_spec spec = { "/nonexistent", argv, -1, -1, 0 };
	struct err err = ERR_INIT;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(child_start(&spec, &pid, &err), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), CHILD_NOT_EXECUTED);
}

static void
binaries(void **state)
{
	char path[4096], want[8192], cwd[4096], small[8];
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(getcwd(cwd, sizeof cwd));
	assert_int_equal(
	    child_find_binary("/opt/x/rowhouse", path, sizeof path, &err), 0);
	assert_string_equal(path, "/opt/x/rowhouse");
	snprintf(want, sizeof want, "%s/build/rowhouse", cwd);
	assert_int_equal(
	    child_find_binary("build/rowhouse", path, sizeof path, &err), 0);
	assert_string_equal(path, want);

	assert_int_equal(setenv("PATH", "/nowhere::relative:/bin", 1), 0);
	assert_int_equal(child_find_binary("sh", path, sizeof path, &err), 0);
	assert_string_equal(path, "/bin/sh");
	assert_int_equal(
	    child_find_binary("no-such", path, sizeof path, &err), -1);
	assert_string_equal(
	    err.msg, "the rowhouse binary, started as \"no-such\"");
	assert_string_equal(err.hint, "start it by its absolute path");
	assert_int_equal(
	    child_find_binary("/bin/sh-too-long", small, sizeof small, &err),
	    -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backoff),
		cmocka_unit_test(ends),
		cmocka_unit_test(what_a_child_is_left_with),
		cmocka_unit_test(who_has_the_keys),
		cmocka_unit_test(what_cannot_be_executed),
		cmocka_unit_test(binaries),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
