#include "tenants/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenants/base/buf.h"

#define READ_STEP ((size_t)64 * 1024)

int
file_open(const char *path, int flags, mode_t mode, struct err *err)
{
	int fd;

	do {
		fd = open(path, flags | O_CLOEXEC, mode);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return err_sys(err, "cannot open %s", path);
	return fd;
}

int
file_close(int *fd, const char *path, struct err *err)
{
	int closed = *fd;

	*fd = -1;
	/* On Linux the descriptor is gone even where close() says EINTR. */
	if (closed >= 0 && close(closed) != 0 && errno != EINTR)
		return err_sys(err, "cannot close %s", path);
	return 0;
}

void
file_drop(int *fd)
{
	int number = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = number;
}

static ssize_t
read_some(int fd, void *p, size_t n)
{
	ssize_t got;

	do {
		got = read(fd, p, n);
	} while (got < 0 && errno == EINTR);
	return got;
}

static int
read_all(int fd, const char *path, size_t max, struct buf *buf, struct err *err)
{
	for (;;) {
		/* One byte more than max tells "just fits" from "too large". */
		size_t want = max + 1 - buf->n;
		size_t at = buf->n;
		ssize_t got;

		if (want > READ_STEP)
			want = READ_STEP;
		got = read_some(fd, buf_extend(buf, want), want);
		if (got < 0)
			return err_sys(err, "cannot read %s", path);
		buf->n = at + (size_t)got;
		if (got == 0)
			return 0;
		if (buf->n > max)
			return err_set(err, ERR_TOO_LARGE,
			    "%s is larger than %zu bytes", path, max);
	}
}

int
file_read(const char *path, size_t max, struct arena *arena, struct str *out,
    struct err *err)
{
	struct buf buf;
	int rc = -1;
	int fd;

	buf_init(&buf, max + 1);
	fd = file_open(path, O_RDONLY, 0, err);
	if (fd < 0)
		goto done;
	if (read_all(fd, path, max, &buf, err) != 0)
		goto done;
	*out = arena_str(arena, buf_view(&buf));
	rc = 0;
done:
	file_drop(&fd);
	buf_free(&buf);
	return rc;
}

static int
write_all(int fd, const char *p, size_t n, const char *path, struct err *err)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_sys(err, "cannot write %s", path);
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

/* The directory that path lies in. */
static int
parent_of(const char *path, char out[PATH_MAX], struct err *err)
{
	const char *slash = strrchr(path, '/');
	struct str dir;

	if (!slash)
		dir = STR(".");
	else if (slash == path)
		dir = STR("/");
	else
		dir = str_make(path, (size_t)(slash - path));
	if (str_copy(dir, out, PATH_MAX) != 0) {
		errno = ENAMETOOLONG;
		return err_sys(err, "directory of %s", path);
	}
	return 0;
}

static int
sync_parent(const char *path, struct err *err)
{
	char dir[PATH_MAX];

	if (parent_of(path, dir, err) != 0)
		return -1;
	return file_sync_dir(dir, err);
}

/* A complete, synced file beside path; its name in temp. */
static int
make_temp(const char *path, struct str content, mode_t mode,
    char temp[PATH_MAX], struct err *err)
{
	static const char suffix[] = ".tmp";
	int fd = -1;
	int n;

	n = snprintf(temp, PATH_MAX, "%s.XXXXXX%s", path, suffix);
	if (n < 0 || n >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return err_sys(err, "cannot create %s", path);
	}
	fd = mkostemps(temp, (int)sizeof suffix - 1, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "cannot create %s", path);
	if (write_all(fd, content.p, content.n, path, err) != 0)
		goto fail;
	if (fchmod(fd, mode) != 0) {
		err_sys(err, "cannot set the mode of %s", path);
		goto fail;
	}
	if (file_sync(fd, path, err) != 0)
		goto fail;
	if (file_close(&fd, path, err) != 0)
		goto fail;
	return 0;
fail:
	file_drop(&fd);
	(void)unlink(temp);
	return -1;
}

int
file_replace(const char *path, struct str content, mode_t mode, struct err *err)
{
	char temp[PATH_MAX];

	if (make_temp(path, content, mode, temp, err) != 0)
		return -1;
	if (rename(temp, path) != 0) {
		err_sys(err, "cannot replace %s", path);
		(void)unlink(temp);
		return -1;
	}
	return sync_parent(path, err);
}

int
file_create(const char *path, struct str content, mode_t mode, struct err *err)
{
	char temp[PATH_MAX];
	int rc = 0;

	if (make_temp(path, content, mode, temp, err) != 0)
		return -1;
	/* Unlike rename(), link() does not replace. */
	if (link(temp, path) != 0)
		rc = err_sys(err, "cannot create %s", path);
	if (unlink(temp) != 0 && rc == 0)
		rc = err_sys(err, "cannot remove %s", temp);
	if (rc == 0)
		rc = sync_parent(path, err);
	return rc;
}

int
file_pread(
    int fd, void *p, size_t n, int64_t at, const char *path, struct err *err)
{
	char *to = p;

	while (n > 0) {
		ssize_t got = pread(fd, to, n, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(err, "cannot read %s", path);
		if (got == 0)
			return err_set(err, ERR_CORRUPT,
			    "%s ends at byte %lld, %zu bytes too early", path,
			    (long long)at, n);
		to += got;
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

int
file_pwrite(int fd, const void *p, size_t n, int64_t at, const char *path,
    struct err *err)
{
	const char *from = p;

	while (n > 0) {
		ssize_t put = pwrite(fd, from, n, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_sys(err, "cannot write %s", path);
		from += put;
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

static int
copy_all(int in, const char *from, int out, const char *to, struct err *err)
{
	char *piece = malloc(READ_STEP);
	ssize_t got = -1;
	int rc = 0;

	if (!piece)
		err_die("out of memory: %zu bytes", READ_STEP);
	while (rc == 0 && (got = read_some(in, piece, READ_STEP)) > 0)
		rc = write_all(out, piece, (size_t)got, to, err);
	if (rc == 0 && got < 0)
		rc = err_sys(err, "cannot read %s", from);
	free(piece);
	return rc;
}

int
file_copy(const char *from, const char *to, mode_t mode, struct err *err)
{
	int in = file_open(from, O_RDONLY, 0, err);
	int out, rc;

	if (in < 0)
		return -1;
	out = file_open(to, O_WRONLY | O_CREAT | O_EXCL, mode, err);
	rc = out < 0 ? -1 : copy_all(in, from, out, to, err);
	if (rc == 0)
		rc = file_close(&out, to, err);
	if (rc != 0 && out >= 0)
		(void)unlink(to);
	file_drop(&out);
	file_drop(&in);
	return rc;
}

int
file_sync(int fd, const char *path, struct err *err)
{
	int rc;

	do {
		rc = fsync(fd);
	} while (rc != 0 && errno == EINTR);
	return rc == 0 ? 0 : err_sys(err, "cannot sync %s", path);
}

int
file_sync_dir(const char *dir, struct err *err)
{
	int fd = file_open(dir, O_RDONLY | O_DIRECTORY, 0, err);

	if (fd < 0)
		return -1;
	if (file_sync(fd, dir, err) != 0) {
		file_drop(&fd);
		return -1;
	}
	return file_close(&fd, dir, err);
}

int
file_rename(const char *from, const char *to, struct err *err)
{
	char from_dir[PATH_MAX];
	char to_dir[PATH_MAX];

	if (parent_of(from, from_dir, err) != 0 ||
	    parent_of(to, to_dir, err) != 0)
		return -1;
	if (rename(from, to) != 0)
		return err_sys(err, "cannot rename %s to %s", from, to);
	/* The new name first: a cut in between may leave two, never none. */
	if (file_sync_dir(to_dir, err) != 0)
		return -1;
	return strcmp(from_dir, to_dir) == 0 ? 0 : file_sync_dir(from_dir, err);
}

int
file_rename_new(const char *from, const char *to, struct err *err)
{
	int rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

	/* Not every file system can (NFS); link() does not replace either. */
	if (rc != 0 && (errno == EINVAL || errno == ENOSYS))
		rc = link(from, to) == 0 ? unlink(from) : -1;
	if (rc != 0)
		return err_sys(err, "cannot rename %s to %s", from, to);
	return sync_parent(to, err);
}

static int
make_dir(const char *path, mode_t mode, struct err *err)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return sync_parent(path, err);
	if (errno == EEXIST) {
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return 0;
		errno = ENOTDIR;
	}
	return err_sys(err, "cannot make directory %s", path);
}

int
file_mkdirs(const char *path, mode_t mode, struct err *err)
{
	char part[PATH_MAX];
	char *slash;

	if (str_copy(str_of(path), part, sizeof part) != 0) {
		errno = ENAMETOOLONG;
		return err_sys(err, "cannot make directory %s", path);
	}
	if (!part[0]) {
		errno = ENOENT;
		return err_sys(err, "cannot make directory ''");
	}
	for (slash = part; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (make_dir(part, mode, err) != 0)
			return -1;
		*slash = '/';
	}
	return part[strlen(part) - 1] == '/' ? 0 : make_dir(part, mode, err);
}

int
file_remove(const char *path, struct err *err)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return err_sys(err, "cannot remove %s", path);
	return 0;
}

static int
remove_at(int at, const char *name, const char *path, struct err *err);

/* Empties the directory behind fd, which becomes its own to close. */
static int
empty_dir(int fd, const char *path, struct err *err)
{
	char inner[PATH_MAX];
	struct dirent *entry;
	int rc = -1;
	DIR *dir;

	dir = fdopendir(fd);
	if (!dir) {
		err_sys(err, "cannot list %s", path);
		file_drop(&fd);
		return -1;
	}
	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		/* For messages alone: that it may be cut does no harm. */
		(void)snprintf(
		    inner, sizeof inner, "%s/%s", path, entry->d_name);
		if (remove_at(dirfd(dir), entry->d_name, inner, err) != 0)
			goto done;
	}
	rc = errno ? err_sys(err, "cannot list %s", path) : 0;
done:
	(void)closedir(dir);
	return rc;
}

/* By descriptors, so that no symbolic link leads out of the tree. */
static int
remove_at(int at, const char *name, const char *path, struct err *err)
{
	int number;
	int fd;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* Of a directory it is said in many ways: EISDIR, EPERM, EACCES. */
	number = errno;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOTDIR || errno == ELOOP)
			errno = number;
		return err_sys(err, "cannot remove %s", path);
	}
	if (empty_dir(fd, path, err) != 0)
		return -1;
	if (unlinkat(at, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
		return err_sys(err, "cannot remove %s", path);
	return 0;
}

int
file_remove_tree(const char *path, struct err *err)
{
	return remove_at(AT_FDCWD, path, path, err);
}

/* 1 there, 0 not there, -1 cannot tell. */
static int
look(const char *path, struct stat *st, struct err *err)
{
	if (stat(path, st) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return err_sys(err, "cannot look at %s", path);
}

int
file_exists(const char *path, struct err *err)
{
	struct stat st;

	return look(path, &st, err);
}

static int64_t
in_ns(const struct timespec *ts)
{
	return ts->tv_sec * INT64_C(1000000000) + ts->tv_nsec;
}

int
file_identify(const char *path, struct file_id *out, struct err *err)
{
	struct stat st;
	int there = look(path, &st, err);

	*out = (struct file_id){ 0 };
	if (there <= 0)
		return there;
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	out->size = st.st_size;
	out->mtime_ns = in_ns(&st.st_mtim);
	out->ctime_ns = in_ns(&st.st_ctim);
	return 0;
}

int
file_id_eq(const struct file_id *a, const struct file_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int
file_list(const char *path, struct arena *arena, struct file_names *out,
    struct err *err)
{
	struct dirent **entries = NULL;
	int n, i;

	*out = (struct file_names){ 0 };
	n = scandir(path, &entries, NULL, NULL);
	if (n < 0)
		return err_sys(err, "cannot list %s", path);
	out->name = arena_array(arena, (size_t)n, sizeof *out->name);
	for (i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			out->name[out->n++] = arena_strz(arena, str_of(name));
		free(entries[i]);
	}
	free(entries);
	qsort(out->name, out->n, sizeof *out->name, by_name);
	return 0;
}

/* The names after the first max are let go; how many are left. */
static size_t
keep_first(char **name, size_t n, size_t max)
{
	qsort(name, n, sizeof *name, by_name);
	while (n > max)
		free(name[--n]);
	return n;
}

static int
is_wanted(const struct file_want *want, const struct dirent *entry)
{
	return (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN) &&
	       want->is(str_of(entry->d_name), want->arg);
}

/* Twice as many at a time as there may be: half of them are let go at once. */
int
file_list_first(const char *path, const struct file_want *want,
    struct arena *arena, struct file_names *out, struct err *err)
{
	char **held = calloc(want->max, 2 * sizeof *held);
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t i, n = 0, seen = 0;
	int rc = -1;

	*out = (struct file_names){ 0 };
	if (!held)
		err_die("out of memory: names in %s", path);
	while (dir && (errno = 0, entry = readdir(dir)) != NULL) {
		if (!is_wanted(want, entry))
			continue;
		if (n == 2 * want->max)
			n = keep_first(held, n, want->max);
		held[n] = strdup(entry->d_name);
		if (!held[n++])
			err_die("out of memory: names in %s", path);
		seen++;
	}
	if (!dir || errno != 0) {
		err_sys(err, "cannot list %s", path);
		goto done;
	}
	n = keep_first(held, n, want->max);
	out->name = arena_array(arena, n, sizeof *out->name);
	for (i = 0; i < n; i++)
		out->name[i] = arena_strz(arena, str_of(held[i]));
	out->n = n;
	out->more = seen - n;
	rc = 0;
done:
	if (dir)
		(void)closedir(dir);
	(void)keep_first(held, n, 0);
	free(held);
	return rc;
}
