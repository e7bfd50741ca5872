/*
 * Flips a bit of a page in an LTX file, and makes every checksum right again:
 * what only a comparison with the database can find.
 */
#ifndef ROWHOUSE_TESTS_SPOIL_LTX_H
#define ROWHOUSE_TESTS_SPOIL_LTX_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "replication/ltx.h"
#include "tenants/base/file.h"

struct spoil {
	uint32_t pgno;
	const char *temp;
	struct ltx_writer *writer;
	int fd;
	int hit;
};

static inline int
spoil_page(void *arg, const struct ltx_header *header, uint32_t pgno,
    const void *page, struct err *err)
{
	struct spoil *spoil = arg;
	unsigned char copy[65536];

	if (spoil->writer == NULL)
		spoil->writer = ltx_writer_new(spoil->fd, spoil->temp, header);
	memcpy(copy, page, header->page_size);
	if (pgno == spoil->pgno) {
		copy[header->page_size - 1] ^= 1;
		spoil->hit = 1;
	}
	return ltx_writer_page(spoil->writer, pgno, copy, err);
}

static inline int
spoil_copy(struct spoil *spoil, const char *path, struct err *err)
{
	struct ltx_reader *reader = ltx_reader_new(path, spoil_page, spoil);
	unsigned char piece[65536];
	int fd = file_open(path, O_RDONLY, 0, err);
	int64_t size;
	ssize_t n = 0;
	int rc = -1;

	while (fd >= 0 && (n = read(fd, piece, sizeof(piece))) > 0) {
		if (ltx_reader_push(reader, piece, (size_t)n, err))
			goto out;
	}
	if (fd >= 0 && n == 0 && ltx_reader_finish(reader, err) == 0 &&
	    ltx_writer_finish(spoil->writer, &size, err) == 0)
		rc = 0;
out:
	file_drop(&fd);
	ltx_writer_free(spoil->writer);
	ltx_reader_free(reader);
	return rc;
}

/* ERR_NOT_FOUND where the file does not hold the page. */
static inline int
spoil_ltx(const char *path, uint32_t pgno, struct err *err)
{
	struct spoil spoil = { .pgno = pgno };
	char temp[4096];
	int rc = -1;

	snprintf(temp, sizeof(temp), "%s.spoiled", path);
	spoil.temp = temp;
	spoil.fd = file_open(temp, O_WRONLY | O_CREAT | O_TRUNC, 0600, err);
	if (spoil.fd < 0 || spoil_copy(&spoil, path, err))
		goto out;
	if (!spoil.hit)
		err_set(err, ERR_NOT_FOUND, "%s: no page %u", path, pgno);
	else
		rc = file_rename(temp, path, err);
out:
	file_drop(&spoil.fd);
	return rc;
}

#endif
