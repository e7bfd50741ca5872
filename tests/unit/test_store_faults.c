#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "replication/restore.h"
#include "replication/store.h"
#include "tests/unit/replica.h"
#include "tests/unit/unit.h"

/*
 * What a put into a directory, and a restore from it, ask of the kernel, in
 * which order, and what is left when any one of these calls fails.  The calls
 * below take the place of libc's in this program, SQLite's included.
 */
static struct {
	int on;
	int calls;
	int fail_at; /* the first is 1; 0 = none fails */
	char trace[4000];
} watch;

/* The last part of the name of what fd is. */
static const char *
name_of(int fd, char out[PATH_MAX])
{
	char link_path[64];
	const char *slash;
	ssize_t n;

	snprintf(link_path, sizeof link_path, "/proc/self/fd/%d", fd);
	n = readlink(link_path, out, PATH_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
	slash = strrchr(out, '/');
	return slash ? slash + 1 : out;
}

static int
fails(const char *call, int fd)
{
	char path[PATH_MAX];
	size_t n = strlen(watch.trace);

	if (!watch.on)
		return 0;
	watch.calls++;
	snprintf(watch.trace + n, sizeof watch.trace - n, "%s%s%s%.50s",
	    n ? " " : "", call, fd >= 0 ? ":" : "",
	    fd >= 0 ? name_of(fd, path) : "");
	if (watch.calls != watch.fail_at)
		return 0;
	errno = EIO;
	return 1;
}

int
fsync(int fd)
{
	return fails("fsync", fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
ftruncate(int fd, off_t size)
{
	return fails("ftruncate", fd) ? -1
				      : (int)syscall(SYS_ftruncate, fd, size);
}

int
flock(int fd, int operation)
{
	return fails("flock", fd) ? -1 : (int)syscall(SYS_flock, fd, operation);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	return fails("pwrite", fd) ? -1 : syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t
pread(int fd, void *p, size_t n, off_t at)
{
	return fails("pread", fd) ? -1 : syscall(SYS_pread64, fd, p, n, at);
}

int
futimens(int fd, const struct timespec times[2])
{
	return fails("futimens", fd)
		   ? -1
		   : (int)syscall(SYS_utimensat, fd, NULL, times, 0);
}

int
mkdir(const char *path, mode_t mode)
{
	return fails("mkdir", -1)
		   ? -1
		   : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int
renameat2(
    int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	return fails("rename", -1) ? -1
				   : (int)syscall(SYS_renameat2, from_dir, from,
					 to_dir, to, flags);
}

static void
watch_from(int fail_at)
{
	memset(&watch, 0, sizeof watch);
	watch.fail_at = fail_at;
	watch.on = 1;
}

/*
 * The lock on the file beside failed: then whose it is cannot be told, and it
 * is left to the next one.
 */
static int
unlocked(void)
{
	const char *last = strrchr(watch.trace, ' ');

	return strncmp(last ? last + 1 : watch.trace, "flock", 5) == 0;
}

/* --- scratch --------------------------------------------------------------------- */

static char dir[512];
static struct store *store;

static int
enter(void **state)
{
	const char *base = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	struct err err = ERR_INIT;
	char url[600];

	(void)state;
	watch.on = 0;
	snprintf(dir, sizeof dir, "%.400s/test_store_faults.XXXXXX", base);
	assert_non_null(mkdtemp(dir));
	snprintf(url, sizeof url, "%s/r", dir);
	store = store_open(url, &err);
	assert_non_null(store);
	return 0;
}

static int
leave(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	watch.on = 0;
	store_close(store);
	return file_remove_tree(dir, &err);
}

#define here(f) cmocka_unit_test_setup_teardown(f, enter, leave)

/* Files below dir. */
static int
files(const char *ends)
{
	char command[700];
	FILE *out;
	int n = -1;

	snprintf(
	    command, sizeof command, "find %s -name '*%s' | wc -l", dir, ends);
	out = popen(command, "re");
	assert_non_null(out);
	assert_int_equal(fscanf(out, "%d", &n), 1);
	pclose(out);
	return n;
}

/* --- puts --------------------------------------------------------------------------- */

static struct str content;
static char *read_back;
static size_t read_n;

static int
see(struct store_op *op, const void *p, size_t n, struct err *err)
{
	(void)op;
	(void)err;
	memcpy(read_back + read_n, p, n);
	read_n += n;
	return 0;
}

static struct store_op
object(enum store_verb verb)
{
	return (struct store_op){ .verb = verb,
		.key = { .slug = "acme",
		    .epoch = 1,
		    .kind = STORE_LTX,
		    .min_txid = 2,
		    .max_txid = 2 },
		.bytes = content,
		.time_ms = 1000,
		.data = see };
}

static int
put(struct err *err)
{
	struct store_op op = object(STORE_PUT);

	return store_now(store, &op, err);
}

static void
assert_content(void)
{
	struct store_op op = object(STORE_GET);
	struct err err = ERR_INIT;

	read_n = 0;
	assert_int_equal(store_now(store, &op, &err), 0);
	assert_int_equal(read_n, content.n);
	assert_memory_equal(read_back, content.p, content.n);
}

static void
durable_before_it_is_done(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	content = STR("some bytes");
	watch_from(0);
	assert_int_equal(put(&err), 0);
	/* Each directory that is made is made durable in the one above. */
	assert_non_null(strstr(watch.trace,
	    "mkdir fsync:r mkdir fsync:acme mkdir fsync:00000001 "
	    "mkdir fsync:ltx "));
	assert_non_null(strstr(watch.trace,
	    " pwrite:0000000000000002-0000000000000002.ltx.put"
	    " futimens:0000000000000002-0000000000000002.ltx.put"
	    " fsync:0000000000000002-0000000000000002.ltx.put"
	    " rename fsync:0"));
	/* Another with the same content may have died before its sync. */
	watch_from(0);
	assert_int_equal(put(&err), 0);
	assert_string_equal(watch.trace,
	    "pread:0000000000000002-0000000000000002.ltx "
	    "fsync:0000000000000002-0000000000000002.ltx fsync:0");
}

static void
any_call_of_a_put_fails(void **state)
{
	int n;

	content = str_make(calloc(1, 3 << 20), 3 << 20);
	read_back = malloc(content.n);
	assert_non_null(content.p);
	assert_non_null(read_back);
	for (n = 1;; n++) {
		struct err err = ERR_INIT;
		int rc;

		watch_from(n);
		rc = put(&err);
		watch.on = 0;
		if (watch.calls < n) {
			assert_int_equal(rc, 0);
			break;
		}
		/* Under its name whole, or not at all; and nothing beside it. */
		assert_int_equal(rc, -1);
		assert_int_equal(err.code, ERR_SYSTEM);
		/* A path is named: of the object, or on the way to it. */
		assert_non_null(strstr(err.msg, " /"));
		assert_non_null(strstr(err.msg, "Input/output error"));
		assert_int_equal(files(".put"), unlocked());
		if (files(".ltx") > 0)
			assert_content();
		err_clear(&err);
		assert_int_equal(put(&err), 0);
		assert_content();
		leave(state);
		enter(state);
	}
	assert_true(n > 15);
	free((void *)(uintptr_t)content.p);
	free(read_back);
}

/* --- restores -------------------------------------------------------------------------- */

static int
restore(const struct restore_plan *plan, const char *to, struct err *err)
{
	struct restore_target target = { .path = to };

	return restore_build(store, plan, &target, err);
}

static void
any_call_of_a_restore_fails(void **state)
{
	static struct replica r;
	struct arena *arena = arena_new(RESTORE_PLAN_MAX);
	struct restore_opts opts = { .slug = "acme" };
	struct restore_plan plan;
	struct err err = ERR_INIT;
	struct file_names names;
	char db[600], to[600], out[600];
	int n;

	(void)state;
	snprintf(db, sizeof db, "%s/live", dir);
	snprintf(out, sizeof out, "%s/out", dir);
	snprintf(to, sizeof to, "%s/out/back", dir);
	snprintf(r.scratch, sizeof r.scratch, "%.490s/object", dir);
	assert_int_equal(file_mkdirs(out, 0700, &err), 0);
	r.store = store;
	r.slug = "acme";
	r.epoch = 1;
	replica_sql(db, 4096, "CREATE TABLE t (a)");
	replica_take(&r, db, 1000);
	replica_sql(db, 4096, "INSERT INTO t VALUES (randomblob(90000))");
	replica_take(&r, db, 2000);
	replica_put(&r, 9, 1, 1);
	replica_put(&r, 0, 2, 2);
	assert_int_equal(restore_plan(store, &opts, arena, &plan, &err), 0);
	for (n = 1;; n++) {
		int rc;

		err_clear(&err);
		watch_from(n);
		rc = restore(&plan, to, &err);
		watch.on = 0;
		if (rc != 0) {
			assert_true(
			    err.code == ERR_SYSTEM || err.code == ERR_CORRUPT);
			assert_true(err.msg[0]);
		}
		assert_int_equal(file_list(out, arena, &names, &err), 0);
		if (watch.calls < n) {
			assert_int_equal(rc, 0);
			break;
		}
		/* A whole file, or none: and nothing beside it. */
		if (unlocked())
			continue;
		if (names.n > 1 ||
		    (names.n == 1 && strcmp(names.name[0], "back") != 0))
			fail_msg("call %d leaves %s: %s", n, names.name[0],
			    watch.trace);
		if (names.n == 0) {
			assert_int_equal(rc, -1);
			continue;
		}
		{
			struct str bytes;

			assert_int_equal(
			    file_read(to, 1 << 20, arena, &bytes, &err), 0);
			assert_int_equal(
			    bytes.n, (size_t)r.state[2].pages * 4096);
			assert_memory_equal(bytes.p, r.state[2].bytes, bytes.n);
			assert_int_equal(unlink(to), 0);
		}
	}
	assert_true(n > 10);
	/* The file is durable before it has its name, and so is the name. */
	assert_non_null(strstr(watch.trace, " fsync:back.restoring "));
	assert_non_null(strstr(watch.trace, " rename fsync:out"));
	replica_clear(&r);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(durable_before_it_is_done),
		here(any_call_of_a_put_fails),
		here(any_call_of_a_restore_fails),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
