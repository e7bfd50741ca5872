#ifndef ROWHOUSE_SHELL_H
#define ROWHOUSE_SHELL_H

#include "tenants/base/buf.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"
#include "tenants/db.h"

/*
 * Statements that an operator typed, on a tenant's file, inside a transaction
 * of the caller's.  An authorizer refuses (ERR_DENIED, with the reason) what
 * would end that, reach out of the file, change the schema, which belongs to the
 * migrations, or change whose file it is; and without `write` every change.
 */
struct shell_opts {
	int write;
	int json;
};

/*
 * Appends what they answer: for each statement with columns their names and
 * the rows, a line each, separated by tabs; a tab, a line's end, a backslash or
 * another control character of a value as \t, \n, \\ or \xNN, NULL as \N, a
 * blob as x'...'.  With json one line for each statement:
 * {"columns":[...],"rows":[[...]],"changes":N}.
 * ERR_INPUT for wrong SQL, with where it is; ERR_TOO_LARGE where it is more
 * than out may hold.
 */
int shell_run(struct db *db, struct str sql, const struct shell_opts *opts,
    struct buf *out, struct err *err);

#endif
