/*
 * Continuity.
 *
 * What a database says is its file and the committed frames of its WAL's
 * current generation.  What was captured says the same up to the position.  The next
 * file may be written as a difference only where it is certain that nothing
 * happened to the database that is neither in the replica nor in the frames
 * at hand.  Two proofs are accepted:
 *
 *  1. Same generation: the salts are the position's, and the chain of
 *     checksums runs on from the position's own checksum to the one that the
 *     wal-index calls committed.  Each frame's checksum covers all before it,
 *     so a frame that was replaced since, by whatever means, breaks the chain.
 *     Where the position is complete the file must be that of 2 as well.
 *
 *  2. Another generation: the position is complete (the database file held all of it
 *     when we last checkpointed, under the write lock) and the
 *     database file is the one it was then: same inode, size and times.  Nobody but the
 *     replicator writes that file, other than by a checkpoint of his own or by
 *     replacing it, and either changes its times.  Whatever generations came
 *     and went meanwhile, none can have been dropped without a checkpoint;
 *     so the frames of the present one, from the first, are all that happened.
 *     This holds over restarts of the replicator, too.
 *
 * Everything else is a discontinuity: a new epoch (R8), never a guess.
 */
#include "replication/stream.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/base/log.h"

/* The second proof. */
static int
untouched_since_checkpoint(struct stream *stream, struct err *err)
{
	struct file_id db;

	if (!stream->pos.complete)
		return err_set(err, ERR_CORRUPT,
		    "the WAL was restarted before it was copied into the "
		    "database by our own checkpoint");
	if (file_identify(stream->db_path, &db, err))
		return -1;
	if (!file_id_eq(&db, &stream->pos.db))
		return err_set(err, ERR_CORRUPT,
		    "the database file was changed by another program");
	return 0;
}

/* Where the next file begins; ERR_CORRUPT says why there is no such place. */
static int
continuation(struct stream *stream, const struct db_wal *index,
    struct wal_place *place, struct err *err)
{
	const struct position *pos = &stream->pos;

	if (pos->wal.frame > 0 && wal_same_salt(index->salt, pos->wal.salt)) {
		if (index->frames < pos->wal.frame)
			return err_set(err, ERR_CORRUPT,
			    "the WAL went back from frame %u to %u",
			    pos->wal.frame, index->frames);
		*place = pos->wal;
		return pos->complete ? untouched_since_checkpoint(stream, err)
				     : 0;
	}
	if (untouched_since_checkpoint(stream, err))
		return -1;
	if (index->frames == 0) {
		memset(place, 0, sizeof(*place));
		return 0;
	}
	return wal_start(stream->conn[stream->pin], index, place, err);
}

/*
 * The time of the file's oldest commit: when the stream became dirty, if that was in
 * its interval, or at least not before the interval.
 */
static int64_t
oldest_of(const struct stream *stream, int64_t time_ms)
{
	int64_t interval = stream_interval(stream);
	int64_t begin_ms = time_ms / interval * interval;

	if (stream->dirty_ms > begin_ms && stream->dirty_ms < time_ms)
		return stream->dirty_ms;
	return stream->dirty_ms >= time_ms ? time_ms : begin_ms;
}

static int
write_file(struct stream *stream, const struct db_wal *index,
    struct wal_place *place, uint32_t to, int64_t time_ms, struct err *err)
{
	struct position *pos = &stream->pos;
	struct store_key key = {
		.epoch = pos->epoch,
		.kind = STORE_LTX,
		.level = STORE_LEVEL_RAW,
		.min_txid = pos->txid + 1,
		.max_txid = pos->txid + 1,
	};
	char path[SPOOL_PATH];
	struct capture capture = {
		.db = stream->conn[stream->pin],
		.index = index,
		.epoch = pos->epoch,
		.txid = key.max_txid,
		.time_ms = time_ms > pos->time_ms ? time_ms : pos->time_ms,
		.path = path,
	};
	int64_t bytes;
	uint32_t pages;

	snprintf(key.slug, sizeof(key.slug), "%s", stream->slug);
	spool_path(stream->spool, &key, path);
	if (capture_raw(&capture, pos->pages, place, to, &pages, &bytes, err))
		return -1;
	stream->unsaved = 1;
	pos->txid = key.max_txid;
	pos->time_ms = capture.time_ms;
	pos->pages = pages;
	pos->wal = *place;
	pos->complete = 0;
	pos->since_bytes += bytes;
	spool_add(stream->spool, &key, capture.time_ms, bytes);
	stream->spool->last->since_ms = oldest_of(stream, capture.time_ms);
	stream_note_point(stream);
	return 0;
}

/* As far as `to`, in two files where the point that was asked for is between. */
static int
write_up_to(struct stream *stream, const struct db_wal *index,
    struct wal_place *place, uint32_t to, int64_t time_ms, struct err *err)
{
	const struct stream_point *point = &stream->point;
	int commit;

	if (point->epoch == 0 && point->at.frame > place->frame &&
	    point->at.frame < to &&
	    wal_same_salt(point->at.salt, index->salt)) {
		if (capture_is_commit(stream->conn[stream->pin], index,
			point->at.frame, &commit, err))
			return -1;
		if (commit && write_file(stream, index, place, point->at.frame,
				  time_ms, err))
			return -1;
	}
	return write_file(stream, index, place, to, time_ms, err);
}

/*
 * The time of a commit without a hint: the WAL's last write, which the kernel
 * stamps by a clock that may be a tick behind.  Where the end of an interval lies
 * within that tick, the commit is later: had it been acknowledged before, its
 * hint, which is sent first, would be here.
 */
static int
tail_time(struct stream *stream, int64_t *time_ms, struct err *err)
{
	int64_t interval = stream->env->config->replica_interval_ms;
	struct file_id wal;
	int64_t end_ms;

	if (file_identify(stream->wal_path, &wal, err))
		return -1;
	*time_ms = wal.mtime_ns / 1000000;
	end_ms = (*time_ms / interval + 1) * interval;
	if (*time_ms + STREAM_TICK_MS >= end_ms)
		*time_ms = end_ms + 1;
	return 0;
}

/* Marks of this generation that lie ahead; the others are forgotten. */
static void
prune_marks(struct stream *stream, const struct db_wal *index, uint32_t from)
{
	size_t i, n = 0;

	for (i = 0; i < stream->n_marks; i++) {
		const struct stream_mark *mark = &stream->marks[i];

		if (wal_same_salt(mark->salt, index->salt) &&
		    mark->frame > from)
			stream->marks[n++] = *mark;
	}
	stream->n_marks = n;
}

/*
 * Is it for the next file?  A time far ahead is not of the next interval: the
 * clock was set back, and nobody shall wait until it has caught up.
 */
static int
belongs_later(const struct stream *stream, int64_t time_ms, int64_t before_ms)
{
	return time_ms >= before_ms &&
	       time_ms - before_ms <
		   2 * stream_interval(stream);
}

/* Everything from *place that was committed before before_ms. */
static int
write_files(struct stream *stream, const struct db_wal *index,
    struct wal_place *place, int64_t before_ms, struct err *err)
{
	int64_t time_ms;
	size_t i;
	int commit;

	prune_marks(stream, index, place->frame);
	for (i = 0; i < stream->n_marks; i++) {
		const struct stream_mark *mark = &stream->marks[i];

		if (belongs_later(stream, mark->time_ms, before_ms))
			return 0;
		/* A hint is only a hint. */
		if (mark->frame <= place->frame || mark->frame > index->frames)
			continue;
		if (capture_is_commit(stream->conn[stream->pin], index,
			mark->frame, &commit, err))
			return -1;
		if (commit && write_up_to(stream, index, place, mark->frame,
				  mark->time_ms, err))
			return -1;
	}
	if (place->frame == index->frames)
		return 0;
	if (tail_time(stream, &time_ms, err))
		return -1;
	if (belongs_later(stream, time_ms, before_ms))
		return 0;
	return write_up_to(stream, index, place, index->frames, time_ms, err);
}

/* Also what an earlier attempt has written. */
static int
note_captured(struct stream *stream, struct err *err)
{
	if (!stream->unsaved)
		return 0;
	stream->pos.shipped = stream->acked;
	return stream_save(stream, err);
}

int
stream_capture(struct stream *stream, const struct db_wal *index,
    int64_t before_ms, struct err *err)
{
	int64_t interval = stream_interval(stream);
	struct err ignored = ERR_INIT;
	struct db_wal again;
	struct wal_place place;

	/* First: what is taken now may be of a commit behind the index. */
	stream->dirty = 0;
	if (stream->env->take_hints != NULL)
		stream->env->take_hints(stream->env->arg);
	if (continuation(stream, index, &place, err))
		goto broken;
	if (place.frame == index->frames) {
		if (place.frame == 0 ||
		    memcmp(place.cksum, index->cksum, sizeof(place.cksum)) == 0)
			goto captured;
		err_set(err, ERR_CORRUPT, "the WAL's frame %u was replaced",
		    place.frame);
		goto broken;
	}
	if (write_files(stream, index, &place, before_ms, err))
		goto broken;
	prune_marks(stream, index, place.frame);
	if (place.frame < index->frames) {
		stream->dirty = 1;
		stream->whole = 0;
		stream->due_ms = (clock_wall_ms() / interval + 1) * interval;
		stream->dirty_ms =
		    stream->n_marks > 0 ? stream->marks[0].time_ms : before_ms;
	}
captured:
	if (note_captured(stream, err) == 0)
		return 0;
broken:
	stream->dirty = 1;
	if (err->code != ERR_CORRUPT)
		return -1;
	/* Did a writer restart the WAL since the index was read? */
	if (stream_index(stream, &again, &ignored) == 0 &&
	    !wal_same_salt(again.salt, index->salt))
		return err_set(
		    err, ERR_BUSY, "the WAL has just been restarted");
	return stream_break(stream, 0, err->msg, err);
}
