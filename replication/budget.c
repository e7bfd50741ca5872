#include "replication/budget.h"

#include <math.h>

#define HOUR_MS 3600000.0
#define DAY_MS  (24 * HOUR_MS)

static double
hours_worth(const struct budget *budget)
{
	return (double)budget->per_day / 24;
}

void
budget_init(struct budget *budget, int64_t per_day, int64_t mono_ms)
{
	*budget = (struct budget){
		.per_day = per_day, .mono_ms = mono_ms, .stretch = 1
	};
	budget->tokens = hours_worth(budget);
}

/*
 * A function of the account alone, which is where what is sent adds up: the emptier
 * it is, the longer the interval, until what is sent is what comes in.
 */
static int
stretch_for(const struct budget *budget, double most)
{
	double empty = 1 - 2 * budget->tokens / hours_worth(budget);

	if (empty <= 0)
		return 1;
	return (int)ceil(pow(most, empty < 1 ? empty : 1));
}

void
budget_note(
    struct budget *budget, uint64_t puts, int64_t interval_ms, int64_t mono_ms)
{
	int64_t window = mono_ms - budget->mono_ms;
	double most = HOUR_MS / (double)interval_ms;

	if (budget->per_day == 0 || window < BUDGET_WINDOW_MS)
		return;
	budget->tokens += (double)budget->per_day / DAY_MS * (double)window -
			  (double)(puts - budget->puts);
	budget->mono_ms = mono_ms;
	budget->puts = puts;
	if (budget->tokens > hours_worth(budget))
		budget->tokens = hours_worth(budget);
	budget->stretch = stretch_for(budget, most > 1 ? floor(most) : 1);
}

int
budget_left(const struct budget *budget)
{
	if (budget->per_day == 0)
		return 100;
	return (int)(100 * budget->tokens / hours_worth(budget));
}
