#include "fcgi/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tenants/base/log.h"
#include "tenants/base/str.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS  5000
#define GOOD_RUN_MS      10000

/* In the child; every result that can be unwanted ends it. */
static int
become(const struct child_spec *spec, pid_t parent)
{
	sigset_t none;
	int input = spec->input;
	int i;

	if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
		return -1;
	if (getppid() != parent)
		_exit(1);
	/* A shell in the background ignores some; two cannot be ignored. */
	for (i = 1; i < 32; i++)
		if (i != SIGKILL && i != SIGSTOP)
			(void)signal(i, SIG_DFL);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) != 0)
		return -1;
	if (input < 0)
		input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	/* What a child says is for the log. */
	if (input < 0 || dup2(input, STDIN_FILENO) < 0 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return -1;
	if (spec->keep >= 0 && fcntl(spec->keep, F_SETFD, 0) != 0)
		return -1;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	if (!spec->store_keys) {
		unsetenv("AWS_ACCESS_KEY_ID");
		unsetenv("AWS_SECRET_ACCESS_KEY");
		unsetenv("AWS_SESSION_TOKEN");
	}
	/* execv() takes them for what they are here, constant. */
	return execv(spec->path, (char *const *)(uintptr_t)spec->argv);
}

int
child_start(const struct child_spec *spec, pid_t *out, struct err *err)
{
	struct err failure = ERR_INIT;
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0) {
		become(spec, parent);
		err_sys(&failure, "%s", spec->path);
		log_err("cannot execute", STR_NONE, &failure);
		_exit(CHILD_NOT_EXECUTED);
	}
	*out = pid;
	return 0;
}

int64_t
child_backoff_ms(int64_t ran_ms, int *failures)
{
	int64_t wait_ms = BACKOFF_FIRST_MS;
	int i;

	if (ran_ms >= GOOD_RUN_MS)
		*failures = 0;
	for (i = 0; i < *failures && wait_ms < BACKOFF_MOST_MS; i++)
		wait_ms *= 2;
	(*failures)++;
	return wait_ms < BACKOFF_MOST_MS ? wait_ms : BACKOFF_MOST_MS;
}

void
child_describe_end(int status, char out[CHILD_END])
{
	if (WIFSIGNALED(status))
		snprintf(out, CHILD_END, "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(out, CHILD_END, "exit status %d", WEXITSTATUS(status));
}

static int
join(const char *dir, const char *name, char *out, size_t out_size)
{
	int n = snprintf(out, out_size, "%s/%s", dir, name);

	return n > 0 && (size_t)n < out_size ? 0 : -1;
}

int
child_find_binary(
    const char *argv0, char *out, size_t out_size, struct err *err)
{
	struct str rest, dir;
	char directory[4096];

	if (argv0[0] == '/') {
		if (str_copy(str_of(argv0), out, out_size) == 0)
			return 0;
	} else if (strchr(argv0, '/')) {
		if (!getcwd(directory, sizeof directory))
			return err_sys(err, "the working directory");
		if (join(directory, argv0, out, out_size) == 0)
			return 0;
	} else {
		rest = str_of(getenv("PATH"));
		while (str_next(&rest, ':', &dir))
			if (dir.n > 0 && dir.p[0] == '/' &&
			    str_copy(dir, directory, sizeof directory) == 0 &&
			    join(directory, argv0, out, out_size) == 0 &&
			    access(out, X_OK) == 0)
				return 0;
	}
	err_set(err, ERR_NOT_FOUND,
	    "the rowhouse binary, started as \"%.200s\"", argv0);
	return err_hint(err, "start it by its absolute path");
}
