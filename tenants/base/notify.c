#include "tenants/base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/base/str.h"

#define NOBODY_MS (60 * 60 * 1000)

void
notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size;
	int fd;

	if (!path || (path[0] != '/' && path[0] != '@') ||
	    str_copy(str_of(path), address.sun_path, sizeof address.sun_path) !=
		0)
		return;
	size =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL,
			  (struct sockaddr *)&address, size) < 0)
		log_warn("notify", "%s: %s", path, strerror(errno));
	file_drop(&fd);
}

void
notify_reloading(void)
{
	char state[64];

	/* The time tells systemd which of several reloads this answers. */
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)clock_mono_us());
	notify(state);
}

void
notify_watch_begin(struct notify_watch *watch)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	int64_t n, for_pid = getpid();

	*watch = (struct notify_watch){ .every_ms = 0 };
	if (!usec || str_i64(str_of(usec), &n) != 0 || n <= 0 ||
	    (pid && str_i64(str_of(pid), &for_pid) != 0) || for_pid != getpid())
		return;
	/* Half of it, as sd_watchdog_enabled(3) has it. */
	watch->every_ms = n / 2000 > 0 ? n / 2000 : 1;
}

int64_t
notify_watch_tend(struct notify_watch *watch, int64_t mono_ms)
{
	if (watch->every_ms == 0)
		return mono_ms + NOBODY_MS;
	if (mono_ms >= watch->next_ms) {
		notify("WATCHDOG=1");
		watch->next_ms = mono_ms + watch->every_ms;
	}
	return watch->next_ms;
}
