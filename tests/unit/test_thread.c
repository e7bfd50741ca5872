#include "tenants/base/thread.h"

#include <signal.h>
#include <sys/resource.h>

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
	assert_int_equal(seen.nice, want);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: a stack that was used once is kept for the next. */
		cmocka_unit_test(runs_here_where_there_is_no_thread),
		cmocka_unit_test(is_nicer_for_so_long),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
