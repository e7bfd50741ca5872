#include "tenants/base/thread.h"

#include <errno.h>
#include <signal.h>

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
