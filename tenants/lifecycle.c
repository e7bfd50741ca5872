/*
 * How a tenant comes to be.  Under a lock on <data>/tenants:
 *
 *  1. <data>/tenants/.new-<slug>/00000001/db.sqlite is made, a copy of the
 *     template (template.h) with the owner, closed, and synced with its
 *     directories;
 *  2. .new-<slug> is renamed to <slug>;
 *  3. the registry gets the row.
 *
 * Killed before 2, it leaves a directory whose name begins with a dot; between
 * 2 and 3 a directory that the registry does not know.  Neither is visible to
 * anyone, and the next attempt removes both: of the second kind only one that
 * looks as step 2 leaves it, a lone file that nobody ever opened, since a
 * registry that was restored to a day ago does not know real tenants either.
 */
/*
 * What is adopted takes longer than anybody should wait, so step 1 happens
 * without that lock, in .copy-<slug>, under a lock on that directory itself.
 * One that nobody holds was left by a killed attempt.
 */
#include "tenants/lifecycle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "tenants/base/arena.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/base/hold.h"
#include "tenants/hint.h"
#include "tenants/keys.h"
#include "tenants/layout.h"
#include "tenants/leftover.h"
#include "tenants/migrate.h"
#include "tenants/owner.h"
#include "tenants/slug.h"
#include "tenants/template.h"
#include "tenants/users.h"

#define NEW       LEFTOVER_NEW
#define COPY      LEFTOVER_COPY
#define LIST_MAX  ((size_t)16 << 20) /* bytes of names in a directory */
#define LOOK_MS   10
#define PATH_SIZE (LAYOUT_MAX + 64)

/* One at a time makes a tenant: a tenth of a second, of which half hashes. */
int
lifecycle_lock(const struct config *config, int *fd, struct err *err)
{
	struct layout_path path = layout_tenants(config);
	const struct timespec pause = { 0, LOOK_MS * 1000000L };
	int64_t until = clock_mono_ms() + config->busy_timeout_ms;

	*fd = file_open(path.p, O_RDONLY | O_DIRECTORY, 0, err);
	if (*fd < 0)
		return -1;
	while (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return err_sys(err, "cannot lock %s", path.p);
		if (clock_mono_ms() >= until) {
			err_set(err, ERR_BUSY, "another tenant is being made");
			err->retry_after = 1;
			return -1;
		}
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

/* The only name in a directory is this one: 1, 0, or -1 with *err. */
static int
holds_only(
    const char *dir, const char *name, struct arena *arena, struct err *err)
{
	struct file_names names;

	if (file_list(dir, arena, &names, err) != 0)
		return -1;
	return names.n == 1 && strcmp(names.name[0], name) == 0;
}

/* What attempts left behind that did not come to their end. */
static int
clear_attempts(const struct config *config, const char *slug,
    struct arena *arena, struct err *err)
{
	struct layout_path mine = layout_tenant(config, slug);
	struct layout_path incarnation = layout_incarnation(config, slug, 1);
	int unused;

	if (leftover_clear_begun(config, 1, err) != 0)
		return -1;
	unused = file_exists(mine.p, err);
	if (unused <= 0)
		return unused;
	unused =
	    holds_only(mine.p, strrchr(incarnation.p, '/') + 1, arena, err);
	if (unused > 0)
		unused = holds_only(incarnation.p, "db.sqlite", arena, err);
	if (unused > 0)
		return file_remove_tree(mine.p, err);
	if (unused < 0)
		return -1;
	err_set(err, ERR_CONFLICT,
	    "%s is there, and the registry does not "
	    "know it",
	    mine.p);
	return err_hint(err, "bring the registry back, or move the directory "
			     "away if nobody needs it");
}

/* Its WAL goes into the file, which then stands alone. */
static int
close_whole(struct db *db, const char *path, struct err *err)
{
	char wal[PATH_SIZE + 48];
	int there;

	(void)snprintf(wal, sizeof(wal), "%s-wal", path);
	db_close_last(db);
	there = file_exists(wal, err);
	if (there > 0)
		err_set(
		    err, ERR_SYSTEM, "%s: its WAL could not be copied", path);
	return there != 0 ? -1 : 0;
}

/* Where it is no copy of a template, migrations are run. */
static int
fill(struct db *db, int copied, const struct config *config,
    const struct app *app, const struct registry_tenant *row,
    const struct lifecycle_owner *owner, struct err *err)
{
	/* A template that was spoilt would spoil every tenant to come. */
	if (copied && (db_quick_check(db, err) != 0 ||
			  migrate_begin(db, row->slug, row->uid, err) != 0))
		return -1;
	if (migrate_up(db, app, row->slug, row->uid, err) != 0 ||
	    db_begin_write(db, err) != 0)
		return -1;
	if (users_insert_owner(db, config, owner->email, owner->password,
		owner->name, err) != 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db, err);
}

/* Step 1, below dir. */
static int
make_files(const struct config *config, const struct app *app, const char *dir,
    const struct registry_tenant *row, const struct lifecycle_owner *owner,
    struct err *err)
{
	char sub[PATH_SIZE + 16], path[PATH_SIZE + 32];
	struct db_opts opts = { .path = path };
	struct db *db;
	int copied;

	(void)snprintf(sub, sizeof(sub), "%s/%08x", dir, row->epoch);
	(void)snprintf(path, sizeof(path), "%s/db.sqlite", sub);
	if (file_mkdirs(sub, 0770, err) != 0)
		return -1;
	copied = template_copy(config, app, path, err);
	if (copied < 0)
		return -1;
	/* Nobody else knows of the file, so its WAL may be folded in here. */
	opts.role = copied ? DB_REPLICATE : DB_TOOL;
	opts.create = !copied;
	db = db_open(&opts, err);
	if (db == NULL)
		return -1;
	if (fill(db, copied, config, app, row, owner, err) != 0) {
		db_close(db);
		return -1;
	}
	if (close_whole(db, path, err) != 0)
		return -1;
	if (file_sync_dir(sub, err) != 0 || file_sync_dir(dir, err) != 0)
		return -1;
	return 0;
}

static void
tell(const struct config *config, const struct registry_tenant *row)
{
	struct hint_sender *sender = hint_sender_new(config);
	struct hint hint = { .epoch = row->epoch };

	(void)str_copy(str_of(row->slug), hint.slug, sizeof(hint.slug));
	hint.commit.time_ms = clock_wall_ms();
	hint_send(sender, &hint);
	hint_sender_free(sender);
}

/* All of it, under the lock. */
static int
make(const struct config *config, struct registry *registry,
    const struct app *app, const struct registry_tenant *row,
    const struct lifecycle_owner *owner, struct err *err)
{
	struct layout_path tenants = layout_tenants(config);
	struct layout_path path = layout_tenant(config, row->slug);
	struct arena *arena = arena_new(LIST_MAX);
	struct err second;
	char fresh[PATH_SIZE];
	int rc = -1;

	(void)snprintf(
	    fresh, sizeof(fresh), "%s/" NEW "%s", tenants.p, row->slug);
	if (clear_attempts(config, row->slug, arena, err) != 0)
		goto done;
	if (make_files(config, app, fresh, row, owner, err) != 0) {
		(void)file_remove_tree(fresh, &second);
		goto done;
	}
	if (file_rename(fresh, path.p, err) != 0 ||
	    registry_add(registry, row, err) != 0)
		goto done;
	rc = 0;
done:
	arena_free(arena);
	return rc;
}

/* Of a tenant that begins: its name may be taken by one, and its uid is drawn. */
static int
new_row(struct str slug, struct registry_tenant *row, struct err *err)
{
	*row = (struct registry_tenant){
		.state = REGISTRY_ACTIVE, .epoch = 1, .generation = 1
	};
	if (slug_check(slug, err) != 0)
		return -1;
	if (slug_reserved(slug))
		return err_set(err, ERR_INPUT,
		    "slug \"%.*s\": the platform keeps that name",
		    STR_FMT(slug));
	(void)str_copy(slug, row->slug, sizeof(row->slug));
	crypto_id(row->uid, REGISTRY_UID);
	return 0;
}

int
lifecycle_create(const struct config *config, struct registry *registry,
    const struct app *app, struct str slug, const struct lifecycle_owner *owner,
    struct err *err)
{
	struct layout_path key = layout_master_key(config);
	struct registry_tenant row;
	int lock = -1, rc = -1;

	if (new_row(slug, &row, err) != 0)
		return -1;
	if (owner_check_new(config, err) != 0 ||
	    crypto_key_create(key.p, err) != 0 ||
	    lifecycle_lock(config, &lock, err) != 0)
		goto done;
	if (registry_check_free(registry, slug, err) != 0)
		goto done;
	if (make(config, registry, app, &row, owner, err) != 0) {
		err_wrap(err, "tenant %s", row.slug);
		goto done;
	}
	tell(config, &row);
	rc = 0;
done:
	file_drop(&lock);
	return rc;
}

/* The directory is this process's until *fd is closed. */
static int
hold_copy(const char *dir, int *fd, struct err *err)
{
	if (file_mkdirs(dir, 0770, err) != 0)
		return -1;
	*fd = file_open(dir, O_RDONLY | O_DIRECTORY, 0, err);
	if (*fd < 0)
		return -1;
	if (hold_take(*fd, dir, err) == 0)
		return 0;
	file_drop(fd);
	return -1;
}

static int
make_copy(const char *dir, const struct registry_tenant *row,
    const struct lifecycle_source *source, struct err *err)
{
	char sub[PATH_SIZE + 16], path[PATH_SIZE + 32];
	/* Nobody else knows of the file, so its WAL may be folded in here. */
	struct db_opts opts = { .path = path, .role = DB_REPLICATE };
	struct db *db;

	(void)snprintf(sub, sizeof(sub), "%s/%08x", dir, row->epoch);
	(void)snprintf(path, sizeof(path), "%s/db.sqlite", sub);
	/* What a killed attempt left may be of another time. */
	if (file_remove_tree(sub, err) != 0 ||
	    file_mkdirs(sub, 0770, err) != 0 ||
	    source->make(source->arg, path, err) != 0)
		return -1;
	db = db_open(&opts, err);
	if (db == NULL)
		return -1;
	if (migrate_set_owner(db, row->slug, row->uid, err) != 0 ||
	    (source->app != NULL &&
		migrate_up(db, source->app, row->slug, row->uid, err) != 0) ||
	    keys_disown(db, err) != 0) {
		db_close(db);
		return -1;
	}
	if (close_whole(db, path, err) != 0)
		return -1;
	return file_sync_dir(sub, err) != 0 ? -1 : file_sync_dir(dir, err);
}

/* Steps 2 and 3, under the lock. */
static int
settle(const struct config *config, struct registry *registry, const char *copy,
    const struct registry_tenant *row, struct err *err)
{
	struct layout_path path = layout_tenant(config, row->slug);
	struct arena *arena = arena_new(LIST_MAX);
	int lock = -1, rc = -1;

	if (lifecycle_lock(config, &lock, err) == 0 &&
	    registry_check_free(registry, str_of(row->slug), err) == 0 &&
	    clear_attempts(config, row->slug, arena, err) == 0 &&
	    file_rename(copy, path.p, err) == 0 &&
	    registry_add(registry, row, err) == 0)
		rc = 0;
	file_drop(&lock);
	arena_free(arena);
	return rc;
}

static int
set_uid(struct registry_tenant *row, const char *uid, struct err *err)
{
	if (strlen(uid) == REGISTRY_UID &&
	    strspn(uid, "abcdefghijklmnopqrstuvwxyz0123456789") ==
		REGISTRY_UID &&
	    str_copy(str_of(uid), row->uid, sizeof(row->uid)) == 0)
		return 0;
	return err_set(err, ERR_INPUT,
	    "uid \"%.40s\": is not 15 of a-z, 0-9", uid);
}

int
lifecycle_adopt(const struct config *config, struct registry *registry,
    struct str slug, const struct lifecycle_source *source, struct err *err)
{
	struct registry_tenant row;
	struct err second = ERR_INIT;
	char copy[PATH_SIZE];
	int hold = -1, rc = -1;

	if (new_row(slug, &row, err) != 0)
		return -1;
	if (source->uid != NULL && set_uid(&row, source->uid, err) != 0)
		return -1;
	if (str_copy(source->plan, row.plan, sizeof(row.plan)) != 0)
		return err_set(err, ERR_INPUT, "a plan's name of %zu bytes",
		    source->plan.n);
	(void)snprintf(copy, sizeof(copy), "%s/" COPY "%s",
	    layout_tenants(config).p, row.slug);
	if (owner_check_new(config, err) != 0 ||
	    registry_check_free(registry, slug, err) != 0 ||
	    hold_copy(copy, &hold, err) != 0)
		return -1;
	if (make_copy(copy, &row, source, err) == 0)
		rc = settle(config, registry, copy, &row, err);
	if (rc == 0)
		tell(config, &row);
	else
		(void)file_remove_tree(copy, &second);
	file_drop(&hold);
	return rc == 0 ? 0 : err_wrap(err, "tenant %s", row.slug);
}
