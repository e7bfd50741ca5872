#include "tenants/migrate.h"

#include "tenants/system_schema.h"
#include "tests/unit/house.h"

static struct db *db;
static struct app_migration list[8];
static struct app app = { .migrations = list };

static struct db *
open_as(enum db_role role, int create)
{
	struct db_opts opts = { .path = house_path("db.sqlite"),
		.role = role,
		.create = create,
		.busy_ms = 5000 };
	struct db *out = db_open(&opts, &house.err);

	HAVE(out);
	return out;
}

static int
enter(void **state)
{
	if (house_enter(state) != 0)
		return -1;
	db = open_as(DB_SERVE, 1);
	app.n_migrations = 0;
	return 0;
}

static int
leave(void **state)
{
	db_close(db);
	return house_leave(state);
}

#define here(f) cmocka_unit_test_setup_teardown(f, enter, leave)

/* The next migration of the application. */
static void
migration(const char *sql)
{
	static char file[8][40];
	size_t n = app.n_migrations++;

	snprintf(file[n], sizeof(file[n]), "app/schema/%04zu_x.sql", n + 1);
	list[n] = (struct app_migration){ .number = (int)n + 1,
		.name = file[n] + strlen("app/schema/"),
		.file = file[n],
		.sql = str_of(sql) };
}

static int
up(void)
{
	return migrate_up(db, &app, "acme", "abcdefghijklmno", &house.err);
}

static int64_t
number(const char *sql)
{
	int64_t n;

	OK(db_int(db, sql, &n, &house.err));
	return n;
}

static int
pending(void)
{
	int n;

	OK(migrate_pending(db, &app, &n, &house.err));
	return n;
}

static int64_t
own_version(void)
{
	return number("SELECT CAST(value AS INTEGER) FROM _meta"
		      " WHERE key = 'system_schema'");
}

static void
from_nothing_to_the_newest(void **state)
{
	(void)state;
	migration("CREATE TABLE a (x);\nINSERT INTO a VALUES (1);");
	migration("");
	migration("-- nothing but a comment\n/* and another */;;\n");
	migration("CREATE TRIGGER t AFTER INSERT ON a BEGIN\n"
		  "  UPDATE a SET x = x + 1; -- ; END\nEND;\n"
		  "INSERT INTO a VALUES (10)");
	assert_int_equal(pending(), SYSTEM_SCHEMA + 4);
	OK(up());
	assert_int_equal(pending(), 0);
	assert_int_equal(number("SELECT sum(x) FROM a"), 13);
	assert_int_equal(number("PRAGMA user_version"), 4);
	assert_int_equal(number("SELECT count(*) FROM _migrations"), 4);
	assert_int_equal(
	    number("SELECT count(*) FROM _migrations WHERE number = 4 AND "
		   "name = '0004_x.sql' AND length(digest) = 64 AND applied "
		   "LIKE '20__-__-__T%Z'"),
	    1);
	assert_int_equal(number("SELECT count(*) FROM _meta WHERE (key, value)"
				" IN (VALUES ('slug', 'acme'), ('uid', "
				"'abcdefghijklmno'))"),
	    2);
	assert_int_equal(own_version(), SYSTEM_SCHEMA);
	assert_int_equal(number("SELECT count(*) FROM users"), 0);
	OK(up());
	assert_int_equal(number("SELECT sum(x) FROM a"), 13);

	migration("INSERT INTO a VALUES (100);");
	assert_int_equal(pending(), 1);
	OK(up());
	assert_int_equal(number("SELECT sum(x) FROM a"), 116);
}

/* A file as an older release of ours left it, with rows in it. */
static void
of_version(int version)
{
	char sql[100];
	int i;

	for (i = 1; i <= version; i++)
		OK(db_exec(db, system_schema_step(i), &house.err));
	OK(db_exec(db,
	    "INSERT INTO _meta VALUES ('slug', 'acme'),"
	    " ('uid', 'abcdefghijklmno');"
	    "INSERT INTO _users VALUES"
	    " ('1', 'a@b.c', 'N', 'owner', 0, 'h', 'k', 'c', 'u');"
	    "CREATE TABLE a (user TEXT REFERENCES _users (id));"
	    "INSERT INTO a VALUES ('1'); PRAGMA user_version = 1;"
	    "INSERT INTO _migrations VALUES (1, '0001_x.sql', '', '')",
	    &house.err));
	snprintf(sql, sizeof(sql),
	    "INSERT INTO _meta VALUES ('system_schema', '%d')", version);
	OK(db_exec(db, sql, &house.err));
}

static void
one_of_an_older_release_moves_on(void **state)
{
	int version;

	for (version = 1; version < SYSTEM_SCHEMA; version++) {
		migration("CREATE TABLE a (user TEXT REFERENCES _users (id))");
		of_version(version);
		assert_int_equal(pending(), SYSTEM_SCHEMA - version);
		OK(up());
		assert_int_equal(pending(), 0);
		assert_int_equal(own_version(), SYSTEM_SCHEMA);
		assert_int_equal(number("SELECT count(*) FROM _audit"), 0);
		assert_int_equal(number("SELECT count(*) FROM _users"), 1);
		assert_int_equal(number("SELECT count(*) FROM a"), 1);
		assert_int_equal(leave(state), 0);
		assert_int_equal(enter(state), 0);
	}
	migration("CREATE TABLE a (user TEXT REFERENCES _users (id))");
	migration("CREATE TABLE b (x);");
	migration("SELEC 1");
	of_version(1);
	assert_true(up() != 0);
	assert_int_equal(own_version(), 1);
	assert_int_equal(
	    number("SELECT count(*) FROM sqlite_schema WHERE name = '_audit'"),
	    0);
	assert_true(
	    migrate_up(db, &app, "globex", "abcdefghijklmno", &house.err) != 0);
	assert_int_equal(house.err.code, ERR_CORRUPT);
}

static void
users_have_the_columns_they_must(void **state)
{
#define USER(id, email, role)                                                  \
	"INSERT INTO _users VALUES ('" id "', '" email "', 'N', '" role        \
	"', 0, 'h', 'k', 'c', 'u')"
	(void)state;
	OK(up());
	OK(db_exec(db, USER("1", "a@b.c", "owner"), &house.err));
	assert_true(db_exec(db, USER("2", "A@B.C", "member"), &house.err) != 0);
	assert_int_equal(house.err.code, ERR_CONFLICT);
	assert_true(db_exec(db, USER("1", "x@b.c", "member"), &house.err) != 0);
	assert_true(db_exec(db, USER("3", "y@b.c", "root"), &house.err) != 0);
	assert_int_equal(
	    number("SELECT count(*) FROM pragma_table_info('users') WHERE "
		   "name IN ('id', 'name', 'role')"),
	    3);
	assert_int_equal(
	    number("SELECT count(*) FROM pragma_table_info('users')"), 3);
}

/* Nothing of it is there, not even what the files before it did. */
static void
assert_untouched(void)
{
	assert_int_equal(number("PRAGMA user_version"), 0);
	assert_int_equal(number("SELECT count(*) FROM sqlite_schema"), 0);
	assert_int_equal(number("PRAGMA foreign_keys"), 1);
	assert_true(sqlite3_get_autocommit(db_handle(db)));
}

static void
a_mistake_is_named_by_file_and_line(void **state)
{
	static const struct {
		const char *sql, *text;
	} cases[] = {
		{ "CREATE TABLE b (x);\n\nSELEC 1;\n",
		    "app/schema/0002_x.sql:3: SQL: near \"SELEC\": syntax "
		    "error" },
		/* The line of the word, not of the statement's beginning. */
		{ "CREATE TABLE b (\n  x INTEGER,\n  y INTEGR NOT NUL,\n"
		  "  z\n);",
		    "app/schema/0002_x.sql:3: SQL: near \"NUL\": syntax "
		    "error" },
		{ "-- one\n/* two\nthree */\nINSERT INTO nowhere VALUES (1);",
		    "app/schema/0002_x.sql:4: SQL: no such table: nowhere" },
		{ "CREATE TABLE b (x CHECK (x > 1));\nINSERT INTO b\n"
		  "VALUES (0);",
		    "app/schema/0002_x.sql:2: SQL: CHECK constraint failed: "
		    "x > 1" },
		{ "SELECT 1;\nSELECT \"x\";",
		    "app/schema/0002_x.sql:2: SQL: no such column: x" },
		{ "CREATE TABLE b (x", "app/schema/0002_x.sql:1: SQL: "
				       "incomplete input" },
		{ "SELECT 'never closed",
		    "app/schema/0002_x.sql:1: SQL: unrecognized token: "
		    "\"'never closed\"" },
#define ONE_TRANSACTION                                                        \
	" may not stand in a migration: all of them run in one transaction"
		{ "CREATE TABLE b (x);\nBEGIN;",
		    "app/schema/0002_x.sql:2: BEGIN" ONE_TRANSACTION },
		{ "CREATE TABLE b (x);\n  commit ;",
		    "app/schema/0002_x.sql:2: COMMIT" ONE_TRANSACTION },
		{ "END", "app/schema/0002_x.sql:1: END" ONE_TRANSACTION },
		{ "ROLLBACK;",
		    "app/schema/0002_x.sql:1: ROLLBACK" ONE_TRANSACTION },
		{ ";;\n;/* x */ SavePoint a",
		    "app/schema/0002_x.sql:2: SAVEPOINT" ONE_TRANSACTION },
		{ "RELEASE a", "app/schema/0002_x.sql:1: "
			       "RELEASE" ONE_TRANSACTION },
		{ "ATTACH ':memory:' AS m",
		    "app/schema/0002_x.sql:1: ATTACH" ONE_TRANSACTION },
		{ "DETACH main",
		    "app/schema/0002_x.sql:1: DETACH" ONE_TRANSACTION },
		{ "PRAGMA foreign_keys=OFF",
		    "app/schema/0002_x.sql:1: PRAGMA" ONE_TRANSACTION },
		{ "VACUUM", "app/schema/0002_x.sql:1: VACUUM" ONE_TRANSACTION },
		{ "CREATE TABLE b (x UNIQUE);\nINSERT INTO b VALUES (1);\n"
		  "INSERT OR ROLLBACK INTO b VALUES (1);",
		    "app/schema/0002_x.sql:3: SQL: UNIQUE constraint failed: "
		    "b.x" },
#define OWN                                                                    \
	"app/schema/0002_x.sql:1: this changes what is Rowhouse's own: names " \
	"that begin with _, and users"
		{ "CREATE TABLE _mine (x)", OWN },
		{ "DROP TABLE _users", OWN },
		{ "ALTER TABLE _users ADD COLUMN phone TEXT", OWN },
		{ "DROP VIEW users; CREATE VIEW users AS SELECT * FROM "
		  "_users",
		    OWN },
		{ "CREATE TRIGGER t AFTER INSERT ON _users BEGIN SELECT 1; "
		  "END",
		    OWN },
		{ "CREATE INDEX i ON _users (name)", OWN },
		{ "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE b (x "
		  "REFERENCES p);\nINSERT INTO b VALUES (1);",
		    "app/schema/0003_x.sql: a row of b refers to one of p "
		    "that is not there" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		app.n_migrations = 0;
		migration("CREATE TABLE a (x);");
		migration(cases[i].sql);
		migration("SELECT 1");
		FAILS(up(), ERR_SYSTEM, cases[i].text);
		assert_untouched();
	}
}

static void
a_rebuilt_table_keeps_what_refers_to_it(void **state)
{
	(void)state;
	migration("CREATE TABLE p (id INTEGER PRIMARY KEY, old);"
		  "CREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE);"
		  "INSERT INTO p VALUES (1, 'x'), (2, 'y');"
		  "INSERT INTO c VALUES (1), (1), (2);");
	OK(up());
	/* With enforcement on, DROP TABLE would delete the rows of c. */
	migration("CREATE TABLE p2 (id INTEGER PRIMARY KEY, new NOT NULL);"
		  "INSERT INTO p2 SELECT id, old FROM p;"
		  "DROP TABLE p; ALTER TABLE p2 RENAME TO p;");
	OK(up());
	assert_int_equal(number("SELECT count(*) FROM c"), 3);
	assert_int_equal(number("SELECT count(new) FROM p"), 2);
	assert_int_equal(number("PRAGMA foreign_keys"), 1);
	FAILS(db_exec(db, "INSERT INTO c VALUES (9)", &house.err), ERR_CONFLICT,
	    "INSERT INTO c VALUES (9): FOREIGN KEY constraint failed");
}

static void
a_file_that_is_ahead_is_left_alone(void **state)
{
	char text[512];
	int n;

	(void)state;
	migration("CREATE TABLE a (x);");
	migration("CREATE TABLE b (x);");
	OK(up());
	app.n_migrations = 1;
	snprintf(text, sizeof(text),
	    "%s is at migration 2 and the application at 1", db_path(db));
	FAILS(migrate_pending(db, &app, &n, &house.err), ERR_BUSY, text);
	assert_string_equal(house.err.hint,
	    "an older release was started; start the one that migrated it, "
	    "or a newer");
	assert_int_equal(house.err.retry_after, 1);
	FAILS(up(), ERR_BUSY, text);
	app.n_migrations = 2;
	OK(db_exec(db,
	    "UPDATE _meta SET value = '999' WHERE key = 'system_schema'",
	    &house.err));
	assert_true(up() != 0);
	assert_int_equal(house.err.code, ERR_BUSY);
	OK(db_exec(db,
	    "UPDATE _meta SET value = 'x' WHERE key = 'system_schema'",
	    &house.err));
	snprintf(text, sizeof(text), "%s: its _meta says system_schema = \"x\"",
	    db_path(db));
	FAILS(up(), ERR_CORRUPT, text);
}

static void
up_in_a_child(void *arg)
{
	(void)arg;
	db = open_as(DB_TOOL, 0);
	if (up() != 0)
		fprintf(stderr, "%s", house.err.msg);
}

static void
an_edited_migration_is_a_warning(void **state)
{
	char out[4096];

	(void)state;
	migration("CREATE TABLE a (x);");
	migration("CREATE TABLE b (x);");
	OK(up());
	unit_apart(up_in_a_child, NULL, out, sizeof(out));
	assert_string_equal(out, "");
	app.n_migrations = 1;
	list[0].sql = STR("CREATE TABLE a (x, y);");
	app.n_migrations = 2;
	unit_apart(up_in_a_child, NULL, out, sizeof(out));
	if (strstr(out, "migration-changed") == NULL ||
	    strstr(out, "app/schema/0001_x.sql was changed after tenant acme "
			"applied it") == NULL ||
	    strstr(out, "0002_x.sql") != NULL)
		fail_msg("%s", out);
	assert_int_equal(number("SELECT count(*) FROM "
				"pragma_table_info('a')"),
	    1);
}

static void
another_tenants_file_is_refused(void **state)
{
	char text[512];

	(void)state;
	OK(up());
	OK(migrate_check_owner(db, "acme", "abcdefghijklmno", &house.err));
	snprintf(text, sizeof(text),
	    "%s is a file of tenant acme, uid abcdefghijklmno", db_path(db));
	FAILS(migrate_check_owner(db, "globex", "abcdefghijklmno", &house.err),
	    ERR_CORRUPT, text);
	FAILS(migrate_check_owner(db, "acme", "onmlkjihgfedcba", &house.err),
	    ERR_CORRUPT, text);
	assert_string_equal(house.err.hint,
	    "put the file of acme, uid onmlkjihgfedcba, in its place: "
	    "rowhouse restore acme --in-place");
	migration("CREATE TABLE a (x);");
	FAILS(
	    migrate_up(db, &app, "globex", "x", &house.err), ERR_CORRUPT, text);
	assert_int_equal(number("PRAGMA user_version"), 0);
}

static void
many_at_once_apply_it_once(void **state)
{
	pid_t pid[5];
	int i, status;

	(void)state;
	migration("CREATE TABLE a (x);");
	migration("INSERT INTO a SELECT value FROM json_each('[1,2,3]');");
	for (i = 0; i < 5; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0) {
			db = open_as(DB_SERVE, 0);
			_exit(up() != 0);
		}
	}
	for (i = 0; i < 5; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(number("SELECT count(*) FROM a"), 3);
	assert_int_equal(number("SELECT count(*) FROM _migrations"), 2);
}

static int
count_commit(void *commits)
{
	++*(int *)commits;
	return 0;
}

static void
all_of_it_is_one_commit(void **state)
{
	int commits = 0;

	(void)state;
	migration("CREATE TABLE a (x);");
	migration("CREATE TABLE b (x);");
	(void)sqlite3_commit_hook(db_handle(db), count_commit, &commits);
	OK(up());
	assert_int_equal(commits, 1);
	assert_int_equal(number("PRAGMA user_version"), 2);
}

/* Dies at the n-th call of a function that a migration calls. */
static int die_at;

static void
die(sqlite3_context *context, int n, sqlite3_value **values)
{
	(void)n;
	(void)values;
	if (--die_at == 0)
		raise(SIGKILL);
	sqlite3_result_int(context, 1);
}

static void
killed_in_the_middle_it_did_nothing(void **state)
{
	int at, status;
	pid_t pid;

	(void)state;
	migration("CREATE TABLE a (x); INSERT INTO a VALUES (die());");
	migration("CREATE TABLE b (x); INSERT INTO b SELECT die() FROM "
		  "json_each('[1,2]'); CREATE INDEX i ON b (x);"
		  "SELECT die();");
	for (at = 1; at <= 5; at++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			db = open_as(DB_TOOL, 0);
			die_at = at;
			sqlite3_create_function(db_handle(db), "die", 0,
			    SQLITE_UTF8, NULL, die, NULL, NULL);
			_exit(up() != 0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (at < 5) {
			assert_true(WIFSIGNALED(status));
			assert_untouched();
		} else {
			assert_int_equal(status, 0);
		}
	}
	assert_int_equal(number("PRAGMA user_version"), 2);
	assert_int_equal(number("SELECT count(*) FROM b"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(from_nothing_to_the_newest),
		here(one_of_an_older_release_moves_on),
		here(users_have_the_columns_they_must),
		here(a_mistake_is_named_by_file_and_line),
		here(a_rebuilt_table_keeps_what_refers_to_it),
		here(a_file_that_is_ahead_is_left_alone),
		here(an_edited_migration_is_a_warning),
		here(another_tenants_file_is_refused),
		here(many_at_once_apply_it_once),
		here(all_of_it_is_one_commit),
		here(killed_in_the_middle_it_did_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}
