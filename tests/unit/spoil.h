/* Damage to the objects of a replica in a directory, as a test wants it. */
#ifndef ROWHOUSE_TESTS_SPOIL_H
#define ROWHOUSE_TESTS_SPOIL_H

#include <fcntl.h>
#include <unistd.h>

#include "replication/ltx.h"
#include "replication/store.h"
#include "tests/unit/house.h"
#include "tests/unit/spoil_ltx.h"

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

static inline void
spoil_object(const char *path, uint32_t pgno)
{
	OK(spoil_ltx(path, pgno, &house.err));
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
