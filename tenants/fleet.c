#include "tenants/fleet.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/base/thread.h"
#include "tenants/fleet_file.h"

/* The tenants of one phase, and who takes the next. */
struct shift {
	struct fleet *fleet;
	pthread_mutex_t mutex;
	size_t next, end;
	size_t most; /* failures that do not stop it */
};

const char *
fleet_result_name(enum fleet_result result)
{
	static const char *const names[FLEET_RESULTS] = {
		[FLEET_UNTOUCHED] = "untouched",
		[FLEET_CURRENT] = "current",
		[FLEET_MIGRATED] = "migrated",
		[FLEET_AHEAD] = "ahead",
		[FLEET_GONE] = "gone",
		[FLEET_FAILED] = "failed",
	};

	return names[result];
}

static void
note(struct shift *shift, struct fleet_tenant *tenant, const struct err *err)
{
	struct fleet *fleet = shift->fleet;

	if (err->code != ERR_NONE) {
		tenant->err = malloc(sizeof(*tenant->err));
		if (tenant->err == NULL)
			err_die("out of memory");
		*tenant->err = *err;
		tenant->result = FLEET_FAILED;
	}
	fleet->count[FLEET_UNTOUCHED]--;
	fleet->count[tenant->result]++;
	if (fleet->count[FLEET_FAILED] > shift->most)
		fleet->stopped = 1;
	if (fleet->done != NULL)
		fleet->done(fleet, tenant, fleet->arg);
}

/* One of the threads. */
static void *
work(void *arg)
{
	struct shift *shift = arg;
	struct fleet *fleet = shift->fleet;
	struct fleet_file *file = NULL;

	for (;;) {
		struct fleet_tenant *tenant = NULL;
		struct err err = ERR_INIT;

		thread_lock(&shift->mutex);
		if (!fleet->stopped && shift->next < shift->end)
			tenant = &fleet->tenant[shift->next++];
		thread_unlock(&shift->mutex);
		if (tenant == NULL)
			break;
		if (file == NULL)
			file = fleet_file_new(
			    fleet->config, fleet->app, fleet->dry_run, &err);
		if (file != NULL)
			(void)fleet_file_migrate(file, tenant, &err);
		thread_lock(&shift->mutex);
		note(shift, tenant, &err);
		thread_unlock(&shift->mutex);
	}
	fleet_file_free(file);
	return NULL;
}

static void
run_phase(struct fleet *fleet, size_t from, size_t to, size_t most)
{
	struct shift shift = {
		.fleet = fleet, .next = from, .end = to, .most = most
	};
	int n = fleet->jobs - 1, started = 0;
	pthread_t *thread = calloc((size_t)n + 1, sizeof(*thread));
	struct err ignored = ERR_INIT;

	if (thread == NULL)
		err_die("out of memory");
	if (pthread_mutex_init(&shift.mutex, NULL) != 0)
		err_die("migrate: mutex");
	/* Fewer threads do as well. */
	while (started < n && from + (size_t)started + 1 < to &&
	       thread_start(&thread[started], work, &shift, &ignored) == 0)
		started++;
	(void)work(&shift);
	while (started-- > 0)
		if (pthread_join(thread[started], NULL) != 0)
			err_die("migrate: join");
	(void)pthread_mutex_destroy(&shift.mutex);
	free(thread);
}

/* --- whose turn it is ------------------------------------------------------- */

static int
is_one_of(const char *slug, char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(slug, list[i]) == 0)
			return 1;
	return 0;
}

struct gathering {
	struct fleet *fleet;
	size_t max;
};

static int
gather(const struct registry_tenant *row, void *arg)
{
	struct gathering *gathering = arg;
	struct fleet *fleet = gathering->fleet;
	struct fleet_tenant *tenant;

	if (row->state == REGISTRY_DELETED ||
	    (fleet->n_slugs > 0 &&
		!is_one_of(row->slug, fleet->slug, fleet->n_slugs)))
		return 0;
	if (fleet->n == gathering->max) {
		gathering->max = 2 * gathering->max + 64;
		fleet->tenant = realloc(
		    fleet->tenant, gathering->max * sizeof(*fleet->tenant));
		if (fleet->tenant == NULL)
			err_die("out of memory: %zu tenants", gathering->max);
	}
	tenant = &fleet->tenant[fleet->n++];
	memset(tenant, 0, sizeof(*tenant));
	memcpy(tenant->slug, row->slug, sizeof(tenant->slug));
	tenant->canary = is_one_of(row->slug, fleet->canary, fleet->n_canaries);
	return 0;
}

/* FNV-1a, 32 bits. */
static uint32_t
hash(const char *slug)
{
	uint32_t h = 2166136261u;

	for (; *slug != '\0'; slug++)
		h = (h ^ (unsigned char)*slug) * 16777619u;
	return h ^ h >> 16;
}

static int
by_hash(const void *a, const void *b)
{
	const struct fleet_tenant *x = a, *y = b;
	uint32_t hx = hash(x->slug), hy = hash(y->slug);

	if (hx != hy)
		return hx < hy ? -1 : 1;
	return strcmp(x->slug, y->slug);
}

static int
by_turn(const void *a, const void *b)
{
	const struct fleet_tenant *x = a, *y = b;

	if (x->canary != y->canary)
		return x->canary ? -1 : 1;
	return strcmp(x->slug, y->slug);
}

/* The same ones each time, so that a second call does not begin with others. */
static size_t
choose_canaries(struct fleet *fleet)
{
	size_t i, n = 0;

	if (fleet->n_canaries == 0 && fleet->n > 0) {
		qsort(fleet->tenant, fleet->n, sizeof(*fleet->tenant), by_hash);
		for (i = 0; i < (fleet->n + 99) / 100; i++)
			fleet->tenant[i].canary = 1;
	}
	if (fleet->n > 0)
		qsort(fleet->tenant, fleet->n, sizeof(*fleet->tenant), by_turn);
	while (n < fleet->n && fleet->tenant[n].canary)
		n++;
	return n;
}

static int
check_named(
    const struct fleet *fleet, char *const *list, size_t n, struct err *err)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < fleet->n; j++)
			if (strcmp(fleet->tenant[j].slug, list[i]) == 0)
				break;
		if (j == fleet->n)
			return err_set(err, ERR_NOT_FOUND,
			    "%.60s: there is no such tenant to be migrated",
			    list[i]);
	}
	return 0;
}

static int
choose(struct fleet *fleet, struct err *err)
{
	struct gathering gathering = { fleet, 0 };
	struct registry *registry =
	    registry_open(fleet->config, DB_TOOL, 0, err);
	int rc;

	if (registry == NULL)
		return -1;
	rc = registry_each(registry, gather, &gathering, err);
	registry_close(registry);
	if (rc != 0 ||
	    check_named(fleet, fleet->slug, fleet->n_slugs, err) != 0)
		return -1;
	return check_named(fleet, fleet->canary, fleet->n_canaries, err);
}

int
fleet_migrate(struct fleet *fleet, struct err *err)
{
	struct fleet_scratch *scratch = NULL;
	size_t canaries, most;

	memset(fleet->count, 0, sizeof(fleet->count));
	if (choose(fleet, err) != 0)
		return -1;
	if (fleet->dry_run) {
		scratch = fleet_scratch_open(fleet->config, err);
		if (scratch == NULL)
			return -1;
	}
	fleet->count[FLEET_UNTOUCHED] = fleet->n;
	canaries = choose_canaries(fleet);
	most = fleet->max_percent ? fleet->n * (size_t)fleet->max_failures / 100
				  : (size_t)fleet->max_failures;
	/* A dry run is to find all that fail. */
	if (fleet->dry_run)
		most = fleet->n;
	run_phase(fleet, 0, canaries, fleet->dry_run ? fleet->n : 0);
	if (!fleet->stopped)
		run_phase(fleet, canaries, fleet->n, most);
	return fleet_scratch_close(scratch, err);
}

void
fleet_clear(struct fleet *fleet)
{
	size_t i;

	for (i = 0; i < fleet->n; i++)
		free(fleet->tenant[i].err);
	free(fleet->tenant);
	fleet->tenant = NULL;
	fleet->n = 0;
}
