/*
 * rowhouse status: what the running replicator says; where none is running,
 * what the positions on disk say, and exit status 1.
 */
#include "replication/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/control.h"
#include "replication/position.h"
#include "replication/spool.h"
#include "tenants/base/clock.h"
#include "tenants/base/json.h"
#include "tenants/layout.h"
#include "tenants/registry.h"

#define STATUS_MAX    (64 << 20)
#define STATUS_VALUES 1000000

static int
usage(void)
{
	fputs("usage: rowhouse status [SLUG] [--json] [-c FILE]\n", stderr);
	return 2;
}

static const char *
text_of(const struct json *object, const char *name, struct arena *arena)
{
	const struct json *value = json_get(object, name);

	if (value == NULL || value->type != JSON_STRING)
		return "";
	return arena_strz(arena, value->string);
}

static int64_t
int_of(const struct json *object, const char *name)
{
	const struct json *value = json_get(object, name);
	int64_t v;

	return value != NULL && json_i64(value, &v) == 0 ? v : 0;
}

static const char *
size_text(int64_t bytes, char out[32])
{
	if (bytes < 10 * 1024)
		snprintf(out, 32, "%lld B", (long long)bytes);
	else if (bytes < 10 * 1024 * 1024)
		snprintf(out, 32, "%.1f KiB", (double)bytes / 1024);
	else if (bytes < 10LL * 1024 * 1024 * 1024)
		snprintf(out, 32, "%.1f MiB", (double)bytes / (1 << 20));
	else
		snprintf(out, 32, "%.1f GiB", (double)bytes / (1 << 30));
	return out;
}

static void
print_head(void)
{
	printf("%-24s %-9s %8s %10s %10s %9s %10s %10s\n", "TENANT", "STATE",
	    "EPOCH", "TXID", "REPLICATED", "LAG", "SIZE", "SPOOL");
}

static void
print_row(const struct json *row, struct arena *arena)
{
	const char *error = text_of(row, "error", arena);
	const char *hint = text_of(row, "hint", arena);
	char size[32], spool[32];

	printf("%-24s %-9s %08llx %10lld %10lld %7.2f s %10s %10s\n",
	    text_of(row, "tenant", arena), text_of(row, "state", arena),
	    (unsigned long long)int_of(row, "epoch"),
	    (long long)int_of(row, "txid"),
	    (long long)int_of(row, "replicated_txid"),
	    (double)int_of(row, "lag_ms") / 1000,
	    size_text(int_of(row, "size"), size),
	    size_text(int_of(row, "spool_bytes"), spool));
	if (error[0] != '\0')
		printf(
		    "    %s%s%s\n", error, hint[0] != '\0' ? "; " : "", hint);
}

/* Is anything wrong?  That is what the exit status says. */
static int
print_status(const struct buf *json, const char *slug, int as_json,
    struct arena *arena, struct err *err)
{
	const struct json_limits limits = { 8, STATUS_VALUES };
	const struct json *root, *row;
	int wrong = 0, found = 0;

	if (json_parse(buf_view(json), limits, arena, &root, err))
		return -1;
	if (as_json && slug == NULL)
		printf("%.*s\n", STR_FMT(buf_view(json)));
	else if (!as_json)
		print_head();
	row = json_get(root, "tenants");
	for (row = row != NULL ? row->child : NULL; row != NULL;
	     row = row->next) {
		if (slug != NULL &&
		    strcmp(text_of(row, "tenant", arena), slug) != 0)
			continue;
		found = 1;
		if (as_json && slug != NULL)
			printf("%.*s\n", STR_FMT(row->raw));
		else if (!as_json)
			print_row(row, arena);
		if (text_of(row, "error", arena)[0] != '\0')
			wrong = 1;
	}
	if (slug != NULL && !found)
		return err_set(
		    err, ERR_NOT_FOUND, "no tenant %s is replicated", slug);
	return wrong;
}

/* Without a replicator: the same shape, from the positions. */
struct offline {
	const struct config *config;
	struct buf *out;
	int first;
};

static int
put_offline(const struct registry_tenant *tenant, void *arg)
{
	struct offline *offline = arg;
	struct position pos;
	struct err err = ERR_INIT;
	char path[SPOOL_PATH], time[CLOCK_TEXT] = "";

	if (tenant->state == REGISTRY_DELETED)
		return 0;
	spool_position_path(
	    layout_spool(offline->config, tenant->slug, tenant->epoch).p, path);
	if (position_read(path, &pos, &err))
		memset(&pos, 0, sizeof(pos));
	if (pos.time_ms > 0)
		clock_format(pos.time_ms, time);
	buf_printf(offline->out,
	    "%s{\"tenant\":\"%s\",\"state\":\"stopped\","
	    "\"epoch\":%u,\"txid\":%llu,\"replicated_txid\":%llu,"
	    "\"time\":\"%s\",\"size\":%llu}",
	    offline->first ? "" : ",", tenant->slug, pos.epoch,
	    (unsigned long long)pos.txid, (unsigned long long)pos.shipped, time,
	    (unsigned long long)pos.pages * pos.page_size);
	offline->first = 0;
	return 0;
}

static int
read_offline(const struct config *config, struct buf *out, struct err *err)
{
	struct offline offline = { config, out, 1 };
	struct registry *registry;
	int rc;

	registry = registry_open(config, DB_TOOL, 0, err);
	if (registry == NULL)
		return -1;
	buf_puts(out, "{\"tenants\":[");
	rc = registry_each(registry, put_offline, &offline, err);
	buf_puts(out, "]}");
	registry_close(registry);
	return rc;
}

int
cmd_status(int argc, char **argv)
{
	const char *file = NULL, *slug = NULL;
	struct arena *arena = NULL;
	struct err err = ERR_INIT;
	struct config config;
	struct buf json;
	int i, as_json = 0, stopped = 0, rc = -1;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			file = argv[++i];
		else if (strcmp(argv[i], "--json") == 0)
			as_json = 1;
		else if (argv[i][0] != '-' && slug == NULL)
			slug = argv[i];
		else
			return usage();
	}
	buf_init(&json, STATUS_MAX);
	arena = arena_new(4L * STATUS_MAX);
	if (config_load(&config, file, &err))
		goto out;
	if (control_status(&config, &json, &err)) {
		if (err.code != ERR_BUSY)
			goto out;
		fprintf(stderr, "rowhouse status: %s\n", err.msg);
		err_clear(&err);
		buf_reset(&json);
		stopped = 1;
		if (read_offline(&config, &json, &err))
			goto out;
	}
	rc = print_status(&json, slug, as_json, arena, &err);
out:
	if (rc < 0)
		fprintf(stderr, "rowhouse status: %s\n", err.msg);
	arena_free(arena);
	buf_free(&json);
	if (rc < 0)
		return err_class(err.code)->exit;
	return rc || stopped ? 1 : 0;
}
