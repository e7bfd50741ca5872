#ifndef ROWHOUSE_USAGE_SHOW_H
#define ROWHOUSE_USAGE_SHOW_H

#include "tenants/base/buf.h"
#include "tenants/usage.h"

/*
 * What tenants used, for people and for programs; and who of them comes near
 * the lines where one SQLite file, which has one writer at a time, stops being
 * comfortable:
 *
 *	writes	USAGE_LINE_WRITES a second, all through a minute: then the
 *		write lock is held for a good part of the time
 *	slow	one write of USAGE_LINE_SLOW takes longer than USAGE_SLOW_MS
 *	size	USAGE_LINE_SIZE: a snapshot and a restore take minutes
 *
 * He is named from USAGE_NEAR percent of one of them on, for
 * USAGE_LOOK_DAYS after it was last so.
 */
#define USAGE_LINE_WRITES 500
#define USAGE_LINE_SLOW   100
#define USAGE_LINE_SIZE   (INT64_C(10) * 1000 * 1000 * 1000)
#define USAGE_LOOK_DAYS   7
#define USAGE_NEAR        70

/*
 * Of one tenant: today, and a table of the last days.  Nothing for one that used
 * nothing.  Of a day with two of that name, since one was erased, one.
 */
int usage_show_tenant(const struct config *config, int64_t now_ms,
    const char *slug, struct buf *out, struct err *err);

/* A line for each line that somebody comes near. */
int usage_show_growing(const struct config *config, int64_t now_ms,
    struct buf *out, struct err *err);

/*
 * JSON.  [{"day":"2026-11-28","reads":1,…},…] of one tenant, the newest first, by
 * its uid or, where that is not known (NULL), its slug;
 * and {"day":…,"tenants":[{"tenant":"acme","reads":1,…}],
 * "growing":[{"tenant":"acme","line":"size","value":…,"comfortable":…}]}.
 */
int usage_show_tenant_json(const struct config *config, int64_t now_ms,
    const char *slug, const char *uid, struct buf *out, struct err *err);
int usage_show_json(const struct config *config, int64_t now_ms,
    struct buf *out, struct err *err);

/*
 * Text exposition format 0.0.4, of the tenants that used something today, two
 * that had the same name one after the other as one.  Counters begin anew at
 * midnight UTC.
 */
int usage_show_prometheus(const struct config *config, int64_t now_ms,
    struct buf *out, struct err *err);

#endif
