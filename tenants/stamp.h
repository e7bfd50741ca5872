#ifndef ROWHOUSE_STAMP_H
#define ROWHOUSE_STAMP_H

#include <stdint.h>

/*
 * A point in time as it is kept in a tenant's file and goes out in records:
 * "2026-11-23 10:00:00.123Z", UTC.  It is what PocketBase writes, sorts as
 * text, and is understood by SQLite's date functions and by Date.parse().
 */
#define STAMP_TEXT 25	/* with its NUL */

void stamp_format(int64_t wall_ms, char out[STAMP_TEXT]);

#endif
