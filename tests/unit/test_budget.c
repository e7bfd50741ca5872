#include "replication/budget.h"

#include "tests/unit/unit.h"

#define DAY_MS 86400000
#define SECOND 1000

/*
 * A day of n tenants that write all the time: each sends a file per stretched
 * interval.  What is sent, and the largest stretch seen.
 */
static double
a_day(int64_t per_day, int n, int *most)
{
	struct budget budget;
	double sent = 0;
	int64_t t;

	*most = 1;
	budget_init(&budget, per_day, 0);
	for (t = 0; t <= DAY_MS; t += BUDGET_WINDOW_MS) {
		budget_note(&budget, (uint64_t)sent, SECOND, t);
		if (budget.stretch > *most)
			*most = budget.stretch;
		sent += (double)n * BUDGET_WINDOW_MS / SECOND / budget.stretch;
	}
	return sent;
}

static void
without_one_nothing_is_stretched(void **state)
{
	int most;

	(void)state;
	assert_true(a_day(0, 1000, &most) > 86000000);
	assert_int_equal(most, 1);
}

static void
within_it_nothing_is_stretched(void **state)
{
	int most;

	(void)state;
	/* Ten tenants, once a second: 864,000. */
	assert_true(a_day(900000, 10, &most) > 863000);
	assert_int_equal(most, 1);
}

static void
beyond_it_the_day_keeps_to_it(void **state)
{
	static const int64_t budgets[] = { 10000, 100000, 400000, 1000000 };
	static const int tenants[] = { 5, 50, 1000 };
	int most;

	(void)state;
	for (size_t i = 0; i < N_OF(budgets); i++) {
		for (size_t k = 0; k < N_OF(tenants); k++) {
			double wanted = 86400.0 * tenants[k];
			double budget = (double)budgets[i];
			double sent = a_day(budgets[i], tenants[k], &most);

			/* Not needed, or not to be kept with an hour's interval. */
			if (wanted <= budget || tenants[k] * 24 > budget / 2)
				continue;
			/*
			 * An hour's worth was saved; and the first window is
			 * over when it is looked at.
			 */
			if (sent >
			    budget * (1 + 1 / 24.0) +
				tenants[k] * 2.0 * BUDGET_WINDOW_MS / SECOND)
				fail_msg("%d: %g of %g sent", tenants[k], sent,
				    budget);
			/* And it is made use of. */
			if (sent < budget * 0.75)
				fail_msg("%d: only %g of %g sent", tenants[k],
				    sent, budget);
		}
	}
}

static void
an_interval_ends_within_an_hour(void **state)
{
	int most;

	(void)state;
	(void)a_day(24, 1000, &most);
	assert_int_equal(most, 3600);
}

static void
a_burst_is_paid_from_what_was_saved(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, 240000, 0);
	assert_int_equal(budget_left(&budget), 100);
	/* Half of an hour's worth at once. */
	budget_note(&budget, 4900, SECOND, BUDGET_WINDOW_MS);
	assert_int_equal(budget.stretch, 1);
	assert_in_range(budget_left(&budget), 50, 52);
	budget_note(&budget, 9000, SECOND, 2 * BUDGET_WINDOW_MS);
	assert_in_range(budget_left(&budget), 9, 11);
	assert_in_range(budget.stretch, 600, 800);
	/* Quiet for an hour, and it is full again. */
	budget_note(&budget, 9000, SECOND, 2 * BUDGET_WINDOW_MS + DAY_MS / 24);
	assert_int_equal(budget.stretch, 1);
	assert_int_equal(budget_left(&budget), 100);
}

/* Between two windows it is not looked at. */
static void
a_window_is_a_second(void **state)
{
	struct budget budget;

	(void)state;
	budget_init(&budget, 24000, 0);
	budget_note(&budget, 100000, SECOND, BUDGET_WINDOW_MS - 1);
	assert_int_equal(budget.stretch, 1);
	assert_int_equal(budget_left(&budget), 100);
	budget_note(&budget, 100000, SECOND, BUDGET_WINDOW_MS);
	assert_in_range(-budget_left(&budget), 9890, 9910);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_one_nothing_is_stretched),
		cmocka_unit_test(within_it_nothing_is_stretched),
		cmocka_unit_test(beyond_it_the_day_keeps_to_it),
		cmocka_unit_test(an_interval_ends_within_an_hour),
		cmocka_unit_test(a_burst_is_paid_from_what_was_saved),
		cmocka_unit_test(a_window_is_a_second),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
