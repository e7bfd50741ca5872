#include "tenants/export.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tenants/base/file.h"
#include "tenants/base/hold.h"
#include "tenants/db.h"
#include "tenants/layout.h"
#include "tenants/migrate.h"

/* What SQLite makes beside a file stays when it is killed. */
static int
remove_unfinished(const char *path, struct err *err)
{
	static const char *const ends[] = { "-journal", "-wal", "-shm", "" };
	char name[PATH_MAX + 16];
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		if (file_remove(name, err) != 0)
			return -1;
	}
	return 0;
}

/* .SLUG.exporting in the directory of path. */
static int
name_unfinished(
    const char *path, const char *slug, char out[PATH_MAX], struct err *err)
{
	const char *last = strrchr(path, '/');
	int dir = last != NULL ? (int)(last + 1 - path) : 0;
	int n = snprintf(out, PATH_MAX, "%.*s.%s.exporting", dir, path, slug);

	if (n < 0 || n >= PATH_MAX)
		return err_set(err, ERR_INPUT, "a path of %d bytes", n);
	return 0;
}

/* Always a new file: one that was there may be somebody's who reads it. */
static int
begin(const char *path, int *fd, struct err *err)
{
	int taken = hold_taken(path, err);

	if (taken < 0)
		return -1;
	if (taken)
		return err_set(
		    err, ERR_BUSY, "%s: another process is at it", path);
	if (remove_unfinished(path, err) != 0)
		return -1;
	*fd = file_open(path, O_RDWR | O_CREAT | O_EXCL, 0600, err);
	return *fd < 0 ? -1 : hold_take(*fd, path, err);
}

static int
copy_to(const struct config *config, const struct registry_tenant *row,
    const char *path, struct err *err)
{
	struct layout_path from = layout_db(config, row->slug, row->epoch);
	struct db_opts opts = { .path = from.p,
		.role = DB_TOOL,
		.busy_ms = config->busy_timeout_ms };
	struct db *db = db_open(&opts, err);
	int rc = -1;

	if (db == NULL)
		return -1;
	if (migrate_check_owner(db, row->slug, row->uid, err) == 0)
		rc = db_copy_to(db, path, err);
	db_close(db);
	return rc;
}

/* SQLite has closed the file before our descriptor of it is (R5). */
static int
make(const struct config *config, const struct registry_tenant *row,
    const char *fresh, const char *path, struct err *err)
{
	int fd = -1, rc = -1;
	struct err second;

	if (begin(fresh, &fd, err) != 0)
		goto done;
	if (copy_to(config, row, fresh, err) == 0 &&
	    file_sync(fd, fresh, err) == 0 &&
	    file_rename_new(fresh, path, err) == 0)
		rc = 0;
	else
		(void)remove_unfinished(fresh, &second);
done:
	file_drop(&fd);
	return rc;
}

int
export_file(const struct config *config, struct registry *registry,
    struct str slug, const char *path, struct err *err)
{
	struct registry_tenant row;
	char fresh[PATH_MAX];
	int there;

	if (registry_find(registry, slug, &row, err) != 0)
		return -1;
	there = file_exists(path, err);
	if (there != 0)
		return there < 0 ? -1
				 : err_set(err, ERR_CONFLICT,
				       "%s is there already", path);
	if (name_unfinished(path, row.slug, fresh, err) != 0)
		return -1;
	if (make(config, &row, fresh, path, err) != 0)
		return err_wrap(err, "%s", path);
	return 0;
}
