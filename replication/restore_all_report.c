#include "replication/restore_all_report.h"

#include <stdio.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/json.h"
#include "tenants/base/size.h"

#define SHOW_EVERY_MS 100
#define JSON_MAX      ((size_t)256 << 20)

void
restore_all_report_init(struct restore_all_report *report, int json)
{
	*report = (struct restore_all_report){ .json = json,
		.terminal = isatty(STDERR_FILENO),
		.started_ms = clock_mono_ms() };
}

/* --- on the way ---------------------------------------------------------------- */

void
restore_all_report_progress(const struct restore_all *all)
{
	struct restore_all_report *report = all->arg;
	const struct restore_survey *survey = &all->survey;
	int64_t now_ms = clock_mono_ms();
	int64_t left = survey->bytes - all->bytes;
	double seconds = (double)(now_ms - report->started_ms) / 1000;
	double rate = seconds > 0 ? (double)all->bytes / seconds : 0;
	char text[3][SIZE_TEXT];

	if (!report->terminal || now_ms - report->shown_ms < SHOW_EVERY_MS)
		return;
	report->shown_ms = now_ms;
	(void)fprintf(stderr,
	    "\r%zu of %zu tenants, %s of %s, %s/s, %.0f s left\033[K",
	    survey->n - survey->to_come + all->restored, survey->n,
	    size_text(all->bytes, text[0]), size_text(survey->bytes, text[1]),
	    size_text((int64_t)rate, text[2]),
	    rate > 0 && left > 0 ? (double)left / rate : 0);
}

void
restore_all_report_told(
    const struct restore_all *all, const struct restore_survey_tenant *tenant)
{
	if (tenant->why) {
		restore_all_report_clear(all->arg);
		(void)fprintf(stderr, "rowhouse restore: %s\n", tenant->why);
	}
	restore_all_report_progress(all);
}

void
restore_all_report_clear(struct restore_all_report *report)
{
	if (report->shown_ms != 0)
		(void)fputs("\r\033[K", stderr);
	report->shown_ms = 0;
}

/* --- for people -------------------------------------------------------------------- */

static void
print_tenant(const struct restore_survey_tenant *tenant)
{
	char time[CLOCK_TEXT], size[SIZE_TEXT], bytes[SIZE_TEXT];

	printf("%-22s %-9s ", tenant->slug, registry_state_name(tenant->state));
	if (tenant->there) {
		printf("%-24s %10s\n", "is there already",
		    size_text(tenant->size, size));
		return;
	}
	if (tenant->txid == 0) {
		printf("CANNOT BE RESTORED: %s\n", tenant->why);
		return;
	}
	clock_format(tenant->time_ms, time);
	printf("%-24s %10s %10s\n", time, size_text(tenant->size, size),
	    size_text(tenant->bytes, bytes));
}

static void
print_plan(const struct restore_survey *survey)
{
	char time[CLOCK_TEXT], text[2][SIZE_TEXT];

	printf("%-22s %-9s %-24s %10s %10s\n", "TENANT", "STATE", "AS OF",
	    "SIZE", "FETCHES");
	for (size_t i = 0; i < survey->n; i++)
		print_tenant(&survey->tenant[i]);
	if (survey->registry.there) {
		puts("\nregistry  is there already");
	} else {
		clock_format(survey->registry.time_ms, time);
		printf("\nregistry  as of %s\n", time);
	}
	printf("tenants   %zu: %zu to come, %zu there already, %zu that cannot "
	       "be restored;\n"
	       "          %zu deleted ones are left in the replica\n",
	    survey->n, survey->to_come - survey->unplanned,
	    survey->n - survey->to_come, survey->unplanned, survey->deleted);
	printf("fetches   %zu object%s, %s\n", survey->objects,
	    survey->objects == 1 ? "" : "s", size_text(survey->bytes, text[0]));
	printf("disk      needs %s, %s is free%s\n",
	    size_text(survey->needed, text[0]),
	    size_text(survey->room, text[1]),
	    survey->needed > survey->room ? ": NOT ENOUGH" : "");
}

static void
print_done(const struct restore_all *all, int64_t ms)
{
	const struct restore_survey *survey = &all->survey;
	size_t before = survey->n - survey->to_come;

	printf("registry and %zu of %zu tenants are restored\n"
	       "  now      %zu, %lld bytes fetched in %.2f s\n"
	       "  before   %zu, by an earlier run\n"
	       "  deleted  %zu, left in the replica\n"
	       "  failed   %zu\n",
	    before + all->restored, survey->n, all->restored,
	    (long long)all->bytes, (double)ms / 1000, before, survey->deleted,
	    all->failed);
}

/* --- JSON --------------------------------------------------------------------------- */

static void
put_truth(struct buf *out, int *first, const char *name, int value)
{
	json_put_name(out, first, name);
	buf_puts(out, value ? "true" : "false");
}

static void
put_tenant(struct buf *out, const struct restore_survey_tenant *tenant)
{
	char time[CLOCK_TEXT];
	int first = 1;

	buf_putc(out, '{');
	json_put_text(out, &first, "tenant", tenant->slug);
	json_put_text(out, &first, "state", registry_state_name(tenant->state));
	put_truth(out, &first, "there", tenant->there);
	json_put_int(out, &first, "size", tenant->size);
	if (tenant->txid != 0) {
		clock_format(tenant->time_ms, time);
		json_put_int(out, &first, "epoch", tenant->epoch);
		json_put_int(out, &first, "txid", (int64_t)tenant->txid);
		json_put_text(out, &first, "time", time);
		json_put_int(out, &first, "objects", (int64_t)tenant->objects);
		json_put_int(out, &first, "bytes", tenant->bytes);
	}
	if (tenant->why)
		json_put_text(out, &first, "error", tenant->why);
	buf_putc(out, '}');
}

static void
put_survey(struct buf *out, int *first, const struct restore_survey *survey)
{
	char time[CLOCK_TEXT];
	size_t i;

	json_put_text(out, first, "replica", survey->url);
	if (!survey->registry.there) {
		clock_format(survey->registry.time_ms, time);
		json_put_text(out, first, "registry_time", time);
	}
	json_put_int(out, first, "to_come", (int64_t)survey->to_come);
	json_put_int(
	    out, first, "there", (int64_t)(survey->n - survey->to_come));
	json_put_int(out, first, "unplanned", (int64_t)survey->unplanned);
	json_put_int(out, first, "deleted", (int64_t)survey->deleted);
	json_put_int(out, first, "objects", (int64_t)survey->objects);
	json_put_int(out, first, "bytes", survey->bytes);
	json_put_int(out, first, "size", survey->size);
	json_put_int(out, first, "needed", survey->needed);
	json_put_int(out, first, "free", survey->room);
	json_put_name(out, first, "tenants");
	buf_putc(out, '[');
	for (i = 0; i < survey->n; i++) {
		if (i > 0)
			buf_putc(out, ',');
		put_tenant(out, &survey->tenant[i]);
	}
	buf_putc(out, ']');
}

static void
print_json(const struct restore_all *all, int done, int64_t ms)
{
	struct buf out;
	int first = 1;

	buf_init(&out, JSON_MAX);
	buf_putc(&out, '{');
	if (done) {
		json_put_int(&out, &first, "restored", (int64_t)all->restored);
		json_put_int(&out, &first, "failed", (int64_t)all->failed);
		json_put_int(&out, &first, "fetched", all->bytes);
		json_put_int(&out, &first, "ms", ms);
	}
	put_survey(&out, &first, &all->survey);
	buf_puts(&out, "}\n");
	(void)fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
}

void
restore_all_report_plan(
    const struct restore_all_report *report, const struct restore_all *all)
{
	if (report->json)
		print_json(all, 0, 0);
	else
		print_plan(&all->survey);
}

void
restore_all_report_done(
    const struct restore_all_report *report, const struct restore_all *all)
{
	int64_t ms = clock_mono_ms() - report->started_ms;

	if (report->json)
		print_json(all, 1, ms);
	else
		print_done(all, ms);
}
