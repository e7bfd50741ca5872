#ifndef ROWHOUSE_TESTS_REPLICA_H
#define ROWHOUSE_TESTS_REPLICA_H

/*
 * Replicas without a replicator: LTX files made from the states that a
 * database file went through.  A state is the whole file; an object of TXIDs
 * min to max is what differs between state min - 1 and state max, and what R6
 * wants besides.  Mistakes end the program.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "replication/ltx.h"
#include "replication/store.h"
#include "tenants/base/file.h"

#define REPLICA_STATES 512

struct replica_state {
	unsigned char *bytes;
	uint32_t pages;
	int64_t time_ms;
};

struct replica {
	struct store *store;
	const char *slug;
	uint32_t epoch;
	char scratch[512];	/* a file to write objects to */
	uint32_t page_size;
	uint64_t txid;		/* the newest state; states count from 1 */
	struct replica_state state[REPLICA_STATES];
};

static inline void
replica_die(const char *what, const struct err *err)
{
	fprintf(stderr, "replica: %s: %s\n", what, err ? err->msg : "");
	abort();
}

/* One or several statements; a database in WAL mode, checkpointed after it. */
static inline void
replica_sql(const char *path, int page_size, const char *sql)
{
	char pragma[64];
	sqlite3 *db;

	snprintf(pragma, sizeof pragma, "PRAGMA page_size = %d", page_size);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, pragma, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) !=
		SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
		NULL) != SQLITE_OK) {
		fprintf(stderr, "replica: %s: %s\n", sql, sqlite3_errmsg(db));
		abort();
	}
	sqlite3_close(db);
}

/* The file as it is now becomes the next state; its TXID. */
static inline uint64_t
replica_take(struct replica *r, const char *path, int64_t time_ms)
{
	struct replica_state *state = &r->state[++r->txid];
	struct err err = ERR_INIT;
	struct stat st;
	int fd = file_open(path, O_RDONLY, 0, &err);

	if (r->txid >= REPLICA_STATES || fd < 0 || fstat(fd, &st) != 0)
		replica_die(path, &err);
	state->bytes = malloc((size_t)st.st_size);
	if (!state->bytes ||
	    file_pread(fd, state->bytes, (size_t)st.st_size, 0, path, &err) != 0)
		replica_die(path, &err);
	r->page_size = (uint32_t)(state->bytes[16] << 8 | state->bytes[17]);
	if (r->page_size == 1)
		r->page_size = 65536;
	state->pages = (uint32_t)(st.st_size / r->page_size);
	state->time_ms = time_ms;
	close(fd);
	return r->txid;
}

static inline const unsigned char *
replica_page(const struct replica *r, uint64_t txid, uint32_t pgno)
{
	return r->state[txid].bytes + (size_t)(pgno - 1) * r->page_size;
}

/* Does an object min-max hold the page? */
static inline int
replica_holds(const struct replica *r, uint64_t min, uint64_t max,
    uint32_t pgno)
{
	uint32_t least = r->state[max].pages;

	if (pgno == ltx_lock_page(r->page_size))
		return 0;
	if (min == 1)
		return 1;
	for (uint64_t t = min - 1; t < max; t++)
		if (r->state[t].pages < least)
			least = r->state[t].pages;
	if (pgno > least)
		return 1;
	for (uint64_t t = min; t <= max; t++)
		if (memcmp(replica_page(r, t, pgno),
			replica_page(r, t - 1, pgno), r->page_size) != 0)
			return 1;
	return 0;
}

/* Writes the object to r->scratch; leave_out: a page to forget, or 0. */
static inline int64_t
replica_write(const struct replica *r, uint64_t min, uint64_t max,
    uint32_t leave_out)
{
	struct ltx_header header = { .page_size = r->page_size,
		.commit = r->state[max].pages,
		.min_txid = min,
		.max_txid = max,
		.time_ms = r->state[max].time_ms,
		.node = r->epoch };
	struct ltx_writer *writer;
	struct err err = ERR_INIT;
	int64_t size;
	int fd = file_open(
	    r->scratch, O_WRONLY | O_CREAT | O_TRUNC, 0600, &err);

	if (fd < 0)
		replica_die(r->scratch, &err);
	writer = ltx_writer_new(fd, r->scratch, &header);
	for (uint32_t pgno = 1; pgno <= header.commit; pgno++)
		if (pgno != leave_out && replica_holds(r, min, max, pgno) &&
		    ltx_writer_page(
			writer, pgno, replica_page(r, max, pgno), &err) != 0)
			replica_die(r->scratch, &err);
	if (ltx_writer_finish(writer, &size, &err) != 0)
		replica_die(r->scratch, &err);
	ltx_writer_free(writer);
	close(fd);
	return size;
}

static inline struct store_key
replica_key(const struct replica *r, int level, uint64_t min, uint64_t max)
{
	struct store_key key = { .epoch = r->epoch,
		.kind = STORE_LTX,
		.level = level,
		.min_txid = min,
		.max_txid = max };

	snprintf(key.slug, sizeof key.slug, "%s", r->slug);
	return key;
}

/* What lies in r->scratch becomes an object. */
static inline void
replica_put_file(const struct replica *r, struct store_key key, int64_t time_ms)
{
	struct store_op op = { .verb = STORE_PUT,
		.key = key,
		.path = r->scratch,
		.time_ms = time_ms };
	struct err err = ERR_INIT;

	if (store_now(r->store, &op, &err) != 0)
		replica_die(r->scratch, &err);
}

static inline void
replica_put(const struct replica *r, int level, uint64_t min, uint64_t max)
{
	(void)replica_write(r, min, max, 0);
	replica_put_file(
	    r, replica_key(r, level, min, max), r->state[max].time_ms);
}

static inline void
replica_put_owner(const struct replica *r, const char *json)
{
	struct store_op op = { .verb = STORE_PUT };
	struct err err = ERR_INIT;

	op.key = replica_key(r, 0, 0, 0);
	op.key.kind = STORE_OWNER;
	op.bytes = str_of(json);
	if (store_now(r->store, &op, &err) != 0)
		replica_die("owner", &err);
}

static inline void
replica_clear(struct replica *r)
{
	for (uint64_t t = 1; t <= r->txid; t++)
		free(r->state[t].bytes);
	r->txid = 0;
}

#endif
