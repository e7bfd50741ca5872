#include "replication/compact.h"

#include <stdlib.h>
#include <string.h>

#include "replication/compact_job.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"

/*
 * A tenant whose catalog was lost: what the store has, from one LIST for each
 * level of each epoch.  Times are not listed, so everything counts as of now: it
 * is kept longer than it had to be, never shorter.
 */
struct compact_lists {
	uint32_t *epoch;
	size_t n, cap;
	size_t at;
	int level;
	int listed; /* the epochs */
	struct catalog_entry run; /* of raw objects, growing; min 0: none */
};

void
compact_list_free(struct compact_job *job)
{
	if (job->lists == NULL)
		return;
	free(job->lists->epoch);
	free(job->lists);
	job->lists = NULL;
}

static int
on_epoch(
    struct store_op *op, const struct store_object *object, struct err *err)
{
	struct compact_lists *lists = ((struct compact_job *)op->arg)->lists;

	(void)err;
	if (lists->n == lists->cap) {
		lists->cap = lists->cap * 2 + 8;
		lists->epoch =
		    realloc(lists->epoch, lists->cap * sizeof(*lists->epoch));
		if (lists->epoch == NULL)
			err_die("out of memory");
	}
	lists->epoch[lists->n++] = object->key.epoch;
	return 0;
}

static void
end_run(struct compact_job *job)
{
	if (job->lists->run.min_txid != 0)
		catalog_put(job->catalog, &job->lists->run);
	job->lists->run.min_txid = 0;
}

/* Does a merged object end there?  Then a run does, too, to be covered by it. */
static int
is_boundary(const struct compact_job *job, uint32_t epoch, uint64_t txid)
{
	for (size_t i = 0; i < job->catalog->n; i++) {
		const struct catalog_entry *entry = &job->catalog->entry[i];

		if (entry->epoch == epoch && entry->max_txid == txid &&
		    entry->level > 0 && entry->level < STORE_LEVEL_SNAPSHOT)
			return 1;
	}
	return 0;
}

static int
on_object(
    struct store_op *op, const struct store_object *object, struct err *err)
{
	struct compact_job *job = op->arg;
	const struct store_key *key = &object->key;
	struct catalog_entry *run = &job->lists->run;
	int64_t now_ms = compact_there_ms(job);
	struct catalog_entry entry = { .epoch = key->epoch,
		.level = key->level,
		.min_txid = key->min_txid,
		.max_txid = key->max_txid,
		.state = CATALOG_THERE,
		.time_ms = now_ms,
		.there_ms = now_ms,
		.size = object->size };

	(void)err;
	if (key->level != STORE_LEVEL_RAW) {
		catalog_put(job->catalog, &entry);
		return 0;
	}
	if (run->min_txid != 0 &&
	    (key->min_txid != run->max_txid + 1 ||
		is_boundary(job, run->epoch, run->max_txid)))
		end_run(job);
	/* The stock tool's own may be longer; such a one is not taken apart. */
	if (key->min_txid != key->max_txid)
		return 0;
	entry.size = 0;
	if (run->min_txid == 0)
		*run = entry;
	run->max_txid = key->max_txid;
	return 0;
}

static void
listed(struct store_op *op, const struct err *failure)
{
	struct compact_job *job = op->arg;
	struct compact_lists *lists = job->lists;

	job->in_flight--;
	stream_count(job->stream, op, 0);
	job->phase = COMPACT_LIST;
	if (failure->code != ERR_NONE) {
		compact_fail(job, failure);
		return;
	}
	if (!lists->listed) {
		lists->listed = 1;
		lists->level = STORE_LEVEL_SNAPSHOT;
		return;
	}
	if (lists->level == STORE_LEVEL_RAW) {
		int64_t now_ms = compact_there_ms(job);
		struct catalog_entry owner = { .epoch = lists->epoch[lists->at],
			.level = CATALOG_OWNER,
			.min_txid = 1,
			.max_txid = 1,
			.state = CATALOG_THERE,
			.time_ms = now_ms,
			.there_ms = now_ms };

		end_run(job);
		catalog_put(job->catalog, &owner);
		lists->at++;
		lists->level = STORE_LEVEL_SNAPSHOT;
	} else {
		lists->level--;
	}
}

/*
 * Is this the first that anybody hears of the tenant?  Its base lies on the shelf, and
 * there cannot be an epoch before the first.
 */
static int
is_new(const struct compact_job *job)
{
	struct shelf_piece base = { .epoch = 1,
		.level = STORE_LEVEL_SNAPSHOT,
		.min_txid = 1,
		.max_txid = 1 };
	struct err err = ERR_INIT;
	char path[SHELF_PATH];

	shelf_path(job->shelf, &base, path);
	return job->stream->pos.epoch == 1 && file_exists(path, &err) == 1;
}

static void
finish(struct compact_job *job)
{
	struct err err = ERR_INIT;

	compact_list_free(job);
	job->phase = COMPACT_OPEN;
	if (file_mkdirs(job->shelf, 0700, &err) ||
	    catalog_save(job->catalog, &err))
		compact_fail(job, &err);
}

void
compact_list(struct compact_job *job)
{
	struct compact_lists *lists = job->lists;
	struct store_op *op = &job->op;
	struct err err = ERR_INIT;

	if (lists == NULL) {
		if (is_new(job)) {
			/* Durable before its base leaves the shelf. */
			job->phase = COMPACT_OPEN;
			if (catalog_begin(job->catalog, &err))
				compact_fail(job, &err);
			return;
		}
		log_info("compact", "%s: the catalog is made from listings",
		    job->stream->slug);
		lists = job->lists = calloc(1, sizeof(*lists));
		if (lists == NULL)
			err_die("out of memory");
	}
	if (lists->listed && lists->at == lists->n) {
		finish(job);
		return;
	}
	memset(op, 0, sizeof(*op));
	compact_key(job, 0, 0, 0, 0, &op->key);
	op->verb = lists->listed ? STORE_LIST : STORE_EPOCHS;
	op->object = lists->listed ? on_object : on_epoch;
	if (lists->listed) {
		op->key.epoch = lists->epoch[lists->at];
		op->key.level = lists->level;
	}
	op->done = listed;
	op->arg = job;
	job->in_flight++;
	job->phase = COMPACT_WAIT;
	store_submit(job->compact->store, op);
}
