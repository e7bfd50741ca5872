#ifndef ROWHOUSE_LTX_H
#define ROWHOUSE_LTX_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * LTX, version 3 with LZ4 blocks, as Litestream 0.5.16 and later reads it.
 * ltx.c specifies the format byte by byte.
 */
#define LTX_HEADER 100
#define LTX_TRAILER 16
#define LTX_PAGE_HEADER 10

struct ltx_header {
	uint32_t page_size;
	uint32_t commit;	/* size of the database afterwards, in pages */
	uint64_t min_txid;
	uint64_t max_txid;
	int64_t time_ms;	/* of the newest commit in it */
	int64_t wal_offset;	/* of the WAL bytes it was made from; 0 = none */
	int64_t wal_size;
	uint32_t wal_salt[2];
	uint64_t node;		/* the epoch */
};

/* The page that SQLite never uses: the one its lock bytes lie in. */
uint32_t ltx_lock_page(uint32_t page_size);

/* The page that follows pgno (0: the first) where none is left out. */
uint32_t ltx_next_page(uint32_t pgno, uint32_t page_size);

/*
 * Writing, from the descriptor's offset 0 on.  Pages in ascending order, then
 * finish, which makes nothing durable: the caller syncs and renames.  The
 * pages are for the caller to get right: numbers that do not ascend, that
 * pass `commit`, the lock page, or a snapshot (min_txid 1) without each of
 * its pages are assertions.  fd and path stay the caller's.  Memory: 256 KiB,
 * and some three bytes for each page written.
 */
struct ltx_writer;

struct ltx_writer *ltx_writer_new(int fd, const char *path,
    const struct ltx_header *header);
int ltx_writer_page(struct ltx_writer *writer, uint32_t pgno,
    const void *page, struct err *err);
int ltx_writer_finish(struct ltx_writer *writer, int64_t *size,
    struct err *err);
void ltx_writer_free(struct ltx_writer *writer);	/* accepts NULL */

/*
 * Reading, as a stream, forward only: bytes are pushed in as they arrive, in
 * pieces of any size, and pages come out through a callback.  Everything is
 * checked: header, order, sizes, completeness of a snapshot, index, checksum.
 * The verdict on the checksum comes at the end, in ltx_reader_finish, so
 * pages must not be trusted before that.  Safe on any input, in 130 KiB.
 * Errors are ERR_CORRUPT and name the object, but for those of the callback,
 * which are passed on.  After an error only ltx_reader_free may be called.
 */
struct ltx_reader;

typedef int ltx_page_fn(void *arg, const struct ltx_header *header,
    uint32_t pgno, const void *page, struct err *err);

struct ltx_reader *ltx_reader_new(const char *name, ltx_page_fn *page,
    void *arg);
int ltx_reader_push(struct ltx_reader *reader, const void *p, size_t n,
    struct err *err);
int ltx_reader_finish(struct ltx_reader *reader, struct err *err);
/*
 * For who wants the pages one by one: a push of so many bytes, or of fewer,
 * delivers no more than one page, whose bytes stay where they are until the
 * next push.  Never 0.
 */
size_t ltx_reader_want(const struct ltx_reader *reader);
/* NULL until the first LTX_HEADER bytes were pushed and found good. */
const struct ltx_header *ltx_reader_header(const struct ltx_reader *reader);
void ltx_reader_free(struct ltx_reader *reader);	/* accepts NULL */

/* Only the header, from its first LTX_HEADER bytes. */
int ltx_header_parse(const void *p, size_t n, const char *name,
    struct ltx_header *out, struct err *err);

/* "0000000000000002-0000000000000002.ltx", 37 bytes and a NUL. */
#define LTX_NAME 38
void ltx_name(uint64_t min_txid, uint64_t max_txid, char out[LTX_NAME]);
/* 0; -1 for a name of any other form, or with min of 0 or above max. */
int ltx_name_parse(struct str name, uint64_t *min_txid, uint64_t *max_txid);

/* CRC-64/GO-ISO: init and xorout all ones; start with 0. */
uint64_t ltx_crc64(uint64_t crc, const void *p, size_t n);

#endif
