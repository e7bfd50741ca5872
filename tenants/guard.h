#ifndef ROWHOUSE_GUARD_H
#define ROWHOUSE_GUARD_H

#include <sqlite3.h>

#include "tenants/base/str.h"

/*
 * What SQL from the application folder may do to a tenant's file: an
 * authorizer (sqlite3_set_authorizer) that refuses everything but
 *
 *  - reading and writing the application's own tables and views, those of
 *    FTS5 and its shadow tables among them;
 *  - reading _users.id, since foreign keys do, and the number of users;
 *    _users.name and _users.role through the view `users`; never another
 *    column of it;
 *  - json_each and json_tree, and the functions named in guard.c;
 *  - `PRAGMA data_version` without an argument, which FTS5 asks.
 *
 * Names that begin with '_' are Rowhouse's, those with "sqlite_" SQLite's.
 * Temporary tables, ATTACH, transactions, savepoints and every change of the
 * schema are refused by not being in the list.
 *
 * It counts on SQLITE_DBCONFIG_DEFENSIVE being set.  FTS5 in a trigger needs
 * trusted_schema=ON as long as SQLite does not mark FTS5 innocuous (Debian 12's
 * 3.40.1 does not); this list of functions is what stands in for OFF.
 *
 * Installed once, at open, and switched by a flag: sqlite3_set_authorizer()
 * has every statement of the connection prepared again.
 */
struct guard {
	int on;
	int declaring;		/* guard.c's own */
	char reason[160];	/* what was refused first; "" = nothing */
};

/* guard must live as long as the connection.  It starts switched off. */
void guard_install(struct guard *guard, sqlite3 *handle);

/* Switching it on forgets the last reason. */
void guard_switch(struct guard *guard, int on);

/* "the table _users may not be read", for SQLite's bare "not authorized". */
const char *guard_reason(const struct guard *guard);

/*
 * Does a name belong to the system?  An application may give none of these to
 * a table, a view or a common table expression: _anything, sqlite_anything,
 * and the views that Rowhouse defines (users).
 */
int guard_reserved(struct str name);

#endif
