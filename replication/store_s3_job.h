#ifndef ROWHOUSE_STORE_S3_JOB_H
#define ROWHOUSE_STORE_S3_JOB_H

#include "replication/s3_source.h"
#include "replication/s3_wire.h"
#include "replication/store.h"

/* What the parts of store_s3 share; nobody else's. */

enum answer { UNKNOWN, YES, NO };

struct store_s3_job {
	struct store_s3 *store;
	struct store_op *op;
	struct store_s3_job *next, *prev;
	struct s3_call call;
	char name[S3_NAME];

	/* While it is set it gets turns: 1 go on, 0 no more turns. */
	int (*turn)(struct store_s3_job *job);
	/* What waits for the probe goes on there. */
	void (*probed)(struct store_s3_job *job);

	struct s3_source source;	/* PUT */
	struct store_s3_multi *multi;	/* a large one's */
	void (*compared)(struct store_s3_job *job, enum answer same);
	int64_t at;			/* compared, or given to data() */
	unsigned rounds;		/* puts that began again */
	int differed;			/* once already, when it was compared */
	char etag[STORE_VERSION];	/* as the last answer had it */
	char before[STORE_VERSION];	/* and the one before */
	struct buf small;		/* GET: held back until it is verified */
	int64_t end;			/* GET: of what is wanted */
	struct buf names;		/* EPOCHS, SLUGS: to be sorted; ERASE */
	char last[S3_NAME];		/* LIST: of the one before */
};

#define STORE_S3_LANES 4
struct store_s3_lane {
	struct store_s3 *store;
	struct s3_call call;
	struct store_op **op;	/* those on their way; NULL: free */
	size_t n;
	struct buf body;
};

struct store_s3 {
	struct s3_wire wire;
	struct store_op *first, **last;		/* waiting; no deletes */
	struct store_s3_job *jobs;
	size_t busy;				/* jobs */
	uint64_t ended;				/* operations so far */
	struct store_op *doomed, **last_doomed;	/* deletes that wait */
	size_t doomed_n;
	struct store_s3_lane lane[STORE_S3_LANES];
	int single_deletes;	/* the store knows no batches */
	struct err done;	/* ERR_NONE, to be pointed at */

	/* Does the store heed If-None-Match, If-Match?  Is its ETag an MD5? */
	enum answer conditions, swaps, probing;
	struct s3_call probe;
	int opaque_etags;
};

/* Ends the job; err of ERR_NONE is success. */
void store_s3_end(struct store_s3_job *job, const struct err *err);
/* For deletes, which have no job. */
void store_s3_report(struct store_s3 *store, struct store_op *op,
    const struct err *err);

/* Each begins a job of its verb. */
void store_s3_put(struct store_s3_job *job);
void store_s3_get(struct store_s3_job *job);
void store_s3_list(struct store_s3_job *job);

/* Compares what is there, byte by byte; job->compared hears of it. */
void store_s3_compare(struct store_s3_job *job,
    void (*compared)(struct store_s3_job *job, enum answer same));

/* A put of more than STORE_S3_SINGLE, in parts. */
#define STORE_S3_SINGLE ((int64_t)64 * 1024 * 1024)
void store_s3_multi(struct store_s3_job *job);
void store_s3_multi_free(struct store_s3_multi *multi);	/* accepts NULL */
/* The headers that an object is made with. */
void store_s3_describe(const struct store_op *op, int64_t size,
    struct s3_call *call);

/* Calls job->probed, at once where it is known what the store heeds. */
void store_s3_probe(struct store_s3_job *job,
    void (*probed)(struct store_s3_job *job));

void store_s3_erase(struct store_s3_job *job);
/*
 * A batch of deletes; begun, each name added, sent: then call->done hears.  The
 * body must live until that.
 */
void store_s3_batch_begin(struct buf *body);
void store_s3_batch_add(struct buf *body, const char *name);
void store_s3_batch_send(struct store_s3 *store, struct buf *body,
    struct s3_call *call, void (*done)(struct s3_call *call,
    const struct err *err));

void store_s3_delete(struct store_s3 *store, struct store_op *op);
void store_s3_delete_pump(struct store_s3 *store);
void store_s3_delete_close(struct store_s3 *store);

#endif
