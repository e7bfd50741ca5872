/* rowhouse tenant erase: nothing is left of a tenant, and that is proven. */
#include "replication/cmd_erase.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "replication/control.h"
#include "replication/erase.h"
#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/json.h"
#include "tenants/layout.h"
#include "tenants/prompt.h"
#include "tenants/slug.h"

/* A machine that was lost has to have noticed (claim.h) before ours counts. */
#define MAY_MS  60000
#define LOOK_MS 50

struct job {
	const char *file;
	const char *word[2]; /* erase SLUG */
	int n, yes, json;
	struct config config;
};

enum choice { YES = 256, JSON };

static const struct option options[] = {
	{ "yes", no_argument, NULL, YES },
	{ "json", no_argument, NULL, JSON },
	{ NULL, 0, NULL, 0 },
};

static int
wrong(const char *what, const char *which)
{
	(void)fprintf(stderr,
	    "rowhouse tenant: %s%s\nusage: rowhouse tenant " CMD_ERASE_USAGE
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
		else if (c == YES)
			job->yes = 1;
		else if (c == JSON)
			job->json = 1;
		else
			return wrong(
			    c == ':' ? "nothing follows " : "unknown option ",
			    argv[optind - 1]);
	}
	for (; optind < argc; optind++) {
		if (job->n == 2)
			return wrong("one word too many: ", argv[optind]);
		job->word[job->n++] = argv[optind];
	}
	return job->n < 2 ? wrong("a word is missing", "") : 0;
}

static int
may(void *arg, struct err *err)
{
	const struct job *job = arg;
	const struct timespec pause = { 0, LOOK_MS * 1000000L };
	int64_t until = clock_mono_ms() + MAY_MS;
	int rc;

	while ((rc = control_erase(&job->config, job->word[1], err)) == 1) {
		if (clock_mono_ms() >= until)
			return err_set(err, ERR_BUSY,
			    "the replicator has not come to rest about %s, or "
			    "cannot confirm that the replica is this machine's",
			    job->word[1]);
		(void)nanosleep(&pause, NULL);
	}
	if (rc != 0 && err->hint[0] == '\0')
		err_hint(err, "a replicator has to run that owns the replica: "
			      "rowhouse serve, rowhouse status");
	return rc;
}

static void
say(const struct job *job, const char *url, const struct erase_report *report)
{
	struct buf out;
	int first = 1;

	if (!job->json) {
		printf("tenant %s is erased%s\n", job->word[1],
		    report->resumed ? ", which had been begun before" : "");
		if (url != NULL)
			printf("removed %llu objects of %lld bytes; a list of "
			       "what is left of it in %s is empty\n",
			    (unsigned long long)report->objects,
			    (long long)report->bytes, url);
		printf("removed %s\n",
		    layout_tenant(&job->config, job->word[1]).p);
		return;
	}
	buf_init(&out, 16384);
	buf_putc(&out, '{');
	json_put_name(&out, &first, "slug");
	json_put_string(&out, str_of(job->word[1]));
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
ask(const struct job *job, struct err *err)
{
	if (job->yes)
		return 0;
	return prompt_slug("Nothing of this tenant will be left, here or in "
			   "the replica.\nType its slug to erase it: ",
	    str_of(job->word[1]), err);
}

static int
run(struct job *job, struct err *err)
{
	struct erase_opts opts = { .config = &job->config,
		.slug = str_of(job->word[1]),
		.may = may,
		.arg = job };
	struct erase_report report;
	int rc = -1;

	if (crypto_init(err) != 0 || slug_check(opts.slug, err) != 0 ||
	    config_load(&job->config, job->file, err) != 0)
		return -1;
	if (job->config.replica[0]) {
		opts.store = store_open(job->config.replica, err);
		if (opts.store == NULL)
			return -1;
	}
	opts.registry = registry_open(&job->config, DB_TOOL, 0, err);
	if (opts.registry != NULL && ask(job, err) == 0)
		rc = erase(&opts, &report, err);
	if (rc == 0)
		say(job, opts.store ? store_url(opts.store) : NULL, &report);
	registry_close(opts.registry);
	store_close(opts.store);
	return rc;
}

int
cmd_erase(int argc, char **argv)
{
	struct job job = { 0 };
	struct err err = ERR_INIT;
	int status = read_line(argc, argv, &job);

	if (status != 0 || run(&job, &err) == 0)
		return status;
	(void)fprintf(stderr, "rowhouse tenant: %s\n", err.msg);
	if (err.hint[0])
		(void)fprintf(stderr, "  %s\n", err.hint);
	return err_class(err.code)->exit;
}
