#include "fcgi/places.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "fcgi/child.h"
#include "tenants/base/clock.h"
#include "tenants/base/log.h"

#define DRAIN_MS 25000 /* systemd's TimeoutStopSec=30 has to be longer */
#define NUMBER   16

static const char *const names[ROLES] = {
	[ROLE_WORKER] = "worker",
	[ROLE_REPLICATOR] = "replicator",
	[ROLE_MAILER] = "mailer",
	[ROLE_STEWARD] = "steward",
	[ROLE_CHECK] = "check",
};

void
places_init(struct places *places)
{
	int i;

	memset(places->place, 0, sizeof places->place);
	for (i = 0; i < SCOREBOARD_SLOTS; i++)
		places->place[i].role = ROLE_WORKER;
	places->place[PLACE_REPLICATOR].role = ROLE_REPLICATOR;
	places->place[PLACE_MAILER].role = ROLE_MAILER;
	places->place[PLACE_STEWARD].role = ROLE_STEWARD;
	places->place[PLACE_CHECK].role = ROLE_CHECK;
}

static int
slot_of(const struct places *places, const struct place *place)
{
	return (int)(place - places->place);
}

static const char *
role_of(const struct place *place)
{
	return names[place->role];
}

void
places_start(struct places *places, struct place *place, enum phase phase)
{
	const char *file = places->config_file;
	char slot[NUMBER], board[NUMBER];
	const char *const worker[] = { "rowhouse", "worker", "-c", file,
		"--scoreboard", board, "--slot", slot, places->option, NULL };
	const char *const replicator[] = { "rowhouse", "replicator", "-c", file,
		places->option, NULL };
	const char *const mailer[] = { "rowhouse", "mailer", "-c", file,
		places->option, NULL };
	const char *const steward[] = { "rowhouse", "steward", "-c", file,
		places->option, NULL };
	const char *const check[] = { "rowhouse", "check", "--app", "-c", file,
		NULL };
	const char *const *const argv[ROLES] = { worker, replicator, mailer,
		steward, check };
	struct child_spec spec = {
		.path = places->binary,
		.argv = argv[place->role],
		.input = -1,
		.keep = -1,
		.store_keys = place->role == ROLE_REPLICATOR ||
			      place->role == ROLE_STEWARD,
	};
	int n = slot_of(places, place);
	struct err err = ERR_INIT;

	assert(place->pid == 0);
	place->phase = phase;
	place->again = 0;
	place->started_ms = clock_mono_ms();
	place->kill_ms = place->started_ms + PLACES_START_MS;
	if (place->role == ROLE_WORKER) {
		snprintf(slot, sizeof slot, "%d", n);
		snprintf(board, sizeof board, "%d", places->board_fd);
		spec.input = places->listen_fd;
		spec.keep = places->board_fd;
		scoreboard_set(places->board, n, SCOREBOARD_STARTING);
	}
	if (child_start(&spec, &place->pid, &err) != 0) {
		log_err("cannot start", STR_NONE, &err);
		place->start_ms =
		    place->started_ms + child_backoff_ms(0, &place->failures);
	}
}

/* It is there until it has been waited for. */
static void
tell(const struct place *place, int signal)
{
	if (kill(place->pid, signal) != 0)
		log_warn("kill", "%s %ld: %s", role_of(place),
		    (long)place->pid, strerror(errno));
}

void
places_tell(struct place *place, int signal)
{
	if (place->pid == 0) {
		place->phase = PHASE_NONE;
		return;
	}
	if (place->phase != PHASE_LEAVING)
		place->kill_ms = clock_mono_ms() + DRAIN_MS;
	place->phase = PHASE_LEAVING;
	tell(place, signal);
}

void
places_tell_workers(struct places *places, enum phase phase, int signal)
{
	int i;

	for (i = 0; i < SCOREBOARD_SLOTS; i++)
		if (places->place[i].phase == phase)
			places_tell(&places->place[i], signal);
}

/* What it does not do, and is killed for at kill_ms; NULL: nothing. */
static const char *
owes(const struct places *places, const struct place *place)
{
	if (place->pid == 0)
		return NULL;
	if (place->phase == PHASE_LEAVING)
		return "did not end";
	if ((place->phase == PHASE_RELIEF || place->phase == PHASE_SERVING) &&
	    place->role == ROLE_WORKER &&
	    scoreboard_get(places->board, slot_of(places, place)) ==
		SCOREBOARD_STARTING)
		return "is not ready in time";
	return NULL;
}

int64_t
places_kill_late(struct places *places, int64_t now_ms)
{
	struct place *place = places->place;
	int64_t next_ms = INT64_MAX;
	const char *what;

	for (; place < places->place + PLACES; place++) {
		what = owes(places, place);
		if (what == NULL)
			continue;
		if (place->kill_ms <= now_ms) {
			log_warn("kills", "%s %ld, which %s",
			    role_of(place), (long)place->pid, what);
			tell(place, SIGKILL);
			place->kill_ms = now_ms + PLACES_START_MS;
		}
		if (place->kill_ms < next_ms)
			next_ms = place->kill_ms;
	}
	return next_ms;
}

struct place *
places_ended(struct places *places, pid_t pid, int status)
{
	struct place *place = places->place;
	char how[CHILD_END];

	while (place->pid != pid)
		if (++place == places->place + PLACES)
			return NULL;
	child_describe_end(status, how);
	/* Told to leave, it may not have come to listen for that. */
	if (status == 0 ||
	    (place->phase == PHASE_LEAVING && WIFSIGNALED(status) &&
		WTERMSIG(status) == SIGTERM))
		log_debug(
		    "ended", "%s %ld: %s", role_of(place), (long)pid, how);
	else
		log_warn(
		    "ended", "%s %ld: %s", role_of(place), (long)pid, how);
	place->pid = 0;
	if (place->role == ROLE_WORKER)
		scoreboard_clear(places->board, slot_of(places, place));
	return place;
}

int
places_count_workers(const struct places *places, enum phase phase)
{
	int i, n = 0;

	for (i = 0; i < SCOREBOARD_SLOTS; i++)
		n += places->place[i].phase == phase;
	return n;
}

struct place *
places_free(struct places *places)
{
	int i;

	for (i = 0; i < SCOREBOARD_SLOTS; i++)
		if (places->place[i].phase == PHASE_NONE)
			return &places->place[i];
	return NULL;
}
