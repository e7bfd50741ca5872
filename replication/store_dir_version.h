#ifndef ROWHOUSE_STORE_DIR_VERSION_H
#define ROWHOUSE_STORE_DIR_VERSION_H

#include "replication/store.h"

/*
 * The version of an object in a directory: the hash of its content, in hex.
 * store_dir's alone; it reads all of it, so it is for small objects.
 */
void store_dir_version_of(struct str content, char out[STORE_VERSION]);
/* Of an open file of that size.  path is for errors. */
int store_dir_version_fd(int fd, int64_t size, const char *path,
    char out[STORE_VERSION], struct err *err);
/* Of the file that has the name now; "" where there is none. */
int store_dir_version(const char *path, char out[STORE_VERSION],
    struct err *err);

#endif
