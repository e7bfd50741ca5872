#ifndef ROWHOUSE_RESTORE_MIGRATION_H
#define ROWHOUSE_RESTORE_MIGRATION_H

#include "replication/restore.h"
#include "tenants/base/str.h"

/*
 * The last state before a migration was applied.
 *
 * A migration changes PRAGMA user_version, which is in page 1, so every object
 * that has that page says how far the file was, and the first state that has the
 * migration is found by halving.  What comes before has nothing of it.  That it
 * has all that was committed before it, too, is certain where the migration
 * noted that very state while it held the write lock (tenants/point.h); else
 * the first object that has the migration may hold commits of before.
 */
struct restore_migration {
	/* in */
	struct store *store;
	const char *slug;
	int number;
	const char *noted;	/* "<epoch>-<TXID>", "" = not known */
	/* out */
	uint32_t epoch;
	uint64_t txid;
	int exact;
};

/*
 * ERR_NOT_FOUND where no state has the migration, or none is as old as what
 * was before it; objects that cannot be read are no witnesses.
 */
int restore_migration_find(struct restore_migration *search, struct err *err);

/* What a migration noted, "<epoch>-<TXID>": 0, or -1 where it is no such text. */
int restore_migration_noted(struct str text, uint32_t *epoch, uint64_t *txid);

#endif
