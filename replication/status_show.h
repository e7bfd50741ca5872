#ifndef ROWHOUSE_STATUS_SHOW_H
#define ROWHOUSE_STATUS_SHOW_H

#include <stdint.h>

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/json.h"

/*
 * The JSON of replicator_put_status() for people, and for Prometheus.  What a
 * status does not say, since no replicator runs, is left out.
 */

/* A table of all, what is wrong with whom, totals and what it will cost. */
void status_put_all(const struct json *root, struct arena *arena,
    struct buf *out);

/* The totals and the cost alone, which end a table of all. */
void status_put_totals(const struct json *root, struct arena *arena,
    struct buf *out);

/* All about one of them. */
void status_put_one(const struct json *row, struct arena *arena,
    struct buf *out);

/*
 * Text exposition format 0.0.4: HELP and TYPE before each family, counters end
 * in _total, times are in seconds.
 */
void status_put_prometheus(const struct json *root, struct buf *out);

/* A member, as text ("" where there is none) and as a number (0). */
const char *status_text(const struct json *object, const char *name,
    struct arena *arena);
int64_t status_int(const struct json *object, const char *name);

/* A time of the status as milliseconds since 1970; 0 where there is none. */
int64_t status_time(const char *time);

/* "1.5 s", "12 min", "3 h", "5 d". */
#define STATUS_SPAN 16
const char *status_span(int64_t ms, char out[STATUS_SPAN]);

#endif
