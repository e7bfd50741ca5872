#ifndef ROWHOUSE_TENANT_SHOW_H
#define ROWHOUSE_TENANT_SHOW_H

#include "tenants/base/buf.h"
#include "tenants/base/config.h"
#include "tenants/registry.h"

/* How a tenant of the registry is shown, by commands and to the operator. */

/* Bytes of its file; -1 where there is none. */
int64_t tenant_show_size(const struct config *config,
    const struct registry_tenant *tenant);

/* The plan that it was given, which the configuration need not have. */
const char *tenant_show_plan(const struct registry_tenant *tenant);

/* The members of a JSON object, without its braces. */
void tenant_show_members(const struct config *config,
    const struct registry_tenant *tenant, struct buf *out);

/* The object, with its hosts. */
int tenant_show_whole(const struct config *config, struct registry *registry,
    const struct registry_tenant *tenant, struct buf *out, struct err *err);

/*
 * A page of them by a key of the registry or by size.  What a page costs is the
 * registry's rows, and a stat() for each that is on it; by size, one for each
 * tenant.
 */
struct tenant_show_list {
	struct registry_query query;
	int by_size;
};

/* "created", "-size": 0, or -1 where there is no such key. */
int tenant_show_sort(struct str name, struct tenant_show_list *out);

int tenant_show_each(const struct config *config, struct registry *registry,
    const struct tenant_show_list *list,
    int (*each)(const struct registry_tenant *tenant, void *arg), void *arg,
    struct err *err);

#endif
