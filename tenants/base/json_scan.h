#ifndef ROWHOUSE_BASE_JSON_SCAN_H
#define ROWHOUSE_BASE_JSON_SCAN_H

#include <stddef.h>

#include "tenants/base/arena.h"
#include "tenants/base/err.h"
#include "tenants/base/json.h"
#include "tenants/base/str.h"

/*
 * The grammar of RFC 8259, for json.c alone.  A text that passes is JSON within
 * the limits, but for names that stand twice in an object.  Takes limits.depth
 * bytes of the arena.
 */
struct json_scan {
	size_t values;
	size_t names;
};

int json_scan(struct str text, struct json_limits limits, struct arena *arena,
    struct json_scan *out, struct err *err);

/* What a string says, given what stands between its quotes and has passed. */
struct str json_scan_decode(struct str s, struct arena *arena);

#endif
