#include "tenants/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/unit/unit.h"

/*
 * What file.c asks of the kernel, in which order, and what is left when any one
 * of these calls fails.  The calls below take the place of libc's in this
 * program: they note what was done to what, and fail when their turn has come.
 */
static struct {
	int on;
	int calls;
	int fail_at; /* the first is 1; 0 = none fails */
	char trace[2000];
} watch;

/* "temp", or the last part of the name of what fd is. */
static const char *
name_of(int fd, char out[PATH_MAX])
{
	char link[64];
	const char *slash;
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
	if (str_ends(str_of(out), ".tmp"))
		return "temp";
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
	snprintf(watch.trace + n, sizeof watch.trace - n, "%s%s%s%.40s",
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
fchmod(int fd, mode_t mode)
{
	return fails("fchmod", fd) ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	return fails("write", fd) ? -1 : syscall(SYS_write, fd, p, n);
}

int
close(int fd)
{
	int failed = fails("close", fd);
	int rc = (int)syscall(SYS_close, fd);

	/* The kernel closes it all the same. */
	if (!failed)
		return rc;
	errno = EIO;
	return -1;
}

int
rename(const char *from, const char *to)
{
	return fails("rename", -1)
		   ? -1
		   : (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

int
renameat2(
    int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
	return fails("renameat2", -1) ? -1
				      : (int)syscall(SYS_renameat2, from_at,
					    from, to_at, to, flags);
}

int
link(const char *from, const char *to)
{
	return fails("link", -1)
		   ? -1
		   : (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlink(const char *path)
{
	return fails("unlink", -1)
		   ? -1
		   : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int
mkdir(const char *path, mode_t mode)
{
	return fails("mkdir", -1)
		   ? -1
		   : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

/* body() under watch, with its n-th call failing. */
static int
watched(int n, int (*body)(struct err *err), struct err *err)
{
	int rc;

	err_clear(err);
	watch.trace[0] = '\0';
	watch.calls = 0;
	watch.fail_at = n;
	watch.on = 1;
	rc = body(err);
	watch.on = 0;
	return rc;
}

static struct arena *arena;

static struct str
content(const char *path)
{
	struct err err = ERR_INIT;
	struct str s = STR_NONE;

	assert_int_equal(file_read(path, 1000, arena, &s, &err), 0);
	return s;
}

static size_t
count(const char *dir)
{
	struct file_names names;
	struct err err = ERR_INIT;

	assert_int_equal(file_list(dir, arena, &names, &err), 0);
	return names.n;
}

static int
next_descriptor(void)
{
	int fd = open("/", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

static int
replace(struct err *err)
{
	return file_replace("d/x", STR("new"), 0644, err);
}

static int
create(struct err *err)
{
	return file_create("d/x", STR("new"), 0644, err);
}

static int
rename_beside(struct err *err)
{
	return file_rename("d/x", "d/y", err);
}

static int
rename_across(struct err *err)
{
	return file_rename("d/x", "e/y", err);
}

static int
rename_new(struct err *err)
{
	return file_rename_new("d/y", "d/z", err);
}

static int
make_dirs(struct err *err)
{
	return file_mkdirs("d/a/b", 0755, err);
}

static void
what_is_done_is_durable_in_this_order(void **state)
{
	static const struct {
		int (*body)(struct err *err);
		const char *trace;
	} cases[] = {
		{ replace, "write:temp fchmod:temp fsync:temp close:temp "
			   "rename fsync:d close:d" },
		{ rename_beside, "rename fsync:d close:d" },
		{ create, "write:temp fchmod:temp fsync:temp close:temp "
			  "link unlink fsync:d close:d" },
		{ rename_across, "rename fsync:e close:e fsync:d close:d" },
		{ rename_new, "renameat2 fsync:d close:d" },
		{ make_dirs,
		    "mkdir mkdir fsync:d close:d mkdir fsync:a close:a" },
	};
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		assert_int_equal(watched(0, cases[i].body, &err), 0);
		assert_string_equal(watch.trace, cases[i].trace);
	}
}

static void
a_replacement_is_old_or_new_wherever_it_fails(void **state)
{
	struct err err = ERR_INIT;
	int before = next_descriptor();
	int n;

	(void)state;
	for (n = 1; n < 100; n++) {
		int renamed;

		assert_int_equal(
		    file_replace("d/x", STR("old"), 0644, &err), 0);
		if (watched(n, replace, &err) == 0)
			break;
		/* It counts as done once the new name was there. */
		renamed = strstr(watch.trace, "rename fsync") != NULL;
		assert_int_equal(err.code, ERR_SYSTEM);
		assert_non_null(strstr(err.msg, "Input/output error"));
		assert_true(str_is(content("d/x"), renamed ? "new" : "old"));
		assert_int_equal(count("d"), 1);
		assert_int_equal(next_descriptor(), before);
	}
	assert_int_equal(n, 8);
	assert_true(str_is(content("d/x"), "new"));
}

static void
a_creation_is_whole_or_not_there_wherever_it_fails(void **state)
{
	struct err err = ERR_INIT;
	int before = next_descriptor();
	int n;

	(void)state;
	for (n = 1; n < 100; n++) {
		int linked;

		assert_int_equal(file_remove_tree("d", &err), 0);
		assert_int_equal(mkdir("d", 0755), 0);
		if (watched(n, create, &err) == 0)
			break;
		linked = strstr(watch.trace, "link unlink fsync") != NULL ||
			 strstr(err.msg, "cannot remove") != NULL;
		assert_int_equal(err.code, ERR_SYSTEM);
		assert_int_equal(file_exists("d/x", &err), linked);
		if (linked)
			assert_true(str_is(content("d/x"), "new"));
		/* Only where unlink() itself fails is the other name left. */
		assert_int_equal(count("d"), linked + (n == 6));
		assert_int_equal(next_descriptor(), before);
	}
	assert_int_equal(n, 9);
}

static void
a_failed_sync_or_close_is_a_failure(void **state)
{
	static int (*const bodies[])(struct err * err) = { rename_beside,
		rename_across, rename_new, make_dirs };
	struct err err = ERR_INIT;
	int before = next_descriptor();
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < N_OF(bodies); i++) {
		for (n = 1; n < 100; n++) {
			assert_int_equal(file_remove_tree("d", &err), 0);
			assert_int_equal(mkdir("d", 0755), 0);
			assert_int_equal(
			    file_replace("d/x", STR("x"), 0644, &err), 0);
			assert_int_equal(
			    file_replace("d/y", STR("y"), 0644, &err), 0);
			if (watched(n, bodies[i], &err) == 0)
				break;
			assert_true(n == watch.calls ||
				    strstr(watch.trace, "close") != NULL);
			assert_non_null(strstr(err.msg, "Input/output error"));
			assert_int_equal(next_descriptor(), before);
		}
		assert_true(n > 3);
	}
}

static int
enter(void **state)
{
	(void)state;
	arena = arena_new(1 << 20);
	if (unit_scratch() != 0)
		return -1;
	return mkdir("d", 0755) == 0 && mkdir("e", 0755) == 0 ? 0 : -1;
}

static int
leave(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

#define test(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_is_done_is_durable_in_this_order),
		test(a_replacement_is_old_or_new_wherever_it_fails),
		test(a_creation_is_whole_or_not_there_wherever_it_fails),
		test(a_failed_sync_or_close_is_a_failure),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("file faults", tests, NULL, NULL);
}
