#include "replication/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replication/control.h"
#include "replication/position.h"
#include "replication/spool.h"
#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/db.h"
#include "tenants/owner.h"
#include "tenants/registry.h"

#define NAMES_MAX ((size_t)16 << 20)
/* Writers wait meanwhile, for at most their busy time. */
#define FLUSH_MS 2000

/* What all steps work with. */
struct job {
	struct replace *out;
	const struct config *config;
	const char *slug;
	struct registry *registry;
	struct registry_tenant row;
	int lock; /* on the tenant's directory */
};

static int
find_tenant(struct job *job, struct err *err)
{
	const struct restore_owner *owner = &job->out->plan->owner;

	if (registry_find(job->registry, str_of(job->slug), &job->row, err) !=
	    0) {
		if (err->code == ERR_NOT_FOUND)
			err_hint(err,
			    "--to FILE restores it to a file; in place it "
			    "needs a registry that knows it, and that can be "
			    "restored too: rowhouse restore " SLUG_REGISTRY
			    " --to FILE");
		return -1;
	}
	if (registry_check_kept(&job->row, err) != 0)
		return -1;
	if (owner->uid[0] && strcmp(owner->uid, job->row.uid) != 0) {
		err_set(err, ERR_CONFLICT,
		    "%s: epoch %08x is of another tenant that had the name "
		    "before",
		    job->slug, job->out->plan->epoch);
		return err_hint(err, "--to FILE restores it to a file");
	}
	return 0;
}

/* One restore in place at a time. */
static int
lock_tenant(struct job *job, struct err *err)
{
	struct layout_path dir = layout_tenant(job->config, job->slug);

	if (file_mkdirs(dir.p, 0770, err) != 0)
		return -1;
	job->lock = file_open(dir.p, O_RDONLY | O_DIRECTORY, 0, err);
	if (job->lock < 0)
		return -1;
	if (flock(job->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_sys(err, "cannot lock %s", dir.p);
	return err_set(err, ERR_BUSY, "%s is being restored by another process",
	    job->slug);
}

/* --- an epoch that nobody has used -------------------------------------------- */

static int
note_epoch(
    struct store_op *op, const struct store_object *object, struct err *err)
{
	uint32_t *newest = op->arg;

	(void)err;
	if (object->key.epoch > *newest)
		*newest = object->key.epoch;
	return 0;
}

/* In the replica that the tenant is written to, wherever it is restored from. */
static int
look_in_replica(const struct job *job, uint32_t *newest, struct err *err)
{
	struct store_op op = {
		.verb = STORE_EPOCHS, .object = note_epoch, .arg = newest
	};
	struct store *store;
	int rc;

	if (!job->config->replica[0])
		return 0;
	(void)str_copy(str_of(job->slug), op.key.slug, sizeof op.key.slug);
	if (strcmp(job->config->replica, store_url(job->out->store)) == 0)
		return store_now(job->out->store, &op, err);
	store = store_open(job->config->replica, err);
	if (!store)
		return -1;
	rc = store_now(store, &op, err);
	store_close(store);
	return rc;
}

/* Directories of incarnations, and what the replicator noted in them. */
static int
look_at_files(const struct job *job, uint32_t *newest, struct err *err)
{
	struct layout_path dir = layout_tenant(job->config, job->slug);
	struct arena *arena = arena_new(NAMES_MAX);
	struct file_names names;
	int rc = file_list(dir.p, arena, &names, err);

	for (size_t i = 0; rc == 0 && i < names.n; i++) {
		struct err none = ERR_INIT;
		char path[SPOOL_PATH];
		struct position position;
		uint64_t epoch;

		if (strlen(names.name[i]) != 8 ||
		    str_hex64(str_of(names.name[i]), &epoch) != 0)
			continue;
		if (job->out->fresh && epoch > job->row.epoch) {
			rc = file_remove_tree(layout_incarnation(job->config,
						  job->slug, (uint32_t)epoch)
						  .p,
			    err);
			continue;
		}
		if (epoch > *newest)
			*newest = (uint32_t)epoch;
		/* The build says so where it is in its way. */
		if (epoch != job->row.epoch)
			(void)leftover_clear_epoch(
			    job->config, job->slug, (uint32_t)epoch, &none);
		err_clear(&none);
		spool_position_path(
		    layout_spool(job->config, job->slug, (uint32_t)epoch).p,
		    path);
		if (position_read(path, &position, &none) == 0 &&
		    position.epoch > *newest)
			*newest = position.epoch;
	}
	arena_free(arena);
	return rc;
}

static int
choose_epoch(const struct job *job, uint32_t *out, struct err *err)
{
	uint32_t newest = job->row.epoch;

	if (job->out->plan->newest_epoch > newest)
		newest = job->out->plan->newest_epoch;
	if (look_in_replica(job, &newest, err) != 0 ||
	    look_at_files(job, &newest, err) != 0)
		return -1;
	if (newest == UINT32_MAX)
		return err_set(
		    err, ERR_LIMIT, "%s: there is no epoch left", job->slug);
	*out = newest + 1;
	return 0;
}

/* --- the switch ------------------------------------------------------------------ */

/*
 * The old file's write lock.  1 with *old, or with NULL where there is no file that
 * anyone could write to; -1.
 */
static int
lock_old(const struct job *job, struct db **old, struct err *err)
{
	struct db_opts opts = { .path = job->out->kept.p,
		.role = DB_TOOL,
		.busy_ms = job->config->busy_timeout_ms };

	*old = db_open(&opts, err);
	if (*old && db_begin_write(*old, err) == 0)
		return 0;
	db_close(*old);
	*old = NULL;
	if (err->code == ERR_NOT_FOUND)
		job->out->kept.p[0] = '\0';
	if (err->code != ERR_NOT_FOUND && err->code != ERR_CORRUPT)
		return -1;
	err_clear(err);
	return 0;
}

/* The base that the replicator makes of it is as new as the switch. */
static int
touch_file(const char *path, struct err *err)
{
	if (utimensat(AT_FDCWD, path, NULL, 0) != 0)
		return err_sys(err, "cannot set the time of %s", path);
	return 0;
}

/*
 * Is the switch done?  A commit that reported an error may have happened
 * nevertheless, so it is the registry that is asked.
 */
static int
is_switched(const struct job *job)
{
	struct registry_tenant row;
	struct err ignored = ERR_INIT;

	return registry_find(
		   job->registry, str_of(job->slug), &row, &ignored) != 0 ||
	       row.epoch == job->out->epoch;
}

static int
switch_over(const struct job *job, struct err *err)
{
	const struct restore_plan *plan = job->out->plan;
	struct db *old;
	int64_t from_ms;
	int rc = -1;

	if (lock_old(job, &old, err) != 0)
		return -1;
	from_ms = clock_mono_ms();
	if (old)
		(void)control_flush(
		    job->config, job->slug, FLUSH_MS, &job->out->unsent);
	registry_note(job->registry, job->out->deed);
	if (touch_file(job->out->path.p, err) == 0)
		rc = registry_switch(job->registry, &job->row,
		    job->out->epoch, plan->epoch, plan->txid, err);
	/*
	 * The commit is in the registry's WAL, which nobody syncs so soon.  Without
	 * it a power cut could bring the old incarnation back, beside a
	 * replica that already has the new one.
	 */
	if (rc == 0 && syncfs(job->lock) != 0)
		rc = err_sys(
		    err, "%s is switched, and may not stay so", job->slug);
	db_close(old);
	job->out->pause_ms = clock_mono_ms() - from_ms;
	return rc;
}

/* The new incarnation, which nobody knows of. */
static void
take_back(const struct job *job)
{
	struct layout_path dir =
	    layout_incarnation(job->config, job->slug, job->out->epoch);

	(void)unlink(job->out->path.p);
	(void)rmdir(dir.p);
}

int
replace_tenant(struct replace *replace, struct err *err)
{
	struct job job = { .out = replace,
		.config = replace->config,
		.slug = replace->plan->slug,
		.lock = -1 };
	struct layout_path dir;
	int rc = -1;

	err_clear(&replace->unsent);
	if (owner_check_new(job.config, err) != 0)
		goto out;
	job.registry = registry_open(job.config, DB_TOOL, 0, err);
	if (!job.registry)
		goto out;
	if (find_tenant(&job, err) != 0 || lock_tenant(&job, err) != 0)
		goto out;
	/* Again: another restore may have ended just before the lock. */
	if (find_tenant(&job, err) != 0 ||
	    choose_epoch(&job, &replace->epoch, err) != 0)
		goto out;
	dir = layout_incarnation(job.config, job.slug, replace->epoch);
	replace->path = layout_db(job.config, job.slug, replace->epoch);
	replace->kept = layout_db(job.config, job.slug, job.row.epoch);
	replace->target.path = replace->path.p;
	if (file_mkdirs(dir.p, 0770, err) != 0)
		goto out;
	rc = restore_around(replace->store, replace->plan, replace->arena,
	    &replace->target, err);
	if (rc == 0)
		rc = switch_over(&job, err);
	if (rc != 0 && !is_switched(&job))
		take_back(&job);
out:
	file_drop(&job.lock);
	registry_close(job.registry);
	return rc;
}
