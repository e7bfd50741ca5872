#ifndef ROWHOUSE_PLACES_H
#define ROWHOUSE_PLACES_H

#include <stdint.h>
#include <sys/types.h>

#include "fcgi/scoreboard.h"

/*
 * The supervisor's processes.  A worker's place is its slot of the scoreboard;
 * the replicator, the mailer, the steward and the check have one each behind them.
 */
enum role {
	ROLE_WORKER,
	ROLE_REPLICATOR,
	ROLE_MAILER,
	ROLE_STEWARD,
	ROLE_CHECK,
	ROLES
};

#define PLACES_START_MS 30000	/* for a worker to be ready */

enum phase {
	PHASE_NONE,
	PHASE_FRESH,	/* started by a renewal that is not through */
	PHASE_RELIEF,	/* started for one that has served its quota */
	PHASE_SERVING,	/* there, or to be started again at start_ms */
	PHASE_LEAVING	/* told to */
};

struct place {
	enum role role;
	enum phase phase;
	pid_t pid;		/* 0 = none */
	int failures;		/* in a row */
	int relieves;		/* PHASE_RELIEF: the slot of whom */
	int again;		/* PHASE_LEAVING: another takes its place */
	int64_t started_ms;
	int64_t start_ms;	/* not before, where it was found to fail */
	int64_t kill_ms;	/* where it still leaves, or starts, by then */
};

enum {
	PLACE_REPLICATOR = SCOREBOARD_SLOTS,
	PLACE_MAILER,
	PLACE_STEWARD,
	PLACE_CHECK,
	PLACES
};

struct places {
	struct place place[PLACES];
	const char *binary;
	const char *config_file;
	const char *option;	/* "--require-sandbox", or NULL */
	int listen_fd;
	int board_fd;
	struct scoreboard *board;
};

/* All are free. */
void places_init(struct places *places);

/* Where that fails, start_ms is when to try again. */
void places_start(struct places *places, struct place *place,
    enum phase phase);

/* SIGTERM: to leave; SIGKILL leaves no choice. */
void places_tell(struct place *place, int signal);
void places_tell_workers(struct places *places, enum phase phase, int signal);

/*
 * Kills who was told to leave and is still there, and workers that were started
 * as a relief or again and are not ready in time; phase stays.  Fresh ones are
 * the renewal's to bound.  When to look again; INT64_MAX: there is nobody.
 */
int64_t places_kill_late(struct places *places, int64_t now_ms);

/* It has ended, as waitpid says: logged, and the slot cleared; phase stays. */
struct place *places_ended(struct places *places, pid_t pid, int status);

int places_count_workers(const struct places *places, enum phase phase);
struct place *places_free(struct places *places);	/* a worker's, or NULL */

#endif
