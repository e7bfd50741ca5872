/* A stream's part in proofs: which TXID a place is, and what came of them. */
#include "replication/stream.h"

#include <stdlib.h>
#include <string.h>

#include "replication/proof.h"

void
stream_note_point(struct stream *stream)
{
	struct stream_point *point = &stream->point;
	const struct wal_place *at = &stream->pos.wal;

	if (point->at.frame == 0 || point->epoch != 0 ||
	    stream->pos.txid == 0 || at->frame != point->at.frame ||
	    !wal_same_salt(at->salt, point->at.salt) ||
	    memcmp(at->cksum, point->at.cksum, sizeof(at->cksum)) != 0)
		return;
	point->epoch = stream->pos.epoch;
	point->txid = stream->pos.txid;
}

void
stream_ask_point(struct stream *stream, const struct wal_place *at)
{
	memset(&stream->point, 0, sizeof(stream->point));
	stream->point.at = *at;
	stream_note_point(stream);
}

void
stream_read_proof(struct stream *stream)
{
	struct proof proof;

	proof_read(stream->spool_dir, &proof);
	free(stream->proof.failed);
	stream->proof = (struct stream_proof){
		.time_ms = proof.time_ms,
		.took_ms = proof.took_ms,
		.txid = proof.txid,
		.epoch = proof.epoch,
	};
	if (proof.failed && (stream->proof.failed = strdup(proof.what)) == NULL)
		err_die("out of memory");
}
