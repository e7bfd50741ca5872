/*
 * The end of a stream: for the time being, since its tenant is quiet, or for
 * good, since another incarnation is current.
 */
#include "replication/stream.h"

#include "tenants/base/clock.h"

#define RECLAIM_FIRST_MS (10 * 60 * 1000)
#define RECLAIM_LAST_MS  (24 * 60 * 60 * 1000)

/* Is there anything in it that was not captured? */
static int
has_more(const struct stream *stream, const struct db_wal *index)
{
	return index->frames > 0 &&
	       (!wal_same_salt(index->salt, stream->pos.wal.salt) ||
		   index->frames != stream->pos.wal.frame);
}

int
stream_rest(struct stream *stream, struct err *err)
{
	struct file_id db, wal;
	struct db_wal index;

	if (!stream_is_open(stream))
		return 0;
	if (stream->gone || stream->cut) {
		stream_close(stream);
		return 0;
	}
	/* Before the last look: what comes after that shall show in it. */
	if (stream_settle(stream->wal_path, &wal, err) ||
	    file_identify(stream->db_path, &db, err) ||
	    stream_index(stream, &index, err))
		return -1;
	if (has_more(stream, &index)) {
		stream_touch(stream);
		return 0;
	}
	stream->seen_db = db;
	stream->seen_wal = wal;
	stream_close(stream);
	return 0;
}

int
stream_conclude(struct stream *stream, struct err *err)
{
	struct position *pos = &stream->pos;
	struct file_id db;

	stream_close(stream);
	if (stream->file == NULL)
		return 1;
	if (!stream->gone && !stream->cut && stream_changed(stream)) {
		stream_touch(stream);
		return 0;
	}
	if (file_identify(stream->db_path, &db, err) ||
	    file_identify(stream->wal_path, &pos->wal_file, err))
		return -1;
	if (!file_id_eq(&db, &pos->db))
		pos->complete = 0;
	pos->db = db;
	pos->sealed = 1;
	pos->shipped = stream->acked;
	if (stream_save(stream, err) || position_sync(stream->file, err) ||
	    stream_forget(stream, err))
		return -1;
	return 1;
}

int
stream_wants_seal(const struct stream *stream, int64_t mono_ms)
{
	return stream_is_open(stream) && !stream->dirty &&
	       stream->snapshot == NULL && !stream->in_flight &&
	       stream->spool->n == 0 && stream->pos.txid > 0 &&
	       mono_ms - stream->active_ms >=
		   stream->env->config->replica_idle_ms;
}

/* How long until a WAL left behind by a worker is looked at again. */
static void
plan_reclaim(struct stream *stream)
{
	int64_t wait = RECLAIM_FIRST_MS;
	int i;

	for (i = 0; i < stream->reclaims && wait < RECLAIM_LAST_MS; i++)
		wait *= 2;
	stream->reclaims = stream->seen_wal.size > 0 ? stream->reclaims + 1 : 0;
	stream->reclaim_ms = clock_mono_ms() + wait;
}

/*
 * The database file has all of the WAL, and the index says so.  One that was
 * made anew, since nobody had the database open, has forgotten it; whoever
 * closes last would copy everything again, and change the file's identity.
 */
static int
is_folded(struct stream *stream, struct err *err)
{
	struct db_wal index;

	if (!stream->pos.complete)
		return 0;
	if (stream_index(stream, &index, err))
		return -1;
	return index.backfilled == index.frames;
}

/*
 * R16.  The last connection to close lets SQLite, under its exclusive lock,
 * remove the WAL; where a worker still has the file open, it stays.  A commit
 * that slips in between our last look and the close is then folded into the
 * database uncaptured, and shows as a change of the file's identity: the next
 * flush starts a new epoch.
 */
int
stream_seal(struct stream *stream, struct err *err)
{
	int complete = is_folded(stream, err);
	struct db_wal index;
	struct file_id wal;

	if (complete == 0)
		complete = stream_checkpoint(stream, err);
	if (complete < 0)
		return -1;
	if (complete == 0) {
		stream->active_ms = clock_mono_ms();
		return 0;
	}
	/* The checkpoint may have captured what is to be shipped first. */
	if (stream->spool->n > 0)
		return 0;
	/* All that takes time: the last look has to be the last. */
	stream->pos.sealed = 1;
	stream->pos.shipped = stream->acked;
	if (stream_save(stream, err) || position_sync(stream->file, err) ||
	    stream_forget(stream, err))
		return -1;
	/* Before that look: what comes after it shall show in it. */
	if (stream_settle(stream->wal_path, &wal, err) ||
	    stream_index(stream, &index, err)) {
		stream->pos.sealed = 0;
		return -1;
	}
	if (has_more(stream, &index)) {
		stream->pos.sealed = 0;
		stream_touch(stream);
		return stream_save(stream, err);
	}
	db_rollback(stream->conn[stream->pin]);
	db_close(stream->conn[1 - stream->pin]);
	db_close_last(stream->conn[stream->pin]);
	stream->conn[0] = stream->conn[1] = NULL;
	stream_close(stream);
	stream->seen_db = stream->pos.db;
	if (file_identify(stream->wal_path, &stream->seen_wal, err))
		return -1;
	if (stream->seen_wal.ino != 0)
		stream->seen_wal = wal;
	stream->pos.wal_file = stream->seen_wal;
	if (stream_save(stream, err))
		return -1;
	plan_reclaim(stream);
	position_close(stream->file);
	stream->file = NULL;
	spool_close(stream->spool);
	stream->spool = NULL;
	return 1;
}
