/*
 * For the tests of streams: a database, a worker that writes it, a stream that
 * follows it, and a judge that applies the spool file by file and compares.
 */
#ifndef ROWHOUSE_TEST_STREAM_HARNESS_H
#define ROWHOUSE_TEST_STREAM_HARNESS_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <endian.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "replication/stream.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"

#define OK(call)                                                               \
	do {                                                                   \
		struct err *e_ = &t->err;                                      \
		if (call) {                                                    \
			print_message("# %s: %s\n", #call, e_->msg);           \
			fail();                                                \
		}                                                              \
	} while (0)

struct t {
	char dir[64];
	char db_path[128];
	char spool_dir[128];
	struct config config;
	struct stream_env env;
	struct stream *stream;
	struct db *worker; /* plays the pool */
	struct err err;
	uint64_t seed;
	int breaks_allowed;
};

static __attribute__((unused)) uint32_t
roll(struct t *t, uint32_t n)
{
	t->seed = t->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(t->seed >> 33) % n;
}

static __attribute__((unused)) struct db *
open_db(struct t *t, enum db_role role, int create)
{
	struct db_opts opts = { .path = t->db_path,
		.role = role,
		.create = create,
		.busy_ms = 2000 };
	struct db *db = db_open(&opts, &t->err);

	if (db == NULL)
		print_message("# %s\n", t->err.msg);
	assert_non_null(db);
	return db;
}

static __attribute__((unused)) void
new_stream(struct t *t)
{
	t->stream =
	    stream_new(&t->env, "acme", t->db_path, t->spool_dir);
	assert_non_null(t->stream);
	t->stream->incarnation = 1;
	stream_touch(t->stream);
}

static __attribute__((unused)) void
exec(struct t *t, const char *sql)
{
	struct db_commit commit;

	OK(db_begin_write(t->worker, e_));
	OK(db_exec(t->worker, sql, e_));
	OK(db_commit(t->worker, e_));
	if (db_take_commit(t->worker, &commit))
		stream_hint(t->stream, &commit);
}

static __attribute__((unused)) int
setup(void **state)
{
	struct t *t = calloc(1, sizeof(*t));
	const char *seed = getenv("SEED");

	/* In memory, where nothing is slow enough to hide a race of clocks. */
	strcpy(t->dir, access("/dev/shm", W_OK) == 0
	    ? "/dev/shm/rowhouse-stream-XXXXXX"
	    : "/tmp/rowhouse-stream-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->db_path, sizeof(t->db_path), "%s/db.sqlite", t->dir);
	snprintf(t->spool_dir, sizeof(t->spool_dir), "%s/spool", t->dir);
	snprintf(t->config.data, sizeof(t->config.data), "%s", t->dir);
	t->config.replica_interval_ms = 1000;
	t->config.replica_checkpoint = 50;
	t->config.replica_snapshot_ms = 86400000;
	t->config.replica_idle_ms = 0;
	t->env.config = &t->config;
	t->env.host = "test";
	t->env.data_fd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(t->env.data_fd >= 0);
	if (seed != NULL)
		t->seed = strtoull(seed, NULL, 10);
	else
		crypto_random(&t->seed, sizeof(t->seed));
	print_message("# SEED=%llu\n", (unsigned long long)t->seed);
	t->worker = open_db(t, DB_SERVE, 1);
	OK(db_exec(t->worker,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v BLOB, "
	    "n INTEGER); CREATE INDEX i ON t(n);",
	    e_));
	new_stream(t);
	*state = t;
	return 0;
}

static __attribute__((unused)) int
teardown(void **state)
{
	struct t *t = *state;

	stream_free(t->stream);
	db_close(t->worker);
	close(t->env.data_fd);
	if (file_remove_tree(t->dir, &t->err))
		return -1;
	free(t);
	return 0;
}

/* --- the judge: spool → image --------------------------------------------- */

struct image {
	unsigned char *p;
	uint32_t page_size, pages, cap;
	uint64_t txid;
	int64_t time_ms;
};

static __attribute__((unused)) int
apply_page(void *arg, const struct ltx_header *h, uint32_t pgno,
    const void *page, struct err *err)
{
	struct image *image = arg;

	(void)err;
	if (pgno > image->cap) {
		image->p =
		    realloc(image->p, (size_t)(pgno + 64) * h->page_size);
		memset(image->p + (size_t)image->cap * h->page_size, 0xEE,
		    (size_t)(pgno + 64 - image->cap) * h->page_size);
		image->cap = pgno + 64;
	}
	memcpy(
	    image->p + (size_t)(pgno - 1) * h->page_size, page, h->page_size);
	return 0;
}

/*
 * Only links: the base and raw files of one epoch.  Pages that a later file
 * cuts off are spoilt, so that a missing growth page shows.
 */
static __attribute__((unused)) void
apply_file(struct t *t, struct image *image, const struct spool_item *item)
{
	struct ltx_reader *reader;
	const struct ltx_header *h;
	struct arena *arena = arena_new(64 << 20);
	char path[SPOOL_PATH];
	struct str bytes;

	spool_path(t->stream->spool, &item->key, path);
	OK(file_read(path, 32 << 20, arena, &bytes, e_));
	reader = ltx_reader_new(path, apply_page, image);
	OK(ltx_reader_push(reader, bytes.p, bytes.n, e_));
	OK(ltx_reader_finish(reader, e_));
	h = ltx_reader_header(reader);
	assert_int_equal(h->max_txid, image->txid + 1);
	assert_true(h->time_ms >= image->time_ms);
	if (h->commit < image->pages)
		memset(image->p + (size_t)h->commit * h->page_size, 0xEE,
		    (size_t)(image->pages - h->commit) * h->page_size);
	image->page_size = h->page_size;
	image->pages = h->commit;
	image->txid = h->max_txid;
	image->time_ms = h->time_ms;
	ltx_reader_free(reader);
	arena_free(arena);
}

static __attribute__((unused)) void
apply_epoch(struct t *t, uint32_t epoch, struct image *image)
{
	const struct spool_item *item;

	memset(image, 0, sizeof(*image));
	for (item = t->stream->spool->first; item != NULL; item = item->next) {
		if (item->key.kind == STORE_LTX && item->key.epoch == epoch &&
		    (item->key.level == 0 || item->key.max_txid == 1))
			apply_file(t, image, item);
	}
}

/* The file as SQLite itself makes it of database and WAL. */
static __attribute__((unused)) struct str
live(struct t *t, struct arena *arena)
{
	char cmd[1024], path[160];
	struct str out;

	snprintf(cmd, sizeof(cmd),
	    "cp %s %s/copy && cp %s-wal %s/copy-wal "
	    "2>/dev/null; rm -f %s/copy-shm; sqlite3 %s/copy "
	    "'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null",
	    t->db_path, t->dir, t->db_path, t->dir, t->dir, t->dir);
	assert_int_equal(system(cmd), 0);
	snprintf(path, sizeof(path), "%s/copy", t->dir);
	OK(file_read(path, 64 << 20, arena, &out, e_));
	snprintf(cmd, sizeof(cmd), "rm -f %s/copy %s/copy-wal %s/copy-shm",
	    t->dir, t->dir, t->dir);
	assert_int_equal(system(cmd), 0);
	return out;
}

static __attribute__((unused)) void
assert_same(struct t *t)
{
	struct arena *arena = arena_new(128 << 20);
	struct str want = live(t, arena);
	struct image image;
	uint32_t i;

	apply_epoch(t, t->stream->pos.epoch, &image);
	assert_int_equal(image.txid, t->stream->pos.txid);
	assert_int_equal((uint64_t)image.pages * image.page_size, want.n);
	for (i = 0; i < image.pages; i++) {
		if (memcmp(want.p + (size_t)i * image.page_size,
			image.p + (size_t)i * image.page_size, image.page_size))
			fail_msg("page %u differs", i + 1);
	}
	free(image.p);
	arena_free(arena);
}

static __attribute__((unused)) void
settle(struct t *t)
{
	while (t->stream->snapshot != NULL)
		if (stream_step(t->stream, 1 + roll(t, 20), &t->err) < 0)
			fail_msg("%s", t->err.msg);
}

/* A stock sqlite3 shell, which knows nothing of us. */
static __attribute__((unused)) void
shell(struct t *t, const char *sql)
{
	char cmd[1024];

	snprintf(
	    cmd, sizeof(cmd), "sqlite3 %s \"%s\" >/dev/null", t->db_path, sql);
	assert_int_equal(system(cmd), 0);
	stream_touch(t->stream);
}

/* Everything, through to a durable spool. */
static __attribute__((unused)) void
flush(struct t *t)
{
	do {
		OK(stream_flush(t->stream, clock_wall_ms(), 1, e_));
		settle(t);
	} while (t->stream->pos.txid == 0 || t->stream->dirty);
	OK(stream_sync(t->stream, e_));
}

/* As if the store had taken all of it. */
static __attribute__((unused)) void
ack_all(struct t *t)
{
	struct spool_item *item;

	while ((item = spool_next(t->stream->spool)) != NULL)
		spool_acked(t->stream->spool, item);
	t->stream->acked = t->stream->pos.txid;
}

static __attribute__((unused)) void
restart(struct t *t)
{
	stream_free(t->stream);
	new_stream(t);
}


#endif
