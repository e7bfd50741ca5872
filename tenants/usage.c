#include "tenants/usage.h"

#include <stdlib.h>
#include <string.h>

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/layout.h"

#define FIRST_LINE "rowhouse usage 1"
#define FILE_MAX   ((size_t)64 << 20)
#define LIST_MAX   ((size_t)4 << 20)

static const char *const names[USAGE_VALUES] = {
	[USAGE_READS] = "reads",
	[USAGE_WRITES] = "writes",
	[USAGE_SLOW] = "slow_writes",
	[USAGE_REFUSED] = "refused",
	[USAGE_CPU_US] = "cpu_us",
	[USAGE_BYTES_IN] = "bytes_in",
	[USAGE_BYTES_OUT] = "bytes_out",
	[USAGE_SIZE] = "size",
	[USAGE_READS_PEAK] = "reads_minute",
	[USAGE_WRITES_PEAK] = "writes_minute",
};

const char *
usage_name(enum usage_value value)
{
	return names[value];
}

void
usage_day(int64_t then_ms, char out[USAGE_DAY])
{
	char text[CLOCK_TEXT];

	clock_format(then_ms, text);
	memcpy(out, text, USAGE_DAY - 1);
	out[USAGE_DAY - 1] = '\0';
}

static int
read_line(struct str line, struct usage *out)
{
	struct str word;
	int i;

	memset(out, 0, sizeof *out);
	if (!str_next(&line, ' ', &word) || word.n != REGISTRY_UID ||
	    str_copy(word, out->uid, sizeof out->uid) != 0 ||
	    !str_next(&line, ' ', &word) ||
	    str_copy(word, out->slug, sizeof out->slug) != 0)
		return -1;
	for (i = 0; i < USAGE_VALUES; i++)
		if (!str_next(&line, ' ', &word) ||
		    str_i64(word, &out->value[i]) != 0 || out->value[i] < 0)
			return -1;
	return line.p ? -1 : 0;
}

int
usage_each(const struct config *config, int64_t then_ms,
    int (*each)(const struct usage *usage, void *arg), void *arg,
    struct err *err)
{
	struct arena *arena = arena_new(FILE_MAX + 65536);
	char day[USAGE_DAY];
	struct str text, line;
	struct usage usage;
	int rc;

	usage_day(then_ms, day);
	rc =
	    file_read(layout_usage(config, day).p, FILE_MAX, arena, &text, err);
	if (rc != 0 && err->code == ERR_NOT_FOUND) {
		err_clear(err);
		text = STR_NONE;
		rc = 0;
	}
	if (rc == 0 && str_next(&text, '\n', &line) && str_is(line, FIRST_LINE))
		while (rc == 0 && str_next(&text, '\n', &line))
			if (read_line(line, &usage) == 0)
				rc = each(&usage, arg);
	arena_free(arena);
	return rc;
}

/* --- adding to a day ---------------------------------------------------------- */

struct sum {
	struct usage *usage;
	size_t n, max;
};

static int
take(const struct usage *usage, void *arg)
{
	struct sum *sum = arg;

	if (sum->n == sum->max) {
		sum->max = 2 * sum->max + 64;
		sum->usage = realloc(sum->usage, sum->max * sizeof *sum->usage);
		if (!sum->usage)
			err_die("out of memory: usage of %zu", sum->max);
	}
	sum->usage[sum->n++] = *usage;
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct usage *x = a, *y = b;

	return strcmp(x->uid, y->uid);
}

/* Into one, what came twice; both are of the same tenant. */
static void
merge(struct usage *into, const struct usage *more)
{
	int i;

	memcpy(into->slug, more->slug, sizeof into->slug);
	for (i = 0; i < USAGE_SUMS; i++)
		into->value[i] += more->value[i];
	if (more->value[USAGE_SIZE] > 0)
		into->value[USAGE_SIZE] = more->value[USAGE_SIZE];
	for (i = USAGE_READS_PEAK; i < USAGE_VALUES; i++)
		if (into->value[i] < more->value[i])
			into->value[i] = more->value[i];
}

static void
put(struct buf *out, const struct usage *usage)
{
	int i;

	buf_printf(out, "%s %s", usage->uid, usage->slug);
	for (i = 0; i < USAGE_VALUES; i++)
		buf_printf(out, " %lld", (long long)usage->value[i]);
	buf_putc(out, '\n');
}

static int
write_day(const struct config *config, const char *day, const struct sum *sum,
    struct err *err)
{
	struct buf out;
	size_t i;
	int rc;

	buf_init(&out, FILE_MAX);
	buf_puts(&out, FIRST_LINE "\n");
	for (i = 0; i < sum->n; i++)
		put(&out, &sum->usage[i]);
	rc = buf_check(&out, "the usage of a day", err);
	if (rc == 0)
		rc = file_mkdirs(layout_usage_all(config).p, 0750, err);
	if (rc == 0)
		rc = file_replace(
		    layout_usage(config, day).p, buf_view(&out), 0640, err);
	buf_free(&out);
	return rc;
}

int
usage_add(const struct config *config, int64_t now_ms,
    const struct usage *usage, size_t n, struct err *err)
{
	struct sum sum = { NULL, 0, 0 };
	char day[USAGE_DAY];
	size_t i, kept, old;
	struct usage *there;
	int rc;

	if (n == 0)
		return 0;
	usage_day(now_ms, day);
	rc = usage_each(config, now_ms, take, &sum, err);
	old = sum.n;
	for (i = 0; i < n && rc == 0; i++) {
		there = old > 0 ? bsearch(&usage[i], sum.usage, old,
				      sizeof *sum.usage, compare)
				: NULL;
		if (there)
			merge(there, &usage[i]);
		else
			(void)take(&usage[i], &sum);
	}
	if (rc == 0) {
		qsort(sum.usage, sum.n, sizeof *sum.usage, compare);
		/* Two of usage can be of one tenant. */
		for (i = 1, kept = 1; i < sum.n; i++)
			if (compare(&sum.usage[kept - 1], &sum.usage[i]) == 0)
				merge(&sum.usage[kept - 1], &sum.usage[i]);
			else
				sum.usage[kept++] = sum.usage[i];
		sum.n = kept;
		rc = write_day(config, day, &sum, err);
	}
	free(sum.usage);
	return rc;
}

int
usage_prune(const struct config *config, int64_t now_ms, struct err *err)
{
	struct arena *arena = arena_new(LIST_MAX);
	struct file_names names_there;
	char first[USAGE_DAY];
	size_t i;
	int rc;

	usage_day(now_ms - config->usage_keep_ms, first);
	rc = file_list(layout_usage_all(config).p, arena, &names_there, err);
	for (i = 0; rc == 0 && i < names_there.n; i++)
		if (strcmp(names_there.name[i], first) < 0)
			rc = file_remove(
			    layout_usage(config, names_there.name[i]).p, err);
	arena_free(arena);
	return rc;
}
