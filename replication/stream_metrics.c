/*
 * WHAT A LAG IS
 *
 * From the moment of the oldest commit that would be lost with the machine.  It lies
 * in the first file of the spool that the store has not acknowledged, or where there is
 * none in the WAL; and while an epoch has no base with the store, nothing of what
 * it holds is there at all.
 *
 * A file knows the time of its newest commit; of its oldest it knows when the
 * stream became dirty, or that it is not before its interval began.
 */
#include "replication/stream.h"

#include <stdlib.h>
#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/base/file.h"

/* What lies in the WAL and was not captured; *since_ms its time. */
static int64_t
uncaptured(struct stream *stream, int64_t *since_ms)
{
	const struct position *pos = &stream->pos;
	struct err ignored = ERR_INIT;
	struct db_wal index;
	struct file_id wal;
	uint32_t before = 0;

	*since_ms = INT64_MAX;
	if (stream->dirty)
		*since_ms = stream->dirty_ms;
	if (!stream_is_open(stream)) {
		/* What lies there was perhaps captured: at most it is this. */
		if (!stream->dirty || stream->cut ||
		    file_identify(stream->wal_path, &wal, &ignored))
			return 0;
		return wal.size;
	}
	/* Nothing of it is with the store. */
	if (stream->is_base)
		return (int64_t)stream->after_base.pages *
		       stream->after_base.page_size;
	if (pos->txid == 0 || stream_index(stream, &index, &ignored))
		return 0;
	if (wal_same_salt(index.salt, pos->wal.salt))
		before = pos->wal.frame;
	if (index.frames <= before) {
		/* Somebody has called, and there was nothing. */
		*since_ms = INT64_MAX;
		return 0;
	}
	if (!stream->dirty) {
		/* Its hint is lost, or on its way. */
		if (file_identify(stream->wal_path, &wal, &ignored) == 0)
			*since_ms = wal.mtime_ns / 1000000;
		stream_touch(stream);
	}
	return (int64_t)(index.frames - before) *
	       (WAL_FRAME_HEADER + (int64_t)index.page_size);
}

struct stream_lag
stream_lag(struct stream *stream, int64_t now_ms)
{
	const struct spool_item *item =
	    stream->spool != NULL ? stream->spool->first : NULL;
	struct stream_lag lag = { 0, 0 };
	int64_t since_ms, spooled_ms = 0;

	lag.bytes = uncaptured(stream, &since_ms);
	if (stream->spool != NULL)
		lag.bytes += stream->spool->bytes;
	while (item != NULL && (item->acked || item->merged || item->time_ms == 0))
		item = item->next;
	if (item != NULL)
		spooled_ms =
		    item->since_ms > 0 ? item->since_ms : item->time_ms;
	if (spooled_ms > 0 && spooled_ms < since_ms)
		since_ms = spooled_ms;
	if (stream->spool != NULL && stream->acked == 0 &&
	    stream->broke_ms > 0 && stream->broke_ms < since_ms)
		since_ms = stream->broke_ms;
	if (since_ms < now_ms)
		lag.ms = now_ms - since_ms;
	return lag;
}

/* --- counts --------------------------------------------------------------- */

static void
add_requests(
    struct stream_counts *counts, const struct store_op *op, int64_t bytes)
{
	counts->retries += op->requests > 1 ? op->requests - 1 : 0;
	switch (op->verb) {
	case STORE_PUT:
		counts->puts += op->requests;
		counts->bytes_out += (uint64_t)bytes;
		break;
	case STORE_GET:
		counts->gets += op->requests;
		counts->bytes_in += (uint64_t)bytes;
		break;
	case STORE_DELETE:
		counts->deletes += op->requests;
		break;
	default:
		counts->lists += op->requests;
	}
}

void
stream_count(struct stream *stream, const struct store_op *op, int64_t bytes)
{
	add_requests(&stream->counts, op, bytes);
	add_requests(&stream->env->total, op, bytes);
}

void
stream_count_flush(struct stream *stream)
{
	stream->counts.flushes++;
	stream->env->total.flushes++;
}

void
stream_count_epoch(struct stream *stream)
{
	stream->counts.epochs++;
	stream->env->total.epochs++;
}

void
stream_count_thinned(struct stream *stream, uint64_t files)
{
	stream->counts.thinned += files;
	stream->env->total.thinned += files;
}

static void
add_checkpoint(struct stream_counts *counts, int complete, int64_t us)
{
	counts->checkpoints += complete != 0;
	counts->checkpoint_us += us;
	if (us > counts->checkpoint_longest_us)
		counts->checkpoint_longest_us = us;
}

void
stream_count_checkpoint(struct stream *stream, int complete, int64_t us)
{
	add_checkpoint(&stream->counts, complete, us);
	add_checkpoint(&stream->env->total, complete, us);
}

void
stream_set_failure(struct stream *stream, const struct err *err)
{
	/* Not for what comes and goes meanwhile. */
	if (stream->halted)
		return;
	if (err == NULL) {
		free(stream->failure);
		stream->failure = NULL;
		return;
	}
	if (stream->failure == NULL)
		stream->failure = malloc(sizeof(*stream->failure));
	if (stream->last == NULL)
		stream->last = malloc(sizeof(*stream->last));
	if (stream->failure == NULL || stream->last == NULL)
		err_die("out of memory");
	*stream->failure = *err;
	*stream->last = *err;
	stream->last_ms = clock_wall_ms();
	stream->counts.errors++;
	stream->env->total.errors++;
}
