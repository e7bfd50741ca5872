/*
 * A tenant's chores, in this order:
 *
 *	load	the catalog; where it was lost, one LIST for each level
 *	shelf	epoch after epoch, what windows_next() says until it says nothing:
 *		notes of snapshots and raw runs, merges, puts
 *	retain	what retain_judge() says, class after class: note, delete, note
 *
 * A note that the store will change is durable before it does: jobs do not
 * sync by themselves, they wait for the tick's syncfs().  The pieces on the
 * shelf that went into a merged object are removed when the store has it.
 */
#include "replication/compact.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/compact_job.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"

#define LIST_ARENA     ((size_t)64 << 20)
#define PAGES_PER_TICK 256
#define TASKS_PER_TICK 512
#define RETRY_FIRST_MS (30 * 1000)
#define RETRY_LAST_MS  (60 * 60 * 1000)
#define JOBS           (sizeof(((struct compact *)0)->job) / sizeof(struct compact_job))

struct compact *
compact_new(const struct config *config, struct store *store)
{
	struct compact *compact = calloc(1, sizeof(*compact));

	if (compact == NULL)
		err_die("out of memory");
	compact->config = config;
	compact->store = store;
	return compact;
}

static void
clear(struct compact_job *job)
{
	ltx_merge_free(job->merge);
	catalog_free(job->catalog);
	compact_delete_free(job);
	compact_list_free(job);
	free(job->piece);
	if (job->stream != NULL)
		job->stream->chore = 0;
	memset(job, 0, sizeof(*job));
}

void
compact_free(struct compact *compact)
{
	if (compact == NULL)
		return;
	for (size_t i = 0; i < JOBS; i++)
		clear(&compact->job[i]);
	free(compact);
}

static void
catalog_path(const char *shelf, char out[SHELF_PATH])
{
	if (snprintf(out, SHELF_PATH, "%s/catalog", shelf) >= SHELF_PATH)
		err_die("%s: path too long", shelf);
}

int
compact_is_due(const struct stream *stream, int64_t now_ms)
{
	return stream->shelf != NULL && now_ms >= stream->chores_ms &&
	       !stream->retired && !stream->chore && !stream->halted &&
	       !stream->elsewhere && stream->pos.shipped > 0;
}

/*
 * Of an incarnation that was replaced since it began, perhaps: two would write to one
 * catalog, and to one merged file.
 */
static int
is_at_work(const struct compact *compact, const char *shelf)
{
	for (size_t i = 0; i < JOBS; i++) {
		if (compact->job[i].stream != NULL &&
		    strcmp(compact->job[i].shelf, shelf) == 0)
			return 1;
	}
	return 0;
}

void
compact_begin(struct compact *compact, struct stream *stream, int64_t now_ms)
{
	char path[SHELF_PATH];

	if (!compact_is_due(stream, now_ms) ||
	    is_at_work(compact, stream->shelf))
		return;
	if (stream->chores_ms == 0) {
		/* Since the start nobody has asked. */
		catalog_path(stream->shelf, path);
		stream->chores_ms = catalog_next(path);
		/* What came to the shelf later, the hint does not know. */
		if (stream->chores_ms == 0 || !shelf_is_empty(stream->shelf))
			stream->chores_ms = 1;
		if (now_ms < stream->chores_ms)
			return;
	}
	for (size_t i = 0; i < JOBS; i++) {
		struct compact_job *job = &compact->job[i];

		if (job->stream != NULL)
			continue;
		job->compact = compact;
		job->stream = stream;
		job->shelf = stream->shelf;
		job->due_ms = INT64_MAX;
		stream->chore = 1;
		/* What is put on the shelf meanwhile sets it again. */
		stream->chores_ms = INT64_MAX;
		return;
	}
}

void
compact_key(const struct compact_job *job, uint32_t epoch, int level,
    uint64_t min_txid, uint64_t max_txid, struct store_key *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->slug, job->stream->slug, sizeof(job->stream->slug));
	out->epoch = epoch;
	out->kind = level == CATALOG_OWNER ? STORE_OWNER : STORE_LTX;
	if (out->kind == STORE_OWNER)
		return;
	out->level = level;
	out->min_txid = min_txid;
	out->max_txid = max_txid;
}

void
compact_fail(struct compact_job *job, const struct err *err)
{
	struct stream *stream = job->stream;
	int64_t wait = RETRY_FIRST_MS;

	if (stream->chore_failures == 0)
		log_err("compact", str_of(stream->slug), err);
	for (int i = 0; i < stream->chore_failures && wait < RETRY_LAST_MS; i++)
		wait *= 2;
	stream->chore_failures++;
	if (stream->chore_failure == NULL)
		stream->chore_failure = malloc(sizeof(*stream->chore_failure));
	if (stream->chore_failure == NULL)
		err_die("out of memory");
	*stream->chore_failure = job->failure = *err;
	stream->chores_ms = job->now_ms + wait;
}

/* --- the shelf ----------------------------------------------------------------- */

static void
load(struct compact_job *job, struct err *err)
{
	char path[SHELF_PATH];

	catalog_path(job->shelf, path);
	job->catalog = catalog_load(path, err);
	job->phase = COMPACT_OPEN;
	if (job->catalog != NULL)
		return;
	if (err->code != ERR_NOT_FOUND && err->code != ERR_CORRUPT)
		return;
	if (err->code == ERR_CORRUPT)
		log_err("compact", str_of(job->stream->slug), err);
	err_clear(err);
	job->catalog = catalog_new(path);
	job->phase = COMPACT_LIST;
}

static void
open_epoch(struct compact_job *job, struct err *err)
{
	struct arena *arena = arena_new(LIST_ARENA);
	struct shelf_epochs epochs;
	struct shelf_list list;
	size_t i = 0;

	free(job->piece);
	job->piece = NULL;
	job->n = 0;
	if (shelf_epochs(job->shelf, arena, &epochs, err))
		goto out;
	while (i < epochs.n && epochs.epoch[i] < job->next_epoch)
		i++;
	if (i == epochs.n) {
		job->phase = COMPACT_RETAIN;
		goto out;
	}
	job->epoch = epochs.epoch[i];
	job->next_epoch = (uint64_t)job->epoch + 1;
	if (shelf_list(job->shelf, job->epoch, job->stream->pos.epoch, arena,
		&list, err))
		goto out;
	/* One more than there are, for the one that is being merged. */
	job->cap = list.n + 1;
	job->piece = calloc(job->cap, sizeof(*job->piece));
	if (job->piece == NULL)
		err_die("out of memory");
	if (list.n > 0)
		memcpy(job->piece, list.piece, list.n * sizeof(*list.piece));
	job->n = list.n;
	job->phase = COMPACT_SHELF;
out:
	arena_free(arena);
}

static void
forget_piece(struct compact_job *job, size_t at)
{
	memmove(job->piece + at, job->piece + at + 1,
	    (--job->n - at) * sizeof(*job->piece));
}

static int
drop(struct compact_job *job, size_t at, struct err *err)
{
	if (shelf_remove(job->shelf, &job->piece[at], err))
		return -1;
	forget_piece(job, at);
	return 0;
}

/* A snapshot alone: what is raw before it is merged like all that is raw. */
static int
drop_subject(struct compact_job *job, struct err *err)
{
	const struct shelf_piece *p = &job->subject;

	for (size_t i = 0; i < job->n; i++) {
		if (job->piece[i].level == p->level &&
		    job->piece[i].min_txid == p->min_txid &&
		    job->piece[i].max_txid == p->max_txid)
			return drop(job, i, err);
	}
	return 0;
}

/* A merged piece, and those that went into it. */
static int
drop_within(struct compact_job *job, uint64_t min_txid, uint64_t max_txid,
    struct err *err)
{
	for (size_t i = job->n; i-- > 0;) {
		if (job->piece[i].min_txid >= min_txid &&
		    job->piece[i].max_txid <= max_txid && drop(job, i, err))
			return -1;
	}
	return 0;
}

static int
note(struct compact_job *job, uint32_t epoch, int level, uint64_t min_txid,
    uint64_t max_txid, enum catalog_state state, int64_t time_ms, int64_t size,
    struct err *err)
{
	struct catalog_entry entry = { .epoch = epoch,
		.level = level,
		.min_txid = min_txid,
		.max_txid = max_txid,
		.state = state,
		.time_ms = time_ms,
		.there_ms = compact_there_ms(job),
		.size = size };

	return catalog_note(job->catalog, &entry, 1, err);
}

static int
note_piece(struct compact_job *job, enum catalog_state state, struct err *err)
{
	const struct shelf_piece *p = &job->subject;

	if (state == CATALOG_THERE && p->level == STORE_LEVEL_SNAPSHOT &&
	    p->max_txid == 1 &&
	    note(job, p->epoch, CATALOG_OWNER, 1, 1, CATALOG_THERE, p->time_ms,
		0, err))
		return -1;
	return note(job, p->epoch, p->level, p->min_txid, p->max_txid, state,
	    p->time_ms, p->size, err);
}

static void
sync_then(struct compact_job *job, enum compact_phase then)
{
	job->phase = COMPACT_SYNC;
	job->then = then;
}

static void
begin_merge(struct compact_job *job, const struct windows_task *task)
{
	size_t n = task->to - task->from;
	char(*paths)[SHELF_PATH] = calloc(n, SHELF_PATH);
	const char **list = calloc(n, sizeof(*list));
	char out[SHELF_PATH];

	if (paths == NULL || list == NULL)
		err_die("out of memory");
	for (size_t i = 0; i < n; i++) {
		shelf_path(job->shelf, &job->piece[task->from + i], paths[i]);
		list[i] = paths[i];
	}
	job->subject = (struct shelf_piece){ .epoch = job->epoch,
		.level = task->level,
		.min_txid = task->min_txid,
		.max_txid = task->max_txid };
	shelf_path(job->shelf, &job->subject, out);
	job->merge = ltx_merge_new(list, n, out);
	free(list);
	free(paths);
	job->from = task->from;
	job->to = task->to;
	job->phase = COMPACT_MERGE;
}

static void
merge(struct compact_job *job, struct err *err)
{
	int done = ltx_merge_step(job->merge, PAGES_PER_TICK, err);
	struct shelf_piece *p = job->piece;

	if (done == 0)
		return;
	job->phase = COMPACT_SHELF;
	if (done < 0) {
		ltx_merge_free(job->merge);
		job->merge = NULL;
		if (err->code != ERR_CORRUPT && err->code != ERR_NOT_FOUND)
			return;
		/* The level has a gap, and what is raw there stays raw. */
		log_err("compact", str_of(job->stream->slug), err);
		err_clear(err);
		(void)drop_within(
		    job, job->subject.min_txid, job->subject.max_txid, err);
		return;
	}
	job->subject.time_ms = ltx_merge_header(job->merge)->time_ms;
	job->subject.size = ltx_merge_bytes(job->merge);
	ltx_merge_free(job->merge);
	job->merge = NULL;
	assert(job->n < job->cap);
	memmove(p + job->from + 1, p + job->from,
	    (job->n++ - job->from) * sizeof(*p));
	p[job->from] = job->subject;
}

static void
next_task(struct compact_job *job, struct err *err)
{
	const struct config *config = job->compact->config;
	int64_t length_ms = config->replica_compact_ms;
	int64_t late_ms = 2 * config->replica_interval_ms;
	struct windows windows = { .length_ms = length_ms,
		.closed_ms = job->epoch == job->stream->pos.epoch
				 ? job->now_ms - late_ms
				 : INT64_MAX,
		.piece = job->piece,
		.n = job->n,
		.catalog = job->catalog };
	struct windows_task task = windows_next(&windows);
	int64_t due_ms;

	switch (task.verb) {
	case WINDOWS_NOTHING:
		due_ms = windows_due(&windows);
		for (size_t i = 0; i < job->n; i++)
			job->bytes += job->piece[i].size;
		if (due_ms != INT64_MAX && due_ms + late_ms < job->due_ms)
			job->due_ms = due_ms + late_ms;
		job->phase = COMPACT_OPEN;
		break;
	case WINDOWS_NOTE:
		job->subject = job->piece[task.from];
		if (note_piece(job, CATALOG_THERE, err) == 0)
			sync_then(job, COMPACT_NOTED);
		break;
	case WINDOWS_RUN:
		(void)note(job, job->epoch, STORE_LEVEL_RAW, task.min_txid,
		    task.max_txid, CATALOG_THERE, task.time_ms, 0, err);
		break;
	case WINDOWS_DROP:
		(void)drop(job, task.from, err);
		break;
	case WINDOWS_PUT:
		job->subject = job->piece[task.from];
		if (note_piece(job, CATALOG_PUTTING, err) == 0)
			sync_then(job, COMPACT_PUT);
		break;
	case WINDOWS_MERGE:
		begin_merge(job, &task);
		break;
	}
}

static void
put_done(struct store_op *op, const struct err *failure)
{
	struct compact_job *job = op->arg;
	struct err err = ERR_INIT;

	job->in_flight--;
	stream_count(
	    job->stream, op, failure->code == ERR_NONE ? job->subject.size : 0);
	job->phase = COMPACT_SHELF;
	if (failure->code == ERR_CONFLICT) {
		/* Never counted on, and not tried again. */
		log_err("compact", str_of(job->stream->slug), failure);
		if (drop_within(job, job->subject.min_txid,
			job->subject.max_txid, &err))
			compact_fail(job, &err);
	} else if (failure->code != ERR_NONE) {
		compact_fail(job, failure);
	} else if (note_piece(job, CATALOG_THERE, &err)) {
		compact_fail(job, &err);
	}
}

static void
put(struct compact_job *job)
{
	struct store_op *op = &job->op;

	if (store_room(job->compact->store) == 0)
		return;
	memset(op, 0, sizeof(*op));
	shelf_path(job->shelf, &job->subject, job->path);
	op->verb = STORE_PUT;
	compact_key(job, job->subject.epoch, job->subject.level,
	    job->subject.min_txid, job->subject.max_txid, &op->key);
	op->path = job->path;
	op->time_ms = job->subject.time_ms;
	op->done = put_done;
	op->arg = job;
	job->in_flight++;
	job->phase = COMPACT_WAIT;
	store_submit(job->compact->store, op);
}

/* --- the job ------------------------------------------------------------------- */

static void
end(struct compact_job *job)
{
	struct stream *stream = job->stream;
	struct err err = ERR_INIT;

	if (job->failure.code == ERR_NONE) {
		if (catalog_is_worn(job->catalog) &&
		    catalog_save(job->catalog, &err))
			compact_fail(job, &err);
		else if (job->due_ms < stream->chores_ms)
			stream->chores_ms = job->due_ms;
	}
	/* Lost, it is found again at the next start. */
	if (job->failure.code == ERR_NONE) {
		stream->env->shelf_bytes += job->bytes - stream->shelf_bytes;
		stream->shelf_bytes = job->bytes;
		stream->chore_failures = 0;
		free(stream->chore_failure);
		stream->chore_failure = NULL;
		if (catalog_set_next(job->catalog, stream->chores_ms, &err))
			log_err("compact", str_of(stream->slug), &err);
	}
	clear(job);
}

static void
step(struct compact_job *job)
{
	struct err err = ERR_INIT;
	enum compact_phase phase = job->phase;

	switch (phase) {
	case COMPACT_LOAD:
		load(job, &err);
		break;
	case COMPACT_LIST:
		compact_list(job);
		break;
	case COMPACT_OPEN:
		open_epoch(job, &err);
		break;
	case COMPACT_SHELF:
		next_task(job, &err);
		break;
	case COMPACT_MERGE:
		merge(job, &err);
		break;
	case COMPACT_NOTED:
		job->phase = COMPACT_SHELF;
		(void)drop_subject(job, &err);
		break;
	case COMPACT_PUT:
		put(job);
		break;
	case COMPACT_RETAIN:
		compact_retain(job);
		break;
	case COMPACT_DELETE:
		compact_delete(job);
		break;
	case COMPACT_SYNC:
	case COMPACT_WAIT:
	case COMPACT_END:
		break;
	}
	if (err.code != ERR_NONE)
		compact_fail(job, &err);
}

/* Nothing to do before the store, or a sync, or room, has come? */
static int
must_wait(const struct compact_job *job)
{
	return job->phase == COMPACT_WAIT || job->phase == COMPACT_SYNC ||
	       (job->phase == COMPACT_PUT &&
		   store_room(job->compact->store) == 0);
}

void
compact_set_lead(struct compact *compact, int64_t lead_ms)
{
	compact->lead_ms = lead_ms;
}

void
compact_set_lag(struct compact *compact, int64_t lag_ms)
{
	compact->lag_ms = lag_ms;
}

void
compact_work(struct compact *compact, int64_t now_ms)
{
	for (size_t i = 0; i < JOBS; i++) {
		struct compact_job *job = &compact->job[i];

		if (job->stream == NULL)
			continue;
		job->now_ms = now_ms;
		for (int n = 0; n < TASKS_PER_TICK && !must_wait(job); n++) {
			enum compact_phase phase = job->phase;

			if (job->failure.code != ERR_NONE ||
			    phase == COMPACT_END)
				break;
			step(job);
			if (phase == COMPACT_MERGE)
				break;
		}
		if ((job->failure.code != ERR_NONE && job->in_flight == 0) ||
		    job->phase == COMPACT_END)
			end(job);
	}
}

int
compact_wants_sync(const struct compact *compact)
{
	for (size_t i = 0; i < JOBS; i++) {
		if (compact->job[i].stream != NULL &&
		    compact->job[i].phase == COMPACT_SYNC)
			return 1;
	}
	return 0;
}

void
compact_synced(struct compact *compact)
{
	for (size_t i = 0; i < JOBS; i++) {
		if (compact->job[i].stream != NULL &&
		    compact->job[i].phase == COMPACT_SYNC)
			compact->job[i].phase = compact->job[i].then;
	}
}

int
compact_is_busy(const struct compact *compact)
{
	for (size_t i = 0; i < JOBS; i++) {
		if (compact->job[i].stream != NULL &&
		    !must_wait(&compact->job[i]))
			return 1;
	}
	return 0;
}

int
compact_in_flight(const struct compact *compact)
{
	for (size_t i = 0; i < JOBS; i++) {
		if (compact->job[i].in_flight > 0)
			return 1;
	}
	return 0;
}
