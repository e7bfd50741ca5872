#include "replication/stream.h"

#include "tenants/base/clock.h"
#include "tenants/base/log.h"

#define RETRY_FIRST_MS 500
#define RETRY_LAST_MS  60000

void
stream_failed(struct stream *stream, const struct err *failure)
{
	int64_t wait = RETRY_FIRST_MS;
	struct err copy = *failure, *err = &copy;
	int i;

	if (err->code == ERR_BUSY) {
		stream->retry_ms = clock_mono_ms() + STREAM_BUSY_MS;
		return;
	}
	if (err->code == ERR_FULL && !err->hint[0])
		err_hint(err, "make room on the disk of %s", stream->db_path);
	if (stream->failure == NULL || stream->failure->code != err->code)
		log_err("stream", str_of(stream->slug), err);
	for (i = 0; i < stream->failures && wait < RETRY_LAST_MS; i++)
		wait *= 2;
	stream->failures++;
	stream_set_failure(stream, err);
	stream->retry_ms = clock_mono_ms() + wait;
	stream_close(stream);
	/* A file that is not there is looked for by the sweep. */
	if (!stream->gone)
		stream_touch(stream);
}

/* A flush that goes well says nothing of a checkpoint that did not. */
void
stream_recovered(struct stream *stream)
{
	if (stream->failures == 0 || stream->untended)
		return;
	stream->failures = 0;
	stream_set_failure(stream, NULL);
	log_info("stream", "%s works again", stream->slug);
}
