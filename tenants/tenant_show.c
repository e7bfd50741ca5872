#include "tenants/tenant_show.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tenants/base/clock.h"
#include "tenants/base/json.h"
#include "tenants/layout.h"
#include "tenants/lifecycle.h"
#include "tenants/plan.h"

int64_t
tenant_show_size(
    const struct config *config, const struct registry_tenant *tenant)
{
	struct layout_path path =
	    layout_db(config, tenant->slug, tenant->epoch);
	struct stat st;

	return stat(path.p, &st) == 0 ? (int64_t)st.st_size : -1;
}

const char *
tenant_show_plan(const struct registry_tenant *tenant)
{
	return tenant->plan[0] != '\0' ? tenant->plan : PLAN_DEFAULT;
}

/* --- one ------------------------------------------------------------------ */

static void
put_time(struct buf *out, int *first, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT];

	clock_format(ms, text);
	json_put_text(out, first, name, text);
}

void
tenant_show_members(const struct config *config,
    const struct registry_tenant *tenant, struct buf *out)
{
	int64_t size = tenant_show_size(config, tenant);
	struct plan plan;
	int first = 1;

	plan_of(config, tenant, &plan);
	json_put_text(out, &first, "slug", tenant->slug);
	json_put_text(out, &first, "uid", tenant->uid);
	json_put_text(out, &first, "state", registry_state_name(tenant->state));
	json_put_text(out, &first, "plan", tenant_show_plan(tenant));
	json_put_int(out, &first, "epoch", tenant->epoch);
	json_put_int(out, &first, "parent_epoch", tenant->parent_epoch);
	json_put_int(out, &first, "parent_txid", (int64_t)tenant->parent_txid);
	json_put_int(out, &first, "generation", tenant->generation);
	json_put_int(out, &first, "size_max", plan.size);
	if (size >= 0)
		json_put_int(out, &first, "size", size);
	put_time(out, &first, "created", tenant->created_ms);
	put_time(out, &first, "updated", tenant->updated_ms);
	if (tenant->erasing_ms != 0)
		put_time(out, &first, "erasing_since", tenant->erasing_ms);
	else if (tenant->state == REGISTRY_DELETED)
		put_time(out, &first, "undelete_until",
		    lifecycle_grace_ends(config, tenant));
	json_put_text(out, &first, "path",
	    layout_db(config, tenant->slug, tenant->epoch).p);
}

struct hosts {
	struct buf *out;
	int first;
};

static int
put_host(const char *host, void *arg)
{
	struct hosts *hosts = arg;

	if (!hosts->first)
		buf_putc(hosts->out, ',');
	hosts->first = 0;
	json_put_string(hosts->out, str_of(host));
	return 0;
}

int
tenant_show_whole(const struct config *config, struct registry *registry,
    const struct registry_tenant *tenant, struct buf *out, struct err *err)
{
	struct hosts hosts = { .out = out, .first = 1 };

	buf_putc(out, '{');
	tenant_show_members(config, tenant, out);
	buf_puts(out, ",\"hosts\":[");
	if (registry_each_host(
		registry, str_of(tenant->slug), put_host, &hosts, err) != 0)
		return -1;
	buf_puts(out, "]}");
	return 0;
}

/* --- many ----------------------------------------------------------------- */

int
tenant_show_sort(struct str name, struct tenant_show_list *out)
{
	static const char *const names[REGISTRY_KEYS] = {
		[REGISTRY_BY_SLUG] = "slug",
		[REGISTRY_BY_CREATED] = "created",
		[REGISTRY_BY_UPDATED] = "updated",
		[REGISTRY_BY_STATE] = "state",
	};
	int key;

	out->query.falling = str_starts(name, "-");
	name = str_sub(name, (size_t)out->query.falling, name.n);
	out->by_size = str_is(name, "size");
	for (key = 0; key < REGISTRY_KEYS; key++)
		if (str_is(name, names[key]))
			break;
	out->query.key =
	    out->by_size ? REGISTRY_BY_SLUG : (enum registry_key)key;
	return out->by_size || key < REGISTRY_KEYS ? 0 : -1;
}

struct item {
	struct registry_tenant row;
	int64_t size;
};

struct items {
	const struct config *config;
	struct item *item;
	size_t n, max;
};

static int
take(const struct registry_tenant *row, void *arg)
{
	struct items *items = arg;

	if (items->n == items->max) {
		items->max = 2 * items->max + 64;
		items->item =
		    realloc(items->item, items->max * sizeof(*items->item));
		if (items->item == NULL)
			err_die("out of memory: %zu tenants", items->max);
	}
	items->item[items->n].row = *row;
	items->item[items->n++].size = tenant_show_size(items->config, row);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return strcmp(x->row.slug, y->row.slug);
}

static int
each_by_size(const struct config *config, struct registry *registry,
    const struct registry_query *page,
    int (*each)(const struct registry_tenant *tenant, void *arg), void *arg,
    struct err *err)
{
	struct items items = { .config = config };
	struct registry_query all = *page;
	int64_t i, n, end;
	int rc;

	all.skip = 0;
	all.limit = -1;
	rc = registry_list(registry, &all, take, &items, err);
	if (rc == 0 && items.n > 0)
		qsort(items.item, items.n, sizeof(*items.item), compare);
	n = (int64_t)items.n;
	end = page->limit < 0 || page->limit > n - page->skip
		  ? n
		  : page->skip + page->limit;
	for (i = page->skip; rc == 0 && i < end; i++)
		rc = each(&items.item[page->falling ? n - 1 - i : i].row, arg);
	free(items.item);
	return rc;
}

int
tenant_show_each(const struct config *config, struct registry *registry,
    const struct tenant_show_list *list,
    int (*each)(const struct registry_tenant *tenant, void *arg), void *arg,
    struct err *err)
{
	if (list->by_size)
		return each_by_size(
		    config, registry, &list->query, each, arg, err);
	return registry_list(registry, &list->query, each, arg, err);
}
