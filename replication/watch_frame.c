#include "replication/watch_frame.h"

#include <stdio.h>
#include <string.h>

#include "replication/status_show.h"
#include "tenants/base/cells.h"
#include "tenants/base/clock.h"
#include "tenants/base/size.h"

#define BOLD    "\033[1m"
#define DIM     "\033[2m"
#define REVERSE "\033[7m"
#define RED     "\033[31m"

#define ROWS_MIN  3   /* what the head leaves to the rows */
#define FOOT      3
#define ERROR_MIN 10  /* cells */
#define LINE_MAX  1200
#define CELL_TEXT 64

static const struct {
	size_t width;
	enum cells_side side;
	int drop; /* the first to go where the screen is narrow; 0: never */
} columns[WATCH_COLUMNS] = {
	[WATCH_TENANT] = { 20, CELLS_LEFT, 0 },
	[WATCH_STATE] = { 9, CELLS_LEFT, 0 },
	[WATCH_LAG] = { 8, CELLS_RIGHT, 7 },
	[WATCH_BEHIND] = { 10, CELLS_RIGHT, 3 },
	[WATCH_SIZE] = { 10, CELLS_RIGHT, 5 },
	[WATCH_WRITES] = { 9, CELLS_RIGHT, 4 },
	[WATCH_PUTS] = { 9, CELLS_RIGHT, 2 },
	[WATCH_SPOOL] = { 7, CELLS_RIGHT, 1 },
	[WATCH_PROVEN] = { 8, CELLS_RIGHT, 6 },
	[WATCH_ERROR] = { ERROR_MIN, CELLS_LEFT, 8 },
};

struct frame {
	struct watch *watch;
	const struct watch_look *look;
	struct buf *out;
	size_t left;	/* lines */
	size_t width[WATCH_COLUMNS]; /* 0: it is not shown */
};

/* --- lines ------------------------------------------------------------------- */

static void
put_line(struct frame *frame, const char *style, struct str text)
{
	if (frame->left == 0)
		return;
	frame->left--;
	buf_puts(frame->out, style);
	cells_put(frame->out, text, frame->look->width, CELLS_LEFT,
	    frame->look->utf8);
	buf_putc(frame->out, '\n');
}

static const char *
red(const struct frame *frame)
{
	return frame->look->colour ? RED : BOLD;
}

/* Empty ones, until only so many are left. */
static void
put_nothing(struct frame *frame, size_t until)
{
	while (frame->left > until)
		put_line(frame, "", STR(""));
}

/* A text of many lines from its line `from` on, until only so many are left. */
static void
put_lines(struct frame *frame, struct str text, size_t from, size_t until)
{
	struct str line;

	while (frame->left > until && str_next(&text, '\n', &line)) {
		if (from > 0)
			from--;
		else
			put_line(frame, "", line);
	}
	put_nothing(frame, until);
}

static size_t
count_lines(struct str text)
{
	struct str line;
	size_t n = 0;

	while (str_next(&text, '\n', &line) && text.p != NULL)
		n++;
	return n;
}

/* --- the head ---------------------------------------------------------------- */

static void
put_title(struct frame *frame)
{
	const struct watch *watch = frame->watch;
	char line[LINE_MAX], time[CLOCK_TEXT] = "never";

	if (watch->taken_ms > 0)
		clock_format(watch->taken_wall_ms, time);
	time[strcspn(time, ".")] = '\0';
	snprintf(line, sizeof(line),
	    "rowhouse %s  %zu of %zu shown, %zu wrong%s%s%s%s%s", time,
	    watch->n_shown, watch->n_rows, watch->wrong,
	    watch->filter[0] != '\0' || watch->only_wrong ? "; only " : "",
	    watch->only_wrong ? "what is wrong" : "",
	    watch->only_wrong && watch->filter[0] != '\0' ? ", " : "",
	    watch->filter[0] != '\0' ? "like " : "", watch->filter);
	put_line(frame, BOLD, str_of(line));
}

static void
put_warnings(struct frame *frame)
{
	const struct watch *watch = frame->watch;
	char line[LINE_MAX], age[STATUS_SPAN];

	if (watch->stale[0] != '\0') {
		if (watch->taken_ms > 0)
			snprintf(line, sizeof(line), "STALE, of %s ago: %s",
			    status_span(
				frame->look->mono_ms - watch->taken_ms, age),
			    watch->stale);
		else
			snprintf(line, sizeof(line), "NOTHING YET: %s",
			    watch->stale);
		put_line(frame, red(frame), str_of(line));
	}
	if (watch->claim[0] != '\0')
		put_line(frame, red(frame), str_of(watch->claim));
}

/* Not the notes in brackets, which are indented; and only what has room. */
static void
put_head(struct frame *frame, size_t until)
{
	struct str text = buf_view(&frame->watch->head), line;

	while (str_next(&text, '\n', &line) && text.p != NULL &&
	       frame->left > until) {
		if (!str_starts(line, " "))
			put_line(frame, "", line);
	}
}

/* --- the table ---------------------------------------------------------------- */

/* Columns go until the rest has room; what then is left is the error's. */
static void
choose_columns(struct frame *frame)
{
	size_t i, sum = 0;
	int drop;

	for (i = 0; i < WATCH_COLUMNS; i++) {
		frame->width[i] = columns[i].width;
		sum += columns[i].width + 1;
	}
	for (drop = 1; sum > frame->look->width + 1; drop++) {
		for (i = 0; i < WATCH_COLUMNS && columns[i].drop != drop; i++)
			;
		if (i == WATCH_COLUMNS)
			break;
		sum -= frame->width[i] + 1;
		frame->width[i] = 0;
	}
	if (frame->width[WATCH_ERROR] > 0 && sum < frame->look->width + 1)
		frame->width[WATCH_ERROR] += frame->look->width + 1 - sum;
}

static const char *
mark(const struct frame *frame)
{
	if (frame->look->utf8)
		return frame->watch->falling ? "\xe2\x96\xbc" : "\xe2\x96\xb2";
	return frame->watch->falling ? "v" : "^";
}

/* One after the other; a row that is not as wide as the screen is filled up. */
static void
put_cells(struct frame *frame, const char *style,
    const char *(*text)(const struct frame *frame,
	const struct watch_row *row, enum watch_column column,
	char room[CELL_TEXT]),
    const struct watch_row *row)
{
	char room[CELL_TEXT];
	size_t i, used = 0;

	if (frame->left == 0)
		return;
	frame->left--;
	buf_puts(frame->out, style);
	for (i = 0; i < WATCH_COLUMNS; i++) {
		if (frame->width[i] == 0)
			continue;
		if (used > 0) {
			buf_putc(frame->out, ' ');
			used++;
		}
		cells_put(frame->out,
		    str_of(text(frame, row, (enum watch_column)i, room)),
		    frame->width[i], columns[i].side, frame->look->utf8);
		used += frame->width[i];
	}
	if (used < frame->look->width)
		cells_put(frame->out, STR(""), frame->look->width - used,
		    CELLS_LEFT, 0);
	buf_putc(frame->out, '\n');
}

static const char *
title_text(const struct frame *frame, const struct watch_row *row,
    enum watch_column column, char room[CELL_TEXT])
{
	(void)row;
	snprintf(room, CELL_TEXT, "%s%s", watch_title(column),
	    frame->watch->column == column ? mark(frame) : "");
	return room;
}

static const char *
proven_text(const struct frame *frame, const struct watch_row *row,
    char room[CELL_TEXT])
{
	int64_t age_ms = frame->look->wall_ms - row->proven_ms;

	if (row->proof_failed)
		return "FAILED";
	if (row->proven_ms == 0)
		return "never";
	return status_span(age_ms > 0 ? age_ms : 0, room);
}

static const char *
row_text(const struct frame *frame, const struct watch_row *row,
    enum watch_column column, char room[CELL_TEXT])
{
	switch (column) {
	case WATCH_TENANT:
		return row->tenant;
	case WATCH_STATE:
		return row->state;
	case WATCH_LAG:
		return status_span(row->lag_ms, room);
	case WATCH_BEHIND:
		return size_text(row->lag_bytes, room);
	case WATCH_SIZE:
		return size_text(row->size, room);
	case WATCH_WRITES:
		if (row->writes < 0)
			return "-";
		snprintf(room, CELL_TEXT, "%.1f", row->writes);
		return room;
	case WATCH_PUTS:
		snprintf(room, CELL_TEXT, "%lld", (long long)row->puts);
		return room;
	case WATCH_SPOOL:
		snprintf(room, CELL_TEXT, "%lld", (long long)row->spool_files);
		return room;
	case WATCH_PROVEN:
		return proven_text(frame, row, room);
	default:
		return row->error;
	}
}

static void
put_row(struct frame *frame, size_t at)
{
	const struct watch *watch = frame->watch;
	const struct watch_row *row = &watch->rows[watch->order[at]];
	char style[32];

	snprintf(style, sizeof(style), "%s%s%s",
	    watch->stale[0] != '\0' ? DIM : "",
	    frame->look->colour && watch_is_wrong(row) ? RED : "",
	    at == watch->cursor ? REVERSE : "");
	put_cells(frame, style, row_text, row);
}

/* What is wrong under the cursor, and what to do; or what is being typed. */
static void
put_foot(struct frame *frame)
{
	const struct watch *watch = frame->watch;
	const struct watch_row *row = watch_current(watch);
	char line[LINE_MAX] = "";

	if (watch->typing) {
		snprintf(line, sizeof(line), "/%s_", watch->filter);
		put_line(frame, BOLD, str_of(line));
		put_line(frame, "",
		    STR("a part of the name, or a pattern: * ? [a-z]"));
		put_line(frame, REVERSE, STR("Enter take it  Esc as before"));
		return;
	}
	if (row != NULL && row->error[0] != '\0')
		snprintf(line, sizeof(line), "%s: %s", row->tenant, row->error);
	put_line(frame, red(frame), str_of(line));
	put_line(frame, red(frame), str_of(row != NULL ? row->hint : ""));
	put_line(frame, REVERSE,
	    STR("q quit  h help  Enter one  / filter  w wrong  < > r sort"));
}

static void
put_table(struct frame *frame)
{
	struct watch *watch = frame->watch;
	size_t i;

	put_title(frame);
	put_warnings(frame);
	put_head(frame, 1 + ROWS_MIN + FOOT);
	choose_columns(frame);
	put_cells(frame, REVERSE, title_text, NULL);
	watch_fit(watch, frame->left - FOOT);
	for (i = 0; i < watch->lines && watch->top + i < watch->n_shown; i++)
		put_row(frame, watch->top + i);
	put_nothing(frame, FOOT);
	put_foot(frame);
}

/* --- the other pages ----------------------------------------------------------- */

static const char help[] =
    "up, down, j, k          the tenant above, below\n"
    "PgUp, PgDn, space       a screen further\n"
    "Home, End, g, G         the first, the last\n"
    "Enter                   all about that tenant\n"
    "/                       only tenants with that in their name, or of that\n"
    "                        pattern: * ? [a-z]\n"
    "w                       only what is wrong\n"
    "< >, left, right        sort by the column before, after\n"
    "1 to 9, 0               sort by that column, and again: the other way\n"
    "r                       the other way\n"
    "q, Esc                  back; from the table: the end\n"
    "Ctrl-Z, fg              stops, and goes on\n"
    "\n"
    "BEHIND and SPOOL are the bytes and files that the store does not have\n"
    "yet, PUTS what was sent since the replicator started, PROVEN how long ago\n"
    "a restore of it was last held against the database.\n"
    "WRITES/S counts what the replicator captured between two looks: commits\n"
    "that it found together are one.\n";

/* A text that may be longer than the screen. */
static void
put_page(struct frame *frame, const char *title, struct str text)
{
	struct watch *watch = frame->watch;
	size_t room, n = count_lines(text);

	put_line(frame, BOLD, str_of(title));
	put_warnings(frame);
	room = frame->left > 1 ? frame->left - 1 : 1;
	if (watch->scroll + room > n)
		watch->scroll = n > room ? n - room : 0;
	watch->lines = room;
	put_lines(frame, text, watch->scroll, 1);
	put_line(frame, REVERSE, STR("q back  up, down, PgUp, PgDn"));
}

void
watch_frame(
    struct watch *watch, const struct watch_look *look, struct buf *out)
{
	struct frame frame = { .watch = watch,
		.look = look,
		.out = out,
		.left = look->height };

	if (look->width < WATCH_WIDTH_MIN || look->height < WATCH_HEIGHT_MIN) {
		put_line(&frame, "", STR("too small"));
		put_nothing(&frame, 0);
	} else if (watch->page == WATCH_HELP) {
		put_page(&frame, "rowhouse status --live", str_of(help));
	} else if (watch->page == WATCH_ONE) {
		put_page(&frame, watch->one, look->one);
	} else {
		put_table(&frame);
	}
}
