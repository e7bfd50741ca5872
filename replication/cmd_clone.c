/* rowhouse tenant clone: a new tenant from any point of another's history. */
#include "replication/cmd_clone.h"

#include <stdio.h>

#include "replication/control.h"
#include "replication/restore_report.h"
#include "tenants/base/clock.h"
#include "tenants/lifecycle.h"
#include "tenants/plan.h"

#define FLUSH_MS 10000

struct clone {
	struct store *store;
	struct arena *arena;
	struct restore_plan plan;
	struct restore_report report;
	struct restore_target target;
};

/* A lifecycle_source's. */
static int
make(void *arg, const char *path, struct err *err)
{
	struct clone *clone = arg;

	clone->target.path = path;
	return restore_around(
	    clone->store, &clone->plan, clone->arena, &clone->target, err);
}

/*
 * That of the source, unless another is named.  A source that the registry has
 * forgotten, or that comes from elsewhere, has none here.
 */
static int
find_plan(
    struct cmd_tenant_job *job, char out[CONFIG_PLAN_NAME + 1], struct err *err)
{
	struct registry_tenant source = { .plan = "" };
	struct str name = str_of(job->line.plan ? job->line.plan : "");

	if (name.n > 0 && plan_check(&job->config, name, err) != 0)
		return -1;
	if (name.n == 0 && !job->line.from) {
		if (registry_find(job->registry, job->slug, &source, err) !=
			0 &&
		    err->code != ERR_NOT_FOUND)
			return -1;
		err_clear(err);
		name = str_of(source.plan);
	}
	return str_copy(plan_stored(name), out, CONFIG_PLAN_NAME + 1);
}

static int
clone_to(struct clone *clone, struct cmd_tenant_job *job,
    const struct restore_opts *point, struct err *err)
{
	char plan[CONFIG_PLAN_NAME + 1];
	struct lifecycle_source source = { .make = make, .arg = clone };
	int rc;

	if (find_plan(job, plan, err) != 0 ||
	    restore_plan(
		clone->store, point, clone->arena, &clone->plan, err) != 0)
		return -1;
	source.plan = str_of(plan);
	restore_report_init(&clone->report, &clone->plan, 0);
	clone->target.progress = restore_report_progress;
	clone->target.around = restore_report_around;
	clone->target.arg = &clone->report;
	rc = lifecycle_adopt(&job->config, job->registry,
	    str_of(job->line.word[2]), &source, err);
	restore_report_clear(&clone->report);
	return rc;
}

static void
say(const struct cmd_tenant_job *job, const struct restore_plan *plan)
{
	char time[CLOCK_TEXT];

	clock_format(plan->time_ms, time);
	printf("tenant %s is what %s was at %s, TXID %llu of epoch %08x\n",
	    job->line.word[2], job->line.word[1], time,
	    (unsigned long long)plan->txid, plan->epoch);
}

static int
run(struct cmd_tenant_job *job, struct err *err)
{
	const char *url = job->line.from ? job->line.from : job->config.replica;
	struct restore_opts point = { .slug = job->line.word[1] };
	struct clone clone = { .store = NULL };
	struct err ignored = ERR_INIT;
	int rc;

	if (restore_opts_point(&point, job->line.at, job->line.txid, err) != 0)
		return -1;
	if (!url[0])
		return err_set(err, ERR_INPUT,
		    "%s names no replica (replica.url)", job->config.file);
	clone.store = store_open(url, err);
	if (!clone.store)
		return -1;
	/* The newest second; where no replicator runs there is nobody to ask. */
	if (!job->line.from)
		(void)control_flush(
		    &job->config, point.slug, FLUSH_MS, &ignored);
	clone.arena = arena_new(RESTORE_PLAN_MAX);
	rc = clone_to(&clone, job, &point, err);
	if (rc == 0)
		say(job, &clone.plan);
	arena_free(clone.arena);
	store_close(clone.store);
	return rc;
}

const struct cmd_tenant_verb cmd_clone = { "clone", NULL, 3, 3, 0, run,
	"clone SRC DST [--at TIME | --txid N | --latest] [--plan NAME] "
	"[--from URL]" };
