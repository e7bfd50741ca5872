#include "replication/ltx.h"

#include <assert.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>

#include "replication/ltx_format.h"
#include "tenants/base/buf.h"
#include "tenants/base/file.h"

#define OUT_SIZE (256 * 1024)

struct ltx_writer {
	struct ltx_header header;
	int fd;
	const char *path;
	int64_t at; /* bytes of the file that were written */
	struct buf out; /* those that follow them */
	uint64_t crc;
	uint32_t last; /* page number; 0 = none yet */

	/*
	 * The index, short: for each page what its number adds to the one
	 * before, and its frame's length, as uvarints.  In full it would be
	 * three times the size, and a base has an entry for each page there is.
	 */
	struct buf index;
	unsigned char block[LTX_BLOCK_MAX];
};

static int
flush(struct ltx_writer *w, struct err *err)
{
	if (file_pwrite(w->fd, w->out.p, w->out.n, w->at, w->path, err) != 0)
		return -1;
	w->at += (int64_t)w->out.n;
	buf_reset(&w->out);
	return 0;
}

static int
put(struct ltx_writer *w, const void *p, size_t n, struct err *err)
{
	if (w->out.n + n > OUT_SIZE && flush(w, err) != 0)
		return -1;
	buf_put(&w->out, p, n);
	return 0;
}

static int
put_summed(struct ltx_writer *w, const void *p, size_t n, struct err *err)
{
	w->crc = ltx_crc64(w->crc, p, n);
	return put(w, p, n, err);
}

struct ltx_writer *
ltx_writer_new(int fd, const char *path, const struct ltx_header *header)
{
	struct ltx_writer *w = calloc(1, sizeof(*w));
	unsigned char bytes[LTX_HEADER];
	struct ltx_header back;
	struct err err = ERR_INIT;

	if (w == NULL)
		err_die("out of memory");
	ltx_header_encode(header, bytes);
	if (ltx_header_parse(bytes, sizeof(bytes), path, &back, &err) != 0)
		err_die("%s", err.msg);
	w->header = *header;
	w->fd = fd;
	w->path = path;
	buf_init(&w->out, OUT_SIZE);
	buf_init(&w->index, ((size_t)header->commit + 1) * 8);
	w->crc = ltx_crc64(0, bytes, sizeof(bytes));
	buf_put(&w->out, bytes, sizeof(bytes));
	return w;
}

static void
check_order(const struct ltx_writer *w, uint32_t pgno)
{
	uint32_t size = w->header.page_size;

	assert(pgno > w->last && pgno <= w->header.commit);
	assert(pgno != ltx_lock_page(size));
	assert(w->header.min_txid != 1 || pgno == ltx_next_page(w->last, size));
}

int
ltx_writer_page(
    struct ltx_writer *w, uint32_t pgno, const void *page, struct err *err)
{
	unsigned char head[LTX_PAGE_HEADER], entry[2 * LTX_UVARINT];
	size_t entry_n;
	int n;

	check_order(w, pgno);
	n = LZ4_compress_default(page, (char *)w->block,
	    (int)w->header.page_size, (int)sizeof(w->block));
	assert(n > 0);
	ltx_put_u32(head, pgno);
	ltx_put_u16(head + 4, LTX_PAGE_BLOCK);
	ltx_put_u32(head + 6, (uint32_t)n);
	if (put_summed(w, head, sizeof(head), err) != 0)
		return -1;
	w->crc = ltx_crc64(w->crc, page, w->header.page_size);
	if (put(w, w->block, (size_t)n, err) != 0)
		return -1;
	entry_n = ltx_put_uvarint(entry, pgno - w->last);
	entry_n += ltx_put_uvarint(entry + entry_n, sizeof(head) + (size_t)n);
	buf_put(&w->index, entry, entry_n);
	w->last = pgno;
	return 0;
}

static uint64_t
get_uvarint(const struct buf *buf, size_t *at)
{
	uint64_t v = 0, byte;
	int shift = 0;

	do {
		byte = (unsigned char)buf->p[(*at)++];
		v |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return v;
}

static int
put_index(struct ltx_writer *w, struct err *err)
{
	unsigned char entry[3 * LTX_UVARINT], size[1 + 8] = { 0 };
	uint64_t pgno = 0, offset = LTX_HEADER, length, total = 1;
	size_t n, at = 0;

	while (at < w->index.n) {
		pgno += get_uvarint(&w->index, &at);
		length = get_uvarint(&w->index, &at);
		n = ltx_put_uvarint(entry, pgno);
		n += ltx_put_uvarint(entry + n, offset);
		n += ltx_put_uvarint(entry + n, length);
		if (put_summed(w, entry, n, err) != 0)
			return -1;
		offset += length;
		total += n;
	}
	ltx_put_u64(size + 1, total);
	return put_summed(w, size, sizeof(size), err);
}

int
ltx_writer_finish(struct ltx_writer *w, int64_t *size, struct err *err)
{
	static const unsigned char end[LTX_PAGES_END];
	unsigned char trailer[LTX_TRAILER] = { 0 };

	assert(w->header.min_txid != 1 ||
	       ltx_next_page(w->last, w->header.page_size) > w->header.commit);
	if (buf_check(&w->index, "index", err) != 0 ||
	    put_summed(w, end, sizeof(end), err) != 0 || put_index(w, err) != 0)
		return -1;
	w->crc = ltx_crc64(w->crc, trailer, 8);
	ltx_put_u64(trailer + 8, w->crc | LTX_FILE_CHECKSUM);
	if (put(w, trailer, sizeof(trailer), err) != 0 || flush(w, err) != 0)
		return -1;
	*size = w->at;
	return 0;
}

void
ltx_writer_free(struct ltx_writer *w)
{
	if (w == NULL)
		return;
	buf_free(&w->out);
	buf_free(&w->index);
	free(w);
}
