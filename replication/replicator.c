#include "replication/replicator.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replication/acks.h"
#include "replication/budget.h"
#include "replication/claim.h"
#include "replication/compact.h"
#include "replication/descriptors.h"
#include "replication/erasure.h"
#include "replication/fair.h"
#include "replication/forecast.h"
#include "replication/hint_queue.h"
#include "replication/prover.h"
#include "replication/spool_share.h"
#include "replication/status_socket.h"
#include "replication/thin.h"
#include "replication/trust_clock.h"
#include "replication/waiters.h"
#include "tenants/base/clock.h"
#include "tenants/base/disk.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/base/notify.h"
#include "tenants/base/signals.h"
#include "tenants/base/size.h"
#include "tenants/hint.h"
#include "tenants/layout.h"
#include "tenants/registry.h"

#define SNAPSHOTS_AT_ONCE       4
#define SNAPSHOT_PAGES_PER_TICK 512
#define CHECKPOINTS_PER_TICK    8
#define SEALS_PER_TICK          8
#define SWEEP_PER_TICK          500
#define DISK_MS 1000 /* between two looks at it */
/* Together less than the supervisor waits for (fcgi/places.c): 25 s. */
#define STOP_MS                 20000
#define LAST_MS                 3000 /* for what is on its way then */
#define ERASING_MS              5000
#define STATUS_MAX              (64 << 20)

struct replicator {
	const struct config *config;
	struct stream_env env;
	char host[65];
	int lock_fd;
	int signal_fd;
	struct hint_queue *hints;
	struct store *store;
	struct registry *registry;
	uint64_t registry_version;
	int registry_lost; /* and that was said */
	struct streams *streams;
	struct fair fair;
	struct compact *compact;
	struct thin thin;
	struct spool_share share;
	struct claim *claim;
	struct budget budget;
	struct trust_clock clock;
	int64_t disk_ms; /* when it was looked at, mono */
	int disk_low; /* and said so */
	struct control *control;
	struct status_socket *window;
	struct replicator_view view;
	struct waiters waiters;
	struct acks *acks;
	struct prover *prover;
	struct forecast_seen seen;
	struct notify_watch watch;
	struct file_id replica; /* the directory that the sandbox has */
	int shut_out; /* there is another now */
	int64_t erasing_ms; /* mono: somebody erases, until then */
	size_t n_open, open_max;
	size_t n_snapshots;
	int64_t next_sweep_ms; /* mono */
	int sweeping;
	int unsynced; /* since the last syncfs() */
	int more; /* a tick's bound was reached: another at once */
};

static void
take_hints(void *arg)
{
	struct replicator *r = arg;
	struct stream *stream;
	struct hint hint;

	while (hint_queue_take(r->hints, &hint)) {
		stream = streams_find(r->streams, hint.slug);
		if (stream == NULL || stream->incarnation != hint.epoch)
			continue;
		stream_hint(stream, &hint.commit);
		streams_activate(r->streams, stream);
	}
}

struct replicator *
replicator_new(const struct config *config, struct err *err)
{
	struct replicator *r = calloc(1, sizeof(*r));
	static const int wanted[] = { SIGTERM, SIGINT, 0 };
	char house[REGISTRY_HOUSE + 1];
	struct acks_env acks;
	int fd;

	if (r == NULL)
		err_die("out of memory");
	r->config = config;
	r->lock_fd = r->signal_fd = r->env.data_fd = -1;
	if (gethostname(r->host, sizeof(r->host) - 1))
		snprintf(r->host, sizeof(r->host), "unknown");
	r->env.config = config;
	r->env.host = r->host;
	r->env.shelf_max = config->replica_shelf_max;
	r->lock_fd = replicator_lock(config, err);
	if (r->lock_fd < 0 ||
	    descriptors_allow(
		(size_t)config->replica_open, &r->open_max, err) ||
	    (r->signal_fd = signals_open(wanted, err)) < 0)
		goto fail;
	r->env.data_fd =
	    file_open(config->data, O_RDONLY | O_DIRECTORY, 0, err);
	if (r->env.data_fd < 0)
		goto fail;
	r->store = store_open(config->replica, err);
	if (r->store == NULL)
		goto fail;
	r->registry = registry_open(config, DB_REPLICATE, 0, err);
	if (r->registry == NULL || registry_house(r->registry, house, err))
		goto fail;
	r->claim = claim_new(config, r->store, r->host, house, err);
	if (r->claim == NULL)
		goto fail;
	budget_init(&r->budget, config->replica_put_budget, clock_mono_ms());
	r->compact = compact_new(config, r->store);
	trust_clock_init(&r->clock, config, clock_wall_ms(), clock_boot_ms());
	r->streams = streams_new(&r->env);
	if (streams_reconcile(r->streams, r->registry, err))
		goto fail;
	r->registry_version = registry_version(r->registry);
	if (file_mkdirs(config->run, 0750, err))
		goto fail;
	spool_share_begin(&r->share, config);
	r->env.take_hints = take_hints;
	r->env.arg = r;
	r->prover = prover_new(config);
	r->control = control_listen(config, err);
	if (r->control == NULL)
		goto fail;
	r->view = (struct replicator_view){ .streams = r->streams,
		.store = r->store,
		.claim = r->claim,
		.seen = &r->seen,
		.started_ms = clock_wall_ms() };
	r->window = status_socket_new(config, &r->view, err);
	if (r->window == NULL)
		goto fail;
	acks = (struct acks_env){ r->streams, r->store, r->claim,
		&r->waiters };
	r->acks = acks_listen(config, &acks, err);
	if (r->acks == NULL)
		goto fail;
	fd = hint_listen(config, err);
	if (fd < 0)
		goto fail;
	/* All that listens is there, and no thread yet. */
	if (replicator_confine(config, &r->replica, err)) {
		file_drop(&fd);
		goto fail;
	}
	r->hints = hint_queue_start(fd, config->replica_interval_ms, err);
	if (r->hints == NULL)
		goto fail;
	return r;
fail:
	replicator_free(r);
	return NULL;
}

void
replicator_free(struct replicator *r)
{
	if (r == NULL)
		return;
	prover_free(r->prover);
	thin_stop(&r->thin);
	spool_share_end(&r->share, r->config);
	control_close(r->control);
	status_socket_free(r->window);
	claim_free(r->claim);
	store_close(r->store);
	compact_free(r->compact);
	acks_close(r->acks);
	waiters_forget_all(&r->waiters);
	if (r->streams != NULL)
		streams_forget_in_flight(r->streams);
	streams_free(r->streams);
	registry_close(r->registry);
	hint_queue_stop(r->hints);
	file_drop(&r->env.data_fd);
	file_drop(&r->signal_fd);
	file_drop(&r->lock_fd);
	free(r);
}

static void
follow_registry(struct replicator *r)
{
	uint64_t version = registry_version(r->registry);
	struct err err = ERR_INIT;

	if (version == r->registry_version && version != 0)
		return;
	if (streams_reconcile(r->streams, r->registry, &err)) {
		if (!r->registry_lost)
			log_err("registry", str_of(SLUG_REGISTRY), &err);
		r->registry_lost = 1;
		return;
	}
	r->registry_lost = 0;
	r->registry_version = version;
}

/* Room for one more: the one that was quiet longest gives way. */
static int
make_room(struct replicator *r)
{
	struct stream *oldest = NULL;
	struct err err = ERR_INIT;
	size_t i;

	if (r->n_open < r->open_max)
		return 1;
	for (i = 0; i < r->streams->n_active; i++) {
		struct stream *stream = r->streams->active[i];

		if (stream_wants_seal(stream, INT64_MAX) &&
		    (oldest == NULL || stream->active_ms < oldest->active_ms))
			oldest = stream;
	}
	if (oldest == NULL)
		return 0;
	if (stream_seal(oldest, &err) < 0)
		stream_failed(oldest, &err);
	else if (stream_is_open(oldest))
		stream_close(oldest);
	r->n_open--;
	return 1;
}

/* Is a whole copy all that there is to be done for it? */
static int
wants_copy(struct stream *stream, int64_t now_ms)
{
	if (stream->pos.txid == 0)
		return 1;
	return (stream->elsewhere || stream_is_ahead(stream, now_ms)) &&
	       !stream_is_open(stream) && !stream_changed(stream);
}

static void
flush(struct replicator *r, struct stream *stream, int64_t now_ms, int whole)
{
	int was_open = stream_is_open(stream);
	int all = whole || stream->whole || !was_open;
	struct err err = ERR_INIT;

	r->env.crowded = r->n_snapshots >= SNAPSHOTS_AT_ONCE;
	if ((r->env.crowded && wants_copy(stream, now_ms)) ||
	    (!was_open && !make_room(r))) {
		stream->retry_ms = clock_mono_ms() + STREAM_BUSY_MS;
		return;
	}
	if (stream_flush(stream, now_ms, whole, &err)) {
		/* It may have found what is to be shipped. */
		r->unsynced |= stream->spool != NULL && stream->spool->news;
		stream_failed(stream, &err);
		return;
	}
	r->n_open += !was_open && stream_is_open(stream);
	r->n_snapshots += stream->is_base;
	stream_recovered(stream);
	stream->flushes += all && !stream->is_base;
	/* It is still in the replica that was left. */
	if (stream->elsewhere) {
		stream_touch(stream);
		stream->retry_ms = clock_mono_ms() + STREAM_BUSY_MS;
	}
	r->unsynced = 1;
}

static void
step(struct replicator *r, struct stream *stream)
{
	struct err err = ERR_INIT;

	if (stream_step(stream, SNAPSHOT_PAGES_PER_TICK, &err) < 0)
		stream_failed(stream, &err);
	if (stream->snapshot == NULL)
		r->unsynced = 1;
}

static void
count(struct replicator *r)
{
	size_t i;

	r->n_open = r->n_snapshots = 0;
	for (i = 0; i < r->streams->n_active; i++) {
		r->n_open += stream_is_open(r->streams->active[i]) != 0;
		r->n_snapshots += r->streams->active[i]->snapshot != NULL;
	}
}

static void
flush_due(struct replicator *r, int64_t now_ms, int64_t mono_ms, int all)
{
	size_t i;

	for (i = 0; i < r->streams->n_active; i++) {
		struct stream *stream = r->streams->active[i];

		if (mono_ms < stream->retry_ms)
			continue;
		if (stream->snapshot != NULL)
			step(r, stream);
		if (all ? stream->dirty : stream_due(stream, now_ms) <= now_ms)
			flush(r, stream, now_ms, all || stream->retired);
	}
}

static void
sync_all(struct replicator *r)
{
	struct err err = ERR_INIT;
	size_t i;

	if (!r->unsynced && !r->env.in_doubt)
		return;
	r->unsynced = 0;
	/* Told to a checkpoint already, and not told twice. */
	if (r->env.in_doubt)
		err_set(&err, ERR_SYSTEM, "%s: syncfs failed", r->config->data);
	else if (syncfs(r->env.data_fd))
		err_sys(&err, "%s: syncfs", r->config->data);
	if (err.code != ERR_NONE) {
		r->env.in_doubt = 0;
		streams_quarantine(r->streams, &err);
		return;
	}
	for (i = 0; i < r->streams->n_active; i++) {
		struct stream *stream = r->streams->active[i];

		if (stream_synced(stream, &err))
			stream_failed(stream, &err);
	}
	compact_synced(r->compact);
}

/* Before it is full: then nothing can be captured, and writes are refused. */
static void
look_at_disk(struct replicator *r, int64_t mono_ms)
{
	struct disk *disk = &r->env.disk;
	struct err err = ERR_INIT;
	char left[SIZE_TEXT];
	int low;

	if (r->disk_ms != 0 && mono_ms - r->disk_ms < DISK_MS)
		return;
	r->disk_ms = mono_ms;
	if (disk_look(r->config->data, disk, &err) != 0)
		return;
	low = DISK_LOW(disk);
	if (low && !r->disk_low)
		log_warn("disk",
		    "the disk of %s is nearly full: %s of it are left; when "
		    "it is, writes are refused and nothing is replicated",
		    r->config->data, size_text(disk->free, left));
	else if (!low && r->disk_low)
		log_info("disk", "the disk of %s has room again: %s",
		    r->config->data, size_text(disk->free, left));
	r->disk_low = low;
}

static void
compact_all(struct replicator *r, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < r->streams->n_active; i++)
		compact_begin(r->compact, r->streams->active[i], now_ms);
	compact_set_lead(r->compact, now_ms - r->clock.now_ms);
	compact_set_lag(
	    r->compact, r->clock.off_ms < 0 ? -r->clock.off_ms : 0);
	compact_work(r->compact, now_ms);
	r->unsynced |= compact_wants_sync(r->compact);
}

static void
tend(struct replicator *r, int64_t now_ms, int64_t mono_ms)
{
	int checkpoints = 0, seals = 0;
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < r->streams->n_active; i++) {
		struct stream *stream = r->streams->active[i];
		int rc = 0;

		if (mono_ms < stream->retry_ms)
			continue;
		if (stream->retired && !stream->dirty &&
		    stream->snapshot == NULL) {
			rc = stream_rest(stream, &err);
		} else if (checkpoints < CHECKPOINTS_PER_TICK &&
			   stream_wants_checkpoint(stream, mono_ms)) {
			checkpoints++;
			rc = stream_checkpoint(stream, &err);
			r->unsynced = 1;
		} else if (r->n_snapshots < SNAPSHOTS_AT_ONCE &&
			   stream_wants_snapshot(stream, now_ms)) {
			rc = stream_begin_snapshot(stream, &err) ? -1 : 1;
			r->n_snapshots += rc > 0;
			r->unsynced = 1;
		} else if (seals < SEALS_PER_TICK &&
			   stream_wants_seal(stream, mono_ms)) {
			seals++;
			rc = stream_seal(stream, &err);
		}
		if (rc < 0) {
			stream->untended |= err.code != ERR_BUSY;
			stream_failed(stream, &err);
		} else if (rc > 0 && stream->untended) {
			stream->untended = 0;
			stream_recovered(stream);
		}
	}
	r->more =
	    checkpoints == CHECKPOINTS_PER_TICK || seals == SEALS_PER_TICK;
}

static void
sweep(struct replicator *r, int64_t mono_ms)
{
	if (!r->sweeping && mono_ms < r->next_sweep_ms)
		return;
	r->sweeping = !streams_sweep(r->streams, SWEEP_PER_TICK);
	if (r->sweeping)
		return;
	r->next_sweep_ms = mono_ms + r->config->replica_sweep_ms;
	r->shut_out = replicator_shut_out(r->config, &r->replica);
}

static void
on_flushed(void *owner, uint32_t epoch, uint64_t txid, const struct err *err)
{
	char text[sizeof(err->msg) + 16];

	if (err->code == ERR_NONE)
		snprintf(text, sizeof(text), "ok %08x %llu", epoch,
		    (unsigned long long)txid);
	else
		snprintf(text, sizeof(text), "error %s", err->msg);
	control_answer(owner, str_of(text));
}

/* An idle house confirms its claim no more, so it has to be woken up. */
static void
answer_erase(
    struct replicator *r, struct control_client *client, struct str slug)
{
	struct err err = ERR_INIT;
	int rc = erasure_may(r->streams, r->registry, r->claim, slug, &err);

	if (rc < 0) {
		control_refuse(client, &err);
		return;
	}
	r->erasing_ms = clock_mono_ms() + ERASING_MS;
	control_answer(client, rc == 0 ? STR("ok") : STR("wait"));
}

static void
on_request(void *arg, struct control_client *client, struct str line)
{
	struct replicator *r = arg;
	struct waiter_opts flush;
	struct buf json;

	if (str_is(line, "status")) {
		buf_init(&json, STATUS_MAX);
		replicator_put_status(&r->view, &json);
		control_answer(client, buf_view(&json));
		buf_free(&json);
	} else if (str_starts(line, "flush ")) {
		flush = (struct waiter_opts){
			.slug = str_sub(line, strlen("flush "), line.n),
			.owner = client,
			.done = on_flushed,
		};
		waiters_add(&r->waiters, r->streams, &flush);
	} else if (str_starts(line, "erase ")) {
		answer_erase(r, client, str_sub(line, 6, line.n));
	} else if (!prover_request(r->streams, client, line)) {
		control_answer(client, STR("error unknown request"));
	}
}

static void
on_gone(void *arg, struct control_client *client)
{
	struct replicator *r = arg;

	waiters_forget(&r->waiters, client);
}

/* Is there a claim to be confirmed?  Not while everything is idle (R11). */
static int
is_active(const struct replicator *r)
{
	return r->streams->n_active > 0 || compact_is_busy(r->compact) ||
	       acks_waited_for(r->acks) || clock_mono_ms() < r->erasing_ms;
}

/* How long there is nothing to do, if nobody calls. */
static int
idle_ms(struct replicator *r)
{
	int64_t now_ms = clock_wall_ms(), mono_ms = clock_mono_ms();
	int64_t wait = r->next_sweep_ms - mono_ms;
	int64_t proof_ms = prover_wait_ms(r->prover);
	int64_t claim_ms = claim_due_ms(r->claim, is_active(r));
	int64_t due_ms = acks_due_ms(r->acks);
	int64_t alive_ms = notify_watch_tend(&r->watch, mono_ms);

	if (control_due_ms(r->control) < due_ms)
		due_ms = control_due_ms(r->control);
	if (status_socket_due_ms(r->window) < due_ms)
		due_ms = status_socket_due_ms(r->window);
	if (alive_ms < due_ms)
		due_ms = alive_ms;
	if (due_ms - mono_ms < wait)
		wait = due_ms - mono_ms;
	if (proof_ms < wait)
		wait = proof_ms;
	if (claim_ms != INT64_MAX && claim_ms - mono_ms < wait)
		wait = claim_ms - mono_ms;
	if (r->sweeping || r->unsynced || r->env.in_doubt || r->more ||
	    (compact_is_busy(r->compact) && claim_may_ship(r->claim, mono_ms)))
		return 0;
	due_ms = streams_wait_ms(r->streams, now_ms, mono_ms);
	if (due_ms < wait)
		wait = due_ms;
	return wait < 0 ? 0 : (int)wait;
}

/* Waits, and takes in what happened.  1 when it is time to stop. */
static int
wait(struct replicator *r, int timeout_ms)
{
	struct pollfd fds[ACKS_FDS + 2 * (CONTROL_CLIENTS + 1) + 3];
	nfds_t n;

	fds[0] = (struct pollfd){ .fd = r->signal_fd, .events = POLLIN };
	fds[1] =
	    (struct pollfd){ .fd = hint_queue_fd(r->hints), .events = POLLIN };
	n = 2 + acks_fds(r->acks, fds + 2);
	n += control_fds(r->control, fds + n);
	n += status_socket_fds(r->window, fds + n);
	if (prover_fd(r->prover) >= 0)
		fds[n++] = (struct pollfd){ .fd = prover_fd(r->prover),
			.events = POLLIN };
	store_poll(r->store, fds, n, timeout_ms);
	follow_registry(r);
	control_serve(r->control, on_request, on_gone, r);
	status_socket_serve(r->window);
	acks_serve(r->acks, fds + 2);
	return signals_next(r->signal_fd) != 0;
}

static void
answer_waiters(struct replicator *r)
{
	waiters_serve(&r->waiters, r->streams);
	acks_tend(r->acks);
}

static void
tick(struct replicator *r, int all)
{
	int64_t now_ms = clock_wall_ms(), mono_ms = clock_mono_ms();
	struct store_stats stats;

	store_stats(r->store, &stats);
	forecast_note(&r->seen, mono_ms, &stats);
	budget_note(&r->budget, stats.puts, r->config->replica_interval_ms,
	    mono_ms);
	r->env.stretch = r->budget.stretch;
	trust_clock_tick(&r->clock, &stats, now_ms, clock_boot_ms());
	r->env.clock_off_ms = r->clock.off_ms;
	r->env.clock_is_sure = r->clock.sure;
	look_at_disk(r, mono_ms);
	take_hints(r);
	/* What is with the store is answered before a disk is waited for. */
	answer_waiters(r);
	count(r);
	r->unsynced |= streams_make_room(r->streams, mono_ms);
	flush_due(r, now_ms, mono_ms, all);
	sync_all(r);
	claim_tend(r->claim, is_active(r), mono_ms);
	if (claim_may_ship(r->claim, mono_ms)) {
		if (r->env.replica != claim_replica(r->claim) &&
		    streams_note_replica(r->streams, claim_replica(r->claim)))
			acks_begin_again(r->acks);
		fair_ship(&r->fair, r->streams, r->store, mono_ms);
		compact_all(r, now_ms);
	}
	tend(r, now_ms, mono_ms);
	r->more |= thin_tick(&r->thin, r->streams, mono_ms, &r->unsynced);
	spool_share_tick(&r->share, r->streams, mono_ms);
	sweep(r, mono_ms);
	if (!all)
		prover_tick(r->prover, r->streams);
	answer_waiters(r);
	streams_settle(r->streams);
}

/* Of a replica that is another machine's nothing is left to be done. */
static int
anything_left(const struct replicator *r)
{
	return claim_lost(r->claim) == NULL &&
	       claim_refused(r->claim) == NULL && streams_left(r->streams);
}

static int
is_on_its_way(const struct replicator *r)
{
	return streams_in_flight(r->streams) || compact_in_flight(r->compact);
}

/* And begins nothing after it.  1: nothing is on its way any more. */
static int
end_what_is_on_its_way(struct replicator *r)
{
	int64_t until_ms = clock_mono_ms() + LAST_MS;
	size_t i;

	for (i = 0; i < r->streams->n_active; i++)
		r->streams->active[i]->ship_retry_ms = INT64_MAX;
	while (is_on_its_way(r) && clock_mono_ms() < until_ms)
		store_poll(r->store, NULL, 0, STREAM_BUSY_MS);
	if (!is_on_its_way(r))
		return 1;
	log_warn("stop",
	    "%s has not answered what is on its way; the next start sends "
	    "it again",
	    store_url(r->store));
	return 0;
}

void
replicator_run(struct replicator *r)
{
	int64_t stop_ms;
	size_t behind;

	log_info(
	    "start", "%zu databases to %s", r->streams->n, store_url(r->store));
	notify_watch_begin(&r->watch);
	notify("READY=1");
	while (!wait(r, idle_ms(r))) {
		tick(r, 0);
		if (r->shut_out)
			return;
	}
	notify("STOPPING=1");
	prover_free(r->prover);
	r->prover = NULL;
	stop_ms = clock_mono_ms() + STOP_MS;
	streams_touch_open(r->streams);
	do {
		tick(r, 1);
		wait(r, anything_left(r) ? STREAM_BUSY_MS : 0);
	} while (anything_left(r) && clock_mono_ms() < stop_ms);
	behind = streams_behind(r->streams);
	if (behind == 0)
		log_info("stop", "everything is shipped");
	else
		log_warn("stop",
		    "%zu databases have what the replica does not have",
		    behind);
	/* Who takes over at once must not meet what arrives late. */
	if (end_what_is_on_its_way(r))
		claim_release(r->claim);
	streams_note_shipped(r->streams);
}
