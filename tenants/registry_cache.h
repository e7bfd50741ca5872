#ifndef ROWHOUSE_REGISTRY_CACHE_H
#define ROWHOUSE_REGISTRY_CACHE_H

#include <stdint.h>

#include "tenants/registry.h"

/*
 * What the registry said about names (hosts, and slugs behind a '/'), for as
 * long as nobody wrote to it: a look-up that is answered from here costs no
 * SQL.  Of one process; at most 1024 names, of which those that were not asked
 * for lately give way.  Only what was found is kept, so that names that a
 * stranger makes up push nobody out.
 */
struct registry_cache;

struct registry_cache *registry_cache_new(void);
void registry_cache_free(struct registry_cache *cache);

/*
 * version is db_version() of now; 0 finds nothing, another one than before
 * forgets everything.  NULL where the name is not there.
 */
const struct registry_tenant *registry_cache_get(struct registry_cache *cache,
    uint64_t version, const char *name);

/* version is db_version() from before the registry was read. */
void registry_cache_put(struct registry_cache *cache, uint64_t version,
    const char *name, const struct registry_tenant *tenant);

#endif
