#ifndef ROWHOUSE_USERS_WRITE_H
#define ROWHOUSE_USERS_WRITE_H

#include "tenants/audit.h"
#include "tenants/users_form.h"
#include "tenants/users_row.h"

/* What all writes of accounts have in common; inside their transactions. */
#define USERS_WRITE_KEY 50	/* characters of a token key */

struct str users_write_now(struct arena *arena);
struct str users_write_random(struct arena *arena, size_t n);

/* Hashes, which takes tens of milliseconds: not under the lock. */
int users_write_password(const struct users_request *request,
    struct str password, struct user *user, struct err *err);

/*
 * Runs one of the statements that write a row.  What a request can break: the
 * address is unique (a fault, where there is a request), and the application's
 * tables may refer to the row, with triggers of their own on the way.
 */
int users_write_run(struct tenant *tenant, sqlite3_stmt *stmt,
    const struct users_request *request, struct err *err);
int users_write_row(struct tenant *tenant, enum users_row_sql which,
    const struct user *user, const struct users_request *request,
    struct err *err);

/* Into the audit log, where the row has been written. */
int users_write_note(struct tenant *tenant, struct caller caller,
    enum audit_action action, const struct user *user, struct str old,
    struct str new, struct err *err);
/* What of an update belongs there: password, address, role. */
int users_write_note_changes(struct tenant *tenant, struct caller caller,
    const struct user *old, const struct user *new, struct err *err);

#endif
