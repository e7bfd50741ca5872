#include "replication/store_s3_job.h"

#include <stdio.h>
#include <string.h>

#include "tenants/base/log.h"

/*
 * A page of what lies below a slug, and a batch that deletes what is on it.
 * The page is the whole truth about the prefix: an empty one proves that
 * nothing is left, and an object that no replica has, with a name that is
 * not ours, is removed like the others.  Then the parts of uploads that
 * somebody left unfinished are dropped, which no list of objects shows.
 */
#define REPLY_MAX ((size_t)8 * 1024 * 1024)
#define NAMES_MAX ((size_t)2 * 1024 * 1024)

struct found {
	int64_t size;
	char name[S3_NAME];
};

static struct found *
found(struct store_s3_job *job, size_t *n)
{
	*n = job->names.n / sizeof(struct found);
	return (struct found *)(void *)job->names.p;
}

/* Names of other letters would have to be spelled in XML and in a path. */
static int
is_plain(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789._/-",
			name.p[i]) ||
		    name.p[i] == '\0')
			return 0;
	return 1;
}

static int
see_key(void *arg, struct str name, int64_t size, struct err *err)
{
	struct store_s3_job *job = arg;
	struct found one = { .size = size };

	if (!str_starts(name, job->name))
		return err_set(err, ERR_CORRUPT, "%.*s is not asked for",
		    STR_FMT(str_sub(name, 0, name.n < 200 ? name.n : 200)));
	if (!is_plain(name) || str_copy(name, one.name, sizeof one.name) != 0) {
		err_set(err, ERR_CONFLICT, "s3://%s/%.*s is not Rowhouse's",
		    job->store->wire.place.bucket,
		    STR_FMT(str_sub(name, 0, name.n < 200 ? name.n : 200)));
		return err_hint(err, "remove it with what wrote it");
	}
	buf_put(&job->names, &one, sizeof one);
	return buf_check(&job->names, "list", err);
}

/* Each that was deleted. */
static void
report(struct store_s3_job *job)
{
	struct err err = ERR_INIT;
	struct found *one;
	size_t n;

	one = found(job, &n);
	for (size_t i = 0; i < n; i++) {
		struct store_object object = { .key = job->op->key,
			.size = one[i].size };

		if (job->op->object(job->op, &object, &err) != 0)
			break;
	}
	store_s3_end(job, &err);
}

static void delete_next(struct store_s3_job *job);

static void
on_deleted(struct s3_call *call, const struct err *err)
{
	struct store_s3_job *job = call->arg;

	if (err->code != ERR_NONE && err->code != ERR_NOT_FOUND)
		store_s3_end(job, err);
	else
		delete_next(job);
}

/* Where the store takes no batches: one after the other. */
static void
delete_next(struct store_s3_job *job)
{
	struct found *one;
	size_t n;

	one = found(job, &n);
	if ((size_t)job->at == n) {
		report(job);
		return;
	}
	s3_call_init(&job->call, "DELETE", S3_DELETES, one[job->at++].name);
	job->call.done = on_deleted;
	s3_wire_submit(&job->store->wire, &job->call);
}

static int
note_failed(void *arg, const struct s3_error *error)
{
	struct err *failure = arg;

	if (strcmp(error->code, "NoSuchKey") == 0 || failure->code != ERR_NONE)
		return 0;
	err_set(failure,
	    strcmp(error->code, "AccessDenied") == 0 ? ERR_DENIED : ERR_SYSTEM,
	    "%s cannot be deleted: %s %s", error->key, error->code,
	    error->message);
	if (failure->code == ERR_DENIED)
		err_hint(failure, "the key needs s3:DeleteObject");
	return 0;
}

static void
on_batch(struct s3_call *call, const struct err *failure)
{
	struct store_s3_job *job = call->arg;
	struct err err = *failure, refused = ERR_INIT;

	if (call->status == 501 || call->status == 405) {
		job->store->single_deletes = 1;
		delete_next(job);
		return;
	}
	if (err.code == ERR_NONE &&
	    s3_answer_deleted(
		buf_view(&call->net.reply), note_failed, &refused, &err) == 0)
		err = refused;
	if (err.code != ERR_NONE)
		store_s3_end(job, &err);
	else
		report(job);
}

/* --- uploads that were left ------------------------------------------------ */

struct upload {
	char name[S3_NAME];
	char id[S3_UPLOAD];
};

static int
see_upload(void *arg, struct str name, struct str id)
{
	struct store_s3_job *job = arg;
	struct upload one;

	if (!str_starts(name, job->name) || !is_plain(name) ||
	    str_copy(name, one.name, sizeof one.name) != 0 ||
	    str_copy(id, one.id, sizeof one.id) != 0)
		return 0;
	buf_put(&job->names, &one, sizeof one);
	return 0;
}

static void abort_next(struct store_s3_job *job);

static void
on_aborted(struct s3_call *call, const struct err *err)
{
	struct store_s3_job *job = call->arg;

	if (err->code != ERR_NONE && err->code != ERR_NOT_FOUND)
		store_s3_end(job, err);
	else
		abort_next(job);
}

static void
abort_next(struct store_s3_job *job)
{
	const struct upload *upload = (void *)job->names.p;
	struct s3_call *call = &job->call;
	struct buf query;

	if ((size_t)job->at == job->names.n / sizeof *upload) {
		store_s3_end(job, &job->store->done);
		return;
	}
	upload += job->at++;
	s3_call_init(call, "DELETE", S3_DELETES, upload->name);
	buf_init(&query, sizeof call->query - 1);
	buf_puts(&query, "uploadId=");
	s3_url_encode(&query, str_of(upload->id), 0);
	(void)str_copy(buf_view(&query), call->query, sizeof call->query);
	buf_free(&query);
	call->done = on_aborted;
	s3_wire_submit(&job->store->wire, call);
}

static void
on_uploads(struct s3_call *call, const struct err *failure)
{
	struct store_s3_job *job = call->arg;
	struct err err = *failure;

	/* Who may not ask leaves them to the bucket's lifecycle rule. */
	if (err.code == ERR_NONE)
		(void)s3_answer_uploads(
		    buf_view(&call->net.reply), see_upload, job, &err);
	if (err.code != ERR_NONE)
		log_info("store", "uploads left unfinished are not known: %s",
		    err.msg);
	abort_next(job);
}

static void
drop_uploads(struct store_s3_job *job)
{
	struct s3_call *call = &job->call;
	struct buf query;

	s3_call_init(call, "GET", S3_LISTS, "");
	buf_init(&query, sizeof call->query - 1);
	buf_puts(&query, "prefix=");
	s3_url_encode(&query, str_of(job->name), 0);
	buf_puts(&query, "&uploads=");
	(void)str_copy(buf_view(&query), call->query, sizeof call->query);
	buf_free(&query);
	call->reply_max = REPLY_MAX;
	call->done = on_uploads;
	s3_wire_submit(&job->store->wire, call);
}

static void
delete_all(struct store_s3_job *job)
{
	struct found *one;
	size_t n;

	one = found(job, &n);
	if (n == 0) {
		drop_uploads(job);
		return;
	}
	if (job->store->single_deletes) {
		delete_next(job);
		return;
	}
	store_s3_batch_begin(&job->small);
	for (size_t i = 0; i < n; i++)
		store_s3_batch_add(&job->small, one[i].name);
	store_s3_batch_send(job->store, &job->small, &job->call, on_batch);
}

static void
on_page(struct s3_call *call, const struct err *failure)
{
	struct store_s3_job *job = call->arg;
	struct s3_listing listing = { .key = see_key, .arg = job };
	struct err err = *failure;
	size_t n;

	/* Lists do not say "not found": no bucket says so in another way. */
	if (err.code == ERR_NOT_FOUND)
		err.code = ERR_SYSTEM;
	if (err.code == ERR_NONE)
		(void)s3_answer_list(
		    buf_view(&call->net.reply), &listing, &err);
	(void)found(job, &n);
	if (err.code == ERR_NONE && listing.truncated && n == 0)
		err_set(
		    &err, ERR_CORRUPT, "an empty page that is not the last");
	if (err.code == ERR_CORRUPT)
		err_wrap(&err, "list of s3://%s/%s",
		    job->store->wire.place.bucket, job->name);
	if (err.code != ERR_NONE)
		store_s3_end(job, &err);
	else
		delete_all(job);
}

void
store_s3_erase(struct store_s3_job *job)
{
	struct s3_call *call = &job->call;
	struct buf query;

	s3_url_prefix(&job->store->wire.place, job->op, job->name);
	buf_init(&job->names, NAMES_MAX);
	s3_call_init(call, "GET", S3_LISTS, "");
	buf_init(&query, sizeof call->query - 1);
	buf_printf(&query, "list-type=2&max-keys=%d&prefix=", STORE_ERASE_MAX);
	s3_url_encode(&query, str_of(job->name), 0);
	(void)str_copy(buf_view(&query), call->query, sizeof call->query);
	buf_free(&query);
	call->reply_max = REPLY_MAX;
	call->done = on_page;
	s3_wire_submit(&job->store->wire, call);
}
