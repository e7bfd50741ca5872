#include "replication/store_s3_job.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/*
 * An object, or a range of it.  What breaks off, or ends before the size that
 * its metadata or the range has, goes on where it ended: LTX files never
 * change.  The others are small, and are held back until all of
 * it is there and is what its metadata says.
 */
#define SMALL_MAX ((size_t)16 * 1024 * 1024)

/* The size of all of it, as its metadata or its range has it; -1. */
static int64_t
size_of(const struct s3_call *call)
{
	struct str range = net_header(&call->net, "Content-Range");
	struct str size = net_header(&call->net, "x-amz-meta-rowhouse-size");
	int64_t n;

	if (range.n > 0)
		size = str_sub(range, str_find(range, '/', 0) + 1, range.n);
	return str_i64(str_trim(size), &n) == 0 ? n : -1;
}

static int
is_small(const struct store_s3_job *job)
{
	return job->op->key.kind != STORE_LTX;
}

static int
is_xml(const struct s3_call *call)
{
	struct str type = net_header(&call->net, "Content-Type");

	return memmem(type.p ? type.p : "", type.n, "xml", 3) != NULL;
}

/* Before each attempt: from where the last one ended. */
static void
begin_get(struct s3_call *call)
{
	struct store_s3_job *job = call->arg;
	char range[64];

	call->headers = 0;
	buf_reset(&job->small);
	if (is_small(job))
		return;
	if (job->at == 0 && job->end == INT64_MAX)
		return;
	if (job->end == INT64_MAX)
		snprintf(
		    range, sizeof range, "bytes=%lld-", (long long)job->at);
	else
		snprintf(range, sizeof range, "bytes=%lld-%lld",
		    (long long)job->at, (long long)job->end - 1);
	s3_call_header(call, "range", range);
}

/* Does it say where it ends, and begin where it was asked to? */
static int
check_head(struct store_s3_job *job, struct err *err)
{
	struct s3_call *call = &job->call;
	struct str range = net_header(&call->net, "Content-Range");
	struct str from = str_sub(range, 6, str_find(range, '-', 0));
	int64_t at;

	if (net_header(&call->net, "Content-Length").n == 0 &&
	    net_header(&call->net, "Transfer-Encoding").n == 0)
		return err_set(err, ERR_SYSTEM,
		    "s3://%s/%s: an answer without a length",
		    job->store->wire.place.bucket, job->name);
	if (call->headers == 0)
		return 0;
	if (call->status == 206 && str_starts(range, "bytes ") &&
	    str_i64(str_trim(from), &at) == 0 && at == job->at)
		return 0;
	return err_set(err, ERR_SYSTEM,
	    "s3://%s/%s: an answer of another range than was asked for",
	    job->store->wire.place.bucket, job->name);
}

static int
take_piece(struct s3_call *call, const void *p, size_t n, struct err *err)
{
	struct store_s3_job *job = call->arg;
	struct store_op *op = job->op;

	/* Small ones, and what may be an error behind a 200. */
	if (is_small(job) || is_xml(call)) {
		buf_put(&job->small, p, n);
		return buf_check(&job->small, job->name, err);
	}
	if (call->net.received == (int64_t)n && check_head(job, err) != 0)
		return -1;
	if ((int64_t)n > job->end - job->at)
		return err_set(err, ERR_SYSTEM,
		    "s3://%s/%s: more bytes than were asked for",
		    job->store->wire.place.bucket, job->name);
	job->at += (int64_t)n;
	s3_call_progress(call);
	return op->data(op, p, n, err);
}

static int
give(struct store_s3_job *job, struct err *err)
{
	struct store_op *op = job->op;
	struct str all = buf_view(&job->small);
	struct str part;
	size_t to = all.n;

	if (op->offset > (int64_t)all.n)
		return err_set(err, ERR_CORRUPT,
		    "s3://%s/%s has %zu bytes, not %lld and more",
		    job->store->wire.place.bucket, job->name, all.n,
		    (long long)op->offset);
	if (op->length > 0 && op->length < (int64_t)all.n - op->offset)
		to = (size_t)(op->offset + op->length);
	part = str_sub(all, (size_t)op->offset, to);
	return part.n > 0 ? op->data(op, part.p, part.n, err) : 0;
}

/* What we have put says what it is; what others have put is taken as it is. */
static int
is_whole(struct store_s3_job *job)
{
	struct str want =
	    net_header(&job->call.net, "x-amz-meta-rowhouse-sha256");
	unsigned char sum[32];
	char hex[65];

	if (want.n == 0)
		return 1;
	crypto_sha256(buf_view(&job->small), sum);
	crypto_hex(sum, sizeof sum, hex);
	return str_is(want, hex);
}

/*
 * An ETag that is the MD5 is right; of any other it must have said the same
 * twice, for a swap goes by it.
 */
static int
is_version(struct store_s3_job *job)
{
	unsigned char sum[16];
	struct md5 md5;
	char hex[33];

	memcpy(job->before, job->etag, sizeof job->before);
	if (str_copy(s3_call_etag(&job->call), job->etag, sizeof job->etag) !=
	    0)
		job->etag[0] = '\0';
	md5_init(&md5);
	md5_add(&md5, job->small.p, job->small.n);
	md5_end(&md5, sum);
	crypto_hex(sum, sizeof sum, hex);
	return job->store->opaque_etags || strlen(job->etag) != 32 ||
	       strcmp(job->etag, hex) == 0 ||
	       strcmp(job->etag, job->before) == 0;
}

static void
end_held_back(struct store_s3_job *job)
{
	struct err err = ERR_INIT;

	(void)str_copy(s3_call_etag(&job->call), job->op->version,
	    sizeof job->op->version);
	(void)give(job, &err);
	store_s3_end(job, &err);
}

static const char *
reject_get(struct s3_call *call)
{
	struct store_s3_job *job = call->arg;
	struct s3_error error;

	if (is_xml(call) && s3_answer_error(buf_view(&job->small), &error))
		return "comes as an error behind a success";
	if (is_small(job) && !is_whole(job))
		return "is not what was put there";
	if (is_small(job) && !is_version(job))
		return "comes with another ETag each time";
	if (job->small.n == 0 && job->at < job->end && job->at < size_of(call))
		return "comes without its end";
	return NULL;
}

/* --- a range that nothing is in ------------------------------------------ */

static void
on_size(struct s3_call *call, const struct err *err)
{
	struct store_s3_job *job = call->arg;
	struct err verdict = *err;
	int64_t size;

	if (err->code == ERR_NONE) {
		if (str_i64(str_trim(net_header(&call->net, "Content-Length")),
			&size) != 0)
			err_set(&verdict, ERR_SYSTEM,
			    "s3://%s/%s: an answer without a length",
			    job->store->wire.place.bucket, job->name);
		else if (size < job->at)
			err_set(&verdict, ERR_CORRUPT,
			    "s3://%s/%s has %lld bytes, not %lld and more",
			    job->store->wire.place.bucket, job->name,
			    (long long)size, (long long)job->at);
		else if (size > job->at)
			err_set(&verdict, ERR_SYSTEM,
			    "s3://%s/%s: a range refused that there is",
			    job->store->wire.place.bucket, job->name);
	}
	store_s3_end(job, &verdict);
}

static void
look_at_size(struct store_s3_job *job)
{
	s3_call_init(&job->call, "HEAD", S3_GETS, job->name);
	job->call.done = on_size;
	s3_wire_submit(&job->store->wire, &job->call);
}

static void
on_got(struct s3_call *call, const struct err *err)
{
	struct store_s3_job *job = call->arg;

	if (err->code == ERR_NONE && (is_small(job) || job->small.n > 0)) {
		end_held_back(job);
		return;
	}
	if (call->status == 416) {
		look_at_size(job);
		return;
	}
	store_s3_end(job, err);
}

void
store_s3_get(struct store_s3_job *job)
{
	struct store_op *op = job->op;
	struct s3_call *call = &job->call;

	assert(op->offset >= 0 && op->length >= 0);
	s3_url_name(&job->store->wire.place, &op->key, job->name);
	buf_init(&job->small, SMALL_MAX);
	op->version[0] = '\0';
	job->at = op->offset;
	job->end = op->length == 0 || op->length > INT64_MAX - op->offset
		       ? INT64_MAX
		       : op->offset + op->length;
	s3_call_init(call, "GET", S3_GETS, job->name);
	call->begin = begin_get;
	call->data = take_piece;
	call->reject = reject_get;
	call->done = on_got;
	s3_wire_submit(&job->store->wire, call);
}
