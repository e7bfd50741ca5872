#include "replication/store_dir_put.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replication/store_dir_version.h"
#include "tenants/base/file.h"

#define SUFFIX STORE_DIR_PUT_SUFFIX

enum stage { COPY, COMPARE };

struct store_dir_put {
	struct store_op *op;
	enum stage stage;
	char path[PATH_MAX]; /* of the object */
	char temp[PATH_MAX]; /* "" unless there is one, and it is ours */
	int in; /* what is put; -1 where it is bytes */
	int out; /* the object, or temp */
	int64_t at, size;
};

static void
parent_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	(void)str_copy(str_make(path, (size_t)(slash - path)), out, PATH_MAX);
}

static int
sync_parent(const char *path, struct err *err)
{
	char parent[PATH_MAX];

	parent_of(path, parent);
	return file_sync_dir(parent, err);
}

/*
 * Locks the .put file behind fd.  1 it is ours; 0 it was renamed or removed
 * meanwhile, or is an object's second name: try again; -1.
 */
static int
claim_temp(int fd, const char *temp, struct err *err)
{
	struct stat mine, named;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, "cannot lock %s", temp);
		return err_set(err, ERR_BUSY,
		    "%s is being written by another process", temp);
	}
	if (fstat(fd, &mine) != 0)
		return err_sys(err, "cannot look at %s", temp);
	if (stat(temp, &named) != 0)
		return errno == ENOENT
			   ? 0
			   : err_sys(err, "cannot look at %s", temp);
	if (mine.st_dev != named.st_dev || mine.st_ino != named.st_ino)
		return 0;
	if (mine.st_nlink == 1)
		return 1;
	return file_remove(temp, err);
}

static int
open_temp(struct store_dir_put *put, struct err *err)
{
	char temp[PATH_MAX], parent[PATH_MAX];
	int claimed = 0;
	int fd = -1;

	snprintf(temp, sizeof temp, "%.*s" SUFFIX,
	    PATH_MAX - (int)sizeof SUFFIX, put->path);
	while (!claimed) {
		file_drop(&fd);
		fd =
		    open(temp, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno == ENOENT) {
			parent_of(temp, parent);
			if (file_mkdirs(parent, 0700, err) != 0)
				return -1;
			continue;
		}
		if (fd < 0)
			return err_sys(err, "cannot create %s", temp);
		claimed = claim_temp(fd, temp, err);
	}
	if (claimed < 0) {
		file_drop(&fd);
		return -1;
	}
	put->out = fd;
	memcpy(put->temp, temp, sizeof temp);
	if (ftruncate(fd, 0) != 0)
		return err_sys(err, "cannot write %s", temp);
	return 0;
}

static int
still_of_version(
    const struct store_dir_put *put, const char *version, struct err *err)
{
	char there[STORE_VERSION];

	if (store_dir_version(put->path, there, err) != 0)
		return -1;
	if (strcmp(there, version) == 0)
		return 0;
	return err_set(err, ERR_CONFLICT, "%s is not what it was", put->path);
}

/*
 * Under the lock on the .put file, which every put of the object takes: what
 * is compared now is still there when it is replaced.
 */
static int
start_swap(struct store_dir_put *put, struct err *err)
{
	put->stage = COPY;
	if (open_temp(put, err) != 0)
		return -1;
	return still_of_version(put, put->op->version, err);
}

static int
start(struct store_dir_put *put, struct err *err)
{
	const struct store_op *op = put->op;
	struct stat st;

	assert(!op->swap || !op->path);
	put->size = (int64_t)op->bytes.n;
	if (op->path) {
		put->in = file_open(op->path, O_RDONLY, 0, err);
		if (put->in < 0)
			return -1;
		if (fstat(put->in, &st) != 0)
			return err_sys(err, "cannot look at %s", op->path);
		put->size = st.st_size;
	}
	if (op->swap)
		return start_swap(put, err);
	put->stage = COMPARE;
	put->out = open(put->path, O_RDONLY | O_CLOEXEC);
	if (put->out >= 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(err, "cannot open %s", put->path);
	put->stage = COPY;
	return open_temp(put, err);
}

/* The next at most max bytes of what is put. */
static int
next_bytes(struct store_dir_put *put, unsigned char *space, size_t max,
    const unsigned char **out, size_t *n, struct err *err)
{
	const struct store_op *op = put->op;

	*n = put->size - put->at < (int64_t)max ? (size_t)(put->size - put->at)
						: max;
	*out = space;
	if (op->path)
		return file_pread(put->in, space, *n, put->at, op->path, err);
	*out = (const unsigned char *)op->bytes.p + put->at;
	return 0;
}

/* 1 done, 0 another was faster, -1 */
static int
finish_put(struct store_dir_put *put, struct err *err)
{
	int64_t ms = put->op->time_ms;
	struct timespec times[2] = {
		{ .tv_nsec = UTIME_NOW },
		{ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 },
	};

	if (ms != 0 && futimens(put->out, times) != 0)
		return err_sys(err, "cannot set the time of %s", put->temp);
	if (file_sync(put->out, put->temp, err) != 0)
		return -1;
	if (put->op->swap) {
		if (file_rename(put->temp, put->path, err) != 0)
			return -1;
		put->temp[0] = '\0';
		store_dir_version_of(put->op->bytes, put->op->version);
		return 1;
	}
	if (file_rename_new(put->temp, put->path, err) == 0) {
		put->temp[0] = '\0';
		return 1;
	}
	if (err->code != ERR_CONFLICT)
		return -1;
	err_clear(err);
	if (file_remove(put->temp, err) != 0)
		return -1;
	put->temp[0] = '\0';
	file_drop(&put->out);
	put->out = file_open(put->path, O_RDONLY, 0, err);
	put->stage = COMPARE;
	put->at = 0;
	return put->out < 0 ? -1 : 0;
}

static int
copy_some(struct store_dir_put *put, unsigned char *chunk, size_t n_max,
    struct err *err)
{
	const unsigned char *p;
	size_t n;

	if (next_bytes(put, chunk, n_max, &p, &n, err) != 0 ||
	    file_pwrite(put->out, p, n, put->at, put->temp, err) != 0)
		return -1;
	/* Begins to write it out, so that the sync at the end is short. */
	(void)sync_file_range(
	    put->out, put->at, (off_t)n, SYNC_FILE_RANGE_WRITE);
	put->at += (int64_t)n;
	return put->at < put->size ? 0 : finish_put(put, err);
}

static int
compare_some(struct store_dir_put *put, unsigned char *chunk, size_t n_max,
    struct err *err)
{
	unsigned char *theirs = chunk + n_max / 2;
	const unsigned char *mine;
	struct stat st;
	size_t n;

	if (fstat(put->out, &st) != 0)
		return err_sys(err, "cannot look at %s", put->path);
	if (st.st_size != put->size)
		goto other;
	if (next_bytes(put, chunk, n_max / 2, &mine, &n, err) != 0 ||
	    file_pread(put->out, theirs, n, put->at, put->path, err) != 0)
		return -1;
	if (memcmp(mine, theirs, n) != 0)
		goto other;
	put->at += (int64_t)n;
	if (put->at < put->size)
		return 0;
	/* Who put it may have died before it was durable. */
	if (file_sync(put->out, put->path, err) != 0 ||
	    sync_parent(put->path, err) != 0)
		return -1;
	return 1;
other:
	err_set(err, ERR_CONFLICT, "%s is there with other content", put->path);
	return err_hint(err, "another machine writes to this replica");
}

void
store_dir_put_sweep(const char *temp)
{
	int fd = open(temp, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct err err = ERR_INIT;

	/* What cannot be removed now can be the next time. */
	if (fd >= 0 && claim_temp(fd, temp, &err) == 1)
		(void)unlink(temp);
	file_drop(&fd);
}

struct store_dir_put *
store_dir_put_new(struct store_op *op, const char *path, struct err *err)
{
	struct store_dir_put *put = calloc(1, sizeof *put);

	if (!put)
		err_die("out of memory: put");
	put->op = op;
	put->in = -1;
	put->out = -1;
	(void)str_copy(str_of(path), put->path, sizeof put->path);
	if (start(put, err) == 0)
		return put;
	store_dir_put_free(put);
	return NULL;
}

int
store_dir_put_step(
    struct store_dir_put *put, void *chunk, size_t n, struct err *err)
{
	return put->stage == COPY ? copy_some(put, chunk, n, err)
				  : compare_some(put, chunk, n, err);
}

void
store_dir_put_free(struct store_dir_put *put)
{
	if (!put)
		return;
	file_drop(&put->in);
	/* Before the lock goes with the descriptor. */
	if (put->temp[0])
		(void)unlink(put->temp);
	file_drop(&put->out);
	free(put);
}

int64_t
store_dir_put_size(const struct store_dir_put *put)
{
	return put->size;
}
