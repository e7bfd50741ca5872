#include "tenants/base/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int
signals_open(const int *wanted, struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (; *wanted != 0; wanted++)
		sigaddset(&set, *wanted);
	if (sigprocmask(SIG_SETMASK, &set, NULL) != 0)
		return err_sys(err, "sigprocmask");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(err, "signalfd") : fd;
}

int
signals_next(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}
