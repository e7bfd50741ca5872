#include "replication/store_s3_job.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tenants/base/clock.h"
#include "tenants/base/log.h"

#define ROUNDS 3 /* puts of what vanished while it was compared */

static void send_put(struct store_s3_job *job);

static void
fail(struct store_s3_job *job, enum err_code code, const char *what)
{
	struct err err = ERR_INIT;

	err_set(&err, code, "s3://%s/%s %s", job->store->wire.place.bucket,
	    job->name, what);
	store_s3_end(job, &err);
}

static void
conflict(struct store_s3_job *job)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_CONFLICT, "s3://%s/%s %s",
	    job->store->wire.place.bucket, job->name,
	    job->op->swap ? "is not what it was"
			  : "is there with other content");
	if (!job->op->swap)
		err_hint(&err, "another machine writes to this replica");
	store_s3_end(job, &err);
}

static void
succeed(struct store_s3_job *job)
{
	struct store_op *op = job->op;

	if (op->swap)
		(void)str_copy(
		    str_of(job->etag), op->version, sizeof op->version);
	store_s3_end(job, &job->store->done);
}

static void
keep_etag(struct store_s3_job *job)
{
	/* One that is too long for a version is none. */
	if (str_copy(s3_call_etag(&job->call), job->etag, sizeof job->etag) !=
	    0)
		job->etag[0] = '\0';
}

/* --- what is there already ----------------------------------------------- */

/*
 * "Other content" stops a tenant's replication, so that a GET which was
 * damaged, or cut short by a length that is a lie, must not pass for it: the
 * metadata says what was put there, and where there is none it must differ
 * twice.
 */
static enum answer
says_ours(const struct store_s3_job *job)
{
	struct str sum =
	    net_header(&job->call.net, "x-amz-meta-rowhouse-sha256");

	if (sum.n == 0)
		return UNKNOWN;
	return str_is(sum, job->source.sha256) ? YES : NO;
}

/* An error behind a 200 has no ETag, and says nothing of what is there. */
static int
is_object(const struct store_s3_job *job)
{
	return s3_call_etag(&job->call).n > 0;
}

static void
begin_compare(struct s3_call *call)
{
	struct store_s3_job *job = call->arg;

	job->at = 0;
}

/* What differs is read to its end, for the call to be answered. */
static int
compare_piece(struct s3_call *call, const void *p, size_t n, struct err *err)
{
	struct store_s3_job *job = call->arg;
	int same;

	if (job->at < 0)
		return 0;
	same = s3_source_same(&job->source, job->at, p, n, err);
	if (same < 0)
		return -1;
	if (same > 0) {
		job->at += (int64_t)n;
		return 0;
	}
	job->at = -1;
	if (!is_object(job) || says_ours(job) == YES ||
	    (says_ours(job) == UNKNOWN && !job->differed))
		return 0;
	return err_set(err, ERR_CONFLICT, "other content");
}

static const char *
reject_compare(struct s3_call *call)
{
	struct store_s3_job *job = call->arg;
	int once = job->differed;

	if (job->at == job->source.size || says_ours(job) == NO)
		return NULL;
	if (!is_object(job))
		return "is answered with no object";
	/* Without a sum, what differs twice does differ. */
	job->differed = 1;
	return says_ours(job) == YES || !once ? "is not what was put there"
					      : NULL;
}

static void
on_compared(struct s3_call *call, const struct err *err)
{
	struct store_s3_job *job = call->arg;

	if (err->code == ERR_NONE) {
		keep_etag(job);
		job->compared(job, job->at == job->source.size ? YES : NO);
	} else if (job->at < 0 && err->code == ERR_CONFLICT) {
		job->compared(job, NO);
	} else if (err->code == ERR_NOT_FOUND) {
		job->compared(job, UNKNOWN);
	} else {
		store_s3_end(job, err);
	}
}

/* UNKNOWN: there is none. */
void
store_s3_compare(struct store_s3_job *job,
    void (*compared)(struct store_s3_job *job, enum answer same))
{
	struct s3_call *call = &job->call;

	s3_call_init(call, "GET", S3_GETS, job->name);
	job->compared = compared;
	job->differed = 0;
	call->begin = begin_compare;
	call->data = compare_piece;
	call->reject = reject_compare;
	call->done = on_compared;
	s3_wire_submit(&job->store->wire, call);
}

/* --- the answer to a put ------------------------------------------------- */

static void
compared_after_refusal(struct store_s3_job *job, enum answer same)
{
	if (same == YES)
		succeed(job);
	else if (same == NO)
		conflict(job);
	else if (job->op->swap)
		conflict(job);
	else if (++job->rounds < ROUNDS)
		send_put(job);
	else
		fail(job, ERR_BUSY, "appears and vanishes");
}

/* The answer's ETag was not our MD5. */
static void
compared_after_put(struct store_s3_job *job, enum answer same)
{
	struct store_s3 *store = job->store;

	if (same != YES) {
		fail(job, ERR_CORRUPT, "is not what was put there");
		return;
	}
	/* Wrong once is an accident; the same twice is what it has. */
	if (strcmp(job->etag, job->before) != 0)
		(void)str_copy(
		    str_of(job->source.md5), job->etag, sizeof job->etag);
	else if (!store->opaque_etags) {
		store->opaque_etags = 1;
		log_info("store",
		    "s3://%s: ETags are no MD5 there (encrypted?); what was "
		    "put is proven by the signed SHA-256 alone",
		    store->wire.place.bucket);
	}
	succeed(job);
}

static void
compare_after_put(struct store_s3_job *job)
{
	memcpy(job->before, job->etag, sizeof job->before);
	store_s3_compare(job, compared_after_put);
}

static int
is_md5(const char *etag)
{
	return strlen(etag) == 32 && strspn(etag, "0123456789abcdef") == 32;
}

static void
on_put(struct s3_call *call, const struct err *err)
{
	struct store_s3_job *job = call->arg;
	struct store_s3 *store = job->store;

	if (err->code == ERR_NONE) {
		keep_etag(job);
		if (store->opaque_etags ||
		    strcmp(job->etag, job->source.md5) == 0 ||
		    (job->etag[0] && !is_md5(job->etag)))
			succeed(job);
		else
			compare_after_put(job);
		return;
	}
	if (call->status == 412 || call->status == 304) {
		/* Ours, after an answer that was lost or a request doubled? */
		store_s3_compare(job, compared_after_refusal);
	} else if (call->status == 404 && job->op->swap &&
		   job->op->version[0] &&
		   strcmp(call->error.code, "NoSuchBucket") != 0) {
		conflict(job);
	} else if (err->code == ERR_NOT_FOUND) {
		fail(job, ERR_SYSTEM, "cannot be put: the store finds nothing");
	} else {
		store_s3_end(job, err);
	}
}

void
store_s3_describe(const struct store_op *op, int64_t size, struct s3_call *call)
{
	int64_t ms = op->time_ms ? op->time_ms : clock_wall_ms();
	time_t seconds = (time_t)(ms / 1000);
	char date[32], text[64];
	struct tm tm;

	s3_call_header(call, "content-type", "application/octet-stream");
	if (op->key.kind != STORE_LTX)
		return;
	(void)gmtime_r(&seconds, &tm);
	(void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(
	    text, sizeof text, "%s.%03d000000Z", date, (int)(ms % 1000));
	s3_call_header(call, "x-amz-meta-litestream-timestamp", text);
	(void)snprintf(text, sizeof text, "%lld", (long long)size);
	s3_call_header(call, "x-amz-meta-rowhouse-size", text);
}

static void
send_put(struct store_s3_job *job)
{
	const struct store_op *op = job->op;
	struct s3_call *call = &job->call;
	struct store_s3 *store = job->store;

	s3_call_init(call, "PUT", S3_PUTS, job->name);
	store_s3_describe(op, job->source.size, call);
	s3_call_header(call, "content-md5", job->source.md5_base64);
	s3_call_header(call, "x-amz-meta-rowhouse-sha256", job->source.sha256);
	if (op->swap && op->version[0] && store->swaps == YES)
		s3_call_header(call, "if-match", op->version);
	else if ((!op->swap || !op->version[0]) && store->conditions == YES)
		s3_call_header(call, "if-none-match", "*");
	s3_source_send(&job->source, 0, job->source.size, call);
	call->done = on_put;
	s3_wire_submit(&store->wire, call);
}

/* --- where the store heeds no conditions --------------------------------- */

static void
compared_before_put(struct store_s3_job *job, enum answer same)
{
	if (same == YES)
		succeed(job);
	else if (same == NO)
		conflict(job);
	else
		send_put(job);
}

/* Of what is there, the version alone is wanted. */
static int
ignore(struct s3_call *call, const void *p, size_t n, struct err *err)
{
	(void)call;
	(void)p;
	(void)n;
	(void)err;
	return 0;
}

static void
on_version(struct s3_call *call, const struct err *err)
{
	struct store_s3_job *job = call->arg;

	if (err->code != ERR_NONE && err->code != ERR_NOT_FOUND) {
		store_s3_end(job, err);
		return;
	}
	job->etag[0] = '\0';
	if (err->code == ERR_NONE)
		keep_etag(job);
	if (strcmp(job->etag, job->op->version) == 0)
		send_put(job);
	else
		conflict(job);
}

static void
look_at_version(struct store_s3_job *job)
{
	struct s3_call *call = &job->call;

	s3_call_init(call, "GET", S3_GETS, job->name);
	call->data = ignore;
	call->done = on_version;
	s3_wire_submit(&job->store->wire, call);
}

/* --- from the beginning -------------------------------------------------- */

static void
on_probed(struct store_s3_job *job)
{
	const struct store_op *op = job->op;
	struct store_s3 *store = job->store;

	if (op->swap &&
	    (op->version[0] ? store->swaps : store->conditions) == NO)
		look_at_version(job);
	else if (job->source.size > STORE_S3_SINGLE)
		store_s3_multi(job);
	else if (!op->swap && store->conditions == NO)
		store_s3_compare(job, compared_before_put);
	else
		send_put(job);
}

static int
hash_some(struct store_s3_job *job)
{
	struct err err = ERR_INIT;
	int rc = s3_source_step(&job->source, &err);

	if (rc == 0)
		return 1;
	job->turn = NULL;
	if (rc < 0)
		store_s3_end(job, &err);
	else
		store_s3_probe(job, on_probed);
	return 0;
}

void
store_s3_put(struct store_s3_job *job)
{
	struct store_op *op = job->op;
	struct err err = ERR_INIT;

	assert(!op->swap || !op->path);
	s3_url_name(&job->store->wire.place, &op->key, job->name);
	if (s3_source_open(&job->source, op, &err) != 0) {
		store_s3_end(job, &err);
		return;
	}
	/* The parts of a large one are hashed in their turn. */
	if (job->source.size > STORE_S3_SINGLE) {
		store_s3_probe(job, on_probed);
		return;
	}
	s3_source_hash(&job->source, 0, job->source.size);
	job->turn = hash_some;
}
