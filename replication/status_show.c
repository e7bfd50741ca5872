#include "replication/status_show.h"

#include <stdio.h>
#include <string.h>

#include "replication/forecast.h"
#include "tenants/base/clock.h"
#include "tenants/base/disk.h"
#include "tenants/base/size.h"

const char *
status_text(const struct json *object, const char *name, struct arena *arena)
{
	const struct json *value = json_get(object, name);

	if (value == NULL || value->type != JSON_STRING)
		return "";
	return arena_strz(arena, value->string);
}

int64_t
status_int(const struct json *object, const char *name)
{
	const struct json *value = json_get(object, name);
	int64_t v;

	return value != NULL && json_i64(value, &v) == 0 ? v : 0;
}

static double
real_of(const struct json *object, const char *name)
{
	const struct json *value = json_get(object, name);
	double v;

	return value != NULL && json_double(value, &v) == 0 ? v : 0;
}

const char *
status_span(int64_t ms, char out[STATUS_SPAN])
{
	if (ms < 60 * 1000)
		snprintf(out, STATUS_SPAN, "%.1f s", (double)ms / 1000);
	else if (ms < 120LL * 60 * 1000)
		snprintf(out, STATUS_SPAN, "%lld min", (long long)ms / 60000);
	else if (ms < 48LL * 3600 * 1000)
		snprintf(out, STATUS_SPAN, "%lld h", (long long)ms / 3600000);
	else
		snprintf(out, STATUS_SPAN, "%lld d", (long long)ms / 86400000);
	return out;
}

int64_t
status_time(const char *time)
{
	struct err none = ERR_INIT;
	int64_t ms;

	if (time[0] == '\0' || clock_parse(str_of(time), 0, &ms, &none))
		return 0;
	return ms;
}

/* How long ago that is, or "never". */
static const char *
age_text(const char *time, char out[STATUS_SPAN])
{
	int64_t now_ms = clock_wall_ms(), then_ms = status_time(time);

	if (then_ms == 0)
		snprintf(out, STATUS_SPAN, "never");
	else
		status_span(now_ms > then_ms ? now_ms - then_ms : 0, out);
	return out;
}

/* --- the table -------------------------------------------------------------- */

static void
put_row(const struct json *row, struct arena *arena, struct buf *out)
{
	const char *error = status_text(row, "error", arena);
	const char *hint = status_text(row, "hint", arena);
	char behind[SIZE_TEXT], size[SIZE_TEXT];
	char lag[STATUS_SPAN], age[STATUS_SPAN];

	buf_printf(out, "%-22s %-8s %10lld %8s %9s %10s %7s\n",
	    status_text(row, "tenant", arena), status_text(row, "state", arena),
	    (long long)status_int(row, "replicated_txid"),
	    status_span(status_int(row, "lag_ms"), lag),
	    size_text(status_int(row, "lag_bytes"), behind),
	    size_text(status_int(row, "size"), size),
	    status_int(row, "proof_failed")
		? "FAILED"
		: age_text(status_text(row, "proven", arena), age));
	if (error[0] != '\0')
		buf_printf(out, "    %s%s%s\n", error,
		    hint[0] != '\0' ? "; " : "", hint);
}

static void
put_total(const struct json *total, struct arena *arena, struct buf *out)
{
	const char *oldest = status_text(total, "oldest_proof_tenant", arena);
	const struct disk disk = { .free = status_int(total, "disk_free"),
		.size = status_int(total, "disk_size") };
	int64_t off = status_int(total, "clock_off_ms");
	char a[SIZE_TEXT], b[SIZE_TEXT], age[STATUS_SPAN];

	buf_printf(out,
	    "%lld databases, %lld open; %s behind in %lld files of the "
	    "spool, %s in all\n",
	    (long long)status_int(total, "tenants"),
	    (long long)status_int(total, "open"),
	    size_text(status_int(total, "spool_bytes"), a),
	    (long long)status_int(total, "spool_files"),
	    size_text(status_int(total, "lag_bytes"), b));
	if (status_int(total, "store_down_ms") > 0)
		buf_printf(out, "THE STORE HAS NOT ANSWERED FOR %s\n",
		    status_span(status_int(total, "store_down_ms"), age));
	if (status_int(total, "keys_refused_ms") > 0)
		buf_printf(out, "THE STORE HAS REFUSED OUR KEYS FOR %s\n",
		    status_span(status_int(total, "keys_refused_ms"), age));
	if (DISK_LOW(&disk))
		buf_printf(out,
		    "THE DISK OF THE DATA IS %lld %% FULL: %s ARE LEFT\n",
		    (long long)(100 - disk.free * 100 / disk.size),
		    size_text(disk.free, a));
	if (off != 0)
		buf_printf(out,
		    "THIS MACHINE'S CLOCK IS %s %s (timedatectl); NOTHING IS "
		    "DELETED BEFORE ITS TIME FOR THAT\n",
		    status_span(off > 0 ? off : -off, age),
		    off > 0 ? "AHEAD" : "BEHIND");
	if (status_int(total, "full") > 0)
		buf_printf(out,
		    "WRITES ARE REFUSED (TENANTS: %lld): MORE THAN %s WAITS "
		    "FOR THE STORE\n",
		    (long long)status_int(total, "full"),
		    size_text(status_int(total, "spool_max"), a));
	buf_printf(out,
	    "since it started: %lld PUT, %lld GET, %lld LIST, %lld DELETE, "
	    "%lld retries; %s sent\n",
	    (long long)status_int(total, "puts"),
	    (long long)status_int(total, "gets"),
	    (long long)status_int(total, "lists"),
	    (long long)status_int(total, "deletes"),
	    (long long)status_int(total, "retries"),
	    size_text(status_int(total, "bytes_out"), a));
	buf_printf(out, "proofs: %lld failed, %lld databases without one",
	    (long long)status_int(total, "proof_failed"),
	    (long long)status_int(total, "unproven"));
	if (oldest[0] != '\0')
		buf_printf(out, "; the oldest is of %s, %s ago", oldest,
		    age_text(status_text(total, "oldest_proof", arena), age));
	buf_putc(out, '\n');
}

static void
put_forecast(const struct json *forecast, struct buf *out)
{
	const struct json *day = json_get(forecast, "day");
	int64_t budget = status_int(forecast, "put_budget_day");
	char seen[STATUS_SPAN], size[SIZE_TEXT];

	if (day == NULL || day->type != JSON_OBJECT)
		return;
	buf_printf(out,
	    "a month as the last %s: %lld PUT, %lld GET, %lld LIST, $%.2f; "
	    "at most %s kept, $%.2f\n",
	    status_span(status_int(day, "seen_ms"), seen),
	    (long long)status_int(day, "puts_month"),
	    (long long)status_int(day, "gets_month"),
	    (long long)status_int(day, "lists_month"),
	    real_of(day, "request_dollars_month"),
	    size_text(status_int(day, "stored_bytes"), size),
	    real_of(day, "storage_dollars_month"));
	buf_printf(out,
	    "  (AWS S3 Standard: PUT and LIST $%.2f a million, GET $%.2f, "
	    "$%.3f a GB and month)\n",
	    FORECAST_PUT_MILLION, FORECAST_GET_MILLION, FORECAST_GB_MONTH);
	if (budget > 0)
		buf_printf(out,
		    "  (replica.put_budget allows %lld PUT a month)\n",
		    (long long)budget * 30);
}

void
status_put_totals(
    const struct json *root, struct arena *arena, struct buf *out)
{
	if (json_get(root, "total") != NULL)
		put_total(json_get(root, "total"), arena, out);
	if (json_get(root, "forecast") != NULL)
		put_forecast(json_get(root, "forecast"), out);
}

void
status_put_all(const struct json *root, struct arena *arena, struct buf *out)
{
	const struct json *total = json_get(root, "total");
	const struct json *rows = json_get(root, "tenants");
	const struct json *row;

	buf_printf(out, "%-22s %-8s %10s %8s %9s %10s %7s\n", "TENANT", "STATE",
	    "REPLICATED", "LAG", "BEHIND", "SIZE", "PROVEN");
	for (row = rows != NULL ? rows->child : NULL; row != NULL;
	     row = row->next)
		put_row(row, arena, out);
	if (total != NULL)
		buf_putc(out, '\n');
	status_put_totals(root, arena, out);
}

/* --- one of them ------------------------------------------------------------ */

static void
put_work(const struct json *row, struct buf *out)
{
	char size[SIZE_TEXT];

	buf_printf(out,
	    "spool        %lld files, %s; %lld were merged into others\n",
	    (long long)status_int(row, "spool_files"),
	    size_text(status_int(row, "spool_bytes"), size),
	    (long long)status_int(row, "thinned"));
	buf_printf(out,
	    "requests     %lld PUT, %lld GET, %lld LIST, %lld DELETE, %lld "
	    "retries; %s sent\n",
	    (long long)status_int(row, "puts"),
	    (long long)status_int(row, "gets"),
	    (long long)status_int(row, "lists"),
	    (long long)status_int(row, "deletes"),
	    (long long)status_int(row, "retries"),
	    size_text(status_int(row, "bytes_out"), size));
	buf_printf(out, "flushes      %lld; %lld epochs begun, %lld errors\n",
	    (long long)status_int(row, "flushes"),
	    (long long)status_int(row, "epochs"),
	    (long long)status_int(row, "errors"));
	buf_printf(out,
	    "checkpoints  %lld, %.3f s in all, %.3f s the longest\n",
	    (long long)status_int(row, "checkpoints"),
	    (double)status_int(row, "checkpoint_us") / 1e6,
	    (double)status_int(row, "checkpoint_longest_us") / 1e6);
}

static void
put_proof(const struct json *row, struct arena *arena, struct buf *out)
{
	const char *proven = status_text(row, "proven", arena);

	if (proven[0] == '\0')
		buf_printf(out, "proven       never in this epoch\n");
	else
		buf_printf(out, "%s       %s, TXID %lld, in %.2f s\n",
		    status_int(row, "proof_failed") ? "FAILED" : "proven",
		    proven, (long long)status_int(row, "proven_txid"),
		    (double)status_int(row, "proven_ms") / 1000);
}

void
status_put_one(const struct json *row, struct arena *arena, struct buf *out)
{
	const char *error = status_text(row, "error", arena);
	const char *hint = status_text(row, "hint", arena);
	const char *last = status_text(row, "last_error", arena);
	const char *time = status_text(row, "time", arena);
	char size[SIZE_TEXT], lag[STATUS_SPAN];

	buf_printf(out, "tenant       %s\nstate        %s\n",
	    status_text(row, "tenant", arena),
	    status_text(row, "state", arena));
	buf_printf(out, "epoch        %08llx\n",
	    (unsigned long long)status_int(row, "epoch"));
	buf_printf(out, "TXID         %lld captured%s%s, %lld replicated\n",
	    (long long)status_int(row, "txid"), time[0] != '\0' ? " of " : "",
	    time, (long long)status_int(row, "replicated_txid"));
	buf_printf(out, "size         %s\n",
	    size_text(status_int(row, "size"), size));
	if (json_get(row, "lag_ms") != NULL) {
		buf_printf(out, "lag          %s, %s\n",
		    status_span(status_int(row, "lag_ms"), lag),
		    size_text(status_int(row, "lag_bytes"), size));
		put_work(row, out);
	}
	put_proof(row, arena, out);
	if (error[0] != '\0')
		buf_printf(out, "error        %s\n", error);
	if (hint[0] != '\0')
		buf_printf(out, "             %s\n", hint);
	if (error[0] == '\0' && last[0] != '\0')
		buf_printf(out, "last error   %s: %s\n",
		    status_text(row, "last_error_time", arena), last);
}
