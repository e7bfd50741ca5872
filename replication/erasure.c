#include "replication/erasure.h"

#include "tenants/base/clock.h"

int
erasure_may(struct streams *streams, struct registry *registry,
    struct claim *claim, struct str slug, struct err *err)
{
	struct registry_tenant row;

	if (registry_find(registry, slug, &row, err) != 0)
		return -1;
	if (row.erasing_ms == 0)
		return err_set(err, ERR_CONFLICT,
		    "tenant %s is not being erased", row.slug);
	if (claim_lost(claim) != NULL) {
		*err = *claim_lost(claim);
		return -1;
	}
	if (streams_forget(streams, row.slug))
		return 1;
	return !claim_is_fresh(claim, clock_mono_ms());
}
