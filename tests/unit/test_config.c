#include "tenants/base/config.h"

#include <limits.h>
#include <sys/stat.h>

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tests/unit/config_mistakes.h"
#include "tests/unit/unit.h"

static char dir[PATH_MAX]; /* the working directory of all tests */
static struct config config;
static struct arena *arena;

/* Loads text as ./c; the error's message without the name of the directory. */
static int
load(struct str text, struct err *err)
{
	size_t n = strlen(dir);
	int rc;

	unit_put("c", text);
	err_clear(err);
	rc = config_load(&config, "c", err);
	if (rc != 0 && strncmp(err->msg, dir, n) == 0)
		memmove(err->msg, err->msg + n + 1, strlen(err->msg + n));
	return rc;
}

static int
load_line(const char *line, struct err *err)
{
	return load(str_of(arena_printf(arena, "data = d\n%s\n", line)), err);
}

static void
assert_path(const char *path, const char *below)
{
	assert_string_equal(path, arena_printf(arena, "%s/%s", dir, below));
}

static void
data_alone_is_enough(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(load(STR("data = d"), &err), 0);
	assert_path(config.file, "c");
	assert_path(config.data, "d");
	assert_path(config.run, "d/run");
	assert_string_equal(config.app, "/usr/local/share/rowhouse/app");
	assert_string_equal(config.base_domain, "localhost");
	assert_int_equal(config.workers, 4);
	assert_int_equal(config.worker_requests, 10000);
	assert_int_equal(config.worker_tenants, 64);
	assert_int_equal(config.worker_cache_kib, 32768);
	assert_int_equal(config.worker_idle_ms, 30000);
	assert_int_equal(config.request_body_max, 1048576);
	assert_int_equal(config.request_timeout_ms, 10000);
	assert_int_equal(config.response_max, 4194304);
	assert_int_equal(config.response_rows, 1000);
	assert_string_equal(config.socket_group, "");
	assert_int_equal(config.cache_kib, 20000);
	assert_int_equal(config.busy_timeout_ms, 5000);
	assert_int_equal(config.read_ms, 250);
	assert_int_equal(config.write_ms, 1000);
	assert_true(config.tenant_size_max == INT64_C(10) << 30);
	assert_int_equal(config.token_ttl_ms, 5 * 24 * 3600 * 1000);
	assert_int_equal(config.usage_interval_ms, 60000);
	assert_true(config.usage_keep_ms == INT64_C(35) * 24 * 3600 * 1000);
	assert_int_equal(config.password_passes, 2);
	assert_int_equal(config.password_kib, 19456);
	assert_int_equal(config.password_at_once, 0);
	assert_string_equal(config.replica, "");
	assert_int_equal(config.replica_interval_ms, 1000);
	assert_int_equal(config.replica_snapshot_ms, 24 * 3600 * 1000);
	assert_int_equal(config.replica_sweep_ms, 60000);
	assert_int_equal(config.replica_idle_ms, 60000);
	assert_int_equal(config.replica_checkpoint, 1000);
	assert_int_equal(config.replica_confirm_ms, 10000);
	assert_int_equal(config.replica_open, 256);
	assert_int_equal(config.log_level, LOG_LEVEL_INFO);
}

static void
lines_and_comments(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(load(STR("# comment\n"
				  "\n"
				  "   \t \n"
				  "data=/srv/d#1\t # a comment = here\r\n"
				  "  workers\t=   8   \r\n"
				  "base_domain = Example.COM # lower case\n"
				  "socket.group =\n"
				  "\t#workers = 9\n"
				  "log.level = debug"),
			     &err),
	    0);
	assert_string_equal(config.data, "/srv/d#1");
	assert_string_equal(config.run, "/srv/d#1/run");
	assert_int_equal(config.workers, 8);
	assert_string_equal(config.base_domain, "example.com");
	assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
}

static void
paths_are_relative_to_the_file(void **state)
{
	static const struct {
		const char *value;
		const char *path; /* below dir, or absolute */
	} cases[] = {
		{ "x", "x" },
		{ "./x", "x" },
		{ "././x", "x" },
		{ "x/", "x" },
		{ "x//", "x" },
		{ "../x", "../x" },
		{ "x y", "x y" },
		{ "/x", NULL },
		{ "/x/y", NULL },
		{ "/", NULL },
	};
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		const char *value = cases[i].value;

		assert_int_equal(
		    load_line(arena_printf(arena, "app = %s", value), &err), 0);
		if (cases[i].path)
			assert_path(config.app, cases[i].path);
		else
			assert_string_equal(config.app, value);
	}
	assert_int_equal(load_line("app = .", &err), 0);
	assert_string_equal(config.app, dir);
	assert_int_equal(load_line("app = ./", &err), 0);
	assert_string_equal(config.app, dir);

	/* The file's directory, not the process's. */
	assert_int_equal(mkdir("etc", 0755), 0);
	unit_put("etc/c", STR("data = d"));
	assert_int_equal(config_load(&config, "./etc/c", &err), 0);
	assert_path(config.file, "etc/c");
	assert_path(config.data, "etc/d");
	assert_int_equal(
	    config_load(&config, arena_printf(arena, "%s/etc/c", dir), &err),
	    0);
	assert_path(config.data, "etc/d");
}

static void
values(void **state)
{
	static const struct {
		const char *line;
		size_t offset;
		int64_t want;
	} cases[] = {
#define CASE(line, field, want) { line, offsetof(struct config, field), want }
		CASE("workers = 1", workers, 1),
		CASE("workers = 32", workers, 32),
		CASE("workers = 007", workers, 7),
		CASE("worker.cache = 1MiB", worker_cache_kib, 1024),
		CASE("worker.cache = 2097152", worker_cache_kib, 2048),
		CASE("worker.cache = 3 MiB", worker_cache_kib, 3072),
		CASE("db.cache_size = 64KiB", cache_kib, 64),
		CASE("db.cache_size = 4GiB", cache_kib, 4194304),
		CASE("request.body_max = 1024", request_body_max, 1024),
		CASE("request.body_max = 64MiB", request_body_max, 64 << 20),
		CASE("tenant.size_max = 16384GiB", tenant_size_max,
		    INT64_C(1) << 44),
		CASE("db.busy_timeout = 0s", busy_timeout_ms, 0),
		CASE("statement.read = 1ms", read_ms, 1),
		CASE("statement.write = 1m", write_ms, 60000),
		CASE("token.ttl = 365d", token_ttl_ms, INT64_C(31536000000)),
		CASE("password.memory = 8KiB", password_kib, 8),
		CASE("password.passes = 1", password_passes, 1),
		CASE("password.at_once = 16", password_at_once, 16),
		CASE("replica.checkpoint = 1", replica_checkpoint, 1),
#undef CASE
	};
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		int64_t got;

		if (load_line(cases[i].line, &err) != 0)
			fail_msg("%s: %s", cases[i].line, err.msg);
		memcpy(&got, (char *)&config + cases[i].offset, sizeof got);
		if (got != cases[i].want)
			fail_msg("%s: %lld", cases[i].line, (long long)got);
	}
	assert_int_equal(load_line("socket.group = www-data_1.x", &err), 0);
	assert_string_equal(config.socket_group, "www-data_1.x");
}

static void
replicas(void **state)
{
	static const struct {
		const char *value;
		const char *path;
		const char *what;
		const char *hint;
	} cases[] = {
		{ "", "", NULL, NULL },
		{ "/srv/r", "/srv/r", NULL, NULL },
		{ "/srv/r/", "/srv/r", NULL, NULL },
		{ "file:///srv/r", "/srv/r", NULL, NULL },
		{ "/srv/50%", "/srv/50%", NULL, NULL },
		{ "/srv/a:b", "/srv/a:b", NULL, NULL },
		{ "s3://bucket/a/b?endpoint=https://x:9000&region=eu-1",
		    "s3://bucket/a/b?endpoint=https://x:9000&region=eu-1", NULL,
		    NULL },
		{ "https://example.com/", NULL, "unknown kind of replica",
		    "give a path, file:///path or s3://BUCKET/PREFIX" },
		{ "gs://b", NULL, "unknown kind of replica",
		    "give a path, file:///path or s3://BUCKET/PREFIX" },
		{ "file://host/srv", NULL,
		    "file:// must be followed by an absolute path: "
		    "file:///path",
		    "" },
		{ "file://", NULL,
		    "file:// must be followed by an absolute path: "
		    "file:///path",
		    "" },
		{ "file:///a%20b", NULL, "file:// takes no %-escapes",
		    "give the path itself" },
	};
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		int rc = load_line(
		    arena_printf(arena, "replica.url = %s", cases[i].value),
		    &err);

		if (cases[i].path) {
			assert_int_equal(rc, 0);
			assert_string_equal(config.replica, cases[i].path);
			continue;
		}
		assert_int_equal(rc, -1);
		assert_err(&err, ERR_INPUT,
		    arena_printf(arena, "c:2: replica.url: %s", cases[i].what));
		assert_string_equal(err.hint, cases[i].hint);
	}
	assert_int_equal(load_line("replica.url = r", &err), 0);
	assert_path(config.replica, "r");
	assert_int_equal(load_line("replica.url = d/r", &err), 0);
	assert_int_equal(load_line("\nreplica.url = ./d/", &err), -1);
	assert_err(&err, ERR_INPUT,
	    "c:3: replica.url: the data directory "
	    "itself cannot be its replica");
}

static void
mistakes_are_named(void **state)
{
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(config_mistakes); i++) {
		if (load(str_of(config_mistakes[i].text), &err) == 0)
			fail_msg("'%s' is taken", config_mistakes[i].text);
		assert_err(&err, ERR_INPUT, config_mistakes[i].message);
	}
	assert_int_equal(load(STR("data = d\0"), &err), -1);
	assert_err(&err, ERR_INPUT, "c:1: a byte that is not text");
	load(STR("replica.interva1 = 1s"), &err);
	assert_string_equal(err.hint, "there is replica.interval");
	load(STR("dat = x"), &err);
	assert_string_equal(err.hint, "there is data");
	load(STR("dta = x"), &err);
	assert_string_equal(err.hint, "there is data, db.cache_size, "
				      "db.busy_timeout");
	load(STR("workers2 = 1"), &err);
	assert_string_equal(err.hint, "there is workers");
	load(STR("x = 1"), &err);
	assert_string_equal(err.hint, "");
	load(STR("re = 1"), &err);
	assert_memory_equal(err.hint, "there is request.body_max, ", 27);
	load(STR(""), &err);
	assert_string_equal(err.hint, "data = /var/lib/rowhouse");
}

static const char *
repeated(char c, size_t n)
{
	char *p = arena_alloc(arena, n + 1);

	memset(p, c, n);
	return p;
}

/* What fits to the byte, and what is one byte longer. */
static void
directories_are_bounded(void **state)
{
	static const struct {
		const char *key;
		size_t most;
	} cases[] = { { "run", 94 }, { "app", 400 }, { "replica.url", 400 } };
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		const char *key = cases[i].key;
		size_t most = cases[i].most;

		assert_int_equal(load_line(arena_printf(arena, "%s = /%s", key,
					       repeated('x', most - 1)),
				     &err),
		    0);
		assert_int_equal(load_line(arena_printf(arena, "%s = /%s", key,
					       repeated('x', most)),
				     &err),
		    -1);
		assert_err(&err, ERR_INPUT,
		    arena_printf(arena,
			"c:2: %s: the path is longer than %zu bytes", key,
			most));
		assert_int_equal(load_line(arena_printf(arena, "%s = /%s", key,
					       repeated('x', 5000)),
				     &err),
		    -1);
		assert_int_equal(err.code, ERR_INPUT);
	}
	assert_int_equal(load(str_of(arena_printf(arena, "data = /%s\nrun = /r",
				  repeated('x', 399))),
			     &err),
	    0);
	assert_int_equal(load(str_of(arena_printf(arena, "data = /%s\nrun = /r",
				  repeated('x', 400))),
			     &err),
	    -1);
	assert_err(
	    &err, ERR_INPUT, "c:1: data: the path is longer than 400 bytes");

	/* run lies in data where nobody says otherwise. */
	assert_int_equal(
	    load(str_of(arena_printf(arena, "data = /%s", repeated('x', 89))),
		&err),
	    0);
	assert_int_equal(strlen(config.run), 94);
	assert_int_equal(
	    load(str_of(arena_printf(arena, "data = /%s", repeated('x', 90))),
		&err),
	    -1);
	assert_err(&err, ERR_INPUT, "c: run: the path is longer than 94 bytes");
	assert_string_equal(err.hint, "a socket's address has no more room: "
				      "set run to a shorter path");

	assert_int_equal(load_line("app = /a/ #b", &err), 0);
	assert_string_equal(config.app, "/a");
	assert_int_equal(
	    load_line(arena_printf(arena, "base_domain = %s.%s.%s.%s",
			  repeated('a', 63), repeated('b', 63),
			  repeated('c', 63), repeated('d', 20)),
		&err),
	    0);
	assert_int_equal(strlen(config.base_domain), 212);
	assert_int_equal(
	    load_line(arena_printf(arena, "base_domain = %s.%s.%s.%s",
			  repeated('a', 63), repeated('b', 63),
			  repeated('c', 63), repeated('d', 21)),
		&err),
	    -1);
	assert_err(&err, ERR_INPUT,
	    "c:2: base_domain: longer than 212 bytes: "
	    "no room for SLUG before it");
	assert_int_equal(load_line(arena_printf(arena, "base_domain = %s",
				       repeated('a', 64)),
			     &err),
	    -1);
	assert_int_equal(load_line(arena_printf(arena, "socket.group = %s",
				       repeated('a', 63)),
			     &err),
	    0);
	assert_int_equal(load_line(arena_printf(arena, "socket.group = %s",
				       repeated('a', 64)),
			     &err),
	    -1);
}

/* Else what is printed would be read back as another path. */
static void
no_path_holds_a_comment(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(mkdir("a #b", 0755), 0);
	unit_put("a #b/c", STR("data = d\nrun = /r"));
	assert_int_equal(config_load(&config, "a #b/c", &err), -1);
	assert_err(&err, ERR_INPUT,
	    arena_printf(
		arena, "%s/a #b/c:1: data: a path cannot hold ' #'", dir));
}

static void
the_file_is_named_or_found(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(config_load(&config, "none", &err), -1);
	assert_err(&err, ERR_NOT_FOUND,
	    arena_printf(arena,
		"configuration: cannot open %s/none: "
		"No such file or directory",
		dir));
	assert_string_equal(err.hint, "name one: -c FILE, or ROWHOUSE_CONFIG "
				      "in the environment");
	unit_put("env", STR("data = from-env"));
	setenv("ROWHOUSE_CONFIG", "env", 1);
	assert_int_equal(config_load(&config, "", &err), 0);
	assert_path(config.data, "from-env");
	assert_int_equal(config_load(&config, NULL, &err), 0);
	assert_path(config.data, "from-env");
	unit_put("c", STR("data = from-c"));
	assert_int_equal(config_load(&config, "c", &err), 0);
	assert_path(config.data, "from-c");
	setenv("ROWHOUSE_CONFIG", "", 1);
	if (access("/etc/rowhouse.conf", F_OK) != 0) {
		assert_int_equal(config_load(&config, "", &err), -1);
		assert_err(&err, ERR_NOT_FOUND,
		    "configuration: cannot open /etc/rowhouse.conf: "
		    "No such file or directory");
	}
	unsetenv("ROWHOUSE_CONFIG");
	assert_int_equal(config_load(&config, repeated('x', 600), &err), -1);
	assert_err(&err, ERR_TOO_LARGE,
	    "the name of the configuration file "
	    "is larger than 511 bytes");
	assert_int_equal(config_load(&config, ".", &err), -1);
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_int_equal(load(str_make(repeated('#', 65537), 65537), &err), -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
}

/* Printed, read and printed again it is the same, whatever was set. */
static void
what_is_printed_can_be_read(void **state)
{
	static const char *const texts[] = {
		"data = d\n",
		"data = /srv/d\nrun = /run/r\napp = a\nbase_domain = x.org\n"
		"workers = 1\nworker.requests = 1\nworker.tenants = 1\n"
		"worker.cache = 1025KiB\nworker.idle = 1500ms\n"
		"request.body_max = 1025\nrequest.timeout = 90s\n"
		"response.max = 100MiB\nresponse.rows = 1\n"
		"socket.group = www-data\ndb.cache_size = 1GiB\n"
		"db.busy_timeout = 0ms\nstatement.read = 61ms\n"
		"statement.write = 2s\ntenant.size_max = 1048577\n"
		"token.ttl = 90m\npassword.passes = 3\n"
		"password.memory = 64MiB\nreplica.url = file:///srv/r\n"
		"replica.interval = 10ms\nreplica.snapshot = 36h\n"
		"replica.sweep = 1h\nreplica.idle = 1d\n"
		"replica.checkpoint = 7\nreplica.open = 1\n"
		"log.level = error\n"
		"plan.free.rate = 90/m\nplan.free.in_flight = 2\n"
		"plan.pro.size = 20GiB\nplan.pro.rate = 7/h\n"
		"plan.free.users = 5\nplan.free.read = 100ms\n"
		"plan.free.write = 200ms\nplan.free.body = 1KiB\n"
		"plan.free.rows = 50\nplan.default.rate = 3600/h\n"
		"plan.free.replicated = 0\nplan.pro.replicated = 8\n",
	};
	struct err err = ERR_INIT;
	struct buf first, second;
	size_t i;

	(void)state;
	buf_init(&first, 65536);
	buf_init(&second, 65536);
	for (i = 0; i < N_OF(texts); i++) {
		struct config read;

		assert_int_equal(load(str_of(texts[i]), &err), 0);
		read = config;
		buf_reset(&first);
		config_print(&config, &first);
		assert_int_equal(load(buf_view(&first), &err), 0);
		assert_memory_equal(&config, &read, sizeof config);
		buf_reset(&second);
		config_print(&config, &second);
		assert_true(str_eq(buf_view(&first), buf_view(&second)));
	}
	buf_free(&first);
	buf_free(&second);
}

static void
sizes_are_printed_as_people_write_them(void **state)
{
	struct err err = ERR_INIT;
	struct buf out;

	(void)state;
	buf_init(&out, 65536);
	assert_int_equal(load(STR("data = /d\nworker.cache = 65536KiB\n"
				  "request.body_max = 1025\n"
				  "tenant.size_max = 1048576KiB\n"
				  "worker.idle = 1500ms\ntoken.ttl = 48h\n"
				  "db.busy_timeout = 0d"),
			     &err),
	    0);
	config_print(&config, &out);
	buf_putc(&out, '\0');
	assert_non_null(strstr(out.p, "\nworker.cache = 64MiB\n"));
	assert_non_null(strstr(out.p, "\nrequest.body_max = 1025\n"));
	assert_non_null(strstr(out.p, "\ntenant.size_max = 1GiB\n"));
	assert_non_null(strstr(out.p, "\nworker.idle = 1500ms\n"));
	assert_non_null(strstr(out.p, "\ntoken.ttl = 2d\n"));
	assert_non_null(strstr(out.p, "\ndb.busy_timeout = 0s\n"));
	assert_non_null(strstr(out.p, "\n# processes that answer requests\n"
				      "workers = 4\n"));
	buf_free(&out);
}

static void
a_plan_is_what_its_lines_say(void **state)
{
	struct err err = ERR_INIT;
	char text[2000];
	size_t n;
	int i;

	(void)state;
	assert_int_equal(load(STR("plan.free.rate = 20/s\ndata = d\n"
				  "plan.pro.size = 20GiB\n"
				  "plan.free.size = 1GiB # small\n"),
			     &err),
	    0);
	assert_int_equal(config.n_plans, 2);
	assert_int_equal(config.plan[0].rate, 72000);
	assert_int_equal(config.plan[0].replicated, -1);
	assert_int_equal(load(STR("plan.free.sise = 1"), &err), -1);
	assert_string_equal(err.hint,
	    "a plan has in_flight, rate, read, write, body, rows, size, "
	    "users, replicated");
	n = (size_t)snprintf(text, sizeof text, "data = d\n");
	for (i = 0; i < CONFIG_PLANS; i++)
		n += (size_t)snprintf(
		    text + n, sizeof text - n, "plan.p%d.users = 1\n", i);
	assert_int_equal(load(str_of(text), &err), 0);
	snprintf(text + n, sizeof text - n, "plan.more.users = 1\n");
	assert_int_equal(load(str_of(text), &err), -1);
	assert_non_null(
	    strstr(err.msg, "plan.more.users: there are 16 plans already"));
}

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new((size_t)16 << 20);
	if (unit_scratch() != 0)
		return -1;
	return getcwd(dir, sizeof dir) ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* tests/e2e/66 has the two users; here is what may not change for one. */
static void
a_group_shares_a_setgid_directory(void **state)
{
	static const struct {
		mode_t directory, called_with, then;
	} cases[] = {
		{ 0700, 077, 077 },
		{ 0770, 022, 022 },
		{ 02770, 022, 02 },
		{ 02771, 077, 07 },
		{ 02770, 0, 0 },
	};
	struct err err = ERR_INIT;
	mode_t before = umask(022);
	size_t i;

	(void)state;
	assert_int_equal(mkdir("shared", 0700), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(chmod("shared", cases[i].directory), 0);
		umask(cases[i].called_with);
		assert_int_equal(load(STR("data = shared"), &err), 0);
		assert_int_equal(umask(022), cases[i].then);
	}
	assert_int_equal(rmdir("shared"), 0);
	umask(before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_alone_is_enough),
		cmocka_unit_test(lines_and_comments),
		cmocka_unit_test(paths_are_relative_to_the_file),
		cmocka_unit_test(values),
		cmocka_unit_test(replicas),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(directories_are_bounded),
		cmocka_unit_test(no_path_holds_a_comment),
		cmocka_unit_test(the_file_is_named_or_found),
		cmocka_unit_test(what_is_printed_can_be_read),
		cmocka_unit_test(a_plan_is_what_its_lines_say),
		cmocka_unit_test(sizes_are_printed_as_people_write_them),
		cmocka_unit_test(a_group_shares_a_setgid_directory),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config", tests, set_up, tear_down);
}
