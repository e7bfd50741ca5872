#include "tenants/cmd_tenant.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tenants/base/clock.h"
#include "tenants/base/json.h"
#include "tenants/layout.h"
#include "tenants/lifecycle.h"
#include "tenants/plan.h"

static int64_t
size_of(const struct config *config, const struct registry_tenant *tenant)
{
	struct layout_path path =
	    layout_db(config, tenant->slug, tenant->epoch);
	struct stat st;

	return stat(path.p, &st) == 0 ? (int64_t)st.st_size : -1;
}

static const char *
size_text(int64_t bytes, char out[32])
{
	if (bytes < 0)
		return "missing";
	if (bytes < 10 * 1024 * 1024)
		(void)snprintf(out, 32, "%.1f KiB", (double)bytes / 1024);
	else
		(void)snprintf(out, 32, "%.1f MiB", (double)bytes / (1 << 20));
	return out;
}

static const char *
plan_name(const struct registry_tenant *tenant)
{
	return tenant->plan[0] != '\0' ? tenant->plan : PLAN_DEFAULT;
}

static void
put_text(struct buf *out, int *first, const char *name, const char *value)
{
	json_put_name(out, first, name);
	json_put_string(out, str_of(value));
}

static void
put_number(struct buf *out, int *first, const char *name, int64_t value)
{
	json_put_name(out, first, name);
	json_put_i64(out, value);
}

static void
put_time(struct buf *out, int *first, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT];

	clock_format(ms, text);
	put_text(out, first, name, text);
}

/* The members of a tenant, without the braces. */
static void
put_tenant(struct buf *out, const struct config *config,
    const struct registry_tenant *tenant)
{
	int64_t size = size_of(config, tenant);
	struct plan plan;
	int first = 1;

	plan_of(config, tenant, &plan);
	put_text(out, &first, "slug", tenant->slug);
	put_text(out, &first, "uid", tenant->uid);
	put_text(out, &first, "state", registry_state_name(tenant->state));
	put_text(out, &first, "plan", plan_name(tenant));
	put_number(out, &first, "epoch", tenant->epoch);
	put_number(out, &first, "parent_epoch", tenant->parent_epoch);
	put_number(out, &first, "parent_txid", (int64_t)tenant->parent_txid);
	put_number(out, &first, "generation", tenant->generation);
	put_number(out, &first, "size_max", plan.size);
	if (size >= 0)
		put_number(out, &first, "size", size);
	put_time(out, &first, "created", tenant->created_ms);
	put_time(out, &first, "updated", tenant->updated_ms);
	if (tenant->erasing_ms != 0)
		put_time(out, &first, "erasing_since", tenant->erasing_ms);
	else if (tenant->state == REGISTRY_DELETED)
		put_time(out, &first, "undelete_until",
		    lifecycle_grace_ends(config, tenant));
	put_text(out, &first, "path",
	    layout_db(config, tenant->slug, tenant->epoch).p);
}

static int
print(struct buf *out, struct err *err)
{
	if (buf_check(out, "the list", err) != 0)
		return -1;
	if (fwrite(out->p, 1, out->n, stdout) != out->n || fflush(stdout) != 0)
		return err_sys(err, "cannot write to standard output");
	return 0;
}

/* --- list --------------------------------------------------------------- */

enum key { BY_SLUG, BY_CREATED, BY_UPDATED, BY_SIZE, BY_STATE, KEYS };

static const char *const key_names[KEYS] = { "slug", "created", "updated",
	"size", "state" };

struct item {
	struct registry_tenant row;
	int64_t size;
	int64_t key; /* what it is sorted by */
};

struct listing {
	const struct cmd_tenant_job *job;
	const char *pattern; /* NULL: all */
	int state; /* -1: any */
	enum key key;
	int falling;
	uint64_t limit;
	struct item *item;
	size_t n, max;
};

static int
read_state(struct listing *listing, const char *name, struct err *err)
{
	int state;

	listing->state = -1;
	if (name == NULL)
		return 0;
	for (state = REGISTRY_ACTIVE; state <= REGISTRY_DELETED; state++)
		if (strcmp(name, registry_state_name(
				     (enum registry_state)state)) == 0)
			listing->state = state;
	if (listing->state >= 0)
		return 0;
	return err_set(err, ERR_INPUT,
	    "--state %.40s: is not active, suspended or deleted", name);
}

static int
read_sort(struct listing *listing, const char *name, struct err *err)
{
	int key;

	if (name == NULL)
		return 0;
	listing->falling = name[0] == '-';
	name += listing->falling;
	for (key = 0; key < KEYS; key++)
		if (strcmp(name, key_names[key]) == 0) {
			listing->key = (enum key)key;
			return 0;
		}
	return err_set(err, ERR_INPUT,
	    "--sort %.40s: is not slug, created, updated, size or state, with "
	    "- before it for the largest first",
	    name);
}

static int
read_limit(struct listing *listing, const char *text, struct err *err)
{
	listing->limit = UINT64_MAX;
	if (text == NULL ||
	    (str_u64(str_of(text), &listing->limit) == 0 && listing->limit > 0))
		return 0;
	return err_set(
	    err, ERR_INPUT, "--limit %.40s: is not a number from 1 on", text);
}

static int64_t
key_of(const struct item *item, enum key key)
{
	switch (key) {
	case BY_CREATED:
		return item->row.created_ms;
	case BY_UPDATED:
		return item->row.updated_ms;
	case BY_SIZE:
		return item->size;
	case BY_STATE:
		return item->row.state;
	default:
		return 0;
	}
}

static int
take(const struct registry_tenant *row, void *arg)
{
	struct listing *listing = arg;
	struct item *item;

	if ((listing->state >= 0 && (int)row->state != listing->state) ||
	    (listing->pattern != NULL &&
		fnmatch(listing->pattern, row->slug, 0) != 0))
		return 0;
	if (listing->n == listing->max) {
		listing->max = 2 * listing->max + 64;
		listing->item = realloc(
		    listing->item, listing->max * sizeof(*listing->item));
		if (listing->item == NULL)
			err_die("out of memory: %zu tenants", listing->max);
	}
	item = &listing->item[listing->n++];
	item->row = *row;
	item->size = size_of(&listing->job->config, row);
	item->key = key_of(item, listing->key);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return strcmp(x->row.slug, y->row.slug);
}

static void
put_item(struct buf *out, const struct listing *listing,
    const struct item *item, int first)
{
	const struct registry_tenant *row = &item->row;
	char created[CLOCK_TEXT], size[32];

	if (listing->job->line.json) {
		buf_puts(out, first ? "\n{" : ",\n{");
		put_tenant(out, &listing->job->config, row);
		buf_putc(out, '}');
		return;
	}
	clock_format(row->created_ms, created);
	buf_printf(out, "%-40s %-9s %8u %10.10s %12s %s\n", row->slug,
	    registry_state_name(row->state), row->epoch, created,
	    size_text(item->size, size), plan_name(row));
}

static int
put_list(const struct listing *listing, struct err *err)
{
	int json = listing->job->line.json;
	struct buf out;
	size_t i;
	int rc;

	buf_init(&out, CMD_TENANT_OUT);
	if (json)
		buf_puts(&out, "{\"tenants\":[");
	else
		buf_printf(&out, "%-40s %-9s %8s %10s %12s %s\n", "TENANT",
		    "STATE", "EPOCH", "CREATED", "SIZE", "PLAN");
	for (i = 0; i < listing->n && i < listing->limit; i++)
		put_item(&out, listing,
		    &listing->item[listing->falling ? listing->n - 1 - i : i],
		    i == 0);
	if (json)
		buf_puts(&out, "]}\n");
	rc = print(&out, err);
	buf_free(&out);
	return rc;
}

int
cmd_tenant_list(struct cmd_tenant_job *job, struct err *err)
{
	struct listing listing = { .job = job, .pattern = job->line.word[1] };
	int rc = -1;

	if (read_state(&listing, job->line.state, err) == 0 &&
	    read_sort(&listing, job->line.sort, err) == 0 &&
	    read_limit(&listing, job->line.limit, err) == 0 &&
	    registry_each(job->registry, take, &listing, err) == 0) {
		if (listing.n > 0)
			qsort(listing.item, listing.n, sizeof(*listing.item),
			    compare);
		rc = put_list(&listing, err);
	}
	free(listing.item);
	return rc;
}

/* --- show --------------------------------------------------------------- */

struct hosts {
	int json;
	int n;
	struct buf *out;
};

static int
show_host(const char *host, void *arg)
{
	struct hosts *hosts = arg;

	if (hosts->json) {
		if (hosts->n > 0)
			buf_putc(hosts->out, ',');
		json_put_string(hosts->out, str_of(host));
	} else {
		buf_printf(hosts->out, "%-12s %s\n", "host", host);
	}
	hosts->n++;
	return 0;
}

static void
show_text(struct buf *out, const struct config *config,
    const struct registry_tenant *tenant)
{
	char created[CLOCK_TEXT], updated[CLOCK_TEXT], size[32], max[32];
	const char *name = plan_name(tenant);
	struct plan plan;

	plan_of(config, tenant, &plan);
	clock_format(tenant->created_ms, created);
	clock_format(tenant->updated_ms, updated);
	buf_printf(out,
	    "%-12s %s\n%-12s %s\n%-12s %s\n%-12s %u\n%-12s %u\n%-12s %s\n"
	    "%-12s %s\n%-12s %s\n%-12s %s\n%-12s %s\n%-12s %s%s\n",
	    "tenant", tenant->slug, "uid", tenant->uid, "state",
	    registry_state_name(tenant->state), "epoch", tenant->epoch,
	    "generation", tenant->generation, "created", created, "updated",
	    updated, "file", layout_db(config, tenant->slug, tenant->epoch).p,
	    "size", size_text(size_of(config, tenant), size), "at most",
	    size_text(plan.size, max), "plan", name,
	    strcmp(name, plan.name) == 0
		? ""
		: ", which the configuration has not: as default");
	if (tenant->parent_epoch > 0)
		buf_printf(out, "%-12s epoch %u, TXID %llu\n", "restored from",
		    tenant->parent_epoch,
		    (unsigned long long)tenant->parent_txid);
	if (tenant->erasing_ms != 0) {
		clock_format(tenant->erasing_ms, updated);
		buf_printf(out, "%-12s %s\n", "erasing since", updated);
	} else if (tenant->state == REGISTRY_DELETED) {
		clock_format(lifecycle_grace_ends(config, tenant), updated);
		buf_printf(out, "%-12s %s\n", "undelete until", updated);
	}
	buf_printf(
	    out, "%-12s %s.%s\n", "host", tenant->slug, config->base_domain);
}

int
cmd_tenant_show(struct cmd_tenant_job *job, struct err *err)
{
	struct hosts hosts = { .json = job->line.json };
	struct registry_tenant tenant;
	struct buf out;
	int rc;

	if (registry_find(job->registry, job->slug, &tenant, err) != 0)
		return -1;
	buf_init(&out, CMD_TENANT_OUT);
	hosts.out = &out;
	if (job->line.json) {
		buf_putc(&out, '{');
		put_tenant(&out, &job->config, &tenant);
		buf_puts(&out, ",\"hosts\":[");
	} else {
		show_text(&out, &job->config, &tenant);
	}
	rc = registry_each_host(
	    job->registry, job->slug, show_host, &hosts, err);
	if (job->line.json)
		buf_puts(&out, "]}\n");
	if (rc == 0)
		rc = print(&out, err);
	buf_free(&out);
	return rc;
}
