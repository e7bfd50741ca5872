#ifndef ROWHOUSE_BASE_FILE_H
#define ROWHOUSE_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tenants/base/arena.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * Files, with every result checked.  Descriptors are CLOEXEC.  Errors name the
 * path.  None of this may be used on a database or -shm file that the process
 * has open through SQLite: closing it would drop SQLite's locks.
 */

/* The whole of a file, at most max bytes (ERR_TOO_LARGE), in the arena. */
int file_read(const char *path, size_t max, struct arena *arena,
    struct str *out, struct err *err);

/*
 * Replaces a file so that a reader, or a power cut, sees the old content or
 * the new: temporary file beside it, fsync, rename, fsync of the directory.
 * The mode is set as given, whatever the umask.  A process that is killed in
 * between can leave the temporary file, PATH.XXXXXX.tmp, and nothing worse.
 */
int file_replace(const char *path, struct str content, mode_t mode,
    struct err *err);

/* The same for a file that must not be there yet: ERR_CONFLICT if it is. */
int file_create(const char *path, struct str content, mode_t mode,
    struct err *err);

int file_open(const char *path, int flags, mode_t mode, struct err *err);
int file_close(int *fd, const char *path, struct err *err);	/* fd = -1 */
void file_drop(int *fd);	/* close on an error path: result unwanted */

/* All n bytes or an error; a short read is ERR_CORRUPT. */
int file_pread(int fd, void *p, size_t n, int64_t at, const char *path,
    struct err *err);
int file_pwrite(int fd, const void *p, size_t n, int64_t at, const char *path,
    struct err *err);

/* A new file with the content of another; not synced.  ERR_CONFLICT. */
int file_copy(const char *from, const char *to, mode_t mode, struct err *err);

int file_sync(int fd, const char *path, struct err *err);
int file_sync_dir(const char *dir, struct err *err);
int file_rename(const char *from, const char *to, struct err *err);	/* synced */
/* ERR_CONFLICT where `to` is there; both in one directory, synced. */
int file_rename_new(const char *from, const char *to, struct err *err);
int file_mkdirs(const char *path, mode_t mode, struct err *err);
int file_remove(const char *path, struct err *err);	/* absent is fine */
int file_remove_tree(const char *path, struct err *err);	/* absent is fine */

/* 1 there, 0 not there, -1 cannot tell. */
int file_exists(const char *path, struct err *err);

/*
 * Who a file is, to tell whether it is still what it was: device, inode, size
 * and the times of the last change of content and of inode, in nanoseconds.
 * All zero stands for "there is none".
 */
struct file_id {
	uint64_t dev;
	uint64_t ino;
	int64_t size;
	int64_t mtime_ns;
	int64_t ctime_ns;
};

int file_identify(const char *path, struct file_id *out, struct err *err);
int file_id_eq(const struct file_id *a, const struct file_id *b);

/* Names in a directory, without . and .., sorted; in the arena. */
struct file_names {
	size_t n;
	const char **name;
	size_t more;		/* of those wanted, that come after these */
};

int file_list(const char *path, struct arena *arena, struct file_names *out,
    struct err *err);

/*
 * For a directory that others write to.  Of the plain files whose names are wanted the
 * first max, with memory for no more than these, whatever else there is.
 */
struct file_want {
	int (*is)(struct str name, const void *arg);
	const void *arg;
	size_t max;
};

int file_list_first(const char *path, const struct file_want *want,
    struct arena *arena, struct file_names *out, struct err *err);

#endif
