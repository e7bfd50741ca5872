#include "tenants/meta.h"

#include <stdio.h>

int
meta_get(
    struct db *db, const char *key, char *out, size_t out_size, struct err *err)
{
	sqlite3_stmt *stmt;
	int64_t there;
	int rc;

	out[0] = '\0';
	if (db_int(db,
		"SELECT count(*) FROM sqlite_schema WHERE name = '_meta'",
		&there, err) != 0)
		return -1;
	if (!there)
		return 0;
	stmt = db_prepare(db, "SELECT value FROM _meta WHERE key = ?1", err);
	if (stmt == NULL)
		return -1;
	(void)sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		(void)snprintf(out, out_size, "%s",
		    (const char *)sqlite3_column_text(stmt, 0));
	else if (rc != SQLITE_DONE)
		db_err(db, err, "_meta");
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

int
meta_set(struct db *db, const char *key, const char *value, struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(db,
	    "INSERT INTO _meta (key, value) VALUES (?1, ?2)"
	    " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
	    err);
	int rc;

	if (stmt == NULL)
		return -1;
	(void)sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 2, value, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE)
		db_err(db, err, "_meta");
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}
