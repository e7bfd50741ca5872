#include "tenants/usage_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/base/json.h"

#define SHOWN_DAYS 7
#define ONLY_SLOW  1000 /* writes of a day, with fewer chance decides */
#define SIZE_TEXT  32

enum line { LINE_WRITES, LINE_SLOW, LINE_SIZE, LINES };

static const char *const line_names[LINES] = { "writes", "slow", "size" };

/* A value that is comfortable up to its line, in the same unit. */
struct level {
	int64_t value, comfortable;
};

static struct level
level_of(const struct usage *usage, enum line line)
{
	const int64_t *value = usage->value;

	switch (line) {
	case LINE_WRITES:
		return (struct level){ value[USAGE_WRITES_PEAK] / 60,
			USAGE_LINE_WRITES };
	case LINE_SLOW:
		if (value[USAGE_WRITES] < ONLY_SLOW)
			return (struct level){ 0, 1 };
		return (struct level){ value[USAGE_SLOW],
			value[USAGE_WRITES] / USAGE_LINE_SLOW };
	default:
		return (struct level){ value[USAGE_SIZE], USAGE_LINE_SIZE };
	}
}

/* In percent of the line. */
static int64_t
height(struct level level)
{
	return level.value * 100 / level.comfortable;
}

static const char *
size_text(int64_t bytes, char out[SIZE_TEXT])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double n = (double)bytes;
	size_t i = 0;

	for (; n >= 1000 && i + 1 < sizeof units / sizeof units[0]; i++)
		n /= 1000;
	(void)snprintf(out, SIZE_TEXT, "%.*f %s", i > 0, n, units[i]);
	return out;
}

/* --- who grows ------------------------------------------------------------------ */

/* A tenant near a line, at its worst of the days that are looked at. */
struct growing {
	struct usage usage;
	enum line line;
};

struct look {
	struct growing *growing;
	size_t n, max;
	int json;
	int first;
	struct buf *out;
};

static void
note(struct look *look, const struct usage *usage, enum line line)
{
	struct growing *there = look->growing;
	size_t i;

	for (i = 0; i < look->n; i++, there++)
		if (there->line == line &&
		    strcmp(there->usage.uid, usage->uid) == 0)
			break;
	if (i < look->n) {
		if (height(level_of(&there->usage, line)) <
		    height(level_of(usage, line)))
			there->usage = *usage;
		return;
	}
	if (look->n == look->max) {
		look->max = 2 * look->max + 16;
		look->growing =
		    realloc(look->growing, look->max * sizeof *look->growing);
		if (!look->growing)
			err_die("out of memory: %zu that grow", look->max);
	}
	look->growing[look->n++] =
	    (struct growing){ .usage = *usage, .line = line };
}

static int
look_at(const struct usage *usage, void *arg)
{
	int line;

	for (line = 0; line < LINES; line++)
		if (height(level_of(usage, (enum line)line)) >= USAGE_NEAR)
			note(arg, usage, (enum line)line);
	return 0;
}

static void
put_growing_json(struct buf *out, const struct growing *it, int first)
{
	struct level level = level_of(&it->usage, it->line);
	int none = 1;

	buf_puts(out, first ? "{" : ",{");
	json_put_name(out, &none, "tenant");
	json_put_string(out, str_of(it->usage.slug));
	json_put_name(out, &none, "line");
	json_put_string(out, str_of(line_names[it->line]));
	json_put_name(out, &none, "value");
	json_put_i64(out, level.value);
	json_put_name(out, &none, "comfortable");
	json_put_i64(out, level.comfortable);
	buf_putc(out, '}');
}

static void
put_growing(struct buf *out, const struct growing *it)
{
	struct level level = level_of(&it->usage, it->line);
	char a[SIZE_TEXT], b[SIZE_TEXT];

	buf_printf(out, "%s %s: ",
	    height(level) >= 100 ? "TIME TO GROW" : "time to grow soon",
	    it->usage.slug);
	switch (it->line) {
	case LINE_WRITES:
		buf_printf(out,
		    "%lld writes/s all through a minute; %lld are comfortable",
		    (long long)level.value, (long long)level.comfortable);
		break;
	case LINE_SLOW:
		buf_printf(out,
		    "%lld of %lld writes of a day took longer than %d ms; 1 "
		    "of %d is comfortable",
		    (long long)level.value,
		    (long long)it->usage.value[USAGE_WRITES], USAGE_SLOW_MS,
		    USAGE_LINE_SLOW);
		break;
	default:
		buf_printf(out, "%s; up to %s is comfortable",
		    size_text(level.value, a), size_text(level.comfortable, b));
	}
	buf_putc(out, '\n');
}

static int
put_all_growing(const struct config *config, int64_t now_ms, int json,
    struct buf *out, struct err *err)
{
	struct look look = { .out = out };
	int64_t day;
	size_t i;
	int rc = 0;

	for (day = 0; day < USAGE_LOOK_DAYS && rc == 0; day++)
		rc = usage_each(
		    config, now_ms - day * USAGE_DAY_MS, look_at, &look, err);
	for (i = 0; i < look.n && rc == 0; i++)
		if (json)
			put_growing_json(out, &look.growing[i], i == 0);
		else
			put_growing(out, &look.growing[i]);
	free(look.growing);
	return rc;
}

int
usage_show_growing(const struct config *config, int64_t now_ms, struct buf *out,
    struct err *err)
{
	return put_all_growing(config, now_ms, 0, out, err);
}

/* --- JSON ------------------------------------------------------------------------- */

static void
put_values(struct buf *out, int *first, const struct usage *usage)
{
	int i;

	for (i = 0; i < USAGE_VALUES; i++) {
		json_put_name(out, first, usage_name((enum usage_value)i));
		json_put_i64(out, usage->value[i]);
	}
}

static int
put_tenant_json(const struct usage *usage, void *arg)
{
	struct look *look = arg;
	int first = 1;

	buf_puts(look->out, look->first ? "{" : ",{");
	look->first = 0;
	json_put_name(look->out, &first, "tenant");
	json_put_string(look->out, str_of(usage->slug));
	put_values(look->out, &first, usage);
	buf_putc(look->out, '}');
	return 0;
}

int
usage_show_json(const struct config *config, int64_t now_ms, struct buf *out,
    struct err *err)
{
	struct look look = { .first = 1, .out = out };
	char day[USAGE_DAY];
	int rc;

	usage_day(now_ms, day);
	buf_printf(out, "{\"day\":\"%s\",\"tenants\":[", day);
	rc = usage_each(config, now_ms, put_tenant_json, &look, err);
	buf_puts(out, "],\"growing\":[");
	if (rc == 0)
		rc = put_all_growing(config, now_ms, 1, out, err);
	buf_puts(out, "]}");
	return rc;
}

/* --- one tenant --------------------------------------------------------------------- */

/* What of a day is looked for: the tenant of that uid; NULL: of that name. */
struct find {
	const char *slug, *uid;
	int found;
	struct usage usage;
};

static int
find_slug(const struct usage *usage, void *arg)
{
	struct find *find = arg;

	if (find->uid != NULL ? strcmp(usage->uid, find->uid) != 0
			      : strcmp(usage->slug, find->slug) != 0)
		return 0;
	find->found = 1;
	find->usage = *usage;
	return 0;
}

static void
put_day(struct buf *out, const char *day, const struct usage *usage)
{
	const int64_t *value = usage->value;
	char in[SIZE_TEXT], sent[SIZE_TEXT], size[SIZE_TEXT];

	buf_printf(out,
	    "%-11s %9lld %9lld %8lld %8.1f %9s %9s %9s %7.1f %8.1f %5lld\n",
	    day, (long long)value[USAGE_READS], (long long)value[USAGE_WRITES],
	    (long long)value[USAGE_REFUSED], (double)value[USAGE_CPU_US] / 1e6,
	    size_text(value[USAGE_BYTES_IN], in),
	    size_text(value[USAGE_BYTES_OUT], sent),
	    size_text(value[USAGE_SIZE], size),
	    (double)value[USAGE_READS_PEAK] / 60,
	    (double)value[USAGE_WRITES_PEAK] / 60,
	    (long long)value[USAGE_SLOW]);
}

int
usage_show_tenant(const struct config *config, int64_t now_ms, const char *slug,
    struct buf *out, struct err *err)
{
	struct look look = { 0 };
	struct find find = { .slug = slug };
	char day[USAGE_DAY];
	int64_t i;
	size_t k;
	int any = 0, rc = 0;

	for (i = 0; i < SHOWN_DAYS && rc == 0; i++) {
		find.found = 0;
		rc = usage_each(
		    config, now_ms - i * USAGE_DAY_MS, find_slug, &find, err);
		if (!find.found)
			continue;
		if (!any)
			buf_puts(out,
			    "\nDAY (UTC)       READS    WRITES  REFUSED    "
			    "CPU s        IN       OUT      SIZE READS/S "
			    "WRITES/S  SLOW\n");
		any = 1;
		usage_day(now_ms - i * USAGE_DAY_MS, day);
		put_day(out, day, &find.usage);
		(void)look_at(&find.usage, &look);
	}
	for (k = 0; k < look.n; k++)
		put_growing(out, &look.growing[k]);
	free(look.growing);
	return rc;
}

int
usage_show_tenant_json(const struct config *config, int64_t now_ms,
    const char *slug, const char *uid, struct buf *out, struct err *err)
{
	struct find find = { .slug = slug, .uid = uid };
	char day[USAGE_DAY];
	int64_t i, days = config->usage_keep_ms / USAGE_DAY_MS;
	int first = 1, first_value, rc = 0;

	buf_putc(out, '[');
	for (i = 0; i <= days && rc == 0; i++) {
		find.found = 0;
		rc = usage_each(
		    config, now_ms - i * USAGE_DAY_MS, find_slug, &find, err);
		if (!find.found)
			continue;
		usage_day(now_ms - i * USAGE_DAY_MS, day);
		buf_printf(out, "%s{\"day\":\"%s\"", first ? "" : ",", day);
		first = first_value = 0;
		put_values(out, &first_value, &find.usage);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
	return rc;
}

/* --- Prometheus ------------------------------------------------------------------- */

/* clang-format off */
static const struct family {
	enum usage_value value;
	const char *name, *type, *help;
	int64_t parts;		/* of one, in the value */
} families[] = {
	{ USAGE_READS, "rowhouse_tenant_reads_total", "counter",
	  "Requests of today (UTC) that wrote nothing", 1 },
	{ USAGE_WRITES, "rowhouse_tenant_writes_total", "counter",
	  "Requests of today (UTC) that wrote", 1 },
	{ USAGE_SLOW, "rowhouse_tenant_slow_writes_total", "counter",
	  "Those of them that took longer than 0.1 s", 1 },
	{ USAGE_REFUSED, "rowhouse_tenant_refused_total", "counter",
	  "Requests of today (UTC) that were refused for a limit", 1 },
	{ USAGE_CPU_US, "rowhouse_tenant_cpu_seconds_total", "counter",
	  "CPU time of workers today (UTC)", 1000000 },
	{ USAGE_BYTES_IN, "rowhouse_tenant_received_bytes_total", "counter",
	  "Bytes of bodies today (UTC)", 1 },
	{ USAGE_BYTES_OUT, "rowhouse_tenant_sent_bytes_total", "counter",
	  "Bytes of answers today (UTC)", 1 },
	{ USAGE_SIZE, "rowhouse_tenant_size_bytes", "gauge",
	  "Size of the database file when it was last used", 1 },
	{ USAGE_READS_PEAK, "rowhouse_tenant_reads_peak_per_second", "gauge",
	  "Most reads a second, all through a minute, today (UTC)", 60 },
	{ USAGE_WRITES_PEAK, "rowhouse_tenant_writes_peak_per_second", "gauge",
	  "Most writes a second, all through a minute, today (UTC)", 60 },
};
/* clang-format on */

struct rows {
	struct usage *usage;
	size_t n, max;
};

static int
keep_row(const struct usage *usage, void *arg)
{
	struct rows *rows = arg;

	if (rows->n == rows->max) {
		rows->max = 2 * rows->max + 64;
		rows->usage =
		    realloc(rows->usage, rows->max * sizeof *rows->usage);
		if (!rows->usage)
			err_die("out of memory: usage of %zu", rows->max);
	}
	rows->usage[rows->n++] = *usage;
	return 0;
}

static int
by_slug(const void *a, const void *b)
{
	const struct usage *x = a, *y = b;

	return strcmp(x->slug, y->slug);
}

/* A label may not come twice: who was erased today goes into who has his name. */
static void
join_namesakes(struct rows *rows)
{
	struct usage *row = rows->usage;
	size_t i, n = 0;
	int v;

	if (rows->n == 0)
		return;
	qsort(row, rows->n, sizeof *row, by_slug);
	for (i = 1; i < rows->n; i++) {
		if (by_slug(&row[n], &row[i]) != 0) {
			row[++n] = row[i];
			continue;
		}
		for (v = 0; v < USAGE_VALUES; v++)
			if (v < USAGE_SUMS)
				row[n].value[v] += row[i].value[v];
			else if (row[n].value[v] < row[i].value[v])
				row[n].value[v] = row[i].value[v];
	}
	rows->n = n + 1;
}

/* How near to its lines a tenant is: 1 is on it. */
static void
put_heights(struct buf *out, const struct rows *rows)
{
	size_t i;
	int line;

	buf_puts(out,
	    "# HELP rowhouse_tenant_comfort_ratio Today's worst against the "
	    "line where one file stops being comfortable: 1 is on it\n"
	    "# TYPE rowhouse_tenant_comfort_ratio gauge\n");
	for (i = 0; i < rows->n; i++)
		for (line = 0; line < LINES; line++)
			buf_printf(out,
			    "rowhouse_tenant_comfort_ratio{tenant=\"%s\","
			    "line=\"%s\"} %.2f\n",
			    rows->usage[i].slug, line_names[line],
			    (double)height(
				level_of(&rows->usage[i], (enum line)line)) /
				100);
}

int
usage_show_prometheus(const struct config *config, int64_t now_ms,
    struct buf *out, struct err *err)
{
	struct rows rows = { NULL, 0, 0 };
	const struct family *family;
	int64_t value;
	size_t i, k;
	int rc;

	rc = usage_each(config, now_ms, keep_row, &rows, err);
	join_namesakes(&rows);
	for (k = 0; k < sizeof families / sizeof families[0] && rc == 0; k++) {
		family = &families[k];
		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name,
		    family->help, family->name, family->type);
		for (i = 0; i < rows.n; i++) {
			value = rows.usage[i].value[family->value];
			buf_printf(out, "%s{tenant=\"%s\"} ", family->name,
			    rows.usage[i].slug);
			if (family->parts == 1)
				buf_printf(out, "%lld\n", (long long)value);
			else
				buf_printf(out, "%.6f\n",
				    (double)value / (double)family->parts);
		}
	}
	if (rc == 0)
		put_heights(out, &rows);
	free(rows.usage);
	return rc;
}
