#ifndef ROWHOUSE_LTX_MERGE_H
#define ROWHOUSE_LTX_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "replication/ltx.h"
#include "tenants/base/err.h"

/*
 * Several LTX files of one epoch whose TXIDs join, as one that does to a
 * database what they do one after the other.  The same files give the same
 * bytes.
 *
 * Every checksum of every input is verified, and that each page that the
 * database grew by is there (R6).  Where that is not so it is ERR_CORRUPT
 * with the name of the file, and nothing is made.  The result stands under its
 * name whole or not at all, and is not durable: that is for the caller.
 *
 * Inputs stay as they are.  Memory: about 1 MiB for pages of 4 KiB, and 67
 * descriptors, however many inputs there are: they are merged in rounds,
 * through files beside the result, PATH.tmp and PATH.tmp-N.  A process that is
 * killed leaves some of those behind.
 */
struct ltx_merge;

/* The paths, oldest first, are copied. */
struct ltx_merge *ltx_merge_new(const char *const *paths, size_t n,
    const char *out);

/*
 * Goes on by at most so many pages.  1 it is finished, 0 there is more to do, -1;
 * after that only free.
 */
int ltx_merge_step(struct ltx_merge *merge, unsigned pages, struct err *err);

/* Of what was made, once it is finished. */
const struct ltx_header *ltx_merge_header(const struct ltx_merge *merge);
int64_t ltx_merge_bytes(const struct ltx_merge *merge);

/* Removes what is not finished.  Accepts NULL. */
void ltx_merge_free(struct ltx_merge *merge);

/* All at once: for what is known to be small. */
int ltx_merge_files(const char *const *paths, size_t n, const char *out,
    struct ltx_header *header, int64_t *bytes, struct err *err);

#endif
