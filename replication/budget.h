#ifndef ROWHOUSE_BUDGET_H
#define ROWHOUSE_BUDGET_H

#include <stdint.h>

/*
 * replica.put_budget: so many PUTs a day, over all tenants.
 *
 * An account that fills evenly, up to an hour's worth, and that each PUT draws
 * on.  While it is at least half full nobody notices it.  Below, the interval in
 * which a tenant's commits are gathered into one file is stretched by a factor,
 * the same for all: so that what is sent keeps to what comes in.  Who writes
 * all the time gives most, who writes less often than the stretched interval
 * gives nothing, and who asks for `replicated` is not stretched at all.  The
 * price is the grain of a restore, and never what can be restored.
 */
#define BUDGET_WINDOW_MS 1000

struct budget {
	int64_t per_day;	/* 0 = there is none */
	double tokens;
	int64_t mono_ms;	/* of the last look */
	uint64_t puts;		/* counted until then */
	int stretch;		/* 1 or more */
};

void budget_init(struct budget *budget, int64_t per_day, int64_t mono_ms);

/*
 * With the PUTs since the start; to be called often, and does something once a
 * window.  interval_ms times the stretch stays within an hour.
 */
void budget_note(struct budget *budget, uint64_t puts, int64_t interval_ms,
    int64_t mono_ms);

/* How much of an hour's worth is left, in percent; below 0 it is overdrawn. */
int budget_left(const struct budget *budget);

#endif
