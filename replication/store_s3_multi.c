#include "replication/store_s3_job.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/s3_error.h"
#include "tenants/base/log.h"

/*
 * A large object, in parts, a few of them at once: so that it takes a share of
 * the line and no more, what is lost on the way is a part, and none of it is
 * held in memory.
 *
 *	1. what is there is compared: the same is done, another a conflict
 *	2. uploads of this name that somebody left unfinished are aborted, for
 *	   they are billed: by R7 nobody else puts it now
 *	3. create, the parts, complete with the names and ETags of all
 *	4. its size is looked at; all of it, where the ETag of a part was not
 *	   the MD5 of what was sent
 *	5. as 2: a "create" whose answer was lost has made an upload that nobody
 *	   knows the name of
 *
 * Whatever fails aborts the upload.  A lost answer to "complete" shows as "no
 * such upload": then what is there is compared.
 */
#define PART_LEAST ((int64_t)16 * 1024 * 1024)
#define PARTS_MAX  9000 /* S3's is 10,000 */
#define WINDOW     4
#define SLOW_MS    300000 /* a store may take minutes to join the parts */
#define BODY_MAX   ((size_t)2 * 1024 * 1024)

struct part {
	struct store_s3_job *job;
	struct s3_call call;
	unsigned number; /* 0 = this one of the window is free */
};

struct store_s3_multi {
	char id[S3_UPLOAD];
	int64_t part_size;
	unsigned parts, hashed, done; /* hashed: or being so */
	int hashing;
	char (*etag)[STORE_VERSION];
	char (*md5)[33];
	struct part window[WINDOW];
	int unproven; /* an ETag was not what was sent */
	int named_by_md5; /* and the store knew no part of that name */
	char (*left)[S3_UPLOAD]; /* uploads to abort */
	size_t lefts;
	int whole; /* it is there, and what is left is the rest */
	struct buf body;
	struct err failure;
};

static void
set_query(
    struct s3_call *call, const char *before, const char *id, const char *after)
{
	struct buf query;

	buf_init(&query, sizeof call->query - 1);
	buf_puts(&query, before);
	s3_url_encode(&query, str_of(id), 0);
	buf_puts(&query, after);
	if (query.full ||
	    str_copy(buf_view(&query), call->query, sizeof call->query) != 0)
		err_die(
		    "s3: a query of more than %zu bytes", sizeof call->query);
	buf_free(&query);
}

/* --- the end ------------------------------------------------------------- */

static void
on_aborted(struct s3_call *call, const struct err *err)
{
	struct store_s3_job *job = call->arg;
	struct err failure = job->multi->failure;

	if (err->code != ERR_NONE && err->code != ERR_NOT_FOUND)
		log_warn("store", "an upload is left unfinished: %s", err->msg);
	store_s3_end(job, &failure);
}

/* Ends the job with that error, once the store has forgotten the parts. */
static void
give_up(struct store_s3_job *job, const struct err *err)
{
	struct store_s3_multi *multi = job->multi;

	job->turn = NULL;
	for (unsigned i = 0; i < WINDOW; i++)
		s3_wire_cancel(&multi->window[i].call);
	multi->failure = *err;
	s3_call_init(&job->call, "DELETE", S3_DELETES, job->name);
	set_query(&job->call, "uploadId=", multi->id, "");
	job->call.done = on_aborted;
	s3_wire_submit(&job->store->wire, &job->call);
}

static void
differs(struct store_s3_job *job, enum err_code code, const char *what)
{
	struct err err = ERR_INIT;

	err_set(&err, code, "s3://%s/%s %s", job->store->wire.place.bucket,
	    job->name, what);
	if (code == ERR_CONFLICT)
		err_hint(&err, "another machine writes to this replica");
	give_up(job, &err);
}

static void look_for_left(struct store_s3_job *job);

static void
succeed(struct store_s3_job *job)
{
	job->multi->whole = 1;
	look_for_left(job);
}

static void
compared_after_all(struct store_s3_job *job, enum answer same)
{
	if (same == YES)
		succeed(job);
	else if (same == NO)
		differs(job, ERR_CONFLICT, "is there with other content");
	else
		differs(job, ERR_BUSY, "is not there after its upload");
}

static void
on_size(struct s3_call *call, const struct err *err)
{
	struct store_s3_job *job = call->arg;
	int64_t size;

	if (err->code != ERR_NONE) {
		store_s3_end(job, err);
		return;
	}
	if (str_i64(str_trim(net_header(&call->net, "Content-Length")),
		&size) == 0 &&
	    size == job->source.size)
		succeed(job);
	else
		differs(job, ERR_CORRUPT, "is not what was put there");
}

static void complete(struct store_s3_job *job, int conditional);

static void
on_completed(struct s3_call *call, const struct err *err)
{
	struct store_s3_job *job = call->arg;
	int gone = strcmp(call->error.code, "NoSuchUpload") == 0;
	char etag[STORE_VERSION];
	struct err failure = *err;

	if (err->code == ERR_NONE &&
	    s3_answer_completed(
		buf_view(&call->net.reply), etag, sizeof etag, &failure) == 0) {
		if (job->multi->unproven) {
			store_s3_compare(job, compared_after_all);
			return;
		}
		s3_call_init(call, "HEAD", S3_GETS, job->name);
		call->done = on_size;
		s3_wire_submit(&job->store->wire, call);
	} else if (call->status == 412 || gone) {
		store_s3_compare(job, compared_after_all);
	} else if (strcmp(call->error.code, "InvalidPart") == 0 &&
		   job->multi->unproven && !job->multi->named_by_md5) {
		/* An answer's ETag was wrong, and the part is not. */
		job->multi->named_by_md5 = 1;
		complete(job, call->headers > 1);
	} else if (s3_error_unknown_header(call)) {
		/* A store may know the condition for one kind of put alone. */
		if (call->headers > 1)
			complete(job, 0);
		else
			give_up(job, &failure);
	} else {
		give_up(job, &failure);
	}
}

static void
complete(struct store_s3_job *job, int conditional)
{
	struct store_s3_multi *multi = job->multi;
	struct s3_call *call = &job->call;
	unsigned char sum[32];

	buf_reset(&multi->body);
	buf_puts(&multi->body,
	    "<CompleteMultipartUpload "
	    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (unsigned i = 0; i < multi->parts; i++)
		buf_printf(&multi->body,
		    "<Part><PartNumber>%u</PartNumber>"
		    "<ETag>&quot;%s&quot;</ETag></Part>",
		    i + 1,
		    multi->named_by_md5 ? multi->md5[i] : multi->etag[i]);
	buf_puts(&multi->body, "</CompleteMultipartUpload>");
	assert(!multi->body.full);
	s3_call_init(call, "POST", S3_PUTS, job->name);
	set_query(call, "uploadId=", multi->id, "");
	s3_call_header(call, "content-type", "application/xml");
	if (conditional)
		s3_call_header(call, "if-none-match", "*");
	call->body = buf_view(&multi->body);
	crypto_sha256(call->body, sum);
	crypto_hex(sum, sizeof sum, call->payload);
	call->stall_ms = SLOW_MS;
	call->done = on_completed;
	s3_wire_submit(&job->store->wire, call);
}

/* --- parts --------------------------------------------------------------- */

static int hash_some(struct store_s3_job *job);

static int64_t
length_of(const struct store_s3_job *job, unsigned number)
{
	const struct store_s3_multi *multi = job->multi;
	int64_t from = (int64_t)(number - 1) * multi->part_size;
	int64_t rest = job->source.size - from;

	return rest < multi->part_size ? rest : multi->part_size;
}

/* A letter of an ETag that XML, or a version, could not hold as it is. */
static int
odd(struct str etag)
{
	for (size_t i = 0; i < etag.n; i++)
		if (etag.p[i] <= ' ' || etag.p[i] > '~' ||
		    strchr("<>&\"", etag.p[i]))
			return 1;
	return etag.n == 0 || etag.n >= STORE_VERSION;
}

static void
on_part(struct s3_call *call, const struct err *err)
{
	struct part *part = call->arg;
	struct store_s3_job *job = part->job;
	struct store_s3_multi *multi = job->multi;
	struct str etag = s3_call_etag(call);
	char *keep = multi->etag[part->number - 1];
	struct err failure = *err;

	if (failure.code == ERR_NONE && odd(etag))
		err_set(&failure, ERR_SYSTEM,
		    "s3://%s/%s: part %u was answered without its ETag",
		    job->store->wire.place.bucket, job->name, part->number);
	/* What a lost upload is called is not what a lost object is. */
	if (failure.code == ERR_NOT_FOUND)
		failure.code = ERR_SYSTEM;
	if (failure.code != ERR_NONE) {
		give_up(job, &failure);
		return;
	}
	(void)str_copy(etag, keep, STORE_VERSION);
	if (!job->store->opaque_etags &&
	    strcmp(keep, multi->md5[part->number - 1]) != 0)
		multi->unproven = 1;
	part->number = 0;
	if (++multi->done == multi->parts)
		complete(job, job->store->conditions == YES);
	else
		job->turn = hash_some;
}

static void
send_part(struct store_s3_job *job, struct part *part, unsigned number)
{
	struct s3_call *call = &part->call;
	char before[64];

	part->job = job;
	part->number = number;
	memcpy(job->multi->md5[number - 1], job->source.md5,
	    sizeof job->source.md5);
	call->arg = part;
	call->requests = &job->op->requests;
	s3_call_init(call, "PUT", S3_PUTS, job->name);
	snprintf(before, sizeof before, "partNumber=%u&uploadId=", number);
	set_query(call, before, job->multi->id, "");
	s3_call_header(call, "content-md5", job->source.md5_base64);
	s3_source_send(&job->source,
	    (int64_t)(number - 1) * job->multi->part_size,
	    length_of(job, number), call);
	call->done = on_part;
	s3_wire_submit(&job->store->wire, call);
}

static int
hash_some(struct store_s3_job *job)
{
	struct store_s3_multi *multi = job->multi;
	struct part *part = multi->window;
	struct err err = ERR_INIT;
	int rc;

	while (part < multi->window + WINDOW && part->number > 0)
		part++;
	if (part == multi->window + WINDOW ||
	    (multi->hashed == multi->parts && !multi->hashing)) {
		job->turn = NULL;
		return 0;
	}
	if (!multi->hashing) {
		int64_t from = (int64_t)multi->hashed * multi->part_size;

		multi->hashing = 1;
		multi->hashed++;
		s3_source_hash(
		    &job->source, from, from + length_of(job, multi->hashed));
	}
	rc = s3_source_step(&job->source, &err);
	if (rc < 0) {
		give_up(job, &err);
		return 0;
	}
	if (rc > 0) {
		multi->hashing = 0;
		send_part(job, part, multi->hashed);
	}
	return 1;
}

/* --- the beginning ------------------------------------------------------- */

static void
on_created(struct s3_call *call, const struct err *err)
{
	struct store_s3_job *job = call->arg;
	struct err failure = *err;

	if (failure.code == ERR_NONE &&
	    s3_answer_upload(
		buf_view(&call->net.reply), job->multi->id, &failure) != 0)
		err_wrap(&failure, "upload of s3://%s/%s",
		    job->store->wire.place.bucket, job->name);
	if (failure.code == ERR_NOT_FOUND)
		failure.code = ERR_SYSTEM;
	if (failure.code != ERR_NONE)
		store_s3_end(job, &failure);
	else
		job->turn = hash_some;
}

static void
create(struct store_s3_job *job)
{
	struct s3_call *call = &job->call;

	s3_call_init(call, "POST", S3_PUTS, job->name);
	(void)str_copy(STR("uploads="), call->query, sizeof call->query);
	store_s3_describe(job->op, job->source.size, call);
	call->done = on_created;
	s3_wire_submit(&job->store->wire, call);
}

static void abort_next(struct store_s3_job *job);

static void
on_left_aborted(struct s3_call *call, const struct err *err)
{
	struct store_s3_job *job = call->arg;

	if (err->code != ERR_NONE && err->code != ERR_NOT_FOUND)
		log_warn("store", "an upload is left unfinished: %s", err->msg);
	abort_next(job);
}

static void
abort_next(struct store_s3_job *job)
{
	struct store_s3_multi *multi = job->multi;

	if (multi->lefts == 0) {
		if (multi->whole)
			store_s3_end(job, &job->store->done);
		else
			create(job);
		return;
	}
	s3_call_init(&job->call, "DELETE", S3_DELETES, job->name);
	set_query(&job->call, "uploadId=", multi->left[--multi->lefts], "");
	job->call.done = on_left_aborted;
	s3_wire_submit(&job->store->wire, &job->call);
}

static int
note_left(void *arg, struct str key, struct str id)
{
	struct store_s3_job *job = arg;
	struct store_s3_multi *multi = job->multi;

	if (!str_is(key, job->name))
		return 0;
	multi->left =
	    realloc(multi->left, (multi->lefts + 1) * sizeof *multi->left);
	if (!multi->left)
		err_die("out of memory: put");
	(void)str_copy(id, multi->left[multi->lefts++], S3_UPLOAD);
	return 0;
}

static void
on_left(struct s3_call *call, const struct err *failure)
{
	struct store_s3_job *job = call->arg;
	struct err err = *failure;

	/* Who may not ask leaves them to the bucket's lifecycle rule. */
	if (err.code == ERR_NONE)
		(void)s3_answer_uploads(
		    buf_view(&call->net.reply), note_left, job, &err);
	if (err.code != ERR_NONE)
		log_info("store", "uploads left unfinished are not known: %s",
		    err.msg);
	abort_next(job);
}

static void
look_for_left(struct store_s3_job *job)
{
	struct s3_call *call = &job->call;

	s3_call_init(call, "GET", S3_LISTS, "");
	set_query(call, "prefix=", job->name, "&uploads=");
	call->reply_max = BODY_MAX;
	call->done = on_left;
	s3_wire_submit(&job->store->wire, call);
}

static void
compared_before(struct store_s3_job *job, enum answer same)
{
	struct err err = ERR_INIT;

	if (same == YES) {
		succeed(job);
		return;
	}
	if (same == NO) {
		err_set(&err, ERR_CONFLICT,
		    "s3://%s/%s is there with other content",
		    job->store->wire.place.bucket, job->name);
		err_hint(&err, "another machine writes to this replica");
		store_s3_end(job, &err);
		return;
	}
	look_for_left(job);
}

void
store_s3_multi(struct store_s3_job *job)
{
	struct store_s3_multi *multi = calloc(1, sizeof *multi);
	int64_t mib = 1024 * 1024;

	if (!multi)
		err_die("out of memory: put");
	job->multi = multi;
	multi->part_size = PART_LEAST;
	if (job->source.size / PARTS_MAX >= PART_LEAST)
		multi->part_size =
		    (job->source.size / PARTS_MAX / mib + 1) * mib;
	multi->parts = (unsigned)((job->source.size + multi->part_size - 1) /
				  multi->part_size);
	multi->etag = calloc(multi->parts, sizeof *multi->etag);
	multi->md5 = calloc(multi->parts, sizeof *multi->md5);
	if (!multi->etag || !multi->md5)
		err_die("out of memory: put");
	buf_init(&multi->body, BODY_MAX);
	store_s3_compare(job, compared_before);
}

void
store_s3_multi_free(struct store_s3_multi *multi)
{
	if (!multi)
		return;
	for (unsigned i = 0; i < WINDOW; i++)
		s3_wire_cancel(&multi->window[i].call);
	buf_free(&multi->body);
	free(multi->etag);
	free(multi->md5);
	free(multi->left);
	free(multi);
}
