/*
 * bare DIR: what SQLite alone takes for the statements that the benchmark sends
 * through the pool: same file, same pragmas, no server.  Two lines:
 *
 *	read OPERATIONS-PER-SECOND CPU-MICROSECONDS
 *	write OPERATIONS-PER-SECOND CPU-MICROSECONDS
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROWS    1000
#define SECONDS 3.0

static void
must(int ok, sqlite3 *db, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bare: %s: %s\n", what, sqlite3_errmsg(db));
	exit(1);
}

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
run(sqlite3 *db, sqlite3_stmt *const *statement, size_t n, const char *name)
{
	double wall = seconds(CLOCK_MONOTONIC);
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	double now = wall;
	long count = 0;
	size_t i;
	int rc;

	while (now - wall < SECONDS) {
		for (i = 0; i < n; i++) {
			if (sqlite3_bind_parameter_count(statement[i]) == 1)
				sqlite3_bind_int64(
				    statement[i], 1, count * 7919 % ROWS + 1);
			while ((rc = sqlite3_step(statement[i])) == SQLITE_ROW)
				must(sqlite3_column_text(statement[i], 1) !=
					 NULL,
				    db, "column");
			must(rc == SQLITE_DONE, db, "step");
			sqlite3_reset(statement[i]);
		}
		if (++count % 64 == 0)
			now = seconds(CLOCK_MONOTONIC);
	}
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("%s %.0f %.2f\n", name, (double)count / (now - wall),
	    cpu * 1e6 / (double)count);
}

int
main(int argc, char **argv)
{
	static const char *const sql[] = {
		"SELECT id, body FROM notes WHERE id = ?",
		"BEGIN IMMEDIATE",
		"INSERT INTO notes (body) VALUES ('note ' || ? || ': a line of "
		"text as long as a line of text is') RETURNING id, body",
		"COMMIT",
	};
	sqlite3_stmt *statement[4];
	sqlite3 *db;
	char path[4096];
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: bare DIR\n");
		return 2;
	}
	snprintf(path, sizeof path, "%s/bare.sqlite", argv[1]);
	must(sqlite3_open(path, &db) == SQLITE_OK, db, path);
	must(sqlite3_exec(db,
		 "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		 "PRAGMA cache_size = -20000; PRAGMA foreign_keys = ON;"
		 "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT "
		 "NULL)"
		 " STRICT;"
		 "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		 "FROM n"
		 " WHERE i < 1000) INSERT INTO notes (id, body) SELECT i,"
		 " 'note ' || i || ': a line of text as long as a line of text "
		 "is' FROM n",
		 NULL, NULL, NULL) == SQLITE_OK,
	    db, path);
	for (i = 0; i < 4; i++)
		must(sqlite3_prepare_v3(db, sql[i], -1,
			 SQLITE_PREPARE_PERSISTENT, &statement[i],
			 NULL) == SQLITE_OK,
		    db, sql[i]);
	run(db, statement, 1, "read");
	run(db, statement + 1, 3, "write");
	for (i = 0; i < 4; i++)
		sqlite3_finalize(statement[i]);
	return sqlite3_close(db) != SQLITE_OK;
}
