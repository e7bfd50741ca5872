#include "replication/streams.h"

#include "replication/ship.h"

#define LONGEST_WAIT_MS 1000

int64_t
streams_wait_ms(const struct streams *streams, int64_t now_ms, int64_t mono_ms)
{
	int64_t wait = INT64_MAX;
	size_t i;

	for (i = 0; i < streams->n_active; i++) {
		const struct stream *stream = streams->active[i];
		int64_t due = stream_due(stream, now_ms);
		int64_t left = LONGEST_WAIT_MS;

		if (stream->snapshot != NULL)
			left = 0;
		else if (due != INT64_MAX)
			left = due - now_ms;
		if (left < stream->retry_ms - mono_ms)
			left = stream->retry_ms - mono_ms;
		if (left < wait)
			wait = left;
	}
	return wait;
}

static int
has_more(const struct stream *stream)
{
	return stream->dirty || stream->snapshot != NULL || stream->in_flight ||
	       (stream->spool != NULL && stream->spool->n > 0);
}

int
streams_left(const struct streams *streams)
{
	size_t i;

	for (i = 0; i < streams->n_active; i++) {
		const struct stream *stream = streams->active[i];

		if (stream->failures == 0 && !stream->halted &&
		    has_more(stream))
			return 1;
	}
	return 0;
}

size_t
streams_behind(const struct streams *streams)
{
	size_t i, n = 0;

	for (i = 0; i < streams->n_active; i++) {
		const struct stream *stream = streams->active[i];

		if (has_more(stream) || stream->failures > 0 || stream->halted)
			n++;
	}
	return n;
}

int
streams_in_flight(const struct streams *streams)
{
	size_t i;

	for (i = 0; i < streams->n_active; i++) {
		if (streams->active[i]->in_flight)
			return 1;
	}
	return 0;
}

void
streams_forget_in_flight(struct streams *streams)
{
	size_t i;

	for (i = 0; i < streams->n_active; i++)
		ship_forget(streams->active[i]);
}

void
streams_touch_open(struct streams *streams)
{
	size_t i;

	for (i = 0; i < streams->n_active; i++) {
		if (stream_is_open(streams->active[i]))
			stream_touch(streams->active[i]);
	}
}
