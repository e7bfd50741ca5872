#include "tenants/db_clock.h"

#include <time.h>

#include "tenants/base/clock.h"

#define PROGRESS_OPS 1000 /* of the virtual machine, between two looks */

/*
 * Waits a little longer each time, as SQLite's own handler does, but begins
 * well under its first millisecond: a write of ours takes a tenth of one.
 */
static int
on_busy(void *arg, int count)
{
	static const int wait_us[] = { 100, 200, 500, 1000, 2000, 5000, 10000,
		20000, 25000 };
	const int steps = sizeof(wait_us) / sizeof(wait_us[0]);
	struct db_clock *clock = arg;
	int64_t now = clock_mono_ms();
	struct timespec pause = { 0, 0 };

	if (count == 0)
		clock->busy_until_ms = now + clock->busy_ms;
	if (now >= clock->busy_until_ms ||
	    (clock->deadline_ms != 0 && now >= clock->deadline_ms))
		return 0;
	pause.tv_nsec = 1000L * wait_us[count < steps ? count : steps - 1];
	(void)nanosleep(&pause, NULL);
	return 1;
}

static int
on_progress(void *arg)
{
	const struct db_clock *clock = arg;

	return !clock->paused && clock->deadline_ms != 0 &&
	       clock_mono_ms() >= clock->deadline_ms;
}

void
db_clock_install(struct db_clock *clock, sqlite3 *handle)
{
	(void)sqlite3_busy_handler(handle, on_busy, clock);
	sqlite3_progress_handler(handle, PROGRESS_OPS, on_progress, clock);
}
