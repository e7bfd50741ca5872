#include "replication/compact.h"

#include <stdlib.h>
#include <string.h>

#include "replication/compact_job.h"
#include "replication/ltx.h"
#include "replication/retain.h"

/* What S3 deletes in one request. */
#define BATCH 1000

struct compact_deletes {
	struct catalog_entry *entry; /* doomed, and noted so */
	size_t n;
	size_t at; /* the one whose objects are next … */
	uint64_t txid; /* … and of a run the first */
	struct store_op op[BATCH];
};

void
compact_delete_free(struct compact_job *job)
{
	if (job->deletes == NULL)
		return;
	free(job->deletes->entry);
	free(job->deletes);
	job->deletes = NULL;
}

/*
 * Deletes are gathered: a tenant looks for what may go once in the time of a
 * grace, each at a moment of its own.
 */
static int64_t
unit_of(const struct compact_job *job)
{
	int64_t unit = retain_grace(job->compact->config->replica_fine_ms);

	return unit > 0 ? unit : 1;
}

static int64_t
phase_of(const struct compact_job *job)
{
	const char *slug = job->stream->slug;

	return (
	    int64_t)(ltx_crc64(0, slug, strlen(slug)) % (uint64_t)unit_of(job));
}

/* The first moment not before ms at which this tenant deletes. */
static int64_t
delete_ms(const struct compact_job *job, int64_t ms)
{
	int64_t unit = unit_of(job), phase = phase_of(job);

	return (ms - phase + unit - 1) / unit * unit + phase;
}

/* The first class that has something, *order, and how many are of it. */
static size_t
first_class(const unsigned char *verdict, size_t n, unsigned char *order)
{
	size_t found;

	for (*order = RETAIN_FIRST; *order <= RETAIN_LAST; ++*order) {
		found = 0;
		for (size_t i = 0; i < n; i++)
			found += verdict[i] == *order;
		if (found > 0)
			return found;
	}
	return 0;
}

void
compact_retain(struct compact_job *job)
{
	const struct config *config = job->compact->config;
	struct catalog *catalog = job->catalog;
	int64_t lead_ms = job->compact->lead_ms;
	struct retain retain = {
		.now_ms =
		    delete_ms(job, job->now_ms - lead_ms - unit_of(job) + 1),
		.fine_ms = config->replica_fine_ms,
		.retain_ms = config->replica_retain_ms,
		.grace_ms = retain_grace(config->replica_fine_ms),
	};
	unsigned char *verdict = malloc(catalog->n + 1), order;
	struct err err = ERR_INIT;
	struct compact_deletes *d;
	int64_t next_ms;
	size_t n, k = 0;

	if (verdict == NULL)
		err_die("out of memory");
	retain_judge(&retain, catalog, verdict, &next_ms);
	n = first_class(verdict, catalog->n, &order);
	if (n == 0) {
		if (next_ms != INT64_MAX &&
		    delete_ms(job, next_ms) + lead_ms < job->due_ms)
			job->due_ms = delete_ms(job, next_ms) + lead_ms;
		job->phase = COMPACT_END;
		goto out;
	}
	compact_delete_free(job);
	d = job->deletes = calloc(1, sizeof(*job->deletes));
	if (d == NULL || (d->entry = calloc(n, sizeof(*d->entry))) == NULL)
		err_die("out of memory");
	d->n = n;
	for (size_t i = 0; i < catalog->n; i++) {
		if (verdict[i] != order)
			continue;
		d->entry[k] = catalog->entry[i];
		d->entry[k++].state = CATALOG_DOOMED;
	}
	d->txid = d->entry[0].min_txid;
	if (catalog_note(catalog, d->entry, n, &err))
		compact_fail(job, &err);
	job->phase = COMPACT_SYNC;
	job->then = COMPACT_DELETE;
out:
	free(verdict);
}

static void
deleted(struct store_op *op, const struct err *failure)
{
	struct compact_job *job = op->arg;

	job->in_flight--;
	stream_count(job->stream, op, 0);
	if (failure->code != ERR_NONE && job->failure.code == ERR_NONE)
		compact_fail(job, failure);
	if (job->in_flight == 0)
		job->phase = COMPACT_DELETE;
}

/* The key of the next object; 0 there is none left. */
static int
next_key(struct compact_job *job, struct store_key *out)
{
	struct compact_deletes *d = job->deletes;
	const struct catalog_entry *entry;

	if (d->at == d->n)
		return 0;
	entry = &d->entry[d->at];
	if (entry->level == STORE_LEVEL_RAW)
		compact_key(
		    job, entry->epoch, entry->level, d->txid, d->txid, out);
	else
		compact_key(job, entry->epoch, entry->level, entry->min_txid,
		    entry->max_txid, out);
	if (entry->level == STORE_LEVEL_RAW && d->txid < entry->max_txid)
		d->txid++;
	else if (++d->at < d->n)
		d->txid = d->entry[d->at].min_txid;
	return 1;
}

void
compact_delete(struct compact_job *job)
{
	struct compact_deletes *d = job->deletes;
	struct err err = ERR_INIT;
	struct store_key key;
	size_t n = 0;

	while (n < BATCH && next_key(job, &key)) {
		struct store_op *op = &d->op[n++];

		memset(op, 0, sizeof(*op));
		op->verb = STORE_DELETE;
		op->key = key;
		op->done = deleted;
		op->arg = job;
	}
	if (n > 0) {
		job->phase = COMPACT_WAIT;
		job->in_flight = n;
		for (size_t i = 0; i < n; i++)
			store_submit(job->compact->store, &d->op[i]);
		return;
	}
	for (size_t i = 0; i < d->n; i++)
		d->entry[i].state = CATALOG_GONE;
	if (catalog_note(job->catalog, d->entry, d->n, &err))
		compact_fail(job, &err);
	/* The next class, if there is one. */
	job->phase = COMPACT_RETAIN;
}
