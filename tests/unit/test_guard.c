#include "tenants/guard.h"

#include "tenants/db.h"
#include "tests/unit/scratch.h"

static const char schema[] =
    "CREATE TABLE _users (id TEXT PRIMARY KEY, name, role, email,"
    " password_hash);"
    "CREATE TABLE _meta (key, value);"
    "INSERT INTO _users VALUES ('u1', 'Ada', 'member', 'ada@x', 'secret');"
    "CREATE VIEW users AS SELECT id, name, role FROM _users;"
    "CREATE VIEW team AS SELECT id, name FROM users;"
    "CREATE VIEW leak AS SELECT id, email FROM _users;"
    "CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, title,"
    " owner REFERENCES _users (id) ON DELETE CASCADE);"
    "CREATE TABLE log (at, what);"
    "CREATE TRIGGER item_log AFTER INSERT ON item BEGIN"
    " INSERT INTO log VALUES (new.id, (SELECT name FROM users"
    " WHERE id = new.owner)); END;"
    "CREATE TRIGGER item_bad AFTER UPDATE OF owner ON item BEGIN"
    " UPDATE _users SET role = 'owner' WHERE id = new.owner; END;"
    "CREATE TRIGGER users AFTER DELETE ON log BEGIN"
    " INSERT INTO log SELECT 1, email FROM _users; END;"
    "CREATE TABLE doc (id INTEGER PRIMARY KEY, body);"
    "CREATE VIRTUAL TABLE doc_text USING fts5(body, content = 'doc',"
    " content_rowid = 'id');"
    "CREATE TRIGGER doc_insert AFTER INSERT ON doc BEGIN"
    " INSERT INTO doc_text (rowid, body) VALUES (new.id, new.body); END;"
    "CREATE TRIGGER doc_delete AFTER DELETE ON doc BEGIN"
    " INSERT INTO doc_text (doc_text, rowid, body)"
    " VALUES ('delete', old.id, old.body); END;"
    "CREATE VIRTUAL TABLE own_text USING fts5(body);"
    "INSERT INTO own_text VALUES ('red green');";

static struct scratch scratch;
static struct db *db;

static struct db *
open_db(int create)
{
	const struct db_opts opts = { .path = scratch_path(&scratch, "db"),
		.role = DB_SERVE,
		.create = create };
	struct err err = ERR_INIT;
	struct db *opened = db_open(&opts, &err);

	if (!opened)
		fail_msg("%s", err.msg);
	return opened;
}

static int
setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	scratch_make(&scratch);
	db = open_db(1);
	assert_int_equal(db_exec(db, schema, &err), 0);
	/* Anew, so that FTS5 and json_each are first opened under the guard. */
	db_close(db);
	db = open_db(0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	db_close(db);
	scratch_remove(&scratch);
	return 0;
}

/* SQLite's code, after every row was stepped over. */
static int
run(const char *sql)
{
	sqlite3_stmt *stmt;
	int rc;

	rc = sqlite3_prepare_v2(db_handle(db), sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK) {
		do {
			rc = sqlite3_step(stmt);
		} while (rc == SQLITE_ROW);
		assert_int_equal(
		    sqlite3_finalize(stmt), rc == SQLITE_DONE ? SQLITE_OK : rc);
	}
	return rc;
}

static void
allows(void **state)
{
	static const char *const sql[] = {
		/* each in the state that those before left */
		"SELECT value FROM json_each('[1,2]')",
		"SELECT key, value ->> '$.a' FROM json_tree('[{\"a\":1}]')",
		"SELECT rowid FROM own_text WHERE own_text MATCH 'red'",
		"INSERT INTO doc VALUES (1, 'blue yellow')",
		"SELECT rank, bm25(doc_text), highlight(doc_text, 0, '[', ']'),"
		" snippet(doc_text, 0, '[', ']', '…', 5) FROM doc_text"
		" WHERE doc_text MATCH 'blue' ORDER BY rank",
		"INSERT INTO doc_text (doc_text) VALUES ('rebuild')",
		"INSERT INTO doc_text (doc_text) VALUES ('optimize')",
		"INSERT INTO doc_text (doc_text) VALUES ('integrity-check')",
		"SELECT * FROM doc_text('yell*')",
		"DELETE FROM doc",
		"UPDATE own_text SET body = 'grey'",
		"DELETE FROM own_text",
		"PRAGMA data_version",
		"INSERT INTO item (title, owner) VALUES ('a', 'u1')"
		" RETURNING id, title",
		"INSERT INTO item (id, title) VALUES (1, 'b')"
		" ON CONFLICT (id) DO UPDATE SET title = excluded.title",
		"REPLACE INTO item (id, title) VALUES (7, 'c')",
		"UPDATE item SET title = 'd' WHERE id = 7",
		"DELETE FROM item WHERE id = 7",
		"SELECT * FROM users",
		"SELECT count(*) FROM users",
		"SELECT u.name, i.title FROM item i JOIN USERS u"
		" ON u.id = i.owner",
		"SELECT * FROM team",
		"SELECT id FROM _users",
		"SELECT count(*) FROM _users",
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
		" FROM n WHERE i < 9) SELECT sum(i) OVER () FROM n",
		"SELECT datetime('now'), printf('%d', 1), abs(-1), round(1.5)",
		"SELECT LOWER('A'), iif(1, 2, 3), json_group_array(id)"
		" FROM item",
		"SELECT title LIKE 'a%', title GLOB 'a*' FROM item",
		"SELECT CURRENT_TIMESTAMP",
		/* It gains nothing by the name: no column but the view's. */
		"WITH users AS (SELECT id, name, role FROM _users)"
		" SELECT * FROM users",
	};
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < N_OF(sql); i++) {
		db_guard(db, 1);
		rc = run(sql[i]);
		if (rc != SQLITE_DONE || db_guard_reason(db)[0])
			fail_msg("%s: %s (%s)", sql[i],
			    sqlite3_errmsg(db_handle(db)), db_guard_reason(db));
		db_guard(db, 0);
	}
}

#define COLUMN(name)    "the system column " name " may not be read"
#define UNREAD(name)    "the system table " name " may not be read"
#define UNWRITTEN(name) "the system table " name " may not be written"
#define FUNCTION(name)  "the function " name "() may not be called"
#define PRAGMA(name)    "PRAGMA " name " may not be used"
#define SCHEMA          "a change of the schema is not allowed here"
#define TRANSACTION     "a transaction of its own is not allowed here"
#define SAVEPOINT       "a savepoint is not allowed here"
#define HASH            COLUMN("_users.password_hash")
#define EMAIL           COLUMN("_users.email")

static const struct {
	const char *sql;
	const char *reason;
} refused[] = {
	/* users, whatever the dress */
	{ "SELECT email FROM _users", EMAIL },
	{ "SELECT name FROM _users", COLUMN("_users.name") },
	{ "SELECT rowid FROM _users", COLUMN("_users.ROWID") },
	{ "SELECT * FROM \"_USERS\"", COLUMN("_users.name") },
	{ "SELECT * FROM leak", EMAIL },
	{ "WITH users AS (SELECT * FROM _users) SELECT password_hash FROM "
	  "users",
	    EMAIL },
	{ "WITH users AS (SELECT password_hash AS name FROM _users)"
	  " SELECT name FROM users",
	    HASH },
	{ "WITH users AS (SELECT id FROM _users WHERE password_hash > 'm')"
	  " SELECT * FROM users",
	    HASH },
	{ "SELECT (SELECT password_hash FROM _users) FROM users", HASH },
	{ "SELECT x.email FROM users u JOIN _users x ON x.id = u.id", EMAIL },
	{ "SELECT * FROM (SELECT email FROM _users) AS users", EMAIL },
	{ "SELECT id FROM _users ORDER BY email", EMAIL },
	{ "SELECT id FROM _users GROUP BY password_hash", HASH },
	{ "SELECT EXISTS (SELECT 1 FROM _users WHERE email LIKE 'a%')", EMAIL },
	{ "UPDATE item SET title = (SELECT email FROM _users)", EMAIL },
	{ "UPDATE item SET title = u.email FROM _users u", EMAIL },
	{ "INSERT INTO item (title) SELECT password_hash FROM _users", HASH },
	/* through a trigger that is called as the view is */
	{ "DELETE FROM log", EMAIL },
	/* system tables written, by a trigger too */
	{ "INSERT INTO _users (id) VALUES ('x')", UNWRITTEN("_users") },
	{ "UPDATE _users SET id = 'x'", UNWRITTEN("_users") },
	{ "DELETE FROM _users", UNWRITTEN("_users") },
	{ "UPDATE item SET owner = 'u1'", UNWRITTEN("_users") },
	{ "DELETE FROM _meta", UNWRITTEN("_meta") },
	{ "SELECT value FROM _meta", COLUMN("_meta.value") },
	{ "SELECT count(*) FROM _meta", UNREAD("_meta") },
	/* SQLite's own */
	{ "SELECT sql FROM sqlite_schema", COLUMN("sqlite_master.sql") },
	{ "SELECT rowid FROM sqlite_master", COLUMN("sqlite_master.ROWID") },
	{ "SELECT count(*) FROM sqlite_master", UNREAD("sqlite_master") },
	{ "SELECT * FROM sqlite_sequence", COLUMN("sqlite_sequence.name") },
	{ "DELETE FROM sqlite_sequence", UNWRITTEN("sqlite_sequence") },
	{ "SELECT * FROM pragma_table_info('_users')",
	    COLUMN("pragma_table_info.cid") },
	{ "SELECT 1 FROM pragma_table_info('_users')",
	    UNREAD("pragma_table_info") },
	{ "SELECT * FROM dbstat", COLUMN("dbstat.name") },
	{ "SELECT * FROM sqlite_stmt", COLUMN("sqlite_stmt.sql") },
	{ "SELECT * FROM fts3tokenize", COLUMN("fts3tokenize.input") },
	{ "SELECT * FROM sqlite_temp_master",
	    "the database temp may not be used" },
	/* what reaches out, or ends what is not its own */
	{ "ATTACH 'x.db' AS x", "ATTACH is not allowed here" },
	{ "DETACH main", "DETACH is not allowed here" },
	{ "VACUUM", "ATTACH is not allowed here" },
	{ "VACUUM INTO 'x.db'", "ATTACH is not allowed here" },
	{ "BEGIN", TRANSACTION },
	{ "COMMIT", TRANSACTION },
	{ "ROLLBACK", TRANSACTION },
	{ "SAVEPOINT a", SAVEPOINT },
	{ "RELEASE a", SAVEPOINT },
	{ "PRAGMA foreign_keys = OFF", PRAGMA("foreign_keys") },
	{ "PRAGMA foreign_keys", PRAGMA("foreign_keys") },
	{ "PRAGMA data_version = 1", PRAGMA("data_version") },
	{ "PRAGMA user_version", PRAGMA("user_version") },
	{ "PRAGMA wal_checkpoint", PRAGMA("wal_checkpoint") },
	{ "ANALYZE", SCHEMA },
	{ "REINDEX", "REINDEX is not allowed here" },
	{ "CREATE TABLE x (a)", SCHEMA },
	{ "CREATE TEMP TABLE x (a)", "the database temp may not be used" },
	{ "CREATE VIEW x AS SELECT 1", SCHEMA },
	{ "CREATE INDEX x ON item (title)", SCHEMA },
	{ "CREATE TRIGGER x AFTER INSERT ON item BEGIN SELECT 1; END", SCHEMA },
	{ "CREATE VIRTUAL TABLE x USING fts5(a)", SCHEMA },
	{ "DROP TABLE item", SCHEMA },
	{ "DROP TABLE doc_text", SCHEMA },
	{ "DROP VIEW users", SCHEMA },
	{ "ALTER TABLE item ADD COLUMN x", SCHEMA },
	{ "ALTER TABLE item RENAME TO x", SCHEMA },
	/* functions */
	{ "SELECT load_extension('x')", FUNCTION("load_extension") },
	{ "SELECT fts3_tokenizer('simple')", FUNCTION("fts3_tokenizer") },
	{ "SELECT sqlite_version()", FUNCTION("sqlite_version") },
	{ "SELECT sqlite_compileoption_get(1)",
	    FUNCTION("sqlite_compileoption_get") },
	{ "SELECT sqlite_log(1, 'x')", FUNCTION("sqlite_log") },
	{ "SELECT fts5('x')", FUNCTION("fts5") },
	{ "SELECT soundex('x')", FUNCTION("soundex") },
};

static void
refuses(void **state)
{
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < N_OF(refused); i++) {
		db_guard(db, 1);
		rc = run(refused[i].sql);
		if (rc == SQLITE_DONE)
			fail_msg("allowed: %s", refused[i].sql);
		if (strcmp(db_guard_reason(db), refused[i].reason) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", refused[i].sql,
			    db_guard_reason(db), refused[i].reason);
		db_guard(db, 0);
		assert_string_equal(db_guard_reason(db), refused[i].reason);
	}
}

/* What the authorizer lets pass and DEFENSIVE does not. */
static void
leaves_to_defensive(void **state)
{
	static const char *const sql[] = {
		"UPDATE sqlite_master SET sql = ''",
		"DELETE FROM doc_text_data",
		"INSERT INTO own_text_content (id, c0) VALUES (9, 'x')",
	};
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(sql); i++) {
		db_guard(db, 1);
		assert_int_equal(run(sql[i]), SQLITE_ERROR);
		assert_non_null(strstr(
		    sqlite3_errmsg(db_handle(db)), "may not be modified"));
		db_guard(db, 0);
	}
}

/* Off, it is in nobody's way; switching prepares nothing anew. */
static void
is_a_switch(void **state)
{
	sqlite3_stmt *stmt;
	int i;

	(void)state;
	assert_int_equal(run("SELECT email FROM _users"), SQLITE_DONE);
	assert_int_equal(sqlite3_prepare_v2(db_handle(db),
			     "SELECT title FROM item", -1, &stmt, NULL),
	    SQLITE_OK);
	for (i = 0; i < 3; i++) {
		db_guard(db, i % 2);
		while (sqlite3_step(stmt) == SQLITE_ROW)
			;
		assert_int_equal(sqlite3_reset(stmt), SQLITE_OK);
	}
	assert_int_equal(
	    sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_REPREPARE, 0), 0);
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	db_guard(db, 0);
}

/* A change of the schema has a statement prepared anew, under the guard. */
static void
holds_when_prepared_anew(void **state)
{
	struct err err = ERR_INIT;
	sqlite3_stmt *stmt;

	(void)state;
	assert_int_equal(
	    db_exec(db, "CREATE VIEW shown AS SELECT id FROM _users", &err), 0);
	db_guard(db, 1);
	assert_int_equal(sqlite3_prepare_v2(db_handle(db),
			     "SELECT * FROM shown", -1, &stmt, NULL),
	    SQLITE_OK);
	db_guard(db, 0);
	assert_int_equal(db_exec(db,
			     "DROP VIEW shown;"
			     "CREATE VIEW shown AS SELECT email FROM _users",
			     &err),
	    0);
	db_guard(db, 1);
	assert_int_equal(sqlite3_step(stmt), SQLITE_AUTH);
	assert_string_equal(db_guard_reason(db), EMAIL);
	(void)sqlite3_finalize(stmt);
	db_guard(db, 0);
}

static void
knows_its_names(void **state)
{
	static const struct {
		const char *name;
		int reserved;
	} names[] = {
		{ "_users", 1 },
		{ "_", 1 },
		{ "users", 1 },
		{ "USERS", 1 },
		{ "sqlite_x", 1 },
		{ "SQLite_x", 1 },
		{ "sqlite", 0 },
		{ "user", 0 },
		{ "users_", 0 },
		{ "", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(names); i++)
		if (guard_reserved(str_of(names[i].name)) != names[i].reserved)
			fail_msg("%s", names[i].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allows),
		cmocka_unit_test(refuses),
		cmocka_unit_test(leaves_to_defensive),
		cmocka_unit_test(is_a_switch),
		cmocka_unit_test(holds_when_prepared_anew),
		cmocka_unit_test(knows_its_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
