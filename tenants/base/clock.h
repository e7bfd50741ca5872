#ifndef ROWHOUSE_BASE_CLOCK_H
#define ROWHOUSE_BASE_CLOCK_H

#include <stdint.h>

#include "tenants/base/buf.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/* Milliseconds: since 1970 UTC, which may jump; and monotonic, which may not. */
int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* Monotonic, and goes on while the machine sleeps. */
int64_t clock_boot_ms(void);
/* CPU time of this process so far. */
int64_t clock_cpu_us(void);

/* "2026-11-23T10:00:00.123Z", 24 bytes and a NUL. */
#define CLOCK_TEXT 25
void clock_format(int64_t wall_ms, char out[CLOCK_TEXT]);

/*
 * A point in time as a person writes it: RFC 3339 ("2026-11-23T10:00:00Z",
 * with fraction, offset, or a space for the T), seconds since 1970 (with an
 * optional fraction), "now", or "N seconds|minutes|hours|days ago".  In
 * milliseconds.  now_ms is what "ago" is measured from.
 */
int clock_parse(struct str text, int64_t now_ms, int64_t *out_ms,
    struct err *err);

/*
 * A duration in a configuration: "250ms", "1s", "10m", "24h", "7d".  Written
 * with the largest unit that divides it; nothing at all is "0s".
 */
int clock_parse_duration(struct str text, int64_t *out_ms, struct err *err);
void clock_put_duration(struct buf *buf, int64_t ms);

#endif
