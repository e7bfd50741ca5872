#include "replication/watch.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/status_show.h"
#include "tenants/base/terminal.h"

#define STATUS_MAX    (64 << 20)
#define STATUS_VALUES 1000000
#define HEAD_MAX      (1 << 16)

#define CTRL(letter) ((letter) & 0x1f)
#define BACKSPACE    0x7f

void
watch_init(struct watch *watch)
{
	memset(watch, 0, sizeof(*watch));
	buf_init(&watch->json, STATUS_MAX);
	buf_init(&watch->head, HEAD_MAX);
	watch->arena = arena_new(2L * STATUS_MAX);
	watch->column = WATCH_LAG;
	watch->falling = 1;
	watch->lines = 1;
}

void
watch_free(struct watch *watch)
{
	buf_free(&watch->json);
	buf_free(&watch->head);
	arena_free(watch->arena);
	free(watch->rows);
	free(watch->order);
	memset(watch, 0, sizeof(*watch));
}

int
watch_is_wrong(const struct watch_row *row)
{
	static const char *const states[] = { "halted", "missing", "restoring",
		"full", "failing" };
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(row->state, states[i]) == 0)
			return 1;
	}
	return row->error[0] != '\0' || row->proof_failed;
}

/* --- which, and in what order ------------------------------------------------ */

/* A pattern where there is a sign of one in it, else a part of the slug. */
static int
matches(const char *filter, const char *slug)
{
	if (filter[0] == '\0')
		return 1;
	if (strpbrk(filter, "*?[") != NULL)
		return fnmatch(filter, slug, 0) == 0;
	return strstr(slug, filter) != NULL;
}

static int
compare_numbers(double a, double b)
{
	return (a > b) - (a < b);
}

static int
compare_rows(
    const struct watch_row *a, const struct watch_row *b, enum watch_column by)
{
	switch (by) {
	case WATCH_STATE:
		return strcmp(a->state, b->state);
	case WATCH_LAG:
		return compare_numbers((double)a->lag_ms, (double)b->lag_ms);
	case WATCH_BEHIND:
		return compare_numbers(
		    (double)a->lag_bytes, (double)b->lag_bytes);
	case WATCH_SIZE:
		return compare_numbers((double)a->size, (double)b->size);
	case WATCH_WRITES:
		return compare_numbers(a->writes, b->writes);
	case WATCH_PUTS:
		return compare_numbers((double)a->puts, (double)b->puts);
	case WATCH_SPOOL:
		return compare_numbers(
		    (double)a->spool_files, (double)b->spool_files);
	case WATCH_PROVEN:
		return compare_numbers(
		    (double)a->proven_ms, (double)b->proven_ms);
	case WATCH_ERROR:
		return strcmp(a->error, b->error);
	default:
		return strcmp(a->tenant, b->tenant);
	}
}

/* Those that are equal stay in the order of their slugs, as they came. */
static int
compare(const void *a, const void *b, void *arg)
{
	const struct watch *watch = arg;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = compare_rows(
	    &watch->rows[x], &watch->rows[y], watch->column);

	if (order != 0)
		return watch->falling ? -order : order;
	return (x > y) - (x < y);
}

const struct watch_row *
watch_current(const struct watch *watch)
{
	return watch->cursor < watch->n_shown
		   ? &watch->rows[watch->order[watch->cursor]]
		   : NULL;
}

static void
choose(struct watch *watch)
{
	size_t i;

	watch->n_shown = 0;
	for (i = 0; i < watch->n_rows; i++) {
		const struct watch_row *row = &watch->rows[i];

		if (matches(watch->filter, row->tenant) &&
		    (!watch->only_wrong || watch_is_wrong(row)))
			watch->order[watch->n_shown++] = i;
	}
	if (watch->n_shown > 0)
		qsort_r(watch->order, watch->n_shown, sizeof(*watch->order),
		    compare, watch);
	watch_fit(watch, watch->lines);
}

void
watch_fit(struct watch *watch, size_t lines)
{
	watch->lines = lines > 0 ? lines : 1;
	if (watch->cursor >= watch->n_shown)
		watch->cursor = watch->n_shown > 0 ? watch->n_shown - 1 : 0;
	if (watch->top > watch->cursor)
		watch->top = watch->cursor;
	if (watch->cursor - watch->top >= watch->lines)
		watch->top = watch->cursor - watch->lines + 1;
	if (watch->top + watch->lines > watch->n_shown)
		watch->top = watch->n_shown > watch->lines
				 ? watch->n_shown - watch->lines
				 : 0;
}

/* --- a new status ------------------------------------------------------------ */

static void
fill_row(struct watch_row *row, const struct json *json, struct arena *arena)
{
	row->tenant = status_text(json, "tenant", arena);
	row->state = status_text(json, "state", arena);
	row->error = status_text(json, "error", arena);
	row->hint = status_text(json, "hint", arena);
	row->raw = json->raw;
	row->lag_ms = status_int(json, "lag_ms");
	row->lag_bytes = status_int(json, "lag_bytes");
	row->size = status_int(json, "size");
	row->puts = status_int(json, "puts");
	row->spool_files = status_int(json, "spool_files");
	row->epoch = status_int(json, "epoch");
	row->txid = status_int(json, "txid");
	row->proven_ms = status_time(status_text(json, "proven", arena));
	row->proof_failed = status_int(json, "proof_failed") != 0;
	row->writes = -1;
}

/* Both came by slug; of one slug, epochs tell them apart. */
static void
fill_rates(struct watch_row *rows, size_t n, const struct watch_row *before,
    size_t n_before, int64_t ms)
{
	size_t i, at = 0;

	for (i = 0; i < n && ms > 0; i++) {
		struct watch_row *row = &rows[i];

		while (at < n_before &&
		       strcmp(before[at].tenant, row->tenant) < 0)
			at++;
		if (at < n_before &&
		    strcmp(before[at].tenant, row->tenant) == 0 &&
		    before[at].epoch == row->epoch &&
		    before[at].txid <= row->txid)
			row->writes = (double)(row->txid - before[at].txid) *
				      1000 / (double)ms;
	}
}

static void
fill_claim(struct watch *watch, const struct json *claim, struct arena *arena)
{
	watch->claim[0] = '\0';
	if (claim == NULL || claim->type != JSON_OBJECT)
		return;
	snprintf(watch->claim, sizeof(watch->claim), "%s",
	    status_text(claim, "error", arena));
}

/* Where its tenant is now; the first line stays the first. */
static void
follow(struct watch *watch, const char *tenant)
{
	size_t i;

	for (i = 0; watch->cursor > 0 && i < watch->n_shown; i++) {
		const struct watch_row *row = &watch->rows[watch->order[i]];

		if (strcmp(row->tenant, tenant) == 0) {
			watch->cursor = i;
			break;
		}
	}
	watch_fit(watch, watch->lines);
}

int
watch_take(struct watch *watch, struct buf *json, int64_t mono_ms,
    int64_t wall_ms, struct err *err)
{
	const struct json_limits limits = { 8, STATUS_VALUES };
	struct arena *scratch = arena_new(4L * STATUS_MAX);
	const struct watch_row *current = watch_current(watch);
	struct arena *arena = NULL;
	const struct json *root, *list, *child;
	struct watch_row *rows;
	char tenant[SLUG_MAX + 16] = "";
	struct buf taken;
	size_t n = 0;
	int rc = -1;

	if (json_parse(buf_view(json), limits, scratch, &root, err))
		goto out;
	list = json_get(root, "tenants");
	if (list == NULL || list->type != JSON_ARRAY) {
		err_set(err, ERR_INPUT, "the replicator is of another version");
		goto out;
	}
	if (current != NULL)
		snprintf(tenant, sizeof(tenant), "%s", current->tenant);
	arena = arena_new(2L * STATUS_MAX);
	rows = calloc(list->n + 1, sizeof(*rows));
	if (rows == NULL)
		err_die("out of memory");
	watch->wrong = 0;
	for (child = list->child; child != NULL; child = child->next) {
		fill_row(&rows[n], child, arena);
		watch->wrong += watch_is_wrong(&rows[n]) != 0;
		n++;
	}
	if (watch->taken_ms > 0)
		fill_rates(rows, n, watch->rows, watch->n_rows,
		    mono_ms - watch->taken_ms);
	free(watch->rows);
	watch->rows = rows;
	watch->n_rows = n;
	watch->order = realloc(watch->order, (n + 1) * sizeof(*watch->order));
	if (watch->order == NULL)
		err_die("out of memory");
	buf_reset(&watch->head);
	status_put_totals(root, scratch, &watch->head);
	fill_claim(watch, json_get(root, "claim"), scratch);
	arena_free(watch->arena);
	watch->arena = arena;
	taken = *json;
	*json = watch->json;
	watch->json = taken;
	watch->taken_ms = mono_ms;
	watch->taken_wall_ms = wall_ms;
	watch->stale[0] = '\0';
	choose(watch);
	follow(watch, tenant);
	rc = 0;
out:
	arena_free(scratch);
	return rc;
}

void
watch_stale(struct watch *watch, const struct err *err)
{
	snprintf(watch->stale, sizeof(watch->stale), "%s", err->msg);
}

/* --- keys -------------------------------------------------------------------- */

static void
move(struct watch *watch, int64_t by)
{
	size_t *at = watch->page == WATCH_TABLE ? &watch->cursor
						: &watch->scroll;

	if (by < 0)
		*at = (size_t)-by > *at ? 0 : *at - (size_t)-by;
	else
		*at += (size_t)by;
	watch_fit(watch, watch->lines);
}

static int
move_key(struct watch *watch, int key)
{
	int64_t page = (int64_t)watch->lines;

	switch (key) {
	case TERMINAL_UP:
	case 'k':
		move(watch, -1);
		return 1;
	case TERMINAL_DOWN:
	case 'j':
		move(watch, 1);
		return 1;
	case TERMINAL_PAGE_UP:
	case CTRL('b'):
		move(watch, -page);
		return 1;
	case TERMINAL_PAGE_DOWN:
	case CTRL('f'):
	case ' ':
		move(watch, page);
		return 1;
	case TERMINAL_HOME:
	case 'g':
		move(watch, -INT32_MAX);
		return 1;
	case TERMINAL_END:
	case 'G':
		move(watch, INT32_MAX);
		return 1;
	default:
		return 0;
	}
}

/* Names and states from a to z first, of numbers the largest. */
static void
sort_by(struct watch *watch, enum watch_column column)
{
	if (watch->column == column) {
		watch->falling = !watch->falling;
	} else {
		watch->column = column;
		watch->falling =
		    column != WATCH_TENANT && column != WATCH_STATE;
	}
	choose(watch);
}

static void
filter_key(struct watch *watch, int key)
{
	size_t n = strlen(watch->filter);

	switch (key) {
	case '\r':
	case '\n':
		watch->typing = 0;
		return;
	case TERMINAL_ESC:
		watch->typing = 0;
		memcpy(watch->filter, watch->filter_before,
		    sizeof(watch->filter));
		break;
	case BACKSPACE:
	case CTRL('h'):
		if (n > 0)
			watch->filter[n - 1] = '\0';
		break;
	case CTRL('u'):
		watch->filter[0] = '\0';
		break;
	default:
		if (key > 0xff) {
			(void)move_key(watch, key);
			return;
		}
		if (key <= ' ' || key >= 0x7f || n + 1 >= WATCH_FILTER)
			return;
		watch->filter[n] = (char)(key >= 'A' && key <= 'Z'
					      ? key - 'A' + 'a'
					      : key);
		watch->filter[n + 1] = '\0';
	}
	choose(watch);
}

/* Back: from a page, from a choice of rows, from the program. */
static int
back(struct watch *watch)
{
	if (watch->page != WATCH_TABLE) {
		watch->page = WATCH_TABLE;
		return 0;
	}
	if (watch->filter[0] == '\0' && !watch->only_wrong)
		return 1;
	watch->filter[0] = '\0';
	watch->only_wrong = 0;
	choose(watch);
	return 0;
}

static void
table_key(struct watch *watch, int key)
{
	const struct watch_row *row = watch_current(watch);

	if (key >= '0' && key <= '9') {
		sort_by(watch, (enum watch_column)((key - '0' + 9) % 10));
		return;
	}
	switch (key) {
	case TERMINAL_LEFT:
	case '<':
		sort_by(watch, (enum watch_column)((watch->column +
				   WATCH_COLUMNS - 1) % WATCH_COLUMNS));
		break;
	case TERMINAL_RIGHT:
	case '>':
		sort_by(watch,
		    (enum watch_column)((watch->column + 1) % WATCH_COLUMNS));
		break;
	case 'r':
		sort_by(watch, watch->column);
		break;
	case 'w':
		watch->only_wrong = !watch->only_wrong;
		choose(watch);
		break;
	case '/':
		watch->typing = 1;
		memcpy(watch->filter_before, watch->filter,
		    sizeof(watch->filter));
		break;
	case '\r':
	case '\n':
		if (row == NULL)
			break;
		snprintf(watch->one, sizeof(watch->one), "%s", row->tenant);
		watch->page = WATCH_ONE;
		watch->scroll = 0;
		break;
	}
}

int
watch_key(struct watch *watch, int key)
{
	if (watch->typing) {
		filter_key(watch, key);
		return 0;
	}
	if (key == 'q' || key == TERMINAL_ESC)
		return key == 'q' && watch->page == WATCH_TABLE ? 1
								: back(watch);
	if (key == 'h' || key == '?') {
		watch->page = watch->page == WATCH_HELP ? WATCH_TABLE
							: WATCH_HELP;
		watch->scroll = 0;
		return 0;
	}
	if (!move_key(watch, key) && watch->page == WATCH_TABLE)
		table_key(watch, key);
	return 0;
}

const char *
watch_title(enum watch_column column)
{
	static const char *const titles[] = { "TENANT", "STATE", "LAG",
		"BEHIND", "SIZE", "WRITES/S", "PUTS", "SPOOL", "PROVEN",
		"ERROR" };

	return titles[column];
}
