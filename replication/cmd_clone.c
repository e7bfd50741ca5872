/* rowhouse tenant clone: a new tenant from any point of another's history. */
#include "replication/cmd_clone.h"

#include <stdio.h>
#include <string.h>

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

/* Its row; empty where the registry has forgotten it, or it is from elsewhere. */
static int
find_source(
    struct cmd_tenant_job *job, struct registry_tenant *source, struct err *err)
{
	struct registry_tenant row;

	memset(source, 0, sizeof *source);
	if (job->line.from)
		return 0;
	if (registry_find(job->registry, job->slug, &row, err) == 0) {
		*source = row;
		return registry_check_kept(&row, err);
	}
	if (err->code != ERR_NOT_FOUND)
		return -1;
	err_clear(err);
	return 0;
}

/* The replica shall have what is committed; *unshipped says why it may not. */
static void
ask_for_newest(const struct config *config, const struct registry_tenant *row,
    struct err *unshipped)
{
	struct err none = ERR_INIT;

	/* One that was deleted is forgotten once all of it is shipped. */
	if (control_flush(config, row->slug, FLUSH_MS, unshipped) != 0 &&
	    row->state == REGISTRY_DELETED && control_check(config, &none) == 0)
		err_clear(unshipped);
}

static int
clone_to(struct clone *clone, struct cmd_tenant_job *job,
    const struct restore_opts *point, struct str plan, struct err *err)
{
	const struct lifecycle_source source = {
		.make = make, .arg = clone, .plan = plan, .uid = job->line.uid
	};
	int rc;

	if (restore_plan(
		clone->store, point, clone->arena, &clone->plan, err) != 0)
		return -1;
	restore_report_init(&clone->report, &clone->plan, 0);
	clone->target.progress = restore_report_progress;
	clone->target.around = restore_report_around;
	clone->target.arg = &clone->report;
	/* It is the new one that was changed. */
	job->deed.slug = str_of(job->line.word[2]);
	rc = lifecycle_adopt(&job->config, job->registry,
	    str_of(job->line.word[2]), &source, err);
	restore_report_clear(&clone->report);
	return rc;
}

/* unshipped says why the replica may lack the newest, or is empty. */
static void
say(const struct cmd_tenant_job *job, const struct restore_plan *plan,
    const struct err *unshipped)
{
	char time[CLOCK_TEXT];

	clock_format(plan->time_ms, time);
	printf("tenant %s is what %s was at %s, TXID %llu of epoch %08x\n",
	    job->line.word[2], job->line.word[1], time,
	    (unsigned long long)plan->txid, plan->epoch);
	if (unshipped->code != ERR_NONE)
		(void)fprintf(stderr,
		    "rowhouse tenant: the replica, of which it is made, may "
		    "lack the newest: %s\n",
		    unshipped->msg);
}

static int
run(struct cmd_tenant_job *job, struct err *err)
{
	const char *url = job->line.from ? job->line.from : job->config.replica;
	struct restore_opts point = { .slug = job->line.word[1] };
	struct clone clone = { .store = NULL };
	struct err unshipped = ERR_INIT;
	struct registry_tenant source;
	struct str plan;
	int rc;

	if (restore_opts_point(&point, job->line.at, job->line.txid, err) !=
		0 ||
	    find_source(job, &source, err) != 0)
		return -1;
	plan = str_of(job->line.plan ? job->line.plan : source.plan);
	if (job->line.plan && plan_check(&job->config, plan, err) != 0)
		return -1;
	if (!url[0])
		return err_set(err, ERR_INPUT,
		    "%s names no replica (replica.url)", job->config.file);
	clone.store = store_open(url, err);
	if (!clone.store)
		return -1;
	if (source.slug[0])
		ask_for_newest(&job->config, &source, &unshipped);
	clone.arena = arena_new(RESTORE_PLAN_MAX);
	rc = clone_to(&clone, job, &point, plan_stored(plan), err);
	if (rc == 0)
		say(job, &clone.plan, &unshipped);
	arena_free(clone.arena);
	store_close(clone.store);
	return rc;
}

const struct cmd_tenant_verb cmd_clone = { "clone", NULL, 3, 3, 0, run,
	"clone SRC DST [--at TIME | --txid N | --latest] [--plan NAME] "
	"[--from URL] [--uid UID]",
	"tenant-cloned", 1 };
