#ifndef ROWHOUSE_SLUG_H
#define ROWHOUSE_SLUG_H

#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * A tenant's slug is its identity: [a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?  This
 * is the one place that decides; nothing reaches a path or an object key
 * without it.
 */
#define SLUG_MAX 40

/* ERR_INPUT says which rule was broken and shows the slug, shortened. */
int slug_check(struct str slug, struct err *err);

/* Names that a tenant may not take: www, api, admin … */
int slug_reserved(struct str slug);

/* The registry's own place in the replica. */
#define SLUG_REGISTRY "_registry"

#endif
