#ifndef ROWHOUSE_COMPACT_JOB_H
#define ROWHOUSE_COMPACT_JOB_H

/* What compact*.c share and nobody else needs. */

#include "replication/catalog.h"
#include "replication/compact.h"
#include "replication/ltx_merge.h"
#include "replication/windows.h"

enum compact_phase {
	COMPACT_LOAD,
	COMPACT_LIST,	/* the catalog was lost */
	COMPACT_OPEN,	/* the next epoch on the shelf */
	COMPACT_SHELF,	/* the next task there */
	COMPACT_MERGE,
	COMPACT_SYNC,	/* what was noted, then job->then */
	COMPACT_NOTED,	/* a snapshot */
	COMPACT_PUT,	/* as soon as there is room */
	COMPACT_RETAIN,
	COMPACT_DELETE,
	COMPACT_WAIT,	/* for the store */
	COMPACT_END
};

struct compact_deletes;
struct compact_lists;

struct compact_job {
	struct compact *compact;
	struct stream *stream;	/* NULL: free */
	const char *shelf;	/* the stream's */
	enum compact_phase phase, then;
	struct catalog *catalog;
	int64_t now_ms;		/* of the step */
	int64_t due_ms;		/* when the tenant has its next chores */

	uint32_t epoch;		/* being looked at */
	uint64_t next_epoch;	/* the first not looked at yet */
	struct shelf_piece *piece;
	size_t n, cap;
	int64_t bytes;		/* of what stays on the shelf */
	struct shelf_piece subject;	/* noted, put or made */
	size_t from, to;	/* pieces being merged */
	struct ltx_merge *merge;

	struct store_op op;
	char path[SHELF_PATH];
	size_t in_flight;
	struct compact_deletes *deletes;
	struct compact_lists *lists;
	struct err failure;	/* ERR_NONE: none so far */
};

struct compact {
	const struct config *config;
	struct store *store;
	int64_t lead_ms;	/* of job.now_ms, for deletes */
	int64_t lag_ms;		/* … for what is noted as there */
	struct compact_job job[4];
};

/* When what is noted now has come to be there (compact_set_lag). */
static inline int64_t
compact_there_ms(const struct compact_job *job)
{
	return job->now_ms + job->compact->lag_ms;
}

/* compact_delete.c: what retention says, a class of objects after the other. */
void compact_retain(struct compact_job *job);
void compact_delete(struct compact_job *job);
void compact_delete_free(struct compact_job *job);

/* compact_list.c: a catalog from what the store lists. */
void compact_list(struct compact_job *job);
void compact_list_free(struct compact_job *job);

/* Ends the job, with its error; what is on its way is waited for. */
void compact_fail(struct compact_job *job, const struct err *err);
void compact_key(const struct compact_job *job, uint32_t epoch, int level,
    uint64_t min_txid, uint64_t max_txid, struct store_key *out);

#endif
