#ifndef ROWHOUSE_TEMPLATE_H
#define ROWHOUSE_TEMPLATE_H

#include "tenants/app.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * What a new tenant begins with: an empty database with the schema as it is
 * now, made once and copied for each.
 *
 *	<data>/templates/<hash>.sqlite	of all that migrations would run
 *	<data>/templates/<hash>.none	these have to be run for each tenant
 *
 * A migration that asks for chance or time must not say the same to every
 * tenant: one secret for all would be the least of it.  Where they write rows and
 * speak of either (random, current_…, 'now', strftime, a call without arguments)
 * there is no template.
 *
 * The caller holds the lock of lifecycle.c, so nobody else makes one.  Killed
 * anywhere it leaves a whole template or none; those of other schemas are
 * removed when one is made.
 */

/*
 * Makes the file at path, which nobody knows of, a copy: closed, without WAL,
 * of nobody (migrate_begin).  1, or 0 where migrations have to be run; -1 with
 * the error of the migration.
 */
int template_copy(const struct config *config, const struct app *app,
    const char *path, struct err *err);

#endif
