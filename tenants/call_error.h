#ifndef ROWHOUSE_CALL_ERROR_H
#define ROWHOUSE_CALL_ERROR_H

#include "tenants/app.h"
#include "tenants/base/arena.h"
#include "tenants/db.h"
#include "tenants/faults.h"

/*
 * The connection's last error, that of an endpoint's statement, as the answer
 * to a client: call.h says which is which.  None of SQLite's own texts gets
 * into what a client sees, but for the names of columns.  Returns -1.
 */
int call_error(struct db *db, const struct app_endpoint *endpoint,
    struct arena *arena, struct faults *faults, struct err *err);

/*
 * A foreign key, which is also the only constraint that COMMIT can find
 * broken.  SQLite does not say which.
 */
int call_error_reference(struct err *err);

/*
 * RAISE(ABORT, 'text') in a trigger, given SQLite's message: ERR_INPUT with the
 * text, ERR_CONFLICT where it begins with "conflict: "; a foreign key where
 * it was SQLite itself that raised it.
 */
int call_error_raised(const char *message, struct err *err);

#endif
