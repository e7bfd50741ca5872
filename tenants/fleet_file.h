#ifndef ROWHOUSE_FLEET_FILE_H
#define ROWHOUSE_FLEET_FILE_H

#include "tenants/fleet.h"

/* What one thread of fleet.c needs to migrate one tenant after the other. */
struct fleet_file;

/* In a dry run on copies, in the scratch directory, which is open. */
struct fleet_file *fleet_file_new(const struct config *config,
    const struct app *app, int dry_run, struct err *err);
void fleet_file_free(struct fleet_file *file);	/* accepts NULL */

/* Sets all of *tenant but err; -1 where it failed. */
int fleet_file_migrate(struct fleet_file *file, struct fleet_tenant *tenant,
    struct err *err);

/*
 * <data>/migrate.dry, for one process at a time; cleared of what a process left
 * that was killed.
 */
struct fleet_scratch;

struct fleet_scratch *fleet_scratch_open(const struct config *config,
    struct err *err);
int fleet_scratch_close(struct fleet_scratch *scratch, struct err *err);

#endif
