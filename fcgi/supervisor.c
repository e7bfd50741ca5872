/*
 * The supervisor: makes the socket and the scoreboard, starts the processes of
 * the other roles, and starts them again.  It opens no database and answers
 * nothing.
 *
 * Who ends while serving is started again, after a while that grows with every
 * failure.  A worker that has served its quota says so and goes on until
 * another has started for it: an application folder that is broken just
 * then costs nobody a worker.  One that hangs while it starts is killed, and
 * has failed then.
 *
 * Renewal, on SIGHUP and at the start.  First `rowhouse check --app`, run from
 * the binary's path, has to find nothing wrong.  Then a fresh generation of
 * workers is started in free places, from that path; once all of it waits for
 * requests it is the one that serves, and the one before is told to leave;
 * replicator and mailer are replaced as well, the steward when it is through
 * with what it has begun.  Where anything fails on the way the serving
 * generation never notices; at the start, where there is none, the supervisor
 * ends.  Two generations have to fit into the scoreboard, so a renewal waits
 * until those who are leaving are gone.
 *
 * What the workers have counted (meter.h) it writes down once in a while.
 *
 * SIGTERM and SIGINT stop it.  The socket's name goes first, so that nobody
 * connects any more; workers answer those who have, bounded in time, and the
 * steward breaks off what it has begun, which the next goes on with; then the
 * replicator is told, which ships what is left, and the mailer.  A second signal ends at once
 * whatever remains.
 */
#include "fcgi/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fcgi/child.h"
#include "fcgi/listen.h"
#include "fcgi/operator.h"
#include "fcgi/places.h"
#include "fcgi/release.h"
#include "fcgi/scoreboard.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/base/notify.h"
#include "tenants/base/sandbox.h"
#include "tenants/base/signals.h"
#include "tenants/layout.h"

#define TICK_MS 20 /* between two looks at whether workers are ready */
/* For the check; the fresh workers have as long after it. */
#define RENEWAL_MS PLACES_START_MS

/* systemctl status shows it; a reload has no other way to say so. */
#define NOT_RENEWED \
	"READY=1\nSTATUS=serves as before: the last renewal failed, see the log"

enum renewal { AT_REST, ASKED, CHECKING, STARTING };

struct supervisor {
	struct config config;
	char binary[4096];
	int with_others;
	struct listen listen;
	int locks[2];
	int signals;
	struct scoreboard *board;
	int board_fd;
	struct places places;
	enum renewal renewal;
	int renewals; /* that are over */
	int asked_again; /* while one was on its way */
	int64_t renewal_ms; /* until when it has to be through */
	int stopping;
	int served; /* a generation has */
	int64_t metered_ms; /* when what tenants used was last written */
	struct notify_watch watch;
	int status; /* of the exit */
};

static void
stop(struct supervisor *sv)
{
	struct places *places = &sv->places;
	int i;

	if (sv->stopping) {
		log_warn("stops", "at once, as told twice");
		for (i = 0; i < PLACES; i++)
			if (places->place[i].pid != 0)
				places_tell(&places->place[i], SIGKILL);
		return;
	}
	sv->stopping = 1;
	log_info("stops", "after the requests that are in progress");
	notify("STOPPING=1");
	listen_unlink(&sv->listen);
	/* Who had found the name before that is in the queue after it. */
	(void)poll(NULL, 0, TICK_MS);
	places_tell_workers(places, PHASE_SERVING, SIGTERM);
	places_tell_workers(places, PHASE_RELIEF, SIGTERM);
	places_tell_workers(places, PHASE_FRESH, SIGTERM);
	places_tell(&places->place[PLACE_STEWARD], SIGTERM);
	places_tell(&places->place[PLACE_CHECK], SIGKILL);
}

/*
 * What is left to do once workers are gone, whose last writes and mails are
 * then there: 1 when nothing is.
 */
static int
stopped(struct supervisor *sv)
{
	struct place *replicator = &sv->places.place[PLACE_REPLICATOR];
	struct place *mailer = &sv->places.place[PLACE_MAILER];
	int i;

	for (i = 0; i < SCOREBOARD_SLOTS; i++)
		if (sv->places.place[i].pid != 0)
			return 0;
	if (sv->places.place[PLACE_STEWARD].pid != 0)
		return 0;
	if (replicator->phase == PHASE_SERVING)
		places_tell(replicator, SIGTERM);
	if (mailer->phase == PHASE_SERVING)
		places_tell(mailer, SIGTERM);
	return replicator->pid == 0 && mailer->pid == 0;
}

/* Starts it where it is wanted, or another in its place. */
static void
keep(struct supervisor *sv, struct place *place, int wanted)
{
	/* One that waits to be started again need not wait for a leaver. */
	if (place->pid == 0) {
		place->phase = PHASE_NONE;
		if (wanted)
			places_start(&sv->places, place, PHASE_SERVING);
		return;
	}
	places_tell(place, SIGTERM);
	place->again = wanted;
}

static void
keep_replicator(struct supervisor *sv)
{
	keep(sv, &sv->places.place[PLACE_REPLICATOR],
	    sv->with_others && sv->config.replica[0] != '\0');
}

static void
keep_mailer(struct supervisor *sv)
{
	keep(sv, &sv->places.place[PLACE_MAILER],
	    sv->with_others && sv->config.mail_url[0] != '\0');
}

/* It ends when it has nothing in progress, and another is started then. */
static void
keep_steward(struct supervisor *sv)
{
	struct place *place = &sv->places.place[PLACE_STEWARD];

	if (place->pid == 0)
		keep(sv, place, sv->with_others);
	else if (kill(place->pid, SIGHUP) != 0)
		log_warn("kill", "steward %ld: %s", (long)place->pid,
		    strerror(errno));
}

/* However it ended the next may begin, and systemd waits for READY=1. */
static void
renewal_ends(struct supervisor *sv, const char *state)
{
	sv->renewal = sv->asked_again ? ASKED : AT_REST;
	sv->asked_again = 0;
	notify(state);
	if (sv->renewal == ASKED)
		notify_reloading();
}

static void
renewal_fails(struct supervisor *sv, const char *why)
{
	renewal_ends(sv, sv->served ? NOT_RENEWED : "STATUS=cannot start");
	places_tell_workers(&sv->places, PHASE_FRESH, SIGTERM);
	release_note(&sv->config, ++sv->renewals, why);
	if (sv->served) {
		log_error(
		    "renewal", "%s; the generation that serves goes on", why);
		return;
	}
	log_error("cannot start", "%s", why);
	sv->status = 1;
	stop(sv);
}

static void
renewal_checks(struct supervisor *sv)
{
	struct place *check = &sv->places.place[PLACE_CHECK];

	sv->renewal = CHECKING;
	sv->renewal_ms = clock_mono_ms() + RENEWAL_MS;
	places_start(&sv->places, check, PHASE_FRESH);
	if (check->pid == 0) {
		check->phase = PHASE_NONE;
		renewal_fails(sv, "the check cannot be run");
	}
}

/* Workers read the configuration themselves; we need to know how many. */
static int
reload(struct supervisor *sv)
{
	struct config config;
	struct err err = ERR_INIT;

	if (config_load(&config, sv->config.file, &err) != 0) {
		log_err("configuration", STR_NONE, &err);
		return -1;
	}
	if (strcmp(config.data, sv->config.data) != 0 ||
	    strcmp(config.run, sv->config.run) != 0) {
		err_set(
		    &err, ERR_INPUT, "%s: data or run changed", config.file);
		err_hint(&err, "a restart takes them over, SIGHUP does not");
		log_err("configuration", STR_NONE, &err);
		return -1;
	}
	sv->config = config;
	return 0;
}

static void
renewal_starts(struct supervisor *sv)
{
	struct place *place;
	int64_t n;

	if (reload(sv) != 0) {
		renewal_fails(sv, "the configuration cannot be used");
		return;
	}
	sv->renewal = STARTING;
	sv->renewal_ms = clock_mono_ms() + RENEWAL_MS;
	for (n = 0; n < sv->config.workers; n++) {
		place = places_free(&sv->places);
		if (!place)
			break;
		places_start(&sv->places, place, PHASE_FRESH);
	}
}

static void
renewal_is_through(struct supervisor *sv)
{
	struct places *places = &sv->places;
	int i;

	places_tell_workers(places, PHASE_SERVING, SIGTERM);
	places_tell_workers(places, PHASE_RELIEF, SIGTERM);
	for (i = 0; i < SCOREBOARD_SLOTS; i++)
		if (places->place[i].phase == PHASE_FRESH)
			places->place[i].phase = PHASE_SERVING;
	renewal_ends(sv, "READY=1\nSTATUS=serves");
	log_info(sv->served ? "renewed" : "serves", "%d workers, %s",
	    places_count_workers(places, PHASE_SERVING),
	    sv->listen.path[0] ? sv->listen.path : "socket handed over");
	if (sv->served || places->place[PLACE_REPLICATOR].phase == PHASE_NONE)
		keep_replicator(sv);
	keep_mailer(sv);
	keep_steward(sv);
	sv->served = 1;
	release_note(&sv->config, ++sv->renewals, NULL);
}

static int
are_ready(const struct supervisor *sv)
{
	int i;

	for (i = 0; i < SCOREBOARD_SLOTS; i++)
		if (sv->places.place[i].phase == PHASE_FRESH &&
		    scoreboard_get(sv->board, i) == SCOREBOARD_STARTING)
			return 0;
	return 1;
}

static void
renewal_goes_on(struct supervisor *sv)
{
	struct places *places = &sv->places;
	int late = clock_mono_ms() > sv->renewal_ms;

	switch (sv->renewal) {
	case AT_REST:
		break;
	case ASKED:
		if (places_count_workers(places, PHASE_LEAVING) == 0 &&
		    places_count_workers(places, PHASE_RELIEF) == 0)
			renewal_checks(sv);
		break;
	case CHECKING:
		if (late) {
			places_tell(&places->place[PLACE_CHECK], SIGKILL);
			renewal_fails(sv, "the check takes too long");
		}
		break;
	case STARTING:
		if (are_ready(sv))
			renewal_is_through(sv);
		else if (late)
			renewal_fails(
			    sv, "the fresh workers are not ready in time");
		break;
	}
}

/* Those who have served their quota, and those who have come for them. */
static void
relieve(struct supervisor *sv, int64_t now_ms)
{
	struct places *places = &sv->places;
	struct place *place, *relief;
	int i, k;

	for (i = 0; i < SCOREBOARD_SLOTS; i++) {
		place = &places->place[i];
		if (place->phase == PHASE_RELIEF && place->pid != 0 &&
		    scoreboard_get(sv->board, i) != SCOREBOARD_STARTING) {
			place->phase = PHASE_SERVING;
			places_tell(&places->place[place->relieves], SIGTERM);
		}
		if (sv->renewal != AT_REST || place->phase != PHASE_SERVING ||
		    place->pid == 0 || place->start_ms > now_ms ||
		    !scoreboard_retires(sv->board, i))
			continue;
		for (k = 0; k < SCOREBOARD_SLOTS; k++)
			if (places->place[k].phase == PHASE_RELIEF &&
			    places->place[k].relieves == i)
				break;
		relief = k == SCOREBOARD_SLOTS ? places_free(places) : NULL;
		if (!relief)
			continue;
		relief->relieves = i;
		places_start(places, relief, PHASE_RELIEF);
		if (relief->pid == 0) {
			relief->phase = PHASE_NONE;
			place->start_ms = relief->start_ms;
		}
	}
}

static void
check_ended(struct supervisor *sv, struct place *check, int status)
{
	enum phase phase = check->phase;

	check->phase = PHASE_NONE;
	if (phase == PHASE_LEAVING)
		return;
	if (status == 0)
		renewal_starts(sv);
	else
		renewal_fails(sv, "`rowhouse check --app` found a mistake");
}

static void
ended(struct supervisor *sv, struct place *place, int status)
{
	int64_t now_ms = clock_mono_ms();
	int64_t ran_ms = now_ms - place->started_ms;
	struct place *relieved;

	if (place->role == ROLE_CHECK) {
		check_ended(sv, place, status);
		return;
	}
	switch (place->phase) {
	case PHASE_NONE:
		break;
	case PHASE_SERVING:
		place->start_ms =
		    now_ms + child_backoff_ms(ran_ms, &place->failures);
		break;
	case PHASE_FRESH:
		place->phase = PHASE_NONE;
		renewal_fails(sv,
		    WIFEXITED(status) &&
			    WEXITSTATUS(status) == SCOREBOARD_FOREIGN
			? "the supervisor is of another release: restart it"
			: "a fresh worker ended");
		break;
	case PHASE_RELIEF:
		place->phase = PHASE_NONE;
		relieved = &sv->places.place[place->relieves];
		relieved->start_ms =
		    now_ms + child_backoff_ms(ran_ms, &relieved->failures);
		break;
	case PHASE_LEAVING:
		place->phase = PHASE_NONE;
		if (place->again && !sv->stopping)
			places_start(&sv->places, place, PHASE_SERVING);
		break;
	}
}

static void
reap(struct supervisor *sv)
{
	struct place *place;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		place = places_ended(&sv->places, pid, status);
		if (place)
			ended(sv, place, status);
	}
}

static void
take_signals(struct supervisor *sv)
{
	int signal, children = 0;

	while ((signal = signals_next(sv->signals)) != 0) {
		switch (signal) {
		case SIGCHLD:
			children = 1;
			break;
		case SIGUSR1: /* relieve() sees who it was */
			break;
		case SIGHUP:
			if (sv->stopping)
				break;
			log_info("renewal", "asked for by SIGHUP");
			notify_reloading();
			if (sv->renewal == AT_REST)
				sv->renewal = ASKED;
			else if (sv->renewal != ASKED)
				sv->asked_again = 1;
			break;
		default:
			stop(sv);
			break;
		}
	}
	if (children)
		reap(sv);
}

static void
write_usage(struct supervisor *sv, int64_t now_ms)
{
	struct err err = ERR_INIT;

	if (meter_flush(scoreboard_meter(sv->board), &sv->config,
		now_ms - sv->metered_ms, &err) != 0)
		log_err("usage", STR_NONE, &err);
	sv->metered_ms = now_ms;
}

static int64_t
sooner(int64_t wait_ms, int64_t then_ms, int64_t now_ms)
{
	int64_t ms = then_ms > now_ms ? then_ms - now_ms : 0;

	return wait_ms < 0 || ms < wait_ms ? ms : wait_ms;
}

/* What the time has come for; ms until the next. */
static int64_t
act_on_time(struct supervisor *sv)
{
	int64_t now_ms = clock_mono_ms(), wait_ms = -1;
	struct place *place = sv->places.place;

	for (; place < sv->places.place + PLACES; place++) {
		if (place->phase != PHASE_SERVING)
			continue;
		if (place->pid == 0 && place->start_ms <= now_ms)
			places_start(&sv->places, place, PHASE_SERVING);
		if (place->start_ms > now_ms)
			wait_ms = sooner(wait_ms, place->start_ms, now_ms);
	}
	if (!sv->stopping) {
		renewal_goes_on(sv);
		relieve(sv, now_ms);
		if (now_ms >= sv->metered_ms + sv->config.usage_interval_ms)
			write_usage(sv, now_ms);
		wait_ms = sooner(wait_ms,
		    sv->metered_ms + sv->config.usage_interval_ms, now_ms);
	}
	if (sv->renewal == CHECKING || sv->renewal == STARTING ||
	    places_count_workers(&sv->places, PHASE_RELIEF) > 0)
		wait_ms = sooner(wait_ms, now_ms + TICK_MS, now_ms);
	wait_ms =
	    sooner(wait_ms, places_kill_late(&sv->places, now_ms), now_ms);
	return sooner(wait_ms, notify_watch_tend(&sv->watch, now_ms), now_ms);
}

int
supervisor_run(struct supervisor *sv)
{
	struct pollfd fd = { .fd = sv->signals, .events = POLLIN };
	struct err err = ERR_INIT;
	int64_t wait_ms;

	sv->renewal = ASKED;
	sv->metered_ms = clock_mono_ms();
	notify_watch_begin(&sv->watch);
	/* Before there is a registry it has nothing to do. */
	if (file_exists(layout_registry(&sv->config).p, &err) == 1)
		keep_replicator(sv);
	while (!sv->stopping || !stopped(sv)) {
		wait_ms = act_on_time(sv);
		if (poll(&fd, 1, (int)wait_ms) < 0 && errno != EINTR)
			err_die("supervisor: poll: %s", strerror(errno));
		take_signals(sv);
	}
	write_usage(sv, clock_mono_ms());
	log_info("stopped", "with nothing left to do");
	return sv->status;
}

static int
open_signals(struct supervisor *sv, struct err *err)
{
	static const int wanted[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1,
		0 };

	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return err_sys(err, "signal SIGPIPE");
	sv->signals = signals_open(wanted, err);
	return sv->signals < 0 ? -1 : 0;
}

struct supervisor *
supervisor_open(
    const struct config *config, int with_others, struct err *err)
{
	struct supervisor *sv = calloc(1, sizeof *sv);

	if (!sv)
		err_die("out of memory: supervisor");
	sv->config = *config;
	sv->with_others = with_others;
	sv->listen.fd = sv->board_fd = sv->signals = -1;
	sv->locks[0] = sv->locks[1] = -1;
	places_init(&sv->places);
	if (child_find_binary(program_invocation_name, sv->binary,
		sizeof sv->binary, err) != 0 ||
	    listen_lock(config, sv->locks, err) != 0 ||
	    crypto_key_create(layout_master_key(config).p, err) != 0 ||
	    operator_create(config, err) != 0)
		goto fail;
	sv->board = scoreboard_create(&sv->board_fd, err);
	if (!sv->board || open_signals(sv, err) != 0 ||
	    listen_open(config, &sv->listen, err) != 0)
		goto fail;
	sv->places.binary = sv->binary;
	sv->places.config_file = sv->config.file;
	if (config->sandbox == SANDBOX_INSIST)
		sv->places.option = "--require-sandbox";
	sv->places.listen_fd = sv->listen.fd;
	sv->places.board_fd = sv->board_fd;
	sv->places.board = sv->board;
	return sv;
fail:
	supervisor_close(sv);
	return NULL;
}

void
supervisor_close(struct supervisor *sv)
{
	if (!sv)
		return;
	listen_close(&sv->listen);
	scoreboard_unmap(sv->board);
	file_drop(&sv->board_fd);
	file_drop(&sv->signals);
	file_drop(&sv->locks[0]);
	file_drop(&sv->locks[1]);
	free(sv);
}
