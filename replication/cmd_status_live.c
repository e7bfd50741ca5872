#include "replication/cmd_status_live.h"

#include <stdio.h>
#include <string.h>

#include "replication/control.h"
#include "replication/status_show.h"
#include "replication/watch.h"
#include "replication/watch_frame.h"
#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/base/terminal.h"
#include "tenants/usage_show.h"

#define ANSWER_MAX  (64 << 20)
#define TEXT_MAX    (1 << 20)
#define PATIENCE_MS 10000 /* the replicator is not there */
#define LATE_MS     1000  /* while there is nothing new, the age is */

struct live {
	const struct config *config;
	struct terminal *terminal;
	struct watch watch;
	int fd; /* a question under way, or -1 */
	struct buf answer;
	int64_t asked_ms, next_ms;
	int64_t cpu_us; /* when it was asked */
	struct buf one, frame;
};

/* --- asking ------------------------------------------------------------------ */

static void
asked(struct live *live, const struct err *failure)
{
	int64_t now_ms = clock_mono_ms();
	int64_t rest_ms =
	    (clock_cpu_us() - live->cpu_us) * (LIVE_SHARE - 1) / 1000;

	if (live->fd >= 0)
		file_drop(&live->fd);
	live->fd = -1;
	if (failure != NULL)
		watch_stale(&live->watch, failure);
	live->next_ms = live->asked_ms + LIVE_MS;
	if (live->next_ms < now_ms + rest_ms)
		live->next_ms = now_ms + rest_ms;
}

static void
begin(struct live *live)
{
	struct err err = ERR_INIT;

	buf_reset(&live->answer);
	live->asked_ms = clock_mono_ms();
	live->cpu_us = clock_cpu_us();
	live->fd = control_status_begin(live->config, &err);
	if (live->fd < 0)
		asked(live, &err);
}

static void
go_on(struct live *live)
{
	struct err err = ERR_INIT;
	int rc = control_status_more(live->fd, &live->answer, &err);

	if (rc > 0)
		return;
	if (rc == 0)
		rc = watch_take(&live->watch, &live->answer, clock_mono_ms(),
		    clock_wall_ms(), &err);
	asked(live, rc != 0 ? &err : NULL);
}

static void
give_up(struct live *live)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_BUSY, "the replicator did not answer within %d ms",
	    PATIENCE_MS);
	asked(live, &err);
}

/* --- the page of one tenant ---------------------------------------------------- */

static void
put_one(struct live *live, const struct watch_row *row)
{
	const struct json_limits limits = { 8, 1000 };
	struct arena *arena = arena_new(4L * TEXT_MAX);
	struct err err = ERR_INIT;
	const struct json *json;

	if (json_parse(row->raw, limits, arena, &json, &err) == 0)
		status_put_one(json, arena, &live->one);
	arena_free(arena);
}

/* What `rowhouse status SLUG` says, of each incarnation that there is. */
static void
read_one(struct live *live)
{
	const struct watch *watch = &live->watch;
	struct err err = ERR_INIT;
	size_t i;

	buf_reset(&live->one);
	for (i = 0; i < watch->n_rows; i++) {
		if (strcmp(watch->rows[i].tenant, watch->one) != 0)
			continue;
		if (live->one.n > 0)
			buf_putc(&live->one, '\n');
		put_one(live, &watch->rows[i]);
	}
	if (live->one.n == 0)
		buf_printf(&live->one, "no tenant %s is replicated\n",
		    watch->one);
	else if (usage_show_tenant(live->config, clock_wall_ms(), watch->one,
		     &live->one, &err) != 0)
		buf_printf(&live->one, "%s\n", err.msg);
}

/* --- the loop ------------------------------------------------------------------ */

static void
draw(struct live *live)
{
	const struct watch_look look = {
		.width = terminal_width(live->terminal),
		.height = terminal_height(live->terminal),
		.utf8 = terminal_is_utf8(),
		.colour = terminal_has_colour(),
		.mono_ms = clock_mono_ms(),
		.wall_ms = clock_wall_ms(),
		.one = buf_view(&live->one),
	};

	buf_reset(&live->frame);
	watch_frame(&live->watch, &look, &live->frame);
	terminal_draw(live->terminal, buf_view(&live->frame));
}

static int64_t
due_ms(const struct live *live)
{
	int64_t due = live->fd < 0 ? live->next_ms
				   : live->asked_ms + PATIENCE_MS;
	int64_t late = clock_mono_ms() + LATE_MS;

	if (live->watch.stale[0] != '\0' && late < due)
		due = late;
	return due;
}

/* 1 where it is over. */
static int
step(struct live *live)
{
	int64_t now_ms = clock_mono_ms();
	const struct watch *watch = &live->watch;
	int key, seen = 1, page = (int)watch->page;

	if (live->fd < 0 && now_ms >= live->next_ms)
		begin(live);
	else if (live->fd >= 0 && now_ms >= live->asked_ms + PATIENCE_MS)
		give_up(live);
	switch (terminal_wait(live->terminal, live->fd,
	    due_ms(live) - clock_mono_ms(), &key)) {
	case TERMINAL_LOST:
		return 1;
	case TERMINAL_READY:
		go_on(live);
		seen = live->fd < 0;
		break;
	case TERMINAL_KEY:
		if (watch_key(&live->watch, key))
			return 1;
		seen = watch->page == WATCH_ONE && page != WATCH_ONE ? 1 : -1;
		break;
	default:
		seen = -1;
		break;
	}
	if (seen > 0 && watch->page == WATCH_ONE)
		read_one(live);
	if (seen != 0)
		draw(live);
	return 0;
}

int
cmd_status_live(const struct config *config, const char *slug, struct err *err)
{
	struct live live = { .config = config, .fd = -1 };

	live.terminal = terminal_open(err);
	if (live.terminal == NULL)
		return err_hint(err, "rowhouse status prints the same once");
	watch_init(&live.watch);
	buf_init(&live.answer, ANSWER_MAX);
	buf_init(&live.one, TEXT_MAX);
	buf_init(&live.frame, TEXT_MAX);
	if (slug != NULL) {
		(void)snprintf(live.watch.one, sizeof(live.watch.one), "%s",
		    slug);
		live.watch.page = WATCH_ONE;
	}
	draw(&live);
	while (!step(&live))
		;
	terminal_close(live.terminal);
	if (live.fd >= 0)
		file_drop(&live.fd);
	watch_free(&live.watch);
	buf_free(&live.answer);
	buf_free(&live.one);
	buf_free(&live.frame);
	return 0;
}
