#include "replication/restore_all.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "replication/replace.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/layout.h"
#include "tenants/registry.h"

/*
 * Steps, each of which may be the last before a kill:
 *
 *  1. <data>/restoring, with URL and time;
 *  2. registry.db, by a rename; then no token of before is good any more;
 *  3. "tenants" is added to <data>/restoring;
 *  4. each tenant, as a restore in place.  A tenant is done when the file that
 *     the registry calls current is there: the registry comes back with the
 *     names of files that are lost, and only a finished restore changes one;
 *  5. <data>/restoring is removed, where none failed.
 *
 * Every thread has a store of its own.
 */
#define NOTE_MAX ((size_t)4096)

struct item {
	char slug[SLUG_MAX + 1];
	int64_t time_ms; /* of its newest state; 0 = could not be planned */
	uint32_t epoch;
};

struct all {
	struct restore_all *out;
	int lock;
	int registry_done;
	struct item *item;
	size_t n, max;

	pthread_mutex_t mutex; /* the rest, and *out's counts */
	size_t next;
	int (*work)(struct all *all, struct store *store, struct arena *arena,
	    struct item *item, struct err *err);
	int count; /* what work() did is a tenant done */
};

static struct layout_path
note_path(const struct config *config)
{
	struct layout_path path;

	snprintf(path.p, sizeof path.p, "%s/restoring", config->data);
	return path;
}

static int
write_note(const struct all *all, struct err *err)
{
	struct layout_path path = note_path(all->out->config);
	char text[NOTE_MAX];
	int n = snprintf(text, sizeof text, "%s\n%lld\n%s", all->out->url,
	    all->out->point == RESTORE_TIME ? (long long)all->out->time_ms : 0,
	    all->registry_done ? "tenants\n" : "");

	if (n < 0 || (size_t)n >= sizeof text)
		return err_set(err, ERR_INPUT, "a URL of %zu bytes",
		    strlen(all->out->url));
	return file_replace(path.p, str_make(text, (size_t)n), 0640, err);
}

/* What was begun goes on as it was begun. */
static int
parse_note(struct all *all, struct str text, struct err *err)
{
	struct restore_all *out = all->out;
	struct str url = STR_NONE, time = STR_NONE, step = STR_NONE;
	int64_t time_ms = 0;

	(void)str_next(&text, '\n', &url);
	(void)str_next(&text, '\n', &time);
	(void)str_next(&text, '\n', &step);
	if (str_i64(time, &time_ms) != 0)
		return err_set(err, ERR_CORRUPT, "%s is not ours",
		    note_path(out->config).p);
	if (!str_is(url, out->url) ||
	    (out->point == RESTORE_TIME && out->time_ms != time_ms)) {
		err_set(err, ERR_CONFLICT,
		    "a restore of all was begun here, from %.*s%s",
		    STR_FMT(url),
		    str_is(url, out->url) ? ", to another time" : "");
		return err_hint(err,
		    "it goes on without --at; or move %s away and begin again",
		    out->config->data);
	}
	if (time_ms != 0) {
		out->point = RESTORE_TIME;
		out->time_ms = time_ms;
	}
	all->registry_done = str_is(step, "tenants");
	return 0;
}

/* Nothing of anybody's is in the way. */
static int
check_empty(const struct config *config, struct arena *arena, struct err *err)
{
	static const char *const ends[] = { "", "-wal" };
	struct layout_path tenants = layout_tenants(config);
	struct file_names names;
	char path[LAYOUT_MAX + 8];

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		int there;

		snprintf(path, sizeof path, "%s%s", layout_registry(config).p,
		    ends[i]);
		there = file_exists(path, err);
		if (there < 0)
			return -1;
		if (there)
			goto there;
	}
	if (file_list(tenants.p, arena, &names, err) != 0) {
		if (err->code != ERR_NOT_FOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	snprintf(path, sizeof path, "%s", tenants.p);
	for (size_t i = 0; i < names.n; i++)
		if (names.name[i][0] != '.')
			goto there;
	return 0;
there:
	err_set(
	    err, ERR_CONFLICT, "%s is there: this machine is not lost", path);
	return err_hint(err,
	    "--all rebuilds an empty data directory; one tenant comes back "
	    "with --in-place");
}

static int
begin(struct all *all, struct arena *arena, struct err *err)
{
	const struct config *config = all->out->config;
	struct layout_path path = note_path(config);
	struct str text;
	int there;

	if (file_mkdirs(config->data, 0770, err) != 0)
		return -1;
	all->lock = file_open(config->data, O_RDONLY | O_DIRECTORY, 0, err);
	if (all->lock < 0)
		return -1;
	if (flock(all->lock, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, "cannot lock %s", config->data);
		return err_set(err, ERR_BUSY,
		    "%s is being restored by another process", config->data);
	}
	there = file_exists(path.p, err);
	if (there < 0)
		return -1;
	if (there)
		return file_read(path.p, NOTE_MAX, arena, &text, err) != 0
			   ? -1
			   : parse_note(all, text, err);
	if (check_empty(config, arena, err) != 0)
		return -1;
	return write_note(all, err);
}

static int
plan(const struct all *all, struct store *store, const char *slug,
    struct arena *arena, struct restore_plan *out, struct err *err)
{
	const struct restore_opts opts = { .slug = slug,
		.point = all->out->point,
		.time_ms = all->out->time_ms };

	return restore_plan(store, &opts, arena, out, err);
}

/* --- the registry -------------------------------------------------------------- */

static int
bring_registry(struct all *all, struct arena *arena, struct err *err)
{
	struct layout_path path = layout_registry(all->out->config);
	struct restore_target target = { .path = path.p };
	int there = file_exists(path.p, err);
	struct restore_plan registry;
	struct store *store;
	int rc = -1;

	if (there != 0)
		return there < 0 ? -1 : 0;
	store = store_open(all->out->url, err);
	if (store &&
	    plan(all, store, SLUG_REGISTRY, arena, &registry, err) == 0)
		rc = restore_around(store, &registry, arena, &target, err);
	store_close(store);
	return rc;
}

static int
add_item(const struct registry_tenant *row, void *arg)
{
	struct all *all = arg;

	if (row->state == REGISTRY_DELETED) {
		all->out->deleted++;
		return 0;
	}
	if (all->n == all->max) {
		all->max = all->max * 2 + 64;
		all->item = realloc(all->item, all->max * sizeof *all->item);
		if (!all->item)
			err_die("out of memory: %zu tenants", all->max);
	}
	all->item[all->n] = (struct item){ .epoch = row->epoch };
	memcpy(all->item[all->n++].slug, row->slug, sizeof row->slug);
	return 0;
}

static int
read_registry(struct all *all, struct err *err)
{
	struct registry *registry;
	int rc = -1;

	registry = registry_open(all->out->config, DB_TOOL, 0, err);
	if (!registry)
		return -1;
	if (all->registry_done || registry_revoke_tokens(registry, err) == 0)
		rc = registry_each(registry, add_item, all, err);
	registry_close(registry);
	if (rc != 0 || all->registry_done)
		return rc;
	all->registry_done = 1;
	return write_note(all, err);
}

/* --- tenants --------------------------------------------------------------------- */

/* Leaves those that are still to come. */
static int
drop_finished(struct all *all, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct item *item = &all->item[i];
		int there = file_exists(
		    layout_db(all->out->config, item->slug, item->epoch).p,
		    err);

		if (there < 0)
			return -1;
		if (!there)
			all->item[n++] = *item;
	}
	all->out->tenants = all->n;
	all->out->before = all->n - n;
	all->n = n;
	return 0;
}

static int
look(struct all *all, struct store *store, struct arena *arena,
    struct item *item, struct err *err)
{
	struct restore_plan found;

	/* Why not is told when its turn comes. */
	if (plan(all, store, item->slug, arena, &found, err) == 0)
		item->time_ms = found.time_ms;
	err_clear(err);
	return 0;
}

static int
bring(struct all *all, struct store *store, struct arena *arena,
    struct item *item, struct err *err)
{
	struct restore_plan chosen;
	struct replace replace = { .config = all->out->config,
		.store = store,
		.plan = &chosen,
		.arena = arena,
		.fresh = 1,
		.target = { .memory = RESTORE_ALL_MEMORY } };

	if (plan(all, store, item->slug, arena, &chosen, err) != 0 ||
	    replace_tenant(&replace, err) != 0)
		return -1;
	if (pthread_mutex_lock(&all->mutex) != 0)
		err_die("restore: lock");
	all->out->bytes += chosen.bytes;
	(void)pthread_mutex_unlock(&all->mutex);
	return 0;
}

static int
hottest_first(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->time_ms != y->time_ms)
		return x->time_ms > y->time_ms ? -1 : 1;
	return strcmp(x->slug, y->slug);
}

static void
note_result(
    struct all *all, const struct item *item, int rc, const struct err *why)
{
	if (!all->count)
		return;
	if (rc == 0)
		all->out->restored++;
	else
		all->out->failed++;
	if (all->out->told)
		all->out->told(all->out, item->slug, rc == 0 ? NULL : why);
}

/* One of the threads. */
static void *
work(void *arg)
{
	struct all *all = arg;
	struct arena *arena = arena_new(RESTORE_PLAN_MAX);
	struct store *store = NULL;

	for (;;) {
		struct err err = ERR_INIT;
		struct item *item = NULL;
		int rc = -1;

		if (pthread_mutex_lock(&all->mutex) != 0)
			err_die("restore: lock");
		if (all->next < all->n)
			item = &all->item[all->next++];
		(void)pthread_mutex_unlock(&all->mutex);
		if (!item)
			break;
		if (!store)
			store = store_open(all->out->url, &err);
		if (store)
			rc = all->work(all, store, arena, item, &err);
		arena_reset(arena);
		if (pthread_mutex_lock(&all->mutex) != 0)
			err_die("restore: lock");
		note_result(all, item, rc, &err);
		(void)pthread_mutex_unlock(&all->mutex);
	}
	store_close(store);
	arena_free(arena);
	return NULL;
}

/* Every item once, several at a time; this thread is one of them. */
static void
run(struct all *all)
{
	int n = all->out->jobs - 1;
	pthread_t *thread = calloc((size_t)n + 1, sizeof *thread);
	int started = 0;

	if (!thread)
		err_die("out of memory: restore");
	all->next = 0;
	/* Fewer threads do as well. */
	while (started < n && (size_t)started + 1 < all->n &&
	       pthread_create(&thread[started], NULL, work, all) == 0)
		started++;
	(void)work(all);
	while (started-- > 0)
		if (pthread_join(thread[started], NULL) != 0)
			err_die("restore: join");
	free(thread);
}

static int
bring_tenants(struct all *all, struct err *err)
{
	if (drop_finished(all, err) != 0)
		return -1;
	all->work = look;
	run(all);
	if (all->n > 0)
		qsort(all->item, all->n, sizeof *all->item, hottest_first);
	all->work = bring;
	all->count = 1;
	run(all);
	return 0;
}

int
restore_all(struct restore_all *out, struct err *err)
{
	struct all all = { .out = out, .lock = -1 };
	struct arena *arena = arena_new(RESTORE_PLAN_MAX);
	int rc = -1;

	if (pthread_mutex_init(&all.mutex, NULL) != 0)
		err_die("restore: mutex");
	if (begin(&all, arena, err) != 0 ||
	    crypto_key_create(layout_master_key(out->config).p, err) != 0)
		goto out;
	if (bring_registry(&all, arena, err) != 0 ||
	    read_registry(&all, err) != 0) {
		err_wrap(err, "the registry");
		goto out;
	}
	if (bring_tenants(&all, err) != 0)
		goto out;
	rc = 0;
	if (out->failed == 0)
		rc = file_remove(note_path(out->config).p, err);
out:
	file_drop(&all.lock);
	pthread_mutex_destroy(&all.mutex);
	arena_free(arena);
	free(all.item);
	return rc;
}
