#include "replication/store_s3_job.h"

#include <stdio.h>
#include <string.h>

#include "replication/s3_error.h"
#include "tenants/base/log.h"

/*
 * Which conditions the store heeds is asked once, before the first put:
 *
 *	1. PUT _probe, If-None-Match: *		200 or 412
 *	2. the same once more, if it was 200	412: it heeds it
 *	3. PUT _probe, If-Match: no such ETag	412: it heeds that too
 *
 * _probe stays, so that later starts know after the first of them.  A store
 * that answers 501 or the like (s3_error.h) does not know the header; one that
 * answers 200 takes no notice of it, which nobody would find out without asking.
 */
static const char content[] = "rowhouse asks which conditions are heeded\n";

static void ask(struct store_s3 *store, int step);

static void
go_on(struct store_s3 *store, const struct err *err)
{
	struct store_s3_job *job = store->jobs, *next;

	store->probing = NO;
	for (; job; job = next) {
		void (*probed)(struct store_s3_job *) = job->probed;

		next = job->next;
		job->probed = NULL;
		if (!probed)
			continue;
		if (err->code == ERR_NONE)
			probed(job);
		else
			store_s3_end(job, err);
	}
}

static void
conclude(struct store_s3 *store, enum answer conditions, enum answer swaps)
{
	const char *bucket = store->wire.place.bucket;

	store->conditions = conditions;
	store->swaps = swaps;
	if (conditions == NO)
		log_warn("store",
		    "s3://%s does not heed If-None-Match: what is there is "
		    "compared before each put, and two machines that write "
		    "to this replica at once may not notice each other",
		    bucket);
	else if (swaps == NO)
		log_warn("store",
		    "s3://%s does not heed If-Match: the claim of a machine "
		    "is compared before it is replaced",
		    bucket);
	go_on(store, &store->done);
}

static void
on_first(struct s3_call *call, const struct err *err)
{
	struct store_s3 *store = call->arg;

	if (call->status == 412)
		ask(store, 3);
	else if (err->code == ERR_NONE)
		ask(store, 2);
	else if (s3_error_unknown_header(call))
		conclude(store, NO, NO);
	else
		go_on(store, err);
}

static void
on_second(struct s3_call *call, const struct err *err)
{
	struct store_s3 *store = call->arg;

	if (call->status == 412)
		ask(store, 3);
	else if (err->code == ERR_NONE || s3_error_unknown_header(call))
		conclude(store, NO, NO);
	else
		go_on(store, err);
}

static void
on_third(struct s3_call *call, const struct err *err)
{
	struct store_s3 *store = call->arg;

	if (call->status == 412)
		conclude(store, YES, YES);
	else if (err->code == ERR_NONE || s3_error_unknown_header(call))
		conclude(store, YES, NO);
	else
		go_on(store, err);
}

static void
ask(struct store_s3 *store, int step)
{
	struct s3_call *call = &store->probe;
	const char *prefix = store->wire.place.prefix;
	unsigned char sum[32];
	char name[S3_NAME];

	snprintf(name, sizeof name, "%s%s_probe", prefix, prefix[0] ? "/" : "");
	s3_call_init(call, "PUT", S3_PUTS, name);
	call->arg = store;
	call->body = str_of(content);
	crypto_sha256(call->body, sum);
	crypto_hex(sum, sizeof sum, call->payload);
	s3_call_header(call, "content-type", "text/plain");
	if (step == 3)
		s3_call_header(
		    call, "if-match", "00000000000000000000000000000000");
	else
		s3_call_header(call, "if-none-match", "*");
	call->done = step == 1 ? on_first : step == 2 ? on_second : on_third;
	s3_wire_submit(&store->wire, call);
}

void
store_s3_probe(
    struct store_s3_job *job, void (*probed)(struct store_s3_job *job))
{
	struct store_s3 *store = job->store;

	if (store->conditions != UNKNOWN) {
		probed(job);
		return;
	}
	job->probed = probed;
	if (store->probing == YES)
		return;
	store->probing = YES;
	ask(store, 1);
}
