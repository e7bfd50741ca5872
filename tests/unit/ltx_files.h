#ifndef ROWHOUSE_TESTS_LTX_FILES_H
#define ROWHOUSE_TESTS_LTX_FILES_H

/* LTX files for the tests of reader and writer: one made by hand, and others. */

#include <fcntl.h>
#include <sys/mman.h>

#include "replication/ltx.h"
#include "tests/unit/unit.h"

#define NAME "acme/00000007/0/x.ltx"

/*
 * Two pages of a database of five, 512 bytes each: 'A's and 'B's.  Made by
 * hand from the text in ltx.c, checksum by a program of eight lines; it
 * stays as it is.
 */
/* clang-format off */
static const unsigned char golden[] = {
	'L', 'T', 'X', '1',			/*   0 magic */
	0, 0, 0, 2,				/*   4 no database checksums */
	0, 0, 2, 0,				/*   8 page size 512 */
	0, 0, 0, 5,				/*  12 commit */
	0, 0, 0, 0, 0, 0, 0, 2,			/*  16 min TXID */
	0, 0, 0, 0, 0, 0, 0, 3,			/*  24 max TXID */
	0, 0, 0x01, 0xa2, 0x07, 0xd9, 0x21, 0x7b, /* 32 time */
	0, 0, 0, 0, 0, 0, 0, 0,			/*  40 pre-apply checksum */
	0, 0, 0, 0, 0, 0, 0, 32,		/*  48 WAL offset */
	0, 0, 0, 0, 0, 0, 4, 0x30,		/*  56 WAL size 1072 */
	0x11, 0x22, 0x33, 0x44,			/*  64 salt-1 */
	0x55, 0x66, 0x77, 0x88,			/*  68 salt-2 */
	0, 0, 0, 0, 0, 0, 0, 7,			/*  72 node: epoch 7 */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0,		/*  80 reserved */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 2,				/* 100 page 2 */
	0, 1,					/* 104 a block */
	0, 0, 0, 12,				/* 106 of 12 bytes: */
	0x1f, 'A', 1, 0, 0xff, 0xe8,		/*     'A', 506 more */
	0x50, 'A', 'A', 'A', 'A', 'A',		/*     and 5 literals */
	0, 0, 0, 5,				/* 122 page 5 */
	0, 1,
	0, 0, 0, 12,
	0x1f, 'B', 1, 0, 0xff, 0xe8,
	0x50, 'B', 'B', 'B', 'B', 'B',
	0, 0, 0, 0, 0, 0,			/* 144 end of pages */
	2, 100, 22,				/* 150 page, offset, length */
	5, 122, 22,
	0,
	0, 0, 0, 0, 0, 0, 0, 7,			/* 157 size of the index */
	0, 0, 0, 0, 0, 0, 0, 0,			/* 165 post-apply checksum */
	0xb9, 0x96, 0xd3, 0x0b, 0x30, 0x82, 0xb3, 0xe9	/* 173 checksum */
};
/* clang-format on */

#define AT_TRAILER (sizeof(golden) - LTX_TRAILER)

/* --- what comes out of a reader ----------------------------------------- */

struct page {
	uint32_t pgno;
	unsigned char *bytes;
};

struct got {
	struct ltx_header header;
	size_t n, max;
	struct page *page;
	uint64_t sum; /* of numbers and bytes, in order */
	int keep;
	uint32_t refuse; /* page at which the callback fails */
};

static inline int
on_page(void *arg, const struct ltx_header *header, uint32_t pgno,
    const void *page, struct err *err)
{
	struct got *got = arg;

	if (pgno == got->refuse)
		return err_set(err, ERR_FULL, "no room");
	got->header = *header;
	got->sum = ltx_crc64(got->sum, &pgno, sizeof(pgno));
	got->sum = ltx_crc64(got->sum, page, header->page_size);
	got->n++;
	if (!got->keep)
		return 0;
	if (got->n > got->max) {
		got->max = got->max * 2 + 8;
		got->page = realloc(got->page, got->max * sizeof(struct page));
		assert_non_null(got->page);
	}
	got->page[got->n - 1].pgno = pgno;
	got->page[got->n - 1].bytes = malloc(header->page_size);
	assert_non_null(got->page[got->n - 1].bytes);
	memcpy(got->page[got->n - 1].bytes, page, header->page_size);
	return 0;
}

static inline void
drop_pages(struct got *got)
{
	for (size_t i = 0; got->keep && i < got->n; i++)
		free(got->page[i].bytes);
	free(got->page);
	got->page = NULL;
}

/* The whole of a file in pieces of `step`; each an allocation of its own, so
 * that reading past one is found by the address sanitizer. */
static inline int
read_in(
    const void *bytes, size_t n, size_t step, struct got *got, struct err *err)
{
	struct ltx_reader *r = ltx_reader_new(NAME, on_page, got);
	int rc = 0;

	for (size_t at = 0, k; at < n && rc == 0; at += k) {
		void *piece;

		k = n - at < step ? n - at : step;
		piece = malloc(k);
		assert_non_null(piece);
		memcpy(piece, (const char *)bytes + at, k);
		rc = ltx_reader_push(r, piece, k, err);
		free(piece);
	}
	if (rc == 0)
		rc = ltx_reader_finish(r, err);
	ltx_reader_free(r);
	return rc;
}

static inline void
assert_refused(const void *bytes, size_t n, const char *message)
{
	for (size_t step = 1; step <= n; step += step == 1 ? 6 : n) {
		struct got got = { 0 };
		struct err err = ERR_INIT;

		assert_int_equal(read_in(bytes, n, step, &got, &err), -1);
		assert_int_equal(err.code, ERR_CORRUPT);
		assert_string_equal(err.msg, message);
	}
}

/* --- making files -------------------------------------------------------- */

static inline int
scratch_file(void)
{
	int fd = memfd_create("test_ltx", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static inline unsigned char *
slurp(int fd, size_t *n)
{
	off_t size = lseek(fd, 0, SEEK_END);
	unsigned char *p = malloc((size_t)size + 1);

	assert_non_null(p);
	assert_int_equal(pread(fd, p, (size_t)size, 0), size);
	*n = (size_t)size;
	return p;
}

enum kind { ZERO, TEXT, NOISE };

static inline void
fill(unsigned char *page, size_t size, enum kind kind, uint64_t seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		page[i] = kind == ZERO ? 0
			  : kind == TEXT
			      ? (unsigned char)("the quick brown "[seed >> 60])
			      : (unsigned char)(seed >> 56);
	}
}

/* Pages first, first + stride … up to commit, but the lock page. */
static inline unsigned char *
make(const struct ltx_header *header, uint32_t first, uint32_t stride,
    enum kind kind, size_t *n)
{
	int fd = scratch_file();
	struct ltx_writer *w = ltx_writer_new(fd, "scratch", header);
	unsigned char *page = malloc(header->page_size);
	struct err err = ERR_INIT;
	int64_t size = 0;
	unsigned char *bytes;

	assert_non_null(page);
	for (uint32_t pgno = first; pgno <= header->commit; pgno += stride) {
		if (pgno == ltx_lock_page(header->page_size))
			continue;
		fill(page, header->page_size, kind, pgno);
		assert_int_equal(ltx_writer_page(w, pgno, page, &err), 0);
	}
	assert_int_equal(ltx_writer_finish(w, &size, &err), 0);
	ltx_writer_free(w);
	bytes = slurp(fd, n);
	assert_int_equal(size, *n);
	free(page);
	close(fd);
	return bytes;
}

static inline struct ltx_header
header_of(uint32_t page_size, uint32_t commit, uint64_t min, uint64_t max)
{
	return (struct ltx_header){ .page_size = page_size,
		.commit = commit,
		.min_txid = min,
		.max_txid = max,
		.time_ms = 1795428000123,
		.node = 7 };
}

#endif
