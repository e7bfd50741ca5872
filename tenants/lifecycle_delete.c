/* Deleting is a mark in the registry, and undeleting takes it off. */
#include "tenants/lifecycle.h"

#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/layout.h"

int
lifecycle_delete(struct registry *registry, struct str slug, struct err *err)
{
	return registry_set_state(registry, slug, REGISTRY_DELETED, err);
}

/* Nothing changes the row of a deleted tenant but a restore of it. */
int64_t
lifecycle_grace_ends(
    const struct config *config, const struct registry_tenant *row)
{
	return row->updated_ms + config->tenant_grace_ms;
}

static int
check_grace(const struct config *config, const struct registry_tenant *row,
    struct err *err)
{
	int64_t ends_ms = lifecycle_grace_ends(config, row);
	char ended[CLOCK_TEXT];

	if (row->state != REGISTRY_DELETED)
		return err_set(
		    err, ERR_CONFLICT, "tenant %s is not deleted", row->slug);
	if (clock_wall_ms() < ends_ms)
		return 0;
	clock_format(ends_ms, ended);
	err_set(err, ERR_CONFLICT,
	    "tenant %s could be undeleted until %s (tenant.grace)", row->slug,
	    ended);
	return err_hint(err,
	    "rowhouse tenant clone %s NEW makes another of what it was",
	    row->slug);
}

int
lifecycle_undelete(const struct config *config, struct registry *registry,
    struct str slug, struct err *err)
{
	struct registry_tenant row;
	struct layout_path db;
	int there;

	if (registry_find(registry, slug, &row, err) != 0 ||
	    check_grace(config, &row, err) != 0)
		return -1;
	db = layout_db(config, row.slug, row.epoch);
	there = file_exists(db.p, err);
	if (there < 0)
		return -1;
	if (there)
		return registry_undelete(registry, slug, err);
	err_set(err, ERR_CONFLICT, "%s is not there", db.p);
	return err_hint(err,
	    "bring the file back first: rowhouse restore %s --in-place",
	    row.slug);
}
