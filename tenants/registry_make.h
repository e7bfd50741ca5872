#ifndef ROWHOUSE_REGISTRY_MAKE_H
#define ROWHOUSE_REGISTRY_MAKE_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/* The registry's PRAGMA user_version in this release. */
#define REGISTRY_SCHEMA 6

/*
 * Makes <data>, <data>/tenants and, where there is none, an empty registry,
 * which appears complete or not at all; one of an older release gets this one's
 * schema.  1 made or changed, 0 was there, -1.  ERR_CORRUPT where there are tenants or a WAL
 * without a registry.
 */
int registry_make(const struct config *config, struct err *err);

/*
 * The last of that, of one that is there and was just restored, for who holds the
 * lock on the data directory.
 */
int registry_upgrade(const struct config *config, struct err *err);

#endif
