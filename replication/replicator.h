#ifndef ROWHOUSE_REPLICATOR_H
#define ROWHOUSE_REPLICATOR_H

#include "replication/control.h"
#include "replication/store.h"
#include "replication/streams.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/base/file.h"

/*
 * The replicator: one process for all tenants, one loop.
 *
 *	wait	for hints, requests, the store's completions, or the next thing due
 *	flush	streams that are due: WAL → LTX file in the spool
 *	sync	one syncfs() for all WALs, spool files and positions (R4, R4a)
 *	ship	what is durable
 *	then	checkpoints, snapshots a piece at a time, seals, a slice of the sweep
 *
 * Its cost follows the tenants that write, not the tenants that exist.
 */
struct replicator;

/*
 * The lock of whoever may replicate this data directory: a descriptor to be
 * closed, or -1 with ERR_BUSY where another process has it.
 */
int replicator_lock(const struct config *config, struct err *err);

/*
 * Enters the sandbox (sandbox.h): what is left to reach are the data, those in
 * the run directory, the replica, and what it takes to connect to it.
 * replicator_sandbox.c.
 */
int replicator_confine(const struct config *config, struct file_id *replica,
    struct err *err);

/* The same for a job of the operator's (tenants/job.h), which becomes a command. */
int replicator_confine_job(const struct config *config, struct err *err);

/*
 * Is another directory now where the replica was at that time, as when a file
 * system was mounted?  The sandbox does not let that through: a process that
 * begins anew can reach it.  Says so in the log.
 */
int replicator_shut_out(const struct config *config,
    const struct file_id *replica);

/* ERR_BUSY where another replicator works on this data directory. */
struct replicator *replicator_new(const struct config *config,
    struct err *err);
void replicator_free(struct replicator *replicator);

/*
 * Until SIGTERM or SIGINT; then captures and ships what is left, for a bounded
 * time.  Of what is on its way after it, it is not known whether it arrives: the
 * next start sends it again, and the claim is not given back.
 */
void replicator_run(struct replicator *replicator);

/*
 * What it tells of itself; replicator_status.c.  All about everybody, as one line
 * of JSON; the same in few words, as tenants/fleet_status.h has it; all about one.
 */
struct claim;
struct forecast_seen;
struct replicator_view {
	struct streams *streams;
	const struct store *store;
	const struct claim *claim;	/* or NULL */
	const struct forecast_seen *seen;
	int64_t started_ms;		/* wall */
};

void replicator_put_status(const struct replicator_view *view,
    struct buf *out);
void replicator_put_fleet(const struct replicator_view *view,
    struct buf *out);
void replicator_put_tenant(struct stream *stream, struct buf *out);

#endif
