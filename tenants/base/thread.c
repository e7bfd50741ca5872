#include "tenants/base/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "tenants/base/clock.h"

#define NICEST 19

int
thread_start(
    pthread_t *thread, void *(*run)(void *arg), void *arg, struct err *err)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		return 0;
	errno = rc;
	return err_sys(err, "cannot start a thread");
}

struct nicer {
	int by;
	void *(*run)(void *arg);
	void *arg;
};

/*
 * The calling thread alone; it runs either way.  The kernel lets out of
 * SCHED_IDLE who may lower his nice value to what it is, so that is tried first.
 */
static void
stand_back(int by)
{
	const struct sched_param none = { 0 };
	int nice;

	errno = 0;
	nice = getpriority(PRIO_PROCESS, 0);
	if (errno != 0)
		return;
	nice += by;
	if (nice >= NICEST)
		(void)setpriority(PRIO_PROCESS, 0, NICEST);
	else if (setpriority(PRIO_PROCESS, 0, nice + 1) == 0 &&
		 setpriority(PRIO_PROCESS, 0, nice) == 0)
		(void)sched_setscheduler(0, SCHED_IDLE, &none);
}

static void *
run_nicer(void *arg)
{
	const struct nicer *nicer = arg;

	stand_back(nicer->by);
	return nicer->run(nicer->arg);
}

/* Waits for its end, and has it out of SCHED_IDLE when it takes too long. */
static void
join_nicer(pthread_t thread)
{
	const struct sched_param none = { 0 };
	struct timespec until;
	int64_t until_ms = clock_mono_ms();

	do {
		until_ms += THREAD_IDLE_MS;
		until.tv_sec = until_ms / 1000;
		until.tv_nsec = until_ms % 1000 * 1000000;
		if (pthread_clockjoin_np(
			thread, NULL, CLOCK_MONOTONIC, &until) == 0)
			return;
		/* Again and again: it may not have begun before. */
	} while (pthread_setschedparam(thread, SCHED_OTHER, &none) == 0);
	pthread_join(thread, NULL);
}

void
thread_run_nicer(int by, void *(*run)(void *arg), void *arg)
{
	struct nicer nicer = { by, run, arg };
	struct err err = ERR_INIT;
	pthread_t thread;

	if (thread_start(&thread, run_nicer, &nicer, &err) != 0)
		run(arg);
	else
		join_nicer(thread);
}

void
thread_lock(pthread_mutex_t *mutex)
{
	if (pthread_mutex_lock(mutex) != 0)
		err_die("a mutex cannot be locked");
}

void
thread_unlock(pthread_mutex_t *mutex)
{
	if (pthread_mutex_unlock(mutex) != 0)
		err_die("a mutex cannot be unlocked");
}
