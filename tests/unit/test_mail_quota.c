#include "tenants/mail_quota.h"

#include "tests/unit/unit.h"

#define HOUR 3600000

static void
to_one_address(void **state)
{
	struct mail_quota *quota = mail_quota_new(100, 2);

	(void)state;
	assert_int_equal(mail_quota_take(quota, STR("acme"), STR("a@x"), 1000), 0);
	assert_int_equal(mail_quota_take(quota, STR("acme"), STR("A@X"), 2000), 0);
	assert_int_equal(mail_quota_take(quota, STR("acme"), STR("a@x"), 3000), HOUR - 2000);
	assert_int_equal(mail_quota_take(quota, STR("acme"), STR("b@x"), 3000), 0);
	/* One that did not go does not count. */
	mail_quota_give(quota, STR("acme"), STR("a@X"));
	assert_int_equal(mail_quota_take(quota, STR("acme"), STR("a@x"), 4000), 0);
	assert_int_equal(mail_quota_take(quota, STR("acme"), STR("a@x"), HOUR + 999), 1);
	assert_int_equal(mail_quota_take(quota, STR("acme"), STR("a@x"), HOUR + 1000), 0);
	assert_int_equal(mail_quota_take(quota, STR("acme"), STR("a@x"), HOUR + 1000), 3000);
	mail_quota_free(quota);
}

/* Of a tenant of its own. */
static int64_t
take(struct mail_quota *quota, const char *to, int64_t now_ms)
{
	return mail_quota_take(quota, str_of(to), str_of(to), now_ms);
}

static void
to_all(void **state)
{
	struct mail_quota *quota = mail_quota_new(3, 2);

	(void)state;
	assert_int_equal(take(quota, "a", 10), 0);
	assert_int_equal(take(quota, "b", 20), 0);
	assert_int_equal(take(quota, "c", 30), 0);
	assert_int_equal(take(quota, "d", 40), HOUR - 30);
	/* Not those of an hour ago, of which there is room for the next. */
	assert_int_equal(take(quota, "d", HOUR + 10), 0);
	assert_int_equal(take(quota, "e", HOUR + 10), 10);
	mail_quota_give(quota, STR("nobody"), STR("b"));
	mail_quota_give(quota, STR("b"), STR("nobody"));
	assert_int_equal(take(quota, "e", HOUR + 10), 10);
	mail_quota_give(quota, STR("b"), STR("b"));
	assert_int_equal(take(quota, "e", HOUR + 10), 0);
	mail_quota_free(quota);
}

/* Each to somebody else. */
static int64_t
take_of(struct mail_quota *quota, const char *tenant, int64_t now_ms)
{
	static int n;
	char to[32];

	snprintf(to, sizeof(to), "%d@x", n++);
	return mail_quota_take(quota, str_of(tenant), str_of(to), now_ms);
}

static void
of_one_tenant(void **state)
{
	struct mail_quota *quota = mail_quota_new(8, 1);
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(take_of(quota, "acme", i), 0);
	assert_int_equal(take_of(quota, "acme", 10), HOUR - 10);
	/* Half of what is left, and there is something left for the next. */
	assert_int_equal(take_of(quota, "globex", 10), 0);
	assert_int_equal(take_of(quota, "globex", 10), 0);
	assert_int_equal(take_of(quota, "globex", 10), HOUR - 10);
	assert_int_equal(take_of(quota, "initech", 10), 0);
	assert_int_equal(take_of(quota, "initech", 10), HOUR - 10);
	assert_int_equal(take_of(quota, "hooli", 10), 0);
	assert_int_equal(take_of(quota, "nobody", 10), HOUR - 10);
	/* When theirs are an hour old they may again. */
	assert_int_equal(take_of(quota, "acme", HOUR + 3), 0);
	mail_quota_free(quota);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_one_address),
		cmocka_unit_test(to_all),
		cmocka_unit_test(of_one_tenant),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mail_quota", tests, NULL, NULL);
}
