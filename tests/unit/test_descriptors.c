#include "replication/descriptors.h"

#include <sys/resource.h>

#include "tenants/base/log.h"
#include "tests/unit/unit.h"

/* From many to few, since a limit that was lowered stays so. */
static void
as_many_as_there_are_descriptors_for(void **state)
{
	static const struct {
		rlim_t limit;
		int rc;
		size_t allowed;
	} table[] = {
		{ 2000, 0, 256 },
		{ 64 + 256 * 7, 0, 256 },
		{ 64 + 256 * 7 - 1, 0, 255 },
		{ 300, 0, 33 },
		{ 64 + 7, 0, 1 },
		{ 64 + 6, -1, 0 },
	};
	struct err err = ERR_INIT;
	struct rlimit limit;
	size_t i, allowed;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		/* The soft limit is raised to the hard one. */
		limit.rlim_cur = 30;
		limit.rlim_max = table[i].limit;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_int_equal(
		    descriptors_allow(256, &allowed, &err), table[i].rc);
		assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_int_equal(limit.rlim_cur, table[i].limit);
		if (table[i].rc == 0)
			assert_int_equal(allowed, table[i].allowed);
	}
	assert_string_equal(err.msg, "70 descriptors are too few (ulimit -n)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_as_there_are_descriptors_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
