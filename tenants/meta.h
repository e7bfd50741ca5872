#ifndef ROWHOUSE_META_H
#define ROWHOUSE_META_H

#include <stddef.h>

#include "tenants/base/err.h"
#include "tenants/db.h"

/*
 * The table _meta of a tenant's file, texts by name:
 *
 *	slug, uid		whose file it is
 *	system_schema		how far Rowhouse's own part is
 *	system_schema_least	releases that know less must not serve it
 *	point.N			where the replica was when migration N began
 *				(point.h)
 */

/* "" where there is no such key or no such table; cut where it has no room. */
int meta_get(struct db *db, const char *key, char *out, size_t out_size,
    struct err *err);
int meta_set(struct db *db, const char *key, const char *value,
    struct err *err);

#endif
