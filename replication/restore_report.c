#include "replication/restore_report.h"

#include <inttypes.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/json.h"
#include "tenants/base/size.h"

#define SHOW_EVERY_MS 100
#define JSON_MAX      ((size_t)64 * 1024)

void
restore_report_init(
    struct restore_report *report, const struct restore_plan *plan, int json)
{
	*report = (struct restore_report){ .plan = plan,
		.json = json,
		.terminal = !json && isatty(STDERR_FILENO),
		.started_ms = clock_mono_ms() };
	job_progress_find(&report->told);
}

/* --- the plan ------------------------------------------------------------------ */

/* Objects of one level side by side are one line. */
static void
print_objects(const struct restore_plan *plan, FILE *out)
{
	char size[32];
	size_t i = 0;

	while (i < plan->n) {
		const struct store_key *first = &plan->objects[i].key;
		int64_t bytes = 0;
		size_t from = i;

		for (;
		     i < plan->n && plan->objects[i].key.level == first->level;
		     i++)
			bytes += plan->objects[i].size;
		(void)fprintf(out,
		    "  level %d  TXID %" PRIu64 " to %" PRIu64
		    ", %zu object%s, %s\n",
		    first->level, first->min_txid,
		    plan->objects[i - 1].key.max_txid, i - from,
		    i - from == 1 ? "" : "s", size_text(bytes, size));
	}
}

static void
print_epoch(const struct restore_plan *plan, FILE *out)
{
	const struct restore_owner *owner = &plan->owner;
	char time[CLOCK_TEXT];

	if (owner->found && owner->time_ms > 0) {
		clock_format(owner->time_ms, time);
		(void)fprintf(out, "  epoch    %08x, begun %s by %s: %s\n",
		    plan->epoch, time, owner->host, owner->why);
	}
	if (owner->parent_epoch != 0)
		(void)fprintf(out,
		    "  before   TXID %" PRIu64 " of epoch %08x\n",
		    owner->parent_txid, owner->parent_epoch);
	if (plan->newest_epoch != plan->epoch)
		(void)fprintf(out, "  newest   epoch %08x, which is another\n",
		    plan->newest_epoch);
}

/* How near to it the state is. */
static void
print_migration(const struct restore_plan *plan, FILE *out)
{
	if (plan->migration == 0)
		return;
	(void)fprintf(out, "  before   migration %d: nothing of it, and %s\n",
	    plan->migration,
	    plan->exact ? "all that was committed before it"
			: "perhaps not the last commits before it");
}

static void
print_plan(const struct restore_plan *plan, FILE *out)
{
	char time[CLOCK_TEXT], size[32];

	clock_format(plan->time_ms, time);
	(void)fprintf(out,
	    "%s at %s\n"
	    "  state    TXID %" PRIu64 " of epoch %08x\n",
	    restore_name(plan->slug), time, plan->txid, plan->epoch);
	if (plan->next_txid != 0) {
		clock_format(plan->next_time_ms, time);
		(void)fprintf(out,
		    "  until    %s, TXID %" PRIu64 ", %.3f s later\n", time,
		    plan->next_txid,
		    (double)(plan->next_time_ms - plan->time_ms) / 1000);
	} else {
		(void)fputs(
		    "  until    now: the newest state of its epoch\n", out);
	}
	print_migration(plan, out);
	print_epoch(plan, out);
	print_objects(plan, out);
	(void)fprintf(out, "  fetches  %zu object%s, %s\n", plan->n,
	    plan->n == 1 ? "" : "s", size_text(plan->bytes, size));
}

/* --- JSON -------------------------------------------------------------------------- */

struct object {
	struct buf buf;
	int first;
};

static void
put_int(struct object *object, const char *name, uint64_t value)
{
	json_put_name(&object->buf, &object->first, name);
	json_put_i64(&object->buf, (int64_t)value);
}

static void
put_text(struct object *object, const char *name, const char *value)
{
	json_put_name(&object->buf, &object->first, name);
	json_put_string(&object->buf, str_of(value));
}

static void
put_time(struct object *object, const char *name, int64_t ms)
{
	char time[CLOCK_TEXT];

	clock_format(ms, time);
	put_text(object, name, time);
}

static void
put_plan(struct object *object, const struct restore_plan *plan)
{
	put_text(object, "tenant", plan->slug);
	put_int(object, "epoch", plan->epoch);
	put_int(object, "newest_epoch", plan->newest_epoch);
	put_int(object, "txid", plan->txid);
	put_time(object, "time", plan->time_ms);
	if (plan->next_txid != 0) {
		put_int(object, "next_txid", plan->next_txid);
		put_time(object, "next_time", plan->next_time_ms);
	}
	if (plan->migration != 0) {
		put_int(object, "before_migration", (uint64_t)plan->migration);
		json_put_name(&object->buf, &object->first, "exact");
		buf_puts(&object->buf, plan->exact ? "true" : "false");
	}
	if (plan->owner.parent_epoch != 0) {
		put_int(object, "parent_epoch", plan->owner.parent_epoch);
		put_int(object, "parent_txid", plan->owner.parent_txid);
	}
	if (plan->owner.why[0])
		put_text(object, "why", plan->owner.why);
	put_int(object, "objects", plan->n);
	put_int(object, "bytes", (uint64_t)plan->bytes);
}

static void
begin(struct object *object, const struct restore_plan *plan)
{
	buf_init(&object->buf, JSON_MAX);
	object->first = 1;
	buf_putc(&object->buf, '{');
	put_plan(object, plan);
}

static void
end(struct object *object, FILE *out)
{
	buf_puts(&object->buf, "}\n");
	(void)fwrite(object->buf.p, 1, object->buf.n, out);
	buf_free(&object->buf);
}

void
restore_report_plan(const struct restore_report *report, FILE *out)
{
	struct object object;

	if (!report->json || out != stdout) {
		print_plan(report->plan, out);
		return;
	}
	begin(&object, report->plan);
	end(&object, out);
}

/* --- on the way ---------------------------------------------------------------------- */

void
restore_report_progress(int64_t done, int64_t total, void *arg)
{
	struct restore_report *report = arg;
	int64_t now = clock_mono_ms();
	double seconds = (double)(now - report->started_ms) / 1000;
	double rate = seconds > 0 ? (double)done / seconds : 0;
	char text[3][32];

	job_progress_tell(&report->told, done, total);
	if (!report->terminal || total == 0 ||
	    now - report->shown_ms < SHOW_EVERY_MS)
		return;
	report->shown_ms = now;
	(void)fprintf(stderr, "\r%s: %3d %%, %s of %s, %s/s, %.0f s left\033[K",
	    restore_name(report->plan->slug), (int)(done * 100 / total),
	    size_text(done, text[0]), size_text(total, text[1]),
	    size_text((int64_t)rate, text[2]),
	    rate > 0 ? (double)(total - done) / rate : 0);
}

void
restore_report_around(const struct err *why, void *arg)
{
	restore_report_clear(arg);
	(void)fprintf(stderr,
	    "rowhouse restore: %s; another way leads to the same state\n",
	    why->msg);
}

void
restore_report_clear(struct restore_report *report)
{
	if (report->shown_ms != 0)
		(void)fputs("\r\033[K", stderr);
	report->shown_ms = 0;
}

/* --- what was done --------------------------------------------------------------------- */

static void
print_done(const struct restore_report *report,
    const struct restore_target *target, const struct replace *replace,
    int64_t ms)
{
	const struct restore_plan *plan = report->plan;
	int64_t size = (int64_t)target->pages * target->page_size;
	char time[CLOCK_TEXT], text[2][32];

	clock_format(plan->time_ms, time);
	printf("%s is restored to %s\n"
	       "  state    TXID %" PRIu64 " of epoch %08x\n",
	    restore_name(plan->slug), time, plan->txid, plan->epoch);
	if (plan->next_txid != 0) {
		clock_format(plan->next_time_ms, time);
		printf(
		    "  until    %s, TXID %" PRIu64 "\n", time, plan->next_txid);
	}
	print_migration(plan, stdout);
	printf("  size     %" PRIu32 " pages of %" PRIu32
	       ", %s; %s fetched\n"
	       "  time     %.2f s, and %.2f s more for SQLite's own check\n",
	    target->pages, target->page_size, size_text(size, text[0]),
	    size_text(plan->bytes, text[1]),
	    (double)(ms - target->check_ms) / 1000,
	    (double)target->check_ms / 1000);
	printf("  file     %s\n", target->path);
	if (!replace)
		return;
	printf("  epoch    %08x from now on\n", replace->epoch);
	if (replace->kept.p[0])
		printf("  before   %s is kept\n"
		       "  paused   its writers waited %" PRId64 " ms\n",
		    replace->kept.p, replace->pause_ms);
	if (replace->kept.p[0] && replace->unsent.code != ERR_NONE)
		printf("           its last commits may not be in the replica: "
		       "%s\n",
		    replace->unsent.msg);
}

void
restore_report_done(struct restore_report *report,
    const struct restore_target *target, const struct replace *replace)
{
	int64_t ms = clock_mono_ms() - report->started_ms;
	struct object object;

	restore_report_clear(report);
	if (!report->json) {
		print_done(report, target, replace, ms);
		return;
	}
	begin(&object, report->plan);
	put_text(&object, "path", target->path);
	put_int(&object, "page_size", target->page_size);
	put_int(&object, "pages", target->pages);
	put_int(&object, "ms", (uint64_t)ms);
	put_int(&object, "check_ms", (uint64_t)target->check_ms);
	if (replace) {
		put_int(&object, "new_epoch", replace->epoch);
		put_int(&object, "pause_ms", (uint64_t)replace->pause_ms);
		if (replace->kept.p[0])
			put_text(&object, "kept", replace->kept.p);
		if (replace->kept.p[0] && replace->unsent.code != ERR_NONE)
			put_text(&object, "unsent", replace->unsent.msg);
	}
	end(&object, stdout);
}
