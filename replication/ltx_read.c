#include "replication/ltx.h"

#include <assert.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>

#include "replication/ltx_format.h"

/*
 * The reader is a machine that knows how many bytes it needs next, never more
 * than the longest block there can be.  It takes them from what was pushed
 * where they lie in one piece, else it collects them in held.
 *
 * The index is not kept.  From the frames it is known what the index must
 * be, byte for byte, so its length and CRC are counted along and compared
 * when it comes.
 */
enum state {
	HEADER,
	PAGE, /* number and flags, or the end of pages */
	BLOCK_SIZE,
	BLOCK,
	INDEX,
	TAIL, /* the index's end and length, and the trailer */
	END
};

#define PAGE_BYTES 6
#define TAIL_BYTES (1 + 8 + LTX_TRAILER)

struct index_sum {
	uint64_t n; /* bytes */
	uint64_t crc;
};

struct ltx_reader {
	char *name;
	ltx_page_fn *deliver;
	void *arg;

	enum state state;
	size_t want; /* bytes that the state needs at once */
	size_t have; /* of them in held */
	uint64_t at; /* bytes of the file taken so far */
	int failed;

	struct ltx_header header;
	uint64_t crc;
	uint32_t pgno; /* the current or last page; 0 = none yet */
	uint32_t pages;
	uint64_t frame; /* where the next frame begins */
	struct index_sum due, found;

	unsigned char held[LTX_BLOCK_MAX];
	unsigned char page[LTX_PAGE_MAX];
};

struct ltx_reader *
ltx_reader_new(const char *name, ltx_page_fn *page, void *arg)
{
	struct ltx_reader *r = malloc(sizeof(*r));

	if (r == NULL)
		err_die("out of memory");
	memset(r, 0, offsetof(struct ltx_reader, held));
	r->name = strdup(name);
	if (r->name == NULL)
		err_die("out of memory");
	r->deliver = page;
	r->arg = arg;
	r->state = HEADER;
	r->want = LTX_HEADER;
	return r;
}

static void
expect(struct ltx_reader *r, enum state state, size_t want)
{
	r->state = state;
	r->want = want;
}

static void
sum(struct ltx_reader *r, const void *p, size_t n)
{
	r->crc = ltx_crc64(r->crc, p, n);
}

static void
sum_index(struct index_sum *index, const void *p, size_t n)
{
	index->crc = ltx_crc64(index->crc, p, n);
	index->n += n;
}

static int
take_header(struct ltx_reader *r, const unsigned char *p, struct err *err)
{
	if (ltx_header_parse(p, LTX_HEADER, r->name, &r->header, err) != 0)
		return -1;
	sum(r, p, LTX_HEADER);
	r->frame = LTX_HEADER;
	expect(r, PAGE, PAGE_BYTES);
	return 0;
}

static int
take_end_of_pages(struct ltx_reader *r, const unsigned char *p, struct err *err)
{
	uint32_t next = ltx_next_page(r->pgno, r->header.page_size);

	if (r->header.min_txid == 1 && next <= r->header.commit)
		return err_set(err, ERR_CORRUPT,
		    "%s: page %u is missing from a snapshot of %u", r->name,
		    next, r->header.commit);
	sum(r, p, PAGE_BYTES);
	if (r->due.n > 0)
		expect(r, INDEX, 0);
	else
		expect(r, TAIL, TAIL_BYTES);
	return 0;
}

static int
check_pgno(const struct ltx_reader *r, uint32_t pgno, struct err *err)
{
	uint32_t size = r->header.page_size;

	if (pgno <= r->pgno)
		return err_set(err, ERR_CORRUPT, "%s: page %u after page %u",
		    r->name, pgno, r->pgno);
	if (pgno > r->header.commit)
		return err_set(err, ERR_CORRUPT,
		    "%s: page %u in a database of %u", r->name, pgno,
		    r->header.commit);
	if (pgno == ltx_lock_page(size))
		return err_set(err, ERR_CORRUPT, "%s: page %u is the lock page",
		    r->name, pgno);
	if (r->header.min_txid == 1 && pgno != ltx_next_page(r->pgno, size))
		return err_set(err, ERR_CORRUPT,
		    "%s: page %u is missing from a snapshot of %u", r->name,
		    ltx_next_page(r->pgno, size), r->header.commit);
	return 0;
}

static int
take_page(struct ltx_reader *r, const unsigned char *p, struct err *err)
{
	static const unsigned char end[LTX_PAGES_END];
	uint32_t pgno = ltx_get_u32(p);
	uint16_t flags = ltx_get_u16(p + 4);

	if (memcmp(p, end, PAGE_BYTES) == 0)
		return take_end_of_pages(r, p, err);
	if (check_pgno(r, pgno, err) != 0)
		return -1;
	if (flags == 0) {
		err_set(err, ERR_CORRUPT,
		    "%s: page %u: an LZ4 frame, as Litestream 0.5.0 to "
		    "0.5.15 wrote them, is not understood",
		    r->name, pgno);
		return err_hint(err,
		    "restore it with Litestream, or let 0.5.16 or later "
		    "write a new snapshot");
	}
	if (flags != LTX_PAGE_BLOCK)
		return err_set(err, ERR_CORRUPT, "%s: page %u: flags 0x%x",
		    r->name, pgno, flags);
	sum(r, p, PAGE_BYTES);
	r->pgno = pgno;
	expect(r, BLOCK_SIZE, 4);
	return 0;
}

static int
take_block_size(struct ltx_reader *r, const unsigned char *p, struct err *err)
{
	uint32_t n = ltx_get_u32(p);
	unsigned char entry[3 * LTX_UVARINT];
	size_t entry_n;

	if (n == 0 || n > LTX_BLOCK_BOUND(r->header.page_size))
		return err_set(err, ERR_CORRUPT,
		    "%s: page %u: a block of %u bytes", r->name, r->pgno, n);
	sum(r, p, 4);
	entry_n = ltx_put_uvarint(entry, r->pgno);
	entry_n += ltx_put_uvarint(entry + entry_n, r->frame);
	entry_n += ltx_put_uvarint(entry + entry_n, LTX_PAGE_HEADER + n);
	sum_index(&r->due, entry, entry_n);
	r->frame += LTX_PAGE_HEADER + n;
	expect(r, BLOCK, n);
	return 0;
}

static int
take_block(struct ltx_reader *r, const unsigned char *p, struct err *err)
{
	int size = (int)r->header.page_size;

	if (LZ4_decompress_safe(
		(const char *)p, (char *)r->page, (int)r->want, size) != size)
		return err_set(err, ERR_CORRUPT,
		    "%s: page %u: does not decompress to %d bytes", r->name,
		    r->pgno, size);
	sum(r, r->page, r->header.page_size);
	r->pages++;
	expect(r, PAGE, PAGE_BYTES);
	return r->deliver(r->arg, &r->header, r->pgno, r->page, err);
}

static int
take_tail(struct ltx_reader *r, const unsigned char *p, struct err *err)
{
	uint64_t checksum = ltx_get_u64(p + TAIL_BYTES - 8);

	if (p[0] != 0 || ltx_get_u64(p + 1) != r->due.n + 1)
		return err_set(err, ERR_CORRUPT,
		    "%s: the index of %u pages does not end where it must",
		    r->name, r->pages);
	if (ltx_get_u64(p + 9) != 0)
		return err_set(err, ERR_CORRUPT,
		    "%s: trailer: a database checksum where flags say none",
		    r->name);
	sum(r, p, TAIL_BYTES - 8);
	if (checksum != (r->crc | LTX_FILE_CHECKSUM))
		return err_set(err, ERR_CORRUPT,
		    "%s: checksum %016llx where the content has %016llx",
		    r->name, (unsigned long long)checksum,
		    (unsigned long long)(r->crc | LTX_FILE_CHECKSUM));
	expect(r, END, 0);
	return 0;
}

/* As much of the index as there is in p; how much, or -1. */
static ssize_t
take_index(
    struct ltx_reader *r, const unsigned char *p, size_t n, struct err *err)
{
	if (n > r->due.n - r->found.n)
		n = r->due.n - r->found.n;
	sum(r, p, n);
	sum_index(&r->found, p, n);
	if (r->found.n < r->due.n)
		return (ssize_t)n;
	if (r->found.crc != r->due.crc)
		return err_set(err, ERR_CORRUPT,
		    "%s: the index does not describe the %u pages", r->name,
		    r->pages);
	expect(r, TAIL, TAIL_BYTES);
	return (ssize_t)n;
}

/* The r->want bytes at p. */
static int
take(struct ltx_reader *r, const unsigned char *p, struct err *err)
{
	switch (r->state) {
	case HEADER:
		return take_header(r, p, err);
	case PAGE:
		return take_page(r, p, err);
	case BLOCK_SIZE:
		return take_block_size(r, p, err);
	case BLOCK:
		return take_block(r, p, err);
	case TAIL:
		return take_tail(r, p, err);
	case INDEX:
	case END:
		break;
	}
	err_die("ltx reader: state %d takes no bytes", r->state);
}

/* Some of the n bytes at p, at least one; how many, or -1. */
static ssize_t
push_some(
    struct ltx_reader *r, const unsigned char *p, size_t n, struct err *err)
{
	size_t want = r->want;

	if (r->state == END)
		return err_set(err, ERR_CORRUPT,
		    "%s: goes on after its end at byte %llu", r->name,
		    (unsigned long long)r->at);
	if (r->state == INDEX)
		return take_index(r, p, n, err);
	if (r->have == 0 && n >= want)
		return take(r, p, err) == 0 ? (ssize_t)want : -1;
	if (n > want - r->have)
		n = want - r->have;
	memcpy(r->held + r->have, p, n);
	r->have += n;
	if (r->have == want) {
		r->have = 0;
		if (take(r, r->held, err) != 0)
			return -1;
	}
	return (ssize_t)n;
}

int
ltx_reader_push(struct ltx_reader *r, const void *p, size_t n, struct err *err)
{
	const unsigned char *b = p;
	ssize_t taken;

	assert(!r->failed);
	while (n > 0) {
		taken = push_some(r, b, n, err);
		if (taken < 0) {
			r->failed = 1;
			return -1;
		}
		b += taken;
		n -= (size_t)taken;
		r->at += (uint64_t)taken;
	}
	return 0;
}

int
ltx_reader_finish(struct ltx_reader *r, struct err *err)
{
	assert(!r->failed);
	r->failed = r->state != END;
	switch (r->state) {
	case HEADER:
		return err_set(err, ERR_CORRUPT,
		    "%s: ends after %llu bytes, in the header", r->name,
		    (unsigned long long)r->at);
	case PAGE:
		return err_set(err, ERR_CORRUPT,
		    "%s: ends after %llu bytes, after page %u", r->name,
		    (unsigned long long)r->at, r->pgno);
	case BLOCK_SIZE:
	case BLOCK:
		return err_set(err, ERR_CORRUPT,
		    "%s: ends after %llu bytes, in page %u", r->name,
		    (unsigned long long)r->at, r->pgno);
	case INDEX:
	case TAIL:
		return err_set(err, ERR_CORRUPT,
		    "%s: ends after %llu bytes, in the index or trailer",
		    r->name, (unsigned long long)r->at);
	case END:
		break;
	}
	return 0;
}

size_t
ltx_reader_want(const struct ltx_reader *r)
{
	if (r->state == INDEX)
		return r->due.n - r->found.n;
	/* What follows the end is refused, byte by byte. */
	return r->state == END ? 1 : r->want - r->have;
}

const struct ltx_header *
ltx_reader_header(const struct ltx_reader *r)
{
	return r->state == HEADER ? NULL : &r->header;
}

void
ltx_reader_free(struct ltx_reader *r)
{
	if (r == NULL)
		return;
	free(r->name);
	free(r);
}
