#include "replication/replicator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/claim.h"
#include "replication/forecast.h"
#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/base/json.h"
#include "tenants/layout.h"

#define HOUR_MS (60 * 60 * 1000)
#define DAY_MS  (24 * HOUR_MS)

/*
 * Is its file not there?  An open stream finds out when it is flushed.  Of an
 * incarnation that was replaced nobody needs it.
 */
static int
is_missing(const struct stream *stream)
{
	if (stream->retired)
		return 0;
	return stream->gone ||
	       (stream_is_open(stream) && db_moved(stream->conn[stream->pin]));
}

/* Is the whole machine on its way back (restore_all.h)? */
static const char *
missing_state(const struct stream *stream)
{
	struct err none = ERR_INIT;
	char path[LAYOUT_MAX];

	snprintf(
	    path, sizeof(path), "%.600s/restoring", stream->env->config->data);
	return file_exists(path, &none) > 0 ? "restoring" : "missing";
}

/* What has to be asked of files, and so is asked once. */
struct sight {
	struct stream_lag lag;
	int missing;
};

static struct sight
look(struct stream *stream, int64_t now_ms)
{
	return (struct sight){ stream_lag(stream, now_ms),
		is_missing(stream) };
}

static const char *
state_of(const struct stream *stream, int missing)
{
	if (stream->halted)
		return "halted";
	if (missing)
		return missing_state(stream);
	if (stream->refused)
		return "full";
	if (stream->failures > 0 || stream->ship_failures > 0)
		return "failing";
	if (stream->retired)
		return "retired";
	if (stream->snapshot != NULL)
		return "snapshot";
	if (stream->pos.txid == 0)
		return "starting";
	return stream_is_open(stream) ? "active" : "idle";
}

static void
put_count(struct buf *out, int *first, const char *name, uint64_t value)
{
	json_put_int(out, first, name, (int64_t)value);
}

/* "" where there is none. */
static void
put_time(struct buf *out, int *first, const char *name, int64_t time_ms)
{
	char text[CLOCK_TEXT] = "";

	if (time_ms > 0)
		clock_format(time_ms, text);
	json_put_text(out, first, name, text);
}

/* --- one of them ------------------------------------------------------------ */

/* Of one that was idle all the time nothing has to be said. */
static int
is_idle(const struct stream_counts *counts)
{
	static const struct stream_counts none;

	return memcmp(counts, &none, sizeof(none)) == 0;
}

static void
put_counts(struct buf *out, int *first, const struct stream_counts *counts)
{
	put_count(out, first, "flushes", counts->flushes);
	put_count(out, first, "checkpoints", counts->checkpoints);
	json_put_int(out, first, "checkpoint_us", counts->checkpoint_us);
	json_put_int(
	    out, first, "checkpoint_longest_us", counts->checkpoint_longest_us);
	put_count(out, first, "epochs", counts->epochs);
	put_count(out, first, "thinned", counts->thinned);
	put_count(out, first, "errors", counts->errors);
}

static void
put_requests(struct buf *out, int *first, const struct stream_counts *counts)
{
	put_count(out, first, "puts", counts->puts);
	put_count(out, first, "gets", counts->gets);
	put_count(out, first, "lists", counts->lists);
	put_count(out, first, "deletes", counts->deletes);
	put_count(out, first, "retries", counts->retries);
	put_count(out, first, "bytes_out", counts->bytes_out);
	put_count(out, first, "bytes_in", counts->bytes_in);
}

/* A proof speaks of its own epoch only. */
static int
is_proven(const struct stream *stream)
{
	return stream->proof.time_ms > 0 &&
	       stream->proof.epoch == stream->pos.epoch;
}

static int
is_disproven(const struct stream *stream)
{
	return is_proven(stream) && stream->proof.failed != NULL;
}

static void
put_proof(struct buf *out, int *first, const struct stream *stream)
{
	const struct stream_proof *proof = &stream->proof;
	int proven = is_proven(stream);

	put_time(out, first, "proven", proven ? proof->time_ms : 0);
	put_count(out, first, "proven_txid", proven ? proof->txid : 0);
	json_put_int(out, first, "proven_ms", proven ? proof->took_ms : 0);
	json_put_int(out, first, "proof_failed", is_disproven(stream));
}

/* Once is not yet worth an alarm, where it may go well the next time. */
static int
is_untidy(const struct stream *stream)
{
	return stream->chore_failure != NULL &&
	       (stream->chore_failures > 1 ||
		   !err_class(stream->chore_failure->code)->retry);
}

/*
 * What is wrong now: an error, or else a replica that is not the database, or that
 * is not kept in its bounds.
 */
struct error {
	char text[600], hint[240];
};

static struct error
error_of(const struct stream *stream, int missing)
{
	struct error error;

	error.text[0] = error.hint[0] = '\0';
	if (stream->refused) {
		snprintf(error.text, sizeof(error.text),
		    "writes are refused: %lld bytes wait for the store",
		    (long long)stream->spool->bytes);
		snprintf(error.hint, sizeof(error.hint),
		    "replica.spool_max = %lld, replica.spool_full = refuse",
		    (long long)stream->env->config->replica_spool_max);
	} else if (stream->failure != NULL) {
		snprintf(error.text, sizeof(error.text), "%s", stream->failure->msg);
		snprintf(error.hint, sizeof(error.hint), "%s", stream->failure->hint);
	} else if (missing) {
		snprintf(
		    error.text, sizeof(error.text), "%s is not there", stream->db_path);
		snprintf(error.hint, sizeof(error.hint), "rowhouse restore %s --in-place",
		    stream->slug);
	} else if (is_disproven(stream)) {
		snprintf(error.text, sizeof(error.text), "failed proof: TXID %llu: %s",
		    (unsigned long long)stream->proof.txid,
		    stream->proof.failed);
		snprintf(error.hint, sizeof(error.hint), "rowhouse verify %s --new-epoch",
		    stream->slug);
	} else if (is_untidy(stream)) {
		snprintf(error.text, sizeof(error.text), "compaction and retention: %s",
		    stream->chore_failure->msg);
		snprintf(error.hint, sizeof(error.hint), "%s", stream->chore_failure->hint);
	}
	return error;
}

static void
put_error(struct buf *out, int *first, const struct stream *stream, int missing)
{
	struct error error = error_of(stream, missing);

	json_put_text(out, first, "error", error.text);
	json_put_text(out, first, "hint", error.hint);
	if (stream->last == NULL)
		return;
	json_put_text(out, first, "last_error", stream->last->msg);
	put_time(out, first, "last_error_time", stream->last_ms);
}

static void
put_stream(struct buf *out, const struct stream *stream, struct sight sight)
{
	const struct position *pos = &stream->pos;
	uint64_t shipped = stream->spool != NULL ? stream->acked : pos->shipped;
	int first = 1;

	buf_putc(out, '{');
	json_put_text(out, &first, "tenant", stream->slug);
	json_put_text(out, &first, "state", state_of(stream, sight.missing));
	json_put_int(out, &first, "epoch", pos->epoch);
	json_put_int(out, &first, "txid", (int64_t)pos->txid);
	json_put_int(out, &first, "replicated_txid", (int64_t)shipped);
	put_time(out, &first, "time", pos->time_ms);
	json_put_int(out, &first, "lag_ms", sight.lag.ms);
	json_put_int(out, &first, "lag_bytes", sight.lag.bytes);
	json_put_int(out, &first, "size", (int64_t)pos->pages * pos->page_size);
	json_put_int(out, &first, "spool_files",
	    stream->spool != NULL ? (int64_t)stream->spool->n : 0);
	json_put_int(out, &first, "spool_bytes",
	    stream->spool != NULL ? stream->spool->bytes : 0);
	if (!is_idle(&stream->counts)) {
		put_requests(out, &first, &stream->counts);
		put_counts(out, &first, &stream->counts);
	}
	put_proof(out, &first, stream);
	put_error(out, &first, stream, sight.missing);
	buf_putc(out, '}');
}

/* --- all of them ------------------------------------------------------------ */

struct sum {
	size_t n, open, failing, failed_proofs, unproven, refused;
	struct stream_lag lag; /* the longest, and all bytes */
	int64_t spool_files, spool_bytes;
	int64_t size, copies; /* of the databases, and the newest copies */
	const struct stream *oldest; /* proof */
	const struct stream *last; /* to fail */
};

static void
add(struct sum *sum, const struct stream *stream, struct sight sight)
{
	sum->n++;
	sum->open += stream_is_open(stream) != 0;
	sum->failing += stream->failure != NULL || sight.missing ||
			is_disproven(stream) || is_untidy(stream);
	sum->failed_proofs += is_disproven(stream) != 0;
	sum->refused += stream->refused != 0;
	if (sight.lag.ms > sum->lag.ms)
		sum->lag.ms = sight.lag.ms;
	sum->lag.bytes += sight.lag.bytes;
	if (stream->spool != NULL) {
		sum->spool_files += (int64_t)stream->spool->n;
		sum->spool_bytes += stream->spool->bytes;
	}
	sum->size += (int64_t)stream->pos.pages * stream->pos.page_size;
	sum->copies += stream->pos.snapshot_bytes + stream->pos.since_bytes;
	if (stream->last != NULL &&
	    (sum->last == NULL || stream->last_ms > sum->last->last_ms))
		sum->last = stream;
	if (stream->retired)
		return;
	if (!is_proven(stream))
		sum->unproven++;
	else if (sum->oldest == NULL ||
		 stream->proof.time_ms < sum->oldest->proof.time_ms)
		sum->oldest = stream;
}

static void
put_store(struct buf *out, int *first, const struct store_stats *stats)
{
	put_count(out, first, "puts", stats->puts);
	put_count(out, first, "gets", stats->gets);
	put_count(out, first, "lists", stats->lists);
	put_count(out, first, "deletes", stats->deletes);
	put_count(out, first, "retries", stats->retries);
	put_count(out, first, "refused", stats->refused);
	put_count(out, first, "failed", stats->failed);
	put_count(out, first, "bytes_out", stats->bytes_out);
	put_count(out, first, "bytes_in", stats->bytes_in);
	json_put_int(out, first, "store_down_ms",
	    stats->down_ms > 0 ? clock_mono_ms() - stats->down_ms : 0);
	json_put_int(out, first, "keys_refused_ms",
	    stats->refused_ms > 0 ? clock_mono_ms() - stats->refused_ms : 0);
}

static void
put_total(struct buf *out, const struct sum *sum, const struct stream_env *env,
    const struct store_stats *stats)
{
	int first = 1;

	buf_putc(out, '{');
	put_count(out, &first, "tenants", sum->n);
	put_count(out, &first, "open", sum->open);
	put_count(out, &first, "failing", sum->failing);
	json_put_int(out, &first, "lag_ms", sum->lag.ms);
	json_put_int(out, &first, "lag_bytes", sum->lag.bytes);
	json_put_int(out, &first, "size", sum->size);
	json_put_int(out, &first, "spool_files", sum->spool_files);
	json_put_int(out, &first, "spool_bytes", sum->spool_bytes);
	json_put_int(out, &first, "spool_max", env->config->replica_spool_max);
	put_count(out, &first, "full", sum->refused);
	json_put_int(out, &first, "interval_ms", stream_env_interval(env));
	json_put_int(out, &first, "clock_off_ms", env->clock_off_ms);
	json_put_int(out, &first, "disk_free", env->disk.free);
	json_put_int(out, &first, "disk_size", env->disk.size);
	put_store(out, &first, stats);
	put_counts(out, &first, &env->total);
	put_count(out, &first, "proof_failed", sum->failed_proofs);
	put_count(out, &first, "unproven", sum->unproven);
	put_time(out, &first, "oldest_proof",
	    sum->oldest != NULL ? sum->oldest->proof.time_ms : 0);
	json_put_text(out, &first, "oldest_proof_tenant",
	    sum->oldest != NULL ? sum->oldest->slug : "");
	if (sum->last != NULL) {
		json_put_text(out, &first, "last_error", sum->last->last->msg);
		put_time(out, &first, "last_error_time", sum->last->last_ms);
		json_put_text(
		    out, &first, "last_error_tenant", sum->last->slug);
	}
	buf_putc(out, '}');
}

/* null where the replicator has not run long enough to say anything. */
static void
put_forecast(struct buf *out, const struct forecast_sample *rate,
    int64_t copies, int64_t retain_ms)
{
	struct forecast f;
	int first = 1;

	if (rate->mono_ms < FORECAST_STEP_MS) {
		buf_puts(out, "null");
		return;
	}
	f = forecast_month(rate, copies, retain_ms);
	buf_putc(out, '{');
	json_put_int(out, &first, "seen_ms", rate->mono_ms);
	json_put_int(out, &first, "puts_month", (int64_t)f.puts);
	json_put_int(out, &first, "gets_month", (int64_t)f.gets);
	json_put_int(out, &first, "lists_month", (int64_t)f.lists);
	json_put_int(out, &first, "deletes_month", (int64_t)f.deletes);
	json_put_int(out, &first, "stored_bytes", (int64_t)f.stored_bytes);
	json_put_name(out, &first, "request_dollars_month");
	json_put_double(out, f.request_dollars);
	json_put_name(out, &first, "storage_dollars_month");
	json_put_double(out, f.storage_dollars);
	buf_putc(out, '}');
}

static void
put_forecasts(struct buf *out, const struct sum *sum,
    const struct config *config, const struct store_stats *stats,
    const struct forecast_seen *seen)
{
	int64_t mono_ms = clock_mono_ms();
	struct forecast_sample hour =
	    forecast_since(seen, mono_ms, stats, HOUR_MS);
	struct forecast_sample day =
	    forecast_since(seen, mono_ms, stats, DAY_MS);
	int first = 1;

	buf_putc(out, '{');
	json_put_int(out, &first, "put_budget_day", config->replica_put_budget);
	json_put_name(out, &first, "hour");
	put_forecast(out, &hour, sum->copies, config->replica_retain_ms);
	json_put_name(out, &first, "day");
	put_forecast(out, &day, sum->copies, config->replica_retain_ms);
	buf_putc(out, '}');
}

/* By slug; of one slug the incarnation that is current first. */
static int
compare(const void *a, const void *b)
{
	const struct stream *const *x = a, *const *y = b;
	int order = strcmp((*x)->slug, (*y)->slug);

	return order != 0 ? order : (*x)->retired - (*y)->retired;
}

static size_t
collect(const struct streams *streams, struct stream **out)
{
	struct stream *stream;
	size_t i, n = 0;

	for (i = 0; i < streams->n_buckets; i++) {
		for (stream = streams->bucket[i]; stream != NULL;
		     stream = stream->next)
			out[n++] = stream;
	}
	/* Those that were replaced, and still have something to ship. */
	for (i = 0; i < streams->n_active; i++) {
		if (streams->active[i]->retired)
			out[n++] = streams->active[i];
	}
	return n;
}

/* All that is told of, and what they come to. */
struct fleet {
	struct stream **stream;
	struct sight *sight;
	size_t n;
	struct sum sum;
};

static struct fleet
survey(const struct streams *streams, int sorted, int64_t now_ms)
{
	size_t most = streams->n + streams->n_active + 1;
	struct fleet fleet = {
		.stream = calloc(most, sizeof(*fleet.stream)),
		.sight = calloc(most, sizeof(*fleet.sight)),
	};
	size_t i;

	if (fleet.stream == NULL || fleet.sight == NULL)
		err_die("out of memory");
	fleet.n = collect(streams, fleet.stream);
	if (sorted)
		qsort(fleet.stream, fleet.n, sizeof(*fleet.stream), compare);
	for (i = 0; i < fleet.n; i++) {
		fleet.sight[i] = look(fleet.stream[i], now_ms);
		add(&fleet.sum, fleet.stream[i], fleet.sight[i]);
	}
	return fleet;
}

static void
clear(struct fleet *fleet)
{
	free(fleet->sight);
	free(fleet->stream);
}

static void
put_whole(struct buf *out, int *first, const struct replicator_view *view,
    const struct sum *sum, int64_t now_ms)
{
	const struct stream_env *env = view->streams->env;
	struct store_stats stats;

	store_stats(view->store, &stats);
	json_put_text(out, first, "replica", store_url(view->store));
	if (view->claim != NULL) {
		json_put_name(out, first, "claim");
		claim_put_status(view->claim, out);
	}
	put_time(out, first, "time_now", now_ms);
	put_time(out, first, "started", view->started_ms);
	json_put_name(out, first, "total");
	put_total(out, sum, env, &stats);
	json_put_name(out, first, "forecast");
	put_forecasts(out, sum, env->config, &stats, view->seen);
}

void
replicator_put_status(const struct replicator_view *view, struct buf *out)
{
	int64_t now_ms = clock_wall_ms();
	struct fleet fleet = survey(view->streams, 1, now_ms);
	size_t i;
	int first = 1;

	buf_putc(out, '{');
	put_whole(out, &first, view, &fleet.sum, now_ms);
	json_put_name(out, &first, "tenants");
	buf_putc(out, '[');
	for (i = 0; i < fleet.n; i++) {
		if (i > 0)
			buf_putc(out, ',');
		put_stream(out, fleet.stream[i], fleet.sight[i]);
	}
	buf_puts(out, "]}");
	clear(&fleet);
}

/* --- in few words ------------------------------------------------------------ */

/* Ten thousand lines of them: printf takes longer than all else together. */
static void
put_column(struct buf *out, int64_t value)
{
	char text[24], *p = text + sizeof(text);
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do
		*--p = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		*--p = '-';
	*--p = '\t';
	buf_put(out, p, (size_t)(text + sizeof(text) - p));
}

static void
put_line(struct buf *out, const struct stream *stream, struct sight sight)
{
	struct error error = error_of(stream, sight.missing);
	const struct position *pos = &stream->pos;
	char *p;

	for (p = error.text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	buf_putc(out, '\n');
	buf_puts(out, stream->slug);
	buf_putc(out, '\t');
	buf_puts(out, state_of(stream, sight.missing));
	put_column(out, sight.lag.ms);
	put_column(out, sight.lag.bytes);
	put_column(out,
	    stream->spool != NULL ? stream->spool->bytes : 0);
	put_column(out, (int64_t)pos->pages * pos->page_size);
	put_column(out, (int64_t)stream->counts.puts);
	put_column(out,
	    is_proven(stream) ? stream->proof.time_ms : 0);
	buf_putc(out, '\t');
	buf_puts(out, error.text);
}

void
replicator_put_fleet(const struct replicator_view *view, struct buf *out)
{
	int64_t now_ms = clock_wall_ms();
	struct fleet fleet = survey(view->streams, 0, now_ms);
	size_t i;
	int first = 1;

	buf_putc(out, '{');
	put_whole(out, &first, view, &fleet.sum, now_ms);
	buf_putc(out, '}');
	for (i = 0; i < fleet.n; i++)
		if (!fleet.stream[i]->retired)
			put_line(out, fleet.stream[i], fleet.sight[i]);
	clear(&fleet);
}

void
replicator_put_tenant(struct stream *stream, struct buf *out)
{
	put_stream(out, stream, look(stream, clock_wall_ms()));
}
