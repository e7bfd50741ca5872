/*
 * What is refused here costs a client nothing: it has written nothing yet.
 * What is let through and then not confirmed costs it the knowledge of what
 * became of its write.  So this refuses at the first sign of trouble.
 *
 * A store is known to be down until something is asked of it and answered.
 * Where all that would be asked is refused, nothing may be: so whoever is
 * refused for that has the store asked for some small object.
 */
#include "replication/acks.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tenants/ack.h"
#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"

#define DEAF_MS        1000 /* after no descriptor was left */
#define PROBE_EVERY_MS 1000
#define RETRY_S        5
#define HALTED_RETRY_S 60
/* So much waits before a commit of now that it would not be there in time. */
#define BEHIND_FILES 100
#define BEHIND_BYTES ((int64_t)64 << 20)

enum state {
	QUIET, /* it is the worker's turn */
	ASKED, /* parked until the claim is confirmed */
	POINTS, /* until what is there is captured, by a waiter */
	WAITS, /* for its tenant, by a waiter */
	ARRIVED, /* that is there; the registry may not be */
	WAITS_REGISTRY, /* by a waiter */
	COMPLETE /* all is there; parked until the claim is confirmed */
};

struct peer {
	struct acks *acks;
	int fd;
	enum state state;
	struct hint hint; /* what it asked last */
	int64_t asked_ms;
};

struct acks {
	struct acks_env env;
	int fd;
	int64_t deaf_ms; /* mono: accepts nobody until then */
	struct peer peer[ACKS_PEERS];
	struct store_op probe;
	int probing;
	int64_t probed_ms;
};

struct acks *
acks_listen(
    const struct config *config, const struct acks_env *env, struct err *err)
{
	struct acks *acks = calloc(1, sizeof(*acks));
	int i;

	if (acks == NULL)
		err_die("out of memory");
	acks->env = *env;
	for (i = 0; i < ACKS_PEERS; i++) {
		acks->peer[i].acks = acks;
		acks->peer[i].fd = -1;
	}
	acks->fd = ack_listen(config, err);
	if (acks->fd < 0) {
		free(acks);
		return NULL;
	}
	return acks;
}

/* Nothing is waited for any more. */
static void
settle(struct peer *peer)
{
	if (peer->state == WAITS || peer->state == WAITS_REGISTRY ||
	    peer->state == POINTS)
		waiters_forget(peer->acks->env.waiters, peer);
	peer->state = QUIET;
}

static void
hang_up(struct peer *peer)
{
	settle(peer);
	file_drop(&peer->fd);
}

void
acks_close(struct acks *acks)
{
	int i;

	if (acks == NULL)
		return;
	for (i = 0; i < ACKS_PEERS; i++)
		hang_up(&acks->peer[i]);
	file_drop(&acks->fd);
	free(acks);
}

static void
answer(struct peer *peer, const char *text)
{
	settle(peer);
	if (send(peer->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		hang_up(peer);
}

static void
answer_error(struct peer *peer, const struct err *err)
{
	char text[ACK_ANSWER_MAX];

	snprintf(text, sizeof(text), "error %.480s", err->msg);
	answer(peer, text);
}

/* The waiter is gone; that it was answered says acks_tend. */
static void
arrived(void *owner, uint32_t epoch, uint64_t txid, const struct err *err)
{
	struct peer *peer = owner;

	(void)epoch, (void)txid;
	peer->state = peer->state == WAITS ? ARRIVED : COMPLETE;
	if (err->code != ERR_NONE)
		answer_error(peer, err);
}

static int
refuse(struct err *err, int64_t seconds, const char *slug, const char *why)
{
	err_set(err, ERR_BUSY, "the replica of %s %s", slug, why);
	err->retry_after = seconds < 1 ? 1 : (int)seconds;
	return -1;
}

/*
 * Would a write of this tenant be confirmed soon?  1, or 0 where the claim has
 * to be confirmed first, or -1 and ERR_BUSY with why not and when to ask again:
 * another machine is the owner, the tenant's stream is halted, failing, missing
 * or far behind, or the store is down.
 */
static int
may(const struct acks_env *env, struct str slug, struct err *err)
{
	struct stream *stream = NULL;
	struct store_stats stats;
	char name[SLUG_MAX + 1] = "";
	int64_t retry_ms;

	if (str_copy(slug, name, sizeof(name)) == 0)
		stream = streams_find(env->streams, name);
	if (claim_lost(env->claim) != NULL)
		return refuse(
		    err, HALTED_RETRY_S, name, "belongs to another machine");
	if (stream == NULL)
		return refuse(err, 1, name, "has not begun");
	if (stream->halted)
		return refuse(err, HALTED_RETRY_S, name, "is halted");
	if (stream->gone)
		return refuse(err, RETRY_S, name, "has lost the file");
	if (stream->failures > 0 || stream->ship_failures > 0) {
		retry_ms = stream->failures > 0 ? stream->retry_ms
						: stream->ship_retry_ms;
		return refuse(err, (retry_ms - clock_mono_ms()) / 1000 + 1,
		    name, "is failing");
	}
	if (stream->spool != NULL && (stream->spool->n > BEHIND_FILES ||
					 stream->spool->bytes > BEHIND_BYTES))
		return refuse(err, RETRY_S, name, "is far behind");
	store_stats(env->store, &stats);
	if (stats.down_ms != 0)
		return refuse(err, RETRY_S, name, "is in a store that is down");
	return claim_is_fresh(env->claim, clock_mono_ms());
}

static int
ignore(struct store_op *op, const void *p, size_t n, struct err *err)
{
	(void)op, (void)p, (void)n, (void)err;
	return 0;
}

static void
probed(struct store_op *op, const struct err *err)
{
	struct acks *acks = op->arg;

	/* What it said the store has counted. */
	(void)err;
	acks->probing = 0;
}

static void
probe(struct acks *acks)
{
	struct store_stats stats;
	int64_t now_ms = clock_mono_ms();

	store_stats(acks->env.store, &stats);
	if (stats.down_ms == 0 || acks->probing ||
	    now_ms - acks->probed_ms < PROBE_EVERY_MS)
		return;
	memset(&acks->probe, 0, sizeof(acks->probe));
	acks->probe.verb = STORE_GET;
	acks->probe.key.kind = STORE_MACHINE;
	acks->probe.data = ignore;
	acks->probe.done = probed;
	acks->probe.arg = acks;
	acks->probing = 1;
	acks->probed_ms = now_ms;
	store_submit(acks->env.store, &acks->probe);
}

static void
ask(struct peer *peer)
{
	struct err err = ERR_INIT;
	char text[ACK_ANSWER_MAX];

	switch (may(&peer->acks->env, str_of(peer->hint.slug), &err)) {
	case 0:
		peer->state = ASKED;
		return;
	case 1:
		answer(peer, "yes");
		return;
	default:
		probe(peer->acks);
		snprintf(text, sizeof(text), "no %d %.480s", err.retry_after,
		    err.msg);
		answer(peer, text);
	}
}

static void
answer_point(struct peer *peer, uint32_t epoch, uint64_t txid)
{
	char text[ACK_PLACE + 8];

	snprintf(text, sizeof(text), "at %08x-%016llx", epoch,
	    (unsigned long long)txid);
	answer(peer, text);
}

/* The waiter is gone. */
static void
captured(void *owner, uint32_t epoch, uint64_t txid, const struct err *err)
{
	struct peer *peer = owner;

	peer->state = QUIET;
	if (err->code == ERR_NONE)
		answer_point(peer, epoch, txid);
	else
		answer(peer, "no: it is failing");
}

/*
 * Who asks holds the tenant's write lock, so this must not wait for what needs
 * it: a base, or the end of some trouble.  What is sealed, and was not touched
 * since, is not opened for it: there may be ten thousand of them.
 */
static void
point(struct peer *peer)
{
	const struct acks_env *env = &peer->acks->env;
	const struct waiter_opts opts = {
		.slug = str_of(peer->hint.slug),
		.incarnation = peer->hint.epoch,
		.patient = 1,
		.captured = 1,
		.owner = peer,
		.done = captured,
	};
	struct stream *stream = streams_find(env->streams, peer->hint.slug);

	if (stream == NULL || stream->incarnation != peer->hint.epoch)
		answer(peer, "no: its replica has not begun");
	else if (stream->pos.txid == 0 || stream->is_base || stream->gone ||
		 stream->cut || stream->elsewhere || stream->renew ||
		 stream->failures > 0 || stream->halted)
		answer(peer, "no: its replica has no base, or is in trouble");
	else if (!stream_is_open(stream) && stream->pos.sealed &&
		 !stream->dirty && !stream_changed(stream))
		answer_point(peer, stream->pos.epoch, stream->pos.txid);
	else {
		peer->state = POINTS;
		waiters_add(env->waiters, env->streams, &opts);
	}
}

static void
await(struct peer *peer, const struct hint *hint)
{
	const struct waiter_opts opts = {
		.slug = str_of(hint->slug),
		.incarnation = hint->epoch,
		.commit = &hint->commit,
		.patient = 1,
		.owner = peer,
		.done = arrived,
	};
	const struct acks_env *env = &peer->acks->env;

	peer->state =
	    strcmp(hint->slug, SLUG_REGISTRY) == 0 ? WAITS_REGISTRY : WAITS;
	waiters_add(env->waiters, env->streams, &opts);
}

/*
 * A restored house knows only the tenants of its registry.  That is seldom
 * written, and a new tenant is the reason: no write of his is safe before.
 * So the files are asked: who made him may have been killed before his hint
 * was sent, and the stream would learn of it at the next sweep.
 */
static int
registry_waits(const struct acks *acks)
{
	struct stream *stream = streams_find(acks->env.streams, SLUG_REGISTRY);

	if (stream == NULL)
		return 0;
	if (stream->dirty)
		return 1;
	if (!stream_is_open(stream))
		return !stream->pos.sealed || stream_changed(stream);
	return stream->pos.txid == 0 || stream->acked < stream->pos.txid ||
	       stream_lag(stream, clock_wall_ms()).bytes > 0;
}

static void
tend(struct peer *peer)
{
	const struct acks_env *env = &peer->acks->env;
	const struct hint registry = { .slug = SLUG_REGISTRY };
	const struct err *lost = claim_lost(env->claim);

	if (peer->state == ASKED) {
		ask(peer);
	} else if (lost != NULL && peer->state != QUIET) {
		answer_error(peer, lost);
	} else if (peer->state == ARRIVED) {
		if (registry_waits(peer->acks))
			await(peer, &registry);
		else
			peer->state = COMPLETE;
	}
	if (peer->state == COMPLETE &&
	    claim_is_fresh(env->claim, clock_mono_ms()))
		answer(peer, "ok");
}

void
acks_tend(struct acks *acks)
{
	int i;

	for (i = 0; i < ACKS_PEERS; i++)
		tend(&acks->peer[i]);
}

void
acks_begin_again(struct acks *acks)
{
	int i;

	for (i = 0; i < ACKS_PEERS; i++) {
		struct peer *peer = &acks->peer[i];

		if (peer->state == QUIET || peer->state == ASKED)
			continue;
		if (peer->state == POINTS) {
			answer(peer, "no: it begins anew elsewhere");
			continue;
		}
		settle(peer);
		await(peer, &peer->hint);
	}
}

int
acks_waited_for(const struct acks *acks)
{
	int i;

	for (i = 0; i < ACKS_PEERS; i++)
		if (acks->peer[i].state != QUIET)
			return 1;
	return 0;
}

/* A packet, or the end. */
static void
serve(struct peer *peer)
{
	unsigned char packet[ACK_ASK_BYTES];
	ssize_t n;

	n = recv(peer->fd, packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 1 || (size_t)n > sizeof(packet) || peer->state != QUIET ||
	    hint_parse(packet + 1, (size_t)n - 1, &peer->hint) != 0) {
		hang_up(peer);
		return;
	}
	peer->asked_ms = clock_mono_ms();
	if (packet[0] == ACK_ASK)
		ask(peer);
	else if (packet[0] == ACK_WAIT)
		await(peer, &peer->hint);
	else if (packet[0] == ACK_POINT)
		point(peer);
	else
		hang_up(peer);
}

/* A free place, or that of the peer that has asked nothing for longest. */
static struct peer *
place(struct acks *acks)
{
	struct peer *quiet = NULL;
	int i;

	for (i = 0; i < ACKS_PEERS; i++) {
		struct peer *peer = &acks->peer[i];

		if (peer->fd < 0)
			return peer;
		if (peer->state == QUIET &&
		    (quiet == NULL || peer->asked_ms < quiet->asked_ms))
			quiet = peer;
	}
	return quiet;
}

static void
admit(struct acks *acks)
{
	struct peer *peer = place(acks);
	int fd;

	assert(peer != NULL);
	fd = accept4(acks->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		log_warn("acks", "accept: %s", strerror(errno));
		acks->deaf_ms = clock_mono_ms() + DEAF_MS;
		return;
	}
	hang_up(peer);
	peer->fd = fd;
	peer->asked_ms = clock_mono_ms();
}

nfds_t
acks_fds(struct acks *acks, struct pollfd *fds)
{
	int i;

	/* poll skips those that are negative. */
	for (i = 0; i < ACKS_PEERS; i++)
		fds[i] =
		    (struct pollfd){ .fd = acks->peer[i].fd, .events = POLLIN };
	/* Who cannot be let in must not keep the loop awake. */
	fds[i] = (struct pollfd){ .fd = acks->fd, .events = POLLIN };
	if (place(acks) == NULL || clock_mono_ms() < acks->deaf_ms)
		fds[i].fd = -1;
	return ACKS_FDS;
}

void
acks_serve(struct acks *acks, const struct pollfd *fds)
{
	int i;

	for (i = 0; i < ACKS_PEERS; i++)
		if (fds[i].fd >= 0 && fds[i].revents != 0 &&
		    fds[i].fd == acks->peer[i].fd)
			serve(&acks->peer[i]);
	if (fds[i].fd >= 0 && fds[i].revents != 0 && place(acks) != NULL)
		admit(acks);
}

int64_t
acks_due_ms(const struct acks *acks)
{
	return acks->deaf_ms > clock_mono_ms() ? acks->deaf_ms : INT64_MAX;
}
