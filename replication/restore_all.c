#include "replication/restore_all.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "replication/replace.h"
#include "replication/restore_crew.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/base/thread.h"
#include "tenants/layout.h"
#include "tenants/owner.h"
#include "tenants/registry.h"
#include "tenants/registry_make.h"

/*
 * First a survey, which changes nothing: is there room?  Then steps, each of
 * which may be the last before a kill:
 *
 *  1. <data>/restoring, with URL and time;
 *  2. registry.db, by a rename; then no token of before is good any more;
 *  3. "tenants" is added to <data>/restoring;
 *  4. each tenant, as a restore in place.  A tenant is done when the file that
 *     the registry calls current is there: the registry comes back with the
 *     names of files that are lost, and only a finished restore changes one;
 *  5. <data>/restoring is removed, where none failed.
 */
#define NOTE_MAX ((size_t)4096)

struct all {
	struct restore_all *out;
	int lock;
	int begun; /* by an earlier call */
	int registry_done;
	pthread_mutex_t mutex; /* *out's figures, and who is told */
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
lock_data(struct all *all, struct err *err)
{
	const struct config *config = all->out->config;

	if (file_mkdirs(config->data, 0770, err) != 0)
		return -1;
	all->lock = file_open(config->data, O_RDONLY | O_DIRECTORY, 0, err);
	if (all->lock < 0)
		return -1;
	if (flock(all->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_sys(err, "cannot lock %s", config->data);
	return err_set(err, ERR_BUSY, "%s is being restored by another process",
	    config->data);
}

/* What is there already?  Nothing, or what such a restore has begun. */
static int
read_state(struct all *all, struct arena *arena, struct err *err)
{
	struct layout_path path = note_path(all->out->config);
	struct str text;
	int there = file_exists(path.p, err);

	if (there < 0)
		return -1;
	all->begun = there;
	if (!there)
		return check_empty(all->out->config, arena, err);
	return file_read(path.p, NOTE_MAX, arena, &text, err) != 0
		   ? -1
		   : parse_note(all, text, err);
}

static int
take_survey(struct restore_all *out, struct err *err)
{
	out->survey = (struct restore_survey){ .config = out->config,
		.url = out->url,
		.point = out->point,
		.time_ms = out->time_ms,
		.jobs = out->jobs };
	return restore_survey(&out->survey, err);
}

/* --- the registry -------------------------------------------------------------- */

/* It is the one that was surveyed. */
static int
bring_registry(const struct all *all, struct err *err)
{
	const struct restore_survey *survey = &all->out->survey;
	struct layout_path path = layout_registry(all->out->config);
	char temp[LAYOUT_MAX + 16];
	int fd, rc;

	if (survey->registry.there)
		return 0;
	snprintf(temp, sizeof temp, "%s" RESTORE_SUFFIX, path.p);
	if (file_remove(temp, err) != 0 ||
	    file_copy(survey->registry_copy.p, temp, 0660, err) != 0)
		return -1;
	fd = file_open(temp, O_RDWR, 0, err);
	if (fd < 0)
		return -1;
	rc = file_sync(fd, temp, err);
	file_drop(&fd);
	return rc == 0 ? file_rename_new(temp, path.p, err) : -1;
}

static int
revoke_tokens(struct all *all, struct err *err)
{
	struct registry *registry;
	int rc = -1;

	if (all->registry_done)
		return 0;
	if (registry_upgrade(all->out->config, err) < 0)
		return -1;
	registry = registry_open(all->out->config, DB_TOOL, 0, err);
	if (registry)
		rc = registry_revoke_tokens(registry, err);
	registry_close(registry);
	if (rc != 0)
		return -1;
	all->registry_done = 1;
	return write_note(all, err);
}

/* --- tenants --------------------------------------------------------------------- */

/* Of one tenant on its way. */
struct way {
	struct all *all;
	int64_t done;
};

static void
note_bytes(int64_t done, int64_t total, void *arg)
{
	struct way *way = arg;
	struct restore_all *out = way->all->out;

	(void)total;
	thread_lock(&way->all->mutex);
	/* Another way to the same state begins anew. */
	out->bytes += done > way->done ? done - way->done : done;
	way->done = done;
	if (out->progress)
		out->progress(out);
	thread_unlock(&way->all->mutex);
}

static int
bring(void *arg, size_t i, struct store *store, struct arena *arena,
    struct err *err)
{
	struct all *all = arg;
	struct way way = { .all = all };
	const struct restore_opts opts = { .slug =
					       all->out->survey.tenant[i].slug,
		.point = all->out->point,
		.time_ms = all->out->time_ms };
	struct restore_plan chosen;
	struct replace replace = { .config = all->out->config,
		.store = store,
		.plan = &chosen,
		.arena = arena,
		.fresh = 1,
		.target = { .memory = RESTORE_ALL_MEMORY,
		    .progress = note_bytes,
		    .arg = &way } };

	if (restore_plan(store, &opts, arena, &chosen, err) != 0)
		return -1;
	return replace_tenant(&replace, err);
}

static void
note_result(void *arg, size_t i, int rc, const struct err *err)
{
	struct all *all = arg;
	struct restore_all *out = all->out;
	struct restore_survey_tenant *tenant = &out->survey.tenant[i];

	free(tenant->why);
	tenant->why = NULL;
	if (rc != 0 && !(tenant->why = strdup(err->msg)))
		err_die("out of memory: restore");
	thread_lock(&all->mutex);
	if (rc == 0)
		out->restored++;
	else
		out->failed++;
	if (out->told)
		out->told(out, tenant);
	thread_unlock(&all->mutex);
}

static int
bring_all(struct all *all, struct arena *arena, struct err *err)
{
	struct restore_all *out = all->out;
	struct restore_crew crew = { .url = out->url,
		.size = out->jobs,
		.work = bring,
		.done = note_result,
		.arg = all };

	if (owner_check(out->config, err) != 0 ||
	    owner_check_new(out->config, err) != 0 ||
	    lock_data(all, err) != 0 || read_state(all, arena, err) != 0 ||
	    take_survey(out, err) != 0 ||
	    restore_survey_check_room(&out->survey, err) != 0)
		return -1;
	if (!all->begun && write_note(all, err) != 0)
		return -1;
	if (crypto_key_create(layout_master_key(out->config).p, err) != 0)
		return -1;
	if (bring_registry(all, err) != 0 || revoke_tokens(all, err) != 0)
		return err_wrap(err, "the registry");
	crew.n = out->survey.to_come;
	restore_crew_run(&crew);
	return out->failed == 0 ? file_remove(note_path(out->config).p, err)
				: 0;
}

int
restore_all_look(struct restore_all *out, struct err *err)
{
	struct all all = { .out = out, .lock = -1 };
	struct arena *arena = arena_new(RESTORE_PLAN_MAX);
	int rc = -1;

	if (read_state(&all, arena, err) == 0)
		rc = take_survey(out, err);
	arena_free(arena);
	return rc;
}

int
restore_all(struct restore_all *out, struct err *err)
{
	struct all all = { .out = out, .lock = -1 };
	struct arena *arena = arena_new(RESTORE_PLAN_MAX);
	int rc;

	if (pthread_mutex_init(&all.mutex, NULL) != 0)
		err_die("restore: mutex");
	rc = bring_all(&all, arena, err);
	file_drop(&all.lock);
	pthread_mutex_destroy(&all.mutex);
	arena_free(arena);
	return rc;
}

void
restore_all_clear(struct restore_all *out)
{
	restore_survey_clear(&out->survey);
}
