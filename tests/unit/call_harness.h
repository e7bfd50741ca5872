#ifndef ROWHOUSE_TESTS_CALL_HARNESS_H
#define ROWHOUSE_TESTS_CALL_HARNESS_H

/* An application made for the tests of calls, and calls of it. */

#include "tests/unit/call_house.h"

static const struct house_file files[] = {
	{ "schema/0001_x.sql",
	    "CREATE TABLE task (id INTEGER PRIMARY KEY,\n"
	    " title TEXT NOT NULL CONSTRAINT title CHECK (length(title) < "
	    "30),\n"
	    " code TEXT UNIQUE, size REAL CHECK (size < 100),\n"
	    " note TEXT CONSTRAINT note_len CHECK (length(note) < 9),\n"
	    " owner TEXT REFERENCES _users (id), UNIQUE (title, size));\n"
	    "CREATE TABLE must (a TEXT NOT NULL, b INTEGER) STRICT;\n"
	    "CREATE TABLE child (id INTEGER PRIMARY KEY, task INTEGER\n"
	    " REFERENCES task (id) DEFERRABLE INITIALLY DEFERRED);\n"
	    "CREATE TABLE kept (task INTEGER REFERENCES task (id)\n"
	    " ON DELETE RESTRICT);\n"
	    "CREATE TABLE big (x TEXT);\n"
	    "CREATE TABLE folded (name TEXT);\n"
	    "CREATE UNIQUE INDEX folded_name ON folded (lower(name));\n"
	    "CREATE VIRTUAL TABLE words USING fts5(body);\n"
	    "CREATE TABLE event (id INTEGER PRIMARY KEY, what TEXT);\n"
	    "CREATE TRIGGER task_bad BEFORE INSERT ON task\n"
	    " WHEN new.title = 'bad' BEGIN\n"
	    " SELECT RAISE(ABORT, 'no bad titles'); END;\n"
	    "CREATE TRIGGER task_stale BEFORE INSERT ON task\n"
	    " WHEN new.title = 'stale' BEGIN\n"
	    " SELECT RAISE(ROLLBACK, 'conflict: it is stale'); END;\n"
	    "CREATE TRIGGER task_event AFTER INSERT ON task BEGIN\n"
	    " INSERT INTO event (what) VALUES (new.title);\n"
	    " INSERT INTO words (body) VALUES (new.title); END;\n" },
#define PARAMS                                                                 \
	"-- param: t text optional min 2 max 4\n"                              \
	"-- param: i integer optional min -5 max 5\n"                          \
	"-- param: n number optional min 0.5 max 1.5\n"                        \
	"-- param: b boolean optional\n"                                       \
	"-- param: j json optional\n"                                          \
	"-- param: c text optional one of red, light blue\n"                   \
	"-- param: d integer default 7\n"
#define ECHO                                                                   \
	"SELECT :t AS t, :i AS i, :n AS n, typeof(:n) AS nt, :b AS b,"         \
	" :j AS j, :c AS c, :d AS d, @has_t AS ht, @has_d AS hd"
	{ "api/echo/GET.sql",
	    "-- access: public\n-- returns: one\n-- json: j\n" PARAMS ECHO },
	{ "api/echo/POST.sql",
	    "-- access: public\n-- returns: one\n-- json: j\n" PARAMS ECHO },
	{ "api/must/GET.sql",
	    "-- access: public\n-- returns: one\n-- param: a text\n"
	    "-- param: b integer required\nSELECT :a AS a, :b AS b" },
	{ "api/must/PUT.sql",
	    "-- access: public\n-- returns: none\n"
	    "-- param: a text optional\n-- param: b text optional\n"
	    "INSERT INTO must VALUES (:a, :b)" },
	{ "api/who/GET.sql",
	    "-- access: public\n-- returns: one\n"
	    "SELECT @user_id AS id, @role AS role, @tenant AS tenant,"
	    " @now GLOB '20*-*-* *:*:*.*Z' AND length(@now) = 24 AS now,"
	    " strftime('%Y', @now) > '2020' AS year,"
	    " @new_id = @new_id AND length(@new_id) = 15 AS same" },
	{ "api/m/GET.sql",
	    "-- access: member\n-- returns: one\nSELECT 1 AS a" },
	{ "api/a/GET.sql", "-- access: admin\n-- returns: one\nSELECT 1 AS a" },
	{ "api/o/GET.sql", "-- access: owner\n-- returns: one\nSELECT 1 AS a" },
	{ "api/task/GET.sql", "-- access: public\n-- returns: many\n"
			      "SELECT id, title FROM task ORDER BY id" },
	{ "api/task/POST.sql",
	    "-- access: public\n-- returns: one\n-- param: title text\n"
	    "-- param: code text optional\n-- param: size number optional\n"
	    "-- param: note text optional\n-- param: owner text optional\n"
	    "INSERT INTO task (title, code, size, note, owner)"
	    " VALUES (:title, :code, :size, :note, :owner)"
	    " RETURNING id, title" },
	{ "api/task/{id}/GET.sql",
	    "-- access: public\n-- returns: one\n-- param: id integer min 1\n"
	    "SELECT title FROM task WHERE id = :id" },
	{ "api/task/{id}/PATCH.sql",
	    "-- access: public\n-- returns: one\n-- param: id integer\n"
	    "-- param: title text optional\n"
	    "INSERT INTO event (what) VALUES ('touched');\n"
	    "UPDATE task SET title = iif(@has_title, :title, title)"
	    " WHERE id = :id RETURNING id, title" },
	{ "api/task/{id}/DELETE.sql",
	    "-- access: public\n-- returns: none\n-- param: id integer\n"
	    "-- param: why text optional\n"
	    "INSERT INTO event (what) VALUES (coalesce(:why, 'gone'));\n"
	    "DELETE FROM task WHERE id = :id RETURNING id" },
	{ "api/child/POST.sql",
	    "-- access: public\n-- returns: none\n-- param: task integer\n"
	    "INSERT INTO child (task) VALUES (:task)" },
	{ "api/folded/POST.sql",
	    "-- access: public\n-- returns: none\n-- param: name text\n"
	    "INSERT INTO folded VALUES (:name)" },
	{ "api/rows/GET.sql",
	    "-- access: public\n-- returns: many\n-- param: n integer\n"
	    "-- param: width integer default 1\n"
	    "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c"
	    " WHERE i < :n) SELECT printf('%.*c', :width, 'x') AS x FROM c" },
	{ "api/huge/GET.sql",
	    "-- access: public\n-- returns: one\n-- param: n integer\n"
	    "SELECT length(hex(zeroblob(:n))) AS n" },
	{ "api/two/GET.sql", "-- access: public\n-- returns: one\n"
			     "SELECT 1 AS a UNION ALL SELECT 2" },
	{ "api/twice/GET.sql",
	    "-- access: public\n-- returns: many\n"
	    "SELECT 1 AS a; SELECT count(*) AS n FROM task" },
	{ "api/types/GET.sql",
	    "-- access: public\n-- returns: one\n-- json: o, z\n"
	    "SELECT 9223372036854775807 AS max, -9223372036854775808 AS min,"
	    " 0.1 AS f, 1e300 * 1e300 AS inf, 5.0 AS whole, NULL AS nil,"
	    " 'a\"b' || char(10) || '\xc3\xa9' AS s,"
	    " CAST(x'41ff42' AS TEXT) AS bad, json_object('a', 1) AS o,"
	    " NULL AS z, 'q' AS \"a \"\"b\"" },
	{ "api/blob/GET.sql",
	    "-- access: public\n-- returns: one\nSELECT x'00' AS b" },
	{ "api/nojson/GET.sql",
	    "-- access: public\n-- returns: one\n-- json: j\n"
	    "SELECT '{\"a\":1}}' AS j" },
	{ "api/slow/GET.sql",
	    "-- access: public\n-- returns: one\n"
	    "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c)"
	    " SELECT count(*) AS n FROM c" },
	{ "api/slow/POST.sql",
	    "-- access: public\n-- returns: none\n"
	    "INSERT INTO event (what) VALUES ('slow');\n"
	    "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c)"
	    " INSERT INTO event (what) SELECT i FROM c" },
	{ "api/fill/POST.sql",
	    "-- access: public\n-- returns: none\n"
	    "INSERT INTO big WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL"
	    " SELECT i + 1 FROM c WHERE i < 200)"
	    " SELECT printf('%.*c', 4000, 'x') FROM c" },
	{ "api/search/GET.sql",
	    "-- access: public\n-- returns: many\n-- param: q text\n"
	    "SELECT body FROM words WHERE words MATCH :q" },
	{ "api/limit/GET.sql",
	    "-- access: public\n-- returns: many\n-- param: n text\n"
	    "SELECT id FROM task LIMIT :n" },
	{ "api/sum/GET.sql",
	    "-- access: public\n-- returns: one\n-- param: a integer\n"
	    "SELECT sum(x) AS s FROM (SELECT :a AS x UNION ALL SELECT :a)" },
	{ "api/noop/POST.sql", "-- access: public\n-- returns: none\n"
			       "DELETE FROM task WHERE id = -1" },
};

static struct house house;

struct result {
	int rc;
	int wrote;
	struct err err;
	char out[8192];
	char faults[2048];
};

static inline int
setup(void **state)
{
	(void)state;
	house_build(&house, files, N_OF(files));
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	house_raze(&house);
	return 0;
}

static inline size_t
split(const char *text, char separator, struct str *out, size_t max)
{
	struct str rest = str_of(text);
	size_t n = 0;

	while (text && n < max && str_next(&rest, separator, &out[n]))
		n++;
	return n;
}

/* "a=1&b=2" as pairs; nothing is encoded. */
static inline size_t
read_query(const char *text, struct call_pair *out, size_t max)
{
	struct str part[16];
	size_t i, n = split(text, '&', part, max), at;

	for (i = 0; i < n; i++) {
		at = str_find(part[i], '=', 0);
		out[i].name = str_sub(part[i], 0, at);
		out[i].value = str_sub(part[i], at + 1, part[i].n);
	}
	return n;
}

static inline struct result
call(struct caller caller, const char *method, const char *path,
    const char *query, const char *body)
{
	struct result result = { .err = ERR_INIT };
	struct str segments[16], values[APP_PATH_MAX];
	struct call_pair pairs[16];
	struct call what = {
		.caller = caller, .path_values = values, .query = pairs
	};
	struct faults faults = { 0 };
	const char *allow;
	struct buf out;

	arena_reset(house.env.arena);
	what.endpoint = app_route(house.app, str_of(method), segments,
	    split(path, '/', segments, 16), house.env.arena, values, &allow);
	if (!what.endpoint)
		fail_msg("no route: %s %s", method, path);
	what.n_query = read_query(query, pairs, 16);
	if (body && json_parse(str_of(body), JSON_LIMITS_DEFAULT,
			house.env.arena, &what.body, &result.err) != 0)
		fail_msg("%s", result.err.msg);
	house_tenant(&house);
	buf_init(&out, (size_t)house.config.response_max);
	result.rc = call_run(&house.env, house.tenant, &what, &out,
	    &result.wrote, &faults, &result.err);
	if (result.rc == 0) {
		assert_true(out.n < sizeof(result.out));
		memcpy(result.out, out.p ? out.p : "", out.n);
	}
	house_faults(&faults, result.faults, sizeof(result.faults));
	buf_free(&out);
	/* Whatever happened, nothing of it is left standing. */
	house_tenant(&house);
	assert_true(sqlite3_get_autocommit(db_handle(house.tenant->db)));
	house_int(&house, "SELECT count(*) FROM _users");
	return result;
}

static const struct caller guest = { .role = APP_PUBLIC };

static inline struct result
get(const char *path, const char *query)
{
	return call(guest, "GET", path, query, NULL);
}

static inline struct result
post(const char *path, const char *body)
{
	return call(guest, "POST", path, NULL, body);
}

#define assert_done(got, text)                                                 \
	do {                                                                   \
		struct result r_ = (got);                                      \
		if (r_.rc != 0)                                                \
			fail_msg("%s\n%s", r_.err.msg, r_.faults);             \
		assert_string_equal(r_.out, (text));                           \
	} while (0)

#define assert_fails(got, want, message, fields)                               \
	do {                                                                   \
		struct result r_ = (got);                                      \
		assert_int_equal(r_.rc, -1);                                   \
		assert_string_equal(r_.faults, (fields));                      \
		assert_err(&r_.err, (want), (message));                        \
		assert_int_equal(r_.wrote, 0);                                 \
	} while (0)

#define WRONG "the request's parameters are not right"

#endif
