#include "tenants/fleet_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "tenants/base/file.h"
#include "tenants/full.h"
#include "tenants/hint.h"
#include "tenants/layout.h"
#include "tenants/migrate.h"
#include "tenants/plan.h"
#include "tenants/point.h"

#define POINT_MS  5000 /* its users' writes wait so long, at most */
#define CHANGED   3 /* times that a tenant may be replaced under us */
#define NAMES_MAX ((size_t)1 << 20)

struct fleet_file {
	const struct config *config;
	const struct app *app;
	int dry_run;
	struct registry *registry;
	struct point *point;
	struct hint_sender *hints;
	struct registry_tenant row; /* of the one at work */
	int changed; /* it is another file now */
};

struct fleet_file *
fleet_file_new(const struct config *config, const struct app *app, int dry_run,
    struct err *err)
{
	struct fleet_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		err_die("out of memory");
	file->config = config;
	file->app = app;
	file->dry_run = dry_run;
	file->point = point_new(config, POINT_MS);
	file->hints = hint_sender_new(config);
	file->registry = registry_open(config, DB_TOOL, 0, err);
	if (file->registry != NULL)
		return file;
	fleet_file_free(file);
	return NULL;
}

void
fleet_file_free(struct fleet_file *file)
{
	if (file == NULL)
		return;
	registry_close(file->registry);
	(void)hint_flush(file->hints);
	hint_sender_free(file->hints);
	point_free(file->point);
	free(file);
}

/* R10: the registry's answer holds until the commit, as with every writer. */
static int
on_begun(void *arg, struct db *db, char *point, struct err *err)
{
	struct fleet_file *file = arg;
	struct registry_tenant now;

	if (registry_find(file->registry, str_of(file->row.slug), &now, err) !=
	    0)
		return -1;
	if (db_moved(db) || now.epoch != file->row.epoch ||
	    strcmp(now.uid, file->row.uid) != 0 ||
	    now.state == REGISTRY_DELETED) {
		file->changed = 1;
		return err_set(err, ERR_BUSY, "tenant %s was changed meanwhile",
		    file->row.slug);
	}
	if (point != NULL)
		point_ask(file->point, &file->row, point);
	return 0;
}

static struct db *
open_at(const struct fleet_file *file, const char *path, struct err *err)
{
	struct db_opts opts = { .path = path,
		.role = DB_TOOL,
		.busy_ms = file->config->busy_timeout_ms };
	struct plan plan;

	plan_of(file->config, &file->row, &plan);
	opts.size_max = plan.size;
	return db_open(&opts, err);
}

static void
tell(const struct fleet_file *file, struct db *db)
{
	struct hint hint = { .epoch = file->row.epoch };

	if (!db_take_commit(db, &hint.commit))
		return;
	(void)str_copy(str_of(file->row.slug), hint.slug, sizeof(hint.slug));
	hint_send(file->hints, &hint);
}

static int
run(struct fleet_file *file, struct db *db, struct fleet_tenant *tenant,
    struct err *err)
{
	struct migrate_job job = { .slug = file->row.slug,
		.uid = file->row.uid,
		.begun = file->dry_run ? NULL : on_begun,
		.arg = file };
	int rc = migrate_run(db, file->app, &job, err);

	tenant->failed = job.failed;
	if (rc != 0)
		return -1;
	tenant->to = tenant->from + job.applied;
	tenant->result = FLEET_MIGRATED;
	if (!file->dry_run)
		tell(file, db);
	return 0;
}

static struct layout_path
copy_path(const struct fleet_file *file, const char *end)
{
	struct layout_path dir = layout_dry_run(file->config), path;

	(void)snprintf(path.p, sizeof(path.p), "%.550s/%s.sqlite%s", dir.p,
	    file->row.slug, end);
	return path;
}

static int
remove_copy(const struct fleet_file *file, struct err *err)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (file_remove(copy_path(file, ends[i]).p, err) != 0)
			return -1;
	return 0;
}

static int
try_on_copy(struct fleet_file *file, struct db *db, struct fleet_tenant *tenant,
    struct err *err)
{
	struct layout_path path = copy_path(file, "");
	struct err second = ERR_INIT;
	struct db *copy = NULL;
	int fd, rc = -1;

	fd = file_open(path.p, O_RDWR | O_CREAT | O_EXCL, 0600, err);
	if (fd < 0)
		return -1;
	if (file_close(&fd, path.p, err) == 0 &&
	    db_copy_to(db, path.p, err) == 0)
		copy = open_at(file, path.p, err);
	if (copy != NULL)
		rc = run(file, copy, tenant, err);
	db_close(copy);
	if (remove_copy(file, &second) != 0 && rc == 0) {
		*err = second;
		rc = -1;
	}
	return rc;
}

static int
migrate_file(struct fleet_file *file, struct db *db,
    struct fleet_tenant *tenant, struct err *err)
{
	struct migrate_state state;
	int pending;

	if (migrate_check_owner(db, file->row.slug, file->row.uid, err) != 0 ||
	    migrate_look(db, &state, err) != 0)
		return -1;
	tenant->from = tenant->to = state.applied;
	if (migrate_is_ahead(&state, file->app)) {
		tenant->result = FLEET_AHEAD;
		return 0;
	}
	if (migrate_pending(db, file->app, &pending, err) != 0)
		return -1;
	if (pending == 0) {
		tenant->result = FLEET_CURRENT;
		return 0;
	}
	return file->dry_run ? try_on_copy(file, db, tenant, err)
			     : run(file, db, tenant, err);
}

static int
migrate_once(
    struct fleet_file *file, struct fleet_tenant *tenant, struct err *err)
{
	struct layout_path path;
	struct db *db;
	int rc;

	file->changed = 0;
	if (registry_find(
		file->registry, str_of(tenant->slug), &file->row, err) != 0) {
		if (err->code != ERR_NOT_FOUND)
			return -1;
		file->row.state = REGISTRY_DELETED;
		err_clear(err);
	}
	if (file->row.state == REGISTRY_DELETED) {
		tenant->result = FLEET_GONE;
		return 0;
	}
	if (!file->dry_run && full_check(file->config, tenant->slug, err) != 0)
		return -1;
	path = layout_db(file->config, file->row.slug, file->row.epoch);
	db = open_at(file, path.p, err);
	if (db == NULL)
		return -1;
	rc = migrate_file(file, db, tenant, err);
	db_close(db);
	return rc;
}

int
fleet_file_migrate(
    struct fleet_file *file, struct fleet_tenant *tenant, struct err *err)
{
	int i, rc = -1;

	for (i = 0; i < CHANGED; i++) {
		rc = migrate_once(file, tenant, err);
		if (rc == 0 || !file->changed)
			break;
		err_clear(err);
	}
	if (file->changed && rc != 0)
		err_set(err, ERR_BUSY, "it is being replaced");
	(void)hint_flush(file->hints);
	return rc;
}

/* --- copies ------------------------------------------------------------------- */

struct fleet_scratch {
	struct layout_path dir;
	int fd; /* with the lock */
};

static int
clear(const struct fleet_scratch *scratch, struct err *err)
{
	struct arena *arena = arena_new(NAMES_MAX);
	char path[LAYOUT_MAX + 300];
	struct file_names found;
	int rc = file_list(scratch->dir.p, arena, &found, err);
	size_t i;

	for (i = 0; rc == 0 && i < found.n; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", scratch->dir.p, found.name[i]);
		rc = file_remove(path, err);
	}
	arena_free(arena);
	return rc;
}

struct fleet_scratch *
fleet_scratch_open(const struct config *config, struct err *err)
{
	struct fleet_scratch *scratch = calloc(1, sizeof(*scratch));

	if (scratch == NULL)
		err_die("out of memory");
	scratch->dir = layout_dry_run(config);
	scratch->fd = -1;
	if (file_mkdirs(scratch->dir.p, 0700, err) != 0)
		goto fail;
	scratch->fd = file_open(scratch->dir.p, O_RDONLY | O_DIRECTORY, 0, err);
	if (scratch->fd < 0)
		goto fail;
	if (flock(scratch->fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			err_set(err, ERR_BUSY, "another dry run is on its way");
		else
			err_sys(err, "cannot lock %s", scratch->dir.p);
		goto fail;
	}
	if (clear(scratch, err) == 0)
		return scratch;
fail:
	file_drop(&scratch->fd);
	free(scratch);
	return NULL;
}

int
fleet_scratch_close(struct fleet_scratch *scratch, struct err *err)
{
	int rc;

	if (scratch == NULL)
		return 0;
	rc = file_remove_tree(scratch->dir.p, err);
	file_drop(&scratch->fd);
	free(scratch);
	return rc;
}
