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
#include "tenants/meta.h"
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

/* A number of _meta; 0 where it says nothing. */
static int
get_number(struct db *db, const char *key, int64_t *out, struct err *err)
{
	char text[24];

	if (meta_get(db, key, text, sizeof(text), err) != 0)
		return -1;
	*out = 0;
	if (text[0] != '\0' && str_i64(str_of(text), out) != 0)
		return err_set(err, ERR_CORRUPT,
		    "%s: its _meta says %s = \"%s\"", db_path(db), key, text);
	return 0;
}

int
migrate_look(struct db *db, struct migrate_state *out, struct err *err)
{
	if (get_number(db, "system_schema", &out->own, err) != 0)
		return -1;
	out->own_least = out->own;
	if (out->own > SYSTEM_SCHEMA &&
	    get_number(db, "system_schema_least", &out->own_least, err) != 0)
		return -1;
	return db_user_version(db, &out->applied, err);
}

int
migrate_is_ahead(const struct migrate_state *state, const struct app *app)
{
	return state->own > SYSTEM_SCHEMA ||
	       state->applied > (int64_t)app->n_migrations;
}

/* The same, of a file that is not ahead. */
static int
look(struct db *db, const struct app *app, struct migrate_state *state,
    struct err *err)
{
	if (migrate_look(db, state, err) != 0)
		return -1;
	if (!migrate_is_ahead(state, app))
		return 0;
	if (state->own > SYSTEM_SCHEMA)
		err_set(err, ERR_BUSY,
		    "%s is at system schema %lld and this release at %d",
		    db_path(db), (long long)state->own, SYSTEM_SCHEMA);
	else
		err_set(err, ERR_BUSY,
		    "%s is at migration %lld and the application at %zu",
		    db_path(db), (long long)state->applied, app->n_migrations);
	err->retry_after = 1;
	return err_hint(err, "an older release was started; start the one that "
			     "migrated it, or a newer");
}

int
migrate_pending(struct db *db, const struct app *app, int *out, struct err *err)
{
	struct migrate_state state;

	if (look(db, app, &state, err) != 0)
		return -1;
	*out = (int)(SYSTEM_SCHEMA - state.own + (int64_t)app->n_migrations -
		     state.applied);
	return 0;
}

int
migrate_check_owner(
    struct db *db, const char *slug, const char *uid, struct err *err)
{
	char file_slug[64], file_uid[64];

	if (meta_get(db, "slug", file_slug, sizeof(file_slug), err) != 0 ||
	    meta_get(db, "uid", file_uid, sizeof(file_uid), err) != 0)
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
	if (meta_set(db, "system_schema", text, err) != 0)
		return -1;
	(void)snprintf(text, sizeof(text), "%d", SYSTEM_SCHEMA_LEAST);
	return meta_set(db, "system_schema_least", text, err);
}

/* For a restore to before one of them (point.h). */
static int
note_point(struct db *db, int number, const char *point, struct err *err)
{
	char key[32];

	if (point[0] == '\0')
		return 0;
	(void)snprintf(key, sizeof(key), "point.%d", number);
	return meta_set(db, key, point, err);
}

static int
apply_application(struct db *db, const struct app *app, struct migrate_job *job,
    int64_t applied, const char *point, struct err *err)
{
	const struct app_migration *migration = NULL;
	int64_t i;

	for (i = applied; i < (int64_t)app->n_migrations; i++) {
		migration = &app->migrations[i];
		job->failed = migration->number;
		if (apply(db, migration, err) != 0 ||
		    note_point(db, migration->number, point, err) != 0)
			return -1;
	}
	if (db_foreign_key_check(db, err) != 0) {
		err->code = ERR_SYSTEM;
		return err_wrap(err, "%s", migration->file);
	}
	job->failed = 0;
	job->applied = (int)(i - applied);
	return db_set_user_version(db, (int64_t)app->n_migrations, err);
}

static int
apply_pending(struct db *db, const struct app *app, struct migrate_job *job,
    struct err *err)
{
	char point[MIGRATE_POINT] = "";
	struct migrate_state state;
	int mine;

	/* Another process may have been quicker to the write lock. */
	if (look(db, app, &state, err) != 0)
		return -1;
	/* Before anything is done to a file: whose is it? */
	if (state.own > 0 &&
	    migrate_check_owner(db, job->slug, job->uid, err) != 0)
		return -1;
	mine = !job->own_only && state.applied < (int64_t)app->n_migrations;
	if (job->begun != NULL &&
	    job->begun(job->arg, db, mine ? point : NULL, err) != 0)
		return -1;
	if (apply_own(db, state.own, err) != 0)
		return -1;
	if (state.own == 0 && (meta_set(db, "slug", job->slug, err) != 0 ||
				  meta_set(db, "uid", job->uid, err) != 0))
		return -1;
	if (warn_changed(db, app, job->slug, err) != 0)
		return -1;
	return mine ? apply_application(db, app, job, state.applied, point, err)
		    : 0;
}

int
migrate_run(struct db *db, const struct app *app, struct migrate_job *job,
    struct err *err)
{
	struct err second;
	int rc = -1;

	job->applied = job->failed = 0;
	if (db_foreign_keys(db, 0, err) != 0)
		return -1;
	if (db_begin_write(db, err) != 0)
		goto done;
	if (apply_pending(db, app, job, err) != 0)
		goto done;
	rc = db_commit(db, err);
done:
	db_rollback(db);
	if (db_foreign_keys(db, 1, &second) != 0)
		err_die("%s: %s", db_path(db), second.msg);
	return rc;
}

int
migrate_up(struct db *db, const struct app *app, const char *slug,
    const char *uid, struct err *err)
{
	struct migrate_job job = { .slug = slug, .uid = uid };

	return migrate_run(db, app, &job, err);
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

	if (meta_get(db, "uid", before, sizeof(before), err) != 0)
		return -1;
	if (before[0] == '\0')
		return err_set(
		    err, ERR_CORRUPT, "%s is no tenant's file", db_path(db));
	if (meta_set(db, "slug", slug, err) != 0)
		return -1;
	return meta_set(db, "uid", uid, err);
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
