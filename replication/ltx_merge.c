#include "replication/ltx_merge.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenants/base/file.h"

/*
 * MERGING
 *
 * All inputs of a round are read side by side, each as far as its next page.
 * The lowest page number among those is the next of the result, and where
 * several inputs have it the newest of them is right; what the database no
 * longer has in the end is left out.
 *
 * No page that it must have can be missing by that.  Take one above the
 * smallest size that the database had on the way, and not above its size in
 * the end.  The last time that the database grew past it, the page had to be
 * in the file that did so (R6), and the newest input that has it holds its last
 * content.  This is checked: from the sizes after each input it is known from where on
 * no page may be absent.
 *
 * The verdict on an input's checksum comes at its end, when its pages are
 * in the result already: until then the result has another name.
 */
#define ROUND        64
#define INPUT_BUFFER ((size_t)16 * 1024)

struct source {
	char *path;
	int ours; /* of an earlier round: removed once it is merged */
};

struct sources {
	struct source *source;
	size_t n;
};

struct input {
	const char *path;
	int fd;
	int64_t size, at; /* of the file; and of it in the buffer so far */
	struct ltx_reader *reader;
	uint32_t pgno; /* the next one's; 0 = it has no more */
	const void *page;
	unsigned char *buffer;
	size_t from, to; /* what of the buffer is not pushed yet */
};

struct ltx_merge {
	char *out, *temporary;
	struct sources left, made; /* inputs of this level, and of the next */
	unsigned drafts; /* names given to results of rounds */
	size_t done; /* of left */

	/* The round. */
	struct input input[ROUND];
	size_t n; /* 0 = none is open */
	char *path;
	int fd;
	struct ltx_writer *writer;
	struct ltx_header header;
	uint32_t least; /* every page above it must be there */
	uint32_t last;
	int64_t bytes;
	int finished;
};

static void
add(struct sources *sources, const char *path, int ours)
{
	struct source *last;

	sources->source =
	    realloc(sources->source, (sources->n + 1) * sizeof(struct source));
	if (sources->source == NULL)
		err_die("out of memory");
	last = &sources->source[sources->n++];
	last->path = strdup(path);
	last->ours = ours;
	if (last->path == NULL)
		err_die("out of memory");
}

static void
clear(struct sources *sources)
{
	for (size_t i = 0; i < sources->n; i++) {
		if (sources->source[i].ours)
			unlink(sources->source[i].path);
		free(sources->source[i].path);
	}
	free(sources->source);
	memset(sources, 0, sizeof(*sources));
}

struct ltx_merge *
ltx_merge_new(const char *const *paths, size_t n, const char *out)
{
	struct ltx_merge *merge = calloc(1, sizeof(*merge));

	assert(n > 0);
	if (merge == NULL || (merge->out = strdup(out)) == NULL ||
	    asprintf(&merge->temporary, "%s.tmp", out) < 0)
		err_die("out of memory");
	merge->fd = -1;
	for (size_t i = 0; i < n; i++)
		add(&merge->left, paths[i], 0);
	return merge;
}

/* --- one input -------------------------------------------------------------- */

static int
on_page(void *arg, const struct ltx_header *header, uint32_t pgno,
    const void *page, struct err *err)
{
	struct input *input = arg;

	(void)header, (void)err;
	input->pgno = pgno;
	input->page = page;
	return 0;
}

static void
close_input(struct input *input)
{
	ltx_reader_free(input->reader);
	file_drop(&input->fd);
	free(input->buffer);
	memset(input, 0, sizeof(*input));
}

/* Some bytes in the buffer, unless the file has no more. */
static int
refill(struct input *input, struct err *err)
{
	int64_t left = input->size - input->at;

	if (input->from < input->to || left == 0)
		return 0;
	input->from = 0;
	input->to = left < (int64_t)INPUT_BUFFER ? (size_t)left : INPUT_BUFFER;
	if (file_pread(input->fd, input->buffer, input->to, input->at,
		input->path, err))
		return -1;
	input->at += (int64_t)input->to;
	return 0;
}

/* Up to the next page; at the end all of it has been verified. */
static int
advance(struct input *input, struct err *err)
{
	size_t n, want;

	input->pgno = 0;
	while (input->pgno == 0) {
		if (refill(input, err))
			return -1;
		n = input->to - input->from;
		if (n == 0)
			return ltx_reader_finish(input->reader, err);
		want = ltx_reader_want(input->reader);
		if (n > want)
			n = want;
		if (ltx_reader_push(
			input->reader, input->buffer + input->from, n, err))
			return -1;
		input->from += n;
	}
	return 0;
}

/* As far as its header. */
static int
open_input(struct input *input, const char *path, struct err *err)
{
	struct stat st;

	input->path = path;
	input->fd = file_open(path, O_RDONLY, 0, err);
	if (input->fd < 0)
		return -1;
	if (fstat(input->fd, &st))
		return err_sys(err, "%s", path);
	input->size = st.st_size;
	input->reader = ltx_reader_new(path, on_page, input);
	input->buffer = malloc(INPUT_BUFFER);
	if (input->buffer == NULL)
		err_die("out of memory");
	if (refill(input, err))
		return -1;
	input->from = input->to < LTX_HEADER ? input->to : LTX_HEADER;
	if (ltx_reader_push(input->reader, input->buffer, input->from, err))
		return -1;
	/* Says that it ends in the header. */
	return input->from < LTX_HEADER ? ltx_reader_finish(input->reader, err)
					: 0;
}

/* --- a round ------------------------------------------------------------------ */

/*
 * Two inputs contradict each other.  If one of those that are open is damaged,
 * the error is about that one instead.
 */
static int
blame(struct ltx_merge *merge, size_t n, struct err *err)
{
	struct err found = ERR_INIT;

	for (size_t i = 0; i < n; i++) {
		struct input *input = &merge->input[i];

		do {
			if (advance(input, &found)) {
				*err = found;
				return -1;
			}
		} while (input->pgno != 0);
	}
	return -1;
}

/* Does the next input go on where the header ends? */
static int
join(struct ltx_header *header, const struct ltx_header *next, const char *path,
    struct err *err)
{
	if (next->page_size != header->page_size)
		return err_set(err, ERR_CORRUPT,
		    "%s: pages of %u bytes behind pages of %u", path,
		    next->page_size, header->page_size);
	if (next->node != header->node)
		return err_set(err, ERR_CORRUPT,
		    "%s: is of epoch %08llx, and what is before it of %08llx",
		    path, (unsigned long long)next->node,
		    (unsigned long long)header->node);
	if (next->min_txid != header->max_txid + 1)
		return err_set(err, ERR_CORRUPT,
		    "%s: begins with TXID %llu behind TXID %llu", path,
		    (unsigned long long)next->min_txid,
		    (unsigned long long)header->max_txid);
	if (next->time_ms < header->time_ms)
		return err_set(err, ERR_CORRUPT,
		    "%s: is older than what is before it", path);
	header->max_txid = next->max_txid;
	header->commit = next->commit;
	header->time_ms = next->time_ms;
	return 0;
}

static int
open_inputs(struct ltx_merge *merge, struct err *err)
{
	size_t n = merge->left.n - merge->done;
	const struct ltx_header *next;

	merge->n = n < ROUND ? n : ROUND;
	for (size_t i = 0; i < merge->n; i++)
		merge->input[i].fd = -1;
	for (size_t i = 0; i < merge->n; i++) {
		struct input *input = &merge->input[i];

		if (open_input(
			input, merge->left.source[merge->done + i].path, err))
			return -1;
		next = ltx_reader_header(input->reader);
		if (i == 0) {
			merge->header = *next;
			/* Of a snapshot, every page. */
			merge->least = next->min_txid == 1 ? 0 : next->commit;
		} else if (join(&merge->header, next, input->path, err)) {
			return blame(merge, i + 1, err);
		}
		if (next->commit < merge->least)
			merge->least = next->commit;
		if (advance(input, err))
			return -1;
	}
	merge->header.wal_offset = merge->header.wal_size = 0;
	memset(merge->header.wal_salt, 0, sizeof(merge->header.wal_salt));
	return 0;
}

/* The first that must follow the last one: those above least leave no gap. */
static uint32_t
required(const struct ltx_merge *merge)
{
	uint32_t from = merge->last > merge->least ? merge->last : merge->least;

	return ltx_next_page(from, merge->header.page_size);
}

static int
check_no_gap(struct ltx_merge *merge, uint32_t pgno, struct err *err)
{
	if (pgno <= required(merge))
		return 0;
	err_set(err, ERR_CORRUPT,
	    "%s: page %u is missing, which the database grew by on the way "
	    "from TXID %llu to %llu",
	    merge->input[merge->n - 1].path, required(merge),
	    (unsigned long long)merge->header.min_txid,
	    (unsigned long long)merge->header.max_txid);
	return blame(merge, merge->n, err);
}

static int
begin_round(struct ltx_merge *merge, struct err *err)
{
	int last = merge->done == 0 && merge->left.n <= ROUND;

	if (open_inputs(merge, err))
		return -1;
	if (last)
		merge->path = strdup(merge->temporary);
	else if (asprintf(&merge->path, "%s-%u", merge->temporary,
		     merge->drafts++) < 0)
		merge->path = NULL;
	if (merge->path == NULL)
		err_die("out of memory");
	merge->last = 0;
	merge->fd =
	    file_open(merge->path, O_RDWR | O_CREAT | O_TRUNC, 0600, err);
	if (merge->fd < 0)
		return -1;
	merge->writer = ltx_writer_new(merge->fd, merge->path, &merge->header);
	return 0;
}

/* The round's inputs are no longer needed. */
static void
end_inputs(struct ltx_merge *merge)
{
	for (size_t i = 0; i < merge->n; i++)
		close_input(&merge->input[i]);
	merge->n = 0;
	ltx_writer_free(merge->writer);
	merge->writer = NULL;
}

/* 1 all is merged, 0 there are rounds to come, -1. */
static int
end_round(struct ltx_merge *merge, struct err *err)
{
	size_t n = merge->n;

	if (check_no_gap(merge, merge->header.commit + 1, err) ||
	    ltx_writer_finish(merge->writer, &merge->bytes, err) ||
	    file_close(&merge->fd, merge->path, err))
		return -1;
	end_inputs(merge);
	if (merge->left.n == n) {
		if (rename(merge->path, merge->out))
			return err_sys(err, "%s: rename", merge->path);
		clear(&merge->left);
		merge->finished = 1;
		return 1;
	}
	add(&merge->made, merge->path, 1);
	free(merge->path);
	merge->path = NULL;
	merge->done += n;
	if (merge->done == merge->left.n) {
		clear(&merge->left);
		merge->left = merge->made;
		memset(&merge->made, 0, sizeof(merge->made));
		merge->done = 0;
	}
	return 0;
}

/* The newest of the lowest page: its index, and -1 when there is none. */
static int
lowest(const struct ltx_merge *merge)
{
	int found = -1;

	for (size_t i = 0; i < merge->n; i++) {
		uint32_t pgno = merge->input[i].pgno;

		if (pgno != 0 &&
		    (found < 0 || pgno <= merge->input[found].pgno))
			found = (int)i;
	}
	return found;
}

/* 1 the inputs have no more, 0, -1. */
static int
put_lowest(struct ltx_merge *merge, struct err *err)
{
	int newest = lowest(merge);
	uint32_t pgno;

	if (newest < 0)
		return 1;
	pgno = merge->input[newest].pgno;
	if (pgno <= merge->header.commit) {
		if (check_no_gap(merge, pgno, err) ||
		    ltx_writer_page(
			merge->writer, pgno, merge->input[newest].page, err))
			return -1;
		merge->last = pgno;
	}
	for (size_t i = 0; i < merge->n; i++) {
		if (merge->input[i].pgno == pgno &&
		    advance(&merge->input[i], err))
			return -1;
	}
	return 0;
}

int
ltx_merge_step(struct ltx_merge *merge, unsigned pages, struct err *err)
{
	int ended;

	assert(!merge->finished);
	for (unsigned i = 0; i < pages; i++) {
		if (merge->n == 0 && begin_round(merge, err))
			return -1;
		ended = put_lowest(merge, err);
		if (ended < 0)
			return -1;
		if (!ended)
			continue;
		ended = end_round(merge, err);
		if (ended != 0)
			return ended;
	}
	return 0;
}

const struct ltx_header *
ltx_merge_header(const struct ltx_merge *merge)
{
	assert(merge->finished);
	return &merge->header;
}

int64_t
ltx_merge_bytes(const struct ltx_merge *merge)
{
	assert(merge->finished);
	return merge->bytes;
}

void
ltx_merge_free(struct ltx_merge *merge)
{
	if (merge == NULL)
		return;
	end_inputs(merge);
	file_drop(&merge->fd);
	if (merge->path != NULL && !merge->finished)
		unlink(merge->path);
	clear(&merge->left);
	clear(&merge->made);
	free(merge->path);
	free(merge->temporary);
	free(merge->out);
	free(merge);
}

int
ltx_merge_files(const char *const *paths, size_t n, const char *out,
    struct ltx_header *header, int64_t *bytes, struct err *err)
{
	struct ltx_merge *merge = ltx_merge_new(paths, n, out);
	int done;

	do
		done = ltx_merge_step(merge, UINT32_MAX, err);
	while (done == 0);
	if (done > 0) {
		*header = *ltx_merge_header(merge);
		*bytes = ltx_merge_bytes(merge);
	}
	ltx_merge_free(merge);
	return done > 0 ? 0 : -1;
}
