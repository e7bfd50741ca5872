/*
 * What an exported file contains: everything of the tenant as of one moment, its
 * accounts with the hashes of their passwords included, so that it can go on
 * elsewhere.  So it is for its owner's eyes, mode 0600.  Tokens are no good
 * there: they are signed with a key that no tenant's file has.
 *
 * It is made beside its name and renamed when it is whole.
 */
#include "tenants/cmd_tenant.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "tenants/base/file.h"
#include "tenants/db.h"
#include "tenants/layout.h"
#include "tenants/migrate.h"

static int
copy_to(const struct cmd_tenant_job *job, const struct registry_tenant *row,
    const char *path, struct err *err)
{
	struct layout_path from =
	    layout_db(&job->config, row->slug, row->epoch);
	struct db_opts opts = { .path = from.p,
		.role = DB_TOOL,
		.busy_ms = job->config.busy_timeout_ms };
	struct db *db = db_open(&opts, err);
	int fd = -1, rc = -1;

	if (db == NULL)
		return -1;
	if (migrate_check_owner(db, row->slug, row->uid, err) == 0 &&
	    db_copy_to(db, path, err) == 0)
		rc = 0;
	db_close(db);
	if (rc != 0)
		return -1;
	fd = file_open(path, O_RDONLY, 0, err);
	rc = fd < 0 ? -1 : file_sync(fd, path, err);
	file_drop(&fd);
	return rc;
}

int
cmd_tenant_export(struct cmd_tenant_job *job, struct err *err)
{
	const char *path = job->line.word[2];
	struct registry_tenant row;
	char fresh[PATH_MAX];
	int there, fd, n;

	if (registry_find(job->registry, job->slug, &row, err) != 0)
		return -1;
	there = file_exists(path, err);
	if (there != 0)
		return there < 0 ? -1
				 : err_set(err, ERR_CONFLICT,
				       "%s is there already", path);
	n = snprintf(fresh, sizeof(fresh), "%s.%ld.exporting", path,
	    (long)getpid());
	if (n < 0 || (size_t)n >= sizeof(fresh))
		return err_set(err, ERR_INPUT, "a path of %d bytes", n);
	fd = file_open(fresh, O_RDWR | O_CREAT | O_EXCL, 0600, err);
	if (fd < 0)
		return -1;
	file_drop(&fd);
	if (copy_to(job, &row, fresh, err) != 0 ||
	    file_rename_new(fresh, path, err) != 0) {
		(void)unlink(fresh);
		return -1;
	}
	printf("tenant %s is in %s, with the hashes of its passwords: keep it "
	       "to yourself\n",
	    row.slug, path);
	return 0;
}
