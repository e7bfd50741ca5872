#include "replication/capture.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tenants/base/file.h"

/* A file in the making: written under another name, renamed when whole. */
struct draft {
	char *path, *temporary;
	int fd;
	struct ltx_writer *writer;
};

static void
draft_free(struct draft *draft)
{
	ltx_writer_free(draft->writer);
	file_drop(&draft->fd);
	if (draft->temporary != NULL)
		unlink(draft->temporary);
	free(draft->temporary);
	free(draft->path);
}

static int
draft_init(struct draft *draft, const char *path,
    const struct ltx_header *header, struct err *err)
{
	memset(draft, 0, sizeof(*draft));
	draft->fd = -1;
	draft->path = strdup(path);
	if (draft->path == NULL ||
	    asprintf(&draft->temporary, "%s.tmp", path) < 0)
		err_die("out of memory");
	draft->fd =
	    file_open(draft->temporary, O_RDWR | O_CREAT | O_TRUNC, 0600, err);
	if (draft->fd < 0)
		return -1;
	draft->writer = ltx_writer_new(draft->fd, draft->temporary, header);
	return 0;
}

static int
draft_publish(struct draft *draft, int64_t *bytes, struct err *err)
{
	if (ltx_writer_finish(draft->writer, bytes, err))
		return -1;
	if (file_close(&draft->fd, draft->temporary, err))
		return -1;
	if (rename(draft->temporary, draft->path))
		return err_sys(err, "%s: rename", draft->temporary);
	free(draft->temporary);
	draft->temporary = NULL;
	return 0;
}

static struct ltx_header
header_of(const struct capture *capture, uint64_t min_txid, uint32_t pages)
{
	struct ltx_header h;

	memset(&h, 0, sizeof(h));
	h.page_size = capture->index->page_size;
	h.commit = pages;
	h.min_txid = min_txid;
	h.max_txid = capture->txid;
	h.time_ms = capture->time_ms;
	h.node = capture->epoch;
	return h;
}

int
capture_is_commit(struct db *db, const struct db_wal *index, uint32_t frame,
    int *commit, struct err *err)
{
	unsigned char h[WAL_FRAME_HEADER];
	int64_t at =
	    WAL_HEADER + (int64_t)(frame - 1) *
			     (WAL_FRAME_HEADER + (int64_t)index->page_size);

	assert(frame > 0 && frame <= index->frames);
	if (db_read_wal(db, h, sizeof(h), at, err))
		return err_wrap(err, "%s-wal: frame %u", db_path(db), frame);
	*commit = (h[4] | h[5] | h[6] | h[7]) != 0;
	return 0;
}

/* The frames before a stretch, where a page that grew back may lie. */
struct earlier {
	int known;
	struct pages pages;
};

static int
find_earlier(const struct capture *capture, const struct pages *stretch,
    struct earlier *earlier, uint32_t pgno, uint32_t *frame, struct err *err)
{
	struct wal_place place;

	*frame = 0;
	if (stretch->from == 0)
		return 0;
	if (!earlier->known) {
		if (wal_start(capture->db, capture->index, &place, err) ||
		    pages_init(&earlier->pages, capture->db, capture->index,
			&place, stretch->from, err))
			return -1;
		earlier->known = 1;
	}
	*frame = pages_find(&earlier->pages, pgno);
	return 0;
}

static int
write_pages(const struct capture *capture, const struct pages *stretch,
    uint32_t least, struct ltx_writer *writer, struct err *err)
{
	uint32_t lock_page = ltx_lock_page(stretch->page_size);
	struct earlier earlier = { 0 };
	unsigned char *page = malloc(stretch->page_size);
	uint32_t pgno = 0;
	size_t i = 0;
	int rc = -1;

	if (page == NULL)
		err_die("out of memory");
	for (;;) {
		uint32_t changed =
		    i < stretch->n ? stretch->entry[i].pgno : UINT32_MAX;
		uint32_t grown = pgno < least ? least + 1 : pgno + 1;
		uint32_t frame;

		pgno = changed < grown ? changed : grown;
		if (pgno > stretch->pages)
			break;
		if (pgno == changed) {
			frame = stretch->entry[i++].frame;
		} else if (pgno == lock_page) {
			continue;
		} else if (find_earlier(
			       capture, stretch, &earlier, pgno, &frame, err)) {
			goto out;
		}
		if (pages_read(capture->db, stretch->page_size, pgno, frame,
			page, err) ||
		    ltx_writer_page(writer, pgno, page, err))
			goto out;
	}
	rc = 0;
out:
	pages_free(&earlier.pages);
	free(page);
	return rc;
}

/*
 * Another program's checkpoint can have left the pin on READ_LOCK(0), where
 * writers may restart the WAL: then what was read last may be anything.
 */
static int
still_there(const struct capture *capture, struct err *err)
{
	struct wal_place place;

	return wal_start(capture->db, capture->index, &place, err);
}

int
capture_raw(const struct capture *capture, uint32_t pages_before,
    struct wal_place *place, uint32_t to, uint32_t *pages, int64_t *bytes,
    struct err *err)
{
	struct wal_place at = *place;
	struct pages stretch;
	struct ltx_header header;
	struct draft draft;
	uint32_t least;
	int rc = -1;

	assert(to > place->frame);
	if (pages_init(&stretch, capture->db, capture->index, &at, to, err))
		return -1;
	assert(stretch.least > 0);
	least = stretch.least < pages_before ? stretch.least : pages_before;
	header = header_of(capture, capture->txid, stretch.pages);
	header.wal_offset =
	    WAL_HEADER + (int64_t)place->frame *
			     (WAL_FRAME_HEADER + (int64_t)stretch.page_size);
	header.wal_size = (int64_t)(to - place->frame) *
			  (WAL_FRAME_HEADER + (int64_t)stretch.page_size);
	header.wal_salt[0] = at.salt[0];
	header.wal_salt[1] = at.salt[1];
	if (draft_init(&draft, capture->path, &header, err) == 0 &&
	    write_pages(capture, &stretch, least, draft.writer, err) == 0 &&
	    still_there(capture, err) == 0 &&
	    draft_publish(&draft, bytes, err) == 0) {
		*place = at;
		*pages = stretch.pages;
		rc = 0;
	}
	draft_free(&draft);
	pages_free(&stretch);
	return rc;
}

struct capture_snapshot {
	struct db *db;
	struct pages wal;
	uint32_t pages;
	uint32_t next;
	struct draft draft;
	unsigned char *page;
	int64_t bytes;
};

struct capture_snapshot *
capture_snapshot_begin(
    const struct capture *capture, struct wal_place *place, struct err *err)
{
	const struct db_wal *index = capture->index;
	struct capture_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct ltx_header header;

	if (snapshot == NULL)
		err_die("out of memory");
	snapshot->db = capture->db;
	snapshot->draft.fd = -1;
	snapshot->pages = index->pages;
	snapshot->next = 1;
	snapshot->wal.page_size = index->page_size;
	snapshot->page = malloc(index->page_size);
	if (snapshot->page == NULL)
		err_die("out of memory");
	if (index->frames > 0 && (wal_start(capture->db, index, place, err) ||
				     pages_init(&snapshot->wal, capture->db,
					 index, place, index->frames, err)))
		goto fail;
	/*
	 * The database file has all of it: the transaction is on READ_LOCK(0),
	 * which keeps checkpoints away and lets writers restart the WAL.
	 * Frames found now would be others by the time they are read.
	 */
	if (index->backfilled >= index->frames)
		snapshot->wal.n = 0;
	assert(index->pages > 0);
	header = header_of(capture, 1, index->pages);
	if (draft_init(&snapshot->draft, capture->path, &header, err))
		goto fail;
	return snapshot;
fail:
	capture_snapshot_free(snapshot);
	return NULL;
}

int
capture_snapshot_step(
    struct capture_snapshot *snapshot, uint32_t n, struct err *err)
{
	uint32_t page_size = snapshot->wal.page_size;
	uint32_t lock_page = ltx_lock_page(page_size);
	uint32_t pgno;

	for (; n > 0 && snapshot->next <= snapshot->pages; n--) {
		pgno = snapshot->next++;
		if (pgno == lock_page)
			continue;
		if (pages_read(snapshot->db, page_size, pgno,
			pages_find(&snapshot->wal, pgno), snapshot->page,
			err) ||
		    ltx_writer_page(
			snapshot->draft.writer, pgno, snapshot->page, err))
			return -1;
	}
	if (snapshot->next <= snapshot->pages)
		return 0;
	return draft_publish(&snapshot->draft, &snapshot->bytes, err) ? -1 : 1;
}

int64_t
capture_snapshot_bytes(const struct capture_snapshot *snapshot)
{
	return snapshot->bytes;
}

void
capture_snapshot_free(struct capture_snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	draft_free(&snapshot->draft);
	pages_free(&snapshot->wal);
	free(snapshot->page);
	free(snapshot);
}
