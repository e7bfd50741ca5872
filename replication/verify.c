#include "replication/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "replication/control.h"
#include "replication/digests.h"
#include "replication/live.h"
#include "replication/restore.h"
#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/job_progress.h"
#include "tenants/layout.h"
#include "tenants/slug.h"

/*
 * An object may be on its way out while it is restored: compaction and
 * retention go on.  Only what is wrong every time is wrong.
 */
#define ATTEMPTS 3

struct verify {
	const struct config *config;
	struct store *store;
	struct registry *registry;
	struct digests *live, *restored;
	char dir[CONFIG_PATH_MAX + 32];
	int lock;
};

static void
name_slot(struct verify *verify, int slot)
{
	snprintf(verify->dir, sizeof(verify->dir), "%s/verify.%d",
	    verify->config->data, slot);
}

/* 1 it is ours, 0 it is another's, -1. */
static int
take_slot(struct verify *verify, int slot, struct err *err)
{
	char path[CONFIG_PATH_MAX + 48];

	name_slot(verify, slot);
	snprintf(path, sizeof(path), "%s/lock", verify->dir);
	if (file_mkdirs(verify->dir, 0700, err))
		return -1;
	verify->lock = file_open(path, O_RDWR | O_CREAT, 0600, err);
	if (verify->lock < 0)
		return -1;
	if (flock(verify->lock, LOCK_EX | LOCK_NB) == 0)
		return 1;
	if (errno != EWOULDBLOCK)
		err_sys(err, "%s: lock", path);
	file_drop(&verify->lock);
	return err->code == ERR_NONE ? 0 : -1;
}

static int
take_any_slot(struct verify *verify, struct err *err)
{
	int slot, busy = 0;

	/* One may be another user's, who has verified by hand. */
	for (slot = 0; slot < VERIFY_SLOTS; slot++) {
		int rc;

		err_clear(err);
		rc = take_slot(verify, slot, err);

		if (rc > 0)
			return 0;
		busy += rc == 0;
	}
	if (busy == 0)
		return -1;
	err_clear(err);
	err_set(err, ERR_BUSY, "%d others are verifying already", VERIFY_SLOTS);
	return err_hint(err, "try again");
}

static void
scratch_path(const struct verify *verify, const char *end, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/restored%s", verify->dir, end);
}

/* Of this one, or of one that was killed. */
static int
clear_scratch(const struct verify *verify, struct err *err)
{
	static const char *const ends[] = { "", "-wal", "-shm", RESTORE_SUFFIX,
		RESTORE_SUFFIX "-wal", RESTORE_SUFFIX "-shm",
		RESTORE_SUFFIX "-journal" };
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		scratch_path(verify, ends[i], path);
		if (file_remove(path, err))
			return -1;
	}
	return 0;
}

int
verify_clear(const struct config *config, struct err *err)
{
	struct verify verify = { .config = config, .lock = -1 };
	int slot, rc = 0;

	for (slot = 0; slot < VERIFY_SLOTS && rc >= 0; slot++) {
		name_slot(&verify, slot);
		if (access(verify.dir, W_OK | X_OK) != 0)
			continue;
		rc = take_slot(&verify, slot, err);
		if (rc > 0)
			rc = clear_scratch(&verify, err);
		file_drop(&verify.lock);
	}
	return rc < 0 ? -1 : 0;
}

struct verify *
verify_new(const struct config *config, struct err *err)
{
	struct verify *verify = calloc(1, sizeof(*verify));

	if (verify == NULL)
		err_die("out of memory: verify");
	verify->config = config;
	verify->lock = -1;
	if (config->replica[0] == '\0') {
		err_set(err, ERR_INPUT, "%s names no replica (replica.url)",
		    config->file);
		goto fail;
	}
	if (take_any_slot(verify, err) || clear_scratch(verify, err))
		goto fail;
	verify->store = store_open(config->replica, err);
	if (verify->store == NULL)
		goto fail;
	verify->registry = registry_open(config, DB_TOOL, 0, err);
	if (verify->registry == NULL)
		goto fail;
	verify->live = digests_new(verify->dir, err);
	verify->restored =
	    verify->live != NULL ? digests_new(verify->dir, err) : NULL;
	if (verify->restored != NULL)
		return verify;
fail:
	verify_free(verify);
	return NULL;
}

void
verify_free(struct verify *verify)
{
	if (verify == NULL)
		return;
	digests_free(verify->live);
	digests_free(verify->restored);
	registry_close(verify->registry);
	store_close(verify->store);
	file_drop(&verify->lock);
	free(verify);
}

static int
find(struct verify *verify, const char *slug, struct layout_path *db,
    struct layout_path *spool, struct err *err)
{
	struct registry_tenant row;

	if (strcmp(slug, SLUG_REGISTRY) == 0) {
		*db = layout_registry(verify->config);
		*spool = layout_spool(verify->config, slug, 0);
		return 0;
	}
	if (slug_check(str_of(slug), err) ||
	    registry_find(verify->registry, str_of(slug), &row, err))
		return -1;
	if (row.state == REGISTRY_DELETED)
		return err_set(err, ERR_NOT_FOUND, "%s is deleted", slug);
	*db = layout_db(verify->config, slug, row.epoch);
	*spool = layout_spool(verify->config, slug, row.epoch);
	return 0;
}

/*
 * The state is not there, but a later one is: it lies within an object that was merged
 * meanwhile.  Nothing is missing, and the next attempt is at a later one.
 */
static int
is_passed(struct verify *verify, const char *slug, const struct proof *proof)
{
	struct restore_opts opts = {
		.slug = slug, .epoch = proof->epoch, .point = RESTORE_LATEST
	};
	struct arena *arena = arena_new(RESTORE_PLAN_MAX);
	struct restore_plan plan = { .n = 0 };
	struct err ignored = ERR_INIT;
	int rc = restore_plan(verify->store, &opts, arena, &plan, &ignored);

	arena_free(arena);
	return rc == 0 && plan.txid > proof->txid;
}

/* The replica's side, and what a restore finds wrong with it. */
static int
restore(struct verify *verify, const char *slug, const struct live *live,
    struct restore_target *target, struct err *err)
{
	struct restore_opts opts = { .slug = slug,
		.epoch = live->epoch,
		.point = RESTORE_TXID,
		.txid = live->txid };
	struct arena *arena = arena_new(RESTORE_PLAN_MAX);
	struct restore_plan plan = { .n = 0 };
	int rc = -1;

	if (restore_plan(verify->store, &opts, arena, &plan, err) == 0 &&
	    restore_build(verify->store, &plan, target, err) == 0)
		rc = 0;
	arena_free(arena);
	return rc;
}

static void
say_pages(const struct digests_difference *difference, struct buf *out)
{
	uint32_t i;

	buf_puts(out, difference->n == 1 ? "page " : "pages ");
	for (i = 0; i < difference->n && i < DIGESTS_SHOWN; i++)
		buf_printf(out, "%s%u", i > 0 ? ", " : "", difference->page[i]);
	if (difference->n > DIGESTS_SHOWN)
		buf_printf(out, " and %u more", difference->n - DIGESTS_SHOWN);
	buf_puts(out, difference->n == 1 ? " differs" : " differ");
}

/* 0 the same, 1 not, -1. */
static int
compare(struct verify *verify, const struct live *live,
    const struct restore_target *target, struct proof *out, struct err *err)
{
	struct digests_difference difference;
	struct buf what;

	if (target->page_size != live->page_size ||
	    target->pages != live->pages) {
		snprintf(out->what, sizeof(out->what),
		    "the replica has %u pages of %u bytes, and the database "
		    "%u of %u",
		    target->pages, target->page_size, live->pages,
		    live->page_size);
		return 1;
	}
	digests_reset(verify->restored);
	if (digests_of_file(verify->restored, target->path, target->page_size,
		target->pages, err) ||
	    digests_compare(verify->live, verify->restored, &difference, err))
		return -1;
	if (difference.n == 0)
		return 0;
	buf_init(&what, sizeof(out->what) - 1);
	say_pages(&difference, &what);
	(void)str_copy(buf_view(&what), out->what, sizeof(out->what));
	buf_free(&what);
	return 1;
}

/* Without a replicator nobody knows whether it should be there. */
static int
say_unshipped(const char *slug, const struct live *live, struct err *err)
{
	err_set(err, ERR_BUSY,
	    "%s: TXID %llu of epoch %08x has not reached the replica", slug,
	    (unsigned long long)live->txid, live->epoch);
	return err_hint(err, "start the replicator");
}

static void
tell(int64_t done, int64_t total, void *arg)
{
	job_progress_tell(arg, done, total);
}

/* One attempt.  2: something is missing or damaged, as *err says. */
static int
attempt(struct verify *verify, const struct live_source *source,
    struct proof *out, struct err *err)
{
	char path[PATH_MAX];
	struct job_progress progress;
	struct restore_target target = {
		.path = path, .progress = tell, .arg = &progress
	};
	struct live live;
	int rc;

	if (live_take(source, verify->live, &live, err))
		return -1;
	out->epoch = live.epoch;
	out->txid = live.txid;
	out->pages = live.pages;
	out->what[0] = '\0';
	scratch_path(verify, "", path);
	job_progress_find(&progress);
	if (restore(verify, source->slug, &live, &target, err) == 0)
		rc = compare(verify, &live, &target, out, err);
	else if (err->code == ERR_NOT_FOUND && !live.acked)
		rc = say_unshipped(source->slug, &live, err);
	else
		rc = err->code == ERR_NOT_FOUND || err->code == ERR_CORRUPT
			 ? 2
			 : -1;
	/* An error of clearing is the next one's to report. */
	return clear_scratch(verify, rc == 0 ? err : &(struct err)ERR_INIT) != 0
		   ? -1
		   : rc;
}

int
verify_tenant(
    struct verify *verify, const char *slug, struct proof *out, struct err *err)
{
	int64_t begun_ms = clock_mono_ms();
	struct layout_path db, spool;
	struct err ignored = ERR_INIT;
	struct live_source source = { .config = verify->config,
		.slug = slug,
		.db_path = db.p,
		.spool_dir = spool.p };
	int i, rc = 2;

	memset(out, 0, sizeof(*out));
	if (find(verify, slug, &db, &spool, err))
		return -1;
	for (i = 0; i < ATTEMPTS && rc == 2; i++) {
		err_clear(err);
		rc = attempt(verify, &source, out, err);
	}
	if (rc < 0)
		return -1;
	if (rc == 2 && err->code == ERR_NOT_FOUND &&
	    is_passed(verify, slug, out)) {
		err->code = ERR_BUSY;
		return err_hint(err, "a later state is there: try again");
	}
	if (rc == 2)
		(void)str_copy(str_sub(str_of(err->msg), 0, PROOF_WHAT - 1),
		    out->what, sizeof(out->what));
	err_clear(err);
	out->failed = rc != 0;
	out->time_ms = clock_wall_ms();
	out->took_ms = clock_mono_ms() - begun_ms;
	if (proof_write(spool.p, out, err))
		return -1;
	/* Where none runs it will read it when it starts. */
	(void)control_proven(verify->config, slug, &ignored);
	return rc != 0;
}

struct walk {
	int (*each)(const char *slug, void *arg);
	void *arg;
};

static int
visit(const struct registry_tenant *tenant, void *arg)
{
	struct walk *walk = arg;

	if (tenant->state == REGISTRY_DELETED)
		return 0;
	return walk->each(tenant->slug, walk->arg);
}

int
verify_each(struct verify *verify, int (*each)(const char *slug, void *arg),
    void *arg, struct err *err)
{
	struct walk walk = { each, arg };
	int rc = each(SLUG_REGISTRY, arg);

	return rc != 0 ? rc
		       : registry_each(verify->registry, visit, &walk, err);
}
