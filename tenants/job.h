#ifndef ROWHOUSE_JOB_H
#define ROWHOUSE_JOB_H

#include <stdint.h>

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/base/file.h"
#include "tenants/base/str.h"
#include "tenants/layout.h"
#include "tenants/registry.h"

/*
 * What the operator asks for by HTTP and takes longer than a request may, or
 * needs the keys of the store, which no worker has: <data>/jobs, a file each,
 * made by a worker and carried out by the steward (steward.h).
 *
 *	<asked, ms since 1970, 13 digits>-<id>
 *
 * A file is the JSON that GET /api/operator/jobs/{id} answers with.  It is
 * durable when job_add returns; after that the steward alone writes it, and
 * each time replaces it whole.  Not rows of the registry: a registry that is
 * restored would do again what was done.
 *
 *	<its name>.cancel	it is not to be done any more; a worker's wish,
 *				gone after the record says what came of it
 *	<its name>.progress	while it runs: job_progress.h
 */
enum job_kind {
	JOB_ERASE,
	JOB_RESTORE,		/* in place */
	JOB_PLAN,		/* what a restore would do */
	JOB_CLONE,
	JOB_EXPORT,
	JOB_IMPORT,
	JOB_VERIFY,
	JOB_POINTS,		/* what can be restored */
	JOB_KINDS
};

enum job_state {
	JOB_WAITING,
	JOB_RUNNING,
	JOB_DONE,
	JOB_FAILED,
	JOB_CANCELLED,
	JOB_STATES
};

#define JOB_ID      29
#define JOB_FILE    100			/* bytes of an import's file */
#define JOB_ERROR   1000
#define JOB_RESULT  32768
#define JOB_VALUES  1900		/* of JSON, in a result */
#define JOB_SIZE    ((size_t)64 * 1024)	/* of a record, all in all */
#define JOB_READ_SIZE (8 * JOB_SIZE)	/* to read one */
#define JOB_OPEN    100			/* waiting and running, at most */
#define JOB_KEPT    200			/* of those that have ended … */
#define JOB_KEEP_MS (INT64_C(7) * 24 * 3600 * 1000)	/* … and for so long */

struct job {
	char id[JOB_ID + 1];
	enum job_kind kind;
	enum job_state state;
	/* Whom it is about, as he was when it was asked for; of an import, who
	   he is going to be. */
	char tenant[SLUG_MAX + 1];
	char uid[REGISTRY_UID + 1];
	uint32_t epoch;
	/* Of a clone, whom it makes.  The uid is drawn beforehand, so that who
	   is there can be told from somebody else. */
	char to[SLUG_MAX + 1];
	char to_uid[REGISTRY_UID + 1];
	int64_t at_ms;			/* of a clone or restore; 0: not said */
	int64_t txid;			/* likewise */
	char file[JOB_FILE + 1];	/* of an import, below <data>/imports */
	int64_t asked_ms, begun_ms, ended_ms;	/* wall; begun last */
	int64_t attempts;
	char error[JOB_ERROR + 1];	/* why not, or not yet */
	struct str result;		/* JSON, or STR_NONE */
	/* Not of the record, and of none that has ended: */
	int cancelling;			/* that is wished */
	int64_t done, total;		/* bytes; total 0: not known */
};

/*
 * Gives it an id and makes its record.  ERR_CONFLICT where one that has not
 * ended is about the same tenant, ERR_LIMIT where JOB_OPEN wait.  before() is
 * called when it is known that neither is so, and may refuse.
 */
int job_add(const struct config *config, struct job *job,
    int (*before)(const struct job *job, void *arg, struct err *err), void *arg,
    struct err *err);

/*
 * Wishes that it were not done: ERR_CONFLICT where it has ended otherwise, or is an
 * erasure that was begun.  Durable when it returns; again is the same, and
 * before() is not called again.  *out as it is then.
 */
int job_cancel(const struct config *config, struct str id, struct arena *arena,
    int (*before)(const struct job *job, void *arg, struct err *err), void *arg,
    struct job *out, struct err *err);
/* The wish was heard.  Absent is fine. */
int job_cancel_heard(const struct config *config, const struct job *job,
    struct err *err);

/* Its result lives in the arena, which has JOB_READ_SIZE left.  ERR_NOT_FOUND, also for what is no id. */
int job_read(const struct config *config, struct str id, struct arena *arena,
    struct job *out, struct err *err);
int job_write(const struct config *config, const struct job *job,
    struct err *err);

/*
 * Their ids, the oldest first; also those of which only tatters are left.  JOB_LISTED
 * of them at most, more than there ever are unless somebody else puts them there: in
 * an arena of JOB_LIST_SIZE there is room for them.
 */
#define JOB_LISTED    1000
#define JOB_LIST_SIZE ((size_t)JOB_LISTED * 128)
int job_list(const struct config *config, struct arena *arena,
    struct file_names *out, struct err *err);

/* The record as JSON. */
void job_put(const struct job *job, struct buf *out);

int job_has_ended(const struct job *job);
int job_state_of(struct str name);	/* -1: there is no such state */

/* A plain name, with which nothing leaves a directory. */
int job_file_ok(struct str name);

/* Where an export's file is, and an import's. */
struct layout_path job_export_path(const struct config *config,
    const struct job *job);
struct layout_path job_import_path(const struct config *config,
    const struct job *job);

/* Removes all exports of a tenant that is erased, finished or not. */
int job_remove_exports(const struct config *config, const char *slug,
    struct err *err);

/*
 * What carries it out: words for execv() after the program's name, NULL at
 * the end, in the arena.  1 with *argv; 0 where it was done before somebody was
 * killed, with what there is to say of it as JSON in *out; -1 where it cannot be
 * done any more, since its tenant is another or has gone on.  Whether one that is
 * to be cancelled was done is asked in the same way.
 */
#define JOB_WORDS 16
int job_command(const struct config *config, struct registry *registry,
    const struct job *job, struct arena *arena, char *argv[JOB_WORDS],
    struct buf *out, struct err *err);

#endif
