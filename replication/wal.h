#ifndef ROWHOUSE_WAL_H
#define ROWHOUSE_WAL_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/err.h"
#include "tenants/db.h"

/*
 * Reading SQLite's write-ahead log (sqlite.org/fileformat2.html, section 4),
 * through a connection's own descriptor and never past the last frame that the
 * wal-index calls committed (R3).
 */
#define WAL_HEADER 32
#define WAL_FRAME_HEADER 24

/*
 * A place in a WAL: behind `frame` of the generation that `salt` names, where
 * the running checksum was `cksum`.  Each frame's checksum covers all frames
 * before it, so two equal places have equal histories within the generation.
 */
struct wal_place {
	uint32_t salt[2];
	uint32_t frame;		/* 0 = behind the header */
	uint32_t cksum[2];
};

/* One frame.  `pages` is the database's size for a commit frame, else 0. */
struct wal_frame {
	uint32_t number;	/* from 1 */
	uint32_t pgno;
	uint32_t pages;
};

typedef int wal_frame_fn(void *arg, const struct wal_frame *frame,
    struct err *err);

/*
 * The place behind the header of the current generation.  ERR_CORRUPT where the header's
 * salts are not the index's: somebody restarted the WAL since it was read.
 */
int wal_start(struct db *db, const struct db_wal *index,
    struct wal_place *out, struct err *err);

/*
 * Walks from *place to frame `to` (at most index->frames), verifying salts and
 * the chain of checksums, and moves *place there.  At index->frames the chain must arrive at the
 * index's own checksum.  ERR_CORRUPT names the first frame that does not fit;
 * then *place is where it was.  each may be NULL.
 */
int wal_walk(struct db *db, const struct db_wal *index,
    struct wal_place *place, uint32_t to, wal_frame_fn *each, void *arg,
    struct err *err);

/* The page that a frame holds, as it is: no checksum is looked at. */
int wal_page(struct db *db, uint32_t page_size, uint32_t frame, void *page,
    struct err *err);

/* Is it the same generation? */
int wal_same_salt(const uint32_t a[2], const uint32_t b[2]);

#endif
