#include "tenants/import.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tenants/app_scratch.h"
#include "tenants/base/file.h"
#include "tenants/db.h"
#include "tenants/lifecycle.h"

struct import {
	const struct config *config;
	const struct app *app;
	const char *path;
};

#define HINT                                                                   \
	"rowhouse tenant export makes such a file; by hand: the "              \
	"application's "                                                       \
	"schema/*.sql in order, into a copy of an exported one"

static int
refuse(const struct import *import, struct err *err)
{
	err->code = ERR_INPUT;
	return err_wrap(err, "%s", import->path);
}

/* One file that nobody is at. */
static int
check_plain(const struct import *import, struct err *err)
{
	static const char *const beside[] = { "-wal", "-journal" };
	char name[CONFIG_PATH_MAX + 16];
	struct stat st;
	size_t i;
	int there;

	if (stat(import->path, &st) != 0)
		return err_sys(err, "%s", import->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INPUT, "%s is no file", import->path);
	if (st.st_size > import->config->tenant_size_max) {
		err_set(err, ERR_INPUT, "%s: its %lld bytes are too many",
		    import->path, (long long)st.st_size);
		return err_hint(err, "tenant.size_max");
	}
	for (i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		if (snprintf(name, sizeof(name), "%s%s", import->path,
			beside[i]) >= (int)sizeof(name))
			return err_set(err, ERR_INPUT, "a path of %zu bytes",
			    strlen(import->path));
		there = file_exists(name, err);
		if (there < 0)
			return -1;
		if (there) {
			err_set(err, ERR_INPUT, "%s is there: a part of %s",
			    name, import->path);
			return err_hint(err,
			    "close what has it open, or take a copy: "
			    "sqlite3 %s '.backup COPY'",
			    import->path);
		}
	}
	return 0;
}

/* --- schema ------------------------------------------------------------------ */

/*
 * All that was ever written as SQL, whatever it is called: a trigger in a file may
 * have a name that CREATE TRIGGER would refuse.  Without sql are the indexes that
 * belong to a UNIQUE.  ANALYZE makes the two tables.
 */
static const char schema_sql[] =
    "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
    " AND sql NOT IN ('CREATE TABLE sqlite_stat1(tbl,idx,stat)',"
    " 'CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)')"
    " ORDER BY name, type";

/* The next object: 1, 0 there is none left, -1. */
static int
next_object(struct db *db, sqlite3_stmt *stmt, struct err *err)
{
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return db_err(db, err, "its schema");
	}
}

static const char *
text(sqlite3_stmt *stmt, int column)
{
	const unsigned char *p = sqlite3_column_text(stmt, column);

	return p != NULL ? (const char *)p : "";
}

/* How two objects stand to each other, in the order of the lists. */
static int
order(int has, sqlite3_stmt *a, int wants, sqlite3_stmt *b)
{
	int rc;

	if (!has || !wants)
		return wants - has;
	rc = strcmp(text(a, 1), text(b, 1));
	return rc != 0 ? rc : strcmp(text(a, 0), text(b, 0));
}

static int
compare_object(int has, sqlite3_stmt *mine, int wants, sqlite3_stmt *right,
    struct err *err)
{
	int rc = order(has, mine, wants, right);

	if (rc < 0)
		return err_set(err, ERR_INPUT,
		    "its %s %s is not the application's", text(mine, 0),
		    text(mine, 1));
	if (rc > 0)
		return err_set(err, ERR_INPUT, "it has no %s %s",
		    text(right, 0), text(right, 1));
	if (strcmp(text(mine, 2), text(right, 2)) != 0)
		return err_set(err, ERR_INPUT,
		    "its %s %s is not as the application makes it",
		    text(mine, 0), text(mine, 1));
	return 0;
}

static int
compare_schemas(struct db *db, struct db *right, struct err *err)
{
	sqlite3_stmt *a = db_prepare(db, schema_sql, err);
	sqlite3_stmt *b = a != NULL ? db_prepare(right, schema_sql, err) : NULL;
	int has = -1, wants = -1, rc = -1;

	while (b != NULL) {
		has = next_object(db, a, err);
		wants = next_object(right, b, err);
		if (has < 0 || wants < 0)
			break;
		rc = has || wants ? compare_object(has, a, wants, b, err) : 0;
		if (rc != 0 || (!has && !wants))
			break;
		rc = -1;
	}
	(void)sqlite3_finalize(a);
	(void)sqlite3_finalize(b);
	return rc;
}

static int
check_schema(const struct import *import, struct db *db, struct err *err)
{
	struct app at = *import->app;
	struct app_scratch *scratch;
	struct err second = ERR_INIT;
	int64_t version;
	int rc = -1;

	if (db_user_version(db, &version, err) != 0)
		return -1;
	if (version < 0 || version > (int64_t)at.n_migrations)
		return err_set(err, ERR_INPUT,
		    "its schema has version %lld, the application's %zu",
		    (long long)version, at.n_migrations);
	at.n_migrations = (size_t)version;
	scratch = app_scratch_open(err);
	if (scratch == NULL)
		return -1;
	if (app_scratch_migrate(scratch, &at, err) == 0)
		rc = compare_schemas(db, app_scratch_db(scratch), err);
	(void)app_scratch_close(scratch, &second);
	if (rc != 0 && err->code == ERR_INPUT)
		err_hint(err, HINT);
	return rc;
}

/*
 * Accounts are read into memory that is bounded by what can be written here: more
 * would end the worker that reads it.
 */
#define LONGER(column, n) "length(CAST(" column " AS BLOB)) > " n

static const struct {
	const char *sql; /* of how many rows it is so */
	const char *what;
} wrong[] = {
	{ "SELECT encoding <> 'UTF-8' FROM pragma_encoding",
	    "its texts are not UTF-8" },
	{ "SELECT count(*) FROM _users WHERE " LONGER("id", "200")
	      " OR " LONGER("email", "254") " OR " LONGER("name", "800")
	      " OR " LONGER("token_key", "200")
	      " OR " LONGER("password_hash", "127")
	      " OR " LONGER("created", "40") " OR " LONGER("updated", "40"),
	    "an account has a field that is too long" },
	{ "SELECT count(*) FROM _factors WHERE " LONGER("secret", "200")
	      " OR " LONGER("recovery", "650"),
	    "a second factor has a field that is too long" },
	{ "SELECT NOT EXISTS (SELECT 1 FROM _users WHERE role = 'owner')",
	    "it has no owner" },
};

static int
check_accounts(struct db *db, struct err *err)
{
	size_t i;
	int64_t n;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (db_int(db, wrong[i].sql, &n, err) != 0)
			return -1;
		if (n > 0)
			return err_set(err, ERR_INPUT, "%s", wrong[i].what);
	}
	return 0;
}

/* --- the file ------------------------------------------------------------------ */

/* Nothing of the file is run before its schema is known to be ours. */
static int
check(const struct import *import, struct db *db, struct err *err)
{
	if (check_schema(import, db, err) != 0 ||
	    db_integrity_check(db, err) != 0 ||
	    db_foreign_key_check(db, err) != 0)
		return -1;
	return check_accounts(db, err);
}

/* A lifecycle_source's. */
static int
make(void *arg, const char *path, struct err *err)
{
	const struct import *import = arg;
	/* Nobody else knows of the copy, so its WAL may be folded in. */
	struct db_opts opts = { .path = path, .role = DB_REPLICATE };
	struct db *db;
	int rc;

	if (check_plain(import, err) != 0 ||
	    file_copy(import->path, path, 0660, err) != 0)
		return -1;
	db = db_open(&opts, err);
	if (db == NULL)
		return err->code == ERR_CORRUPT ? refuse(import, err) : -1;
	rc = check(import, db, err);
	db_close_last(db);
	if (rc == 0)
		return 0;
	return err->code == ERR_INPUT || err->code == ERR_CORRUPT ||
		       err->code == ERR_CONFLICT
		   ? refuse(import, err)
		   : -1;
}

int
import_file(const struct config *config, struct registry *registry,
    const struct app *app, struct str slug, const char *path, const char *uid,
    struct err *err)
{
	struct import import = { config, app, path };
	const struct lifecycle_source source = {
		.make = make, .arg = &import, .app = app, .uid = uid
	};

	return lifecycle_adopt(config, registry, slug, &source, err);
}
