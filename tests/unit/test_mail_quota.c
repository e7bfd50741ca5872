#include "tenants/mail_quota.h"

#include "tests/unit/unit.h"

#define HOUR 3600000

static void
to_one_address(void **state)
{
	struct mail_quota *quota = mail_quota_new(100, 2);

	(void)state;
	assert_int_equal(mail_quota_take(quota, STR("a@x"), 1000), 0);
	assert_int_equal(mail_quota_take(quota, STR("A@X"), 2000), 0);
	assert_int_equal(mail_quota_take(quota, STR("a@x"), 3000), HOUR - 2000);
	assert_int_equal(mail_quota_take(quota, STR("b@x"), 3000), 0);
	/* One that did not go does not count. */
	mail_quota_give(quota, STR("a@X"));
	assert_int_equal(mail_quota_take(quota, STR("a@x"), 4000), 0);
	assert_int_equal(mail_quota_take(quota, STR("a@x"), HOUR + 999), 1);
	assert_int_equal(mail_quota_take(quota, STR("a@x"), HOUR + 1000), 0);
	assert_int_equal(mail_quota_take(quota, STR("a@x"), HOUR + 1000), 3000);
	mail_quota_free(quota);
}

static void
to_all(void **state)
{
	struct mail_quota *quota = mail_quota_new(3, 2);

	(void)state;
	assert_int_equal(mail_quota_take(quota, STR("a"), 10), 0);
	assert_int_equal(mail_quota_take(quota, STR("b"), 20), 0);
	assert_int_equal(mail_quota_take(quota, STR("c"), 30), 0);
	assert_int_equal(mail_quota_take(quota, STR("d"), 40), HOUR - 30);
	/* Not those of an hour ago, of which there is room for the next. */
	assert_int_equal(mail_quota_take(quota, STR("d"), HOUR + 10), 0);
	assert_int_equal(mail_quota_take(quota, STR("e"), HOUR + 10), 10);
	mail_quota_give(quota, STR("nobody"));
	assert_int_equal(mail_quota_take(quota, STR("e"), HOUR + 10), 10);
	mail_quota_give(quota, STR("b"));
	assert_int_equal(mail_quota_take(quota, STR("e"), HOUR + 10), 0);
	mail_quota_free(quota);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_one_address),
		cmocka_unit_test(to_all),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mail_quota", tests, NULL, NULL);
}
