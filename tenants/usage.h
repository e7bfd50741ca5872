#ifndef ROWHOUSE_USAGE_H
#define ROWHOUSE_USAGE_H

#include <stdint.h>

#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/registry.h"

/*
 * What tenants used, of each day (UTC) a file, <data>/usage/2026-11-28: a
 * first line that says what it is, then for each tenant that was asked for
 * anything a line of its uid, its slug and the values below, in that order.
 *
 * Not in the tenants' own files, where each count would be one more write to
 * replicate, and not in the registry, which everybody reads.  Written anew about once a
 * `usage.interval` by one process (fcgi/meter.h), kept for `usage.keep`.
 * What is lost with that process is one interval.
 */
enum usage_value {
	USAGE_READS,		/* requests that wrote nothing */
	USAGE_WRITES,		/* and that did */
	USAGE_SLOW,		/* of those, longer than USAGE_SLOW_MS */
	USAGE_REFUSED,		/* for a limit */
	USAGE_CPU_US,		/* of workers */
	USAGE_BYTES_IN,		/* bodies */
	USAGE_BYTES_OUT,	/* answers, with their heads */
	USAGE_SUMS,		/* up to here they add up */
	USAGE_SIZE = USAGE_SUMS,	/* bytes of the file, when last looked at */
	USAGE_READS_PEAK,	/* the most in a minute */
	USAGE_WRITES_PEAK,
	USAGE_VALUES
};

#define USAGE_SLOW_MS 100

struct usage {
	char uid[REGISTRY_UID + 1];
	char slug[SLUG_MAX + 1];
	int64_t value[USAGE_VALUES];
};

/* The name of a value in JSON: "reads", "cpu_us", …. */
const char *usage_name(enum usage_value value);

/* Adds these to the day that now_ms (wall clock) is in; n may be 0. */
int usage_add(const struct config *config, int64_t now_ms,
    const struct usage *usage, size_t n, struct err *err);

/*
 * Calls each() with every tenant of the day that then_ms is in, by uid, until
 * it returns non-zero, which is given back; -1 with *err where it cannot be
 * read.  A day without a file had nothing; a line that makes no sense is
 * passed over.
 */
int usage_each(const struct config *config, int64_t then_ms,
    int (*each)(const struct usage *usage, void *arg), void *arg,
    struct err *err);

/* Removes the days before usage.keep. */
int usage_prune(const struct config *config, int64_t now_ms, struct err *err);

#define USAGE_DAY_MS (INT64_C(24) * 3600 * 1000)
#define USAGE_DAY    11			/* "2026-11-28" and a NUL */
void usage_day(int64_t then_ms, char out[USAGE_DAY]);

#endif
