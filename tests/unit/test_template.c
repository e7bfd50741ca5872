#include "tenants/template.h"

#include "tenants/layout.h"
#include "tenants/migrate.h"
#include "tests/unit/house.h"

static struct app_migration list[2];
static struct app app = { .migrations = list };

static void
schema(const char *first, const char *second)
{
	list[0] = (struct app_migration){ .number = 1,
		.name = "0001_a.sql",
		.file = "app/schema/0001_a.sql",
		.sql = str_of(first) };
	list[1] = (struct app_migration){ .number = 2,
		.name = "0002_b.sql",
		.file = "app/schema/0002_b.sql",
		.sql = str_of(second) };
	app.n_migrations = second[0] ? 2 : 1;
}

static int
copy(const char *name)
{
	return template_copy(&house.config, &app, house_path(name), &house.err);
}

/* The names in the directory of templates. */
static size_t
templates(struct arena *arena, struct file_names *names)
{
	OK(file_list(
	    layout_templates(&house.config).p, arena, names, &house.err));
	return names->n;
}

static struct db *
open_copy(const char *name)
{
	struct db_opts opts = { .path = house_path(name), .role = DB_TOOL };
	struct db *db = db_open(&opts, &house.err);

	HAVE(db);
	return db;
}

static int64_t
number(struct db *db, const char *sql)
{
	int64_t n;

	OK(db_int(db, sql, &n, &house.err));
	return n;
}

static void
a_copy_is_what_migrations_make(void **state)
{
	struct db *db;

	(void)state;
	schema("CREATE TABLE a (x); INSERT INTO a VALUES (7)", "");
	assert_int_equal(copy("one"), 1);
	assert_int_equal(copy("two"), 1);
	db = open_copy("two");
	OK(migrate_begin(db, "acme", "uid", &house.err));
	OK(migrate_check_owner(db, "acme", "uid", &house.err));
	assert_int_equal(number(db, "SELECT x FROM a"), 7);
	assert_int_equal(number(db, "SELECT count(*) FROM _users"), 0);
	assert_int_equal(
	    number(db, "SELECT applied > '2020' FROM _migrations"), 1);
	/* Nothing is left to be done. */
	OK(migrate_up(db, &app, "acme", "uid", &house.err));
	db_close(db);
	assert_int_equal(copy("one"), -1);
	assert_int_equal(house.err.code, ERR_CONFLICT);
}

static void
it_is_made_once_for_each_schema(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct file_id before, after;
	struct file_names names;
	char path[1000];
	struct db *db;

	(void)state;
	schema("CREATE TABLE a (x)", "");
	assert_int_equal(copy("one"), 1);
	assert_int_equal(templates(arena, &names), 1);
	snprintf(path, sizeof(path), "%s/%s", layout_templates(&house.config).p,
	    names.name[0]);
	OK(file_identify(path, &before, &house.err));
	assert_int_equal(copy("two"), 1);
	OK(file_identify(path, &after, &house.err));
	assert_true(file_id_eq(&before, &after));

	schema("CREATE TABLE a (x)", "CREATE TABLE b (x)");
	assert_int_equal(copy("three"), 1);
	assert_int_equal(templates(arena, &names), 1);
	assert_int_equal(file_exists(path, &house.err), 0);
	db = open_copy("three");
	assert_int_equal(number(db, "PRAGMA user_version"), 2);
	db_close(db);
	/* The same number of migrations, and another of them. */
	schema("CREATE TABLE a (x)", "CREATE TABLE c (x)");
	assert_int_equal(copy("four"), 1);
	db = open_copy("four");
	assert_int_equal(
	    number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'c'"),
	    1);
	db_close(db);
	arena_free(arena);
}

static void
chance_and_time_are_each_tenants_own(void **state)
{
	static const struct {
		const char *sql;
		int want;
	} cases[] = {
		{ "CREATE TABLE a (x); INSERT INTO a VALUES (random())", 0 },
		{ "CREATE TABLE a (x); INSERT INTO a VALUES (RandomBlob(8))",
		    0 },
		{ "CREATE TABLE a (x); INSERT INTO a VALUES (datetime('NOW'))",
		    0 },
		{ "CREATE TABLE a (x); INSERT INTO a VALUES (unixepoch())", 0 },
		{ "CREATE TABLE a (x); INSERT INTO a SELECT CURRENT_TIMESTAMP",
		    0 },
		{ "CREATE TABLE a (x DEFAULT (hex(randomblob(8))), y);"
		  "INSERT INTO a (y) VALUES (1)",
		    0 },
		{ "CREATE TABLE b (x); CREATE TABLE a (x); CREATE TRIGGER t "
		  "AFTER INSERT ON a BEGIN INSERT INTO b VALUES (random()); "
		  "END; INSERT INTO a VALUES (1)",
		    0 },
		{ "CREATE TABLE a (x DEFAULT (hex(randomblob(8))), y)", 1 },
		{ "CREATE TABLE b (x); CREATE TABLE a (x); CREATE TRIGGER t "
		  "AFTER INSERT ON a BEGIN INSERT INTO b VALUES (random()); "
		  "END",
		    1 },
		{ "CREATE TABLE a (x DEFAULT CURRENT_TIMESTAMP); CREATE "
		  "TABLE b AS SELECT 1 AS y",
		    1 },
		{ "CREATE TABLE a (x CHECK (x IS date(x, '+0 days')))", 1 },
	};
	struct arena *arena = arena_new(1 << 20);
	struct file_names names;
	char name[16];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		schema(cases[i].sql, "");
		snprintf(name, sizeof(name), "%zu", i);
		if (copy(name) != cases[i].want)
			fail_msg("%s: %s", cases[i].sql, house.err.msg);
		/* And once more, where it is known. */
		snprintf(name, sizeof(name), "again-%zu", i);
		assert_int_equal(copy(name), cases[i].want);
		assert_int_equal(templates(arena, &names), 1);
		assert_int_equal(
		    file_exists(house_path(name), &house.err), cases[i].want);
	}
	arena_free(arena);
}

static void
a_mistake_leaves_none(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct file_names names;

	(void)state;
	schema("CREATE TABLE a (x); INSERT INTO b VALUES (1)", "");
	FAILS(copy("one"), ERR_SYSTEM,
	    "app/schema/0001_a.sql:1: SQL: no such table: b");
	assert_int_equal(file_exists(house_path("one"), &house.err), 0);
	schema("CREATE TABLE a (x)", "");
	assert_int_equal(copy("one"), 1);
	assert_int_equal(templates(arena, &names), 1);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(a_copy_is_what_migrations_make),
		house_test(it_is_made_once_for_each_schema),
		house_test(chance_and_time_are_each_tenants_own),
		house_test(a_mistake_leaves_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
