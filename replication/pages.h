#ifndef ROWHOUSE_PAGES_H
#define ROWHOUSE_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "replication/wal.h"
#include "tenants/base/err.h"
#include "tenants/db.h"

/*
 * Which pages a stretch of a WAL holds, and in which frame the newest version
 * of each lies.  The stretch must end with a commit; the caller holds a read
 * transaction that keeps its frames from being overwritten.
 */
struct pages {
	uint32_t page_size;
	uint32_t from, to;	/* frames from+1 … to */
	uint32_t pages;		/* size of the database after the last commit */
	uint32_t least;		/* smallest size after any commit in it; 0 = no frame */
	size_t n;
	struct pages_entry *entry;	/* ascending by pgno, each once; those
					   cut off by a later commit, too */
	size_t cap;
};

struct pages_entry {
	uint32_t pgno;
	uint32_t frame;
};

/* Walks from *place to `to` and moves *place there; see wal_walk. */
int pages_init(struct pages *pages, struct db *db, const struct db_wal *index,
    struct wal_place *place, uint32_t to, struct err *err);
void pages_free(struct pages *pages);

/* The frame that holds the page, or 0: the database file does. */
uint32_t pages_find(const struct pages *pages, uint32_t pgno);

/*
 * A page as a reader at the end of the stretch sees it: from the frame, or
 * where that is 0 from the database file; found nowhere, it is zeros (R6).
 */
int pages_read(struct db *db, uint32_t page_size, uint32_t pgno,
    uint32_t frame, void *page, struct err *err);

#endif
