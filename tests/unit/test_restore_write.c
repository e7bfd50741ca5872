#include "replication/restore_write.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tenants/base/file.h"
#include "tests/unit/unit.h"

#define MAX RESTORE_WRITE_MAX

static struct err err;

static int
scratch_file(void)
{
	char name[] = "written.XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	return fd;
}

static int
put(struct restore_write *write, int byte, size_t n, int64_t at)
{
	memset(restore_write_buffer(write), byte, n);
	return restore_write_put(write, n, at, &err);
}

static int
byte_at(int fd, int64_t at)
{
	unsigned char byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	return byte;
}

static int
threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

/* Far more than there are places for, and each over the one before it. */
static void
what_is_put_last_stays(void **state)
{
	int fd = scratch_file();
	struct restore_write *write = restore_write_new(fd, "written");

	(void)state;
	for (int i = 1; i <= 100; i++) {
		assert_int_equal(put(write, i, MAX, 0), 0);
		assert_int_equal(put(write, i, 1, (int64_t)MAX + i), 0);
	}
	assert_int_equal(restore_write_wait(write, &err), 0);
	assert_int_equal(byte_at(fd, 0), 100);
	assert_int_equal(byte_at(fd, (int64_t)MAX - 1), 100);
	for (int i = 1; i <= 100; i++)
		assert_int_equal(byte_at(fd, (int64_t)MAX + i), i);
	/* And goes on after that. */
	assert_int_equal(put(write, 7, MAX, 0), 0);
	restore_write_free(write);
	assert_int_equal(byte_at(fd, (int64_t)MAX - 1), 7);
	close(fd);
}

static void
a_few_kilobytes_want_no_thread(void **state)
{
	int fd = scratch_file(), before = threads();
	struct restore_write *write = restore_write_new(fd, "written");

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(put(write, i, 8192, 8192 * i), 0);
	assert_int_equal(threads(), before);
	assert_int_equal(byte_at(fd, 8192 * 9), 9);
	assert_int_equal(put(write, 1, MAX, 0), 0);
	assert_int_equal(threads(), before + 1);
	restore_write_free(write);
	assert_int_equal(threads(), before);
	close(fd);
}

/* Nothing comes after what is not there. */
static void
the_first_failure_is_told_and_the_last(void **state)
{
	int full = open("/dev/full", O_RDWR | O_CLOEXEC), puts = 0;
	struct restore_write *write = restore_write_new(full, "/dev/full");

	(void)state;
	assert_true(full >= 0);
	assert_int_equal(put(write, 1, 10, 0), -1);
	assert_err(&err, ERR_FULL,
	    "cannot write /dev/full: No space left on device");
	err_clear(&err);
	while (put(write, 1, MAX, 0) == 0)
		assert_true(++puts < 10);
	assert_int_equal(err.code, ERR_FULL);
	err_clear(&err);
	assert_int_equal(put(write, 1, MAX, 0), -1);
	err_clear(&err);
	assert_int_equal(restore_write_wait(write, &err), -1);
	assert_int_equal(err.code, ERR_FULL);
	err_clear(&err);
	restore_write_free(write);
	restore_write_free(NULL);
	close(full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_last_stays),
		cmocka_unit_test(a_few_kilobytes_want_no_thread),
		cmocka_unit_test(the_first_failure_is_told_and_the_last),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("restore_write", tests, NULL, NULL);
}
