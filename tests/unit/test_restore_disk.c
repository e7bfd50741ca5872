#include <errno.h>
#include <sys/syscall.h>

#include "tests/unit/restore_place.h"

/* A disk that does not take what is restored. */

static int broken;

/* In the place of the C library's. */
int
fsync(int fd)
{
	struct stat st;

	if (broken && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size > 0) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static void
what_the_disk_does_not_take_is_not_restored(void **state)
{
	struct restore_opts opts = { .slug = SLUG, .point = RESTORE_LATEST };
	struct place *place = *state;
	struct restore_target target = { .path = place->to };
	struct restore_plan plan;
	struct err err = ERR_INIT;

	live(place, 4096);
	replica_put(&place->replica, 9, 1, place->replica.txid);
	assert_int_equal(
	    restore_plan(place->store, &opts, place->arena, &plan, &err), 0);
	broken = 1;
	assert_int_equal(
	    restore_build(place->store, &plan, &target, &err), -1);
	broken = 0;
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_non_null(strstr(err.msg, strerror(EIO)));
	assert_int_equal(access(place->to, F_OK), -1);
	err_clear(&err);
	assert_int_equal(restore_build(place->store, &plan, &target, &err), 0);
	assert_int_equal(access(place->to, F_OK), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_the_disk_does_not_take_is_not_restored, set_up,
		    tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
