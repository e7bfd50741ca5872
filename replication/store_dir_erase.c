#include "replication/store_dir_erase.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
/* after the types that it needs */
#include <fts.h>
#include <unistd.h>

#include "tenants/base/file.h"

/* 1 a file was removed, 0 it was none, -1. */
static int
remove_entry(struct store_op *op, const FTSENT *entry, struct err *err)
{
	struct store_object object = { .key = op->key };

	switch (entry->fts_info) {
	case FTS_D:
		return 0;
	case FTS_DP:
		if (rmdir(entry->fts_path) != 0)
			return err_sys(
			    err, "cannot remove %s", entry->fts_path);
		return 0;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		errno = entry->fts_errno;
		return err_sys(err, "cannot erase %s", entry->fts_path);
	default:
		object.size = entry->fts_statp->st_size;
		if (unlink(entry->fts_path) != 0)
			return err_sys(
			    err, "cannot remove %s", entry->fts_path);
		return op->object(op, &object, err) == 0 ? 1 : -1;
	}
}

/* The directory that holds it: only with that is the removal durable. */
static int
sync_above(const char *path, struct err *err)
{
	char above[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return file_sync_dir(".", err);
	(void)snprintf(above, sizeof above, "%.*s", (int)(slash - path), path);
	return file_sync_dir(above, err);
}

int
store_dir_erase(struct store_op *op, const char *path, struct err *err)
{
	char copy[PATH_MAX];
	char *const roots[] = { copy, NULL };
	FTSENT *entry;
	FTS *tree;
	int n = 0, rc = 0, there = file_exists(path, err);

	if (there <= 0)
		return there;
	(void)snprintf(copy, sizeof copy, "%s", path);
	tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!tree)
		return err_sys(err, "cannot list %s", path);
	while (rc >= 0 && n < STORE_ERASE_MAX) {
		errno = 0;
		entry = fts_read(tree);
		if (!entry)
			break;
		rc = remove_entry(op, entry, err);
		n += rc > 0;
	}
	if (rc >= 0 && n < STORE_ERASE_MAX && errno != 0)
		rc = err_sys(err, "cannot list %s", path);
	(void)fts_close(tree);
	return rc < 0 ? -1 : sync_above(path, err);
}
