#ifndef ROWHOUSE_TESTS_KILLER_H
#define ROWHOUSE_TESTS_KILLER_H

/*
 * Kills a process with SIGKILL at its n-th system call, so that a sweep over n
 * meets every state that it leaves on the disk.
 */

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

/* May this process trace another?  Some containers forbid it. */
static inline int
killer_works(void)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Runs body(arg); 1 it was killed at its n-th system call, 0 it came to its
 * end before. */
static inline int
killer_run(void (*body)(void *arg), void *arg, long n)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(1);
		raise(SIGSTOP);
		body(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	/* Two stops for each call; the killer's own end must not let it run. */
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	    (void *)(uintptr_t)(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD));
	for (long stops = 0;;) {
		int number = 0;

		if (WIFSTOPPED(status) && WSTOPSIG(status) != SIGSTOP &&
		    WSTOPSIG(status) != (SIGTRAP | 0x80))
			number = WSTOPSIG(status);
		if (WIFSTOPPED(status) &&
		    WSTOPSIG(status) == (SIGTRAP | 0x80) && ++stops == 2 * n)
			break;
		assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL,
				     (void *)(uintptr_t)number),
		    0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return 0;
		}
		assert_false(WIFSIGNALED(status));
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return 1;
}

#endif
