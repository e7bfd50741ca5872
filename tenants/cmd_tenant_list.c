#include "tenants/cmd_tenant.h"

#include <stdio.h>
#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/layout.h"
#include "tenants/lifecycle.h"
#include "tenants/plan.h"
#include "tenants/tenant_show.h"

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

struct listing {
	const struct cmd_tenant_job *job;
	struct buf out;
	int first;
};

static int
read_state(const char *name, struct registry_query *query, struct err *err)
{
	query->state = -1;
	if (name == NULL)
		return 0;
	query->state = registry_state_of(str_of(name));
	if (query->state >= 0)
		return 0;
	return err_set(err, ERR_INPUT,
	    "--state %.40s: is not active, suspended or deleted", name);
}

static int
read_sort(const char *name, struct tenant_show_list *list, struct err *err)
{
	if (name == NULL || tenant_show_sort(str_of(name), list) == 0)
		return 0;
	return err_set(err, ERR_INPUT,
	    "--sort %.40s: is not slug, created, updated, size or state, with "
	    "- before it for the largest first",
	    name);
}

static int
read_limit(const char *text, struct registry_query *query, struct err *err)
{
	query->limit = -1;
	if (text == NULL ||
	    (str_i64(str_of(text), &query->limit) == 0 && query->limit > 0))
		return 0;
	return err_set(
	    err, ERR_INPUT, "--limit %.40s: is not a number from 1 on", text);
}

static int
put_item(const struct registry_tenant *row, void *arg)
{
	struct listing *listing = arg;
	const struct config *config = &listing->job->config;
	char created[CLOCK_TEXT], size[32];

	if (listing->job->line.json) {
		buf_puts(&listing->out, listing->first ? "\n{" : ",\n{");
		listing->first = 0;
		tenant_show_members(config, row, &listing->out);
		buf_putc(&listing->out, '}');
		return 0;
	}
	clock_format(row->created_ms, created);
	buf_printf(&listing->out, "%-40s %-9s %8u %10.10s %12s %s\n", row->slug,
	    registry_state_name(row->state), row->epoch, created,
	    size_text(tenant_show_size(config, row), size),
	    tenant_show_plan(row));
	return 0;
}

int
cmd_tenant_list(struct cmd_tenant_job *job, struct err *err)
{
	struct tenant_show_list list = { .query.pattern =
					     str_of(job->line.word[1]) };
	struct listing listing = { .job = job, .first = 1 };
	int json = job->line.json, rc;

	if (read_state(job->line.state, &list.query, err) != 0 ||
	    read_sort(job->line.sort, &list, err) != 0 ||
	    read_limit(job->line.limit, &list.query, err) != 0)
		return -1;
	buf_init(&listing.out, CMD_TENANT_OUT);
	if (json)
		buf_puts(&listing.out, "{\"tenants\":[");
	else
		buf_printf(&listing.out, "%-40s %-9s %8s %10s %12s %s\n",
		    "TENANT", "STATE", "EPOCH", "CREATED", "SIZE", "PLAN");
	rc = tenant_show_each(
	    &job->config, job->registry, &list, put_item, &listing, err);
	if (json)
		buf_puts(&listing.out, "]}\n");
	if (rc == 0)
		rc = print(&listing.out, err);
	buf_free(&listing.out);
	return rc;
}

/* --- show --------------------------------------------------------------- */

static int
show_host(const char *host, void *arg)
{
	buf_printf(arg, "%-12s %s\n", "host", host);
	return 0;
}

static void
show_text(struct buf *out, const struct config *config,
    const struct registry_tenant *tenant)
{
	char created[CLOCK_TEXT], updated[CLOCK_TEXT], size[32], max[32];
	const char *name = tenant_show_plan(tenant);
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
	    "size", size_text(tenant_show_size(config, tenant), size),
	    "at most", size_text(plan.size, max), "plan", name,
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
	struct registry_tenant tenant;
	struct buf out;
	int rc;

	if (registry_find(job->registry, job->slug, &tenant, err) != 0)
		return -1;
	buf_init(&out, CMD_TENANT_OUT);
	if (job->line.json) {
		rc = tenant_show_whole(
		    &job->config, job->registry, &tenant, &out, err);
		buf_putc(&out, '\n');
	} else {
		show_text(&out, &job->config, &tenant);
		rc = registry_each_host(
		    job->registry, job->slug, show_host, &out, err);
	}
	if (rc == 0)
		rc = print(&out, err);
	buf_free(&out);
	return rc;
}
