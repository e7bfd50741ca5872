/* rowhouse tenant erase: nothing is left of a tenant, and that is proven. */
#include "replication/cmd_erase.h"

#include <stdio.h>
#include <time.h>

#include "replication/control.h"
#include "replication/erase.h"
#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/base/json.h"
#include "tenants/layout.h"
#include "tenants/prompt.h"

/* A machine that was lost has to have noticed (claim.h) before ours counts. */
#define MAY_MS  60000
#define LOOK_MS 50

static int
may(void *arg, struct err *err)
{
	const struct cmd_tenant_job *job = arg;
	const struct timespec pause = { 0, LOOK_MS * 1000000L };
	int64_t until = clock_mono_ms() + MAY_MS;
	int rc;

	while (
	    (rc = control_erase(&job->config, job->line.word[1], err)) == 1) {
		if (clock_mono_ms() >= until)
			return err_set(err, ERR_BUSY,
			    "the replicator has not come to rest about %s, or "
			    "cannot confirm that the replica is this machine's",
			    job->line.word[1]);
		(void)nanosleep(&pause, NULL);
	}
	if (rc != 0 && err->hint[0] == '\0')
		err_hint(err, "a replicator has to run that owns the replica: "
			      "rowhouse serve, rowhouse status");
	return rc;
}

static int
ready(void *arg, struct err *err)
{
	const struct cmd_tenant_job *job = arg;

	return control_check(&job->config, err) == 0
		   ? 0
		   : err_wrap(err, "nothing is erased");
}

static void
say(const struct cmd_tenant_job *job, const char *url,
    const struct erase_report *report)
{
	struct buf out;
	int first = 1;

	if (!job->line.json) {
		printf("tenant %s is erased%s\n", job->line.word[1],
		    report->resumed ? ", which had been begun before" : "");
		if (url != NULL)
			printf("removed %llu objects of %lld bytes; a list of "
			       "what is left of it in %s is empty\n",
			    (unsigned long long)report->objects,
			    (long long)report->bytes, url);
		printf("removed %s\n",
		    layout_tenant(&job->config, job->line.word[1]).p);
		return;
	}
	buf_init(&out, 16384);
	buf_putc(&out, '{');
	json_put_name(&out, &first, "slug");
	json_put_string(&out, str_of(job->line.word[1]));
	json_put_name(&out, &first, "uid");
	json_put_string(&out, str_of(report->uid));
	json_put_name(&out, &first, "resumed");
	buf_puts(&out, report->resumed ? "true" : "false");
	if (url != NULL) {
		json_put_name(&out, &first, "replica");
		json_put_string(&out, str_of(url));
		json_put_name(&out, &first, "objects_removed");
		json_put_i64(&out, (int64_t)report->objects);
		json_put_name(&out, &first, "bytes_removed");
		json_put_i64(&out, report->bytes);
		json_put_name(&out, &first, "objects_left");
		json_put_i64(&out, 0);
	}
	buf_puts(&out, "}\n");
	(void)fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
}

static int
ask(const struct cmd_tenant_job *job, struct err *err)
{
	if (job->line.yes)
		return 0;
	return prompt_slug("Nothing of this tenant will be left, here or in "
			   "the replica.\nType its slug to erase it: ",
	    job->slug, err);
}

static int
run(struct cmd_tenant_job *job, struct err *err)
{
	struct erase_opts opts = { .config = &job->config,
		.registry = job->registry,
		.slug = job->slug,
		.may = may,
		.ready = ready,
		.arg = job };
	struct erase_report report;
	int rc = -1;

	if (job->config.replica[0]) {
		opts.store = store_open(job->config.replica, err);
		if (opts.store == NULL)
			return -1;
	}
	if (ask(job, err) == 0)
		rc = erase(&opts, &report, err);
	if (rc == 0)
		say(job, opts.store ? store_url(opts.store) : NULL, &report);
	store_close(opts.store);
	return rc;
}

const struct cmd_tenant_verb cmd_erase = { "erase", NULL, 2, 2, 0, run,
	"erase SLUG [--yes] [--json]", REGISTRY_ERASED, 0 };
