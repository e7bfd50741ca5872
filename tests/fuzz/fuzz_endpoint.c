/*
 * Endpoint files, and SQL made of pieces: nothing crashes, every complaint names
 * the file, and in a file without one SQLite sees the statements that we see,
 * with variables that all stand for something.
 */
#include "tenants/app_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/base/file.h"
#include "tenants/call_bind.h"
#include "tenants/db.h"

static struct db *db;

static void
open_scratch(void)
{
	char dir[] = "/tmp/rowhouse-fuzz-XXXXXX", path[64];
	struct db_opts opts = { .path = path, .role = DB_SERVE, .create = 1 };
	struct err err = ERR_INIT;

	if (!mkdtemp(dir))
		abort();
	(void)snprintf(path, sizeof(path), "%s/db", dir);
	db = db_open(&opts, &err);
	if (!db ||
	    db_exec(db, "CREATE TABLE t (a, b, c); CREATE TABLE u (d, e)",
		&err) != 0 ||
	    file_remove_tree(dir, &err) != 0)
		abort();
}

/* It names the file and says something. */
static void
hear(const char *message, void *arg)
{
	size_t *n = arg;

	if (strncmp(message, "x.sql:", 6) != 0 || strlen(message) < 10)
		abort();
	++*n;
}

static void
check_variables(const struct app_endpoint *endpoint, sqlite3_stmt *stmt)
{
	int i;

	for (i = sqlite3_bind_parameter_count(stmt); i > 0; i--)
		if (!call_bind_known(
			endpoint, sqlite3_bind_parameter_name(stmt, i)))
			abort();
}

/*
 * SQLite's own way through the whole file, comments and all.  Where it gets to
 * the end, it must have seen the statements that we see.
 */
static void
compare(const struct app_endpoint *endpoint, struct str text)
{
	const char *at = text.p, *end = text.p + text.n;
	const struct app_statement *ours;
	sqlite3_stmt *stmt;
	size_t n = 0;

	db_guard(db, 1);
	while (at < end) {
		if (sqlite3_prepare_v2(db_handle(db), at, (int)(end - at),
			&stmt, &at) != SQLITE_OK)
			goto done;
		if (!stmt)
			continue;
		if (n == endpoint->n_statements)
			abort();
		ours = &endpoint->statements[n++];
		/* Behind the semicolon, and the blanks and comments before it. */
		if (at < ours->sql.p + ours->sql.n)
			abort();
		check_variables(endpoint, stmt);
		(void)sqlite3_finalize(stmt);
	}
	if (n != endpoint->n_statements)
		abort();
done:
	db_guard(db, 0);
}

static void
read_file(struct str text)
{
	static const struct str segments[] = { STR("api"), STR("{id}") };
	struct app_endpoint endpoint = { .file = "x.sql",
		.method = "POST",
		.path = "/api/{id}",
		.n_segments = 2,
		.segments = segments };
	struct err err = ERR_INIT;
	size_t n = 0;
	struct complaints complaints = { hear, &n, &err, 0 };
	struct arena *arena = arena_new(8 << 20);

	app_parse(&endpoint, text, arena, &complaints);
	if (n != complaints.n || (n == 0 && endpoint.n_statements == 0))
		abort();
	if (n == 0)
		compare(&endpoint, text);
	arena_free(arena);
}

static const char head[] = "-- X.\n-- access: member\n-- returns: many\n"
			   "-- param: a text optional\nSELECT :id, :a;\n";

/* Behind a head that is right. */
static void
read_sql(struct str sql)
{
	struct buf file;

	buf_init(&file, 1 << 20);
	buf_puts(&file, head);
	buf_str(&file, sql);
	read_file(buf_view(&file));
	buf_free(&file);
}

/* Each byte a piece of SQL, so that what is valid is not rare. */
static void
read_pieces(const uint8_t *data, size_t size)
{
	static const char *const pieces[] = { "SELECT 1 AS ", "SELECT ", "1",
		" AS ", "x", "'", "\"", "`", "[", "]", ";", "--", "\n", "/*",
		"*/", ":a", ":id", "@now", "@has_a", "?", "$a", "::", "(", ")",
		",", " ", "a", " FROM t ", "''", "x'00'", "users", "WITH ",
		"UNION ", "1.5e3", "||", "-", "->", "_" };
	struct buf sql;
	size_t i;

	buf_init(&sql, 1 << 16);
	for (i = 0; i < size; i++)
		buf_puts(
		    &sql, pieces[data[i] % (sizeof(pieces) / sizeof(*pieces))]);
	read_sql(buf_view(&sql));
	buf_free(&sql);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = { (const char *)data, size };

	if (!db)
		open_scratch();
	read_pieces(data, size);
	if (!str_utf8_ok(text) || memchr(data, 0, size))
		return 0;
	read_file(text);
	read_sql(text);
	return 0;
}
