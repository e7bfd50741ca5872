/*
 * Epochs and snapshots.
 *
 * An epoch is one unbroken history: TXID 1 is its base, a whole copy, and each
 * file after it a difference to the one before.  Where continuity cannot be
 * proven, or another machine owns the epoch, the next one begins with a base of its own, and its
 * claim (the object `owner`) names its parent, so that a restore can go back
 * in time across the seam.
 *
 * A base, or a later snapshot, is what one read transaction sees.  To
 * know which frame that is, the transaction begins while we hold the write
 * lock; the pages are then copied at leisure, without the lock.
 */
#include "replication/stream.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/base/json.h"
#include "tenants/base/log.h"

#define OWNER_MAX 2048
/* Below this, raw files are cheaper to apply than a snapshot is to make. */
#define SNAPSHOT_WORTH_BYTES (4 << 20)
/* … and no more of them a period than these: each is kept as long as any. */
#define SNAPSHOTS_A_PERIOD 4

static void
put_owner(const struct stream *stream, uint32_t parent_epoch,
    uint64_t parent_txid, const char *why, struct buf *out)
{
	char now[CLOCK_TEXT];
	int first = 1;

	clock_format(clock_wall_ms(), now);
	buf_putc(out, '{');
	json_put_name(out, &first, "slug");
	json_put_string(out, str_of(stream->slug));
	json_put_name(out, &first, "uid");
	json_put_string(out, str_of(stream->uid));
	json_put_name(out, &first, "host");
	json_put_string(out, str_of(stream->env->host));
	json_put_name(out, &first, "time");
	json_put_string(out, str_of(now));
	json_put_name(out, &first, "parent_epoch");
	json_put_i64(out, parent_epoch);
	json_put_name(out, &first, "parent_txid");
	json_put_i64(out, (int64_t)parent_txid);
	json_put_name(out, &first, "why");
	json_put_string(out, str_of(why));
	buf_puts(out, "}\n");
}

/* The file is kept, and says what the replica does not. */
static int
cut(struct stream *stream, const char *why)
{
	log_warn("cut",
	    "%s: incarnation %08x was replaced, and what it committed after "
	    "TXID %llu of epoch %08x is not in the replica (%s): it is in %s",
	    stream->slug, stream->incarnation,
	    (unsigned long long)stream->pos.txid, stream->pos.epoch, why,
	    stream->db_path);
	capture_snapshot_free(stream->snapshot);
	stream->snapshot = NULL;
	stream->is_base = 0;
	stream->cut = 1;
	stream->dirty = 0;
	return 0;
}

int
stream_break(
    struct stream *stream, uint32_t epoch, const char *why, struct err *err)
{
	uint32_t parent_epoch = stream->pos.epoch;
	uint64_t parent_txid = stream->pos.txid;
	/* Its base is not before what is in the last one, unless that lies. */
	int64_t time_ms = stream_is_ahead(stream, clock_wall_ms())
			      ? 0
			      : stream->pos.time_ms;
	char reason[240];
	struct buf owner;
	int rc = -1;

	snprintf(reason, sizeof(reason), "%s", why);
	err_clear(err);
	if (parent_epoch == 0) {
		parent_epoch = stream->parent_epoch;
		parent_txid = stream->parent_txid;
	}
	if (epoch == 0)
		epoch = stream->pos.epoch + 1;
	if (epoch < stream->incarnation)
		epoch = stream->incarnation;
	if (epoch < stream->least_epoch)
		epoch = stream->least_epoch;
	if (stream->end_epoch != 0 && epoch >= stream->end_epoch)
		return cut(stream, reason);
	assert(epoch > stream->pos.epoch);
	if (stream->pos.epoch == 0)
		log_info("epoch", "%s: epoch %08x begins: %s", stream->slug,
		    epoch, reason);
	else
		log_warn("epoch", "%s: epoch %08x begins: %s", stream->slug,
		    epoch, reason);
	buf_init(&owner, OWNER_MAX);
	put_owner(stream, parent_epoch, parent_txid, reason, &owner);
	capture_snapshot_free(stream->snapshot);
	stream->snapshot = NULL;
	stream->is_base = 0;
	if (buf_check(&owner, "claim", err) ||
	    spool_begin_epoch(stream->spool, epoch, buf_view(&owner), err))
		goto out;
	memset(&stream->pos, 0, sizeof(stream->pos));
	stream->pos.epoch = epoch;
	stream->pos.time_ms = time_ms;
	if (stream->broke_ms == 0 || stream->acked > 0)
		stream->broke_ms =
		    stream->dirty ? stream->dirty_ms : clock_wall_ms();
	stream->acked = 0;
	stream_count_epoch(stream);
	/* A place that was a TXID of the old one is none of the new one. */
	stream->point.epoch = 0;
	stream->point.txid = 0;
	stream->dirty = 1;
	stream->whole = 1;
	stream->due_ms = clock_wall_ms();
	rc = stream_save(stream, err);
out:
	buf_free(&owner);
	return rc;
}

/* The state behind *index is what conn[pin] reads from now on. */
static int
freeze(struct stream *stream, struct db_wal *index, struct err *err)
{
	db_rollback(stream->conn[stream->pin]);
	if (db_begin_read(stream->conn[stream->pin], err) ||
	    stream_index(stream, index, err))
		return -1;
	return 0;
}

static struct capture_snapshot *
begin(struct stream *stream, const struct db_wal *index, uint64_t txid,
    int64_t time_ms, struct wal_place *place, struct err *err)
{
	struct store_key key = {
		.epoch = stream->pos.epoch,
		.kind = STORE_LTX,
		.level = STORE_LEVEL_SNAPSHOT,
		.min_txid = 1,
		.max_txid = txid,
	};
	char path[SPOOL_PATH];
	struct capture capture = {
		.db = stream->conn[stream->pin],
		.index = index,
		.epoch = stream->pos.epoch,
		.txid = txid,
		.time_ms = time_ms,
		.path = path,
	};

	spool_path(stream->spool, &key, path);
	return capture_snapshot_begin(&capture, place, err);
}

int
stream_begin_base(struct stream *stream, struct err *err)
{
	struct db *other = stream->conn[1 - stream->pin];
	struct position *base = &stream->after_base;
	struct db_wal index;
	int64_t now_ms;
	int rc = -1;

	if (db_begin_write(other, err))
		return -1;
	/* Nothing that it holds is newer, however long the lock took. */
	now_ms = clock_wall_ms();
	if (freeze(stream, &index, err))
		goto out;
	*base = stream->pos;
	base->txid = 1;
	base->time_ms = now_ms > base->time_ms ? now_ms : base->time_ms;
	base->page_size = index.page_size;
	base->pages = index.pages;
	memcpy(base->wal.salt, index.salt, sizeof(index.salt));
	base->complete = index.backfilled == index.frames;
	if (base->complete && stream_settle(stream->db_path, &base->db, err))
		goto out;
	/* The chain is verified up to here, and the place behind it noted. */
	stream->snapshot =
	    begin(stream, &index, 1, base->time_ms, &base->wal, err);
	if (stream->snapshot == NULL)
		goto out;
	stream->is_base = 1;
	stream->dirty = 0;
	rc = 0;
out:
	db_rollback(other);
	return rc;
}

/*
 * Every tenant has a moment of its own in the period, so that those whose bases were
 * made together, at a first start, do not make snapshots together.
 */
static int
moment_has_passed(const struct stream *stream, int64_t now_ms)
{
	int64_t period = stream->env->config->replica_snapshot_ms;
	uint64_t hash = ltx_crc64(0, stream->slug, strlen(stream->slug));
	int64_t moment;

	hash = ltx_crc64(hash, stream->uid, strlen(stream->uid));
	moment = (int64_t)(hash % (uint64_t)period);
	return (now_ms - moment) / period >
	       (stream->pos.snapshot_ms - moment) / period;
}

/*
 * The last one was made by a clock that was ahead: the next is made at the tenant's own
 * moment, as if it had been made now, and not when that time comes.
 */
static void
doubt_time(struct stream *stream, int64_t now_ms)
{
	int64_t period = stream->env->config->replica_snapshot_ms;

	if (stream->pos.snapshot_ms - now_ms > period)
		stream->pos.snapshot_ms = now_ms;
}

int
stream_wants_snapshot(struct stream *stream, int64_t now_ms)
{
	const struct position *pos = &stream->pos;
	int64_t period = stream->env->config->replica_snapshot_ms;
	int64_t age;

	doubt_time(stream, now_ms);
	age = now_ms - pos->snapshot_ms;
	if (!stream_is_open(stream) || stream->snapshot != NULL ||
	    pos->txid <= pos->snapshot_txid || pos->snapshot_txid == 0)
		return 0;
	if (moment_has_passed(stream, now_ms))
		return 1;
	return age >= period / SNAPSHOTS_A_PERIOD &&
	       pos->since_bytes >= SNAPSHOT_WORTH_BYTES &&
	       pos->since_bytes >= 2 * pos->snapshot_bytes;
}

int
stream_begin_snapshot(struct stream *stream, struct err *err)
{
	struct db *other = stream->conn[1 - stream->pin];
	uint32_t epoch = stream->pos.epoch;
	struct wal_place place;
	struct db_wal index;
	int rc = -1;

	if (db_begin_write(other, err))
		return -1;
	if (freeze(stream, &index, err) ||
	    stream_capture(stream, &index, INT64_MAX, err))
		goto out;
	/* Then it is not the state of that TXID. */
	if (stream->pos.epoch != epoch || stream->cut) {
		err_set(err, ERR_BUSY, "the epoch has ended");
		goto out;
	}
	stream->snapshot = begin(
	    stream, &index, stream->pos.txid, stream->pos.time_ms, &place, err);
	if (stream->snapshot == NULL)
		goto out;
	stream->snapshot_txid = stream->pos.txid;
	stream->snapshot_time_ms = stream->pos.time_ms;
	rc = 0;
out:
	db_rollback(other);
	return rc;
}

static int
finish(struct stream *stream, struct err *err)
{
	struct position *pos = &stream->pos;
	struct store_key key = {
		.epoch = pos->epoch,
		.kind = STORE_LTX,
		.level = STORE_LEVEL_SNAPSHOT,
		.min_txid = 1,
	};
	int64_t bytes = capture_snapshot_bytes(stream->snapshot);

	capture_snapshot_free(stream->snapshot);
	stream->snapshot = NULL;
	if (stream->is_base) {
		*pos = stream->after_base;
		stream->snapshot_txid = 1;
		stream->snapshot_time_ms = pos->time_ms;
		stream->is_base = 0;
		stream_note_point(stream);
		stream_touch(stream);
	}
	snprintf(key.slug, sizeof(key.slug), "%s", stream->slug);
	key.max_txid = stream->snapshot_txid;
	pos->snapshot_txid = stream->snapshot_txid;
	pos->snapshot_ms = clock_wall_ms();
	pos->snapshot_bytes = bytes;
	pos->since_bytes = 0;
	spool_add(stream->spool, &key, stream->snapshot_time_ms, bytes);
	if (stream_save(stream, err))
		return -1;
	return stream_repin(stream, err);
}

int
stream_step(struct stream *stream, uint32_t n, struct err *err)
{
	int done;

	assert(stream->snapshot != NULL);
	done = capture_snapshot_step(stream->snapshot, n, err);
	if (done < 0)
		return -1;
	if (!done)
		return 1;
	return finish(stream, err);
}
