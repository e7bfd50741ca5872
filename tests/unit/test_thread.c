#include "tenants/base/thread.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tenants/base/clock.h"

#include "tests/unit/unit.h"

struct seen {
	pthread_t self;
	int nice, blocked;
};

static int
nice_now(void)
{
	return getpriority(PRIO_PROCESS, 0);
}

static void *
look(void *arg)
{
	struct seen *seen = arg;
	sigset_t set;

	seen->self = pthread_self();
	seen->nice = nice_now();
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	seen->blocked = sigismember(&set, SIGALRM) == 1;
	return NULL;
}

/* What comes after it is as quick as what came before. */
static void
is_nicer_for_so_long(void **state)
{
	struct seen seen;
	int before = nice_now(), want = before + 3 > 19 ? 19 : before + 3;

	(void)state;
	thread_run_nicer(3, look, &seen);
	/* Who may not come back has given one more. */
	assert_true(seen.nice == want || seen.nice == want + 1);
	assert_int_equal(nice_now(), before);
	assert_false(pthread_equal(seen.self, pthread_self()));
	assert_true(seen.blocked);
}

static void
runs_here_where_there_is_no_thread(void **state)
{
	struct rlimit none = { 0, 0 }, before;
	struct seen seen = { .nice = -100 };

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	print_message("# skipped: a sanitizer needs memory of its own\n");
	/* cmocka's skip() is a failure to who reads TAP */
	return;
#endif
	/* The stack of a thread is not to be had. */
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	none.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	thread_run_nicer(3, look, &seen);
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	assert_int_equal(seen.nice, nice_now());
	assert_true(pthread_equal(seen.self, pthread_self()));
}

/* What of it is seen, told from a child by its exit status. */
enum { IDLE = 1, CAME_BACK = 2, NICER = 4, TOO_LATE = 8, NO_LIMIT = 16 };

static void *
watch(void *arg)
{
	int64_t late = clock_mono_ms() + (int64_t)THREAD_IDLE_MS * 50;
	int *seen = arg;

	if (sched_getscheduler(0) == SCHED_IDLE)
		*seen |= IDLE;
	while (sched_getscheduler(0) == SCHED_IDLE)
		if (clock_mono_ms() > late) {
			*seen |= TOO_LATE;
			return NULL;
		}
	*seen |= CAME_BACK;
	if (nice_now() == 3)
		*seen |= NICER;
	return NULL;
}

/* By somebody who is not root, and may go down to that nice value. */
static int
seen_by_nobody(int nicest)
{
	const struct rlimit may = { 20 - (rlim_t)nicest, 20 - (rlim_t)nicest };
	int seen = 0, status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (setrlimit(RLIMIT_NICE, &may) != 0)
			_exit(NO_LIMIT);
		if (setpriority(PRIO_PROCESS, 0, 0) != 0 || setuid(65534) != 0)
			_exit(100);
		thread_run_nicer(3, watch, &seen);
		_exit(seen);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
is_idle_where_it_may_come_back(void **state)
{
	static const int may[] = { 3, 0 }, may_not[] = { 5, 20 };
	int seen = 0, i;

	(void)state;
	if (geteuid() != 0 || nice_now() != 0) {
		print_message("# not tried: only root can become nobody\n");
		return;
	}
	thread_run_nicer(3, watch, &seen);
	assert_int_equal(seen, IDLE | CAME_BACK | NICER);
	for (i = 0; i < 2; i++) {
		seen = seen_by_nobody(may[i]);
		if (seen == NO_LIMIT)
			print_message("# not tried: no limit can be raised\n");
		else
			assert_int_equal(seen, IDLE | CAME_BACK | NICER);
		/* Out of SCHED_IDLE there would be no way. */
		seen = seen_by_nobody(may_not[i]);
		if (seen != NO_LIMIT)
			assert_int_equal(seen & (IDLE | TOO_LATE), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: a stack that was used once is kept for the next. */
		cmocka_unit_test(runs_here_where_there_is_no_thread),
		cmocka_unit_test(is_nicer_for_so_long),
		cmocka_unit_test(is_idle_where_it_may_come_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
