#include "replication/erase.h"

#include <fcntl.h>
#include <sys/file.h>

#include "tenants/base/hold.h"
#include "tenants/layout.h"
#include "tests/unit/house.h"
#include "tests/unit/step.h"
#include "tests/unit/store_place.h"
#include "tests/unit/switch_to.h"

static struct registry *registry;
static struct store *store;
static struct erase_report report;
static char replica[512];
static int asked;
static int nobody;

static int
enter(void **state)
{
	if (house_enter(state) != 0)
		return -1;
	snprintf(replica, sizeof(replica), "%.200s/replica", house.dir);
	registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
	HAVE(registry);
	store = store_open(replica, &house.err);
	HAVE(store);
	return 0;
}

static int
leave(void **state)
{
	store_close(store);
	registry_close(registry);
	return house_leave(state);
}

#define within(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static void
make(const char *slug, const char *uid, enum registry_state state)
{
	struct registry_tenant row = {
		.state = state, .epoch = 1, .generation = 1
	};
	char path[LAYOUT_MAX + 32];

	strcpy(row.slug, slug);
	strcpy(row.uid, uid);
	OK(registry_add(registry, &row, &house.err));
	OK(file_mkdirs(
	    layout_spool(&house.config, slug, 1).p, 0755, &house.err));
	OK(file_create(layout_db(&house.config, slug, 1).p, STR("secret"), 0600,
	    &house.err));
	snprintf(path, sizeof(path), "%s/1.ltx",
	    layout_spool(&house.config, slug, 1).p);
	OK(file_create(path, STR("secret"), 0600, &house.err));
	must_put(store, owner_key(slug, 1), STR("{}"));
	must_put(store, ltx_key(slug, 1, 9, 1, 1), STR("base"));
	must_put(store, ltx_key(slug, 1, 0, 2, 2), STR("raw"));
}

static void
make_house(void)
{
	must_put(store, owner_key("_registry", 1), STR("{}"));
	make("acme", "uid-of-acme-001", REGISTRY_ACTIVE);
	OK(registry_host_add(
	    registry, STR("acme"), STR("acme.example"), &house.err));
	OK(registry_set_state(
	    registry, STR("acme"), REGISTRY_DELETED, &house.err));
	make("globex", "uid-of-globex-1", REGISTRY_ACTIVE);
}

static int
may(void *arg, struct err *err)
{
	struct registry_tenant row;

	asked++;
	/* As the replicator looks (erasure.h). */
	if (registry_find(registry, STR("acme"), &row, err) == 0 &&
	    row.erasing_ms == 0)
		return err_set(err, ERR_CONFLICT, "it is not being erased");
	return arg == NULL ? 0 : err_set(err, ERR_BUSY, "it may not");
}

static int
ready(void *arg, struct err *err)
{
	(void)arg;
	return nobody ? err_set(err, ERR_BUSY, "nobody answers") : 0;
}

static int
run(const char *slug, void *forbidden)
{
	const struct erase_opts opts = { .config = &house.config,
		.registry = registry,
		.store = store,
		.slug = str_of(slug),
		.may = may,
		.ready = ready,
		.arg = forbidden };

	err_clear(&house.err);
	asked = 0;
	return erase(&opts, &report, &house.err);
}

static int
is_twithin(const char *path)
{
	int there = file_exists(path, &house.err);

	assert_true(there >= 0);
	return there;
}

static int
has_objects(const char *slug)
{
	struct seen seen;
	struct store_op op =
	    new_op(STORE_EPOCHS, ltx_key(slug, 0, 0, 0, 0), &seen);

	OK(store_now(store, &op, &house.err));
	return seen.n > 0;
}

static void
assert_gone(void)
{
	struct registry_tenant row;
	char path[600];

	assert_false(is_twithin(layout_tenant(&house.config, "acme").p));
	snprintf(path, sizeof(path), "%s/acme", replica);
	assert_false(is_twithin(path));
	FAILS(registry_find(registry, STR("acme"), &row, &house.err),
	    ERR_NOT_FOUND, "there is no tenant acme");
	OK(registry_check_free(registry, STR("acme"), &house.err));
	FAILS(
	    registry_find_host(registry, STR("acme.example"), &row, &house.err),
	    ERR_NOT_FOUND, "no tenant has the host acme.example");
}

static void
assert_other_is_whole(void)
{
	struct registry_tenant row;

	OK(registry_find(registry, STR("globex"), &row, &house.err));
	assert_true(is_twithin(layout_db(&house.config, "globex", 1).p));
	assert_content(store, ltx_key("globex", 1, 9, 1, 1), 0, 0, STR("base"));
	assert_content(store, ltx_key("globex", 1, 0, 2, 2), 0, 0, STR("raw"));
	assert_content(store, owner_key("globex", 1), 0, 0, STR("{}"));
}

static void
nothing_is_left(void **state)
{
	(void)state;
	make_house();
	OK(run("acme", NULL));
	assert_int_equal(report.objects, 3);
	assert_int_equal(report.bytes, 2 + 4 + 3);
	assert_string_equal(report.uid, "uid-of-acme-001");
	assert_false(report.resumed);
	/* Before the batch, and before the list that proves it. */
	assert_int_equal(asked, 2);
	assert_gone();
	assert_other_is_whole();
	/* The slug is free. */
	make("acme", "uid-of-acme-002", REGISTRY_ACTIVE);
}

/* A file below the data directory, with its directories. */
static void
leave_file(const char *dir, const char *name)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", house.config.data, dir);
	OK(file_mkdirs(path, 0755, &house.err));
	snprintf(
	    path, sizeof(path), "%s/%s/%s", house.config.data, dir, name);
	OK(file_create(path, STR("secret"), 0600, &house.err));
}

static int
is_left(const char *name)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", house.config.data, name);
	return is_twithin(path);
}

/* What it was in when a command was killed. */
static void
nor_what_was_half_made_of_it(void **state)
{
	char path[600];
	int fd, at_work;

	(void)state;
	make_house();
	leave_file("exports", "acme.1795908762758-aaaaaaaaaaaaaaa.sqlite");
	leave_file("exports", ".acme.exporting");
	leave_file("exports", ".acme.exporting-journal");
	leave_file("exports", ".globex.exporting");
	leave_file("exports", "acme-2.1795908762758-aaaaaaaaaaaaaaa.sqlite");
	leave_file("migrate.dry", "acme.sqlite");
	leave_file("migrate.dry", "acme.sqlite-wal");
	leave_file("migrate.dry", "globex.sqlite");
	leave_file("tenants/.copy-copy/00000001", "db.sqlite");
	leave_file("tenants/.copy-held/00000001", "db.sqlite");
	snprintf(path, sizeof(path), "%s/tenants/.copy-held",
	    house.config.data);
	fd = file_open(path, O_RDONLY | O_DIRECTORY, 0, &house.err);
	OK(hold_take(fd, path, &house.err));
	leave_file("verify.0", "restored");
	leave_file("verify.0", "restored.restoring");
	leave_file("verify.1", "restored");
	snprintf(path, sizeof(path), "%s/verify.1/lock", house.config.data);
	at_work = file_open(path, O_RDWR | O_CREAT, 0600, &house.err);
	assert_int_equal(flock(at_work, LOCK_EX), 0);
	OK(run("acme", NULL));
	assert_false(is_left("verify.0/restored"));
	assert_false(is_left("verify.0/restored.restoring"));
	assert_false(is_left("verify.2"));
	assert_false(
	    is_left("exports/acme.1795908762758-aaaaaaaaaaaaaaa.sqlite"));
	assert_false(is_left("exports/.acme.exporting"));
	assert_false(is_left("exports/.acme.exporting-journal"));
	assert_false(is_left("migrate.dry/acme.sqlite"));
	assert_false(is_left("migrate.dry/acme.sqlite-wal"));
	assert_false(is_left("tenants/.copy-copy"));
	/* Others', and what somebody is at. */
	assert_true(is_left("exports/.globex.exporting"));
	assert_true(
	    is_left("exports/acme-2.1795908762758-aaaaaaaaaaaaaaa.sqlite"));
	assert_true(is_left("migrate.dry/globex.sqlite"));
	assert_true(is_left("tenants/.copy-held/00000001/db.sqlite"));
	assert_true(is_left("verify.1/restored"));
	file_drop(&at_work);
	file_drop(&fd);
	assert_gone();
	assert_other_is_whole();
}

static void
what_may_not_be_is_not(void **state)
{
	struct err err = ERR_INIT;
	struct registry_tenant row;

	(void)state;
	make_house();
	FAILS(
	    run("globex", NULL), ERR_CONFLICT, "tenant globex is not deleted");
	FAILS(run("nobody", NULL), ERR_NOT_FOUND, "there is no tenant nobody");
	assert_other_is_whole();
	/* A replica that is not there is not begun with. */
	assert_int_equal(store_now(store,
			     &(struct store_op){ .verb = STORE_DELETE,
				 .key = owner_key("_registry", 1) },
			     &err),
	    0);
	assert_true(run("acme", NULL) != 0);
	assert_int_equal(house.err.code, ERR_CONFLICT);
	OK(registry_find(registry, STR("acme"), &row, &house.err));
	assert_int_equal(row.erasing_ms, 0);
	assert_int_equal(asked, 0);
	/* Nor one that a replicator went on with. */
	must_put(store, ltx_key("_registry", 1, 0, 7, 7), STR("raw"));
	assert_true(run("acme", NULL) != 0);
	assert_int_equal(house.err.code, ERR_CONFLICT);
	assert_int_equal(asked, 0);
	must_put(store, owner_key("_registry", 1), STR("{}"));
	/* Nor where it would have to wait for somebody to ask. */
	nobody = 1;
	FAILS(run("acme", NULL), ERR_BUSY, "nobody answers");
	OK(registry_find(registry, STR("acme"), &row, &house.err));
	assert_int_equal(row.erasing_ms, 0);
	nobody = 0;
	/* Who may not touches nothing, but there is no way back. */
	FAILS(run("acme", &err), ERR_BUSY,
	    "tenant acme is erased in part: it may not");
	assert_true(has_objects("acme"));
	assert_true(is_twithin(layout_db(&house.config, "acme", 1).p));
	FAILS(registry_undelete(registry, STR("acme"), &house.err),
	    ERR_CONFLICT, "tenant acme is being erased");
	FAILS(switch_to(registry, STR("acme"), 1, 2, 1, 3, &house.err),
	    ERR_CONFLICT, "tenant acme is being erased");
	FAILS(registry_erase_end(
		  registry, STR("acme"), "uid-of-somebody", &house.err),
	    ERR_CONFLICT, "tenant acme is not being erased");
	OK(run("acme", NULL));
	assert_true(report.resumed);
	assert_gone();
}

static void
where_there_is_no_replica(void **state)
{
	const struct erase_opts opts = { .config = &house.config,
		.registry = registry,
		.slug = STR("acme"),
		.may = may };

	(void)state;
	make_house();
	OK(erase(&opts, &report, &house.err));
	assert_false(is_twithin(layout_tenant(&house.config, "acme").p));
	FAILS(registry_find(registry, STR("acme"),
		  &(struct registry_tenant){ 0 }, &house.err),
	    ERR_NOT_FOUND, "there is no tenant acme");
	assert_other_is_whole();
}

static void
erase_acme(void)
{
	registry = registry_open(&house.config, DB_TOOL, 0, &house.err);
	store = store_open(replica, &house.err);
	if (registry == NULL || store == NULL || run("acme", NULL) != 0)
		_exit(1);
	registry_close(registry);
	store_close(store);
	_exit(0);
}

/* As if no house had been made. */
static void
begin_anew(void)
{
	registry_close(registry);
	store_close(store);
	OK(file_remove_tree(house.config.data, &house.err));
	OK(file_remove_tree(replica, &house.err));
	registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
	HAVE(registry);
	store = store_open(replica, &house.err);
	HAVE(store);
}

/* Everything goes away, or is begun and ends with the next call. */
static void
killed_anywhere_it_ends_with_the_next(void **state)
{
	int n, killed, untouched = 0, halves = 0, gone = 0;
	struct registry_tenant row;

	(void)state;
	for (n = 1;; n++) {
		make_house();
		registry_close(registry);
		store_close(store);
		registry = NULL;
		store = NULL;
		killed = step_kill(erase_acme, n);
		if (killed == -2) {
			print_message("# no ptrace here\n");
			skip();
		}
		assert_true(killed >= 0);
		registry = registry_open(&house.config, DB_TOOL, 0, &house.err);
		HAVE(registry);
		store = store_open(replica, &house.err);
		HAVE(store);
		assert_other_is_whole();
		err_clear(&house.err);
		if (registry_find(registry, STR("acme"), &row, &house.err) !=
		    0) {
			gone++;
		} else if (row.erasing_ms != 0) {
			halves++;
			OK(run("acme", NULL));
			assert_true(report.resumed);
		} else {
			/* Whole: it could still be undeleted. */
			untouched++;
			assert_true(has_objects("acme"));
			assert_true(
			    is_twithin(layout_db(&house.config, "acme", 1).p));
			OK(run("acme", NULL));
			assert_false(report.resumed);
			assert_int_equal(report.objects, 3);
		}
		assert_gone();
		assert_other_is_whole();
		if (killed == 0)
			break;
		begin_anew();
	}
	print_message("# killed at %d places: %d untouched, %d in part, %d "
		      "gone\n",
	    n - 1, untouched, halves, gone);
	assert_true(untouched > 3 && halves > 10 && gone > 1);
}

/* Another process is through with it, and somebody has the slug at once. */
static int made;

static void
another_is_faster(void)
{
	struct err err = ERR_INIT;

	made = 0;
	registry = registry_open(&house.config, DB_TOOL, 0, &err);
	store = registry == NULL ? NULL : store_open(replica, &err);
	if (store != NULL && run("acme", NULL) == 0) {
		make("acme", "uid-of-acme-002", REGISTRY_ACTIVE);
		made = 1;
	}
	registry_close(registry);
	store_close(store);
	registry = NULL;
	store = NULL;
}

/*
 * Of its calls those before open the registry: who stands there keeps SQLite from
 * opening it a second time, which it tries for ten seconds.
 */
#define OPENED 13

static void
who_has_the_slug_then_is_not_touched(void **state)
{
	int n, stood, others = 0, busy = 0;
	struct registry_tenant row;

	(void)state;
	/* What the one that stands holds the other does not wait for. */
	house.config.busy_timeout_ms = 20;
	for (n = OPENED;; n++) {
		make_house();
		registry_close(registry);
		store_close(store);
		registry = NULL;
		store = NULL;
		stood = step_between(erase_acme, n, another_is_faster);
		if (stood == -2) {
			print_message("# no ptrace here\n");
			skip();
		}
		registry = registry_open(&house.config, DB_TOOL, 0, &house.err);
		HAVE(registry);
		store = store_open(replica, &house.err);
		HAVE(store);
		assert_true(stood >= 0);
		assert_other_is_whole();
		if (stood == 1 && made) {
			others++;
			OK(registry_find(
			    registry, STR("acme"), &row, &house.err));
			assert_string_equal(row.uid, "uid-of-acme-002");
			assert_int_equal(row.erasing_ms, 0);
			assert_true(
			    is_twithin(layout_db(&house.config, "acme", 1).p));
		} else {
			busy += stood;
			err_clear(&house.err);
			if (registry_find(registry, STR("acme"), &row,
				&house.err) == 0)
				OK(run("acme", NULL));
			assert_gone();
		}
		if (stood == 0)
			break;
		begin_anew();
	}
	print_message("# another was faster at %d places, and not at %d\n",
	    others, busy);
	assert_true(others > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		within(who_has_the_slug_then_is_not_touched),
		within(nothing_is_left),
		within(nor_what_was_half_made_of_it),
		within(what_may_not_be_is_not),
		within(where_there_is_no_replica),
		within(killed_anywhere_it_ends_with_the_next),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("erase", tests, NULL, NULL);
}
