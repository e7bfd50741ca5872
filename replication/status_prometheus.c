#include "replication/status_show.h"

#include <stdlib.h>
#include <string.h>

#include "tenants/base/clock.h"

enum unit { AS_IT_IS, FROM_MS, FROM_US, FROM_TIME };

/* A family: of each tenant, and, where total is set, without a label of all. */
struct family {
	const char *name;
	const char *type;
	const char *help;
	const char *member;
	const char *verb; /* a label, or NULL: then it begins the family */
	enum unit unit;
};

#define COUNTER "counter"
#define GAUGE   "gauge"

/* clang-format off */
static const struct family tenant_families[] = {
	{ "rowhouse_replication_lag_seconds", GAUGE,
	  "Age of the oldest commit that the store has not acknowledged",
	  "lag_ms", NULL, FROM_MS },
	{ "rowhouse_replication_lag_bytes", GAUGE,
	  "Bytes in spool and WAL that the store has not acknowledged",
	  "lag_bytes", NULL, AS_IT_IS },
	{ "rowhouse_database_bytes", GAUGE, "Size of the database",
	  "size", NULL, AS_IT_IS },
	{ "rowhouse_spool_files", GAUGE, "Files that wait for the store",
	  "spool_files", NULL, AS_IT_IS },
	{ "rowhouse_spool_bytes", GAUGE, "Bytes of those files",
	  "spool_bytes", NULL, AS_IT_IS },
	{ "rowhouse_spool_thinned_total", COUNTER,
	  "Files that were merged while they waited, states given up",
	  "thinned", NULL, AS_IT_IS },
	{ "rowhouse_requests_total", COUNTER,
	  "Requests to the store for the tenant, retries included",
	  "puts", "put", AS_IT_IS },
	{ "rowhouse_requests_total", NULL, NULL, "gets", "get", AS_IT_IS },
	{ "rowhouse_requests_total", NULL, NULL, "lists", "list", AS_IT_IS },
	{ "rowhouse_requests_total", NULL, NULL, "deletes", "delete", AS_IT_IS },
	{ "rowhouse_request_retries_total", COUNTER,
	  "Requests that were repeated", "retries", NULL, AS_IT_IS },
	{ "rowhouse_sent_bytes_total", COUNTER,
	  "Bytes of objects that the store took", "bytes_out", NULL, AS_IT_IS },
	{ "rowhouse_received_bytes_total", COUNTER,
	  "Bytes of objects that the store gave", "bytes_in", NULL, AS_IT_IS },
	{ "rowhouse_flushes_total", COUNTER, "Captures into the spool",
	  "flushes", NULL, AS_IT_IS },
	{ "rowhouse_checkpoints_total", COUNTER, "Complete checkpoints",
	  "checkpoints", NULL, AS_IT_IS },
	{ "rowhouse_checkpoint_seconds_total", COUNTER,
	  "Time for which checkpoints held the write lock",
	  "checkpoint_us", NULL, FROM_US },
	{ "rowhouse_checkpoint_longest_seconds", GAUGE,
	  "The longest of them since the start",
	  "checkpoint_longest_us", NULL, FROM_US },
	{ "rowhouse_epochs_total", COUNTER, "Epochs begun",
	  "epochs", NULL, AS_IT_IS },
	{ "rowhouse_errors_total", COUNTER, "Errors of capture and shipping",
	  "errors", NULL, AS_IT_IS },
	{ "rowhouse_proof_timestamp_seconds", GAUGE,
	  "When the replica was last compared with the database; 0 = never",
	  "proven", NULL, FROM_TIME },
	{ "rowhouse_proof_failed", GAUGE,
	  "1 where they were not the same", "proof_failed", NULL, AS_IT_IS },
};

static const struct family total_families[] = {
	{ "rowhouse_databases", GAUGE, "Databases that are replicated",
	  "tenants", NULL, AS_IT_IS },
	{ "rowhouse_databases_open", GAUGE, "Those that are open now",
	  "open", NULL, AS_IT_IS },
	{ "rowhouse_databases_failing", GAUGE, "Those with an error now",
	  "failing", NULL, AS_IT_IS },
	{ "rowhouse_databases_full", GAUGE,
	  "Those whose writes are refused until the store has caught up",
	  "full", NULL, AS_IT_IS },
	{ "rowhouse_databases_unproven", GAUGE,
	  "Those whose present epoch was never proven",
	  "unproven", NULL, AS_IT_IS },
	{ "rowhouse_oldest_proof_timestamp_seconds", GAUGE,
	  "Time of the oldest proof; 0 = there is none",
	  "oldest_proof", NULL, FROM_TIME },
	{ "rowhouse_store_requests_total", COUNTER,
	  "Requests to the store, retries included",
	  "puts", "put", AS_IT_IS },
	{ "rowhouse_store_requests_total", NULL, NULL, "gets", "get", AS_IT_IS },
	{ "rowhouse_store_requests_total", NULL, NULL, "lists", "list",
	  AS_IT_IS },
	{ "rowhouse_store_requests_total", NULL, NULL, "deletes", "delete",
	  AS_IT_IS },
	{ "rowhouse_store_retries_total", COUNTER,
	  "Requests that were repeated", "retries", NULL, AS_IT_IS },
	{ "rowhouse_store_refused_total", COUNTER,
	  "Answers that asked to slow down", "refused", NULL, AS_IT_IS },
	{ "rowhouse_store_failures_total", COUNTER,
	  "Operations that failed in the end", "failed", NULL, AS_IT_IS },
	{ "rowhouse_store_sent_bytes_total", COUNTER,
	  "Bytes of objects sent", "bytes_out", NULL, AS_IT_IS },
	{ "rowhouse_store_received_bytes_total", COUNTER,
	  "Bytes of objects received", "bytes_in", NULL, AS_IT_IS },
	{ "rowhouse_store_down_seconds", GAUGE,
	  "How long the store has not answered", "store_down_ms", NULL,
	  FROM_MS },
	{ "rowhouse_store_keys_refused_seconds", GAUGE,
	  "How long the store has refused our keys", "keys_refused_ms", NULL,
	  FROM_MS },
	{ "rowhouse_disk_free_bytes", GAUGE, "What the disk of the data has free",
	  "disk_free", NULL, AS_IT_IS },
	{ "rowhouse_disk_size_bytes", GAUGE, "The size of that disk",
	  "disk_size", NULL, AS_IT_IS },
	{ "rowhouse_clock_offset_seconds", GAUGE,
	  "This machine's clock less what it should be", "clock_off_ms", NULL,
	  FROM_MS },
};
/* clang-format on */

static void
put_value(
    const struct json *object, const struct family *family, struct buf *out)
{
	const struct json *text = json_get(object, family->member);
	int64_t value = status_int(object, family->member);
	struct err none = ERR_INIT;

	switch (family->unit) {
	case FROM_TIME:
		if (text == NULL || text->string.n == 0 ||
		    clock_parse(text->string, 0, &value, &none))
			value = 0;
		buf_printf(out, "%lld.%03d", (long long)value / 1000,
		    (int)(value % 1000));
		break;
	case FROM_MS:
		buf_printf(out, "%s%lld.%03d", value < 0 ? "-" : "",
		    llabs((long long)value) / 1000,
		    (int)(llabs((long long)value) % 1000));
		break;
	case FROM_US:
		buf_printf(out, "%lld.%06d", (long long)value / 1000000,
		    (int)(value % 1000000));
		break;
	default:
		buf_printf(out, "%lld", (long long)value);
	}
	buf_putc(out, '\n');
}

static void
put_head(const struct family *family, struct buf *out)
{
	if (family->type == NULL)
		return;
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name,
	    family->help, family->name, family->type);
}

/* Slugs need no escapes.  One that is retired has its successor's name. */
static void
put_tenants(
    const struct json *rows, const struct family *family, struct buf *out)
{
	const struct json *row, *slug, *state;

	for (row = rows != NULL ? rows->child : NULL; row != NULL;
	     row = row->next) {
		slug = json_get(row, "tenant");
		state = json_get(row, "state");
		if (slug == NULL || state == NULL ||
		    str_is(state->string, "retired") ||
		    json_get(row, family->member) == NULL)
			continue;
		buf_printf(out, "%s{tenant=\"%.*s\"", family->name,
		    STR_FMT(slug->string));
		if (family->verb != NULL)
			buf_printf(out, ",verb=\"%s\"", family->verb);
		buf_puts(out, "} ");
		put_value(row, family, out);
	}
}

void
status_put_prometheus(const struct json *root, struct buf *out)
{
	const struct json *rows = json_get(root, "tenants");
	const struct json *total = json_get(root, "total");
	const struct family *family = total_families;
	size_t n = sizeof(total_families) / sizeof(total_families[0]);

	for (; total != NULL && n > 0; n--, family++) {
		put_head(family, out);
		buf_puts(out, family->name);
		if (family->verb != NULL)
			buf_printf(out, "{verb=\"%s\"}", family->verb);
		buf_putc(out, ' ');
		put_value(total, family, out);
	}
	family = tenant_families;
	n = sizeof(tenant_families) / sizeof(tenant_families[0]);
	for (; n > 0; n--, family++) {
		put_head(family, out);
		put_tenants(rows, family, out);
	}
}
