/* Damage to the objects of a replica in a directory, as a test wants it. */
#ifndef ROWHOUSE_TESTS_SPOIL_H
#define ROWHOUSE_TESTS_SPOIL_H

#include <fcntl.h>
#include <unistd.h>

#include "replication/ltx.h"
#include "replication/store.h"
#include "tests/unit/house.h"

static inline const char *
spoil_path(const char *slug, uint32_t epoch, int level, uint64_t min,
    uint64_t max)
{
	static char path[1024];
	char name[LTX_NAME];

	ltx_name(min, max, name);
	snprintf(path, sizeof(path), "%s/%s/%08x/ltx/%d/%s",
	    house.config.replica, slug, epoch, level, name);
	return path;
}

struct spoil {
	uint32_t pgno;
	struct ltx_writer *writer;
	int fd;
	const char *path;
	int hit;
};

static inline int
spoil_page(void *arg, const struct ltx_header *header, uint32_t pgno,
    const void *page, struct err *err)
{
	struct spoil *spoil = arg;
	unsigned char copy[65536];

	if (spoil->writer == NULL)
		spoil->writer = ltx_writer_new(spoil->fd, spoil->path, header);
	memcpy(copy, page, header->page_size);
	if (pgno == spoil->pgno) {
		copy[header->page_size - 1] ^= 1;
		spoil->hit = 1;
	}
	return ltx_writer_page(spoil->writer, pgno, copy, err);
}

/* The object says something else about a page, with all checksums right. */
static inline void
spoil_object(const char *path, uint32_t pgno)
{
	struct spoil spoil = { .pgno = pgno };
	struct ltx_reader *reader = ltx_reader_new(path, spoil_page, &spoil);
	char temp[1100];
	struct file_id id;
	int64_t size;
	int fd;
	void *bytes;

	snprintf(temp, sizeof(temp), "%s.spoiled", path);
	spoil.path = temp;
	OK(file_identify(path, &id, &house.err));
	bytes = malloc((size_t)id.size);
	fd = file_open(path, O_RDONLY, 0, &house.err);
	assert_true(fd >= 0 && bytes != NULL);
	OK(file_pread(fd, bytes, (size_t)id.size, 0, path, &house.err));
	close(fd);
	spoil.fd = file_open(
	    temp, O_WRONLY | O_CREAT | O_TRUNC, 0600, &house.err);
	assert_true(spoil.fd >= 0);
	OK(ltx_reader_push(reader, bytes, (size_t)id.size, &house.err));
	OK(ltx_reader_finish(reader, &house.err));
	OK(ltx_writer_finish(spoil.writer, &size, &house.err));
	ltx_writer_free(spoil.writer);
	ltx_reader_free(reader);
	close(spoil.fd);
	free(bytes);
	assert_true(spoil.hit);
	OK(file_rename(temp, path, &house.err));
}

/* One bit, in the middle. */
static inline void
spoil_bit(const char *path)
{
	struct file_id id;
	unsigned char byte;
	int fd;

	OK(file_identify(path, &id, &house.err));
	(void)chmod(path, 0600);
	fd = file_open(path, O_RDWR, 0, &house.err);
	assert_true(fd >= 0);
	OK(file_pread(fd, &byte, 1, id.size / 2, path, &house.err));
	byte ^= 0x10;
	OK(file_pwrite(fd, &byte, 1, id.size / 2, path, &house.err));
	close(fd);
}

#endif
