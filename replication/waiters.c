#include "replication/waiters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/base/clock.h"

struct waiter {
	struct waiter *next;
	struct waiter_opts opts; /* slug and commit: not used */
	char slug[SLUG_MAX + 1];
	struct db_commit commit; /* salts of 0 0: all by then */
	uint64_t flushes; /* the stream's counts when it asked */
	int failures, ship_failures;
	uint32_t epoch; /* 0: not captured yet, as far as known */
	uint64_t txid;
};

/* Of an incarnation that was replaced the last commits are still on their way. */
static struct stream *
find(struct streams *streams, const char *slug, uint32_t incarnation)
{
	struct stream *stream = streams_find(streams, slug);
	size_t i;

	if (incarnation == 0 ||
	    (stream != NULL && stream->incarnation == incarnation))
		return stream;
	for (i = 0; i < streams->n_active; i++) {
		stream = streams->active[i];
		if (stream->incarnation == incarnation &&
		    strcmp(stream->slug, slug) == 0)
			return stream;
	}
	return NULL;
}

static void
flush_now(struct streams *streams, struct stream *stream)
{
	stream_touch(stream);
	stream->whole = 1;
	stream->urgent = 1;
	stream->due_ms = clock_wall_ms();
	streams_activate(streams, stream);
}

void
waiters_add(struct waiters *waiters, struct streams *streams,
    const struct waiter_opts *opts)
{
	struct err err = ERR_INIT;
	struct stream *stream;
	struct waiter *waiter;
	char name[SLUG_MAX + 1];

	if (str_copy(opts->slug, name, sizeof(name)) ||
	    (stream = find(streams, name, opts->incarnation)) == NULL) {
		err_set(&err, ERR_NOT_FOUND, "no tenant %.*s is replicated",
		    STR_FMT(str_sub(opts->slug, 0, SLUG_MAX)));
		opts->done(opts->owner, 0, 0, &err);
		return;
	}
	waiter = calloc(1, sizeof(*waiter));
	if (waiter == NULL)
		err_die("out of memory");
	waiter->opts = *opts;
	memcpy(waiter->slug, name, sizeof(name));
	if (opts->commit != NULL)
		waiter->commit = *opts->commit;
	waiter->flushes = stream->flushes;
	waiter->failures = stream->failures;
	waiter->ship_failures = stream->ship_failures;
	waiter->next = waiters->first;
	waiters->first = waiter;
	/* Who cannot wait out a pause after a failure, ends it. */
	if (!opts->patient) {
		stream->retry_ms = 0;
		stream->ship_retry_ms = 0;
		flush_now(streams, stream);
	}
}

void
waiters_forget(struct waiters *waiters, const void *owner)
{
	struct waiter **at = &waiters->first, *waiter;

	while ((waiter = *at) != NULL) {
		if (waiter->opts.owner == owner) {
			*at = waiter->next;
			free(waiter);
		} else {
			at = &waiter->next;
		}
	}
}

void
waiters_forget_all(struct waiters *waiters)
{
	struct waiter *waiter;

	while ((waiter = waiters->first) != NULL) {
		waiters->first = waiter->next;
		free(waiter);
	}
}

/*
 * Two ways to know that it was: the position has passed its frame in the same
 * generation of the WAL; or all of the WAL was captured since it asked, by a
 * flush that began after the commit.  Where that found nothing the stream may be
 * sealed again by now, and its position says all the same how far it came.
 */
static int
is_captured(const struct waiter *waiter, const struct stream *stream)
{
	const uint32_t *salt = waiter->commit.salt;

	if (stream->pos.txid == 0 || stream->elsewhere)
		return 0;
	if (stream->flushes > waiter->flushes)
		return 1;
	return stream->file != NULL && (salt[0] != 0 || salt[1] != 0) &&
	       wal_same_salt(salt, stream->pos.wal.salt) &&
	       waiter->commit.frame <= stream->pos.wal.frame;
}

/* 1 and, where it cannot, the error. */
static int
is_over(
    const struct waiter *waiter, const struct stream *stream, struct err *err)
{
	if (stream == NULL) {
		err_set(err, ERR_NOT_FOUND, "%s is no longer replicated",
		    waiter->slug);
		return 1;
	}
	if (stream->cut) {
		err_set(err, ERR_CONFLICT, "this incarnation was replaced");
		return 1;
	}
	if (stream->failure == NULL)
		return 0;
	if (!stream->halted &&
	    (waiter->opts.patient ||
		(stream->failures <= waiter->failures &&
		    stream->ship_failures <= waiter->ship_failures)))
		return 0;
	*err = *stream->failure;
	return 1;
}

/* 1: it has been answered. */
static int
serve(struct waiter *waiter, struct streams *streams)
{
	struct stream *stream =
	    find(streams, waiter->slug, waiter->opts.incarnation);
	struct err err = ERR_INIT;

	if (is_over(waiter, stream, &err))
		goto answer;
	stream->urgent = 1;
	/* A new epoch starts TXIDs over: aim again. */
	if (waiter->epoch != stream->pos.epoch) {
		waiter->epoch = 0;
		if (is_captured(waiter, stream)) {
			waiter->epoch = stream->pos.epoch;
			waiter->txid = stream->pos.txid;
		}
	}
	if (waiter->epoch == 0) {
		/* Group commit: not while what was captured is on its way. */
		if (waiter->opts.captured || stream->file == NULL ||
		    stream->acked >= stream->pos.txid)
			flush_now(streams, stream);
		return 0;
	}
	if (waiter->opts.captured ? stream->spool != NULL &&
				    !position_is_synced(stream->file)
				  : stream->acked < waiter->txid)
		return 0;
answer:
	waiter->opts.done(
	    waiter->opts.owner, waiter->epoch, waiter->txid, &err);
	return 1;
}

void
waiters_serve(struct waiters *waiters, struct streams *streams)
{
	struct waiter **at = &waiters->first, *waiter;

	while ((waiter = *at) != NULL) {
		if (serve(waiter, streams)) {
			*at = waiter->next;
			free(waiter);
		} else {
			at = &waiter->next;
		}
	}
}
