#ifndef ROWHOUSE_TESTS_RESTORE_PLACE_H
#define ROWHOUSE_TESTS_RESTORE_PLACE_H

/* A replica of a test's own, and room for what is restored from it. */

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "replication/restore.h"
#include "tests/unit/replica.h"
#include "tests/unit/unit.h"

#define SLUG "acme"

struct place {
	char dir[512]; /* scratch */
	char db[600];
	char to[600];
	struct store *store;
	struct arena *arena;
	struct replica replica;
};

static inline int
set_up(void **state)
{
	const char *base = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	struct place *place = calloc(1, sizeof *place);
	struct err err = ERR_INIT;
	char url[600];

	assert_non_null(place);
	snprintf(
	    place->dir, sizeof place->dir, "%.400s/test_restore.XXXXXX", base);
	assert_non_null(mkdtemp(place->dir));
	snprintf(url, sizeof url, "file://%s/r", place->dir);
	snprintf(place->db, sizeof place->db, "%s/source.sqlite", place->dir);
	snprintf(place->to, sizeof place->to, "%s/to/back.sqlite", place->dir);
	snprintf(place->replica.scratch, sizeof place->replica.scratch,
	    "%.490s/object", place->dir);
	assert_int_equal(file_mkdirs(place->to, 0700, &err), 0);
	assert_int_equal(rmdir(place->to), 0);
	place->store = store_open(url, &err);
	assert_non_null(place->store);
	place->arena = arena_new(RESTORE_PLAN_MAX);
	place->replica.store = place->store;
	place->replica.slug = SLUG;
	place->replica.epoch = 1;
	*state = place;
	return 0;
}

static inline int
tear_down(void **state)
{
	struct place *place = *state;
	struct err err = ERR_INIT;

	replica_clear(&place->replica);
	store_close(place->store);
	arena_free(place->arena);
	assert_int_equal(file_remove_tree(place->dir, &err), 0);
	free(place);
	return 0;
}

/* What a tenant's database goes through; some of it shrinks the file. */
static const char *const life[] = {
	"CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)",
	"INSERT INTO t(b) VALUES (randomblob(3000))",
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n "
	"WHERE i < 60) INSERT INTO t(b) SELECT randomblob(2000) FROM n",
	"UPDATE t SET b = zeroblob(1500) WHERE a % 3 = 0",
	"DELETE FROM t WHERE a > 20",
	"VACUUM",
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n "
	"WHERE i < 40) INSERT INTO t(b) SELECT 'x' || i FROM n",
	"CREATE INDEX i ON t(b)",
	"DROP INDEX i",
	"INSERT INTO t(b) VALUES (randomblob(900000))",
	"DELETE FROM t",
	"VACUUM",
};

static inline void
live(struct place *place, int page_size)
{
	for (size_t i = 0; i < N_OF(life); i++) {
		replica_sql(place->db, page_size, life[i]);
		replica_take(
		    &place->replica, place->db, (int64_t)(i + 1) * 1000);
	}
}

#define here(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
