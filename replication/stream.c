#include "replication/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/log.h"

/* A writer that holds the lock longer is asked again at the next tick. */
#define LOCK_WAIT_MS 50
#define GATHER_MS    10
/* Of half a millisecond each; a tick has twenty. */
#define SETTLE_NAPS 200

struct stream *
stream_new(struct stream_env *env, const char *slug, const char *db_path,
    const char *spool_dir)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	struct err unread = ERR_INIT;
	char path[SPOOL_PATH];

	if (stream == NULL || (stream->db_path = strdup(db_path)) == NULL ||
	    asprintf(&stream->wal_path, "%s-wal", db_path) < 0 ||
	    (stream->spool_dir = strdup(spool_dir)) == NULL)
		err_die("out of memory");
	stream->env = env;
	snprintf(stream->slug, sizeof(stream->slug), "%s", slug);
	spool_position_path(spool_dir, path);
	/* What cannot be read is not sealed: opening it will say why. */
	if (position_read(path, &stream->pos, &unread))
		memset(&stream->pos, 0, sizeof(stream->pos));
	stream_read_proof(stream);
	if (stream->pos.sealed) {
		stream->seen_db = stream->pos.db;
		stream->seen_wal = stream->pos.wal_file;
	}
	return stream;
}

void
stream_free(struct stream *stream)
{
	if (stream == NULL)
		return;
	assert(!stream->in_flight && !stream->chore);
	stream_close(stream);
	spool_close(stream->spool);
	position_close(stream->file);
	free(stream->failure);
	free(stream->chore_failure);
	free(stream->last);
	free(stream->proof.failed);
	stream->env->shelf_bytes -= stream->shelf_bytes;
	free(stream->shelf);
	free(stream->spool_dir);
	free(stream->wal_path);
	free(stream->db_path);
	free(stream);
}

int64_t
stream_interval(const struct stream *stream)
{
	return stream_env_interval(stream->env);
}

int64_t
stream_env_interval(const struct stream_env *env)
{
	return env->config->replica_interval_ms *
	       (env->stretch > 1 ? env->stretch : 1);
}

/*
 * A file for each interval is what a tenant may cost, in the long run.  As long
 * as it does not write oftener, each commit is a file of its own, at once; half
 * an interval is left to those that do not write by the clock.
 */
static int
at_once(const struct stream *stream, int64_t time_ms)
{
	int64_t interval = stream_interval(stream);
	int64_t early_ms = stream->paid_ms - time_ms;

	/* Far ahead: the clock was set back. */
	return early_ms <= interval / 2 || early_ms > 3 * interval;
}

/* For files with what was committed from since_ms until now. */
static void
pay(struct stream *stream, int64_t since_ms, int64_t now_ms)
{
	int64_t interval = stream_interval(stream);

	/* Further ahead than commits lead: files that somebody waited for. */
	if (stream->paid_ms < since_ms ||
	    stream->paid_ms > now_ms + 2 * interval)
		stream->paid_ms = since_ms;
	stream->paid_ms += interval;
}

/* A commit of that time waits to be captured. */
static void
wake(struct stream *stream, int64_t time_ms)
{
	int64_t interval = stream_interval(stream);
	int64_t now_ms = clock_wall_ms();

	if (stream->dirty)
		return;
	stream->dirty = 1;
	stream->dirty_ms = time_ms;
	stream->whole = at_once(stream, time_ms);
	/* Those of a moment share a sync of the disk. */
	if (stream->whole)
		interval = GATHER_MS;
	stream->due_ms = (now_ms / interval + 1) * interval;
}

void
stream_touch(struct stream *stream)
{
	wake(stream, clock_wall_ms());
}

void
stream_hint(struct stream *stream, const struct db_commit *commit)
{
	int64_t interval = stream_interval(stream);
	struct stream_mark *last;

	wake(stream, commit->time_ms);
	stream->active_ms = clock_mono_ms();
	if (commit->salt[0] == 0 && commit->salt[1] == 0)
		return;
	if (stream->marks == NULL) {
		stream->marks = calloc(STREAM_MARKS, sizeof(*stream->marks));
		if (stream->marks == NULL)
			err_die("out of memory");
	}
	last = stream->n_marks > 0 ? &stream->marks[stream->n_marks - 1] : NULL;
	if (last != NULL && wal_same_salt(last->salt, commit->salt)) {
		/* Hints of two workers may overtake each other. */
		if (commit->frame <= last->frame)
			return;
		/* One by a clock that is right again bears no other's time. */
		if (commit->time_ms / interval <= last->time_ms / interval &&
		    last->time_ms - commit->time_ms < STREAM_AHEAD_MS) {
			last->frame = commit->frame;
			if (commit->time_ms > last->time_ms)
				last->time_ms = commit->time_ms;
			return;
		}
	}
	if (stream->n_marks == STREAM_MARKS) {
		/* Behind by so many intervals: the oldest two become one. */
		memmove(stream->marks, stream->marks + 1,
		    (STREAM_MARKS - 1) * sizeof(*stream->marks));
		stream->n_marks--;
	}
	last = &stream->marks[stream->n_marks++];
	memcpy(last->salt, commit->salt, sizeof(last->salt));
	last->frame = commit->frame;
	last->time_ms = commit->time_ms;
}

int
stream_changed(struct stream *stream)
{
	struct file_id db, wal;
	struct err err = ERR_INIT;

	if (file_identify(stream->db_path, &db, &err) ||
	    file_identify(stream->wal_path, &wal, &err))
		return 1;
	if (!file_id_eq(&db, &stream->seen_db))
		return 1;
	/* Whoever opens the database to read makes an empty WAL. */
	if (wal.size == 0 && stream->seen_wal.size == 0)
		return 0;
	if (!file_id_eq(&wal, &stream->seen_wal))
		return 1;
	/* A WAL that a worker still had open at the end: is it alone now? */
	return clock_mono_ms() >= stream->reclaim_ms;
}

int
stream_is_ahead(const struct stream *stream, int64_t now_ms)
{
	return stream->env->clock_is_sure &&
	       stream->pos.time_ms - now_ms > STREAM_AHEAD_MS &&
	       !stream->retired && stream->end_epoch == 0;
}

int64_t
stream_due(const struct stream *stream, int64_t now_ms)
{
	if (!stream->dirty || stream->is_base)
		return INT64_MAX;
	/* The clock was set back: it would be a long wait. */
	if (stream->due_ms > now_ms + stream_interval(stream))
		return now_ms;
	return stream->due_ms;
}

int
stream_is_open(const struct stream *stream)
{
	return stream->conn[0] != NULL;
}

/*
 * The index, with what SQLite leaves out while the WAL has no frames: the size
 * of pages and of the database then come from the file.
 */
int
stream_index(struct stream *stream, struct db_wal *out, struct err *err)
{
	struct db *db = stream->conn[stream->pin];
	unsigned char h[20];
	int64_t size;

	if (db_wal_index(db, out, err))
		return -1;
	if (out->frames > 0)
		return 0;
	if (db_read_file(db, h, sizeof(h), 0, err) ||
	    db_file_size(db, &size, err))
		return -1;
	out->page_size = (uint32_t)h[16] << 8 | h[17];
	if (out->page_size == 1)
		out->page_size = 65536;
	/* SQLite does not read again what it has. */
	if (out->page_size < 512 || (out->page_size & (out->page_size - 1)))
		return err_set(err, ERR_CORRUPT, "%s: pages of %u bytes",
		    stream->db_path, out->page_size);
	out->pages = (uint32_t)(size / out->page_size);
	return 0;
}

/*
 * The new pin is held before the old one ends (R2a).  Where another program
 * has copied the whole WAL into the database, the new one would let writers restart
 * it with nothing to prove by whom: the old pin then stays until a
 * checkpoint of our own has made the position complete.
 */
int
stream_repin(struct stream *stream, struct err *err)
{
	int other = 1 - stream->pin;
	struct db_wal index;

	assert(stream->snapshot == NULL);
	if (db_begin_read(stream->conn[other], err))
		return -1;
	if (stream_index(stream, &index, err)) {
		db_rollback(stream->conn[other]);
		return -1;
	}
	if (!stream->pos.complete && index.backfilled == index.frames) {
		db_rollback(stream->conn[other]);
		return stream_checkpoint(stream, err) < 0 ? -1 : 0;
	}
	db_rollback(stream->conn[stream->pin]);
	stream->pin = other;
	return 0;
}

/* Could a change made now have this time as well?  A clock set back cannot. */
static int
in_tick(int64_t file_ns, const struct timespec *now)
{
	int64_t ago_ns =
	    (int64_t)now->tv_sec * 1000000000 + now->tv_nsec - file_ns;

	return ago_ns <= 0 && ago_ns > -(int64_t)STREAM_TICK_MS * 1000000;
}

/*
 * Times of files go in ticks of some milliseconds on many kernels and file
 * systems.  Waits until the tick of the file's last change is over, so that
 * whatever changes it from now on gives it another time.  Not for a writer who does
 * not pause: ERR_BUSY.
 */
int
stream_settle(const char *path, struct file_id *out, struct err *err)
{
	struct timespec now, nap = { 0, 500000 };
	struct file_id again;
	int naps;

	if (file_identify(path, out, err))
		return -1;
	for (naps = 0; naps < SETTLE_NAPS; naps++) {
		if (clock_gettime(CLOCK_REALTIME_COARSE, &now))
			return err_sys(err, "clock_gettime");
		/* It may have changed while its tick was not over. */
		if (file_identify(path, &again, err))
			return -1;
		if (!in_tick(out->mtime_ns, &now) &&
		    !in_tick(out->ctime_ns, &now) && file_id_eq(&again, out))
			return 0;
		*out = again;
		nanosleep(&nap, NULL);
	}
	return err_set(err, ERR_BUSY, "%s is being written", path);
}

int
stream_sync(struct stream *stream, struct err *err)
{
	struct stream_env *env = stream->env;

	if (env->in_doubt)
		return err_set(err, ERR_SYSTEM,
		    "%s: syncfs failed a moment ago", env->config->data);
	if (syncfs(env->data_fd)) {
		env->in_doubt = 1;
		return err_sys(err, "%s: syncfs", env->config->data);
	}
	return stream_synced(stream, err);
}

/* What went to the shelf is something to do for compaction, some time. */
static void
plan_chores(struct stream *stream)
{
	const struct config *config = stream->env->config;
	struct spool *spool = stream->spool;
	int64_t window = config->replica_compact_ms, due_ms;

	if (spool->shelved_bytes == 0)
		return;
	due_ms = (spool->shelved_ms / window + 1) * window +
		 2 * config->replica_interval_ms;
	if (spool->shelved_snapshot)
		due_ms = 1;
	if (stream->chores_ms == 0 || due_ms < stream->chores_ms)
		stream->chores_ms = due_ms;
	stream->shelf_bytes += spool->shelved_bytes;
	stream->env->shelf_bytes += spool->shelved_bytes;
	spool->shelved_bytes = spool->shelved_snapshot = 0;
}

int
stream_forget(struct stream *stream, struct err *err)
{
	struct spool *spool = stream->spool;

	spool->shelf_full =
	    stream->env->shelf_bytes >= stream->env->shelf_max ||
	    (stream->failure != NULL && stream->failure->code == ERR_FULL);
	if (spool_forget(spool, stream->pos.epoch, stream->pos.shipped, err))
		return -1;
	plan_chores(stream);
	return 0;
}

int
stream_synced(struct stream *stream, struct err *err)
{
	/* Most of those that are open have neither written nor shipped since. */
	if (stream->spool == NULL || (!stream->spool->news &&
					 position_is_synced(stream->file)))
		return 0;
	position_synced(stream->file);
	/* Its TXIDs would be used again. */
	if (stream->unsaved)
		return 0;
	spool_synced(stream->spool);
	if (spool_drop_merged(stream->spool, err) || stream_forget(stream, err))
		return -1;
	stream->spool->news = 0;
	return 0;
}

int
stream_save(struct stream *stream, struct err *err)
{
	if (stream->env->replica != 0 && !stream->elsewhere)
		stream->pos.replica = stream->env->replica;
	stream->unsaved = position_save(stream->file, &stream->pos, err) != 0;
	return stream->unsaved ? -1 : 0;
}

/* Position and spool, as they were left: by a clean end or by a power cut. */
static int
load(struct stream *stream, struct err *err)
{
	struct position slots[POSITION_SLOTS];
	struct err why = ERR_INIT;
	char path[SPOOL_PATH];
	int i, n, rc = 0;

	if (stream->file != NULL)
		return 0;
	stream->spool = spool_open(stream->spool_dir, stream->slug, err);
	if (stream->spool == NULL)
		return -1;
	spool_position_path(stream->spool_dir, path);
	stream->file = position_open(path, slots, &n, err);
	if (stream->file == NULL)
		goto fail;
	memset(&stream->pos, 0, sizeof(stream->pos));
	for (i = 0; i < n; i++) {
		if (spool_verify(stream->spool, slots[i].epoch,
			slots[i].shipped, slots[i].txid, &why) == 0)
			break;
	}
	if (i < n) {
		position_believe(stream->file, i);
		stream->pos = slots[i];
	} else if (n > 0) {
		stream->pos = slots[0];
		stream->pos.txid = stream->pos.shipped;
	}
	stream->pos.sealed = 0;
	stream->found_txid = stream->pos.txid;
	stream->found_ms = stream->pos.time_ms;
	(void)stream_note_replica(stream);
	stream->acked = stream->pos.shipped;
	if (stream->pos.epoch != 0 && stream->acked == 0)
		stream->broke_ms = clock_wall_ms();
	stream->spool->shelf = stream->shelf;
	if (spool_settle(stream->spool, stream->pos.epoch, stream->pos.shipped,
		stream->pos.txid, err))
		goto fail;
	plan_chores(stream);
	if (n == 0)
		rc = stream_break(stream, 0,
		    stream->parent_epoch != 0 ? "restored" : "created", err);
	else if (i == n)
		rc = stream_break(stream, 0, why.msg, err);
	if (rc == 0)
		return 0;
fail:
	spool_close(stream->spool);
	stream->spool = NULL;
	position_close(stream->file);
	stream->file = NULL;
	return -1;
}

static int
open_connections(struct stream *stream, struct err *err)
{
	struct db_opts opts = {
		.path = stream->db_path,
		.role = DB_REPLICATE,
		.busy_ms = LOCK_WAIT_MS,
	};
	int i;

	for (i = 0; i < 2; i++) {
		stream->conn[i] = db_open(&opts, err);
		if (stream->conn[i] == NULL)
			goto fail;
	}
	stream->pin = 0;
	/* Runs recovery, where it is needed, before anything is believed. */
	if (db_begin_read(stream->conn[0], err))
		goto fail;
	return 0;
fail:
	stream_close(stream);
	return -1;
}

/*
 * Neither file nor position: somebody removed all of the incarnation, or it is not
 * back yet.  Whatever is begun for it would be a history of nothing.  1, 0, -1.
 */
static int
is_lost(const struct stream *stream, struct err *err)
{
	char path[SPOOL_PATH];
	int there;

	if (stream->file != NULL)
		return 0;
	there = file_exists(stream->db_path, err);
	if (there != 0)
		return there < 0 ? -1 : 0;
	spool_position_path(stream->spool_dir, path);
	there = file_exists(path, err);
	return there < 0 ? -1 : !there;
}

/* The sweep finds it when it is back.  Of one that was replaced nobody waits for it. */
static int
note_gone(struct stream *stream, struct err *err)
{
	stream->gone = 1;
	stream->dirty = 0;
	if (stream->retired) {
		err_clear(err);
		return 0;
	}
	err_set(err, ERR_NOT_FOUND, "%s is not there", stream->db_path);
	return err_hint(err, "rowhouse restore %s --in-place", stream->slug);
}

int
stream_flush(struct stream *stream, int64_t now_ms, int whole, struct err *err)
{
	int64_t interval = stream_interval(stream);
	int64_t before_ms = INT64_MAX, since_ms = stream->dirty_ms;
	struct db_wal index;
	uint64_t txid;
	int lost = is_lost(stream, err);

	if (lost)
		return lost < 0 ? -1 : note_gone(stream, err);
	if (load(stream, err))
		return -1;
	if (stream->pos.epoch != 0 && stream->pos.epoch < stream->least_epoch &&
	    stream_break(stream, 0,
		"an incarnation that was replaced is current again", err))
		return -1;
	if (stream->renew && stream->pos.epoch != 0 &&
	    stream_break(stream, 0, "asked for by the operator", err))
		return -1;
	stream->renew = 0;
	if (!stream->env->crowded && stream_is_ahead(stream, now_ms) &&
	    stream_break(
		stream, 0, "the clock was ahead, and is right again", err))
		return -1;
	if (!stream->env->crowded && stream->elsewhere &&
	    stream_leave_replica(stream, err))
		return -1;
	if (stream->cut) {
		stream->dirty = 0;
		return 0;
	}
	if (!stream_is_open(stream)) {
		if (open_connections(stream, err)) {
			return err->code == ERR_NOT_FOUND
				   ? note_gone(stream, err)
				   : -1;
		}
		stream->gone = 0;
		whole = 1;
	}
	if (stream->is_base)
		return 0;
	if (stream->pos.txid == 0)
		return stream_begin_base(stream, err);
	if (stream_index(stream, &index, err))
		return -1;
	if (!whole && !stream->whole)
		before_ms = now_ms / interval * interval;
	txid = stream->pos.txid;
	if (stream_capture(stream, &index, before_ms, err))
		return -1;
	if (stream->cut) {
		stream_close(stream);
		return 0;
	}
	if (stream->pos.txid != txid) {
		pay(stream, since_ms, now_ms);
		stream->active_ms = clock_mono_ms();
		stream_count_flush(stream);
	}
	if (db_moved(stream->conn[stream->pin])) {
		/* What the open handles still had is captured. */
		log_warn("database-gone", "%s was moved or removed",
		    stream->db_path);
		stream->gone = 1;
		stream->dirty = 0;
		stream_close(stream);
		return 0;
	}
	if (stream->pos.txid == 0)
		return stream->env->crowded
			   ? err_set(err, ERR_BUSY, "others are being copied")
			   : stream_begin_base(stream, err);
	if (stream->snapshot != NULL || stream_repin(stream, err) == 0)
		return 0;
	/* What was captured is synced behind a flush that succeeds. */
	stream_touch(stream);
	return -1;
}

void
stream_close(struct stream *stream)
{
	int i;

	capture_snapshot_free(stream->snapshot);
	stream->snapshot = NULL;
	stream->is_base = 0;
	for (i = 0; i < 2; i++) {
		db_close(stream->conn[i]);
		stream->conn[i] = NULL;
	}
	free(stream->marks);
	stream->marks = NULL;
	stream->n_marks = 0;
}
