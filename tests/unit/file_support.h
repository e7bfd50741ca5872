#ifndef ROWHOUSE_TESTS_FILE_SUPPORT_H
#define ROWHOUSE_TESTS_FILE_SUPPORT_H

#include <fcntl.h>

#include "tenants/base/file.h"
#include "tests/unit/unit.h"

#define NOBODY 65534

/* Every test works in an empty directory of its own. */
static struct arena *arena;

static inline int
enter(void **state)
{
	(void)state;
	arena = arena_new((size_t)8 << 20);
	return unit_scratch();
}

static inline int
leave(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static inline void
assert_content(const char *path, const char *text)
{
	struct err err = ERR_INIT;
	struct str s;

	assert_int_equal(file_read(path, 1 << 20, arena, &s, &err), 0);
	assert_string_equal(s.p, text);
}

static inline void
assert_names(const char *path, const char *want)
{
	struct file_names names;
	struct err err = ERR_INIT;
	char got[1000] = "";
	size_t i;

	assert_int_equal(file_list(path, arena, &names, &err), 0);
	for (i = 0; i < names.n; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s",
		    i ? " " : "", names.name[i]);
	assert_string_equal(got, want);
}

/* What is in the table of descriptors, to see that none is lost. */
static inline int
next_descriptor(void)
{
	int fd = open("/", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

#define test(f) cmocka_unit_test_setup_teardown(f, enter, leave)

#endif
