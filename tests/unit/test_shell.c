#include "tenants/shell.h"

#include "tests/unit/house.h"
#include "tests/unit/step.h"

static char path[300];
static struct db *db;
static struct buf out;

static void
open_db(int create)
{
	struct db_opts opts = {
		.path = path, .role = DB_TOOL, .create = create
	};

	db = db_open(&opts, &house.err);
	HAVE(db);
}

static int
enter(void **state)
{
	if (house_enter(state) != 0)
		return -1;
	snprintf(path, sizeof(path), "%.200s/db.sqlite", house.dir);
	open_db(1);
	OK(db_exec(db,
	    "CREATE TABLE t (a INTEGER PRIMARY KEY, b);"
	    "CREATE TABLE s (a PRIMARY KEY REFERENCES t (a));"
	    "CREATE TABLE _meta (key, value);"
	    "CREATE VIRTUAL TABLE found USING fts5 (b);"
	    "CREATE TRIGGER t_found AFTER INSERT ON t BEGIN"
	    " INSERT INTO found VALUES (new.b); END;"
	    "INSERT INTO t VALUES (1, 'one'), (2, NULL)",
	    &house.err));
	buf_init(&out, 1 << 20);
	return 0;
}

static int
leave(void **state)
{
	buf_free(&out);
	db_close(db);
	return house_leave(state);
}

#define within(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static int
run_sql(const char *sql, int write, int json)
{
	const struct shell_opts opts = { write, json };
	int rc;

	buf_reset(&out);
	err_clear(&house.err);
	if ((write ? db_begin_write(db, &house.err)
		   : db_begin_read(db, &house.err)) != 0)
		return -1;
	rc = shell_run(db, str_of(sql), &opts, &out, &house.err);
	if (rc == 0)
		return db_commit(db, &house.err);
	db_rollback(db);
	return rc;
}

static void
assert_out(const char *want)
{
	buf_putc(&out, '\0');
	assert_string_equal(out.p, want);
}

static int64_t
count(const char *sql)
{
	int64_t n;

	OK(db_int(db, sql, &n, &house.err));
	return n;
}

static void
rows_are_shown(void **state)
{
	(void)state;
	OK(run_sql("SELECT a, b FROM t; SELECT 1.5 AS x", 0, 0));
	assert_out("a\tb\n1\tone\n2\t\\N\nx\n1.5\n");
	OK(run_sql(
	    "SELECT a, b FROM t WHERE a = 9; SELECT x'00ff' AS x", 0, 0));
	assert_out("a\tb\nx\nx'00ff'\n");
	OK(run_sql("-- nothing\n ; ", 0, 0));
	assert_out("");
	OK(run_sql("SELECT a, b FROM t", 0, 1));
	assert_out("{\"columns\":[\"a\",\"b\"],\"rows\":[[1,\"one\"],[2,null]],"
		   "\"changes\":0}\n");
	OK(run_sql("INSERT INTO t VALUES (3, x'ab'); SELECT b FROM t "
		   "WHERE a = 3",
	    1, 1));
	assert_out("{\"columns\":[],\"rows\":[],\"changes\":1}\n"
		   "{\"columns\":[\"b\"],\"rows\":[[\"x'ab'\"]],"
		   "\"changes\":0}\n");
}

/* A terminal would obey it. */
static void
what_a_tenant_wrote_is_no_command(void **state)
{
	(void)state;
	OK(run_sql("SELECT 'a' || char(27) || '[2J' || char(9, 10, 13, 92, "
		   "155, 252) AS x, CAST(x'80' AS TEXT) AS y",
	    0, 0));
	assert_out("x\ty\na\\x1b[2J\\t\\n\\x0d\\\\\\x9b\xc3\xbc\t\\x80\n");
}

static void
what_is_not_for_it_is_refused(void **state)
{
	static const struct {
		const char *sql;
		int write;
		enum err_code code;
		const char *msg;
	} cases[] = {
		{ "INSERT INTO t VALUES (3, 'x')", 0, ERR_DENIED,
		    "t: is changed with --write only" },
		{ "SELECT 1; DELETE FROM t", 0, ERR_DENIED,
		    "t: is changed with --write only" },
		{ "UPDATE t SET b = 1", 0, ERR_DENIED,
		    "t: is changed with --write only" },
		{ "INSERT INTO found (found) VALUES ('rebuild')", 0, ERR_DENIED,
		    "found: is changed with --write only" },
		{ "DROP TABLE t", 1, ERR_DENIED,
		    "sqlite_master: the schema is changed by migrations "
		    "alone" },
		{ "CREATE TABLE u (x)", 1, ERR_DENIED,
		    "sqlite_master: the schema is changed by migrations "
		    "alone" },
		{ "CREATE TEMP TABLE u (x)", 1, ERR_DENIED,
		    "sqlite_temp_master: the schema is changed by migrations "
		    "alone" },
		{ "ALTER TABLE t ADD COLUMN c", 1, ERR_DENIED,
		    "main: the schema is changed by migrations alone" },
		{ "ANALYZE", 1, ERR_DENIED,
		    "sqlite_master: the schema is changed by migrations "
		    "alone" },
		{ "UPDATE _meta SET value = 'x'", 1, ERR_DENIED,
		    "_meta: says whose file it is" },
		{ "COMMIT", 1, ERR_DENIED,
		    "COMMIT: all statements are one transaction" },
		{ "SAVEPOINT a", 1, ERR_DENIED,
		    "BEGIN: all statements are one transaction" },
		{ "ATTACH '/etc/passwd' AS x", 1, ERR_DENIED,
		    "ATTACH: this is one tenant's file" },
		{ "PRAGMA wal_checkpoint", 1, ERR_DENIED,
		    "wal_checkpoint: no PRAGMA but those that look" },
		{ "PRAGMA wal_autocheckpoint = 0", 1, ERR_DENIED,
		    "wal_autocheckpoint: no PRAGMA but those that look" },
		{ "PRAGMA journal_mode = DELETE", 1, ERR_DENIED,
		    "journal_mode: no PRAGMA but those that look" },
		{ "PRAGMA user_version = 7", 1, ERR_DENIED,
		    "user_version: no PRAGMA but those that look" },
		{ "UPDATE sqlite_schema SET sql = 'x'", 1, ERR_INPUT,
		    "SQL: table sqlite_master may not be modified" },
		{ "DELETE FROM sqlite_schema", 1, ERR_INPUT,
		    "SQL: table sqlite_master may not be modified" },
		{ "SELECT nonsense", 0, ERR_INPUT,
		    "SQL: no such column: nonsense" },
		{ "INSERT INTO s VALUES (99)", 1, ERR_CONFLICT,
		    "SQL: FOREIGN KEY constraint failed" },
	};
	int64_t schema = count("PRAGMA schema_version");
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		assert_int_equal(run_sql(cases[i].sql, cases[i].write, 0), -1);
		assert_err(&house.err, cases[i].code, cases[i].msg);
		assert_int_equal(count("SELECT count(*) FROM t"), 2);
	}
	assert_int_equal(count("PRAGMA schema_version"), schema);
	assert_int_equal(count("PRAGMA user_version"), 0);
	/* What looks is let through. */
	OK(run_sql("PRAGMA table_info(t); PRAGMA integrity_check;"
		   " PRAGMA user_version; EXPLAIN SELECT 1;"
		   " SELECT * FROM found WHERE found = 'one';"
		   " SELECT name FROM sqlite_schema",
	    0, 0));
}

/* Also where the first of several had been done. */
static void
all_of_it_or_nothing(void **state)
{
	(void)state;
	assert_int_equal(
	    run_sql("INSERT INTO t VALUES (3, 'x'); SELECT nonsense", 1, 0),
	    -1);
	assert_int_equal(count("SELECT count(*) FROM t"), 2);
	OK(run_sql(
	    "INSERT INTO t VALUES (3, 'x'); DELETE FROM t WHERE a = 2", 1, 0));
	assert_int_equal(count("SELECT sum(a) FROM t"), 4);
	assert_int_equal(
	    count("SELECT count(*) FROM found WHERE found = 'x'"), 1);
}

static void
too_much_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(
	    run_sql("WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1"
		    " FROM n) SELECT x FROM n",
		0, 0),
	    -1);
	assert_int_equal(house.err.code, ERR_TOO_LARGE);
}

static void
write_twice(void)
{
	open_db(0);
	if (run_sql("INSERT INTO t VALUES (3, 'x');"
		    "INSERT INTO s VALUES (3)",
		1, 0) != 0)
		_exit(1);
	db_close(db);
	_exit(0);
}

static void
killed_anywhere_there_is_all_or_nothing(void **state)
{
	int n, killed, all = 0, nothing = 0;
	int64_t t, s;

	(void)state;
	for (n = 1;; n++) {
		db_close(db);
		db = NULL;
		killed = step_kill(write_twice, n);
		open_db(0);
		if (killed == -2) {
			print_message("# no ptrace here\n");
			return;
		}
		assert_true(killed >= 0);
		OK(db_quick_check(db, &house.err));
		t = count("SELECT count(*) FROM t WHERE a = 3");
		s = count("SELECT count(*) FROM s WHERE a = 3");
		assert_int_equal(t, s);
		all += t == 1;
		nothing += t == 0;
		OK(run_sql("DELETE FROM s; DELETE FROM t WHERE a = 3", 1, 0));
		if (killed == 0)
			break;
	}
	print_message("# killed at %d places: %d times nothing, %d times all\n",
	    n - 1, nothing, all);
	assert_true(nothing > 3 && all > 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		within(rows_are_shown),
		within(what_a_tenant_wrote_is_no_command),
		within(what_is_not_for_it_is_refused),
		within(all_of_it_or_nothing),
		within(too_much_is_an_error),
		within(killed_anywhere_there_is_all_or_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
