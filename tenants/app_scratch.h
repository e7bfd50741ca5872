#ifndef ROWHOUSE_APP_SCRATCH_H
#define ROWHOUSE_APP_SCRATCH_H

#include "tenants/app.h"
#include "tenants/db.h"

/*
 * A database in $TMPDIR with all of an application's migrations, as a new
 * tenant's file has them, to prepare its statements on.
 */
struct app_scratch;

struct app_scratch *app_scratch_open(struct err *err);
/* The migrations, one after the other; *err says which fails and why. */
int app_scratch_migrate(struct app_scratch *scratch, const struct app *app,
    struct err *err);
struct db *app_scratch_db(struct app_scratch *scratch);
/* Removes it.  Accepts NULL. */
int app_scratch_close(struct app_scratch *scratch, struct err *err);

/*
 * One of an endpoint's statements, prepared under the guard; to be finalized.
 * SQLite's result code; db_guard_reason() tells where the guard refused it.
 * *tail is where SQLite sees its end.
 */
int app_scratch_prepare(struct app_scratch *scratch,
    const struct app_statement *statement, sqlite3_stmt **out,
    const char **tail);

#endif
