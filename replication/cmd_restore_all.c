/* rowhouse restore --all: what it says. */
#include "replication/cmd_restore_all.h"

#include <stdio.h>
#include <unistd.h>

#include "replication/restore_all.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"

/* Failures as they happen; how far it is where somebody watches. */
static void
tell(const struct restore_all *all, const char *slug, const struct err *why)
{
	const char *end = isatty(STDERR_FILENO) ? "\r" : "";

	if (why)
		(void)fprintf(stderr, "%srowhouse restore: %s: %s\n", end, slug,
		    why->msg);
	if (*end)
		(void)fprintf(stderr, "\r%zu of %zu tenants, %lld MiB\033[K",
		    all->before + all->restored, all->tenants,
		    (long long)(all->bytes >> 20));
}

int
cmd_restore_all(const struct config *config, const char *url, int has_time,
    int64_t time_ms, int jobs, struct err *err)
{
	struct restore_all all = { .config = config,
		.url = url,
		.point = has_time ? RESTORE_TIME : RESTORE_LATEST,
		.time_ms = time_ms,
		.jobs = jobs,
		.told = tell };
	int64_t started_ms = clock_mono_ms();

	if (crypto_init(err) != 0 || restore_all(&all, err) != 0)
		return -1;
	if (isatty(STDERR_FILENO))
		(void)fputs("\r\033[K", stderr);
	printf("registry and %zu of %zu tenants are restored\n"
	       "  now      %zu, %lld bytes fetched in %.2f s\n"
	       "  before   %zu, by an earlier run\n"
	       "  deleted  %zu, left in the replica\n"
	       "  failed   %zu\n",
	    all.before + all.restored, all.tenants, all.restored,
	    (long long)all.bytes, (double)(clock_mono_ms() - started_ms) / 1000,
	    all.before, all.deleted, all.failed);
	if (all.failed == 0)
		return 0;
	err_set(err, ERR_NOT_FOUND, "%zu of %zu tenants are not restored",
	    all.failed, all.tenants);
	return err_hint(err, "run it again: it goes on with those");
}
