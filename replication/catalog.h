#ifndef ROWHOUSE_CATALOG_H
#define ROWHOUSE_CATALOG_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/err.h"

/*
 * What the store holds of a tenant, as the replicator remembers it, so that
 * nothing has to be listed: one local file, <shelf>/catalog.
 *
 * Raw objects are not in it one by one but as runs, whose keys follow from their
 * TXIDs.  A run's time is that of its newest object, or later.
 *
 * The rule for who changes the store: the note that an object will be there,
 * or will not, is durable before the request for it is sent; and nothing
 * counts on an object whose put was not confirmed, or whose delete was begun.
 * So a death in between leaves no object unknown and none counted on that is gone.
 */
enum catalog_state {
	CATALOG_PUTTING = 1,	/* may be there */
	CATALOG_THERE,		/* the store acknowledged it */
	CATALOG_DOOMED,		/* may be there still; nothing counts on it */
	CATALOG_GONE		/* forgotten */
};

/* In the place of a level: the claim of an epoch; its time is the base's. */
#define CATALOG_OWNER 15

struct catalog_entry {
	uint32_t epoch;
	int level;		/* 0: a run of raw objects */
	uint64_t min_txid, max_txid;
	enum catalog_state state;
	int64_t time_ms;	/* of the newest commit */
	int64_t there_ms;	/* when it was acknowledged, or gone through the shelf */
	int64_t size;		/* 0: not known */
};

struct catalog {
	char *path;
	struct catalog_entry *entry;	/* by epoch, level, min, max; once each */
	size_t n, cap;
	size_t records;		/* in the file, those outdated included */
	int64_t next_ms;	/* wall: when there is something to do; a hint */
};

/*
 * ERR_NOT_FOUND where there is none, ERR_CORRUPT where it is damaged.  What a
 * power cut tore off the end is no damage: it was not acted upon.
 */
struct catalog *catalog_load(const char *path, struct err *err);
/* An empty one; replaces what is there when it is begun or saved. */
struct catalog *catalog_new(const char *path);
void catalog_free(struct catalog *catalog);	/* accepts NULL */

/* In memory, and in the file behind what is there; not durable until a sync. */
int catalog_note(struct catalog *catalog, const struct catalog_entry *entry,
    size_t n, struct err *err);

/* In memory only, in order to be saved. */
void catalog_put(struct catalog *catalog, const struct catalog_entry *entry);
const struct catalog_entry *catalog_find(const struct catalog *catalog,
    uint32_t epoch, int level, uint64_t min_txid, uint64_t max_txid);

/* A file without entries; not durable until a sync. */
int catalog_begin(struct catalog *catalog, struct err *err);

/* The whole file anew, durable. */
int catalog_save(struct catalog *catalog, struct err *err);
/* Is most of the file outdated? */
int catalog_is_worn(const struct catalog *catalog);

/* The last TXID of an epoch's raw objects that is accounted for; 0 = none. */
uint64_t catalog_raw_end(const struct catalog *catalog, uint32_t epoch);

/*
 * The hint alone, without the rest; 0 where it cannot be told.  It is lost at worst, and
 * then it is 0.
 */
int64_t catalog_next(const char *path);
int catalog_set_next(struct catalog *catalog, int64_t next_ms,
    struct err *err);

#endif
