/* rowhouse migrate: what is pending, at every tenant, before they are asked for. */
#include "tenants/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/json.h"
#include "tenants/base/log.h"
#include "tenants/fleet.h"
#include "tenants/owner.h"
#include "tenants/slug.h"

#define JOBS_MAX     32
#define JOBS_DEFAULT 16 /* most of the time they wait for the replicator */
#define PERCENT      1 /* that may fail, where nothing is said */
#define SHOW_MS      200 /* between two lines of progress */
#define LINE_MAX_OUT ((size_t)64 * 1024)

struct line {
	const char *file, *canary, *jobs, *max_failures;
	int dry_run, json;
};

enum choice { CANARY = 256, JOBS, MAX_FAILURES, DRY_RUN, JSON, HELP };

static const struct option options[] = {
	{ "canary", required_argument, NULL, CANARY },
	{ "jobs", required_argument, NULL, JOBS },
	{ "max-failures", required_argument, NULL, MAX_FAILURES },
	{ "dry-run", no_argument, NULL, DRY_RUN },
	{ "json", no_argument, NULL, JSON },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

static int
usage(FILE *out)
{
	(void)fputs(
	    "usage: rowhouse migrate [SLUG...] [--dry-run] "
	    "[--canary SLUG[,SLUG]]\n"
	    "           [--jobs N] [--max-failures N|P%] [--json] [-c FILE]\n"
	    "\n"
	    "Applies the migrations that are pending, at all tenants or those "
	    "named,\n"
	    "while they are served.  A tenant is migrated whole or not at all; "
	    "a call\n"
	    "that was interrupted is simply made again.\n"
	    "\n"
	    "  --dry-run       on copies, one after the other, which are "
	    "removed "
	    "again\n"
	    "  --canary        these first; one that fails ends it.  One in a "
	    "hundred\n"
	    "                  where none is named, and one at least\n"
	    "  --jobs          so many at once (16)\n"
	    "  --max-failures  more end it (1%)\n"
	    "  --json          a line for each tenant, then one for all\n"
	    "\n"
	    "Exit status: 0 all are at the application's version, 1 some "
	    "failed, 2 the\n"
	    "application or the line is wrong, 75 some were busy: try "
	    "again.\n",
	    out);
	return 2;
}

static int
wrong(const char *what, const char *which)
{
	(void)fprintf(stderr, "rowhouse migrate: %s%s\n", what, which);
	return usage(stderr);
}

/* 0, or the exit status with *done set. */
static int
read_line(int argc, char **argv, struct line *line, int *done)
{
	int c;

	*done = 1;
	memset(line, 0, sizeof(*line));
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			line->file = optarg;
			break;
		case CANARY:
			line->canary = optarg;
			break;
		case JOBS:
			line->jobs = optarg;
			break;
		case MAX_FAILURES:
			line->max_failures = optarg;
			break;
		case DRY_RUN:
			line->dry_run = 1;
			break;
		case JSON:
			line->json = 1;
			break;
		case HELP:
			return usage(stdout) * 0;
		case ':':
			return wrong("nothing follows ", argv[optind - 1]);
		default:
			return wrong("unknown option ", argv[optind - 1]);
		}
	}
	*done = 0;
	return 0;
}

static int
read_numbers(const struct line *line, struct fleet *fleet, struct err *err)
{
	struct str text = str_of(line->max_failures);
	uint64_t jobs = JOBS_DEFAULT, most = PERCENT;

	if (line->jobs != NULL && (str_u64(str_of(line->jobs), &jobs) != 0 ||
				      jobs == 0 || jobs > JOBS_MAX))
		return err_set(err, ERR_INPUT,
		    "--jobs %.40s: is not a number from 1 to %d", line->jobs,
		    JOBS_MAX);
	fleet->max_percent = line->max_failures == NULL || str_ends(text, "%");
	if (str_ends(text, "%"))
		text.n--;
	if (line->max_failures != NULL &&
	    (str_u64(text, &most) != 0 || most > INT32_MAX ||
		(fleet->max_percent && most > 100)))
		return err_set(err, ERR_INPUT,
		    "--max-failures %.40s: is not a number, or one up to 100%%",
		    line->max_failures);
	fleet->jobs = (int)jobs;
	fleet->max_failures = (int)most;
	return 0;
}

/* Cuts "a,b" in place; each a slug. */
static int
read_canaries(char *text, struct fleet *fleet, struct err *err)
{
	size_t n = 1;
	char *at;

	for (at = text; *at != '\0'; at++)
		n += *at == ',';
	fleet->canary = calloc(n, sizeof(*fleet->canary));
	if (fleet->canary == NULL)
		err_die("out of memory");
	for (at = text; at != NULL; at = text) {
		text = strchr(at, ',');
		if (text != NULL)
			*text++ = '\0';
		if (slug_check(str_of(at), err) != 0)
			return err_wrap(err, "--canary");
		fleet->canary[fleet->n_canaries++] = at;
	}
	return 0;
}

/* --- what is said ------------------------------------------------------------- */

struct report {
	int json;
	int terminal; /* somebody watches stderr */
	int64_t begun_ms, shown_ms;
};

static void
put_count(struct buf *out, int *first, const struct fleet *fleet,
    enum fleet_result result)
{
	json_put_name(out, first, fleet_result_name(result));
	json_put_i64(out, (int64_t)fleet->count[result]);
}

static void
put_tenant(struct buf *out, const struct fleet_tenant *tenant)
{
	int first = 1;

	buf_putc(out, '{');
	json_put_name(out, &first, "tenant");
	json_put_string(out, str_of(tenant->slug));
	json_put_name(out, &first, "result");
	json_put_string(out, str_of(fleet_result_name(tenant->result)));
	json_put_name(out, &first, "canary");
	buf_puts(out, tenant->canary ? "true" : "false");
	json_put_name(out, &first, "from");
	json_put_i64(out, tenant->from);
	json_put_name(out, &first, "to");
	json_put_i64(out, tenant->to);
	if (tenant->err != NULL) {
		json_put_name(out, &first, "migration");
		json_put_i64(out, tenant->failed);
		json_put_name(out, &first, "error");
		json_put_string(out, str_of(tenant->err->msg));
		json_put_name(out, &first, "code");
		json_put_string(
		    out, str_of(err_class(tenant->err->code)->name));
	}
	buf_puts(out, "}\n");
}

static void
flush(struct buf *out)
{
	(void)fwrite(out->p, 1, out->n, stdout);
	(void)fflush(stdout);
	buf_free(out);
}

static size_t
done_of(const struct fleet *fleet)
{
	return fleet->n - fleet->count[FLEET_UNTOUCHED];
}

static void
show_progress(struct report *report, const struct fleet *fleet)
{
	int64_t now_ms = clock_mono_ms();

	if (!report->terminal ||
	    (now_ms - report->shown_ms < SHOW_MS && done_of(fleet) < fleet->n))
		return;
	report->shown_ms = now_ms;
	(void)fprintf(stderr, "\r%zu of %zu tenants, %zu failed, %.1f s\033[K",
	    done_of(fleet), fleet->n, fleet->count[FLEET_FAILED],
	    (double)(now_ms - report->begun_ms) / 1000);
}

static void
clear_progress(const struct report *report)
{
	if (report->shown_ms != 0)
		(void)fputs("\r\033[K", stderr);
}

static void
on_done(const struct fleet *fleet, const struct fleet_tenant *tenant, void *arg)
{
	struct report *report = arg;
	const char *would = fleet->dry_run ? "would be " : "";
	struct buf out;

	buf_init(&out, LINE_MAX_OUT);
	if (report->json)
		put_tenant(&out, tenant);
	else if (tenant->result == FLEET_FAILED)
		buf_printf(&out, "%s: %s: %s\n", tenant->slug,
		    fleet->dry_run ? "would fail" : "failed", tenant->err->msg);
	else if (tenant->result == FLEET_MIGRATED && !report->terminal)
		buf_printf(&out, "%s: %smigrated from %lld to %lld\n",
		    tenant->slug, would, (long long)tenant->from,
		    (long long)tenant->to);
	else if (tenant->result == FLEET_AHEAD)
		buf_printf(&out, "%s: is ahead, at migration %lld\n",
		    tenant->slug, (long long)tenant->from);
	if (out.n > 0)
		clear_progress(report);
	flush(&out);
	show_progress(report, fleet);
}

static void
print_summary(const struct report *report, const struct fleet *fleet)
{
	int64_t ms = clock_mono_ms() - report->begun_ms;
	int first = 1, result;
	struct buf out;

	clear_progress(report);
	buf_init(&out, LINE_MAX_OUT);
	if (report->json) {
		buf_putc(&out, '{');
		json_put_name(&out, &first, "tenants");
		json_put_i64(&out, (int64_t)fleet->n);
		for (result = 0; result < FLEET_RESULTS; result++)
			put_count(&out, &first, fleet, result);
		json_put_name(&out, &first, "stopped");
		buf_puts(&out, fleet->stopped ? "true" : "false");
		json_put_name(&out, &first, "dry_run");
		buf_puts(&out, fleet->dry_run ? "true" : "false");
		json_put_name(&out, &first, "ms");
		json_put_i64(&out, ms);
		buf_puts(&out, "}\n");
	} else {
		buf_printf(&out, "%s%zu of %zu tenants: ",
		    fleet->dry_run ? "on copies: " : "", done_of(fleet),
		    fleet->n);
		for (result = FLEET_CURRENT; result < FLEET_RESULTS; result++)
			buf_printf(&out, "%s%zu %s",
			    result > FLEET_CURRENT ? ", " : "",
			    fleet->count[result],
			    fleet_result_name((enum fleet_result)result));
		buf_printf(&out, "; %.1f s%s\n", (double)ms / 1000,
		    fleet->stopped ? "; stopped, the others are as they were"
				   : "");
	}
	flush(&out);
}

static int
status_of(const struct fleet *fleet)
{
	int status = 0;
	size_t i;

	for (i = 0; i < fleet->n; i++)
		if (fleet->tenant[i].err != NULL) {
			if (fleet->tenant[i].err->code != ERR_BUSY)
				return 1;
			status = err_class(ERR_BUSY)->exit;
		}
	return status;
}

static int
run(const struct line *line, struct fleet *fleet, struct report *report,
    struct err *err)
{
	struct config config;
	struct app *app;
	size_t i;
	int rc = -1;

	for (i = 0; i < fleet->n_slugs; i++)
		if (slug_check(str_of(fleet->slug[i]), err) != 0)
			return -1;
	if (crypto_init(err) != 0 || config_load(&config, line->file, err) != 0)
		return -1;
	if (owner_check(&config, err) != 0 || owner_check_new(&config, err) != 0)
		return -1;
	log_init("migrate", config.log_level > LOG_LEVEL_WARN ? config.log_level
							      : LOG_LEVEL_WARN);
	app = app_load(config.app, NULL, NULL, err);
	/* Whoever would fail everywhere is not tried anywhere. */
	if (app != NULL && app_check(app, NULL, NULL, err) == 0) {
		fleet->config = &config;
		fleet->app = app;
		fleet->done = on_done;
		fleet->arg = report;
		rc = fleet_migrate(fleet, err);
	}
	app_free(app);
	return rc;
}

int
cmd_migrate(int argc, char **argv)
{
	struct report report = { .terminal = isatty(STDERR_FILENO),
		.begun_ms = clock_mono_ms() };
	struct fleet fleet = { .n = 0 };
	struct err err = ERR_INIT;
	struct line line;
	char *canary = NULL;
	int done, status = read_line(argc, argv, &line, &done);

	if (done)
		return status;
	fleet.slug = argv + optind;
	fleet.n_slugs = (size_t)(argc - optind);
	fleet.dry_run = line.dry_run;
	report.json = line.json;
	if (line.canary != NULL && (canary = strdup(line.canary)) == NULL)
		err_die("out of memory");
	if (read_numbers(&line, &fleet, &err) == 0 &&
	    (canary == NULL || read_canaries(canary, &fleet, &err) == 0) &&
	    run(&line, &fleet, &report, &err) == 0)
		print_summary(&report, &fleet);
	status = status_of(&fleet);
	if (err.code != ERR_NONE) {
		(void)fprintf(stderr, "rowhouse migrate: %s\n", err.msg);
		if (err.hint[0] != '\0')
			(void)fprintf(stderr, "  %s\n", err.hint);
		status = err_class(err.code)->exit;
	}
	fleet_clear(&fleet);
	free(fleet.canary);
	free(canary);
	return status;
}
