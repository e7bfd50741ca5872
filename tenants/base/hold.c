#include "tenants/base/hold.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "tenants/base/file.h"

int
hold_take(int fd, const char *path, struct err *err)
{
	struct stat mine, named;

	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &mine) == 0 &&
	    lstat(path, &named) == 0 && mine.st_ino == named.st_ino &&
	    mine.st_dev == named.st_dev)
		return 0;
	return err_set(err, ERR_BUSY, "%s: another process is at it", path);
}

int
hold_taken(const char *path, struct err *err)
{
	int taken = file_exists(path, err);
	int fd;

	if (taken <= 0)
		return taken;
	fd = file_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, err);
	if (fd < 0)
		return -1;
	taken = flock(fd, LOCK_EX | LOCK_NB) != 0;
	file_drop(&fd);
	return taken;
}
