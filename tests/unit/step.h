#ifndef ROWHOUSE_TESTS_STEP_H
#define ROWHOUSE_TESTS_STEP_H

/*
 * Stops or kills a piece of code just before its n-th system call that changes
 * something, for n = 1, 2, 3 … until it comes to its end: by ptrace(2), so
 * that the code under test knows nothing of it.
 */

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* A call after which a file, a directory or a lock is not what it was. */
static inline int
step_changes(long nr)
{
	static const long calls[] = { SYS_openat, SYS_write, SYS_pwrite64,
		SYS_ftruncate, SYS_fsync, SYS_fdatasync, SYS_renameat2,
		SYS_unlinkat, SYS_mkdirat, SYS_linkat, SYS_fchmod, SYS_sendto,
		SYS_close,
#ifdef SYS_open
		SYS_open, SYS_rename, SYS_unlink, SYS_mkdir, SYS_rmdir,
		SYS_link, SYS_chmod,
#endif
		SYS_renameat };
	size_t i;

	for (i = 0; i < N_OF(calls); i++)
		if (calls[i] == nr)
			return 1;
	return 0;
}

/*
 * Runs body() in a child up to change number n.  1 it stands there, 0 it came to its
 * end (by _exit(0)), -1 it failed, -2 there is no ptrace.
 */
static inline int
step_to(void (*body)(void), int n, pid_t *child)
{
	struct __ptrace_syscall_info info;
	int status, seen = 0;
	pid_t pid;

	fflush(NULL);
	*child = pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(77);
		raise(SIGSTOP);
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		return -2;
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, pid, NULL,
			     PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL),
	    0);
	for (;;) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status) || WIFSIGNALED(status))
			return WIFEXITED(status) && WEXITSTATUS(status) == 0
				   ? 0
				   : -1;
		if (!WIFSTOPPED(status) || WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <
		    0)
			fail_msg(
			    "PTRACE_GET_SYSCALL_INFO: %s", strerror(errno));
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY &&
		    step_changes((long)info.entry.nr) && ++seen == n)
			return 1;
	}
}

/* The same, and kills it there. */
static inline int
step_kill(void (*body)(void), int n)
{
	int status, answer;
	pid_t pid;

	answer = step_to(body, n, &pid);
	if (answer == 1) {
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	return answer;
}

/* The same, and lets it go on there when meanwhile() was called. */
static inline int
step_between(void (*body)(void), int n, void (*meanwhile)(void))
{
	int status, answer;
	pid_t pid;

	answer = step_to(body, n, &pid);
	if (answer == 1) {
		meanwhile();
		assert_int_equal(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	return answer;
}

#endif
