#ifndef ROWHOUSE_DB_CLOCK_H
#define ROWHOUSE_DB_CLOCK_H

#include <sqlite3.h>
#include <stdint.h>

/*
 * How long a connection may wait and run: the busy handler and the progress
 * handler of db.c.
 */
struct db_clock {
	int64_t busy_ms;	/* for a lock; 0 = not at all */
	int64_t deadline_ms;	/* monotonic, for both; 0 = none */
	int paused;		/* statements run on, locks are waited for */
	int64_t busy_until_ms;	/* db_clock.c's own */
};

/* clock must live as long as the connection. */
void db_clock_install(struct db_clock *clock, sqlite3 *handle);

#endif
