/*
 * The write-ahead log, as SQLite's file format has it.
 *
 * Header, 32 bytes, big-endian: magic u32 (0x377f0682, or …83 where the
 * checksums read words big-endian), format u32 (3007000), page size u32,
 * checkpoint sequence u32, salt-1 u32, salt-2 u32, checksum u32 × 2 over the
 * first 24 bytes.
 *
 * Frame: pgno u32, size of the database in pages after a commit u32 (else 0),
 * salt-1, salt-2, checksum u32 × 2, then the page.  The checksum runs over the
 * first 8 bytes of the frame header and the page, beginning with the checksum
 * of the frame before (or of the header).
 *
 * Frames of an older generation lie behind those of the current one, and a
 * writer that was killed can leave a perfect commit frame that never was
 * committed.  The file alone therefore says nothing about where it ends:
 * the wal-index does.
 */
#include "replication/wal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WAL_MAGIC  0x377f0682u
#define WAL_FORMAT 3007000u
/* Frames read at once: few system calls, little memory. */
#define WAL_BATCH_BYTES (256 * 1024)

static uint32_t
be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static uint32_t
le32(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[1] << 8 | p[0];
}

/* n is a multiple of 8. */
static void
chain(int big_endian, uint32_t cksum[2], const unsigned char *p, size_t n)
{
	uint32_t a = cksum[0], b = cksum[1];
	size_t i;

	if (big_endian) {
		for (i = 0; i < n; i += 8) {
			a += be32(p + i) + b;
			b += be32(p + i + 4) + a;
		}
	} else {
		for (i = 0; i < n; i += 8) {
			a += le32(p + i) + b;
			b += le32(p + i + 4) + a;
		}
	}
	cksum[0] = a;
	cksum[1] = b;
}

static int64_t
frame_at(uint32_t page_size, uint32_t frame)
{
	return WAL_HEADER +
	       (int64_t)(frame - 1) * (WAL_FRAME_HEADER + (int64_t)page_size);
}

int
wal_same_salt(const uint32_t a[2], const uint32_t b[2])
{
	return a[0] == b[0] && a[1] == b[1];
}

int
wal_start(struct db *db, const struct db_wal *index, struct wal_place *out,
    struct err *err)
{
	unsigned char h[WAL_HEADER];
	uint32_t cksum[2] = { 0, 0 };
	uint32_t salt[2];
	uint32_t magic;

	if (db_read_wal(db, h, sizeof(h), 0, err))
		return err_wrap(err, "%s-wal", db_path(db));
	magic = be32(h);
	if ((magic & ~1u) != WAL_MAGIC || be32(h + 4) != WAL_FORMAT)
		return err_set(err, ERR_CORRUPT,
		    "%s-wal: not a write-ahead log of format %u", db_path(db),
		    WAL_FORMAT);
	chain((int)(magic & 1), cksum, h, 24);
	if (cksum[0] != be32(h + 24) || cksum[1] != be32(h + 28))
		return err_set(err, ERR_CORRUPT,
		    "%s-wal: header's checksum does not match", db_path(db));
	salt[0] = be32(h + 16);
	salt[1] = be32(h + 20);
	if (!wal_same_salt(salt, index->salt) ||
	    be32(h + 8) != index->page_size ||
	    (int)(magic & 1) != index->big_endian)
		return err_set(err, ERR_CORRUPT,
		    "%s-wal: header is not of the generation that the "
		    "wal-index names",
		    db_path(db));
	memcpy(out->salt, salt, sizeof(salt));
	memcpy(out->cksum, cksum, sizeof(cksum));
	out->frame = 0;
	return 0;
}

/* Checks one frame that lies at p and moves the place behind it. */
static int
step(struct db *db, const struct db_wal *index, struct wal_place *place,
    const unsigned char *p, struct wal_frame *frame, struct err *err)
{
	uint32_t salt[2] = { be32(p + 8), be32(p + 12) };

	frame->number = place->frame + 1;
	frame->pgno = be32(p);
	frame->pages = be32(p + 4);
	chain(index->big_endian, place->cksum, p, 8);
	chain(index->big_endian, place->cksum, p + WAL_FRAME_HEADER,
	    index->page_size);
	if (!wal_same_salt(salt, index->salt))
		return err_set(err, ERR_CORRUPT,
		    "%s-wal: frame %u is of another generation", db_path(db),
		    frame->number);
	if (place->cksum[0] != be32(p + 16) || place->cksum[1] != be32(p + 20))
		return err_set(err, ERR_CORRUPT,
		    "%s-wal: chain of checksums breaks at frame %u",
		    db_path(db), frame->number);
	if (frame->pgno == 0)
		return err_set(err, ERR_CORRUPT, "%s-wal: frame %u is page 0",
		    db_path(db), frame->number);
	place->frame = frame->number;
	return 0;
}

int
wal_walk(struct db *db, const struct db_wal *index, struct wal_place *place,
    uint32_t to, wal_frame_fn *each, void *arg, struct err *err)
{
	struct wal_place at = *place;
	size_t size = WAL_FRAME_HEADER + (size_t)index->page_size;
	uint32_t batch = (uint32_t)(WAL_BATCH_BYTES / size) + 1;
	unsigned char *p = NULL;
	int rc = -1;

	assert(to <= index->frames);
	assert(wal_same_salt(place->salt, index->salt));
	p = malloc(batch * size);
	if (p == NULL)
		err_die("out of memory");
	while (at.frame < to) {
		uint32_t n = to - at.frame < batch ? to - at.frame : batch;
		uint32_t i;

		if (db_read_wal(db, p, n * size,
			frame_at(index->page_size, at.frame + 1), err)) {
			err_wrap(err, "%s-wal", db_path(db));
			goto out;
		}
		for (i = 0; i < n; i++) {
			struct wal_frame frame;

			if (step(db, index, &at, p + i * size, &frame, err))
				goto out;
			if (each != NULL && each(arg, &frame, err))
				goto out;
		}
	}
	if (at.frame > 0 && at.frame == index->frames &&
	    (at.cksum[0] != index->cksum[0] ||
		at.cksum[1] != index->cksum[1])) {
		err_set(err, ERR_CORRUPT,
		    "%s-wal: frame %u is not the one that was committed",
		    db_path(db), at.frame);
		goto out;
	}
	*place = at;
	rc = 0;
out:
	free(p);
	return rc;
}

int
wal_page(struct db *db, uint32_t page_size, uint32_t frame, void *page,
    struct err *err)
{
	assert(frame > 0);
	if (db_read_wal(db, page, page_size,
		frame_at(page_size, frame) + WAL_FRAME_HEADER, err))
		return err_wrap(err, "%s-wal: frame %u", db_path(db), frame);
	return 0;
}
