#include "replication/ltx.h"

#include <assert.h>
#include <stdio.h>

#include "replication/ltx_format.h"

/*
 * THE LTX FILE
 *
 * An LTX file holds the pages that one or several transactions left behind:
 * for each page that they changed, its last content.  Files whose ranges of
 * TXIDs join make up a database's history.  What follows is version 3 with
 * LZ4 blocks, which is what Litestream 0.5.16 and later writes and reads; no
 * number in the file says so, all versions begin with the same four bytes.
 *
 *	header         100 bytes
 *	page frame     for each page, in ascending order
 *	end of pages   6 zero bytes
 *	index          for each page where its frame is
 *	trailer        16 bytes
 *
 * All integers of fixed width are big-endian.
 *
 * HEADER
 *
 *	 0  "LTX1"
 *	 4  flags               u32  2: no database checksums are kept
 *	 8  page size           u32  512 … 65536, a power of two
 *	12  commit              u32  pages in the database after this file
 *	16  min TXID            u64  at least 1
 *	24  max TXID            u64  at least min TXID
 *	32  time                i64  ms since 1970, of the newest commit
 *	40  pre-apply checksum  u64  0, as flags says
 *	48  WAL offset          i64  where in the WAL the frames were
 *	56  WAL size            i64
 *	64  WAL salt-1, salt-2  u32 each
 *	72  node                u64  we keep the epoch here; 0 from others
 *	80  reserved            20 zero bytes
 *
 * Where WAL size or a salt is not zero, WAL offset must not be either.  Other
 * flags, and files with database checksums, exist in the format; no Litestream
 * writes them and its restore refuses them, so we refuse them as well.  The
 * reserved bytes will get a meaning in a later version: what is not zero there is
 * not understood here, and refused.
 *
 * PAGE FRAME
 *
 *	 0  page number         u32
 *	 4  flags               u16  1: a block with its length before it
 *	 6  length of the block u32
 *	10  an LZ4 block (no LZ4 frame) that expands to exactly one page
 *
 * There is no stored form: a page that does not compress is a block of
 * literals, a little longer than the page.  Numbers ascend, none is above
 * commit, and the lock page, the one that has the byte at 1 GiB in it, never
 * appears.  A file with min TXID 1 is a snapshot and holds every page from
 * 1 to commit but the lock page.  Nothing in a file that is not a snapshot
 * tells whether pages are missing: that is for the one who applies it.
 *
 * Flags of 0 mean an LZ4 frame without a length before it, which Litestream
 * 0.5.0 to 0.5.15 wrote.  It is refused, by name.
 *
 * INDEX
 *
 *	for each page: page number, offset of its frame, length of its frame
 *	0x00
 *	length of all this, the 0x00 included   u64
 *
 * The numbers of an entry are uvarints: seven bits a byte, the low ones first,
 * bit 7 where more follow.  Offsets count from the file's begin, lengths
 * include the frame's ten bytes.  With the index a page can be fetched
 * without the rest; we write it for such readers, and check that it says
 * what the frames say.
 *
 * TRAILER
 *
 *	 0  post-apply checksum u64  0, as the header's flags say
 *	 8  file checksum       u64  bit 63, and a CRC-64
 *
 * The CRC (ltx_crc.c) runs over the header; for each page the ten bytes before its
 * block and the page itself, uncompressed; the end of pages; the index with
 * its length; the post-apply checksum.  The blocks themselves are not in
 * it, so two files with the same checksum may differ there and mean the same.
 *
 * The file's name is its range, %016x-%016x.ltx.
 */

/* The last millisecond of the year 9999, RFC 3339's last. */
#define TIME_MAX INT64_C(253402300799999)

uint32_t
ltx_lock_page(uint32_t page_size)
{
	return 0x40000000 / page_size + 1;
}

uint32_t
ltx_next_page(uint32_t pgno, uint32_t page_size)
{
	return pgno + 1 == ltx_lock_page(page_size) ? pgno + 2 : pgno + 1;
}

void
ltx_header_encode(
    const struct ltx_header *header, unsigned char out[LTX_HEADER])
{
	memset(out, 0, LTX_HEADER);
	memcpy(out, LTX_MAGIC, 4);
	ltx_put_u32(out + 4, LTX_NO_CHECKSUM);
	ltx_put_u32(out + 8, header->page_size);
	ltx_put_u32(out + 12, header->commit);
	ltx_put_u64(out + 16, header->min_txid);
	ltx_put_u64(out + 24, header->max_txid);
	ltx_put_u64(out + 32, (uint64_t)header->time_ms);
	ltx_put_u64(out + 48, (uint64_t)header->wal_offset);
	ltx_put_u64(out + 56, (uint64_t)header->wal_size);
	ltx_put_u32(out + 64, header->wal_salt[0]);
	ltx_put_u32(out + 68, header->wal_salt[1]);
	ltx_put_u64(out + 72, header->node);
}

static int
check_header(const struct ltx_header *h, const char *name, struct err *err)
{
	if (h->page_size < LTX_PAGE_MIN || h->page_size > LTX_PAGE_MAX ||
	    (h->page_size & (h->page_size - 1)) != 0)
		return err_set(err, ERR_CORRUPT,
		    "%s: header: page size %u is not a power of two from %d "
		    "to %d",
		    name, h->page_size, LTX_PAGE_MIN, LTX_PAGE_MAX);
	if (h->commit == 0)
		return err_set(err, ERR_CORRUPT,
		    "%s: header: a database of no pages", name);
	if (h->min_txid == 0 || h->min_txid > h->max_txid)
		return err_set(err, ERR_CORRUPT,
		    "%s: header: TXIDs %llu to %llu are not a range", name,
		    (unsigned long long)h->min_txid,
		    (unsigned long long)h->max_txid);
	if (h->time_ms < 0 || h->time_ms > TIME_MAX)
		return err_set(err, ERR_CORRUPT,
		    "%s: header: the time %lld ms is not one", name,
		    (long long)h->time_ms);
	if (h->wal_offset < 0 || h->wal_size < 0 ||
	    (h->wal_offset == 0 && (h->wal_size != 0 || h->wal_salt[0] != 0 ||
				       h->wal_salt[1] != 0)))
		return err_set(err, ERR_CORRUPT,
		    "%s: header: WAL offset %lld with size %lld", name,
		    (long long)h->wal_offset, (long long)h->wal_size);
	return 0;
}

int
ltx_header_parse(const void *p, size_t n, const char *name,
    struct ltx_header *out, struct err *err)
{
	static const unsigned char zero[20];
	const unsigned char *b = p;
	uint32_t flags;

	if (n < LTX_HEADER)
		return err_set(err, ERR_CORRUPT,
		    "%s: ends after %zu bytes, in the header", name, n);
	if (memcmp(b, LTX_MAGIC, 4) != 0)
		return err_set(err, ERR_CORRUPT,
		    "%s: header: does not begin with " LTX_MAGIC, name);
	flags = ltx_get_u32(b + 4);
	if (flags != LTX_NO_CHECKSUM)
		return err_set(err, ERR_CORRUPT,
		    "%s: header: flags 0x%x where only 0x%x is understood",
		    name, flags, LTX_NO_CHECKSUM);
	if (ltx_get_u64(b + 40) != 0)
		return err_set(err, ERR_CORRUPT,
		    "%s: header: a database checksum where flags say none",
		    name);
	if (memcmp(b + 80, zero, sizeof(zero)) != 0)
		return err_set(err, ERR_CORRUPT,
		    "%s: header: reserved bytes are not zero", name);
	*out = (struct ltx_header){
		.page_size = ltx_get_u32(b + 8),
		.commit = ltx_get_u32(b + 12),
		.min_txid = ltx_get_u64(b + 16),
		.max_txid = ltx_get_u64(b + 24),
		.time_ms = (int64_t)ltx_get_u64(b + 32),
		.wal_offset = (int64_t)ltx_get_u64(b + 48),
		.wal_size = (int64_t)ltx_get_u64(b + 56),
		.wal_salt = { ltx_get_u32(b + 64), ltx_get_u32(b + 68) },
		.node = ltx_get_u64(b + 72),
	};
	return check_header(out, name, err);
}

void
ltx_name(uint64_t min_txid, uint64_t max_txid, char out[LTX_NAME])
{
	int n = snprintf(out, LTX_NAME, "%016llx-%016llx.ltx",
	    (unsigned long long)min_txid, (unsigned long long)max_txid);

	assert(n == LTX_NAME - 1);
}

int
ltx_name_parse(struct str name, uint64_t *min_txid, uint64_t *max_txid)
{
	if (name.n != LTX_NAME - 1 || name.p[16] != '-' ||
	    !str_ends(name, ".ltx") ||
	    str_hex64(str_sub(name, 0, 16), min_txid) != 0 ||
	    str_hex64(str_sub(name, 17, 33), max_txid) != 0)
		return -1;
	return *min_txid == 0 || *min_txid > *max_txid ? -1 : 0;
}
