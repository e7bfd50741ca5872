/*
 * The checkpoint protocol (R1, R2, R2a), with two connections.
 *
 *	other:  BEGIN IMMEDIATE        no writer from here on; also a reader at
 *	                               the end of the WAL
 *	        capture the rest, sync it
 *	pin:    end of its transaction
 *	pin:    checkpoint, PASSIVE    copies all, unless a worker still reads older frames
 *	        wait for the clock's next tick, note who the database file is
 *	pin:    new read transaction   with nothing left in the WAL it is on READ_LOCK(0):
 *	                               writers may restart the WAL, nobody may checkpoint
 *	other:  ROLLBACK
 *
 * PASSIVE, because the other modes fall back to it silently when they meet a
 * writer; and only while we hold the write lock ourselves, because SQLite
 * before 3.51.3 can otherwise mistake a WAL that was restarted meanwhile for the
 * one it was copying, and lose commits.
 */
#include "replication/stream.h"

#include <assert.h>

#include "tenants/base/clock.h"

/* After an attempt that a reader kept from being complete. */
#define AGAIN_MS 200
/* More than this is captured before the lock is taken, and not under it. */
#define REST_FRAMES 200

int
stream_wants_checkpoint(struct stream *stream, int64_t mono_ms)
{
	struct db_wal index;
	struct err ignored = ERR_INIT;

	if (!stream_is_open(stream) || stream->snapshot != NULL ||
	    stream->pos.txid == 0 || stream->pos.complete ||
	    mono_ms < stream->checkpoint_ms)
		return 0;
	if (stream_index(stream, &index, &ignored))
		return 0;
	if (index.frames >= (uint32_t)stream->env->config->replica_checkpoint)
		return 1;
	/* Of a thousand that are open none is looked at in every tick. */
	stream->checkpoint_ms = mono_ms + AGAIN_MS;
	return 0;
}

/* What was committed since the last capture; with `least`, if it is so much. */
static int
capture_rest(struct stream *stream, uint32_t least, struct err *err)
{
	const struct spool_item *last;
	struct db_wal index;
	uint32_t epoch = stream->pos.epoch;

	if (stream_index(stream, &index, err))
		return -1;
	if (least > 0 && index.frames < stream->pos.wal.frame + least)
		return 0;
	if (stream_capture(stream, &index, INT64_MAX, err))
		return -1;
	if (stream->pos.epoch != epoch || stream->cut)
		return err_set(err, ERR_BUSY, "the epoch has ended");
	last = stream->spool->last;
	return last == NULL || last->durable ? 0 : stream_sync(stream, err);
}

int
stream_checkpoint(struct stream *stream, struct err *err)
{
	struct db *pin = stream->conn[stream->pin];
	struct db *other = stream->conn[1 - stream->pin];
	int frames, copied, complete = 0, rc = -1;
	int64_t begun_us;

	assert(stream->snapshot == NULL);
	if (capture_rest(stream, REST_FRAMES, err))
		return -1;
	if (db_begin_write(other, err)) {
		if (err->code != ERR_BUSY)
			return -1;
		err_clear(err);
		return 0;
	}
	begun_us = clock_mono_us();
	if (capture_rest(stream, 0, err))
		goto out;
	/* Where it copies again what the file has, another is its identity. */
	if (stream->pos.complete) {
		stream->pos.complete = 0;
		if (stream_save(stream, err))
			goto out;
	}
	db_rollback(pin);
	if (db_checkpoint(pin, &frames, &copied, err) == 0) {
		complete = frames >= 0 && frames == copied;
		rc = 0;
	}
	if (complete && stream_settle(stream->db_path, &stream->pos.db, err))
		complete = rc = -1;
	/* Then that was another file's identity: the next flush says so. */
	if (rc == 0 && complete && db_moved(pin)) {
		complete = 0;
		stream_touch(stream);
	}
	if (db_begin_read(pin, err))
		rc = -1;
	if (rc == 0 && complete) {
		stream->pos.complete = 1;
		rc = stream_save(stream, err);
	} else {
		stream->checkpoint_ms = clock_mono_ms() + AGAIN_MS;
	}
out:
	db_rollback(other);
	stream_count_checkpoint(
	    stream, rc == 0 && complete, clock_mono_us() - begun_us);
	return rc ? -1 : complete;
}
