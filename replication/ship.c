/*
 * An object never has two contents (R7).  Where the store already holds other bytes under a
 * name that we are about to use, there are three stories:
 *
 *  - the claim of the epoch is taken: another installation used the number;
 *  - nothing that we made since the start was accepted for this stream: this machine
 *    went back in time (a restored image) and is about to reuse TXIDs;
 *  - otherwise somebody else is writing into our epoch right now.
 *
 * In the first two a new epoch begins, beyond all that the store has.  In the third
 * the stream stops and says so: going on under another number would only hide that two machines
 * think they own one tenant.
 *
 * A machine that went back need not meet a name that is taken: what followed on its
 * state may be in a newer epoch, which a restore would take, whatever is acknowledged in
 * this one.  So the first that is done with a stream since the start is to ask which
 * epochs the store has.  Or names are free again, since retention has removed what had
 * them: of a state that old, what is merged tells whether more had followed on it.
 */
#include "replication/ship.h"

#include <stdlib.h>
#include <string.h>

#include "replication/windows.h"
#include "tenants/base/clock.h"
#include "tenants/base/log.h"

#define RETRY_FIRST_MS 250
#define RETRY_LAST_MS  30000

struct shipment {
	struct store_op op;
	struct stream *stream;
	struct store *store;
	struct spool_item *item;	/* NULL: nothing is put yet */
	uint32_t newest_epoch;
	uint64_t newest_txid;		/* of the levels that were listed */
	char path[SPOOL_PATH];
};

static void
retry_later(struct stream *stream, const struct err *err)
{
	int64_t wait = RETRY_FIRST_MS;
	int i;

	if (stream->ship_failures == 0)
		log_err("ship", str_of(stream->slug), err);
	for (i = 0; i < stream->ship_failures && wait < RETRY_LAST_MS; i++)
		wait *= 2;
	stream->ship_failures++;
	stream->ship_retry_ms = clock_mono_ms() + wait;
	stream_set_failure(stream, err);
}

static int
note_epoch(
    struct store_op *op, const struct store_object *object, struct err *err)
{
	struct shipment *shipment = op->arg;

	(void)err;
	if (object->key.epoch > shipment->newest_epoch)
		shipment->newest_epoch = object->key.epoch;
	return 0;
}

static void
no_epoch_left(struct stream *stream, struct err *err)
{
	err_set(err, ERR_LIMIT,
	    "%s: the store has epoch %08x, and none can follow it",
	    stream->slug, UINT32_MAX);
	retry_later(stream, err);
}

/* In this order: nothing may follow on what is dropped. */
static void
begin_next(struct shipment *shipment, const char *why)
{
	struct stream *stream = shipment->stream;
	struct err err = ERR_INIT;
	uint32_t lost = stream->pos.epoch;
	uint32_t epoch =
	    shipment->newest_epoch > lost ? shipment->newest_epoch : lost;

	if (epoch == UINT32_MAX)
		no_epoch_left(stream, &err);
	else if (stream_break(stream, epoch + 1, why, &err) ||
		 spool_drop_epoch(stream->spool, lost, &err))
		retry_later(stream, &err);
	else
		stream->asked = 1;
}

static int
note_txid(
    struct store_op *op, const struct store_object *object, struct err *err)
{
	struct shipment *shipment = op->arg;

	(void)err;
	if (object->key.max_txid > shipment->newest_txid)
		shipment->newest_txid = object->key.max_txid;
	return 0;
}

static void
begin(struct shipment *shipment, int64_t size)
{
	struct stream *stream = shipment->stream;

	stream->in_flight = 1;
	stream->in_flight_size = size;
	stream->shipment = shipment;
}

static void
ask(struct shipment *shipment, enum store_verb verb, int level,
    int (*object)(struct store_op *op, const struct store_object *object,
	struct err *err),
    void (*done)(struct store_op *op, const struct err *failure))
{
	struct stream *stream = shipment->stream;
	struct store_op *op = &shipment->op;

	memset(op, 0, sizeof(*op));
	op->verb = verb;
	memcpy(op->key.slug, stream->slug, sizeof(stream->slug));
	if (verb == STORE_LIST) {
		op->key.epoch = stream->pos.epoch;
		op->key.level = level;
	}
	op->object = object;
	op->done = done;
	op->arg = shipment;
	begin(shipment, 0);
	store_submit(shipment->store, op);
}

static void ask_level(struct shipment *shipment, int level);

static void
level_done(struct store_op *op, const struct err *failure)
{
	struct shipment *shipment = op->arg;
	struct stream *stream = shipment->stream;
	int level = op->key.level;

	stream->in_flight = 0;
	stream_count(stream, op, 0);
	/* Where another epoch has begun meanwhile, it is asked again. */
	if (failure->code != ERR_NONE) {
		retry_later(stream, failure);
	} else if (op->key.epoch == stream->pos.epoch &&
		   stream->end_epoch == 0) {
		if (shipment->newest_txid > stream->found_txid) {
			begin_next(
			    shipment, "the store has more of this epoch");
		} else if (level == STORE_LEVEL_SNAPSHOT) {
			stream->asked = 1;
		} else {
			ask_level(shipment, level < WINDOWS_LEVELS
						? level + 1
						: STORE_LEVEL_SNAPSHOT);
			return;
		}
	}
	free(shipment);
}

/* Retention removes what is raw where one of these leads over it. */
static void
ask_level(struct shipment *shipment, int level)
{
	ask(shipment, STORE_LIST, level, note_txid, level_done);
}

/* May names that followed on what was found here be free again? */
static int
is_old(const struct stream *stream)
{
	return stream->found_txid > 0 &&
	       clock_wall_ms() - stream->found_ms >=
		   stream->env->config->replica_fine_ms;
}

static void
epochs_done(struct store_op *op, const struct err *failure)
{
	struct shipment *shipment = op->arg;
	struct stream *stream = shipment->stream;

	stream->in_flight = 0;
	stream_count(stream, op, 0);
	if (failure->code != ERR_NONE)
		retry_later(stream, failure);
	else if (shipment->item != NULL)
		begin_next(shipment,
		    "the store holds other objects under this epoch");
	/* Of one that was replaced the successor's epochs are newer. */
	else if (stream->end_epoch != 0)
		stream->asked = 1;
	else if (shipment->newest_epoch > stream->pos.epoch)
		begin_next(shipment, "the store has a newer epoch");
	else if (shipment->newest_epoch == stream->pos.epoch &&
		 is_old(stream)) {
		ask_level(shipment, 1);
		return;
	} else
		stream->asked = 1;
	free(shipment);
}

static void
ask_epochs(struct shipment *shipment)
{
	ask(shipment, STORE_EPOCHS, 0, note_epoch, epochs_done);
}

/* Returns 1 where the shipment lives on, to ask the store. */
static int
conflict(struct shipment *shipment, const struct err *failure)
{
	struct stream *stream = shipment->stream;
	struct spool_item *item = shipment->item;
	struct err err = ERR_INIT;

	log_err("conflict", str_of(stream->slug), failure);
	if (item->key.epoch != stream->pos.epoch) {
		/* An older epoch's rest: its history ends here. */
		if (spool_drop_epoch(stream->spool, item->key.epoch, &err))
			retry_later(stream, &err);
		return 0;
	}
	if (item->key.kind == STORE_OWNER || !stream->proven) {
		ask_epochs(shipment);
		return 1;
	}
	stream_set_failure(stream, failure);
	err_hint(stream->failure,
	    "another replicator writes to %s; stop it, "
	    "then restart this one",
	    store_url(shipment->store));
	stream->halted = 1;
	return 0;
}

static void
put_done(struct store_op *op, const struct err *failure)
{
	struct shipment *shipment = op->arg;
	struct stream *stream = shipment->stream;
	struct spool_item *item = shipment->item;

	stream->in_flight = 0;
	stream_count(stream, op, failure->code == ERR_NONE ? item->size : 0);
	if (failure->code == ERR_CONFLICT) {
		if (conflict(shipment, failure))
			return;
	} else if (failure->code != ERR_NONE) {
		retry_later(stream, failure);
	} else {
		stream->ship_failures = 0;
		if (stream->failures == 0)
			stream_set_failure(stream, NULL);
		/* An old one may have been there since before the image. */
		if (!item->found)
			stream->proven = 1;
		stream->active_ms = clock_mono_ms();
		/* What was merged may begin with what the store had. */
		if (spool_is_link(item) &&
		    item->key.epoch == stream->pos.epoch &&
		    item->key.min_txid <= stream->acked + 1 &&
		    item->key.max_txid > stream->acked)
			stream->acked = item->key.max_txid;
		spool_acked(stream->spool, item);
		if (stream->spool->n == 0)
			stream->urgent = 0;
	}
	free(shipment);
}

static struct spool_item *
next_item(const struct stream *stream, int64_t mono_ms)
{
	if (stream->in_flight || stream->halted || stream->elsewhere ||
	    stream->spool == NULL || mono_ms < stream->ship_retry_ms)
		return NULL;
	return spool_next(stream->spool);
}

int64_t
ship_size(const struct stream *stream, int64_t mono_ms)
{
	const struct spool_item *item = next_item(stream, mono_ms);

	return item != NULL ? item->size : -1;
}

void
ship_next(struct stream *stream, struct store *store, int64_t mono_ms)
{
	struct shipment *shipment;
	struct spool_item *item = next_item(stream, mono_ms);

	if (item == NULL)
		return;
	shipment = calloc(1, sizeof(*shipment));
	if (shipment == NULL)
		err_die("out of memory");
	shipment->stream = stream;
	shipment->store = store;
	if (!stream->asked && stream->end_epoch == 0) {
		ask_epochs(shipment);
		return;
	}
	shipment->item = item;
	spool_path(stream->spool, &item->key, shipment->path);
	shipment->op.verb = STORE_PUT;
	shipment->op.key = item->key;
	shipment->op.path = shipment->path;
	shipment->op.time_ms = item->time_ms;
	shipment->op.done = put_done;
	shipment->op.arg = shipment;
	begin(shipment, item->size);
	store_submit(store, &shipment->op);
}

void
ship_forget(struct stream *stream)
{
	if (!stream->in_flight)
		return;
	free(stream->shipment);
	stream->shipment = NULL;
	stream->in_flight = 0;
}
