#ifndef ROWHOUSE_TESTS_LTX_HISTORY_H
#define ROWHOUSE_TESTS_LTX_HISTORY_H

/*
 * Random histories of a database of small pages: raw files as the replicator
 * writes them (R6), and what each is to leave behind.
 */

#include <fcntl.h>

#include "replication/ltx.h"
#include "tests/unit/scratch.h"

#define HISTORY_PAGE  512
#define HISTORY_PAGES 48

struct image {
	uint32_t commit;
	unsigned char page[HISTORY_PAGES + 1][HISTORY_PAGE];
};

struct history {
	uint64_t seed;
	uint32_t epoch; /* 0 = 7 */
	struct image now;
};

static inline uint32_t
history_random(struct history *history, uint32_t n)
{
	history->seed = history->seed * 6364136223846793005u + 1;
	return (uint32_t)(history->seed >> 33) % n;
}

/* Several commits: pages change, and the database may shrink and grow. */
static inline void
history_write(
    struct history *history, uint64_t txid, int64_t time_ms, const char *path)
{
	struct image *now = &history->now;
	uint32_t least = txid == 1 ? 0 : now->commit;
	char changed[HISTORY_PAGES + 1] = { 0 };
	struct ltx_header header = { .page_size = HISTORY_PAGE,
		.min_txid = txid,
		.max_txid = txid,
		.time_ms = time_ms,
		.wal_offset = 32,
		.wal_size = 1072,
		.wal_salt = { 1, (uint32_t)txid },
		.node = history->epoch > 0 ? history->epoch : 7 };
	struct err err = ERR_INIT;
	struct ltx_writer *w;
	int64_t size;
	int fd;

	for (uint32_t n = history_random(history, 3) + 1; n > 0; n--) {
		uint32_t kind = history_random(history, 4);

		if (kind == 0)
			now->commit = 1 + history_random(history, now->commit);
		else if (kind == 1)
			now->commit += history_random(
			    history, HISTORY_PAGES - now->commit + 1);
		if (now->commit < least)
			least = now->commit;
		for (uint32_t k = history_random(history, 6); k > 0; k--) {
			uint32_t pgno =
			    1 + history_random(history, now->commit);

			memset(now->page[pgno],
			    (int)history_random(history, 256), HISTORY_PAGE);
			changed[pgno] = 1;
		}
	}
	/* What grew back is zeros where nobody wrote it. */
	for (uint32_t pgno = least + 1; pgno <= now->commit; pgno++) {
		if (!changed[pgno])
			memset(now->page[pgno], 0, HISTORY_PAGE);
	}
	header.commit = now->commit;
	fd = file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &err);
	assert_true(fd >= 0);
	w = ltx_writer_new(fd, path, &header);
	for (uint32_t pgno = 1; pgno <= now->commit; pgno++) {
		if (changed[pgno] || pgno > least)
			assert_int_equal(
			    ltx_writer_page(w, pgno, now->page[pgno], &err), 0);
	}
	assert_int_equal(ltx_writer_finish(w, &size, &err), 0);
	ltx_writer_free(w);
	close(fd);
}

static inline int
history_page(void *arg, const struct ltx_header *header, uint32_t pgno,
    const void *page, struct err *err)
{
	struct image *image = arg;

	(void)err;
	assert_int_equal(header->page_size, HISTORY_PAGE);
	memcpy(image->page[pgno], page, HISTORY_PAGE);
	return 0;
}

static inline struct str
history_bytes(const char *path)
{
	struct err err = ERR_INIT;
	char *p = malloc(1 << 20);
	ssize_t n;
	int fd;

	assert_non_null(p);
	fd = file_open(path, O_RDONLY, 0, &err);
	if (fd < 0)
		fail_msg("%s", err.msg);
	n = read(fd, p, 1 << 20);
	assert_true(n > 0 && n < 1 << 20);
	close(fd);
	return (struct str){ p, (size_t)n };
}

/* What a restore does.  Pages that are cut off are forgotten. */
static inline struct ltx_header
history_apply(struct image *image, const char *path)
{
	struct str bytes = history_bytes(path);
	struct ltx_reader *r = ltx_reader_new(path, history_page, image);
	struct ltx_header header;
	struct err err = ERR_INIT;

	if (ltx_reader_push(r, bytes.p, bytes.n, &err) ||
	    ltx_reader_finish(r, &err))
		fail_msg("%s", err.msg);
	header = *ltx_reader_header(r);
	ltx_reader_free(r);
	free((char *)bytes.p);
	for (uint32_t pgno = header.commit + 1; pgno <= HISTORY_PAGES; pgno++)
		memset(image->page[pgno], 0xee, HISTORY_PAGE);
	image->commit = header.commit;
	return header;
}

static inline void
assert_same_image(const struct image *a, const struct image *b)
{
	assert_int_equal(a->commit, b->commit);
	for (uint32_t pgno = 1; pgno <= a->commit; pgno++)
		assert_memory_equal(a->page[pgno], b->page[pgno], HISTORY_PAGE);
}

#endif
