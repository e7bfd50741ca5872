#ifndef ROWHOUSE_DIGESTS_H
#define ROWHOUSE_DIGESTS_H

#include <stdint.h>

#include "tenants/base/err.h"

/*
 * One digest for each page of a database at one moment, in a file without a
 * name: 16 bytes a page, so that a database of any size takes 64 KiB of memory
 * and some 0.4 % of its size on disk, and its snapshot need not be held while
 * it is compared.  The page of the lock bytes is nobody's: it counts as equal.
 */
struct digests;

/* In the directory, which is nobody else's. */
struct digests *digests_new(const char *dir, struct err *err);
void digests_free(struct digests *digests);	/* accepts NULL */

/* From the first page on again. */
void digests_reset(struct digests *digests);
int digests_add(struct digests *digests, const void *page, uint32_t page_size,
    struct err *err);

/* Which pages are others.  Those that one of the two does not have are. */
#define DIGESTS_SHOWN 8
struct digests_difference {
	uint32_t n;			/* of pages that differ */
	uint32_t page[DIGESTS_SHOWN];	/* the first of them */
};

int digests_compare(struct digests *a, struct digests *b,
    struct digests_difference *out, struct err *err);

/* All pages of a database file that nobody writes, and has open (R5). */
int digests_of_file(struct digests *digests, const char *path,
    uint32_t page_size, uint32_t pages, struct err *err);

#endif
