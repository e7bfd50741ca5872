#ifndef ROWHOUSE_POINT_H
#define ROWHOUSE_POINT_H

#include "tenants/base/config.h"
#include "tenants/migrate.h"
#include "tenants/registry.h"

/*
 * Where a tenant's replica is just before a migration, so that `rowhouse
 * restore SLUG --before-migration N` can prove what it brings back.
 *
 * It is asked for under the write lock that the migration holds: what was
 * committed before is captured then, up to that TXID, and what the migration
 * does comes after it.  Where there is no replicator, or it does not answer in
 * time, the migration goes on without: the restore finds the state by what each
 * says of its version, and says that it does not know how near it is.
 */
struct point;

/* Waits so long for an answer, at most; keeps config. */
struct point *point_new(const struct config *config, int64_t patience_ms);
void point_free(struct point *point);

/* "" where it is not known.  After no answer the next few are not waited for. */
void point_ask(struct point *point, const struct registry_tenant *row,
    char out[MIGRATE_POINT]);

#endif
