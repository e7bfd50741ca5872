#include "replication/replicator.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "tenants/base/file.h"

int
replicator_lock(const struct config *config, struct err *err)
{
	char path[CONFIG_PATH_MAX + 32];
	int fd;

	snprintf(path, sizeof(path), "%s/replicator.lock", config->data);
	fd = file_open(path, O_RDWR | O_CREAT, 0600, err);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno == EWOULDBLOCK) {
		err_set(err, ERR_BUSY, "another replicator works on %s",
		    config->data);
		err_hint(err, "stop it first; two would fight over "
			      "checkpoints");
	} else {
		err_sys(err, "%s: lock", path);
	}
	file_drop(&fd);
	return -1;
}
