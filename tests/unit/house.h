#ifndef ROWHOUSE_TESTS_HOUSE_H
#define ROWHOUSE_TESTS_HOUSE_H

/* A data directory of its own for each test, and the configuration for it. */

#include "tenants/base/config.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tests/unit/unit.h"

struct house {
	char dir[256];
	struct config config;
	struct err err;
};

/* The call is fine; where it is not, its error is shown. */
#define OK(call)                                                               \
	do {                                                                   \
		if ((call) != 0)                                               \
			fail_msg("%s: %s | %s", #call, house.err.msg,          \
			    house.err.hint);                                   \
	} while (0)

#define HAVE(pointer)                                                          \
	do {                                                                   \
		if ((pointer) == NULL)                                         \
			fail_msg("%s: %s | %s", #pointer, house.err.msg,       \
			    house.err.hint);                                   \
	} while (0)

/* It fails with this code and this text. */
#define FAILS(call, want, text)                                                \
	do {                                                                   \
		err_clear(&house.err);                                         \
		assert_true((call) != 0);                                      \
		assert_err(&house.err, (want), (text));                        \
	} while (0)

static struct house house;

static inline int
house_enter(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	memset(&house, 0, sizeof(house));
	snprintf(house.dir, sizeof(house.dir), "%s/house.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (crypto_init(&house.err) != 0 || mkdtemp(house.dir) == NULL)
		return -1;
	snprintf(house.config.data, sizeof(house.config.data), "%.200s/data",
	    house.dir);
	snprintf(house.config.run, sizeof(house.config.run), "%.200s/run",
	    house.dir);
	strcpy(house.config.base_domain, "example.com");
	house.config.worker_tenants = 64;
	house.config.worker_cache_kib = 32768;
	house.config.worker_idle_ms = 30000;
	house.config.cache_kib = 20000;
	house.config.busy_timeout_ms = 5000;
	house.config.replica_interval_ms = 1000;
	house.config.tenant_size_max = (int64_t)10 << 30;
	house.config.password_passes = 1;
	house.config.password_kib = 8;
	house.config.password_at_once = 2;
	return file_mkdirs(house.config.data, 0755, &house.err) ||
	       file_mkdirs(house.config.run, 0755, &house.err);
}

static inline int
house_leave(void **state)
{
	(void)state;
	return file_remove_tree(house.dir, &house.err);
}

#define house_test(f)                                                          \
	cmocka_unit_test_setup_teardown(f, house_enter, house_leave)

/* "<dir>/name", for one expression. */
static inline const char *
house_path(const char *name)
{
	static char path[4][512];
	static int next;
	char *out = path[next++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s", house.dir, name);
	return out;
}

static inline int64_t
house_file_size(const char *path)
{
	struct file_id id;

	OK(file_identify(path, &id, &house.err));
	return id.ino == 0 ? -1 : id.size;
}

#endif
