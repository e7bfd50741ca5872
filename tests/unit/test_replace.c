#include "replication/replace.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "replication/position.h"
#include "replication/spool.h"
#include "tenants/base/clock.h"
#include "tenants/registry.h"
#include "tests/unit/house.h"
#include "tests/unit/killer.h"
#include "tests/unit/replica.h"

/*
 * A house with one tenant, acme: epoch 1, whose three states are in the
 * replica, and a live file that has gone on since.
 */
static struct replica replica;
static struct arena *arena;

static const char *
live_path(void)
{
	static struct layout_path path;

	path = layout_db(&house.config, "acme", 1);
	return path.p;
}

static struct registry_tenant
row_now(void)
{
	struct registry *registry =
	    registry_open(&house.config, DB_TOOL, 0, &house.err);
	struct registry_tenant row;

	HAVE(registry);
	OK(registry_find(registry, STR("acme"), &row, &house.err));
	registry_close(registry);
	return row;
}

static int
enter(void **state)
{
	struct registry_tenant row = { .slug = "acme",
		.uid = "uid-of-acme-001",
		.epoch = 1,
		.generation = 1 };
	struct registry *registry;

	if (house_enter(state) != 0)
		return -1;
	house.config.busy_timeout_ms = 50;
	snprintf(house.config.replica, sizeof(house.config.replica),
	    "%.200s/replica", house.dir);
	registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
	HAVE(registry);
	OK(registry_add(registry, &row, &house.err));
	registry_close(registry);

	memset(&replica, 0, sizeof(replica));
	arena = arena_new(RESTORE_PLAN_MAX);
	OK(file_mkdirs(
	    layout_incarnation(&house.config, "acme", 1).p, 0770, &house.err));
	replica.store = store_open(house.config.replica, &house.err);
	HAVE(replica.store);
	replica.slug = "acme";
	replica.epoch = 1;
	snprintf(replica.scratch, sizeof(replica.scratch), "%s",
	    house_path("object"));
	replica_sql(live_path(), 4096, "CREATE TABLE t (a)");
	replica_take(&replica, live_path(), 1000);
	replica_sql(
	    live_path(), 4096, "INSERT INTO t VALUES (randomblob(20000))");
	replica_take(&replica, live_path(), 2000);
	replica_sql(live_path(), 4096, "DELETE FROM t");
	replica_take(&replica, live_path(), 3000);
	replica_put(&replica, 9, 1, 1);
	replica_put(&replica, 0, 2, 2);
	replica_put(&replica, 0, 3, 3);
	replica_sql(live_path(), 4096, "INSERT INTO t VALUES ('since')");
	return 0;
}

static int
leave(void **state)
{
	replica_clear(&replica);
	store_close(replica.store);
	arena_free(arena);
	return house_leave(state);
}

#define here(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static int
restore(uint64_t txid, struct replace *replace)
{
	struct restore_opts opts = {
		.slug = "acme", .point = RESTORE_TXID, .txid = txid
	};
	static struct restore_plan plan;

	err_clear(&house.err);
	arena_reset(arena);
	OK(restore_plan(replica.store, &opts, arena, &plan, &house.err));
	*replace = (struct replace){
		.config = &house.config, .store = replica.store, .plan = &plan,
		.arena = arena
	};
	return replace_tenant(replace, &house.err);
}

static void
assert_file(const char *path, uint64_t txid)
{
	const struct replica_state *state = &replica.state[txid];
	size_t n = (size_t)state->pages * replica.page_size;
	struct str bytes;

	arena_reset(arena);
	OK(file_read(path, n + 1, arena, &bytes, &house.err));
	assert_int_equal(bytes.n, n);
	assert_memory_equal(bytes.p, state->bytes, n);
}

static int64_t
rows_of(const char *path)
{
	const struct db_opts opts = { .path = path, .role = DB_TOOL };
	struct db *db = db_open(&opts, &house.err);
	int64_t n;

	HAVE(db);
	OK(db_int(db, "SELECT count(*) FROM t", &n, &house.err));
	db_close(db);
	return n;
}

/* Nothing happened: epoch 1 is current, its file is what it was, alone. */
static void
assert_untouched(void)
{
	struct file_names names;

	assert_int_equal(row_now().epoch, 1);
	assert_int_equal(rows_of(live_path()), 1);
	arena_reset(arena);
	OK(file_list(
	    layout_tenant(&house.config, "acme").p, arena, &names, &house.err));
	assert_int_equal(names.n, 1);
}

static void
a_tenant_goes_back(void **state)
{
	struct replace replace;
	struct registry_tenant row;
	struct stat st;
	int64_t now = clock_wall_ms();

	(void)state;
	OK(restore(2, &replace));
	row = row_now();
	assert_int_equal(row.epoch, 2);
	assert_int_equal(row.parent_epoch, 1);
	assert_int_equal(row.parent_txid, 2);
	/* No old token is any good. */
	assert_int_equal(row.generation, 2);
	assert_int_equal(replace.epoch, 2);
	assert_string_equal(
	    replace.path.p, layout_db(&house.config, "acme", 2).p);
	assert_file(replace.path.p, 2);
	assert_int_equal(replace.target.pages, replica.state[2].pages);
	/* The base that is made of it begins now, not when it was built from. */
	assert_int_equal(stat(replace.path.p, &st), 0);
	assert_true(st.st_mtim.tv_sec * 1000 + 1000 >= now);
	/* The old one is kept, with what was not in the replica. */
	assert_string_equal(replace.kept.p, live_path());
	assert_int_equal(rows_of(live_path()), 1);
	/* Nobody was there to send the rest of it. */
	assert_int_equal(replace.unsent.code, ERR_BUSY);

	/* And forward again, from the history that was left. */
	OK(restore(3, &replace));
	row = row_now();
	assert_int_equal(row.epoch, 3);
	assert_int_equal(row.parent_epoch, 1);
	assert_int_equal(row.parent_txid, 3);
	assert_file(replace.path.p, 3);
}

static void
the_epoch_is_one_that_nobody_used(void **state)
{
	struct position slots[POSITION_SLOTS], position = { .epoch = 0x20 };
	struct position_file *file;
	struct replace replace;
	char path[SPOOL_PATH];
	int n;

	(void)state;
	/* In the replica … */
	replica.epoch = 7;
	replica_put_owner(&replica, "{}");
	replica.epoch = 1;
	OK(restore(2, &replace));
	assert_int_equal(replace.epoch, 8);
	/* … as a directory … */
	OK(file_mkdirs(layout_incarnation(&house.config, "acme", 0x10).p, 0770,
	    &house.err));
	OK(file_replace(house_path("data/tenants/acme/00000010/db.sqlite"),
	    STR("x"), 0600, &house.err));
	OK(restore(2, &replace));
	assert_int_equal(replace.epoch, 0x11);
	/* … or in what the replicator noted. */
	OK(file_mkdirs(
	    layout_spool(&house.config, "acme", 1).p, 0770, &house.err));
	spool_position_path(layout_spool(&house.config, "acme", 1).p, path);
	file = position_open(path, slots, &n, &house.err);
	HAVE(file);
	OK(position_save(file, &position, &house.err));
	position_close(file);
	OK(restore(2, &replace));
	assert_int_equal(replace.epoch, 0x21);
	assert_int_equal(row_now().epoch, 0x21);
}

static void
a_tenant_without_its_file(void **state)
{
	struct replace replace;

	(void)state;
	OK(file_remove_tree(
	    layout_tenant(&house.config, "acme").p, &house.err));
	OK(restore(2, &replace));
	assert_string_equal(replace.kept.p, "");
	assert_file(replace.path.p, 2);
	assert_int_equal(row_now().epoch, 2);
}

static void
a_tenant_whose_file_is_no_database(void **state)
{
	struct replace replace;

	(void)state;
	OK(file_replace(live_path(),
	    STR("this is no database at all, and it "
		"is long enough to be read as one: "
		"a hundred bytes and a few more"),
	    0600, &house.err));
	OK(restore(2, &replace));
	assert_string_equal(replace.kept.p, live_path());
	assert_int_equal(row_now().epoch, 2);
}

static void
nobody_knows_the_tenant(void **state)
{
	struct restore_plan plan = { .slug = "globex" };
	struct replace replace = {
		.config = &house.config, .store = replica.store, .plan = &plan,
		.arena = arena
	};

	(void)state;
	assert_int_equal(replace_tenant(&replace, &house.err), -1);
	assert_int_equal(house.err.code, ERR_NOT_FOUND);
	assert_non_null(strstr(house.err.msg, "globex"));
	assert_string_equal(house.err.hint,
	    "--to FILE restores it to a file; in place it needs a registry "
	    "that knows it, and that can be restored too: rowhouse restore "
	    "_registry --to FILE");
}

static void
an_epoch_of_another_tenant(void **state)
{
	struct replace replace;

	(void)state;
	replica_put_owner(&replica, "{\"uid\":\"uid-of-acme-000\"}");
	FAILS(restore(2, &replace), ERR_CONFLICT,
	    "acme: epoch 00000001 is of another tenant that had the name "
	    "before");
	assert_string_equal(house.err.hint, "--to FILE restores it to a file");
	assert_untouched();
}

static void
its_own_epoch_is_fine(void **state)
{
	struct replace replace;

	(void)state;
	replica_put_owner(&replica, "{\"uid\":\"uid-of-acme-001\"}");
	OK(restore(2, &replace));
}

static void
somebody_writes_and_does_not_stop(void **state)
{
	const struct db_opts opts = { .path = live_path(), .role = DB_TOOL };
	struct replace replace;
	struct db *writer = db_open(&opts, &house.err);

	(void)state;
	HAVE(writer);
	OK(db_begin_write(writer, &house.err));
	assert_int_equal(restore(2, &replace), -1);
	assert_int_equal(house.err.code, ERR_BUSY);
	db_close(writer);
	assert_untouched();
	OK(restore(2, &replace));
}

static void
one_at_a_time(void **state)
{
	struct replace replace;
	int fd = open(layout_tenant(&house.config, "acme").p,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	FAILS(restore(2, &replace), ERR_BUSY,
	    "acme is being restored by another process");
	assert_untouched();
	close(fd);
	OK(restore(2, &replace));
}

static void
a_replica_that_cannot_be_read(void **state)
{
	struct replace replace;
	char path[600];
	int fd;

	(void)state;
	snprintf(path, sizeof(path),
	    "%s/acme/00000001/ltx/0/"
	    "0000000000000002-0000000000000002.ltx",
	    house.config.replica);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "!!", 2, 200), 2);
	close(fd);
	assert_int_equal(restore(3, &replace), -1);
	assert_int_equal(house.err.code, ERR_CORRUPT);
	assert_untouched();
}

static void
no_room(void **state)
{
	struct rlimit limit, old;
	struct replace replace;
	int rc;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){ 8192, old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	rc = restore(2, &replace);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(rc, -1);
	assert_untouched();
}

static void
restore_2(void *arg)
{
	struct replace replace;

	(void)arg;
	if (restore(2, &replace) != 0)
		_exit(1);
}

/*
 * R10: killed at any system call, the registry names an incarnation whose file
 * is whole: the old one with its rows, or the new one; and the next restore
 * works, over what was left.
 */
static void
killed_anywhere(void **state)
{
	int before = 0, after = 0;
	long n;

	(void)state;
	if (!killer_works())
		skip();
	for (n = 1; killer_run(restore_2, NULL, n); n += 7) {
		struct registry_tenant row = row_now();

		if (row.epoch == 1) {
			before++;
			assert_int_equal(rows_of(live_path()), 1);
			continue;
		}
		after++;
		assert_file(layout_db(&house.config, "acme", row.epoch).p, 2);
		/* Back to the beginning. */
		leave(state);
		assert_int_equal(enter(state), 0);
	}
	assert_true(before > 10 && after > 0);
	assert_true(row_now().epoch > 1);
	assert_file(layout_db(&house.config, "acme", row_now().epoch).p, 2);
}

static void
what_killed_ones_left(void **state)
{
	struct replace replace;

	(void)state;
	OK(file_mkdirs(
	    layout_incarnation(&house.config, "acme", 4).p, 0770, &house.err));
	OK(file_mkdirs(
	    layout_incarnation(&house.config, "acme", 5).p, 0770, &house.err));
	OK(file_replace(
	    house_path("data/tenants/acme/00000004/db.sqlite" RESTORE_SUFFIX),
	    STR("half"), 0600, &house.err));
	OK(file_replace(house_path("data/tenants/acme/00000005/db.sqlite"),
	    STR("whole"), 0600, &house.err));
	OK(restore(2, &replace));
	assert_int_equal(replace.epoch, 6);
	/* A half-built file is of no use; a whole one may be somebody's. */
	assert_int_equal(
	    access(house_path("data/tenants/acme/00000004"), F_OK), -1);
	assert_int_equal(
	    access(house_path("data/tenants/acme/00000005/db.sqlite"), F_OK),
	    0);
}

struct writer {
	int written, refused;
};

/* A restore_target's: somebody writes, and does not wait for a lock. */
static void
write_meanwhile(int64_t done, int64_t total, void *arg)
{
	const struct db_opts opts = { .path = live_path(), .role = DB_TOOL };
	struct writer *writer = arg;
	struct err err = ERR_INIT;
	struct db *db = db_open(&opts, &err);

	(void)done;
	(void)total;
	HAVE(db);
	if (db_begin_write(db, &err) == 0 &&
	    db_exec(db, "INSERT INTO t VALUES ('meanwhile')", &err) == 0 &&
	    db_commit(db, &err) == 0)
		writer->written++;
	else
		writer->refused++;
	db_close(db);
}

/* Only the switch takes the write lock, not the building before it. */
static void
writes_go_on_until_the_switch(void **state)
{
	struct writer writer = { 0, 0 };
	struct restore_opts opts = {
		.slug = "acme", .point = RESTORE_TXID, .txid = 3
	};
	static struct restore_plan plan;
	struct replace replace;

	(void)state;
	OK(restore_plan(replica.store, &opts, arena, &plan, &house.err));
	replace = (struct replace){ .config = &house.config,
		.store = replica.store,
		.plan = &plan,
		.arena = arena,
		.target = { .progress = write_meanwhile, .arg = &writer } };
	OK(replace_tenant(&replace, &house.err));
	assert_int_equal(writer.refused, 0);
	assert_true(writer.written >= 3);
	assert_int_equal(row_now().epoch, 2);
	assert_int_equal(rows_of(live_path()), 1 + writer.written);
	print_message("# writers waited %lld ms\n",
	    (long long)replace.pause_ms);
}

/* The name is another's: the row is erased and made anew, with a uid of its own. */
static void
give_away(int64_t done, int64_t total, void *arg)
{
	struct registry_tenant row = { .slug = "acme",
		.uid = "uid-of-another0",
		.epoch = 1,
		.generation = 1 };
	struct registry *registry;
	struct err err = ERR_INIT;

	(void)done, (void)total;
	if (*(int *)arg)
		return;
	*(int *)arg = 1;
	registry = registry_open(&house.config, DB_TOOL, 0, &err);
	HAVE(registry);
	OK(registry_set_state(
	    registry, STR("acme"), REGISTRY_DELETED, &err));
	OK(registry_erase_begin(registry, STR("acme"), &err));
	OK(registry_erase_end(
	    registry, STR("acme"), "uid-of-acme-001", &err));
	OK(registry_add(registry, &row, &err));
	registry_close(registry);
}

/* Guards: slug and epoch are the same, and he got the other's data. */
static void
the_name_is_given_to_another_meanwhile(void **state)
{
	const struct restore_opts opts = {
		.slug = "acme", .point = RESTORE_TXID, .txid = 2
	};
	struct restore_plan plan;
	int given = 0;
	struct replace replace = { .config = &house.config,
		.store = replica.store,
		.plan = &plan,
		.arena = arena,
		.target = { .progress = give_away, .arg = &given } };

	(void)state;
	arena_reset(arena);
	OK(restore_plan(replica.store, &opts, arena, &plan, &house.err));
	FAILS(replace_tenant(&replace, &house.err), ERR_CONFLICT,
	    "acme is another tenant now");
	assert_int_equal(given, 1);
	assert_string_equal(row_now().uid, "uid-of-another0");
	assert_untouched();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(writes_go_on_until_the_switch),
		here(a_tenant_goes_back),
		here(the_epoch_is_one_that_nobody_used),
		here(a_tenant_without_its_file),
		here(a_tenant_whose_file_is_no_database),
		here(nobody_knows_the_tenant),
		here(an_epoch_of_another_tenant),
		here(the_name_is_given_to_another_meanwhile),
		here(its_own_epoch_is_fine),
		here(somebody_writes_and_does_not_stop),
		here(one_at_a_time),
		here(a_replica_that_cannot_be_read),
		here(no_room),
		here(killed_anywhere),
		here(what_killed_ones_left),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
