#include "replication/store_s3.h"

#include <assert.h>
#include <stdlib.h>

#include "replication/store_s3_job.h"
#include "tenants/base/clock.h"

/*
 * A REPLICA IN S3
 *
 *	<prefix>/<slug>/<epoch, 8 hex>/owner
 *	<prefix>/<slug>/<epoch, 8 hex>/<level, 4 hex>/<min>-<max>.ltx
 *	<prefix>/_machine
 *	<prefix>/_probe		what the probe writes; nobody reads it
 *
 * From <epoch> down that is Litestream's layout, its time in the metadata
 * (x-amz-meta-litestream-timestamp) included.
 *
 * An operation is a job: a few calls (s3_wire.h), one after the other.  Jobs
 * under way are bounded by the connections; the others wait in their order.
 * Deletes have no job: they gather and go a thousand in a request
 * (store_s3_delete.c).
 *
 * What was sent is what is there.  The hash of each body is signed, so the
 * store refuses one that was damaged, and Content-MD5 says it once more to
 * those who look at that alone.  The answer's ETag is compared with the MD5;
 * where it is another, what is there is read and compared byte by byte
 * (a store that encrypts has other ETags: then they prove nothing, and are
 * not looked at again).  What is read proves itself: an LTX file by its own
 * checksum and the size in its metadata, the small objects by the SHA-256 that
 * theirs carries.
 *
 * An object never has two contents (R7): If-None-Match where the store heeds
 * it (store_s3_probe.c), and a comparison with what is there where the answer
 * is 412: after a lost answer that is our own put.
 */
#define SLICE_US 10000 /* of hashing in one call of store_poll */

static void *
open_s3(const char *rest, struct err *err)
{
	struct store_s3 *store = calloc(1, sizeof *store);

	if (!store)
		err_die("out of memory: store");
	store->last = &store->first;
	store->last_doomed = &store->doomed;
	if (s3_wire_open(&store->wire, rest, err) == 0)
		return store;
	s3_wire_close(&store->wire);
	free(store);
	return NULL;
}

static void
submit(void *state, struct store_op *op)
{
	struct store_s3 *store = state;

	if (op->verb == STORE_DELETE) {
		store_s3_delete(store, op);
		return;
	}
	*store->last = op;
	store->last = &op->next;
}

static void
free_job(struct store_s3_job *job)
{
	struct store_s3 *store = job->store;

	s3_wire_cancel(&job->call);
	store_s3_multi_free(job->multi);
	s3_source_close(&job->source);
	buf_free(&job->small);
	buf_free(&job->names);
	if (job->prev)
		job->prev->next = job->next;
	else
		store->jobs = job->next;
	if (job->next)
		job->next->prev = job->prev;
	store->busy--;
	free(job);
}

void
store_s3_report(
    struct store_s3 *store, struct store_op *op, const struct err *err)
{
	op->failure = *err;
	store->ended++;
	if (err->code != ERR_NONE && err->code != ERR_NOT_FOUND &&
	    err->code != ERR_CONFLICT)
		store->wire.stats.failed++;
	op->done(op, &op->failure);
}

void
store_s3_end(struct store_s3_job *job, const struct err *err)
{
	struct store_s3 *store = job->store;
	struct store_op *op = job->op;
	struct err copy = *err;

	free_job(job);
	store_s3_report(store, op, &copy);
}

static void
begin(struct store_s3 *store)
{
	struct store_s3_job *job = calloc(1, sizeof *job);
	struct store_op *op = store->first;

	if (!job)
		err_die("out of memory: store");
	store->first = op->next;
	if (!store->first)
		store->last = &store->first;
	job->store = store;
	job->op = op;
	job->source.fd = -1;
	job->call.arg = job;
	job->call.requests = &op->requests;
	job->next = store->jobs;
	if (store->jobs)
		store->jobs->prev = job;
	store->jobs = job;
	store->busy++;
	switch (op->verb) {
	case STORE_PUT:
		store_s3_put(job);
		return;
	case STORE_GET:
		store_s3_get(job);
		return;
	case STORE_LIST:
	case STORE_EPOCHS:
	case STORE_SLUGS:
		store_s3_list(job);
		return;
	case STORE_ERASE:
		store_s3_erase(job);
		return;
	case STORE_DELETE:
		break;
	}
	err_die("store: no verb %d", op->verb);
}

/* A turn for each that hashes, until time is up; 1 there is more to do. */
static int
take_turns(struct store_s3 *store)
{
	int64_t until = clock_mono_us() + SLICE_US;
	int more = 1;

	while (more) {
		struct store_s3_job *job = store->jobs, *next;

		more = 0;
		for (; job; job = next) {
			next = job->next;
			if (!job->turn)
				continue;
			/* It may be gone after its turn. */
			if (job->turn(job))
				more = 1;
			if (clock_mono_us() >= until)
				break;
		}
		if (clock_mono_us() >= until)
			break;
	}
	for (struct store_s3_job *job = store->jobs; job; job = job->next)
		if (job->turn)
			return 1;
	return 0;
}

static int
poll_s3(void *state, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct store_s3 *store = state;
	uint64_t ended = store->ended;

	while (
	    store->first && store->busy < (size_t)store->wire.place.connections)
		begin(store);
	store_s3_delete_pump(store);
	if (take_turns(store) || store->ended != ended)
		timeout_ms = 0;
	return s3_wire_poll(&store->wire, fds, n, timeout_ms);
}

static void
close_s3(void *state)
{
	struct store_s3 *store = state;

	while (store->jobs)
		free_job(store->jobs);
	store_s3_delete_close(store);
	s3_wire_cancel(&store->probe);
	s3_wire_close(&store->wire);
	free(store);
}

static size_t
room(const void *state)
{
	const struct store_s3 *store = state;
	size_t most = (size_t)store->wire.place.connections;
	size_t used =
	    store->busy > store->wire.calls ? store->busy : store->wire.calls;

	return store->first || used >= most ? 0 : most - used;
}

static void
stats(const void *state, struct store_stats *out)
{
	const struct store_s3 *store = state;

	*out = store->wire.stats;
	out->refused_ms = store->wire.ring.refused_ms;
}

const struct store_driver store_s3 = {
	.open = open_s3,
	.close = close_s3,
	.submit = submit,
	.poll = poll_s3,
	.room = room,
	.stats = stats,
};
