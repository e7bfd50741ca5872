/*
 * A history is in one replica.  Where replica.url names another, or what was there
 * was removed, what a position calls shipped is not in the store: raw objects that
 * are sent there build on nothing, and a restore would find nothing that it could
 * begin with, while lag and status are fine.  So each replica has a number, in its
 * claim, and each position says of which it speaks.
 */
#include "replication/stream.h"

#include "tenants/base/file.h"

int
stream_note_replica(struct stream *stream)
{
	const struct position *pos = &stream->pos;
	uint32_t replica = stream->env->replica;

	stream->elsewhere = replica != 0 && pos->replica != replica &&
			    (pos->replica != 0 || pos->shipped > 0);
	return stream->elsewhere;
}

int
stream_leave_replica(struct stream *stream, struct err *err)
{
	uint32_t left = stream->pos.epoch;

	/* It is of a file of the spool, perhaps of one that is to be dropped. */
	if (stream->in_flight)
		return err_set(err, ERR_BUSY, "an object is on its way");
	/* What is on the shelf builds on what is elsewhere, too. */
	if (stream->shelf != NULL && file_remove_tree(stream->shelf, err) != 0)
		return -1;
	stream->env->shelf_bytes -= stream->shelf_bytes;
	stream->shelf_bytes = 0;
	stream->chores_ms = 0;
	if (left != 0 &&
	    (stream_break(stream, 0, "the replica is another one now", err) ||
		spool_drop_epoch(stream->spool, left, err)))
		return -1;
	stream->elsewhere = 0;
	stream->asked = 0;
	return 0;
}
