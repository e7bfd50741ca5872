#include "tenants/base/disk.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

int
disk_look(const char *path, struct disk *out, struct err *err)
{
	char at[PATH_MAX];
	struct statvfs vfs;

	(void)snprintf(at, sizeof at, "%s", path);
	while (statvfs(at, &vfs) != 0) {
		char *slash = strrchr(at, '/');

		if (errno != ENOENT || strcmp(at, ".") == 0 ||
		    strcmp(at, "/") == 0)
			return err_sys(
			    err, "cannot look at the disk of %s", path);
		if (slash == NULL)
			(void)snprintf(at, sizeof at, ".");
		else /* of "/data" it is "/" */
			slash[slash == at] = '\0';
	}
	out->free = (int64_t)((uint64_t)vfs.f_bavail * vfs.f_frsize);
	out->size = (int64_t)((uint64_t)vfs.f_blocks * vfs.f_frsize);
	return 0;
}
