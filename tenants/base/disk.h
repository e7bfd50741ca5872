#ifndef ROWHOUSE_BASE_DISK_H
#define ROWHOUSE_BASE_DISK_H

#include <stdint.h>

#include "tenants/base/err.h"

/* What a file system has, in bytes; free is what we may have of it. */
struct disk {
	int64_t free, size;
};

/* Below this it is nearly full, which is said; above it again that is over. */
#define DISK_LOW(disk) ((disk)->free < (disk)->size / 10)

/* Of the one that a path is on or, where there is no such thing yet, will be on. */
int disk_look(const char *path, struct disk *out, struct err *err);

#endif
