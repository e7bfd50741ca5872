/*
 * A tenant's schema: Rowhouse's own part, and the application's migrations.
 *
 * All that is pending is applied in one transaction: a process that is killed
 * in it, or a mistake in the last of ten files, leaves the file as it was.
 *
 * Foreign keys are not enforced meanwhile but checked at the end, as SQLite
 * advises for what ALTER TABLE cannot do (https://sqlite.org/lang_altertable.html,
 * 7): with enforcement on, the DROP TABLE of a rebuilt table would delete the
 * rows of others that refer to it.
 */
#include "tenants/migrate.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/log.h"
#include "tenants/system_schema.h"

#define DIGEST 65

/* Rowhouse's own part, to see whether a migration laid hands on it. */
static const char fingerprint_sql[] =
    "SELECT coalesce(group_concat(sql, x'0a'), '') FROM (SELECT sql"
    " FROM sqlite_schema WHERE substr(name, 1, 1) = '_'"
    " OR substr(tbl_name, 1, 1) = '_' OR tbl_name = 'users' ORDER BY name)";

static int
count_lines(const char *from, const char *to)
{
	int n = 0;

	for (; from < to; from++)
		n += *from == '\n';
	return n;
}

/* Past blanks, comments and stray semicolons, to a statement or the end. */
static const char *
skip_blank(const char *p)
{
	for (;;) {
		const char *end;

		if (isspace((unsigned char)*p) || *p == ';') {
			p++;
		} else if (p[0] == '-' && p[1] == '-') {
			p += strcspn(p, "\n");
		} else if (p[0] == '/' && p[1] == '*') {
			end = strstr(p + 2, "*/");
			p = end != NULL ? end + 2 : p + strlen(p);
		} else {
			return p;
		}
	}
}

/*
 * What would end the transaction, or reach out of the file.  Each of these is
 * a statement's first word or it does nothing.
 */
static const char *
forbidden(const char *statement)
{
	static const char *const words[] = { "ATTACH", "BEGIN", "COMMIT",
		"DETACH", "END", "PRAGMA", "RELEASE", "ROLLBACK", "SAVEPOINT",
		"VACUUM" };
	size_t i, n = strspn(statement, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"abcdefghijklmnopqrstuvwxyz_");

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_is_nocase(str_make(statement, n), words[i]))
			return words[i];
	return NULL;
}

/*
 * What is wrong with a migration is not what is wrong with a request, so a
 * constraint or a syntax error is no 409 or 400 to whoever came first.
 */
static int
blame(const struct app_migration *migration, int line, struct err *err)
{
	switch (err->code) {
	case ERR_BUSY:
	case ERR_FULL:
	case ERR_QUOTA:
	case ERR_CORRUPT:
	case ERR_DEADLINE:
		break;
	default:
		err->code = ERR_SYSTEM;
	}
	return err_wrap(err, "%s:%d", migration->file, line);
}

static int
step_all(sqlite3_stmt *stmt)
{
	int rc;

	do {
		rc = sqlite3_step(stmt);
	} while (rc == SQLITE_ROW);
	return rc;
}

static int
run_statement(struct db *db, const struct app_migration *migration,
    const char *all, const char *statement, const char **tail, struct err *err)
{
	int line = 1 + count_lines(all, statement);
	const char *word = forbidden(statement);
	sqlite3_stmt *stmt = NULL;
	int at, rc;

	if (word != NULL) {
		err_set(err, ERR_SYSTEM,
		    "%s may not stand in a migration: all of them run in one "
		    "transaction",
		    word);
		return blame(migration, line, err);
	}
	if (sqlite3_prepare_v2(db_handle(db), statement, -1, &stmt, tail) !=
	    SQLITE_OK) {
		at = sqlite3_error_offset(db_handle(db));
		if (at > 0)
			line += count_lines(statement, statement + at);
		db_err(db, err, "SQL");
		return blame(migration, line, err);
	}
	rc = stmt != NULL ? step_all(stmt) : SQLITE_DONE;
	if (rc != SQLITE_DONE)
		db_err(db, err, "SQL");
	else if (sqlite3_get_autocommit(db_handle(db)))
		rc = err_set(err, ERR_SYSTEM, "this ended the transaction");
	(void)sqlite3_finalize(stmt);
	if (rc != SQLITE_DONE)
		return blame(migration, line, err);
	return 0;
}

static void
digest_of(struct str sql, char out[DIGEST])
{
	unsigned char hash[32];
	size_t i;

	crypto_sha256(sql, hash);
	for (i = 0; i < sizeof(hash); i++)
		(void)snprintf(&out[2 * i], 3, "%02x", hash[i]);
}

static int
fingerprint(struct db *db, char digest[DIGEST], struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(db, fingerprint_sql, err);
	int rc;

	if (stmt == NULL)
		return -1;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		digest_of(
		    str_of((const char *)sqlite3_column_text(stmt, 0)), digest);
	else
		db_err(db, err, "sqlite_schema");
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 0 : -1;
}

static int
record(struct db *db, const struct app_migration *migration, struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(db,
	    "INSERT INTO _migrations (number, name, digest, applied)"
	    " VALUES (?1, ?2, ?3, ?4)",
	    err);
	char digest[DIGEST], now[CLOCK_TEXT];
	int rc;

	if (stmt == NULL)
		return -1;
	digest_of(migration->sql, digest);
	clock_format(clock_wall_ms(), now);
	(void)sqlite3_bind_int(stmt, 1, migration->number);
	(void)sqlite3_bind_text(stmt, 2, migration->name, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 3, digest, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 4, now, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE)
		db_err(db, err, "_migrations");
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

static int
apply(struct db *db, const struct app_migration *migration, struct err *err)
{
	char before[DIGEST], after[DIGEST];
	const char *p, *tail;
	char *sql;
	int rc = -1;

	/* With its NUL, so that SQLite does not copy the rest each time. */
	sql = strndup(
	    migration->sql.p != NULL ? migration->sql.p : "", migration->sql.n);
	if (sql == NULL)
		err_die("out of memory");
	if (fingerprint(db, before, err) != 0)
		goto done;
	for (p = skip_blank(sql); *p != '\0'; p = skip_blank(tail))
		if (run_statement(db, migration, sql, p, &tail, err) != 0)
			goto done;
	if (fingerprint(db, after, err) != 0)
		goto done;
	if (strcmp(before, after) != 0) {
		err_set(err, ERR_SYSTEM,
		    "this changes what is Rowhouse's own: "
		    "names that begin with _, and users");
		blame(migration, 1, err);
		goto done;
	}
	rc = record(db, migration, err);
done:
	free(sql);
	return rc;
}

/* An applied migration that was edited since changes nothing: say so. */
static int
warn_changed(
    struct db *db, const struct app *app, const char *slug, struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(
	    db, "SELECT number, digest FROM _migrations ORDER BY number", err);
	char digest[DIGEST];
	int rc;

	if (stmt == NULL)
		return -1;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		int64_t number = sqlite3_column_int64(stmt, 0);
		const struct app_migration *migration;

		if (number < 1 || number > (int64_t)app->n_migrations)
			continue;
		migration = &app->migrations[number - 1];
		digest_of(migration->sql, digest);
		if (!str_is(str_of((const char *)sqlite3_column_text(stmt, 1)),
			digest))
			log_warn("migration-changed",
			    "%s was changed after tenant %s applied it; a "
			    "migration is never run twice",
			    migration->file, slug);
	}
	if (rc != SQLITE_DONE)
		db_err(db, err, "_migrations");
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* A value of _meta; "" where there is no such key or no such table. */
static int
get_meta(
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

static int
set_meta(struct db *db, const char *key, const char *value, struct err *err)
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

/* How far the file is: its part of Rowhouse's own, and of the application's. */
static int
look(struct db *db, const struct app *app, int64_t *own, int64_t *applied,
    struct err *err)
{
	char text[24];

	if (get_meta(db, "system_schema", text, sizeof(text), err) != 0 ||
	    db_user_version(db, applied, err) != 0)
		return -1;
	*own = 0;
	if (text[0] != '\0' && str_i64(str_of(text), own) != 0)
		return err_set(err, ERR_CORRUPT,
		    "%s: its _meta says system_schema = \"%s\"", db_path(db),
		    text);
	if (*own > SYSTEM_SCHEMA || *applied > (int64_t)app->n_migrations) {
		err_set(err, ERR_BUSY,
		    "%s is at migration %lld and the application at %zu",
		    db_path(db), (long long)*applied, app->n_migrations);
		err->retry_after = 1;
		return err_hint(err, "an older release was started; start "
				     "the one that migrated it, or a newer");
	}
	return 0;
}

int
migrate_pending(struct db *db, const struct app *app, int *out, struct err *err)
{
	int64_t own, applied;

	if (look(db, app, &own, &applied, err) != 0)
		return -1;
	*out =
	    (int)(SYSTEM_SCHEMA - own + (int64_t)app->n_migrations - applied);
	return 0;
}

int
migrate_check_owner(
    struct db *db, const char *slug, const char *uid, struct err *err)
{
	char file_slug[64], file_uid[64];

	if (get_meta(db, "slug", file_slug, sizeof(file_slug), err) != 0 ||
	    get_meta(db, "uid", file_uid, sizeof(file_uid), err) != 0)
		return -1;
	if (strcmp(slug, file_slug) == 0 && strcmp(uid, file_uid) == 0)
		return 0;
	err_set(err, ERR_CORRUPT, "%s is a file of tenant %s, uid %s",
	    db_path(db), file_slug[0] != '\0' ? file_slug : "nobody",
	    file_uid[0] != '\0' ? file_uid : "none");
	return err_hint(err,
	    "put the file of %s, uid %s, in its place: "
	    "rowhouse restore %s --in-place",
	    slug, uid, slug);
}

/* Rowhouse's own part, from the version that is there. */
static int
apply_own(struct db *db, int64_t version, struct err *err)
{
	char text[24];

	if (version == SYSTEM_SCHEMA)
		return 0;
	while (version < SYSTEM_SCHEMA)
		if (db_exec(db, system_schema_step((int)++version), err) != 0)
			return err_wrap(
			    err, "system schema %lld", (long long)version);
	(void)snprintf(text, sizeof(text), "%d", SYSTEM_SCHEMA);
	return set_meta(db, "system_schema", text, err);
}

static int
apply_pending(struct db *db, const struct app *app, const char *slug,
    const char *uid, struct err *err)
{
	int64_t own, applied, i;

	/* Another process may have been quicker to the write lock. */
	if (look(db, app, &own, &applied, err) != 0)
		return -1;
	/* Before anything is done to a file: whose is it? */
	if (own > 0 && migrate_check_owner(db, slug, uid, err) != 0)
		return -1;
	if (apply_own(db, own, err) != 0)
		return -1;
	if (own == 0 && (set_meta(db, "slug", slug, err) != 0 ||
			    set_meta(db, "uid", uid, err) != 0))
		return -1;
	if (warn_changed(db, app, slug, err) != 0)
		return -1;
	if (applied == (int64_t)app->n_migrations)
		return 0;
	for (i = applied; i < (int64_t)app->n_migrations; i++)
		if (apply(db, &app->migrations[i], err) != 0)
			return -1;
	if (db_foreign_key_check(db, err) != 0) {
		err->code = ERR_SYSTEM;
		return err_wrap(err, "%s", app->migrations[i - 1].file);
	}
	return db_set_user_version(db, (int64_t)app->n_migrations, err);
}

int
migrate_up(struct db *db, const struct app *app, const char *slug,
    const char *uid, struct err *err)
{
	struct err second;
	int rc = -1;

	if (db_foreign_keys(db, 0, err) != 0)
		return -1;
	if (db_begin_write(db, err) != 0)
		goto done;
	if (apply_pending(db, app, slug, uid, err) != 0)
		goto done;
	rc = db_commit(db, err);
done:
	db_rollback(db);
	if (db_foreign_keys(db, 1, &second) != 0)
		err_die("%s: %s", db_path(db), second.msg);
	return rc;
}

void
migrate_key(const struct app *app, char out[MIGRATE_KEY])
{
	char digest[DIGEST];
	struct buf all;
	size_t i, n = 1;
	int version;

	for (version = 1; version <= SYSTEM_SCHEMA; version++)
		n += strlen(system_schema_step(version));
	for (i = 0; i < app->n_migrations; i++)
		n += strlen(app->migrations[i].name) + DIGEST + 16;
	buf_init(&all, n);
	for (version = 1; version <= SYSTEM_SCHEMA; version++)
		buf_puts(&all, system_schema_step(version));
	for (i = 0; i < app->n_migrations; i++) {
		digest_of(app->migrations[i].sql, digest);
		buf_printf(&all, "%s %s\n", digest, app->migrations[i].name);
	}
	digest_of(buf_view(&all), out);
	buf_free(&all);
}

/* Of what is somebody's file already; inside a transaction. */
static int
put_owner(struct db *db, const char *slug, const char *uid, struct err *err)
{
	char before[64];

	if (get_meta(db, "uid", before, sizeof(before), err) != 0)
		return -1;
	if (before[0] == '\0')
		return err_set(
		    err, ERR_CORRUPT, "%s is no tenant's file", db_path(db));
	if (set_meta(db, "slug", slug, err) != 0)
		return -1;
	return set_meta(db, "uid", uid, err);
}

static int
put_applied(struct db *db, struct err *err)
{
	sqlite3_stmt *stmt =
	    db_prepare(db, "UPDATE _migrations SET applied = ?1", err);
	char now[CLOCK_TEXT];
	int rc;

	if (stmt == NULL)
		return -1;
	clock_format(clock_wall_ms(), now);
	(void)sqlite3_bind_text(stmt, 1, now, -1, SQLITE_STATIC);
	rc = step_all(stmt);
	if (rc != SQLITE_DONE)
		db_err(db, err, "_migrations");
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
migrate_begin(struct db *db, const char *slug, const char *uid, struct err *err)
{
	if (db_begin_write(db, err) != 0)
		return -1;
	if (put_owner(db, slug, uid, err) == 0 && put_applied(db, err) == 0)
		return db_commit(db, err);
	db_rollback(db);
	return -1;
}

int
migrate_set_owner(
    struct db *db, const char *slug, const char *uid, struct err *err)
{
	if (db_begin_write(db, err) != 0)
		return -1;
	if (put_owner(db, slug, uid, err) == 0)
		return db_commit(db, err);
	db_rollback(db);
	return -1;
}
