#include "tenants/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tenants/base/json.h"

/* What the authorizer knows and says. */
struct warden {
	int write;
	char reason[200]; /* what was refused first; "" = nothing */
};

/* Those that only look. */
static int
is_harmless(const char *pragma, const char *argument)
{
	static const char *const looks[] = { "database_list",
		"foreign_key_check", "foreign_key_list", "index_info",
		"index_list", "index_xinfo", "integrity_check", "quick_check",
		"table_info", "table_list", "table_xinfo" };
	static const char *const bare[] = { "compile_options", "data_version",
		"encoding", "freelist_count", "page_count", "page_size",
		"schema_version", "user_version" };
	size_t i;

	for (i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		if (strcasecmp(pragma, looks[i]) == 0)
			return 1;
	for (i = 0; i < sizeof(bare) / sizeof(bare[0]); i++)
		if (argument == NULL && strcasecmp(pragma, bare[i]) == 0)
			return 1;
	return 0;
}

static int
refuse(struct warden *warden, const char *what, const char *why)
{
	if (warden->reason[0] == '\0')
		(void)snprintf(warden->reason, sizeof(warden->reason),
		    "%.100s: %s", what, why);
	return SQLITE_DENY;
}

static int
change(struct warden *warden, const char *table)
{
	if (strncasecmp(table, "sqlite_", 7) == 0)
		return refuse(
		    warden, table, "the schema is changed by migrations alone");
	if (!warden->write)
		return refuse(warden, table, "is changed with --write only");
	if (strcasecmp(table, "_meta") == 0 ||
	    strcasecmp(table, "_migrations") == 0)
		return refuse(warden, table, "says whose file it is");
	return SQLITE_OK;
}

static int
authorize(void *arg, int action, const char *first, const char *second,
    const char *schema, const char *trigger)
{
	struct warden *warden = arg;

	(void)schema;
	(void)trigger;
	switch (action) {
	case SQLITE_READ:
	case SQLITE_SELECT:
	case SQLITE_FUNCTION:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_UPDATE:
		/*
		 * So a virtual table declares itself when it is first opened;
		 * what comes from outside fails by DEFENSIVE (guard.c).
		 */
		if (strcmp(first, "sqlite_master") == 0)
			return SQLITE_OK;
		return change(warden, first);
	case SQLITE_INSERT:
	case SQLITE_DELETE:
		return change(warden, first);
	case SQLITE_PRAGMA:
		if (is_harmless(first, second))
			return SQLITE_OK;
		return refuse(warden, first, "no PRAGMA but those that look");
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
		return refuse(
		    warden, first, "all statements are one transaction");
	case SQLITE_ATTACH:
	case SQLITE_DETACH:
		return refuse(warden, "ATTACH", "this is one tenant's file");
	default:
		return refuse(warden, first != NULL ? first : "this",
		    "the schema is changed by migrations alone");
	}
}

/* --- what is printed ------------------------------------------------------------- */

static void
put_blob(struct buf *out, const unsigned char *p, int n)
{
	buf_puts(out, "x'");
	for (int i = 0; i < n; i++)
		buf_printf(out, "%02x", p[i]);
	buf_putc(out, '\'');
}

/* A terminal obeys control characters, and tenants write what they like. */
static void
put_plain(struct buf *out, struct str s)
{
	uint32_t c;
	size_t n;

	for (size_t i = 0; i < s.n; i += n) {
		n = str_utf8_at(s, i, &c);
		if (n == 0)
			c = (unsigned char)s.p[i];
		if (c == '\t')
			buf_puts(out, "\\t");
		else if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == '\\')
			buf_puts(out, "\\\\");
		else if (n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0))
			buf_printf(out, "\\x%02x", (unsigned)c);
		else
			buf_put(out, s.p + i, n);
		if (n == 0)
			n = 1;
	}
}

static struct str
text_of(sqlite3_stmt *stmt, int column)
{
	const char *p = (const char *)sqlite3_column_text(stmt, column);

	return str_make(
	    p != NULL ? p : "", (size_t)sqlite3_column_bytes(stmt, column));
}

static void
put_value(struct buf *out, sqlite3_stmt *stmt, int column, int json)
{
	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_NULL:
		buf_puts(out, json ? "null" : "\\N");
		return;
	case SQLITE_INTEGER:
		json_put_i64(out, sqlite3_column_int64(stmt, column));
		return;
	case SQLITE_FLOAT:
		json_put_double(out, sqlite3_column_double(stmt, column));
		return;
	case SQLITE_BLOB:
		if (json)
			buf_putc(out, '"');
		put_blob(out, sqlite3_column_blob(stmt, column),
		    sqlite3_column_bytes(stmt, column));
		if (json)
			buf_putc(out, '"');
		return;
	default:
		if (json)
			json_put_string(out, text_of(stmt, column));
		else
			put_plain(out, text_of(stmt, column));
	}
}

static void
put_row(struct buf *out, sqlite3_stmt *stmt, int json)
{
	int n = sqlite3_column_count(stmt);

	if (json)
		buf_putc(out, '[');
	for (int i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(out, json ? ',' : '\t');
		put_value(out, stmt, i, json);
	}
	buf_puts(out, json ? "]" : "\n");
}

static void
put_names(struct buf *out, sqlite3_stmt *stmt, int json)
{
	int n = sqlite3_column_count(stmt);

	if (json)
		buf_puts(out, "{\"columns\":[");
	for (int i = 0; i < n; i++) {
		struct str name = str_of(sqlite3_column_name(stmt, i));

		if (i > 0)
			buf_putc(out, json ? ',' : '\t');
		if (json)
			json_put_string(out, name);
		else
			put_plain(out, name);
	}
	if (json)
		buf_puts(out, "],\"rows\":[");
	else if (n > 0)
		buf_putc(out, '\n');
}

/* --- statements ------------------------------------------------------------------- */

static int
step_all(struct db *db, sqlite3_stmt *stmt, const struct shell_opts *opts,
    struct buf *out, struct err *err)
{
	int changes, rows = 0, rc;

	put_names(out, stmt, opts->json);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && !out->full) {
		if (rows++ > 0 && opts->json)
			buf_putc(out, ',');
		put_row(out, stmt, opts->json);
	}
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return db_err(db, err, "SQL");
	changes =
	    sqlite3_stmt_readonly(stmt) ? 0 : sqlite3_changes(db_handle(db));
	if (opts->json) {
		buf_puts(out, "],\"changes\":");
		json_put_i64(out, changes);
		buf_puts(out, "}\n");
	}
	return buf_check(out, "the answer", err);
}

static int
explain(struct db *db, struct warden *warden, int rc, struct err *err)
{
	if (warden->reason[0] != '\0')
		return err_set(err, ERR_DENIED, "%s", warden->reason);
	db_err(db, err, "SQL");
	if (rc == SQLITE_ERROR)
		err->code = ERR_INPUT;
	return -1;
}

static int
run(struct db *db, const char *sql, const struct shell_opts *opts,
    struct warden *warden, struct buf *out, struct err *err)
{
	const char *tail = sql;

	while (*tail != '\0') {
		sqlite3_stmt *stmt = NULL;
		int rc =
		    sqlite3_prepare_v2(db_handle(db), tail, -1, &stmt, &tail);

		if (rc != SQLITE_OK)
			return explain(db, warden, rc & 0xff, err);
		rc = stmt != NULL ? step_all(db, stmt, opts, out, err) : 0;
		(void)sqlite3_finalize(stmt);
		if (rc != 0)
			return -1;
	}
	return 0;
}

int
shell_run(struct db *db, struct str sql, const struct shell_opts *opts,
    struct buf *out, struct err *err)
{
	struct warden warden = { .write = opts->write };
	char *copy;
	int rc;

	if (memchr(sql.p, '\0', sql.n) != NULL)
		return err_set(err, ERR_INPUT, "SQL: a NUL stands in it");
	copy = strndup(sql.p, sql.n);
	if (copy == NULL)
		err_die("out of memory");
	(void)sqlite3_set_authorizer(db_handle(db), authorize, &warden);
	rc = run(db, copy, opts, &warden, out, err);
	(void)sqlite3_set_authorizer(db_handle(db), NULL, NULL);
	free(copy);
	return rc;
}
