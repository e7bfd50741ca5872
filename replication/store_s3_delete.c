#include "replication/store_s3_job.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/base/log.h"

/*
 * Deletes gather while others are on their way, and go up to a thousand in
 * one request, which is billed, and takes, as long as one alone.  An answer
 * names those that failed; these go again, up to TRIES times.
 */
#define BATCH     1000
#define BATCHES   2 /* lanes in use while the store takes batches */
#define TRIES     5
#define PATIENCE  4 /* times what is a stall otherwise: it is a thousand deletes */
#define BODY_MAX  ((size_t)1024 * 1024)
#define REPLY_MAX ((size_t)2 * 1024 * 1024)

void
store_s3_delete(struct store_s3 *store, struct store_op *op)
{
	op->next = NULL;
	*store->last_doomed = op;
	store->last_doomed = &op->next;
	store->doomed_n++;
}

static struct store_op *
take(struct store_s3 *store)
{
	struct store_op *op = store->doomed;

	store->doomed = op->next;
	if (!store->doomed)
		store->last_doomed = &store->doomed;
	store->doomed_n--;
	op->next = NULL;
	return op;
}

/* The lane is free again before anybody hears of it. */
static struct store_op **
clear(struct store_s3_lane *lane, size_t *n)
{
	struct store_op **op = lane->op;

	*n = lane->n;
	lane->op = NULL;
	lane->n = 0;
	buf_free(&lane->body);
	return op;
}

static void
report_all(struct store_s3_lane *lane, const struct err *err)
{
	struct store_s3 *store = lane->store;
	size_t n;
	struct store_op **op = clear(lane, &n);

	for (size_t i = 0; i < n; i++)
		store_s3_report(store, op[i], err);
	free(op);
}

/* --- one ----------------------------------------------------------------- */

static void
on_deleted(struct s3_call *call, const struct err *err)
{
	struct store_s3_lane *lane = call->arg;
	int gone = err->code == ERR_NOT_FOUND;

	lane->op[0]->requests += call->attempts;
	report_all(lane, gone ? &lane->store->done : err);
}

static void
send_one(struct store_s3_lane *lane)
{
	struct s3_call *call = &lane->call;
	char name[S3_NAME];

	s3_url_name(&lane->store->wire.place, &lane->op[0]->key, name);
	s3_call_init(call, "DELETE", S3_DELETES, name);
	call->done = on_deleted;
	s3_wire_submit(&lane->store->wire, call);
}

/* --- many ---------------------------------------------------------------- */

static int
note_failed(void *arg, const struct s3_error *error)
{
	struct store_s3_lane *lane = arg;
	const struct s3_place *place = &lane->store->wire.place;
	char name[S3_NAME];

	if (strcmp(error->code, "NoSuchKey") == 0)
		return 0;
	for (size_t i = 0; i < lane->n; i++) {
		struct store_op *op = lane->op[i];

		s3_url_name(place, &op->key, name);
		if (strcmp(name, error->key) != 0)
			continue;
		err_set(&op->failure,
		    strcmp(error->code, "AccessDenied") == 0 ? ERR_DENIED
							     : ERR_SYSTEM,
		    "s3://%s/%s cannot be deleted: %s %s", place->bucket, name,
		    error->code, error->message);
		if (op->failure.code == ERR_DENIED)
			err_hint(&op->failure,
			    "the key needs s3:DeleteObject on %s/%s%s*",
			    place->bucket, place->prefix,
			    place->prefix[0] ? "/" : "");
		return 0;
	}
	/* One that we did not ask for says that we misunderstand. */
	return -1;
}

static void
settle_all(struct store_s3_lane *lane)
{
	struct store_s3 *store = lane->store;
	size_t n;
	struct store_op **op = clear(lane, &n);

	for (size_t i = 0; i < n; i++) {
		if (op[i]->failure.code == ERR_SYSTEM &&
		    op[i]->requests < TRIES) {
			err_clear(&op[i]->failure);
			store_s3_delete(store, op[i]);
		} else {
			struct err err = op[i]->failure;

			store_s3_report(store, op[i], &err);
		}
	}
	free(op);
}

static void
on_batch(struct s3_call *call, const struct err *failure)
{
	struct store_s3_lane *lane = call->arg;
	struct store_s3 *store = lane->store;
	struct err err = *failure;

	for (size_t i = 0; i < lane->n; i++)
		lane->op[i]->requests += call->attempts;
	if (call->status == 501 || call->status == 405) {
		size_t n;
		struct store_op **op = clear(lane, &n);

		log_info("store", "s3://%s takes no batches of deletes",
		    store->wire.place.bucket);
		store->single_deletes = 1;
		for (size_t i = 0; i < n; i++)
			store_s3_delete(store, op[i]);
		free(op);
		return;
	}
	if (err.code == ERR_NONE &&
	    s3_answer_deleted(
		buf_view(&call->net.reply), note_failed, lane, &err) != 0 &&
	    err.code == ERR_NONE)
		err_set(&err, ERR_SYSTEM,
		    "s3://%s: a delete failed that was not asked for",
		    store->wire.place.bucket);
	if (err.code == ERR_NONE)
		settle_all(lane);
	else
		report_all(lane, &err);
}

void
store_s3_batch_begin(struct buf *body)
{
	buf_init(body, BODY_MAX);
	buf_puts(body,
	    "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
	    "<Quiet>true</Quiet>");
}

/* Of letters that XML leaves alone: s3_url.h. */
void
store_s3_batch_add(struct buf *body, const char *name)
{
	buf_printf(body, "<Object><Key>%s</Key></Object>", name);
}

void
store_s3_batch_send(struct store_s3 *store, struct buf *body,
    struct s3_call *call,
    void (*done)(struct s3_call *call, const struct err *err))
{
	struct store_op hashed = { .verb = STORE_PUT };
	struct s3_source source;
	struct err err = ERR_INIT;

	buf_puts(body, "</Delete>");
	assert(!body->full);
	hashed.bytes = buf_view(body);
	(void)s3_source_open(&source, &hashed, &err);
	s3_source_hash(&source, 0, source.size);
	while (s3_source_step(&source, &err) == 0)
		continue;
	s3_call_init(call, "POST", S3_DELETES, "");
	(void)str_copy(STR("delete="), call->query, sizeof call->query);
	s3_call_header(call, "content-type", "application/xml");
	s3_call_header(call, "content-md5", source.md5_base64);
	s3_source_send(&source, 0, source.size, call);
	call->reply_max = REPLY_MAX;
	call->stall_ms = PATIENCE * store->wire.place.stall_ms;
	call->done = done;
	s3_wire_submit(&store->wire, call);
}

static void
send_many(struct store_s3_lane *lane)
{
	store_s3_batch_begin(&lane->body);
	for (size_t i = 0; i < lane->n; i++) {
		char name[S3_NAME];

		s3_url_name(&lane->store->wire.place, &lane->op[i]->key, name);
		store_s3_batch_add(&lane->body, name);
	}
	store_s3_batch_send(lane->store, &lane->body, &lane->call, on_batch);
}

void
store_s3_delete_pump(struct store_s3 *store)
{
	size_t lanes = store->single_deletes ? STORE_S3_LANES : BATCHES;

	for (size_t i = 0; i < lanes && store->doomed; i++) {
		struct store_s3_lane *lane = &store->lane[i];
		size_t most = store->single_deletes ? 1 : BATCH;

		if (lane->op)
			continue;
		lane->n = store->doomed_n < most ? store->doomed_n : most;
		lane->op = calloc(lane->n, sizeof *lane->op);
		if (!lane->op)
			err_die("out of memory: delete");
		for (size_t j = 0; j < lane->n; j++)
			lane->op[j] = take(store);
		lane->store = store;
		lane->call.arg = lane;
		if (lane->n == 1)
			send_one(lane);
		else
			send_many(lane);
	}
}

void
store_s3_delete_close(struct store_s3 *store)
{
	for (size_t i = 0; i < STORE_S3_LANES; i++) {
		s3_wire_cancel(&store->lane[i].call);
		free(store->lane[i].op);
		buf_free(&store->lane[i].body);
	}
}
