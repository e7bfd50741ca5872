#include "tenants/import.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tenants/layout.h"
#include "tenants/lifecycle.h"
#include "tenants/migrate.h"
#include "tests/unit/house.h"
#include "tests/unit/step.h"

#define FIRST                                                                  \
	"CREATE TABLE a (x INTEGER PRIMARY KEY, b CHECK (b <> 'bad'));"        \
	"CREATE TABLE c (a REFERENCES a (x));"                                 \
	"CREATE INDEX a_b ON a (b);"                                           \
	"CREATE VIRTUAL TABLE found USING fts5 (b);"                           \
	"CREATE TRIGGER a_found AFTER INSERT ON a BEGIN"                       \
	" INSERT INTO found VALUES (new.b); END;"

static struct app_migration list[] = {
	{ .number = 1,
	    .name = "0001_a.sql",
	    .file = "app/schema/0001_a.sql",
	    .sql = { FIRST, sizeof(FIRST) - 1 } },
	{ .number = 2,
	    .name = "0002_b.sql",
	    .file = "app/schema/0002_b.sql",
	    .sql = { "ALTER TABLE a ADD COLUMN more;", 30 } },
};
static struct app app = { .n_migrations = 2, .migrations = list };

static struct registry *registry;
static char file[300];

static void
sql(const char *path, const char *text)
{
	sqlite3 *db;
	char *msg = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &msg) != SQLITE_OK)
		fail_msg("%s: %s", text, msg);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* As an export has it: of another house, at this version. */
static void
make_file(size_t version)
{
	struct app at = app;
	struct db_opts opts = { .path = file, .role = DB_REPLICATE };
	struct db *db;

	at.n_migrations = version;
	opts.create = 1;
	OK(file_remove(file, &house.err));
	db = db_open(&opts, &house.err);
	HAVE(db);
	OK(migrate_up(db, &at, "elsewhere", "uid-of-elsewhere", &house.err));
	db_close_last(db);
	sql(file, "PRAGMA journal_mode = DELETE;"
		  "INSERT INTO a (x, b) VALUES (7, 'seven');"
		  "INSERT INTO c VALUES (7);"
		  "INSERT INTO _users VALUES ('u', 'o@x.test', 'O', 'owner', 1,"
		  " 'h', 'k', 't', 't');");
}

static int
enter(void **state)
{
	if (house_enter(state) != 0)
		return -1;
	snprintf(file, sizeof(file), "%.200s/in.sqlite", house.dir);
	registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
	HAVE(registry);
	return 0;
}

static int
leave(void **state)
{
	registry_close(registry);
	return house_leave(state);
}

#define within(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static int
import(const char *slug)
{
	err_clear(&house.err);
	return import_file(
	    &house.config, registry, &app, str_of(slug), file, NULL, &house.err);
}

static void
assert_whole(const char *slug)
{
	struct db_opts opts = { .role = DB_SERVE };
	struct registry_tenant row;
	struct layout_path path;
	struct db *db;
	int64_t n;
	int pending;

	OK(registry_find(registry, str_of(slug), &row, &house.err));
	assert_int_equal(row.state, REGISTRY_ACTIVE);
	path = layout_db(&house.config, slug, row.epoch);
	opts.path = path.p;
	db = db_open(&opts, &house.err);
	HAVE(db);
	/* Its own uid, so that no token of where it was is any good. */
	assert_string_not_equal(row.uid, "uid-of-elsewhere");
	OK(migrate_check_owner(db, slug, row.uid, &house.err));
	OK(migrate_pending(db, &app, &pending, &house.err));
	assert_int_equal(pending, 0);
	OK(db_integrity_check(db, &house.err));
	OK(db_int(db, "SELECT x FROM a WHERE b = 'seven' AND more IS NULL", &n,
	    &house.err));
	assert_int_equal(n, 7);
	OK(db_int(db, "SELECT count(*) FROM found WHERE found = 'seven'", &n,
	    &house.err));
	assert_int_equal(n, 1);
	db_close(db);
}

static void
assert_nothing(const char *slug)
{
	struct registry_tenant row;
	struct err err = ERR_INIT;

	assert_int_equal(registry_find(registry, str_of(slug), &row, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_int_equal(
	    file_exists(layout_tenant(&house.config, slug).p, &err), 0);
}

static void
what_was_exported_goes_on(void **state)
{
	struct file_id before, after;

	(void)state;
	make_file(2);
	OK(file_identify(file, &before, &house.err));
	OK(import("acme"));
	assert_whole("acme");
	OK(import("again"));
	assert_whole("again");
	OK(file_identify(file, &after, &house.err));
	assert_true(file_id_eq(&before, &after));
	FAILS(import("acme"), ERR_CONFLICT, "tenant acme exists already");
	FAILS(import("www"), ERR_INPUT,
	    "slug \"www\": the platform keeps that name");
}

static void
an_older_one_is_migrated(void **state)
{
	(void)state;
	make_file(1);
	OK(import("acme"));
	assert_whole("acme");
}

static void
what_is_not_ours_is_refused(void **state)
{
	static const struct {
		const char *sql, *msg;
	} cases[] = {
		{ "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM c; END",
		    "its trigger t is not the application's" },
		{ "CREATE VIEW v AS SELECT * FROM _users",
		    "its view v is not the application's" },
		{ "CREATE VIRTUAL TABLE zz USING fts5 (x)",
		    "its table zz is not the application's" },
		{ "CREATE INDEX i ON a (upper(b))",
		    "its index i is not the application's" },
		{ "CREATE TABLE a0 (x)",
		    "its table a0 is not the application's" },
		{ "DROP TRIGGER a_found", "it has no trigger a_found" },
		{ "DROP INDEX a_b; CREATE INDEX a_b ON a (lower(b))",
		    "its index a_b is not as the application makes it" },
		{ "DROP TRIGGER a_found; CREATE TRIGGER a_found AFTER INSERT ON"
		  " a BEGIN UPDATE _users SET role = 'owner'; END",
		    "its trigger a_found is not as the application makes it" },
		{ "DROP VIEW users; CREATE VIEW users AS SELECT id, name,"
		  " password_hash AS role FROM _users",
		    "its view users is not as the application makes it" },
		{ "DROP TABLE _meta", "it has no table _meta" },
		{ "PRAGMA user_version = 1",
		    "its table a is not as the application makes it" },
		{ "PRAGMA user_version = 3",
		    "its schema has version 3, the application's 2" },
		{ "PRAGMA user_version = -1",
		    "its schema has version -1, the application's 2" },
		{ "INSERT INTO c VALUES (8)", NULL },
		{ "DROP INDEX a_b; CREATE INDEX a_b ON a (-x);"
		  " PRAGMA writable_schema = 1; UPDATE sqlite_schema"
		  " SET sql = 'CREATE INDEX a_b ON a (b)' WHERE name = 'a_b'",
		    NULL },
		{ "UPDATE _users SET role = 'member'", "it has no owner" },
		{ "PRAGMA ignore_check_constraints = 1;"
		  " UPDATE a SET b = 'bad'",
		    NULL },
	};
	char want[500];
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		make_file(2);
		sql(file, cases[i].sql);
		assert_int_equal(import("acme"), -1);
		if (house.err.code != ERR_INPUT)
			fail_msg("%s: %s", cases[i].sql, house.err.msg);
		snprintf(want, sizeof(want), "tenant acme: %s: %s", file,
		    cases[i].msg != NULL ? cases[i].msg : "");
		if (strncmp(house.err.msg, want, strlen(want)) != 0)
			fail_msg("%s: %s", want, house.err.msg);
		assert_nothing("acme");
	}
	make_file(2);
	OK(import("acme"));
}

static void
what_is_no_sound_file_is_refused(void **state)
{
	char beside[400];
	int fd;

	(void)state;
	assert_int_equal(import("acme"), -1);
	assert_int_equal(house.err.code, ERR_NOT_FOUND);
	OK(file_create(file,
	    STR("this is no database, but long enough to be "
		"taken for the head of one; it is not."),
	    0600, &house.err));
	assert_int_equal(import("acme"), -1);
	assert_int_equal(house.err.code, ERR_INPUT);
	assert_nothing("acme");
	/* Open elsewhere: what it says is not all in the file. */
	make_file(2);
	snprintf(beside, sizeof(beside), "%s-wal", file);
	OK(file_create(beside, STR("x"), 0600, &house.err));
	assert_int_equal(import("acme"), -1);
	assert_int_equal(house.err.code, ERR_INPUT);
	assert_non_null(strstr(house.err.msg, "-wal is there: a part of"));
	OK(file_remove(beside, &house.err));
	/* A page in the middle is gone. */
	fd = open(file, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(
	    pwrite(fd, beside, sizeof(beside), 3 * 4096 + 8), sizeof(beside));
	close(fd);
	assert_int_equal(import("acme"), -1);
	assert_int_equal(house.err.code, ERR_INPUT);
	assert_nothing("acme");
	/* Too large. */
	make_file(2);
	house.config.tenant_size_max = 4096;
	assert_int_equal(import("acme"), -1);
	assert_non_null(strstr(house.err.msg, "bytes are too many"));
	assert_string_equal(house.err.hint, "tenant.size_max");
}

static void
import_acme(void)
{
	registry = registry_open(&house.config, DB_TOOL, 0, &house.err);
	if (registry == NULL || import("acme") != 0)
		_exit(1);
	registry_close(registry);
	_exit(0);
}

static void
killed_anywhere_there_is_all_or_nothing(void **state)
{
	struct registry_tenant row;
	int n, killed, all = 0, nothing = 0;

	(void)state;
	make_file(1);
	for (n = 1;; n++) {
		registry_close(registry);
		registry = NULL;
		killed = step_kill(import_acme, n);
		if (killed == -2) {
			print_message("# no ptrace here\n");
			return;
		}
		assert_true(killed >= 0);
		registry = registry_open(&house.config, DB_TOOL, 0, &house.err);
		HAVE(registry);
		err_clear(&house.err);
		if (registry_find(registry, STR("acme"), &row, &house.err) ==
		    0) {
			all++;
		} else {
			nothing++;
			OK(import("acme"));
		}
		assert_whole("acme");
		if (killed == 0)
			break;
		registry_close(registry);
		OK(file_remove_tree(house.config.data, &house.err));
		OK(file_mkdirs(house.config.data, 0755, &house.err));
		registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
		HAVE(registry);
	}
	print_message("# killed at %d places: %d times nothing, %d times all\n",
	    n - 1, nothing, all);
	assert_true(nothing > 50 && all > 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		within(what_was_exported_goes_on),
		within(an_older_one_is_migrated),
		within(what_is_not_ours_is_refused),
		within(what_is_no_sound_file_is_refused),
		within(killed_anywhere_there_is_all_or_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
