#include "replication/ltx.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Whatever a reader is given, it gives the same pages and the same verdict in
 * one piece and in small ones; pages are in order and none above the size; an
 * error has a message that begins with the object's name.
 *
 * The first byte says what the rest is: a whole file; what follows a good
 * header; or pages to write, then damage to do to the file.
 */

#define NAME "x.ltx"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t sum;
	uint32_t last;
	uint32_t n;
	struct err err;
	int rc;
};

static void
must(int condition)
{
	if (!condition)
		abort();
}

static int
on_page(void *arg, const struct ltx_header *header, uint32_t pgno,
    const void *page, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	must(pgno > seen->last && pgno <= header->commit);
	must(pgno != ltx_lock_page(header->page_size));
	seen->last = pgno;
	seen->n++;
	seen->sum = ltx_crc64(seen->sum, page, header->page_size);
	return 0;
}

static struct seen
read_in(const uint8_t *p, size_t n, size_t step)
{
	struct seen seen = { .err = ERR_INIT };
	struct ltx_reader *r = ltx_reader_new(NAME, on_page, &seen);

	for (; n > 0 && seen.rc == 0; p += step, n -= step) {
		if (step > n)
			step = n;
		seen.rc = ltx_reader_push(r, p, step, &seen.err);
	}
	if (seen.rc == 0)
		seen.rc = ltx_reader_finish(r, &seen.err);
	ltx_reader_free(r);
	if (seen.rc != 0)
		must(seen.err.code == ERR_CORRUPT &&
		     strncmp(seen.err.msg, NAME ": ", strlen(NAME ": ")) == 0);
	return seen;
}

static struct seen
compare(const uint8_t *p, size_t n, size_t step)
{
	struct seen whole = read_in(p, n, n + 1);
	struct seen pieces = read_in(p, n, step);

	must(whole.rc == pieces.rc && whole.n == pieces.n &&
	     whole.sum == pieces.sum);
	must(strcmp(whole.err.msg, pieces.err.msg) == 0);
	return whole;
}

/* A file of the pages that data begins with; *n bytes of it. */
static uint8_t *
make(const struct ltx_header *header, const uint8_t *data, size_t size,
    size_t *n)
{
	int fd = memfd_create("fuzz_ltx", MFD_CLOEXEC);
	struct ltx_writer *w = ltx_writer_new(fd, NAME, header);
	struct err err = ERR_INIT;
	uint8_t page[512], *file;
	int64_t bytes;

	for (uint32_t pgno = 1; pgno <= header->commit; pgno++) {
		if (header->min_txid > 1 && size > 0 && data[0] & 1 << pgno)
			continue;
		for (size_t i = 0; i < sizeof page; i++)
			page[i] = size > 0 ? data[i * pgno % size] : 0;
		must(ltx_writer_page(w, pgno, page, &err) == 0);
	}
	must(ltx_writer_finish(w, &bytes, &err) == 0);
	ltx_writer_free(w);
	*n = (size_t)bytes;
	file = malloc(*n);
	must(file && pread(fd, file, *n, 0) == bytes);
	close(fd);
	return file;
}

static void
damaged(const uint8_t *data, size_t size)
{
	struct ltx_header header = { .page_size = 512,
		.commit = 1 + data[0] % 4,
		.min_txid = 1 + (data[0] >> 2 & 1),
		.max_txid = 9,
		.time_ms = 1 };
	struct seen good, bad;
	size_t n;
	uint8_t *file = make(&header, data, size, &n);

	good = compare(file, n, 1 + data[0] % 64);
	must(good.rc == 0);
	for (size_t i = 0; i + 2 < size && i < 9; i += 3)
		file[(data[i] | (size_t)data[i + 1] << 8) % n] ^= data[i + 2];
	bad = compare(file, n, 7);
	must(bad.rc != 0 || bad.sum == good.sum);
	free(file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t header[LTX_HEADER] = { 'L', 'T', 'X', '1', 0, 0, 0,
		2, 0, 0, 2, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0,
		0, 0, 0, 2 };
	uint8_t *file;

	if (size < 2)
		return 0;
	switch (data[0] % 3) {
	case 0:
		compare(data + 1, size - 1, 1 + data[0] / 3);
		break;
	case 1:
		file = malloc(sizeof header + size - 1);
		must(file != NULL);
		memcpy(file, header, sizeof header);
		memcpy(file + sizeof header, data + 1, size - 1);
		compare(file, sizeof header + size - 1, 1 + data[0] / 3);
		free(file);
		break;
	default:
		damaged(data + 1, size - 1);
	}
	return 0;
}
