#ifndef ROWHOUSE_FORECAST_H
#define ROWHOUSE_FORECAST_H

#include <stddef.h>
#include <stdint.h>

#include "replication/store.h"

/*
 * What a month will cost if it goes on as it went: from the requests of the
 * last hour or day.  Prices are those of AWS S3 Standard (us-east-1, 2024):
 * others charge less, some nothing for requests.
 */
#define FORECAST_PUT_MILLION 5.00  /* dollars; PUT, POST, LIST */
#define FORECAST_GET_MILLION 0.40
#define FORECAST_GB_MONTH    0.023 /* 10^9 bytes; DELETE is free */
#define FORECAST_MONTH_MS    (30 * INT64_C(86400000))

/* What was seen: a sample every five minutes, for a day. */
#define FORECAST_STEP_MS 300000
#define FORECAST_SAMPLES 289

struct forecast_sample {
	int64_t mono_ms;
	uint64_t puts, gets, lists, deletes;
	uint64_t bytes_out;
};

struct forecast_seen {
	size_t n, next;		/* a ring */
	struct forecast_sample sample[FORECAST_SAMPLES];
};

/* As often as wanted; keeps one each step. */
void forecast_note(struct forecast_seen *seen, int64_t mono_ms,
    const struct store_stats *stats);

/*
 * How much was counted in the last window_ms until now, or since the first
 * sample where that is later: a sample of differences, with the time that it
 * covers as mono_ms.  0 ms: nothing can be said.
 */
struct forecast_sample forecast_since(const struct forecast_seen *seen,
    int64_t mono_ms, const struct store_stats *stats, int64_t window_ms);

struct forecast {
	double puts, gets, lists, deletes;	/* a month */
	double stored_bytes;			/* in the end, at most */
	double request_dollars, storage_dollars; /* a month */
};

/*
 * Stored: the newest copies of all, and what is put in retain_ms: at most, for
 * raw files go earlier.  rate->mono_ms > 0.
 */
struct forecast forecast_month(const struct forecast_sample *rate,
    int64_t copies_bytes, int64_t retain_ms);

#endif
