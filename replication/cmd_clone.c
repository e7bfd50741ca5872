/* rowhouse tenant clone: a new tenant from any point of another's history. */
#include "replication/cmd_clone.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/control.h"
#include "replication/restore_report.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/config.h"
#include "tenants/lifecycle.h"
#include "tenants/slug.h"

#define FLUSH_MS 10000

struct job {
	const char *file, *at, *txid, *from;
	const char *word[3]; /* clone SRC DST */
	int n, latest;
	struct config config;
	struct store *store;
	struct arena *arena;
	struct restore_plan plan;
	struct restore_report report;
	struct restore_target target;
};

enum choice { AT = 256, TXID, LATEST, FROM };

static const struct option options[] = {
	{ "at", required_argument, NULL, AT },
	{ "txid", required_argument, NULL, TXID },
	{ "latest", no_argument, NULL, LATEST },
	{ "from", required_argument, NULL, FROM },
	{ NULL, 0, NULL, 0 },
};

static int
wrong(const char *what, const char *which)
{
	(void)fprintf(stderr,
	    "rowhouse tenant: %s%s\nusage: rowhouse tenant " CMD_CLONE_USAGE
	    " [-c FILE]\n",
	    what, which);
	return 2;
}

static int
read_line(int argc, char **argv, struct job *job)
{
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:", options, NULL)) != -1) {
		if (c == 'c')
			job->file = optarg;
		else if (c == AT)
			job->at = optarg;
		else if (c == TXID)
			job->txid = optarg;
		else if (c == LATEST)
			job->latest = 1;
		else if (c == FROM)
			job->from = optarg;
		else
			return wrong(
			    c == ':' ? "nothing follows " : "unknown option ",
			    argv[optind - 1]);
	}
	for (; optind < argc; optind++) {
		if (job->n == 3)
			return wrong("one word too many: ", argv[optind]);
		job->word[job->n++] = argv[optind];
	}
	if (job->n < 3)
		return wrong("a word is missing", "");
	if (!!job->at + !!job->txid + job->latest > 1)
		return wrong("--at, --txid and --latest: only one", "");
	return 0;
}

static int
read_point(const struct job *job, struct restore_opts *opts, struct err *err)
{
	*opts = (struct restore_opts){ .slug = job->word[1] };
	if (slug_check(str_of(opts->slug), err) != 0)
		return -1;
	return restore_opts_point(opts, job->at, job->txid, err);
}

/* A lifecycle_source's. */
static int
make(void *arg, const char *path, struct err *err)
{
	struct job *job = arg;

	job->target.path = path;
	return restore_around(
	    job->store, &job->plan, job->arena, &job->target, err);
}

static int
run(struct job *job, struct err *err)
{
	const struct lifecycle_source source = { .make = make, .arg = job };
	struct err ignored = ERR_INIT;
	struct restore_opts opts;
	struct registry *registry;
	char time[CLOCK_TEXT];
	int rc = -1;

	if (crypto_init(err) != 0 || read_point(job, &opts, err) != 0 ||
	    config_load(&job->config, job->file, err) != 0)
		return -1;
	if (!job->from && !job->config.replica[0])
		return err_set(err, ERR_INPUT,
		    "%s names no replica (replica.url)", job->config.file);
	job->store =
	    store_open(job->from ? job->from : job->config.replica, err);
	if (!job->store)
		return -1;
	/* The newest second; where no replicator runs there is nobody to ask. */
	if (!job->from)
		(void)control_flush(
		    &job->config, opts.slug, FLUSH_MS, &ignored);
	registry = registry_open(&job->config, DB_TOOL, 0, err);
	if (!registry)
		return -1;
	if (restore_plan(job->store, &opts, job->arena, &job->plan, err) == 0) {
		restore_report_init(&job->report, &job->plan, 0);
		job->target.progress = restore_report_progress;
		job->target.around = restore_report_around;
		job->target.arg = &job->report;
		rc = lifecycle_adopt(
		    &job->config, registry, str_of(job->word[2]), &source, err);
		restore_report_clear(&job->report);
	}
	registry_close(registry);
	if (rc != 0)
		return -1;
	clock_format(job->plan.time_ms, time);
	printf("tenant %s is what %s was at %s, TXID %llu of epoch %08x\n",
	    job->word[2], job->word[1], time,
	    (unsigned long long)job->plan.txid, job->plan.epoch);
	return 0;
}

int
cmd_clone(int argc, char **argv)
{
	struct job *job = calloc(1, sizeof *job);
	struct err err = ERR_INIT;
	int status;

	if (!job)
		err_die("out of memory: clone");
	status = read_line(argc, argv, job);
	if (status != 0)
		goto out;
	job->arena = arena_new(RESTORE_PLAN_MAX);
	if (run(job, &err) == 0)
		goto out;
	(void)fprintf(stderr, "rowhouse tenant: %s\n", err.msg);
	if (err.hint[0])
		(void)fprintf(stderr, "  %s\n", err.hint);
	status = err_class(err.code)->exit;
out:
	store_close(job->store);
	arena_free(job->arena);
	free(job);
	return status;
}
