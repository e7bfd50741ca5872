/*
 * WHICH TXID IS IT THAT ONE READS?
 *
 * A comparison is worth nothing unless both sides are the same moment.  There are
 * three ways to know which moment a database's pages are of, from the cheapest on:
 *
 *  1. The file.  Where the position is complete, the database file held exactly
 *     the position's TXID when it had the identity that the position
 *     names; and whatever was committed since lies in the WAL.  Its bytes are read
 *     as they are; if it still has that identity afterwards, nobody wrote to it
 *     meanwhile.  So it is with a sealed tenant, and nobody need be asked.
 *
 *  2. The replicator.  A read transaction that began while we held the write lock sees
 *     the end of the wal-index as it was then: salts, frame, checksum.  The
 *     lock is given back at once.  The replicator is asked to let a file end at that
 *     very place, and later says which TXID that was; it compares the
 *     checksum, which covers every frame before it.  Where it had captured
 *     beyond it already, another attempt is made.
 *
 *  3. The position, where no replicator runs: its lock is held meanwhile, so that none
 *     can.  Then nobody copies frames into the file, and the pages
 *     as of the position's frame are still there, provided that the chain of
 *     checksums leads to the position's own.
 *
 * With 2 and 3 a page is that of its newest frame up to the place, or where it
 * has none, the file's: our transaction's mark keeps frames beyond the place from being
 * copied, and frames before it from being overwritten.  Where the whole WAL
 * was copied already our transaction keeps checkpoints away (READ_LOCK(0)), and only
 * the file is read.
 *
 * SQLite's handles are closed before the file is read raw (R5).
 */
#include "replication/live.h"

#include <stdlib.h>
#include <string.h>

#include "replication/control.h"
#include "replication/ltx.h"
#include "replication/pages.h"
#include "replication/position.h"
#include "replication/replicator.h"
#include "replication/spool.h"
#include "tenants/base/file.h"
#include "tenants/db.h"

#define ATTEMPTS     8
#define LOCK_WAIT_MS 2000

struct taking {
	const struct live_source *source;
	struct digests *digests;
	struct live *out;
	struct position pos;
	struct db *lock, *db; /* a reader, and what keeps writers away */
	struct db_wal index;
};

static int
set_found(struct taking *t, uint32_t epoch, uint64_t txid)
{
	t->out->epoch = epoch;
	t->out->txid = txid;
	return 1;
}

static int
read_position(struct taking *t, struct err *err)
{
	char path[SPOOL_PATH];

	spool_position_path(t->source->spool_dir, path);
	if (position_read(path, &t->pos, err)) {
		if (err->code != ERR_NOT_FOUND)
			return -1;
		memset(&t->pos, 0, sizeof(t->pos));
	}
	if (t->pos.txid > 0)
		return 0;
	err_set(err, ERR_BUSY, "%s is not replicated yet", t->source->slug);
	return err_hint(err, "rowhouse status %s", t->source->slug);
}

/*
 * What the slot on disk calls shipped may be behind what is; where no
 * replicator runs nobody knows.
 */
static int
is_shipped(struct taking *t, struct err *err)
{
	const struct live_source *source = t->source;
	const struct position *pos = &t->pos;
	int lock;

	t->out->acked = pos->shipped >= pos->txid;
	if (t->out->acked)
		return 0;
	lock = replicator_lock(source->config, err);
	if (lock >= 0) {
		file_drop(&lock);
		return 0;
	}
	err_clear(err);
	if (control_flush(source->config, source->slug, LIVE_WAIT_MS, err))
		return err_wrap(err,
		    "TXID %llu of %s has not reached the "
		    "replica",
		    (unsigned long long)pos->txid, source->slug);
	t->out->acked = 1;
	return 0;
}

/* 1 done, 0 not this way, -1. */
static int
take_file(struct taking *t, struct err *err)
{
	const struct position *pos = &t->pos;
	struct file_id id;

	if (!pos->complete)
		return 0;
	if (file_identify(t->source->db_path, &id, err))
		return -1;
	if (!file_id_eq(&id, &pos->db))
		return 0;
	if (digests_of_file(t->digests, t->source->db_path, pos->page_size,
		pos->pages, err))
		return -1;
	if (file_identify(t->source->db_path, &id, err))
		return -1;
	if (!file_id_eq(&id, &pos->db))
		return 0;
	if (is_shipped(t, err))
		return -1;
	t->out->page_size = pos->page_size;
	t->out->pages = pos->pages;
	return set_found(t, pos->epoch, pos->txid);
}

static void
close_snapshot(struct taking *t)
{
	db_close(t->lock);
	db_close(t->db);
	t->lock = t->db = NULL;
}

static int
open_snapshot(struct taking *t, struct err *err)
{
	const struct db_opts opts = { .path = t->source->db_path,
		.role = DB_TOOL,
		.busy_ms = LOCK_WAIT_MS };

	t->lock = db_open(&opts, err);
	t->db = t->lock != NULL ? db_open(&opts, err) : NULL;
	if (t->db == NULL || db_begin_write(t->lock, err) ||
	    db_begin_read(t->db, err) || db_wal_index(t->db, &t->index, err)) {
		close_snapshot(t);
		return -1;
	}
	db_rollback(t->lock);
	return 0;
}

/* All pages as of the frame. */
static int
read_pages(struct taking *t, uint32_t frame, uint32_t pages, struct err *err)
{
	const struct db_wal *index = &t->index;
	struct pages wal = { .page_size = index->page_size };
	unsigned char *page = malloc(index->page_size);
	struct wal_place place;
	uint32_t pgno;
	int rc = -1;

	if (page == NULL)
		err_die("out of memory: verify");
	if (index->backfilled < index->frames &&
	    (wal_start(t->db, index, &place, err) ||
		pages_init(&wal, t->db, index, &place, frame, err)))
		goto out;
	for (pgno = 1; pgno <= pages; pgno++) {
		if (pgno != ltx_lock_page(index->page_size) &&
		    pages_read(t->db, index->page_size, pgno,
			pages_find(&wal, pgno), page, err))
			goto out;
		if (digests_add(t->digests, page, index->page_size, err))
			goto out;
	}
	t->out->page_size = index->page_size;
	t->out->pages = pages;
	rc = 0;
out:
	pages_free(&wal);
	free(page);
	return rc;
}

static int
ask(struct taking *t, const struct wal_place *at, struct control_state *state,
    struct err *err)
{
	return control_point(
	    t->source->config, t->source->slug, at, state, err);
}

static int
take_from_replicator(struct taking *t, struct err *err)
{
	const struct live_source *source = t->source;
	struct control_state state;
	struct wal_place at;
	int rc = -1;

	if (open_snapshot(t, err))
		return -1;
	at = (struct wal_place){ .frame = t->index.frames };
	memcpy(at.salt, t->index.salt, sizeof(at.salt));
	memcpy(at.cksum, t->index.cksum, sizeof(at.cksum));
	/* Nothing in the WAL: once the replicator has looked, it is the file. */
	if (at.frame == 0) {
		close_snapshot(t);
		return control_flush(
		    source->config, source->slug, LIVE_WAIT_MS, err);
	}
	if (ask(t, &at, &state, err) == 0)
		rc = read_pages(t, at.frame, t->index.pages, err);
	close_snapshot(t);
	if (rc != 0 ||
	    control_flush(source->config, source->slug, LIVE_WAIT_MS, err) ||
	    ask(t, &at, &state, err))
		return -1;
	t->out->acked = 1;
	return state.epoch != 0 ? set_found(t, state.epoch, state.txid) : 0;
}

/* Is the position's place a part of what the WAL holds, with all before it? */
static int
check_chain(struct taking *t, struct err *err)
{
	const struct position *pos = &t->pos;
	struct wal_place place;

	if (pos->complete || t->index.frames < pos->wal.frame ||
	    pos->wal.frame == 0 || t->index.backfilled > pos->wal.frame ||
	    !wal_same_salt(t->index.salt, pos->wal.salt))
		goto broken;
	if (wal_start(t->db, &t->index, &place, err) ||
	    wal_walk(t->db, &t->index, &place, pos->wal.frame, NULL, NULL, err))
		return -1;
	if (memcmp(place.cksum, pos->wal.cksum, sizeof(place.cksum)) == 0)
		return 0;
broken:
	err_set(err, ERR_CONFLICT,
	    "%s: its WAL does not follow from what was captured",
	    t->source->slug);
	return err_hint(err, "start the replicator: it will begin a new epoch");
}

/* The replicator's lock is held. */
static int
take_from_position(struct taking *t, struct err *err)
{
	struct file_id id;
	int rc = -1;

	/* It may have changed until the lock was ours. */
	if (read_position(t, err) ||
	    file_identify(t->source->db_path, &id, err))
		return -1;
	if (t->pos.complete && file_id_eq(&id, &t->pos.db))
		return 0;
	if (open_snapshot(t, err))
		return -1;
	if (check_chain(t, err) == 0 &&
	    read_pages(t, t->pos.wal.frame, t->pos.pages, err) == 0)
		rc = set_found(t, t->pos.epoch, t->pos.txid);
	t->out->acked = t->pos.shipped >= t->pos.txid;
	close_snapshot(t);
	return rc;
}

static int
take_from_wal(struct taking *t, struct err *err)
{
	int lock = replicator_lock(t->source->config, err);
	int rc;

	if (lock < 0 && err->code != ERR_BUSY)
		return -1;
	err_clear(err);
	if (lock < 0)
		return take_from_replicator(t, err);
	rc = take_from_position(t, err);
	file_drop(&lock);
	return rc;
}

int
live_take(const struct live_source *source, struct digests *digests,
    struct live *out, struct err *err)
{
	struct taking t = { .source = source, .digests = digests, .out = out };
	int i, rc;

	for (i = 0; i < ATTEMPTS; i++) {
		err_clear(err);
		memset(out, 0, sizeof(*out));
		digests_reset(digests);
		if (read_position(&t, err))
			return -1;
		rc = take_file(&t, err);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		digests_reset(digests);
		rc = take_from_wal(&t, err);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	err_set(err, ERR_BUSY,
	    "%s: no moment was found that is also a TXID, in %d attempts",
	    source->slug, ATTEMPTS);
	return err_hint(err, "try again");
}
