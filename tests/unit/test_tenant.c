#include "tenants/tenant.h"

#include <dirent.h>
#include <unistd.h>

#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/layout.h"
#include "tenants/migrate.h"
#include "tenants/tenant_statements.h"
#include "tests/unit/house.h"
#include "tests/unit/switch_to.h"

static struct registry *registry;
static struct tenant_cache *cache;
static struct app_migration list[] = {
	{ .number = 1,
	    .name = "0001_a.sql",
	    .file = "0001_a.sql",
	    .sql = { "CREATE TABLE canary (x);", 24 } },
	{ .number = 2,
	    .name = "0002_b.sql",
	    .file = "0002_b.sql",
	    .sql = { "CREATE TABLE more (x);", 22 } },
};
static struct app app = { .migrations = list };

static int
enter(void **state)
{
	if (house_enter(state) != 0)
		return -1;
	app.n_migrations = 1;
	registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
	HAVE(registry);
	return 0;
}

static int
leave(void **state)
{
	tenant_cache_free(cache);
	cache = NULL;
	registry_close(registry);
	return house_leave(state);
}

#define here(f) cmocka_unit_test_setup_teardown(f, enter, leave)

/* An incarnation with a canary of its own. */
static void
make_file(const char *slug, const char *uid, uint32_t epoch)
{
	struct layout_path dir = layout_incarnation(&house.config, slug, epoch);
	struct layout_path path = layout_db(&house.config, slug, epoch);
	struct db_opts opts = { .path = path.p, .role = DB_TOOL, .create = 1 };
	char sql[200];
	struct db *db;

	OK(file_mkdirs(dir.p, 0755, &house.err));
	db = db_open(&opts, &house.err);
	HAVE(db);
	OK(migrate_up(db, &app, slug, uid, &house.err));
	snprintf(sql, sizeof(sql), "INSERT INTO canary VALUES ('%s/%u')", slug,
	    epoch);
	OK(db_exec(db, sql, &house.err));
	db_close(db);
}

static struct registry_tenant
row_of(const char *slug)
{
	struct registry_tenant row;

	OK(registry_find(registry, str_of(slug), &row, &house.err));
	return row;
}

static struct registry_tenant
make(const char *slug)
{
	struct registry_tenant row = { .epoch = 1, .generation = 1 };

	snprintf(row.slug, sizeof(row.slug), "%s", slug);
	crypto_id(row.uid, REGISTRY_UID);
	make_file(slug, row.uid, 1);
	OK(registry_add(registry, &row, &house.err));
	return row_of(slug);
}

static void
new_cache(int64_t tenants)
{
	tenant_cache_free(cache);
	house.config.worker_tenants = tenants;
	cache = tenant_cache_new(&house.config, &app);
}

static struct tenant *
get(const struct registry_tenant *row)
{
	struct tenant *tenant = tenant_cache_get(cache, row, &house.err);

	HAVE(tenant);
	return tenant;
}

static const char key;

static const char *
canary(struct tenant *tenant)
{
	static char out[100];
	sqlite3_stmt *stmt = tenant_statement(
	    tenant, &key, 0, STR("SELECT x FROM canary"), &house.err);

	HAVE(stmt);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	snprintf(
	    out, sizeof(out), "%s", (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_reset(stmt);
	return out;
}

static int
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* --- the cache --------------------------------------------------------------- */

static void
everyone_sees_his_own(void **state)
{
	struct registry_tenant rows[20];
	static const int sizes[] = { 1, 2, 7, 64 };
	unsigned seed = (unsigned)getpid();
	char slug[16], want[32];
	size_t s;
	int i, before = descriptors();

	(void)state;
	print_message("# SEED=%u\n", seed);
	for (i = 0; i < 20; i++) {
		snprintf(slug, sizeof(slug), "t%d", i);
		rows[i] = make(slug);
	}
	for (s = 0; s < N_OF(sizes); s++) {
		new_cache(sizes[s]);
		for (i = 0; i < 600; i++) {
			int which = rand_r(&seed) % 20;

			snprintf(want, sizeof(want), "t%d/1", which);
			assert_string_equal(canary(get(&rows[which])), want);
			assert_true(
			    tenant_cache_count(cache) <= (size_t)sizes[s]);
			assert_true(descriptors() <= before + 3 * sizes[s]);
		}
		assert_int_equal(
		    tenant_cache_count(cache), sizes[s] < 20 ? sizes[s] : 20);
	}
	tenant_cache_free(cache);
	cache = NULL;
	assert_int_equal(descriptors(), before);
}

static void
the_least_recently_used_goes_first(void **state)
{
	struct registry_tenant a = make("a"), b = make("b"), c = make("c");
	struct tenant *kept;

	(void)state;
	new_cache(2);
	kept = get(&a);
	(void)get(&b);
	assert_ptr_equal(get(&a), kept);
	(void)get(&c);
	assert_ptr_equal(get(&a), kept);
	assert_int_equal(tenant_cache_count(cache), 2);
	tenant_cache_drop(cache, "a");
	assert_int_equal(tenant_cache_count(cache), 1);
	tenant_cache_drop(cache, "a");
	assert_int_equal(tenant_cache_count(cache), 1);
}

static void
another_epoch_is_another_file(void **state)
{
	struct registry_tenant row = make("acme");

	(void)state;
	new_cache(4);
	assert_string_equal(canary(get(&row)), "acme/1");
	make_file("acme", row.uid, 2);
	OK(switch_to(registry, STR("acme"), 1, 2, 1, 9, &house.err));
	row = row_of("acme");
	assert_string_equal(canary(get(&row)), "acme/2");
	assert_int_equal(tenant_cache_count(cache), 1);
	/* And another uid another tenant, under a slug that was erased. */
	strcpy(row.uid, "abcdefghijklmno");
	assert_null(tenant_cache_get(cache, &row, &house.err));
	assert_int_equal(house.err.code, ERR_CORRUPT);
	assert_int_equal(tenant_cache_count(cache), 0);
}

static void
a_file_that_was_moved_is_opened_anew(void **state)
{
	struct registry_tenant row = make("acme");
	struct layout_path path = layout_db(&house.config, "acme", 1);
	char text[800];

	(void)state;
	new_cache(4);
	assert_string_equal(canary(get(&row)), "acme/1");
	OK(file_rename(path.p, house_path("away"), &house.err));
	snprintf(text, sizeof(text), "tenant acme: %s is not there", path.p);
	assert_null(tenant_cache_get(cache, &row, &house.err));
	assert_err(&house.err, ERR_NOT_FOUND, text);
	assert_string_equal(
	    house.err.hint, "bring it back: rowhouse restore acme --in-place");
	assert_int_equal(tenant_cache_count(cache), 0);
	/* And never made here. */
	assert_int_equal(house_file_size(path.p), -1);
	OK(file_rename(house_path("away"), path.p, &house.err));
	assert_string_equal(canary(get(&row)), "acme/1");
}

static void
swapped_files_are_found_out(void **state)
{
	struct registry_tenant a = make("a"), b = make("b");
	char text[800];

	(void)state;
	OK(file_rename(layout_tenant(&house.config, "a").p,
	    house_path("data/x"), &house.err));
	OK(file_rename(layout_tenant(&house.config, "b").p,
	    layout_tenant(&house.config, "a").p, &house.err));
	new_cache(4);
	snprintf(text, sizeof(text),
	    "tenant a: %s is a file of tenant b, "
	    "uid %s",
	    layout_db(&house.config, "a", 1).p, b.uid);
	assert_null(tenant_cache_get(cache, &a, &house.err));
	assert_err(&house.err, ERR_CORRUPT, text);
}

static void
opening_brings_the_schema_up(void **state)
{
	struct registry_tenant row = make("acme");
	int64_t n;

	(void)state;
	app.n_migrations = 2;
	new_cache(4);
	OK(db_int(get(&row)->db, "SELECT count(*) FROM more", &n, &house.err));
	OK(db_int(get(&row)->db, "PRAGMA user_version", &n, &house.err));
	assert_int_equal(n, 2);
	/* An older release does not touch it, and serves it. */
	app.n_migrations = 1;
	new_cache(4);
	OK(db_int(get(&row)->db, "PRAGMA user_version", &n, &house.err));
	assert_int_equal(n, 2);
	assert_int_equal(get(&row)->fit.applied, 2);
}

static void
what_an_older_release_cannot_prepare_it_does_not_serve(void **state)
{
	static const struct app_statement statement = {
		.sql = STR("SELECT 1\nFROM less"), .line = 3
	};
	static const struct app_endpoint endpoint = { .file = "api/GET.sql",
		.method = "GET",
		.n_statements = 1,
		.statements = &statement };
	static const struct app_endpoint *const endpoints[] = { &endpoint };
	struct registry_tenant row = make("acme");

	(void)state;
	app.n_migrations = 2;
	new_cache(4);
	(void)get(&row);
	app.n_migrations = 1;
	app.endpoints = endpoints;
	app.n_endpoints = 1;
	new_cache(4);
	assert_null(tenant_cache_get(cache, &row, &house.err));
	app.n_endpoints = 0;
	assert_err(&house.err, ERR_BUSY,
	    "tenant acme: is at migration 2 and the application at 1: "
	    "api/GET.sql:3: no such table: less");
	assert_true(house.err.retry_after > 0);
}

static void
a_quota_of_its_own_comes_before_the_general(void **state)
{
	struct registry_tenant row = make("acme");
	int64_t n;

	(void)state;
	new_cache(4);
	OK(db_int(get(&row)->db, "PRAGMA max_page_count", &n, &house.err));
	assert_int_equal(n, house.config.tenant_size_max / 4096);
	tenant_cache_drop(cache, "acme");
	row.size_max = 1 << 20;
	OK(db_int(get(&row)->db, "PRAGMA max_page_count", &n, &house.err));
	assert_int_equal(n, 256);
}

static void
set_plan(const char *name, int64_t size)
{
	struct config_plan *plan = &house.config.plan[house.config.n_plans++];

	strcpy(plan->name, name);
	plan->size = size;
}

/* By an open tenant, whose file may be larger already. */
static void
another_plan_is_taken_over(void **state)
{
	struct registry_tenant row = make("acme");
	struct db *db;
	int64_t n;

	(void)state;
	set_plan("free", 1 << 20);
	set_plan("pro", 4 << 20);
	new_cache(4);
	db = get(&row)->db;
	strcpy(row.plan, "free");
	assert_ptr_equal(get(&row)->db, db);
	OK(db_int(db, "PRAGMA max_page_count", &n, &house.err));
	assert_int_equal(n, 256);
	FAILS(db_exec(db, "CREATE TABLE big AS SELECT zeroblob(2000000) AS b",
		  &house.err),
	    ERR_QUOTA,
	    "CREATE TABLE big AS SELECT zeroblob(2000: "
	    "database or disk is full");
	strcpy(row.plan, "pro");
	(void)get(&row);
	OK(db_exec(db, "CREATE TABLE big AS SELECT zeroblob(2000000) AS b",
	    &house.err));
	/* It may be read and made smaller, open or opened anew. */
	strcpy(row.plan, "free");
	(void)get(&row);
	OK(db_int(db, "SELECT length(b) FROM big", &n, &house.err));
	assert_int_equal(n, 2000000);
	tenant_cache_drop(cache, "acme");
	db = get(&row)->db;
	OK(db_int(db, "PRAGMA max_page_count", &n, &house.err));
	assert_in_range(n, 257, 600);
	OK(db_exec(db, "DELETE FROM big", &house.err));
	FAILS(db_exec(
		  db, "INSERT INTO big VALUES (zeroblob(3000000))", &house.err),
	    ERR_QUOTA,
	    "INSERT INTO big VALUES (zeroblob(3000000: "
	    "database or disk is full");
	house.config.n_plans = 0;
}

static void
the_idle_are_closed(void **state)
{
	struct registry_tenant a = make("a"), b = make("b");
	int64_t wait, start;

	(void)state;
	house.config.worker_idle_ms = 2000;
	new_cache(4);
	assert_int_equal(tenant_cache_idle(cache), -1);
	(void)get(&b);
	(void)get(&a);
	start = clock_mono_ms();
	while (clock_mono_ms() < start + 200)
		usleep(1000);
	(void)get(&b);
	wait = tenant_cache_idle(cache);
	/* Until a's time is over, who was asked for before b. */
	assert_in_range(wait, 0, 1800);
	assert_int_equal(tenant_cache_count(cache), 2);
	while ((wait = tenant_cache_idle(cache)) >= 0 &&
	       clock_mono_ms() < start + 60000)
		usleep((unsigned)wait * 1000 + 1);
	assert_int_equal(tenant_cache_count(cache), 0);
	assert_true(clock_mono_ms() - start >= 2200);
}

static void
page_caches_stay_within_the_budget(void **state)
{
	struct registry_tenant rows[6];
	struct tenant *open[6];
	int64_t sum, most = 0;
	char slug[8];
	int i, j, round;

	(void)state;
	house.config.worker_cache_kib = 2048;
	for (i = 0; i < 6; i++) {
		snprintf(slug, sizeof(slug), "t%d", i);
		rows[i] = make(slug);
	}
	new_cache(6);
	for (i = 0; i < 6; i++) {
		open[i] = get(&rows[i]);
		OK(db_exec(open[i]->db,
		    "WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
		    "FROM s WHERE i < 900) INSERT INTO canary SELECT "
		    "randomblob(3000) FROM s",
		    &house.err));
	}
	for (round = 0; round < 4; round++)
		for (i = 0; i < 6; i++) {
			assert_ptr_equal(get(&rows[i]), open[i]);
			OK(db_exec(open[i]->db,
			    "SELECT count(*) FROM canary WHERE x = 1",
			    &house.err));
			for (j = 0, sum = 0; j < 6; j++)
				sum += db_cache_memory(open[j]->db);
			if (sum > most)
				most = sum;
		}
	print_message("# at most %lld KiB of 2048\n", (long long)most / 1024);
	/* They would like six times that. */
	assert_true(most > 1000 * 1024);
	assert_true(most <= 2048 * 1024 + 6 * 32768);
}

/* --- writing: R10 ---------------------------------------------------------- */

static int
ran(unsigned what, void *arg, void *stmt, void *sql)
{
	(void)what;
	(void)stmt;
	(void)sql;
	(*(int *)arg)++;
	return 0;
}

/* The write lock is free: nothing was left behind. */
static void
assert_lock_free(const char *slug, uint32_t epoch)
{
	struct layout_path path = layout_db(&house.config, slug, epoch);
	struct db_opts opts = { .path = path.p, .role = DB_TOOL };
	struct db *db = db_open(&opts, &house.err);

	HAVE(db);
	OK(db_begin_write(db, &house.err));
	db_close(db);
}

static void
a_write_goes_to_the_current_file_or_nowhere(void **state)
{
	struct registry_tenant row = make("acme");
	struct registry *worker;
	struct tenant *tenant;
	int statements = 0, i;

	(void)state;
	worker = registry_open(&house.config, DB_SERVE, 0, &house.err);
	HAVE(worker);
	sqlite3_trace_v2(db_handle(registry_db(worker)), SQLITE_TRACE_STMT, ran,
	    &statements);
	new_cache(4);
	tenant = get(&row);
	for (i = 0; i < 5; i++) {
		OK(tenant_begin_write(tenant, worker, &house.err));
		OK(db_commit(tenant->db, &house.err));
	}
	/* The registry was asked once: it has not changed since. */
	assert_int_equal(statements, 1);

	make_file("acme", row.uid, 2);
	OK(switch_to(registry, STR("acme"), 1, 2, 1, 9, &house.err));
	assert_int_equal(tenant_begin_write(tenant, worker, &house.err), 1);
	assert_true(sqlite3_get_autocommit(db_handle(tenant->db)));
	assert_lock_free("acme", 1);
	row = row_of("acme");
	tenant = get(&row);
	OK(tenant_begin_write(tenant, worker, &house.err));
	assert_string_equal(canary(tenant), "acme/2");
	OK(db_commit(tenant->db, &house.err));

	OK(registry_set_state(
	    registry, STR("acme"), REGISTRY_SUSPENDED, &house.err));
	FAILS(tenant_begin_write(tenant, worker, &house.err), ERR_BUSY,
	    "tenant acme is suspended");
	assert_lock_free("acme", 2);
	OK(registry_set_state(
	    registry, STR("acme"), REGISTRY_ACTIVE, &house.err));
	OK(tenant_begin_write(tenant, worker, &house.err));
	db_rollback(tenant->db);

	OK(file_rename(layout_db(&house.config, "acme", 2).p,
	    house_path("away"), &house.err));
	assert_int_equal(tenant_begin_write(tenant, worker, &house.err), 1);
	assert_true(sqlite3_get_autocommit(db_handle(tenant->db)));
	OK(file_rename(house_path("away"),
	    layout_db(&house.config, "acme", 2).p, &house.err));

	OK(registry_set_state(
	    registry, STR("acme"), REGISTRY_DELETED, &house.err));
	FAILS(tenant_begin_write(tenant, worker, &house.err), ERR_NOT_FOUND,
	    "there is no tenant acme");
	registry_close(worker);
}

/* What another registry says of a tenant, this one does not know. */
static void
a_registry_that_was_moved_is_not_believed(void **state)
{
	struct registry_tenant row = make("acme");
	struct layout_path path = layout_registry(&house.config);
	struct registry *worker;
	struct tenant *tenant;
	char text[800];

	(void)state;
	worker = registry_open(&house.config, DB_SERVE, 0, &house.err);
	HAVE(worker);
	new_cache(4);
	tenant = get(&row);
	OK(tenant_begin_write(tenant, worker, &house.err));
	OK(db_commit(tenant->db, &house.err));
	OK(file_rename(path.p, house_path("away"), &house.err));
	snprintf(text, sizeof(text), "the registry was moved: %s is not there",
	    path.p);
	FAILS(tenant_begin_write(tenant, worker, &house.err), ERR_BUSY, text);
	assert_lock_free("acme", 1);
	OK(file_rename(house_path("away"), path.p, &house.err));
	OK(tenant_begin_write(tenant, worker, &house.err));
	db_rollback(tenant->db);
	registry_close(worker);
}

/*
 * A restore holds the old file's write lock while it makes the new incarnation
 * current.  A writer that waited for that lock must not write into the old.
 */
static void
who_waited_for_a_restore_writes_into_what_it_made(void **state)
{
	struct registry_tenant row = make("acme");
	struct layout_path path = layout_db(&house.config, "acme", 1);
	struct db_opts opts = {
		.path = path.p, .role = DB_TOOL, .busy_ms = 20000
	};
	struct registry *worker;
	struct tenant *tenant;
	int ends[2], status;
	pid_t pid;
	char c;

	(void)state;
	make_file("acme", row.uid, 2);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct db *db = db_open(&opts, &house.err);

		registry = registry_open(&house.config, DB_TOOL, 0, &house.err);
		if (db == NULL || registry == NULL ||
		    db_begin_write(db, &house.err) != 0 ||
		    write(ends[1], "x", 1) != 1)
			_exit(1);
		usleep(200000);
		if (switch_to(
			registry, STR("acme"), 1, 2, 1, 9, &house.err) != 0)
			_exit(1);
		db_rollback(db);
		_exit(0);
	}
	close(ends[1]);
	worker = registry_open(&house.config, DB_SERVE, 0, &house.err);
	HAVE(worker);
	new_cache(4);
	tenant = get(&row);
	assert_int_equal(read(ends[0], &c, 1), 1);
	assert_int_equal(tenant_begin_write(tenant, worker, &house.err), 1);
	row = row_of("acme");
	tenant = get(&row);
	OK(tenant_begin_write(tenant, worker, &house.err));
	assert_string_equal(canary(tenant), "acme/2");
	db_rollback(tenant->db);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	registry_close(worker);
	close(ends[0]);
}

/* --- statements ------------------------------------------------------------- */

static void
a_statement_is_prepared_once(void **state)
{
	struct registry_tenant row = make("acme");
	static const char other;
	struct str sql = STR("SELECT ?1, x FROM canary");
	struct tenant *tenant;
	sqlite3_stmt *stmt;

	(void)state;
	new_cache(4);
	tenant = get(&row);
	stmt = tenant_statement(tenant, &key, 7, sql, &house.err);
	HAVE(stmt);
	sqlite3_bind_int(stmt, 1, 42);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(stmt, 0), 42);
	/* Left in the middle; the next to ask gets it reset and unbound. */
	assert_ptr_equal(
	    tenant_statement(tenant, &key, 7, sql, &house.err), stmt);
	assert_false(sqlite3_stmt_busy(stmt));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(sqlite3_column_type(stmt, 0), SQLITE_NULL);
	sqlite3_reset(stmt);
	assert_ptr_not_equal(
	    tenant_statement(tenant, &key, 8, sql, &house.err), stmt);
	assert_ptr_not_equal(
	    tenant_statement(tenant, &other, 7, sql, &house.err), stmt);
	assert_ptr_equal(
	    tenant_statement(tenant, &key, 7, sql, &house.err), stmt);
}

static void
what_cannot_be_prepared_says_why(void **state)
{
	struct registry_tenant row = make("acme");
	struct tenant *tenant;

	(void)state;
	new_cache(4);
	tenant = get(&row);
	assert_null(tenant_statement(
	    tenant, &key, 1, STR("SELECT y FROM canary"), &house.err));
	assert_err(&house.err, ERR_SYSTEM, "SQL: no such column: y");
	assert_null(
	    tenant_statement(tenant, &key, 2, STR(" -- nothing"), &house.err));
	assert_err(&house.err, ERR_SYSTEM, "SQL: there is no statement in it");
	db_guard(tenant->db, 1);
	assert_null(tenant_statement(
	    tenant, &key, 3, STR("SELECT email FROM _users"), &house.err));
	assert_err(&house.err, ERR_SYSTEM,
	    "SQL: access to _users.email is prohibited");
	db_guard(tenant->db, 0);
	HAVE(tenant_statement(
	    tenant, &key, 3, STR("SELECT email FROM _users"), &house.err));
}

/* Ours are those that read the canary; the tenant's own have other words. */
static size_t
prepared(struct tenant *tenant, size_t *bytes)
{
	sqlite3_stmt *stmt = NULL;
	size_t n = 0;

	while ((stmt = sqlite3_next_stmt(db_handle(tenant->db), stmt)) != NULL)
		if (strstr(sqlite3_sql(stmt), "canary") != NULL) {
			*bytes += (size_t)sqlite3_stmt_status(
			    stmt, SQLITE_STMTSTATUS_MEMUSED, 0);
			n++;
		}
	return n;
}

static void
statements_are_bounded(void **state)
{
	struct registry_tenant rows[12];
	struct tenant *tenant[12];
	struct buf sql;
	size_t bytes = 0, counts[12], i, n;
	char slug[8];
	int j;

	(void)state;
	buf_init(&sql, 100000);
	buf_puts(&sql, "SELECT x");
	for (i = 0; i < 20; i++)
		buf_printf(&sql, ", x + %zu", i);
	buf_puts(&sql, " FROM canary");
	new_cache(12);
	for (j = 0; j < 12; j++) {
		snprintf(slug, sizeof(slug), "t%d", j);
		rows[j] = make(slug);
		tenant[j] = get(&rows[j]);
	}
	for (j = 0; j < 12; j++) {
		assert_ptr_equal(get(&rows[j]), tenant[j]);
		for (i = 0; i < 100; i++)
			HAVE(tenant_statement(
			    tenant[j], &key, i, buf_view(&sql), &house.err));
		/* A tenant's own bound. */
		assert_int_equal(prepared(tenant[j], &bytes), 64);
		/* And the worker's. */
		bytes = 0;
		for (i = 0; i < 12; i++)
			counts[i] = prepared(tenant[i], &bytes);
		assert_true(bytes <= (size_t)3 << 20);
	}
	/* Those used last have theirs, those before have none any more. */
	assert_int_equal(counts[0], 0);
	assert_int_equal(counts[11], 64);
	for (i = 1; i < 12; i++)
		assert_true(counts[i] >= counts[i - 1]);
	/* And of one's own the newest are kept. */
	bytes = 0;
	n = prepared(tenant[11], &bytes);
	for (i = 36; i < 100; i++)
		HAVE(tenant_statement(
		    tenant[11], &key, i, buf_view(&sql), &house.err));
	assert_int_equal(prepared(tenant[11], &bytes), n);
	buf_free(&sql);
}

/* Against a list of what was asked for, newest first. */
static void
the_store_is_an_lru(void **state)
{
	struct registry_tenant row = make("acme");
	struct tenant_statements *store = tenant_statements_new();
	sqlite3 *handle;
	size_t model[TENANT_STATEMENTS + 1], n = 0, i;
	unsigned seed = (unsigned)getpid();
	int round;

	(void)state;
	print_message("# SEED=%u\n", seed);
	new_cache(1);
	handle = db_handle(get(&row)->db);
	for (round = 0; round < 20000; round++) {
		size_t number = (size_t)rand_r(&seed) % 90;
		sqlite3_stmt *stmt = tenant_statements_get(store, &key, number);

		for (i = 0; i < n && model[i] != number; i++)
			;
		assert_true((stmt != NULL) == (i < n));
		if (stmt != NULL) {
			assert_int_equal(
			    atoi(strrchr(sqlite3_sql(stmt), ' ') + 1), number);
		} else {
			char sql[40];

			snprintf(sql, sizeof(sql), "SELECT %zu", number);
			sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);
			tenant_statements_put(store, &key, number, stmt);
			if (n < TENANT_STATEMENTS)
				n++;
			i = n - 1;
		}
		memmove(&model[1], &model[0], i * sizeof(model[0]));
		model[0] = number;
		if (rand_r(&seed) % 50 == 0 && n > 0) {
			assert_int_equal(tenant_statements_drop(store), 1);
			n--;
		}
		assert_true((tenant_statements_bytes(store) > 0) == (n > 0));
	}
	while (tenant_statements_drop(store))
		n--;
	assert_int_equal(n, 0);
	assert_int_equal(tenant_statements_bytes(store), 0);
	tenant_statements_free(store);
	tenant_statements_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(everyone_sees_his_own),
		here(the_least_recently_used_goes_first),
		here(another_epoch_is_another_file),
		here(a_file_that_was_moved_is_opened_anew),
		here(swapped_files_are_found_out),
		here(opening_brings_the_schema_up),
		here(what_an_older_release_cannot_prepare_it_does_not_serve),
		here(a_quota_of_its_own_comes_before_the_general),
		here(another_plan_is_taken_over),
		here(the_idle_are_closed),
		here(page_caches_stay_within_the_budget),
		here(a_write_goes_to_the_current_file_or_nowhere),
		here(a_registry_that_was_moved_is_not_believed),
		here(who_waited_for_a_restore_writes_into_what_it_made),
		here(a_statement_is_prepared_once),
		here(what_cannot_be_prepared_says_why),
		here(statements_are_bounded),
		here(the_store_is_an_lru),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tenant", tests, NULL, NULL);
}
