#include "replication/store_s3_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/ltx.h"
#include "tenants/slug.h"

/*
 * ListObjectsV2, page by page.  The files of a level come in the order of
 * their names, which is that of their TXIDs, and are passed on as they come.
 * Epochs and slugs are what stands before the next slash; "acme-2/" comes
 * before "acme/", so they are gathered, and sorted without the slash.
 */
#define REPLY_MAX ((size_t)8 * 1024 * 1024)
#define NAMES_MAX ((size_t)64 * 1024 * 1024)

static void ask(struct store_s3_job *job, const char *token);

static int
see_key(void *arg, struct str name, int64_t size, struct err *err)
{
	struct store_s3_job *job = arg;
	struct store_object object = { .key = job->op->key, .size = size };
	size_t n = strlen(job->name);

	if (job->op->verb != STORE_LIST || !str_starts(name, job->name))
		return 0;
	object.key.kind = STORE_LTX;
	if (ltx_name_parse(str_sub(name, n, name.n), &object.key.min_txid,
		&object.key.max_txid) != 0)
		return 0;
	/* A token that leads back would go on for ever. */
	if (strcmp(name.p + n, job->last) <= 0)
		return err_set(err, ERR_CORRUPT, "it is not in order");
	(void)str_copy(str_sub(name, n, name.n), job->last, sizeof job->last);
	return job->op->object(job->op, &object, err);
}

/* Is it one of what is listed?  Completes the key. */
static int
names_key(
    const struct store_s3_job *job, struct str name, struct store_key *key)
{
	struct err err = ERR_INIT;
	uint64_t epoch;

	*key = job->op->key;
	if (job->op->verb == STORE_EPOCHS) {
		if (name.n != 8 || str_hex64(name, &epoch) != 0 || epoch == 0)
			return 0;
		key->epoch = (uint32_t)epoch;
		return 1;
	}
	if (!str_is(name, SLUG_REGISTRY) && slug_check(name, &err) != 0)
		return 0;
	return str_copy(name, key->slug, sizeof key->slug) == 0;
}

static int
see_prefix(void *arg, struct str prefix, struct err *err)
{
	struct store_s3_job *job = arg;
	struct store_key key;
	struct str name;

	if (!str_starts(prefix, job->name) || !str_ends(prefix, "/"))
		return 0;
	name = str_sub(prefix, strlen(job->name), prefix.n - 1);
	if (!names_key(job, name, &key))
		return 0;
	buf_put(&job->names, &key, sizeof key);
	return buf_check(&job->names, "list", err);
}

static int
by_name(const void *a, const void *b)
{
	const struct store_key *x = a, *y = b;
	int rc = strcmp(x->slug, y->slug);

	return rc != 0 ? rc : (x->epoch > y->epoch) - (x->epoch < y->epoch);
}

static int
give_names(struct store_s3_job *job, struct err *err)
{
	size_t n = job->names.n / sizeof(struct store_key);
	struct store_key *key = (struct store_key *)(void *)job->names.p;

	if (n > 0)
		qsort(key, n, sizeof *key, by_name);
	for (size_t i = 0; i < n; i++) {
		struct store_object object = { .key = key[i] };

		if (i > 0 && by_name(&key[i - 1], &key[i]) == 0)
			continue;
		if (job->op->object(job->op, &object, err) != 0)
			return -1;
	}
	return 0;
}

static void
on_page(struct s3_call *call, const struct err *failure)
{
	struct store_s3_job *job = call->arg;
	struct s3_listing listing = {
		.key = see_key, .prefix = see_prefix, .arg = job
	};
	struct err err = *failure;

	/* Lists do not say "not found": no bucket says so in another way. */
	if (err.code == ERR_NOT_FOUND)
		err.code = ERR_SYSTEM;
	if (err.code == ERR_NONE &&
	    s3_answer_list(buf_view(&call->net.reply), &listing, &err) != 0 &&
	    err.code == ERR_CORRUPT)
		err_wrap(&err, "list of s3://%s/%s",
		    job->store->wire.place.bucket, job->name);
	if (err.code == ERR_NONE && listing.truncated) {
		ask(job, listing.token);
		return;
	}
	if (err.code == ERR_NONE)
		(void)give_names(job, &err);
	store_s3_end(job, &err);
}

static void
ask(struct store_s3_job *job, const char *token)
{
	struct s3_call *call = &job->call;
	struct buf query;

	s3_call_init(call, "GET", S3_LISTS, "");
	buf_init(&query, sizeof call->query - 1);
	if (token[0]) {
		buf_puts(&query, "continuation-token=");
		s3_url_encode(&query, str_of(token), 0);
		buf_putc(&query, '&');
	}
	if (job->op->verb != STORE_LIST)
		buf_puts(&query, "delimiter=%2F&");
	buf_puts(&query, "list-type=2&max-keys=1000&prefix=");
	s3_url_encode(&query, str_of(job->name), 0);
	if (query.full) {
		struct err err = ERR_INIT;

		err_set(&err, ERR_CORRUPT,
		    "list of s3://%s/%s: a token of "
		    "%zu bytes",
		    job->store->wire.place.bucket, job->name, strlen(token));
		buf_free(&query);
		store_s3_end(job, &err);
		return;
	}
	(void)str_copy(buf_view(&query), call->query, sizeof call->query);
	buf_free(&query);
	call->reply_max = REPLY_MAX;
	call->done = on_page;
	s3_wire_submit(&job->store->wire, call);
}

void
store_s3_list(struct store_s3_job *job)
{
	s3_url_prefix(&job->store->wire.place, job->op, job->name);
	buf_init(&job->names, NAMES_MAX);
	ask(job, "");
}
