#include "tenants/job_progress.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/base/str.h"
#include "tenants/layout.h"

#define NAME     "ROWHOUSE_JOB_PROGRESS" /* a descriptor's number */
#define EVERY_MS 1000
#define DIGITS   20

static struct layout_path
path_of(const struct config *config, const char *id)
{
	struct layout_path path = layout_jobs(config);
	size_t n = strlen(path.p);

	(void)snprintf(path.p + n, sizeof(path.p) - n, "/%s.progress", id);
	return path;
}

int
job_progress_begin(const struct config *config, const char *id, struct err *err)
{
	struct layout_path path = path_of(config, id);
	char number[16];
	int fd = file_open(path.p, O_WRONLY | O_CREAT | O_TRUNC, 0660, err);

	if (fd < 0)
		return -1;
	(void)snprintf(number, sizeof(number), "%d", fd);
	/* Workers read it, whose user may be another of the group. */
	if (fchmod(fd, 0660) == 0 && fcntl(fd, F_SETFD, 0) == 0 &&
	    setenv(NAME, number, 1) == 0)
		return 0;
	err_sys(err, "%s", path.p);
	file_drop(&fd);
	return -1;
}

void
job_progress_find(struct job_progress *out)
{
	const char *number = getenv(NAME);
	uint64_t fd;

	*out = (struct job_progress){ .fd = -1 };
	if (number != NULL && str_u64(str_of(number), &fd) == 0 &&
	    fd > STDERR_FILENO && fd < INT32_MAX &&
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0)
		out->fd = (int)fd;
}

void
job_progress_tell(struct job_progress *progress, int64_t done, int64_t total)
{
	int64_t now_ms = clock_mono_ms();
	char text[JOB_PROGRESS_BYTES + 1];

	if (progress->fd < 0 || (progress->told_ms != 0 &&
				    now_ms - progress->told_ms < EVERY_MS))
		return;
	progress->told_ms = now_ms;
	(void)snprintf(text, sizeof(text), "%20lld %20lld\n", (long long)done,
	    (long long)total);
	/* A disk that is full is no reason not to go on. */
	(void)!pwrite(progress->fd, text, JOB_PROGRESS_BYTES, 0);
}

void
job_progress_read(const struct config *config, const char *id, int64_t *done,
    int64_t *total)
{
	struct err ignored = ERR_INIT;
	char text[JOB_PROGRESS_BYTES];
	/* What somebody else put there may be a pipe. */
	int fd = file_open(
	    path_of(config, id).p, O_RDONLY | O_NONBLOCK, 0, &ignored);

	*done = *total = 0;
	if (fd >= 0 && pread(fd, text, sizeof(text), 0) == sizeof(text) &&
	    (str_i64(str_trim(str_make(text, DIGITS)), done) != 0 ||
		str_i64(str_trim(str_make(text + DIGITS + 1, DIGITS)), total) !=
		    0 ||
		*done < 0 || *done > *total))
		*done = *total = 0;
	file_drop(&fd);
}

int
job_progress_end(const struct config *config, const char *id, struct err *err)
{
	return file_remove(path_of(config, id).p, err);
}
