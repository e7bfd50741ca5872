#include "fcgi/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/base/str.h"

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
