/*
 * Three lists are joined: the registry's rows, which say who there is; the
 * replicator's lines, by slug; and today's usage, by uid.  All three are read
 * whole for every page, since any key may be sorted by: of ten thousand tenants
 * that is some megabytes, and takes some hundredths of a second.
 */
#include "tenants/fleet_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/ask.h"
#include "tenants/base/clock.h"
#include "tenants/base/json.h"
#include "tenants/layout.h"
#include "tenants/tenant_show.h"
#include "tenants/usage_show.h"

#define ANSWER_MAX ((size_t)64 << 20)
#define TIMEOUT_MS 2000

/* What the replicator says of one; its words live in the answer. */
struct line {
	struct str slug, state;
	int64_t lag_ms, lag_bytes, spool, size, puts, proven_ms;
	struct str error;
};

struct item {
	struct registry_tenant row;
	struct line line; /* slug.p NULL: there is none */
	struct usage used; /* uid "" = nothing today */
	int64_t key;
};

struct list {
	const struct config *config;
	const struct fleet_status_query *query;
	int answered; /* the replicator has */
	struct buf answer;
	struct str whole; /* its first line */
	struct line *line;
	size_t n_lines, max_lines;
	struct usage *used;
	size_t n_used, max_used;
	int64_t sum[USAGE_SUMS];
	int64_t in_state[REGISTRY_DELETED + 1], wrong;
	struct item *item;
	size_t n, max;
};

static void *
grown(void *p, size_t n, size_t *max, size_t size)
{
	if (n < *max)
		return p;
	*max = 2 * *max + 256;
	p = realloc(p, *max * size);
	if (p == NULL)
		err_die("out of memory: %zu tenants", *max);
	return p;
}

/* --- what the replicator says ----------------------------------------------- */

static int
next_number(struct str *rest, int64_t *out)
{
	struct str word;

	return str_next(rest, '\t', &word) ? str_i64(word, out) : -1;
}

static int
read_line(struct str text, struct line *out)
{
	if (!str_next(&text, '\t', &out->slug) ||
	    !str_next(&text, '\t', &out->state) ||
	    next_number(&text, &out->lag_ms) ||
	    next_number(&text, &out->lag_bytes) ||
	    next_number(&text, &out->spool) ||
	    next_number(&text, &out->size) || next_number(&text, &out->puts) ||
	    next_number(&text, &out->proven_ms))
		return -1;
	out->error = text;
	return 0;
}

static int
by_slug(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = memcmp(a.p, b.p, n);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int
compare_lines(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return by_slug(x->slug, y->slug);
}

static int
ask_fleet(struct list *list, struct err *err)
{
	struct str rest, text;

	if (ask_line(layout_status_socket(list->config).p, "fleet\n",
		TIMEOUT_MS, &list->answer, err) != 0)
		return -1;
	rest = buf_view(&list->answer);
	(void)str_next(&rest, '\n', &list->whole);
	while (str_next(&rest, '\n', &text)) {
		list->line = grown(list->line, list->n_lines, &list->max_lines,
		    sizeof(*list->line));
		if (read_line(text, &list->line[list->n_lines]) != 0)
			return err_set(err, ERR_BUSY,
			    "the replicator is of another version: restart it");
		list->n_lines++;
	}
	if (list->n_lines > 0)
		qsort(list->line, list->n_lines, sizeof(*list->line),
		    compare_lines);
	list->answered = 1;
	return 0;
}

static const struct line *
line_of(const struct list *list, const char *slug)
{
	const struct line key = { .slug = str_of(slug) };

	return list->n_lines == 0 ? NULL
				  : bsearch(&key, list->line, list->n_lines,
					sizeof(*list->line), compare_lines);
}

/* --- what they used --------------------------------------------------------- */

static int
compare_used(const void *a, const void *b)
{
	const struct usage *x = a, *y = b;

	return strcmp(x->uid, y->uid);
}

static int
take_used(const struct usage *usage, void *arg)
{
	struct list *list = arg;
	int i;

	list->used = grown(
	    list->used, list->n_used, &list->max_used, sizeof(*list->used));
	list->used[list->n_used++] = *usage;
	for (i = 0; i < USAGE_SUMS; i++)
		list->sum[i] += usage->value[i];
	return 0;
}

static const struct usage *
used_of(const struct list *list, const char *uid)
{
	struct usage key = { .uid = "" };

	(void)str_copy(str_of(uid), key.uid, sizeof(key.uid));
	return list->n_used == 0 ? NULL
				 : bsearch(&key, list->used, list->n_used,
				       sizeof(*list->used), compare_used);
}

/* --- who there is ------------------------------------------------------------ */

static int
is_wrong(const struct list *list, const struct item *item)
{
	if (item->line.slug.p == NULL)
		return list->answered && item->row.state != REGISTRY_DELETED;
	return item->line.error.n > 0 ||
	       str_is(item->line.state, "failing") ||
	       str_is(item->line.state, "halted") ||
	       str_is(item->line.state, "missing") ||
	       str_is(item->line.state, "restoring") ||
	       str_is(item->line.state, "full");
}

static int64_t
key_of(const struct item *item, enum fleet_status_key key)
{
	switch (key) {
	case FLEET_STATUS_LAG:
		return item->line.lag_ms;
	case FLEET_STATUS_SIZE:
		return item->line.size;
	case FLEET_STATUS_WRITES:
		return item->used.value[USAGE_WRITES];
	case FLEET_STATUS_READS:
		return item->used.value[USAGE_READS];
	case FLEET_STATUS_SPOOL:
		return item->line.spool;
	case FLEET_STATUS_PUTS:
		return item->line.puts;
	case FLEET_STATUS_PROVEN:
		return item->line.proven_ms;
	default:
		return 0;
	}
}

static int
take_row(const struct registry_tenant *row, void *arg)
{
	struct list *list = arg;
	const struct line *line = line_of(list, row->slug);
	const struct usage *used = used_of(list, row->uid);
	const struct fleet_status_query *query = list->query;
	struct item *item;
	int wrong;

	list->item =
	    grown(list->item, list->n, &list->max, sizeof(*list->item));
	item = &list->item[list->n];
	memset(item, 0, sizeof(*item));
	item->row = *row;
	if (line != NULL)
		item->line = *line;
	else if (!list->answered)
		item->line.size = tenant_show_size(list->config, row);
	if (used != NULL)
		item->used = *used;
	item->key = key_of(item, query->key);
	wrong = is_wrong(list, item);
	list->in_state[row->state]++;
	list->wrong += wrong;
	if ((query->state < 0 || query->state == (int)row->state) &&
	    (!query->wrong || wrong))
		list->n++;
	return 0;
}

static int
compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return strcmp(x->row.slug, y->row.slug);
}

static int
compare_states(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = by_slug(x->line.state, y->line.state);

	if (order == 0)
		order = (int)x->row.state - (int)y->row.state;
	return order != 0 ? order : strcmp(x->row.slug, y->row.slug);
}

/* --- as JSON ------------------------------------------------------------------ */

static void
put_str(struct buf *out, int *first, const char *name, struct str value)
{
	json_put_name(out, first, name);
	json_put_string(out, value);
}

/* null where there is none. */
static void
put_time(struct buf *out, int *first, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT];

	json_put_name(out, first, name);
	if (ms <= 0) {
		buf_puts(out, "null");
		return;
	}
	clock_format(ms, text);
	json_put_string(out, str_of(text));
}

static void
put_item(struct buf *out, const struct item *item)
{
	const struct line *line = &item->line;
	int first = 1;

	buf_putc(out, '{');
	json_put_text(out, &first, "slug", item->row.slug);
	json_put_text(
	    out, &first, "state", registry_state_name(item->row.state));
	json_put_text(out, &first, "plan", tenant_show_plan(&item->row));
	if (line->size >= 0)
		json_put_int(out, &first, "size", line->size);
	json_put_int(
	    out, &first, "reads_today", item->used.value[USAGE_READS]);
	json_put_int(
	    out, &first, "writes_today", item->used.value[USAGE_WRITES]);
	json_put_int(
	    out, &first, "refused_today", item->used.value[USAGE_REFUSED]);
	json_put_name(out, &first, "replication");
	if (line->slug.p == NULL) {
		buf_puts(out, "null}");
		return;
	}
	json_put_string(out, line->state);
	json_put_int(out, &first, "lag_ms", line->lag_ms);
	json_put_int(out, &first, "lag_bytes", line->lag_bytes);
	json_put_int(out, &first, "spool_bytes", line->spool);
	json_put_int(out, &first, "puts", line->puts);
	put_time(out, &first, "proven", line->proven_ms);
	put_str(out, &first, "error", line->error);
	buf_putc(out, '}');
}

/* The registry's own database has no row in itself. */
static void
put_registry(struct buf *out, int *first, const struct list *list)
{
	const struct line *line = line_of(list, SLUG_REGISTRY);
	int inner = 1;

	json_put_name(out, first, "registry");
	if (line == NULL) {
		buf_puts(out, "null");
		return;
	}
	buf_putc(out, '{');
	put_str(out, &inner, "replication", line->state);
	json_put_int(out, &inner, "size", line->size);
	json_put_int(out, &inner, "lag_ms", line->lag_ms);
	json_put_int(out, &inner, "lag_bytes", line->lag_bytes);
	json_put_int(out, &inner, "spool_bytes", line->spool);
	json_put_int(out, &inner, "puts", line->puts);
	put_time(out, &inner, "proven", line->proven_ms);
	put_str(out, &inner, "error", line->error);
	buf_putc(out, '}');
}

static void
put_pool(struct buf *out, int *first, const struct list *list)
{
	int inner = 1, i;

	json_put_name(out, first, "pool");
	buf_putc(out, '{');
	json_put_int(out, &inner, "used_today", (int64_t)list->n_used);
	for (i = 0; i < USAGE_SUMS; i++) {
		json_put_name(out, &inner, usage_name(i));
		json_put_i64(out, list->sum[i]);
	}
	buf_putc(out, '}');
}

static void
put_counts(struct buf *out, int *first, const struct list *list)
{
	int inner = 1, i;

	json_put_name(out, first, "tenants");
	buf_putc(out, '{');
	for (i = 0; i <= REGISTRY_DELETED; i++)
		json_put_int(out, &inner,
		    registry_state_name((enum registry_state)i),
		    list->in_state[i]);
	json_put_int(out, &inner, "wrong", list->wrong);
	buf_putc(out, '}');
}

static void
put_replicator(struct buf *out, int *first, const struct list *list,
    const struct err *unanswered)
{
	json_put_name(out, first, "replicator");
	if (list->answered) {
		buf_str(out, list->whole);
		return;
	}
	buf_puts(out, "null");
	json_put_text(out, first, "replicator_error", unanswered->msg);
}

static void
put_items(struct buf *out, const struct list *list)
{
	const struct fleet_status_query *query = list->query;
	int64_t n = (int64_t)list->n, end, i;

	end = query->limit > n - query->skip ? n : query->skip + query->limit;
	for (i = query->skip; i < end; i++) {
		if (i > query->skip)
			buf_putc(out, ',');
		put_item(out, &list->item[query->falling ? n - 1 - i : i]);
	}
}

int
fleet_status_sort(struct str name, struct fleet_status_query *out)
{
	static const char *const names[FLEET_STATUS_KEYS] = {
		[FLEET_STATUS_SLUG] = "slug",
		[FLEET_STATUS_LAG] = "lag",
		[FLEET_STATUS_SIZE] = "size",
		[FLEET_STATUS_WRITES] = "writes",
		[FLEET_STATUS_READS] = "reads",
		[FLEET_STATUS_SPOOL] = "spool",
		[FLEET_STATUS_PUTS] = "puts",
		[FLEET_STATUS_PROVEN] = "proven",
		[FLEET_STATUS_STATE] = "state",
	};
	int key;

	out->falling = str_starts(name, "-");
	name = str_sub(name, (size_t)out->falling, name.n);
	for (key = 0; key < FLEET_STATUS_KEYS; key++)
		if (str_is(name, names[key]))
			break;
	out->key = (enum fleet_status_key)key;
	return key < FLEET_STATUS_KEYS ? 0 : -1;
}

int
fleet_status_put(const struct config *config, struct registry *registry,
    const struct fleet_status_query *query, struct buf *out, int64_t *total,
    struct err *err)
{
	const struct registry_query all = { .pattern = query->pattern,
		.state = -1,
		.key = REGISTRY_BY_SLUG,
		.limit = -1 };
	struct list list = { .config = config, .query = query };
	struct err unanswered = ERR_INIT;
	int64_t now_ms = clock_wall_ms();
	int first = 1, rc = -1;

	buf_init(&list.answer, ANSWER_MAX);
	(void)ask_fleet(&list, &unanswered);
	if (usage_each(config, now_ms, take_used, &list, err) != 0 ||
	    registry_list(registry, &all, take_row, &list, err) != 0)
		goto out;
	if (list.n > 0)
		qsort(list.item, list.n, sizeof(*list.item),
		    query->key == FLEET_STATUS_STATE ? compare_states
						     : compare_items);
	buf_putc(out, '{');
	put_time(out, &first, "time", now_ms);
	put_replicator(out, &first, &list, &unanswered);
	put_pool(out, &first, &list);
	put_registry(out, &first, &list);
	put_counts(out, &first, &list);
	json_put_name(out, &first, "items");
	buf_putc(out, '[');
	put_items(out, &list);
	*total = (int64_t)list.n;
	rc = 0;
out:
	free(list.item);
	free(list.used);
	free(list.line);
	buf_free(&list.answer);
	return rc;
}

int
fleet_status_put_tenant(const struct config *config,
    const struct registry_tenant *row, struct buf *out, struct err *err)
{
	struct err unanswered = ERR_INIT;
	struct buf answer;
	char line[SLUG_MAX + 16];
	int first = 1, rc;

	buf_init(&answer, ANSWER_MAX);
	snprintf(line, sizeof(line), "tenant %s\n", row->slug);
	rc = ask_line(layout_status_socket(config).p, line, TIMEOUT_MS,
	    &answer, &unanswered);
	buf_putc(out, '{');
	json_put_text(out, &first, "slug", row->slug);
	json_put_text(out, &first, "state", registry_state_name(row->state));
	json_put_text(out, &first, "plan", tenant_show_plan(row));
	json_put_name(out, &first, "replication");
	if (rc == 0)
		buf_str(out, buf_view(&answer));
	else
		buf_puts(out, "null");
	if (rc != 0)
		json_put_text(out, &first, "replicator_error", unanswered.msg);
	json_put_name(out, &first, "usage");
	rc = usage_show_tenant_json(
	    config, clock_wall_ms(), row->slug, row->uid, out, err);
	buf_putc(out, '}');
	buf_free(&answer);
	return rc;
}
