#include "replication/pages.h"

#include <stdlib.h>
#include <string.h>

static int
collect(void *arg, const struct wal_frame *frame, struct err *err)
{
	struct pages *pages = arg;

	(void)err;
	if (pages->n == pages->cap) {
		pages->cap = pages->cap == 0 ? 64 : 2 * pages->cap;
		pages->entry =
		    realloc(pages->entry, pages->cap * sizeof(*pages->entry));
		if (pages->entry == NULL)
			err_die("out of memory");
	}
	pages->entry[pages->n].pgno = frame->pgno;
	pages->entry[pages->n].frame = frame->number;
	pages->n++;
	if (frame->pages != 0) {
		pages->pages = frame->pages;
		if (pages->least == 0 || frame->pages < pages->least)
			pages->least = frame->pages;
	}
	return 0;
}

/* By page; of one page the newest frame first. */
static int
compare(const void *a, const void *b)
{
	const struct pages_entry *x = a, *y = b;

	if (x->pgno != y->pgno)
		return x->pgno < y->pgno ? -1 : 1;
	return x->frame > y->frame ? -1 : 1;
}

static void
keep_newest(struct pages *pages)
{
	size_t i, n = 0;

	if (pages->n == 0)
		return;
	qsort(pages->entry, pages->n, sizeof(*pages->entry), compare);
	for (i = 0; i < pages->n; i++) {
		if (n > 0 && pages->entry[n - 1].pgno == pages->entry[i].pgno)
			continue;
		pages->entry[n++] = pages->entry[i];
	}
	pages->n = n;
}

int
pages_init(struct pages *pages, struct db *db, const struct db_wal *index,
    struct wal_place *place, uint32_t to, struct err *err)
{
	memset(pages, 0, sizeof(*pages));
	pages->page_size = index->page_size;
	pages->from = place->frame;
	pages->to = to;
	if (wal_walk(db, index, place, to, collect, pages, err)) {
		pages_free(pages);
		return -1;
	}
	keep_newest(pages);
	return 0;
}

void
pages_free(struct pages *pages)
{
	free(pages->entry);
	memset(pages, 0, sizeof(*pages));
}

uint32_t
pages_find(const struct pages *pages, uint32_t pgno)
{
	size_t lo = 0, hi = pages->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (pages->entry[mid].pgno < pgno)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < pages->n && pages->entry[lo].pgno == pgno)
		return pages->entry[lo].frame;
	return 0;
}

int
pages_read(struct db *db, uint32_t page_size, uint32_t pgno, uint32_t frame,
    void *page, struct err *err)
{
	int64_t at = (int64_t)(pgno - 1) * page_size;
	int64_t size;

	if (frame != 0)
		return wal_page(db, page_size, frame, page, err);
	if (db_file_size(db, &size, err))
		return -1;
	if (at + page_size > size) {
		memset(page, 0, page_size);
		return 0;
	}
	return db_read_file(db, page, page_size, at, err);
}
