#ifndef ROWHOUSE_IMPORT_H
#define ROWHOUSE_IMPORT_H

#include "tenants/app.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/registry.h"

/*
 * A plain SQLite file becomes a new tenant: one that was exported, or made by
 * hand.  It comes from anywhere, so it is believed in nothing: its schema has
 * to be, object by object and letter by letter, what the application's migrations
 * make up to the version that it says it has.  So no trigger, view, virtual
 * table, check or index is there that the application has not written.
 * It is sound (integrity_check), its foreign keys refer to something, its texts are
 * UTF-8, its accounts no longer than those made here, and it has an owner.  What is pending of the migrations is applied.  The file itself is
 * only read.
 *
 * ERR_INPUT says what is wrong with the file, ERR_CONFLICT that the slug is
 * taken, ERR_BUSY that another process makes the same tenant.  Killed anywhere
 * there is no such tenant, and the next attempt removes what it left.  uid as in lifecycle_source.
 */
int import_file(const struct config *config, struct registry *registry,
    const struct app *app, struct str slug, const char *path, const char *uid,
    struct err *err);

#endif
