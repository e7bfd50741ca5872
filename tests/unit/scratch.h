#ifndef ROWHOUSE_TESTS_SCRATCH_H
#define ROWHOUSE_TESTS_SCRATCH_H

/*
 * A directory of a test's own, with the files that a table asks for.
 */

#include "tenants/base/buf.h"
#include "tenants/base/file.h"
#include "tests/unit/unit.h"

struct scratch {
	char dir[64];
};

static inline void
scratch_make(struct scratch *scratch)
{
	strcpy(scratch->dir, access("/dev/shm", W_OK) == 0
				 ? "/dev/shm/rowhouse-test-XXXXXX"
				 : "/tmp/rowhouse-test-XXXXXX");
	assert_non_null(mkdtemp(scratch->dir));
}

static inline void
scratch_remove(struct scratch *scratch)
{
	struct err err = ERR_INIT;

	if (file_remove_tree(scratch->dir, &err) != 0)
		fail_msg("%s", err.msg);
}

/* The path of a file below the directory, in one of four buffers in turn. */
static inline const char *
scratch_path(const struct scratch *scratch, const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch->dir, name);
	return path;
}

/* Makes the folders on the way too. */
static inline void
scratch_write_n(struct scratch *scratch, const char *name, struct str content)
{
	struct err err = ERR_INIT;
	char path[512], dir[512];

	snprintf(path, sizeof(path), "%s/%s", scratch->dir, name);
	strcpy(dir, path);
	*strrchr(dir, '/') = '\0';
	if (file_mkdirs(dir, 0700, &err) != 0 ||
	    file_replace(path, content, 0600, &err) != 0)
		fail_msg("%s", err.msg);
}

static inline void
scratch_write(struct scratch *scratch, const char *name, const char *content)
{
	scratch_write_n(scratch, name, str_of(content));
}

#endif
