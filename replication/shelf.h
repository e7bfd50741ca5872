#ifndef ROWHOUSE_SHELF_H
#define ROWHOUSE_SHELF_H

#include <stddef.h>
#include <stdint.h>

#include "replication/store.h"
#include "tenants/base/arena.h"
#include "tenants/base/err.h"

/*
 * What the store has acknowledged and compaction still wants to read: files
 * that leave the spool are renamed into it.
 *
 *	<shelf>/catalog                        catalog.h
 *	<shelf>/<epoch, 8 hex>/<level>-<min, 16 hex>-<max, 16 hex>.ltx
 *
 * One for all incarnations of a tenant.  It is a cache: nothing here is needed
 * for a restore, and a piece that is missing or damaged is a merged object that will
 * not be made.  A snapshot lies here only until the catalog has a note of it.
 */
struct shelf_piece {
	uint32_t epoch;
	int level;
	uint64_t min_txid, max_txid;
	int64_t time_ms;	/* of its newest commit; 0: it cannot be read */
	int64_t size;
};

#define SHELF_PATH 720
void shelf_path(const char *shelf, const struct shelf_piece *piece,
    char out[SHELF_PATH]);

/* The file at `from`, an object of the key, goes on the shelf; not durable. */
int shelf_take(const char *shelf, const struct store_key *key,
    const char *from, struct err *err);

struct shelf_epochs {
	size_t n;
	uint32_t *epoch;	/* ascending */
};

/* No shelf is an empty one. */
int shelf_epochs(const char *shelf, struct arena *arena,
    struct shelf_epochs *out, struct err *err);

/* No piece of any epoch; what cannot be read is not empty. */
int shelf_is_empty(const char *shelf);

/*
 * By first TXID, and the longest first.  Removes what a killed merge left
 * behind, and an epoch that has nothing any more and is not `keep`.
 */
struct shelf_list {
	size_t n;
	struct shelf_piece *piece;
	int64_t bytes;
};

int shelf_list(const char *shelf, uint32_t epoch, uint32_t keep,
    struct arena *arena, struct shelf_list *out, struct err *err);

int shelf_remove(const char *shelf, const struct shelf_piece *piece,
    struct err *err);

#endif
