#ifndef ROWHOUSE_BASE_NOTIFY_H
#define ROWHOUSE_BASE_NOTIFY_H

#include <stdint.h>

/*
 * sd_notify(3), for the process that systemd started and for no child of it.
 * Where there is no $NOTIFY_SOCKET all of it does nothing; where it fails that
 * is worth a line in the log and no more.
 */

/* One datagram, as "READY=1". */
void notify(const char *state);

/* A reload begins; "READY=1" ends it, whatever became of it. */
void notify_reloading(void);

/*
 * The watchdog: who is not heard from for $WATCHDOG_USEC is taken for hung, and
 * killed.  Filled by notify_watch_begin; a process to which nobody listens
 * never has to say anything.
 */
struct notify_watch {
	int64_t every_ms;	/* 0: nobody listens */
	int64_t next_ms;	/* mono */
};

void notify_watch_begin(struct notify_watch *watch);

/*
 * Called by each turn of a loop, so that one that does not turn is silent:
 * speaks where it is time to.  Returns when it wants to be called again at the
 * latest (mono).
 */
int64_t notify_watch_tend(struct notify_watch *watch, int64_t mono_ms);

#endif
