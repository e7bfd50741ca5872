#include "tenants/lifecycle.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tenants/base/clock.h"
#include "tenants/hint.h"
#include "tenants/layout.h"
#include "tests/unit/house.h"
#include "tests/unit/step.h"

#define EMAIL    "owner@acme.test"
#define PASSWORD "correct horse battery"

static struct app_migration list[] = {
	{ .number = 1,
	    .name = "0001_a.sql",
	    .file = "app/schema/0001_a.sql",
	    .sql = { "CREATE TABLE a (x);", 19 } },
	{ .number = 2,
	    .name = "0002_b.sql",
	    .file = "app/schema/0002_b.sql",
	    .sql = { "CREATE TABLE b (x);\nINSERT INTO a VALUES (1)", 44 } },
};
static struct app app = { .n_migrations = 2, .migrations = list };

static struct registry *registry;

/* Syncs of files and directories, by their names, and renames. */
static struct {
	int on;
	char text[4096];
} trace;

static void
note(const char *call, int fd)
{
	size_t n = strlen(trace.text);
	char link[64], path[PATH_MAX] = "";

	if (!trace.on)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (fd >= 0 && readlink(link, path, sizeof(path) - 1) < 0)
		fail_msg("%s", link);
	snprintf(trace.text + n, sizeof(trace.text) - n, " %s:%.60s", call,
	    path[0] ? strrchr(path, '/') + 1 : "");
}

int
fsync(int fd)
{
	note("fsync", fd);
	return (int)syscall(SYS_fsync, fd);
}

int
rename(const char *from, const char *to)
{
	note("rename", -1);
	return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

static int
enter(void **state)
{
	if (house_enter(state) != 0)
		return -1;
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

#define here(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static int
create_with(const char *slug, const char *email, const char *password)
{
	struct lifecycle_owner owner = { .email = str_of(email),
		.password = str_of(password),
		.name = STR("Olga") };

	err_clear(&house.err);
	return lifecycle_create(
	    &house.config, registry, &app, str_of(slug), &owner, &house.err);
}

static int
create(const char *slug)
{
	return create_with(slug, EMAIL, PASSWORD);
}

/* The names in a directory, one blank between them. */
static const char *
names_in(const char *path)
{
	static char out[1000];
	struct arena *arena = arena_new(1 << 20);
	struct file_names names;
	size_t i;

	out[0] = '\0';
	OK(file_list(path, arena, &names, &house.err));
	for (i = 0; i < names.n; i++)
		strcat(strcat(out, i > 0 ? " " : ""), names.name[i]);
	arena_free(arena);
	return out;
}

static const char *
tenants_dir(void)
{
	static struct layout_path path;

	path = layout_tenants(&house.config);
	return path.p;
}

/* Registry, file and owner: somebody could sign in. */
static void
assert_complete(const char *slug)
{
	struct registry_tenant row;
	struct layout_path path;
	struct db_opts opts = { .role = DB_SERVE, .busy_ms = 5000 };
	sqlite3_stmt *stmt;
	struct db *db;
	int64_t n;

	OK(registry_find(registry, str_of(slug), &row, &house.err));
	assert_int_equal(row.state, REGISTRY_ACTIVE);
	assert_int_equal(row.epoch, 1);
	assert_int_equal(row.generation, 1);
	assert_int_equal(row.parent_epoch, 0);
	assert_int_equal(strlen(row.uid), REGISTRY_UID);
	path = layout_db(&house.config, slug, 1);
	opts.path = path.p;
	db = db_open(&opts, &house.err);
	HAVE(db);
	OK(db_quick_check(db, &house.err));
	OK(db_int(db, "PRAGMA user_version", &n, &house.err));
	assert_int_equal(n, 2);
	OK(db_int(db, "SELECT count(*) FROM a, b", &n, &house.err));
	stmt = db_prepare(db,
	    "SELECT u.email, u.name, u.role, u.password_hash, m.value FROM "
	    "_users u, _meta m WHERE m.key = 'uid'",
	    &house.err);
	HAVE(stmt);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(stmt, 0), EMAIL);
	assert_string_equal(sqlite3_column_text(stmt, 1), "Olga");
	assert_string_equal(sqlite3_column_text(stmt, 2), "owner");
	assert_int_equal(crypto_password_verify(STR(PASSWORD),
			     (const char *)sqlite3_column_text(stmt, 3)),
	    1);
	assert_string_equal(sqlite3_column_text(stmt, 4), row.uid);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_finalize(stmt);
	db_close(db);
}

static void
it_is_durable_before_it_has_its_name(void **state)
{
	(void)state;
	trace.on = 1;
	OK(create("acme"));
	trace.on = 0;
	if (!strstr(trace.text, " fsync:00000001 fsync:.new-acme rename:"
				" fsync:tenants"))
		fail_msg("%s", trace.text);
}

static void
from_nothing_to_a_tenant(void **state)
{
	int fd = hint_listen(&house.config, &house.err);
	struct hint hint;
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	registry_close(registry);
	registry = registry_open(&house.config, DB_TOOL, 0, &house.err);
	HAVE(registry);
	OK(create("acme"));
	/* Before anybody opened it: whole in one file, and nothing else. */
	assert_string_equal(names_in(tenants_dir()), "acme");
	assert_string_equal(
	    names_in(layout_tenant(&house.config, "acme").p), "00000001");
	assert_string_equal(
	    names_in(layout_incarnation(&house.config, "acme", 1).p),
	    "db.sqlite");
	assert_complete("acme");
	assert_int_equal(stat(layout_master_key(&house.config).p, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0400);
	assert_int_equal(st.st_size, 32);
	assert_int_equal(hint_receive(fd, &hint), 1);
	assert_string_equal(hint.slug, "_registry");
	assert_int_equal(hint_receive(fd, &hint), 1);
	assert_string_equal(hint.slug, "acme");
	assert_int_equal(hint.epoch, 1);
	assert_int_equal(hint_receive(fd, &hint), 0);
	close(fd);

	OK(create("globex"));
	assert_complete("globex");
	assert_complete("acme");
}

static void
what_cannot_be_leaves_nothing(void **state)
{
	(void)state;
	FAILS(create("A"), ERR_INPUT,
	    "slug \"A\": only a-z, 0-9 and - may be in it");
	FAILS(create("www"), ERR_INPUT,
	    "slug \"www\": the platform keeps that name");
	FAILS(create_with("acme", "nobody", PASSWORD), ERR_INPUT,
	    "tenant acme: \"nobody\" is not an e-mail address");
	FAILS(create_with("acme", EMAIL, "short"), ERR_INPUT,
	    "tenant acme: the password must have 8 to 256 bytes");
	list[1].sql = STR("CREATE TABLE b (x);\nINSERT INTO c VALUES (1)");
	FAILS(create("acme"), ERR_SYSTEM,
	    "tenant acme: app/schema/0002_b.sql:2: SQL: no such table: c");
	list[1].sql = STR("CREATE TABLE b (x);\nINSERT INTO a VALUES (1)");
	assert_string_equal(names_in(tenants_dir()), "");
	FAILS(registry_find(registry, STR("acme"),
		  &(struct registry_tenant){ 0 }, &house.err),
	    ERR_NOT_FOUND, "there is no tenant acme");
	OK(create("acme"));
	assert_complete("acme");
}

static void
a_slug_is_taken_for_good(void **state)
{
	struct registry_tenant row;

	(void)state;
	OK(create("acme"));
	FAILS(create("acme"), ERR_CONFLICT, "tenant acme exists already");
	assert_complete("acme");
	OK(lifecycle_delete(registry, STR("acme"), &house.err));
	OK(registry_find(registry, STR("acme"), &row, &house.err));
	assert_int_equal(row.state, REGISTRY_DELETED);
	/* Files are kept. */
	assert_true(house_file_size(layout_db(&house.config, "acme", 1).p) > 0);
	FAILS(create("acme"), ERR_CONFLICT, "tenant acme exists already");
	assert_string_equal(house.err.hint,
	    "it is deleted and its data is kept; the slug stays taken until "
	    "it is erased");
	FAILS(lifecycle_delete(registry, STR("acme"), &house.err), ERR_CONFLICT,
	    "tenant acme is deleted");
	FAILS(lifecycle_delete(registry, STR("nobody"), &house.err),
	    ERR_NOT_FOUND, "there is no tenant nobody");
}

/* Files that the registry does not know, since it was brought back from
 * before they were made: not for us to remove. */
static void
what_somebody_may_have_used_is_not_removed(void **state)
{
	struct layout_path dir = layout_tenant(&house.config, "acme");
	char text[800], spool[800];

	(void)state;
	snprintf(text, sizeof(text),
	    "tenant acme: %s is there, and the registry does not know it",
	    dir.p);
	OK(create("acme"));
	/* Opened by a worker: there is a -wal and a -shm beside it. */
	assert_complete("acme");
	OK(db_exec(registry_db(registry), "DELETE FROM tenants", &house.err));
	FAILS(create("acme"), ERR_CONFLICT, text);
	assert_string_equal(house.err.hint,
	    "bring the registry back, or move the directory away if nobody "
	    "needs it");
	/* Sealed by the replicator: a lone file again, but with a spool. */
	snprintf(spool, sizeof(spool), "%s-wal",
	    layout_db(&house.config, "acme", 1).p);
	OK(file_remove(spool, &house.err));
	snprintf(spool, sizeof(spool), "%s-shm",
	    layout_db(&house.config, "acme", 1).p);
	OK(file_remove(spool, &house.err));
	OK(file_mkdirs(
	    layout_spool(&house.config, "acme", 1).p, 0755, &house.err));
	FAILS(create("acme"), ERR_CONFLICT, text);
	/* A second incarnation. */
	OK(file_remove_tree(
	    layout_spool(&house.config, "acme", 1).p, &house.err));
	OK(file_mkdirs(
	    layout_incarnation(&house.config, "acme", 2).p, 0755, &house.err));
	FAILS(create("acme"), ERR_CONFLICT, text);
	/* As step 2 leaves it, it is nobody's. */
	OK(file_remove_tree(
	    layout_incarnation(&house.config, "acme", 2).p, &house.err));
	OK(create("acme"));
	assert_complete("acme");
}

static void
together_they_do_not_disturb_each_other(void **state)
{
	static const char *const slugs[] = { "same", "same", "same", "one",
		"two" };
	pid_t pid[N_OF(slugs)];
	int status, won = 0;
	size_t i;

	(void)state;
	registry_close(registry);
	for (i = 0; i < N_OF(slugs); i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] != 0)
			continue;
		house.config.busy_timeout_ms = 60000;
		registry = registry_open(&house.config, DB_TOOL, 0, &house.err);
		if (registry == NULL)
			_exit(9);
		_exit(create(slugs[i]) == 0 ? 0 : (int)house.err.code);
	}
	for (i = 0; i < N_OF(slugs); i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status));
		won += status == 0;
		if (status != 0)
			assert_int_equal(WEXITSTATUS(status), ERR_CONFLICT);
	}
	assert_int_equal(won, 3);
	registry = registry_open(&house.config, DB_TOOL, 0, &house.err);
	HAVE(registry);
	assert_complete("same");
	assert_complete("one");
	assert_complete("two");
	assert_string_equal(names_in(tenants_dir()), "one same two");
}

static void
one_that_takes_too_long_is_not_waited_for(void **state)
{
	int ends[2], status;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* Another that makes a tenant, and is stopped over it. */
		int fd = open(tenants_dir(), O_RDONLY | O_CLOEXEC);

		if (flock(fd, LOCK_EX) != 0 || write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &c, 1), 1);
	close(ends[0]);
	house.config.busy_timeout_ms = 100;
	FAILS(create("acme"), ERR_BUSY, "another tenant is being made");
	assert_int_equal(house.err.retry_after, 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	house.config.busy_timeout_ms = 5000;
	OK(create("acme"));
	assert_complete("acme");
}

static void
on_a_full_disk(void *arg)
{
	struct rlimit limit = { *(rlim_t *)arg, *(rlim_t *)arg };

	/* EFBIG stands for ENOSPC: no write goes beyond that many bytes. */
	signal(SIGXFSZ, SIG_IGN);
	registry = registry_open(&house.config, DB_TOOL, 0, &house.err);
	if (registry == NULL || setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return;
	if (create("acme") != 0)
		fprintf(stderr, "failed: %s", house.err.msg);
}

static void
without_room_there_is_no_tenant(void **state)
{
	char out[4096];
	rlim_t room;

	(void)state;
	for (room = 0; room < 65536; room += 4096) {
		unit_apart(on_a_full_disk, &room, out, sizeof(out));
		if (out[0] == '\0')
			break;
		assert_ptr_equal(strstr(out, "failed: "), out);
		if (room > 0)
			assert_string_equal(names_in(tenants_dir()), "");
		assert_true(
		    registry_find(registry, STR("acme"),
			&(struct registry_tenant){ 0 }, &house.err) != 0);
	}
	print_message("# fits from %lld bytes on\n", (long long)room);
	assert_true(room >= 32768);
	assert_complete("acme");
}

/* Everything that `rowhouse tenant create` does on an empty machine. */
static void
first_tenant(void)
{
	registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
	if (registry == NULL || create("acme") != 0)
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
	for (n = 1;; n++) {
		killed = step_kill(first_tenant, n);
		if (killed == -2) {
			print_message("# no ptrace here\n");
			skip();
		}
		assert_true(killed >= 0);
		registry = registry_open(&house.config, DB_TOOL, 1, &house.err);
		HAVE(registry);
		if (registry_find(registry, STR("acme"), &row, &house.err) ==
		    0) {
			all++;
			FAILS(create("acme"), ERR_CONFLICT,
			    "tenant acme exists already");
		} else {
			assert_int_equal(house.err.code, ERR_NOT_FOUND);
			nothing++;
			OK(create("acme"));
		}
		assert_complete("acme");
		assert_string_equal(names_in(tenants_dir()), "acme");
		registry_close(registry);
		registry = NULL;
		OK(file_remove_tree(house.config.data, &house.err));
		OK(file_mkdirs(house.config.data, 0755, &house.err));
		if (killed == 0)
			break;
	}
	print_message("# killed at %d places: %d times nothing, %d times all\n",
	    n - 1, nothing, all);
	assert_true(n > 60 && nothing > 50 && all > 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(from_nothing_to_a_tenant),
		here(it_is_durable_before_it_has_its_name),
		here(what_cannot_be_leaves_nothing),
		here(a_slug_is_taken_for_good),
		here(what_somebody_may_have_used_is_not_removed),
		here(together_they_do_not_disturb_each_other),
		here(one_that_takes_too_long_is_not_waited_for),
		here(without_room_there_is_no_tenant),
		house_test(killed_anywhere_there_is_all_or_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("lifecycle", tests, NULL, NULL);
}
