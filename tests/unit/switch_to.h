#ifndef ROWHOUSE_TESTS_SWITCH_TO_H
#define ROWHOUSE_TESTS_SWITCH_TO_H

/* registry_switch() by who has begun it at epoch `expected` of who has the slug now. */

#include "tenants/registry.h"

static inline int
switch_to(struct registry *registry, struct str slug, uint32_t expected,
    uint32_t epoch, uint32_t parent_epoch, uint64_t parent_txid,
    struct err *err)
{
	struct registry_tenant was;

	if (registry_find(registry, slug, &was, err) != 0)
		return -1;
	was.epoch = expected;
	return registry_switch(
	    registry, &was, epoch, parent_epoch, parent_txid, err);
}

#endif
