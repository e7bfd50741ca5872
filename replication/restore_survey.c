#include "replication/restore_survey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "replication/restore_crew.h"
#include "tenants/base/disk.h"
#include "tenants/base/file.h"
#include "tenants/base/size.h"

#define NAMES_MAX ((size_t)1 << 20)
/* Of what is written, for the rest: WALs, spools. */

static int
make_scratch(struct restore_survey *survey, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	int n = snprintf(survey->scratch, sizeof survey->scratch,
	    "%s/rowhouse-restore-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");

	if (n < 0 || (size_t)n >= sizeof survey->scratch) {
		survey->scratch[0] = '\0';
		return err_set(err, ERR_INPUT, "TMPDIR is too long");
	}
	if (mkdtemp(survey->scratch))
		return 0;
	err_sys(err, "cannot make %s", survey->scratch);
	survey->scratch[0] = '\0';
	return -1;
}

static int
plan(const struct restore_survey *survey, struct store *store,
    struct restore_survey_tenant *tenant, struct arena *arena,
    struct restore_plan *out, struct err *err)
{
	const struct restore_opts opts = { .slug = tenant->slug,
		.point = survey->point,
		.time_ms = survey->time_ms };

	if (restore_plan(store, &opts, arena, out, err) != 0)
		return -1;
	tenant->epoch = out->epoch;
	tenant->txid = out->txid;
	tenant->time_ms = out->time_ms;
	tenant->size = (int64_t)out->pages * out->page_size;
	tenant->objects = out->n;
	tenant->bytes = out->bytes;
	return 0;
}

/* --- the registry -------------------------------------------------------------- */

/* The registry of that point, in scratch. */
static int
fetch_registry(struct restore_survey *survey, struct err *err)
{
	struct arena *arena = arena_new(RESTORE_PLAN_MAX);
	struct restore_target target = { .path = survey->registry_copy.p };
	struct restore_plan chosen;
	struct store *store = store_open(survey->url, err);
	int rc = -1;

	if (store &&
	    plan(survey, store, &survey->registry, arena, &chosen, err) == 0)
		rc = restore_around(store, &chosen, arena, &target, err);
	store_close(store);
	arena_free(arena);
	return rc;
}

static int
add_tenant(const struct registry_tenant *row, void *arg)
{
	struct restore_survey *survey = arg;
	struct restore_survey_tenant *tenant;

	if (row->state == REGISTRY_DELETED) {
		survey->deleted++;
		return 0;
	}
	/* Doubled at each power of two. */
	if ((survey->n & (survey->n - 1)) == 0) {
		size_t max = survey->n > 0 ? 2 * survey->n : 1;

		survey->tenant =
		    realloc(survey->tenant, max * sizeof *survey->tenant);
		if (!survey->tenant)
			err_die("out of memory: %zu tenants", max);
	}
	tenant = &survey->tenant[survey->n++];
	*tenant = (struct restore_survey_tenant){ .state = row->state,
		.incarnation = row->epoch };
	memcpy(tenant->slug, row->slug, sizeof tenant->slug);
	return 0;
}

static int
read_registry(struct restore_survey *survey, struct err *err)
{
	struct restore_survey_tenant *registry = &survey->registry;
	struct config where = *survey->config;
	struct registry *opened;
	int rc = -1;

	(void)str_copy(
	    str_of(SLUG_REGISTRY), registry->slug, sizeof registry->slug);
	registry->there = file_exists(layout_registry(&where).p, err);
	if (registry->there < 0)
		return -1;
	if (!registry->there) {
		if (make_scratch(survey, err) != 0)
			return -1;
		snprintf(where.data, sizeof where.data, "%s", survey->scratch);
		survey->registry_copy = layout_registry(&where);
		if (fetch_registry(survey, err) != 0)
			return -1;
	}
	/* What was restored may be of an older release; what is there is looked at. */
	opened = registry_open(&where, DB_TOOL, !registry->there, err);
	if (opened)
		rc = registry_each(opened, add_tenant, survey, err);
	registry_close(opened);
	return rc;
}

/* --- tenants --------------------------------------------------------------------- */

static int
look_at_file(const struct config *config, struct restore_survey_tenant *tenant,
    struct err *err)
{
	struct layout_path path =
	    layout_db(config, tenant->slug, tenant->incarnation);
	struct stat st;

	if (stat(path.p, &st) == 0) {
		tenant->there = 1;
		tenant->size = st.st_size;
		return 0;
	}
	return errno == ENOENT ? 0 : err_sys(err, "cannot look at %s", path.p);
}

static int
look(void *arg, size_t i, struct store *store, struct arena *arena,
    struct err *err)
{
	struct restore_survey *survey = arg;
	struct restore_plan found;

	if (survey->tenant[i].there)
		return 0;
	return plan(survey, store, &survey->tenant[i], arena, &found, err);
}

static void
looked(void *arg, size_t i, int rc, const struct err *err)
{
	struct restore_survey *survey = arg;

	if (rc == 0)
		return;
	survey->tenant[i].why = strdup(err->msg);
	if (!survey->tenant[i].why)
		err_die("out of memory: restore");
}

static int
hottest_first(const void *a, const void *b)
{
	const struct restore_survey_tenant *x = a, *y = b;

	if (x->there != y->there)
		return x->there - y->there;
	if (x->time_ms != y->time_ms)
		return x->time_ms > y->time_ms ? -1 : 1;
	return strcmp(x->slug, y->slug);
}

static int
look_at_tenants(struct restore_survey *survey, struct err *err)
{
	const struct restore_crew crew = { .url = survey->url,
		.size = survey->jobs,
		.n = survey->n,
		.work = look,
		.done = looked,
		.arg = survey };

	for (size_t i = 0; i < survey->n; i++)
		if (look_at_file(survey->config, &survey->tenant[i], err) != 0)
			return -1;
	restore_crew_run(&crew);
	if (survey->n > 0)
		qsort(survey->tenant, survey->n, sizeof *survey->tenant,
		    hottest_first);
	return 0;
}

/* --- the disk ---------------------------------------------------------------------- */

static int64_t
blocks_of(const char *path, const char *end)
{
	char whole[LAYOUT_MAX + 32];
	struct stat st;

	snprintf(whole, sizeof whole, "%s%s", path, end);
	return stat(whole, &st) == 0 ? (int64_t)st.st_blocks * 512 : 0;
}

/* What an attempt that was killed has of a tenant; its next one removes that. */
static int64_t
left_over(
    const struct config *config, const struct restore_survey_tenant *tenant)
{
	struct layout_path dir = layout_tenant(config, tenant->slug);
	struct arena *arena = arena_new(NAMES_MAX);
	struct err none = ERR_INIT;
	struct file_names names;
	int64_t bytes = 0;
	uint64_t epoch;

	if (file_list(dir.p, arena, &names, &none) != 0)
		names.n = 0;
	for (size_t i = 0; i < names.n; i++) {
		struct layout_path path;

		if (str_hex64(str_of(names.name[i]), &epoch) != 0 ||
		    epoch <= tenant->incarnation || epoch > UINT32_MAX)
			continue;
		path = layout_db(config, tenant->slug, (uint32_t)epoch);
		bytes +=
		    blocks_of(path.p, "") + blocks_of(path.p, RESTORE_SUFFIX);
	}
	arena_free(arena);
	return bytes;
}

static void
add_up(
    struct restore_survey *survey, const struct restore_survey_tenant *tenant)
{
	survey->objects += tenant->objects;
	survey->bytes += tenant->bytes;
	survey->size += tenant->size;
}

static int
sum(struct restore_survey *survey, struct err *err)
{
	struct disk disk;

	if (disk_look(survey->config->data, &disk, err) != 0)
		return -1;
	survey->room = disk.free;
	if (!survey->registry.there)
		add_up(survey, &survey->registry);
	for (size_t i = 0; i < survey->n; i++) {
		const struct restore_survey_tenant *tenant = &survey->tenant[i];

		if (tenant->there)
			break;
		survey->to_come++;
		survey->unplanned += tenant->txid == 0;
		survey->room += left_over(survey->config, tenant);
		add_up(survey, tenant);
	}
	survey->needed = survey->size + survey->size / RESTORE_RESERVE;
	return 0;
}

int
restore_survey(struct restore_survey *survey, struct err *err)
{
	if (read_registry(survey, err) != 0)
		return err_wrap(err, "the registry");
	if (look_at_tenants(survey, err) != 0)
		return -1;
	return sum(survey, err);
}

int
restore_survey_check_room(const struct restore_survey *survey, struct err *err)
{
	char needed[SIZE_TEXT], room[SIZE_TEXT];

	if (survey->needed <= survey->room)
		return 0;
	err_set(err, ERR_FULL, "%s needs %s, and %s is free there",
	    survey->config->data, size_text(survey->needed, needed),
	    size_text(survey->room, room));
	return err_hint(err, "nothing was begun: make room, or let `data` in "
			     "the configuration be on another disk");
}

void
restore_survey_clear(struct restore_survey *survey)
{
	struct err ignored = ERR_INIT;

	if (survey->scratch[0])
		(void)file_remove_tree(survey->scratch, &ignored);
	for (size_t i = 0; i < survey->n; i++)
		free(survey->tenant[i].why);
	free(survey->tenant);
	survey->tenant = NULL;
	survey->n = 0;
	survey->scratch[0] = '\0';
}
