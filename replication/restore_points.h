#ifndef ROWHOUSE_RESTORE_POINTS_H
#define ROWHOUSE_RESTORE_POINTS_H

#include "replication/restore.h"
#include "tenants/base/buf.h"
#include "tenants/base/config.h"

/*
 * Which moments of a tenant's history can be restored, for who has to choose
 * one: from lists of what the store has, and a few headers.  What is offered
 * has a chain that leads to it; no object is read for it, so that one may turn
 * out to be damaged all the same, and what is due to be deleted is there for the
 * grace of retain.h at least.
 */

/*
 * Of one epoch, states side by side that end at the same level (its lowest; a
 * snapshot is no other).  Any time from from_ms to to_ms can be restored, by
 * `--at` without an epoch, and gives the newest of the states until then.
 */
struct restore_points_range {
	uint32_t epoch;
	int level;
	int64_t from_ms, to_ms;
	uint64_t from_txid, to_txid;
	size_t states;
};

struct restore_points_snapshot {
	uint32_t epoch;
	uint64_t txid;
	int64_t time_ms;
};

struct restore_points_epoch {
	uint32_t epoch;
	struct restore_owner owner;
	size_t states;		/* that can be restored, by TXID and epoch */
	uint64_t first_txid, last_txid;
	int64_t first_ms, last_ms;
};

/* As the tenant's file notes it; and whether that very state can be restored. */
struct restore_points_migration {
	int number;
	uint32_t epoch;
	uint64_t txid;		/* the state before it */
	int restorable;
};

/* So many that a job has room for all of it (tenants/job.h). */
#define RESTORE_POINTS_JSON       32768
#define RESTORE_POINTS_EPOCHS     16
#define RESTORE_POINTS_RANGES     40
#define RESTORE_POINTS_SNAPSHOTS  40
#define RESTORE_POINTS_MIGRATIONS 20

struct restore_points {
	/* in */
	struct store *store;
	const char *slug;
	/* in, of migrations: their number and what was noted */
	struct restore_points_migration migration[RESTORE_POINTS_MIGRATIONS];
	size_t n_migrations;
	/* out, the newest first */
	struct restore_points_epoch epoch[RESTORE_POINTS_EPOCHS];
	struct restore_points_range range[RESTORE_POINTS_RANGES];
	struct restore_points_snapshot snapshot[RESTORE_POINTS_SNAPSHOTS];
	size_t n_epochs, n_ranges, n_snapshots;
	int cut;		/* there is more, older, than there is room */
};

/* ERR_NOT_FOUND where the store has nothing of it that could be restored. */
int restore_points_find(struct restore_points *points, struct err *err);

/*
 * For people; and one line of JSON, of RESTORE_POINTS_JSON at most.  config says what the
 * levels are (replica.interval, replica.compact); NULL: not known.
 */
void restore_points_show(const struct restore_points *points,
    const struct config *config);
void restore_points_put(const struct restore_points *points,
    const struct config *config, struct buf *out);

#endif
