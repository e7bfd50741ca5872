#include "tenants/base/size.h"

#include <stdio.h>
#include <string.h>

#define KIB INT64_C(1024)

/* The last suffix is "", which every text has. */
static const struct {
	const char *name;
	int64_t bytes;
} units[] = { { "GiB", KIB *KIB *KIB }, { "MiB", KIB *KIB }, { "KiB", KIB },
	{ "", 1 } };

int
size_parse(struct str text, int64_t *out, struct err *err)
{
	struct str number;
	size_t i = 0;
	int64_t n;

	while (!str_ends(text, units[i].name))
		i++;
	number = str_sub(text, 0, text.n - strlen(units[i].name));
	if (str_i64(str_trim(number), &n) != 0 ||
	    n > INT64_MAX / units[i].bytes)
		return err_set(err, ERR_INPUT,
		    "'%.*s' is not a size like 4096, 64KiB or 1GiB",
		    STR_FMT(str_sub(text, 0, 60)));
	*out = n * units[i].bytes;
	return 0;
}

void
size_put(struct buf *buf, int64_t bytes)
{
	size_t i = 0;

	while (bytes % units[i].bytes != 0 || (!bytes && units[i].name[0]))
		i++;
	buf_printf(
	    buf, "%lld%s", (long long)(bytes / units[i].bytes), units[i].name);
}

const char *
size_text(int64_t bytes, char out[SIZE_TEXT])
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes;
	size_t i = 0;

	while (v >= 10.0 * KIB && i + 1 < sizeof(names) / sizeof(names[0])) {
		v /= KIB;
		i++;
	}
	snprintf(out, SIZE_TEXT, i == 0 ? "%.0f %s" : "%.1f %s", v, names[i]);
	return out;
}
