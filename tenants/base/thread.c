#include "tenants/base/thread.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

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

/* Linux: that of the calling thread alone. */
static void *
run_nicer(void *arg)
{
	const struct nicer *nicer = arg;
	int nice;

	errno = 0;
	nice = getpriority(PRIO_PROCESS, 0);
	/* It runs either way. */
	if (errno == 0)
		(void)setpriority(PRIO_PROCESS, 0, nice + nicer->by);
	return nicer->run(nicer->arg);
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
		pthread_join(thread, NULL);
}
