#ifndef ROWHOUSE_TRUST_CLOCK_H
#define ROWHOUSE_TRUST_CLOCK_H

#include <stdint.h>

#include "replication/store.h"
#include "tenants/base/config.h"

/*
 * The time that deletes go by.  This machine's clock may be wrong, and one that is ahead
 * would have retention delete what it should keep; nobody brings that back.  So a time
 * is believed that somebody else has as well:
 *
 *	a store that says its own (the Date of its answers): the earlier of the two;
 *	a directory has none.  There time goes on from where it was, as the machine
 *	runs: a clock that is more than TRUST_CLOCK_JUMP_MS ahead of that, since it was
 *	set or since the machine was off, is believed when it has been so for
 *	TRUST_CLOCK_HOLD_MS in all, ahead by the same.  How far it had come is kept
 *	in <data>/clock.
 *
 * What is too early deletes later, which costs room and no history.
 *
 * Is it sure, what it says is so: a store has it as well, within a minute, and it
 * is not behind what was believed before; else nobody has set it for
 * TRUST_CLOCK_HOLD_MS, since this process began at the earliest.  For a store may go by
 * this very clock, on this machine or one that was begun with it: where both are
 * behind, as before the first NTP, they agree.
 */
#define TRUST_CLOCK_JUMP_MS (INT64_C(2) * 3600 * 1000)
#define TRUST_CLOCK_HOLD_MS (INT64_C(24) * 3600 * 1000)

struct trust_clock {
	char path[CONFIG_PATH_MAX + 16];	/* of what is kept */
	int64_t at_ms, at_boot_ms;	/* believed, and when that was */
	int64_t held_ms;		/* for which the clock has been elsewhere … */
	int64_t lead_ms;		/* … by so much; 0 = not known */
	int64_t saved_ms;		/* boot; 0 = never */
	int was_off;			/* it may be that the machine was */
	int64_t latest_ms;		/* that was believed, as far as known; 0 = not.
					   Kept where there is a store */
	int answered;			/* by a store */
	int64_t set_ms;			/* boot: when it was last set, as far as known */
	int64_t ahead_ms;		/* of boot, since then; 0 = not known */
	int warned;

	/* out */
	int64_t now_ms;			/* what is believed; never after the clock */
	int64_t off_ms;			/* the clock less what it should be; 0 = well */
	int sure;
};

/* What was kept, or the clock where nothing was. */
void trust_clock_init(struct trust_clock *clock, const struct config *config,
    int64_t wall_ms, int64_t boot_ms);

/* Sets now_ms and off_ms; says in the log when they begin to differ, and end to. */
void trust_clock_tick(struct trust_clock *clock,
    const struct store_stats *stats, int64_t wall_ms, int64_t boot_ms);

#endif
