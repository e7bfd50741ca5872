#include "replication/forecast.h"

#include <assert.h>

static struct forecast_sample
sample_of(int64_t mono_ms, const struct store_stats *stats)
{
	return (struct forecast_sample){
		.mono_ms = mono_ms,
		.puts = stats->puts,
		.gets = stats->gets,
		.lists = stats->lists,
		.deletes = stats->deletes,
		.bytes_out = stats->bytes_out,
	};
}

/* The i-th newest. */
static const struct forecast_sample *
newest(const struct forecast_seen *seen, size_t i)
{
	return &seen->sample[(seen->next + FORECAST_SAMPLES - 1 - i) %
			     FORECAST_SAMPLES];
}

void
forecast_note(struct forecast_seen *seen, int64_t mono_ms,
    const struct store_stats *stats)
{
	if (seen->n > 0 &&
	    mono_ms - newest(seen, 0)->mono_ms < FORECAST_STEP_MS)
		return;
	seen->sample[seen->next] = sample_of(mono_ms, stats);
	seen->next = (seen->next + 1) % FORECAST_SAMPLES;
	if (seen->n < FORECAST_SAMPLES)
		seen->n++;
}

struct forecast_sample
forecast_since(const struct forecast_seen *seen, int64_t mono_ms,
    const struct store_stats *stats, int64_t window_ms)
{
	struct forecast_sample now = sample_of(mono_ms, stats);
	const struct forecast_sample *from;
	size_t i = 0;

	if (seen->n == 0)
		return (struct forecast_sample){ .mono_ms = 0 };
	while (
	    i + 1 < seen->n && mono_ms - newest(seen, i)->mono_ms < window_ms)
		i++;
	from = newest(seen, i);
	return (struct forecast_sample){
		.mono_ms = now.mono_ms - from->mono_ms,
		.puts = now.puts - from->puts,
		.gets = now.gets - from->gets,
		.lists = now.lists - from->lists,
		.deletes = now.deletes - from->deletes,
		.bytes_out = now.bytes_out - from->bytes_out,
	};
}

struct forecast
forecast_month(
    const struct forecast_sample *rate, int64_t copies_bytes, int64_t retain_ms)
{
	double month, retain;
	struct forecast f;

	assert(rate->mono_ms > 0);
	month = (double)FORECAST_MONTH_MS / (double)rate->mono_ms;
	retain = (double)retain_ms / (double)rate->mono_ms;
	f.puts = (double)rate->puts * month;
	f.gets = (double)rate->gets * month;
	f.lists = (double)rate->lists * month;
	f.deletes = (double)rate->deletes * month;
	f.stored_bytes =
	    (double)copies_bytes + (double)rate->bytes_out * retain;
	f.request_dollars = ((f.puts + f.lists) * FORECAST_PUT_MILLION +
				f.gets * FORECAST_GET_MILLION) /
			    1e6;
	f.storage_dollars = f.stored_bytes / 1e9 * FORECAST_GB_MONTH;
	return f;
}
