#ifndef ROWHOUSE_TESTS_APP_CASES_H
#define ROWHOUSE_TESTS_APP_CASES_H

/* Application folders and what is wrong with them, for test_app.c. */

#define HEAD "-- X.\n-- access: member\n-- returns: many\n"

static const char schema[] =
    "CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT,\n"
    "  done INTEGER, owner TEXT REFERENCES _users (id));\n"
    "CREATE VIRTUAL TABLE words USING fts5(title);\n"
    "CREATE VIEW mails AS SELECT id, email FROM _users;\n";

/* In api/x/{id}/FILE.sql, after the schema above. */
static const struct {
	const char *method;
	const char *text;
	const char *complaints; /* without the file's name */
} files[] = {
	/* fine */
	{ "GET", HEAD "SELECT title FROM task WHERE id = :id", "" },
	{ "GET",
	    HEAD "-- json: list\n-- status: 203\n"
		 "SELECT json_array(:id) AS list",
	    "" },
	{ "GET",
	    "\n\n" HEAD "\n-- Prose: with a colon.\n--\n"
	    "SELECT :id AS a;\n-- the end",
	    "" },
	{ "GET",
	    "-- access: public\n-- returns: one\n"
	    "SELECT ':nothing', \"title\", [id], `done` -- :nor this\n"
	    "  /* nor :that */ FROM task WHERE id = :id",
	    "" },
	{ "GET",
	    "-- X.\r\n-- access: member\r\n-- returns: many\r\n"
	    "-- param: n integer default 3\r\n"
	    "SELECT :id AS a, :n AS b;\r\n",
	    "" },
	{ "GET",
	    HEAD "-- param: q text optional max 20 one of a b, c\n"
		 "SELECT title FROM words WHERE words MATCH :q AND :id",
	    "" },
	{ "GET",
	    HEAD "-- param: p json optional\n"
		 "SELECT value FROM json_each(:p) WHERE :id",
	    "" },
	{ "GET", HEAD "SELECT name FROM users WHERE id = :id", "" },
	{ "PATCH",
	    "-- X.\n-- access: owner\n-- returns: none\n"
	    "-- param: id integer min 1\n"
	    "-- param: title text optional min 1 max 9 default 'it''s'\n"
	    "UPDATE task SET title = iif(@has_title, :title, title),\n"
	    "owner = @user_id WHERE id = :id;;\n"
	    "INSERT INTO task (title) VALUES (@now || @new_id || @role\n"
	    "|| @tenant);",
	    "" },
	{ "GET",
	    HEAD "WITH mine (a) AS (SELECT :id), other AS NOT MATERIALIZED"
		 " (SELECT 1) SELECT * FROM mine, other",
	    "" },

	{ "GET",
	    HEAD "WITH \"my\"\"users\" AS (SELECT :id)"
		 " SELECT * FROM \"my\"\"users\"",
	    "" },

	/* the head */
	{ "GET", "SELECT :id AS a",
	    ":1: access: is missing: public, member, admin or owner\n"
	    ":1: returns: is missing: many, one or none\n" },
	{ "GET", "-- X.\n-- acess: member\n-- returns: many\nSELECT :id AS a",
	    ":2: there is no directive \"acess\": access, param, returns, "
	    "json, status\n"
	    ":1: access: is missing: public, member, admin or owner\n" },
	{ "GET",
	    "-- X.\n-- access: everybody\n-- returns: lots\n"
	    "SELECT :id AS a",
	    ":2: access: \"everybody\" is not one of public, member, admin, "
	    "owner\n"
	    ":3: returns: \"lots\" is not one of many, one, none\n" },
	{ "GET", "-- X.\n-- access: nobody\n-- returns: many\nSELECT :id AS a",
	    ":2: access: \"nobody\" is not one of public, member, admin, "
	    "owner\n" },
	{ "GET", HEAD "-- access: admin\n-- returns: one\nSELECT :id AS a",
	    ":4: access: stands in line 2 already\n"
	    ":5: returns: stands in line 3 already\n" },
	{ "GET", HEAD "-- status: 404\nSELECT :id AS a",
	    ":4: status: \"404\" is not a number from 200 to 299\n" },
	{ "GET", HEAD "-- status: ok\nSELECT :id AS a",
	    ":4: status: \"ok\" is not a number from 200 to 299\n" },
	{ "GET", HEAD "-- json:\nSELECT :id AS a",
	    ":4: json: names of columns are missing\n" },
	{ "GET", HEAD "-- json: a,,b\nSELECT :id AS a",
	    ":4: json: something is missing between commas\n" },
	{ "GET", HEAD "-- json: a, a\nSELECT :id AS a",
	    ":4: json: \"a\" twice\n" },
	{ "DELETE",
	    "-- X.\n-- access: member\n-- returns: none\n-- json: a\n"
	    "DELETE FROM task WHERE id = :id",
	    ":4: json: there are no columns where nothing is returned\n" },
	{ "GET", HEAD "SELECT :id AS a\n  -- access: admin\n",
	    ":5: access: must stand above the SQL\n" },
	{ "GET", HEAD, ":4: there is no SQL\n" },
	{ "GET", HEAD "-- only this\n ;; ", ":5: there is no SQL\n" },
	{ "GET", "",
	    ":1: access: is missing: public, member, admin or owner\n"
	    ":1: returns: is missing: many, one or none\n"
	    ":1: there is no SQL\n" },

	/* parameters */
	{ "GET", HEAD "-- param:\nSELECT :id AS a",
	    ":4: param: its name is missing\n" },
	{ "GET", HEAD "-- param: Limit integer\nSELECT :id AS a",
	    ":4: param: \"Limit\" is not a name: lower-case letters, digits "
	    "and _\n" },
	{ "GET", HEAD "-- param: n\nSELECT :id + :n AS a",
	    ":4: param n: its type is missing: text, integer, number, boolean "
	    "or json\n" },
	{ "GET", HEAD "-- param: n int\nSELECT :id + :n AS a",
	    ":4: param n: there is no type \"int\": text, integer, number, "
	    "boolean or json\n" },
	{ "GET",
	    HEAD "-- param: n integer\n-- param: n text\n"
		 "SELECT :id + :n AS a",
	    ":5: param n: declared in line 4 already\n" },
	{ "GET", HEAD "-- param: n integer maximum 3\nSELECT :id + :n AS a",
	    ":4: param n: \"maximum\" is not one of required, optional, "
	    "default, min, max, one of\n" },
	{ "GET", HEAD "-- param: n integer min 1 min 2\nSELECT :id + :n AS a",
	    ":4: param n: min twice\n" },
	{ "GET", HEAD "-- param: n integer min\nSELECT :id + :n AS a",
	    ":4: param n: min wants a number\n" },
	{ "GET", HEAD "-- param: n integer max many\nSELECT :id + :n AS a",
	    ":4: param n: max wants a number\n" },
	{ "GET", HEAD "-- param: n integer max inf\nSELECT :id + :n AS a",
	    ":4: param n: max wants a number\n" },
	{ "GET", HEAD "-- param: n integer min 1.5\nSELECT :id + :n AS a",
	    ":4: param n: min of an integer is an integer\n" },
	{ "GET", HEAD "-- param: n text min -1\nSELECT :id + :n AS a",
	    ":4: param n: min of a text is a number of characters\n" },
	{ "GET", HEAD "-- param: n boolean max 1\nSELECT :id + :n AS a",
	    ":4: param n: max is for text, integer and number\n" },
	{ "GET", HEAD "-- param: n integer min 5 max 1\nSELECT :id + :n AS a",
	    ":4: param n: min 5 is above max 1\n" },
	{ "GET", HEAD "-- param: n integer default\nSELECT :id + :n AS a",
	    ":4: param n: default wants a value\n" },
	{ "GET", HEAD "-- param: n integer default x\nSELECT :id + :n AS a",
	    ":4: param n: default x: Must be an integer.\n" },
	{ "GET",
	    HEAD "-- param: n integer default 9 max 5\n"
		 "SELECT :id + :n AS a",
	    ":4: param n: default 9: Must be no greater than 5.\n" },
	{ "GET",
	    HEAD "-- param: n text default x one of a, b\n"
		 "SELECT :id || :n AS a",
	    ":4: param n: default x: Must be one of a, b.\n" },
	{ "GET",
	    HEAD "-- param: n text default 'x max 3\n"
		 "SELECT :id || :n AS a",
	    ":4: param n: the default's second ' is missing\n" },
	{ "GET", HEAD "-- param: n boolean default yes\nSELECT :id + :n AS a",
	    ":4: param n: default yes: Must be true or false.\n" },
	{ "GET", HEAD "-- param: n json default {\nSELECT :id + :n AS a",
	    ":4: param n: default {: Must be JSON.\n" },
	{ "GET",
	    HEAD "-- param: n integer required optional\n"
		 "SELECT :id + :n AS a",
	    ":4: param n: it is either required or optional\n" },
	{ "GET",
	    HEAD "-- param: n integer required default 1\n"
		 "SELECT :id + :n AS a",
	    ":4: param n: what is required needs no default\n" },
	{ "GET", HEAD "-- param: id integer optional\nSELECT :id AS a",
	    ":4: param id: it stands in the path, so it is required\n" },
	{ "GET", HEAD "-- param: n text one\nSELECT :id || :n AS a",
	    ":4: param n: write one of a, b, c\n" },
	{ "GET", HEAD "-- param: n text one of a,, b\nSELECT :id || :n AS a",
	    ":4: param n: something is missing between commas\n" },
	{ "GET", HEAD "-- param: n integer one of 1, 2\nSELECT :id + :n AS a",
	    ":4: param n: one of is for text\n" },
	{ "GET", HEAD "-- param: n integer\nSELECT :id AS a",
	    ":4: param n is not used\n" },
	{ "GET", HEAD "SELECT 1 AS a -- :id",
	    ":1: {id} of the path is not used\n" },
	{ "GET", HEAD "-- param: id integer\nSELECT ':id' AS a",
	    ":4: param id is not used\n" },

	/* variables */
	{ "GET", HEAD "SELECT :id,\n  :limit AS a",
	    ":5: :limit is not declared: -- param: limit TYPE\n" },
	{ "GET", HEAD "SELECT :id, @user AS a",
	    ":4: there is no @user: @user_id, @role, @tenant, @now, @new_id, "
	    "or @has_ and the name of a param\n" },
	{ "GET", HEAD "SELECT :id, @has_limit AS a",
	    ":4: @has_limit: there is no param limit\n" },
	{ "GET", HEAD "SELECT :id, ? AS a",
	    ":4: \"?\" is no variable of an endpoint: write :name\n" },
	{ "GET", HEAD "SELECT :id, ?2 AS a",
	    ":4: \"?2\" is no variable of an endpoint: write :name\n" },
	{ "GET", HEAD "SELECT :id, $id AS a",
	    ":4: \"$id\" is no variable of an endpoint: write :name\n" },
	{ "GET", HEAD "SELECT :id, :id::x AS a",
	    ":4: \":id::x\" is no variable of an endpoint: write :name\n" },
	{ "GET", HEAD "SELECT :id, :ID AS a",
	    ":4: \":ID\" is no variable of an endpoint: write :name\n" },

	/* SQL, by its tokens */
	{ "GET", HEAD "SELECT :id,\n  'open",
	    ":5: what begins with ' does not end\n" },
	{ "GET", HEAD "SELECT :id /* open",
	    ":4: what begins with / does not end\n" },
	{ "GET",
	    HEAD "WITH users AS (SELECT * FROM _users)\n"
		 "SELECT password_hash, :id FROM users",
	    ":4: a common table expression cannot be named users, which is "
	    "Rowhouse's own\n" },
	{ "GET",
	    HEAD "WITH a AS (SELECT 1), \"Users\" (x, y) AS MATERIALIZED\n"
		 "(SELECT 1, 2) SELECT :id FROM a",
	    ":4: a common table expression cannot be named Users, which is "
	    "Rowhouse's own\n" },
	{ "GET",
	    HEAD "WITH a AS (\nWITH '_x' AS (SELECT :id) SELECT 1)\n"
		 "SELECT * FROM a",
	    ":5: a common table expression cannot be named _x, which is "
	    "Rowhouse's own\n" },

	/* SQL, by SQLite */
	{ "GET", HEAD "SELECT :id,\n  missing\n  FROM task",
	    ":5: no such column: missing\n" },
	{ "GET", HEAD "SELECT :id AS a;\n\nSELEKT 2;\nSELECT 3 AS b",
	    ":6: near \"SELEKT\": syntax error\n" },
	{ "GET", HEAD "SELECT :id FROM task\n WHERE (done = 1",
	    ":4: incomplete input\n" },
	{ "GET", HEAD "SELECT :id AS a FROM tasks",
	    ":4: no such table: tasks\n" },
	{ "GET", HEAD "SELECT :id AS a, no_such_thing(1) AS b",
	    ":4: no such function: no_such_thing\n" },
	{ "GET", HEAD "SELECT :id,\n  sqlite_version() AS v",
	    ":5: the function sqlite_version() may not be called\n" },
	{ "GET", HEAD "SELECT email FROM _users WHERE id = :id",
	    ":4: the system column _users.email may not be read\n" },
	{ "GET", HEAD "SELECT email FROM mails WHERE id = :id",
	    ":4: the system column _users.email may not be read\n" },
	{ "POST", HEAD "BEGIN;\nSELECT :id AS a",
	    ":4: a transaction of its own is not allowed here\n" },
	{ "POST", HEAD "CREATE TABLE t (a);\nSELECT :id AS a",
	    ":4: a change of the schema is not allowed here\n" },
	{ "GET", HEAD "EXPLAIN SELECT :id AS a FROM task",
	    ":4: EXPLAIN shows the database's inside to clients\n" },
	{ "GET",
	    "-- X.\n-- access: member\n-- returns: one\n"
	    "DELETE FROM task WHERE id = :id RETURNING id",
	    ":4: a GET only reads, and this writes\n" },
	{ "POST", HEAD "UPDATE task SET done = 1 WHERE id = :id",
	    ":4: returns: many, but the last statement gives no rows\n" },
	{ "POST",
	    "-- X.\n-- access: member\n-- returns: one\n"
	    "SELECT 1; DELETE FROM task WHERE id = :id",
	    ":4: returns: one, but the last statement gives no rows\n" },
	{ "GET", HEAD "SELECT a.id, b.id FROM task a, task b WHERE a.id = :id",
	    ":4: two columns are named id: give one another name with AS\n" },
	{ "GET", HEAD "-- json: list\nSELECT :id AS a",
	    ":4: json: the answer has no column list\n" },
	{ "GET",
	    HEAD "-- param: a text optional\n-- param: b text optional\n"
		 "SELECT missing, :a, :b, :id",
	    ":6: no such column: missing\n" },
};

/* --- folders ------------------------------------------------------------- */

#define OK_TEXT HEAD "SELECT 1 AS a"
#define OK_ID   HEAD "SELECT :id AS a"

static const struct {
	struct {
		const char *name;
		const char *text;
	} file[4];
	const char *complaints;
} folders[] = {
	{ { { "app/README.md", "x" } }, "" },
	{ { { "app/api/x/.GET.sql.swp", "x" },
	      { "app/api/x/GET.sql", OK_TEXT } },
	    "" },
	{ { { "app/api/x/GETS.sql", OK_TEXT } },
	    "app/api/x/GETS.sql: is not an endpoint: GET.sql, POST.sql, "
	    "PUT.sql, PATCH.sql or DELETE.sql\n" },
	{ { { "app/api/x/get.sql", OK_TEXT } },
	    "app/api/x/get.sql: is not an endpoint: GET.sql, POST.sql, "
	    "PUT.sql, PATCH.sql or DELETE.sql\n" },
	{ { { "app/api/x/GET", OK_TEXT } },
	    "app/api/x/GET: is not an endpoint: GET.sql, POST.sql, PUT.sql, "
	    "PATCH.sql or DELETE.sql\n" },
	{ { { "app/api/Tasks/GET.sql", OK_TEXT } },
	    "app/api/Tasks: a folder is named in lower-case letters, digits, "
	    "- and _, or {name}\n" },
	{ { { "app/api/a b/GET.sql", OK_TEXT } },
	    "app/api/a b: a folder is named in lower-case letters, digits, "
	    "- and _, or {name}\n" },
	{ { { "app/api/{id/GET.sql", OK_TEXT } },
	    "app/api/{id: a folder is named in lower-case letters, digits, "
	    "- and _, or {name}\n" },
	{ { { "app/api/x/{Id}/GET.sql", OK_TEXT } },
	    "app/api/x/{Id}: {Id}: a parameter is named in lower-case letters, "
	    "digits and _\n" },
	{ { { "app/api/x/{}/GET.sql", OK_TEXT } },
	    "app/api/x/{}: {}: a parameter is named in lower-case letters, "
	    "digits and _\n" },
	{ { { "app/api/{id}/x/{id}/GET.sql", OK_ID } },
	    "app/api/{id}/x/{id}: {id} stands in the path twice\n" },
	{ { { "app/api/x/{a}/GET.sql", HEAD "SELECT :a AS a" },
	      { "app/api/x/{b}/POST.sql", HEAD "SELECT :b AS a" } },
	    "app/api/x/{b}: stands beside {a}, which matches the same "
	    "paths\n" },
	{ { { "app/api/x/{a}/y/GET.sql", HEAD "SELECT :a AS a" },
	      { "app/api/x/z/y/GET.sql", OK_TEXT } },
	    "" },
	{ { { "app/api/collections/GET.sql", OK_TEXT } },
	    "app/api/collections: /api/collections is Rowhouse's own\n" },
	{ { { "app/api/x/collections/GET.sql", OK_TEXT } }, "" },
	{ { { "app/api/a/b/c/d/e/f/g/h/i/j/k/l/GET.sql", OK_TEXT } },
	    "app/api/a/b/c/d/e/f/g/h/i/j/k/l: is too deep: 12 folders\n" },
	{ { { "app/api", "x" } }, "app/api: is not a folder\n" },

	{ { { "app/schema/0001_a.sql", "CREATE TABLE a (b)" },
	      { "app/schema/0002_b.sql", "CREATE TABLE b (c)" } },
	    "" },
	{ { { "app/schema/0002_b.sql", "CREATE TABLE b (c)" } },
	    "app/schema/0002_b.sql: migration 0001 is missing\n" },
	{ { { "app/schema/0001_a.sql", "" }, { "app/schema/0003_b.sql", "" } },
	    "app/schema/0003_b.sql: migration 0002 is missing\n" },
	{ { { "app/schema/0001_a.sql", "" }, { "app/schema/0001_b.sql", "" } },
	    "app/schema/0001_b.sql: there is a migration 0001 already\n" },
	{ { { "app/schema/0000_a.sql", "" } },
	    "app/schema/0000_a.sql: is not a migration: 0001_name.sql\n" },
	{ { { "app/schema/1_a.sql", "" } },
	    "app/schema/1_a.sql: is not a migration: 0001_name.sql\n" },
	{ { { "app/schema/0001-a.sql", "" } },
	    "app/schema/0001-a.sql: is not a migration: 0001_name.sql\n" },
	{ { { "app/schema/0001_.sql", "" } },
	    "app/schema/0001_.sql: is not a migration: 0001_name.sql\n" },
	{ { { "app/schema/notes.txt", "" } },
	    "app/schema/notes.txt: is not a migration: 0001_name.sql\n" },
	{ { { "app/schema/0001_a.sql", "CREATE TABLE a (b);\n\nCREATE x;" } },
	    "app/schema/0001_a.sql:3: SQL: near \"x\": syntax error\n" },
	{ { { "app/schema/0001_a.sql", "CREATE TABLE _x (b);" } },
	    "app/schema/0001_a.sql:1: this changes what is Rowhouse's own: "
	    "names that begin with _, and users\n" },

	{ { { "app/api/x/GET.sql", OK_TEXT "\n-- \xff" } },
	    "app/api/x/GET.sql:5: is not UTF-8\n" },
	{ { { "app/api/x/GET.sql", "\xef\xbb\xbf" OK_TEXT } },
	    "app/api/x/GET.sql:1: begins with a byte order mark: save it "
	    "without\n" },
	{ { { "app/schema/0001_a.sql", "-- a\n-- \xc0\x80" } },
	    "app/schema/0001_a.sql:2: is not UTF-8\n" },

	/* all of them, not the first */
	{ { { "app/api/x/GET.sql", HEAD "SELECT 1 AS a, :a" },
	      { "app/api/x/POST.sql", HEAD "SELECT 1 AS a, :b" },
	      { "app/api/y/GETS.sql", "" }, { "app/schema/x", "" } },
	    "app/schema/x: is not a migration: 0001_name.sql\n"
	    "app/api/x/GET.sql:4: :a is not declared: -- param: a TYPE\n"
	    "app/api/x/POST.sql:4: :b is not declared: -- param: b TYPE\n"
	    "app/api/y/GETS.sql: is not an endpoint: GET.sql, POST.sql, "
	    "PUT.sql, PATCH.sql or DELETE.sql\n" },
};

#endif
