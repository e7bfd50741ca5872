#ifndef ROWHOUSE_TESTS_STORE_PLACE_H
#define ROWHOUSE_TESTS_STORE_PLACE_H

/* A store of a test's own, and operations that note what came of them. */

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "replication/store.h"
#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tests/unit/unit.h"

/* STORE_URL names another store; each test has a place of its own in it. */
struct place {
	char dir[PATH_MAX]; /* scratch */
	char url[PATH_MAX];
	struct store *store;
};

static inline int
set_up(void **state)
{
	const char *base = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	const char *url = getenv("STORE_URL");
	struct place *place = calloc(1, sizeof *place);
	struct err err = ERR_INIT;

	assert_non_null(place);
	snprintf(place->dir, 1000, "%.900s/test_store.XXXXXX", base);
	assert_non_null(mkdtemp(place->dir));
	if (url) {
		size_t n = strcspn(url, "?");

		snprintf(place->url, sizeof place->url, "%.*s%s%.1000s", (int)n,
		    url, strrchr(place->dir, '/'), url + n);
	} else
		snprintf(place->url, sizeof place->url, "file://%.1000s/r",
		    place->dir);
	place->store = store_open(place->url, &err);
	if (!place->store)
		fail_msg("%s", err.msg);
	*state = place;
	return 0;
}

static inline int
tear_down(void **state)
{
	struct place *place = *state;
	struct err err = ERR_INIT;

	store_close(place->store);
	assert_int_equal(file_remove_tree(place->dir, &err), 0);
	free(place);
	return 0;
}

/* --- operations ------------------------------------------------------------- */

struct seen {
	struct buf data;
	int done;
	struct err err;
	size_t n;
	struct store_object object[64];
	size_t fail_after; /* bytes or objects; 0 = never */
};

static inline int
see_data(struct store_op *op, const void *p, size_t n, struct err *err)
{
	struct seen *seen = op->arg;

	buf_put(&seen->data, p, n);
	if (seen->fail_after > 0 && seen->data.n >= seen->fail_after)
		return err_set(err, ERR_FULL, "enough");
	return 0;
}

static inline int
see_object(
    struct store_op *op, const struct store_object *object, struct err *err)
{
	struct seen *seen = op->arg;

	assert_true(seen->n < 64);
	seen->object[seen->n++] = *object;
	if (seen->fail_after > 0 && seen->n >= seen->fail_after)
		return err_set(err, ERR_FULL, "enough");
	return 0;
}

static inline void
see_done(struct store_op *op, const struct err *err)
{
	struct seen *seen = op->arg;

	seen->done++;
	seen->err = *err;
}

static inline struct store_key
ltx_key(const char *slug, uint32_t epoch, int level, uint64_t min, uint64_t max)
{
	struct store_key key = { .epoch = epoch,
		.kind = STORE_LTX,
		.level = level,
		.min_txid = min,
		.max_txid = max };

	snprintf(key.slug, sizeof key.slug, "%s", slug);
	return key;
}

static inline struct store_key
owner_key(const char *slug, uint32_t epoch)
{
	struct store_key key = ltx_key(slug, epoch, 0, 0, 0);

	key.kind = STORE_OWNER;
	return key;
}

static inline struct store_key
machine_key(void)
{
	return (struct store_key){ .kind = STORE_MACHINE };
}

static inline struct store_op
new_op(enum store_verb verb, struct store_key key, struct seen *seen)
{
	memset(seen, 0, sizeof *seen);
	buf_init(&seen->data, (size_t)64 << 20);
	return (struct store_op){ .verb = verb,
		.key = key,
		.data = see_data,
		.object = see_object,
		.done = see_done,
		.time_ms = 1795428000123,
		.arg = seen };
}

static inline int
put_bytes(struct store *store, struct store_key key, struct str bytes,
    struct err *err)
{
	struct seen seen;
	struct store_op op = new_op(STORE_PUT, key, &seen);

	op.bytes = bytes;
	return store_now(store, &op, err);
}

static inline void
must_put(struct store *store, struct store_key key, struct str bytes)
{
	struct err err = ERR_INIT;

	if (put_bytes(store, key, bytes, &err) != 0)
		fail_msg("%s", err.msg);
}

static inline void
assert_content(struct store *store, struct store_key key, int64_t offset,
    int64_t length, struct str want)
{
	struct seen seen;
	struct store_op op = new_op(STORE_GET, key, &seen);
	struct err err = ERR_INIT;

	op.offset = offset;
	op.length = length;
	if (store_now(store, &op, &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(seen.data.n, want.n);
	if (want.n > 0)
		assert_memory_equal(seen.data.p, want.p, want.n);
	buf_free(&seen.data);
}

static inline struct str
noise(size_t n, unsigned seed)
{
	char *p = malloc(n + 1);
	uint64_t v = seed;

	assert_non_null(p);
	for (size_t i = 0; i < n; i++) {
		v = v * 6364136223846793005u + 1442695040888963407u;
		p[i] = (char)(v >> 56);
	}
	return str_make(p, n);
}

static inline void
drop(struct str s)
{
	free((void *)(uintptr_t)s.p);
}

#define here(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
