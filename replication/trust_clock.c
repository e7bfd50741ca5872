#include "replication/trust_clock.h"

#include <stdio.h>
#include <stdlib.h>

#include "tenants/base/arena.h"
#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/base/str.h"

#define SAVE_MS  (INT64_C(3600) * 1000)
#define SAME_MS  60000 /* less of a difference is none */
#define NOTE_MAX ((size_t)64)

/* "<ms believed> <ms held>\n" */
static int
load(struct trust_clock *clock, struct err *err)
{
	struct arena *arena = arena_new(4 * NOTE_MAX);
	struct str text, at;
	int rc = file_read(clock->path, NOTE_MAX, arena, &text, err);

	if (rc == 0) {
		text = str_trim(text);
		if (!str_next(&text, ' ', &at) ||
		    str_i64(at, &clock->at_ms) != 0 ||
		    str_i64(text, &clock->held_ms) != 0 || clock->at_ms <= 0 ||
		    clock->held_ms < 0)
			rc = err_set(
			    err, ERR_CORRUPT, "%s is not ours", clock->path);
	}
	arena_free(arena);
	return rc;
}

void
trust_clock_init(struct trust_clock *clock, const struct config *config,
    int64_t wall_ms, int64_t boot_ms)
{
	struct err err = ERR_INIT;

	*clock = (struct trust_clock){ .at_boot_ms = boot_ms, .was_off = 1 };
	(void)snprintf(
	    clock->path, sizeof(clock->path), "%s/clock", config->data);
	if (load(clock, &err) != 0) {
		if (err.code != ERR_NOT_FOUND)
			log_err("clock", STR_NONE, &err);
		clock->at_ms = wall_ms;
		clock->held_ms = 0;
	} else {
		clock->latest_ms = clock->at_ms;
	}
	clock->now_ms = clock->at_ms < wall_ms ? clock->at_ms : wall_ms;
}

static void
save(struct trust_clock *clock, int64_t boot_ms)
{
	struct err err = ERR_INIT;
	char text[NOTE_MAX];

	if (clock->saved_ms != 0 && boot_ms - clock->saved_ms < SAVE_MS)
		return;
	clock->saved_ms = boot_ms;
	(void)snprintf(text, sizeof(text), "%lld %lld\n",
	    (long long)clock->at_ms, (long long)clock->held_ms);
	if (file_replace(clock->path, str_of(text), 0640, &err) != 0)
		log_err("clock", STR_NONE, &err);
}

static int
is_jump(int64_t ms)
{
	return llabs((long long)ms) > TRUST_CLOCK_JUMP_MS;
}

/* Time goes on from where it was. */
static void
go_on(struct trust_clock *clock, int64_t wall_ms, int64_t boot_ms)
{
	int64_t gone = boot_ms - clock->at_boot_ms;
	int64_t lead;

	clock->at_ms += gone;
	clock->at_boot_ms = boot_ms;
	lead = wall_ms - clock->at_ms;
	if (clock->lead_ms != 0 && is_jump(lead - clock->lead_ms)) {
		clock->lead_ms = lead;
		clock->held_ms = 0;
	} else if (is_jump(lead)) {
		clock->held_ms += gone;
		if (clock->lead_ms == 0)
			clock->lead_ms = lead;
	}
	if (!is_jump(lead) ||
	    clock->held_ms >= TRUST_CLOCK_HOLD_MS) {
		clock->at_ms = wall_ms;
		clock->held_ms = clock->lead_ms = 0;
		clock->was_off = 0;
		lead = 0;
	}
	clock->now_ms = lead > 0 ? clock->at_ms : wall_ms;
	clock->off_ms = lead > 0 && clock->was_off ? 0 : lead;
	save(clock, boot_ms);
}

static void
see_whether_set(struct trust_clock *clock, int64_t wall_ms, int64_t boot_ms)
{
	int64_t ahead_ms = wall_ms - boot_ms;

	if (clock->ahead_ms == 0 ||
	    llabs((long long)(ahead_ms - clock->ahead_ms)) > SAME_MS) {
		clock->ahead_ms = ahead_ms;
		clock->set_ms = boot_ms;
	}
	clock->sure = boot_ms - clock->set_ms >= TRUST_CLOCK_HOLD_MS;
}

/* The next process knows how late it was, whatever its clock says by then. */
static void
keep_latest(struct trust_clock *clock, int64_t boot_ms)
{
	if (clock->sure || clock->now_ms > clock->latest_ms)
		clock->latest_ms = clock->now_ms;
	clock->at_ms = clock->latest_ms;
	clock->held_ms = 0;
	if (!clock->answered)
		clock->saved_ms = 0;
	clock->answered = 1;
	save(clock, boot_ms);
}

static void
ask_store(struct trust_clock *clock, const struct store_stats *stats,
    int64_t wall_ms, int64_t boot_ms)
{
	int64_t theirs =
	    stats->date_ms + clock_mono_ms() - stats->date_mono_ms;
	int64_t lead = wall_ms - theirs;

	clock->off_ms = llabs((long long)lead) > SAME_MS ? lead : 0;
	clock->now_ms = clock->off_ms > 0 ? theirs : wall_ms;
	if (clock->now_ms >= clock->latest_ms - SAME_MS)
		clock->sure = 1;
	if (clock->off_ms != 0)
		clock->sure = 0;
	keep_latest(clock, boot_ms);
}

void
trust_clock_tick(struct trust_clock *clock, const struct store_stats *stats,
    int64_t wall_ms, int64_t boot_ms)
{
	see_whether_set(clock, wall_ms, boot_ms);
	if (stats->date_ms > 0)
		ask_store(clock, stats, wall_ms, boot_ms);
	else
		go_on(clock, wall_ms, boot_ms);
	if (clock->warned == (clock->off_ms != 0))
		return;
	clock->warned = !clock->warned;
	if (!clock->warned)
		log_info("clock", "this machine's clock is right again");
	else
		log_warn("clock",
		    "this machine's clock is %lld s %s what %s; what retention "
		    "deletes goes by the earlier of the two; timedatectl shows "
		    "and sets it",
		    llabs((long long)clock->off_ms) / 1000,
		    clock->off_ms > 0 ? "ahead of" : "behind",
		    stats->date_ms > 0 ? "the store has" : "it was before");
}
