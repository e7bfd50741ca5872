#include "replication/replicator.h"

#include <stdlib.h>
#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/base/json.h"

static const char *
state_of(const struct stream *stream)
{
	if (stream->halted)
		return "halted";
	if (stream->gone)
		return "missing";
	if (stream->failures > 0 || stream->ship_failures > 0)
		return "failing";
	if (stream->snapshot != NULL)
		return "snapshot";
	if (stream->pos.txid == 0)
		return "starting";
	return stream_is_open(stream) ? "active" : "idle";
}

static void
put_int(struct buf *out, int *first, const char *name, int64_t value)
{
	json_put_name(out, first, name);
	json_put_i64(out, value);
}

static void
put_string(struct buf *out, int *first, const char *name, const char *value)
{
	json_put_name(out, first, name);
	json_put_string(out, str_of(value));
}

static void
put_stream(struct buf *out, const struct stream *stream, int64_t now_ms)
{
	const struct position *pos = &stream->pos;
	uint64_t shipped = stream->spool != NULL ? stream->acked : pos->shipped;
	char time[CLOCK_TEXT] = "";
	int first = 1;

	if (pos->time_ms > 0)
		clock_format(pos->time_ms, time);
	buf_putc(out, '{');
	put_string(out, &first, "tenant", stream->slug);
	put_string(out, &first, "state", state_of(stream));
	put_int(out, &first, "epoch", pos->epoch);
	put_int(out, &first, "txid", (int64_t)pos->txid);
	put_int(out, &first, "replicated_txid", (int64_t)shipped);
	put_string(out, &first, "time", time);
	put_int(out, &first, "lag_ms", stream_lag_ms(stream, now_ms));
	put_int(out, &first, "size", (int64_t)pos->pages * pos->page_size);
	put_int(out, &first, "spool_files",
	    stream->spool != NULL ? (int64_t)stream->spool->n : 0);
	put_int(out, &first, "spool_bytes",
	    stream->spool != NULL ? stream->spool->bytes : 0);
	put_int(out, &first, "checkpoints", (int64_t)stream->checkpoints);
	put_string(out, &first, "error",
	    stream->failure != NULL ? stream->failure->msg : "");
	put_string(out, &first, "hint",
	    stream->failure != NULL ? stream->failure->hint : "");
	buf_putc(out, '}');
}

static int
by_slug(const void *a, const void *b)
{
	const struct stream *const *x = a, *const *y = b;

	return strcmp((*x)->slug, (*y)->slug);
}

void
replicator_put_status(
    const struct streams *streams, const struct store *store, struct buf *out)
{
	const struct stream **sorted =
	    calloc(streams->n + 1, sizeof(const struct stream *));
	int64_t now_ms = clock_wall_ms();
	const struct stream *stream;
	size_t i, n = 0;
	int first = 1;

	if (sorted == NULL)
		err_die("out of memory");
	for (i = 0; i < streams->n_buckets; i++) {
		for (stream = streams->bucket[i]; stream != NULL;
		     stream = stream->next)
			sorted[n++] = stream;
	}
	qsort(sorted, n, sizeof(*sorted), by_slug);
	buf_putc(out, '{');
	put_string(out, &first, "replica", store_url(store));
	json_put_name(out, &first, "tenants");
	buf_putc(out, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(out, ',');
		put_stream(out, sorted[i], now_ms);
	}
	buf_puts(out, "]}");
	free(sorted);
}
