#include "tenants/plan.h"

#include "tests/unit/unit.h"

static struct config config;

static int
settle(void **state)
{
	(void)state;
	memset(&config, 0, sizeof config);
	strcpy(config.file, "/c");
	config.workers = 4;
	config.request_body_max = 1 << 20;
	config.response_rows = 1000;
	config.read_ms = 250;
	config.write_ms = 1000;
	config.tenant_size_max = 10 << 20;
	return 0;
}

static struct config_plan *
add(const char *name)
{
	struct config_plan *plan = &config.plan[config.n_plans++];

	strcpy(plan->name, name);
	plan->replicated = -1;
	return plan;
}

static struct plan
plan_named(const char *name)
{
	struct registry_tenant row = { .slug = "acme" };
	struct plan plan;

	strcpy(row.plan, name);
	plan_of(&config, &row, &plan);
	return plan;
}

static void
without_plans_the_general_limits_hold(void **state)
{
	struct plan plan = plan_named("");

	(void)state;
	assert_string_equal(plan.name, "default");
	assert_int_equal(plan.in_flight, 2);
	assert_int_equal(plan.rate, 0);
	assert_int_equal(plan.read_ms, 250);
	assert_int_equal(plan.write_ms, 1000);
	assert_int_equal(plan.body, 1 << 20);
	assert_int_equal(plan.rows, 1000);
	assert_int_equal(plan.size, 10 << 20);
	assert_int_equal(plan.users, 0);
	config.workers = 1;
	assert_int_equal(plan_named("").in_flight, 1);
}

static void
a_plan_comes_before_them(void **state)
{
	struct config_plan *pro = add("pro");
	struct registry_tenant row = { .plan = "pro", .size_max = 7 };
	struct plan plan;

	(void)state;
	*pro = (struct config_plan){ "pro", 1, 2, 3, 4, 5, 6, 8, 9, 0 };
	plan = plan_named("pro");
	assert_string_equal(plan.name, "pro");
	assert_int_equal(plan.in_flight, 1);
	assert_int_equal(plan.rate, 2);
	assert_int_equal(plan.read_ms, 3);
	assert_int_equal(plan.write_ms, 4);
	assert_int_equal(plan.body, 5);
	assert_int_equal(plan.rows, 6);
	assert_int_equal(plan.size, 8);
	assert_int_equal(plan.users, 9);
	assert_int_equal(plan.replicated, 0);
	/* And the tenant's own before that. */
	plan_of(&config, &row, &plan);
	assert_int_equal(plan.size, 7);
	/* Half of the pool is everybody else's. */
	pro->in_flight = 32;
	assert_int_equal(plan_named("pro").in_flight, 2);
}

/* Without a word half of the places are for others; the operator may sell all. */
static void
who_may_wait_for_the_replica(void **state)
{
	static const struct {
		int64_t workers, all, half;
	} cases[] = { { 1, 1, 1 }, { 7, 1, 1 }, { 8, 2, 1 }, { 12, 3, 2 },
		{ 24, 6, 3 }, { 32, 8, 4 } };
	struct config_plan *pro = add("pro");
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		config.workers = cases[i].workers;
		assert_int_equal(plan_waiting(&config), cases[i].all);
		assert_int_equal(
		    plan_named("gold").replicated, cases[i].half);
		pro->replicated = -1;
		assert_int_equal(plan_named("pro").replicated, cases[i].half);
		pro->replicated = 8;
		assert_int_equal(plan_named("pro").replicated, cases[i].all);
		pro->replicated = 1;
		assert_int_equal(plan_named("pro").replicated, 1);
		pro->replicated = 0;
		assert_int_equal(plan_named("pro").replicated, 0);
	}
}

static void
a_plan_that_is_not_there_is_the_default(void **state)
{
	(void)state;
	add("pro")->users = 9;
	assert_string_equal(plan_named("gold").name, "default");
	assert_int_equal(plan_named("gold").users, 0);
	add("default")->users = 3;
	assert_int_equal(plan_named("gold").users, 3);
	assert_int_equal(plan_named("").users, 3);
	assert_int_equal(plan_named("pro").users, 9);
}

static void
names_are_checked(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(plan_check(&config, STR("default"), &err), 0);
	assert_int_equal(plan_check(&config, STR("gold"), &err), -1);
	assert_err(&err, ERR_NOT_FOUND, "/c has no plan \"gold\"");
	assert_string_equal(err.hint, "there is default");
	add("free");
	add("default");
	add("pro");
	assert_int_equal(plan_check(&config, STR("pro"), &err), 0);
	assert_int_equal(plan_check(&config, STR("prof"), &err), -1);
	assert_string_equal(err.hint, "there is default, free, pro");
	assert_int_equal(plan_check(&config, STR(""), &err), -1);
}

static void
what_was_refused_says_which_limit(void **state)
{
	static const struct plan plan = { .in_flight = 2,
		.rate = 72000,
		.read_ms = 100,
		.write_ms = 2000,
		.body = 1 << 20,
		.rows = 50,
		.size = 1 << 30,
		.users = 5,
		.replicated = 2 };
	static const struct {
		enum plan_limit limit;
		const char *field, *code, *message;
	} cases[] = {
		{ PLAN_IN_FLIGHT, "in_flight", "limit_in_flight",
		    "At most 2 requests at once." },
		{ PLAN_RATE, "rate", "limit_rate",
		    "At most 20 requests a second." },
		{ PLAN_READ, "read", "limit_read",
		    "At most 100ms for what reads." },
		{ PLAN_WRITE, "write", "limit_write",
		    "At most 2s for what writes." },
		{ PLAN_BODY, "body", "limit_body", "At most 1MiB of a body." },
		{ PLAN_ROWS, "rows", "limit_rows",
		    "At most 50 rows of an answer." },
		{ PLAN_SIZE, "size", "limit_size",
		    "At most 1GiB of a database." },
		{ PLAN_USERS, "users", "limit_users", "At most 5 users." },
		{ PLAN_REPLICATED, "replicated", "limit_replicated",
		    "At most 2 replicated writes at once." },
	};
	struct arena *arena = arena_new(65536);
	struct plan slow = plan;
	struct faults faults;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		memset(&faults, 0, sizeof faults);
		plan_fault(&plan, cases[i].limit, &faults, arena);
		assert_int_equal(faults.n, 1);
		assert_true(str_is(faults.first->field, cases[i].field));
		assert_string_equal(faults.first->code, cases[i].code);
		assert_string_equal(faults.first->message, cases[i].message);
	}
	memset(&faults, 0, sizeof faults);
	slow.rate = 90 * 60;
	plan_fault(&slow, PLAN_RATE, &faults, arena);
	assert_string_equal(
	    faults.first->message, "At most 90 requests a minute.");
	memset(&faults, 0, sizeof faults);
	slow.rate = 7;
	plan_fault(&slow, PLAN_RATE, &faults, arena);
	assert_string_equal(
	    faults.first->message, "At most 7 requests an hour.");
	memset(&faults, 0, sizeof faults);
	slow.name = "free";
	slow.replicated = 0;
	plan_fault(&slow, PLAN_REPLICATED, &faults, arena);
	assert_string_equal(faults.first->message,
	    "The plan free has no replicated writes.");
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    without_plans_the_general_limits_hold, settle),
		cmocka_unit_test_setup(a_plan_comes_before_them, settle),
		cmocka_unit_test_setup(who_may_wait_for_the_replica, settle),
		cmocka_unit_test_setup(
		    a_plan_that_is_not_there_is_the_default, settle),
		cmocka_unit_test_setup(names_are_checked, settle),
		cmocka_unit_test_setup(
		    what_was_refused_says_which_limit, settle),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
