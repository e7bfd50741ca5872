#ifndef ROWHOUSE_STREAM_H
#define ROWHOUSE_STREAM_H

#include <stdint.h>

#include "replication/capture.h"
#include "replication/position.h"
#include "replication/spool.h"
#include "tenants/base/config.h"
#include "tenants/base/disk.h"
#include "tenants/base/err.h"
#include "tenants/db.h"
#include "tenants/hint.h"
#include "tenants/registry.h"

/*
 * One database on its way to the replica: an incarnation of a tenant, or the
 * registry.  A stream is idle (nothing open, two stat() calls a sweep) or open:
 * two connections, one of which always holds a read transaction, the pin,
 * so that nobody can restart the WAL unseen (R2a).
 *
 * stream_capture.c says how continuity is proven; stream_checkpoint.c how the
 * WAL is folded into the database; stream_epoch.c what happens where continuity ends;
 * stream_seal.c how a stream comes to rest.
 */
/* As long as the kernel's clock for files may stand still (HZ = 100). */
#define STREAM_TICK_MS 10

/* Less than this is no clock that was wrong. */
#define STREAM_AHEAD_MS 120000

#define STREAM_MARKS 64

/* From hints: the last commit of an interval, and when it was. */
struct stream_mark {
	uint32_t salt[2];
	uint32_t frame;
	int64_t time_ms;
};

/*
 * A place where a file shall end, so that somebody who holds a snapshot of
 * exactly that place learns which TXID it is (live.h).
 */
struct stream_point {
	struct wal_place at;	/* frame 0: none is asked for */
	uint32_t epoch;		/* 0: not reached */
	uint64_t txid;
};

/*
 * What was done since the replicator began: for one stream, or for all that
 * there were.  Requests count retries; to the store alone, so that those of a
 * restore or a verify are not here.
 */
struct stream_counts {
	uint64_t puts, gets, lists, deletes;
	uint64_t retries;		/* of all those */
	uint64_t bytes_out, bytes_in;	/* of objects */
	uint64_t flushes;		/* those that captured something */
	uint64_t checkpoints;		/* complete ones */
	int64_t checkpoint_us;		/* with the write lock held: all … */
	int64_t checkpoint_longest_us;	/* … and the longest */
	uint64_t epochs;
	uint64_t thinned;		/* files that became part of another */
	uint64_t errors;
};

/* What verify last found out (proof.h), as far as it is asked for often. */
struct stream_proof {
	int64_t time_ms;
	int64_t took_ms;
	int64_t retry_ms;	/* mono: it could not be told; not before */
	uint64_t txid;
	uint32_t epoch;
	char *failed;		/* how it showed, or NULL */
};

struct stream_env {
	const struct config *config;
	const char *host;	/* for claims */
	int data_fd;		/* of <data>, for syncfs() */
	/*
	 * Hands the hints that have come to their streams; NULL: there are none.
	 * Called with the index read, so that each commit in it that was
	 * answered has its hint.
	 */
	void (*take_hints)(void *arg);
	void *arg;
	struct stream_counts total;
	struct disk disk;	/* of the data, a second ago */
	int64_t clock_off_ms;	/* trust_clock.h's, for status */
	int clock_is_sure;	/* and whether it is right */
	int crowded;		/* so many whole copies are being made that none more is
				   begun that may as well wait */
	int stretch;		/* of replica.interval, to keep to a budget; 0 as 1 */
	int64_t shelf_max;	/* bytes, of all shelves; 0: there are none */
	int64_t shelf_bytes;	/* what they hold, as far as known */
	uint32_t replica;	/* the one that is there (claim.h); 0: not known */
	int in_doubt;		/* one failed: what it covered is no stream's
				   alone, so none is durable until all are
				   quarantined, who clears this */
};

struct stream {
	struct stream_env *env;
	char slug[SLUG_MAX + 1];
	uint32_t incarnation;		/* 0 for the registry */
	char uid[REGISTRY_UID + 1];
	uint32_t parent_epoch;		/* what the incarnation was restored from */
	uint64_t parent_txid;
	uint32_t least_epoch;		/* those before are of other incarnations */
	uint32_t end_epoch;		/* replaced: from here on they are the
					   successor's; 0 = no successor */
	char *db_path;
	char *wal_path;
	char *spool_dir;
	char *shelf;			/* NULL: what is shipped is removed */

	struct position pos;
	int unsaved;			/* the file does not say so yet: nothing
					   of it is durable */
	uint64_t acked;			/* every TXID up to it, by the store */
	struct position_file *file;	/* NULL: not loaded */
	struct spool *spool;

	struct db *conn[2];		/* NULL: idle */
	int pin;			/* which of them holds the pin */

	struct capture_snapshot *snapshot;	/* one in the making … */
	struct position after_base;	/* … if it is a base: the position behind it */
	int is_base;
	uint64_t snapshot_txid;		/* what it holds … */
	int64_t snapshot_time_ms;	/* … and the time of that */

	struct stream_mark *marks;	/* STREAM_MARKS of them, or NULL */
	size_t n_marks;
	struct stream_point point;
	struct stream_proof proof;
	int renew;			/* asked for: begin a new epoch */
	int elsewhere;			/* what it shipped is in another replica */
	int dirty;			/* there may be something to capture */
	int64_t dirty_ms;		/* wall: the oldest commit of it, as far as known */
	int64_t due_ms;			/* wall: when to capture it … */
	int whole;			/* … and all of it, not only full intervals */
	int64_t paid_ms;		/* wall: until then its files are paid for */
	int64_t active_ms;		/* mono: the last commit seen, or shipped */
	int64_t retry_ms;		/* mono: not before; 0 = any time */
	int64_t checkpoint_ms;		/* mono: the next attempt at one */
	int64_t reclaim_ms;		/* mono: next try to remove a WAL left behind */
	int reclaims;			/* tries so far */
	int failures;			/* in a row */
	int untended;			/* what failed was no flush, but what follows */
	int retired;			/* another incarnation is current, or deleted */
	int gone;			/* its file was removed or replaced */
	int refused;			/* nothing more is written (spool_share.h) */
	int cut;			/* replaced, and what it has beyond its
					   spool cannot be captured any more */
	struct err *failure;		/* the present one, or NULL: all is well */
	struct err *last;		/* the last one, also when it is over … */
	int64_t last_ms;		/* … and when it was, wall; 0 = never */
	int64_t broke_ms;		/* wall: while acked is 0, since when nothing
					   of the epoch is with the store */
	struct stream_counts counts;

	struct file_id seen_db;		/* as of the last time it was sealed */
	struct file_id seen_wal;

	/* ship.c's */
	int in_flight;
	int64_t in_flight_size;		/* bytes of it */
	struct shipment *shipment;	/* it, as long as it is */
	int urgent;			/* somebody waits for what is there now */
	int halted;			/* somebody else owns the epoch (R7) */
	int asked;			/* the store has nothing newer, as of the start … */
	uint64_t found_txid;		/* … than what was found here then … */
	int64_t found_ms;		/* … and its time */
	int proven;			/* the store took one that we made since start */
	int ship_failures;		/* in a row */
	int64_t ship_retry_ms;		/* mono */

	/* compact.c's */
	int64_t chores_ms;		/* wall: due then; 0 = not known */
	int chore;			/* a job is at it */
	int chore_failures;		/* in a row */
	struct err *chore_failure;	/* the last of them, or NULL */
	int64_t shelf_bytes;

	/* replicator.c's */
	int active;			/* is in its list */
	uint64_t flushes;

	struct stream *next;		/* the table's chain */
};

struct stream *stream_new(struct stream_env *env, const char *slug,
    const char *db_path, const char *spool_dir);
void stream_free(struct stream *stream);

/* A commit; and: there may have been one. */
void stream_hint(struct stream *stream, const struct db_commit *commit);
void stream_touch(struct stream *stream);

/* R12: do the files differ from what they were when the stream was sealed? */
int stream_changed(struct stream *stream);

/*
 * Were its newest times given by a clock that was ahead?  Nothing would have a true
 * one before they have come, so its next flush begins a new epoch, which can.
 */
int stream_is_ahead(const struct stream *stream, int64_t now_ms);

/* In which a tenant's commits are gathered: replica.interval, stretched. */
int64_t stream_env_interval(const struct stream_env *env);
int64_t stream_interval(const struct stream *stream);

/* When stream_flush is due, wall clock; INT64_MAX: nothing to do. */
int64_t stream_due(const struct stream *stream, int64_t now_ms);

/*
 * Opens where it is idle, and captures what is due: at once, of a tenant that
 * writes no oftener than once an interval; else what was committed before the
 * last multiple of it.  No file straddles two.  `whole` asks for all
 * there is.  ERR_BUSY: try again soon.  Where all begins anew, for a clock or another
 * replica, that waits while the env is crowded, and what is there is captured as before.
 */
int stream_flush(struct stream *stream, int64_t now_ms, int whole,
    struct err *err);

/* A syncfs() that began after it was flushed succeeded. */
int stream_synced(struct stream *stream, struct err *err);

/* A snapshot in the making goes on by n pages.  1 there is more to do, 0, -1. */
int stream_step(struct stream *stream, uint32_t n, struct err *err);

/* Is a checkpoint worth it?  And: 1 it was complete, 0 not now, -1. */
int stream_wants_checkpoint(struct stream *stream, int64_t mono_ms);
int stream_checkpoint(struct stream *stream, struct err *err);

/* Is a new snapshot?  It begins at once, or ERR_BUSY. */
int stream_wants_snapshot(struct stream *stream, int64_t now_ms);
int stream_begin_snapshot(struct stream *stream, struct err *err);

/* Quiet for long, and all of it shipped?  1 sealed, 0 not now, -1. */
int stream_wants_seal(const struct stream *stream, int64_t mono_ms);
int stream_seal(struct stream *stream, struct err *err);

/*
 * R8: the next thing that happens is a full snapshot under a new epoch: the one
 * given, or with 0 the next one.  `why` goes into the claim and the log.  Of a
 * replaced incarnation no epoch may follow its successor's, whose state would
 * be taken for an older one: it is cut, and the log says what is missing.
 */
int stream_break(struct stream *stream, uint32_t epoch, const char *why,
    struct err *err);

/*
 * Retired, and captured: closes it, or touches it where there is more.  And,
 * when all of it is shipped: notes that, so that nobody looks at the incarnation
 * again.  1; 0 where somebody wrote to it after all, who had begun before.
 */
int stream_rest(struct stream *stream, struct err *err);
int stream_conclude(struct stream *stream, struct err *err);

/*
 * Asks for a point.  Where it was captured already, and nothing after it, it is
 * reached at once; what was captured beyond it is never.
 */
void stream_ask_point(struct stream *stream, const struct wal_place *at);

/*
 * Is what it shipped in another replica than the one that is there?  Then
 * nothing more of its epoch is shipped, and the next flush begins a new one.
 */
int stream_note_replica(struct stream *stream);

/* Takes in what the file `proven` says now. */
void stream_read_proof(struct stream *stream);

/*
 * Its work has failed: it rests for a while, closed, longer each time; for a moment,
 * and as it is, where something was busy.  And: its work succeeded.
 */
#define STREAM_BUSY_MS 20
void stream_failed(struct stream *stream, const struct err *err);
void stream_recovered(struct stream *stream);

/*
 * What is wrong with it, for status and for those who wait; NULL: nothing any
 * more.  What has halted it stays.
 */
void stream_set_failure(struct stream *stream, const struct err *err);

/* Closes what is open, without ceremony: the next flush opens and verifies. */
void stream_close(struct stream *stream);
int stream_is_open(const struct stream *stream);

/*
 * What the store has not acknowledged yet (stream_metrics.c): the age of its
 * oldest commit, and its bytes, in the spool and in the WAL.  Of a commit
 * without a hint a stream that is idle learns at the next sweep (R12), of an open
 * one this asks the index.  0, 0: nothing.
 */
struct stream_lag {
	int64_t ms;
	int64_t bytes;
};
struct stream_lag stream_lag(struct stream *stream, int64_t now_ms);

/*
 * An operation of the stream's is done; bytes are those that the store has
 * taken or given.  And what else is counted.
 */
void stream_count(struct stream *stream, const struct store_op *op,
    int64_t bytes);
void stream_count_flush(struct stream *stream);
void stream_count_checkpoint(struct stream *stream, int complete, int64_t us);
void stream_count_epoch(struct stream *stream);
/* So many files of the spool became part of another. */
void stream_count_thinned(struct stream *stream, uint64_t files);

/* For the stream_*.c among themselves. */
int stream_index(struct stream *stream, struct db_wal *out, struct err *err);
int stream_repin(struct stream *stream, struct err *err);
int stream_settle(const char *path, struct file_id *out, struct err *err);
int stream_sync(struct stream *stream, struct err *err);
int stream_save(struct stream *stream, struct err *err);
int stream_forget(struct stream *stream, struct err *err);
int stream_leave_replica(struct stream *stream, struct err *err);
void stream_note_point(struct stream *stream);
int stream_capture(struct stream *stream, const struct db_wal *index,
    int64_t before_ms, struct err *err);
int stream_begin_base(struct stream *stream, struct err *err);

#endif
