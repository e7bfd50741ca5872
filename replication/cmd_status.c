/*
 * rowhouse status: what the running replicator says; where none is running,
 * what the positions on disk say, and exit status 1.
 */
#include "replication/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/cmd_status_live.h"
#include "replication/control.h"
#include "replication/position.h"
#include "replication/proof.h"
#include "replication/spool.h"
#include "replication/status_show.h"
#include "tenants/base/clock.h"
#include "tenants/base/json.h"
#include "tenants/layout.h"
#include "tenants/registry.h"
#include "tenants/usage_show.h"

#define STATUS_MAX    (64 << 20)
#define STATUS_VALUES 1000000

static int
usage(void)
{
	fputs("usage: rowhouse status [SLUG] [--json | --prometheus | --live] "
	      "[-c FILE]\n",
	    stderr);
	return 2;
}

enum form { TABLE, JSON, PROMETHEUS, LIVE };

static void
print_text(void (*put)(const struct json *json, struct arena *arena,
	       struct buf *out),
    const struct json *json, struct arena *arena)
{
	struct buf text;

	buf_init(&text, STATUS_MAX);
	put(json, arena, &text);
	printf("%.*s", STR_FMT(buf_view(&text)));
	buf_free(&text);
}

static int
print_prometheus(
    const struct config *config, const struct json *root, struct err *err)
{
	struct buf text;
	int rc;

	buf_init(&text, STATUS_MAX);
	status_put_prometheus(root, &text);
	rc = usage_show_prometheus(config, clock_wall_ms(), &text, err);
	if (rc == 0)
		printf("%.*s", STR_FMT(buf_view(&text)));
	buf_free(&text);
	return rc;
}

/* What tenants used (of one, where there is a slug), after all else. */
static int
print_usage(const struct config *config, const char *slug, struct err *err)
{
	int64_t now_ms = clock_wall_ms();
	struct buf text;
	int rc;

	buf_init(&text, STATUS_MAX);
	rc = slug != NULL ? usage_show_tenant(config, now_ms, slug, &text, err)
			  : usage_show_growing(config, now_ms, &text, err);
	if (rc == 0)
		printf("%.*s", STR_FMT(buf_view(&text)));
	buf_free(&text);
	return rc;
}

/* An object, with one member more: "usage". */
static int
print_json(const struct config *config, struct str object, const char *slug,
    struct err *err)
{
	int64_t now_ms = clock_wall_ms();
	struct buf text;
	int rc;

	object = str_trim(object);
	buf_init(&text, STATUS_MAX);
	buf_str(&text, str_sub(object, 0, object.n - 1));
	buf_puts(&text, ",\"usage\":");
	rc = slug != NULL
		 ? usage_show_tenant_json(config, now_ms, slug, NULL, &text, err)
		 : usage_show_json(config, now_ms, &text, err);
	buf_puts(&text, "}\n");
	if (rc == 0)
		rc = buf_check(&text, "the status", err);
	if (rc == 0)
		printf("%.*s", STR_FMT(buf_view(&text)));
	buf_free(&text);
	return rc;
}

/* Of one tenant; a replaced incarnation of it may follow the current one. */
static int
print_tenant(const struct config *config, const struct json *rows,
    const char *slug, enum form form, struct arena *arena, struct err *err)
{
	const struct json *row = rows != NULL ? rows->child : NULL;
	int found = 0, wrong = 0;

	for (; row != NULL; row = row->next) {
		if (strcmp(status_text(row, "tenant", arena), slug) != 0)
			continue;
		if (found && form != JSON)
			putchar('\n');
		found = 1;
		if (form != JSON)
			print_text(status_put_one, row, arena);
		else if (print_json(config, row->raw, slug, err) != 0)
			return -1;
		wrong |= status_text(row, "error", arena)[0] != '\0';
	}
	if (!found)
		return err_set(
		    err, ERR_NOT_FOUND, "no tenant %s is replicated", slug);
	if (form != JSON && print_usage(config, slug, err) != 0)
		return -1;
	return wrong;
}

static void
complain(const char *error, const char *hint)
{
	fprintf(stderr, "rowhouse status: %s\n", error);
	if (hint[0] != '\0')
		fprintf(stderr, "  %s\n", hint);
}

/* Whose is the replica?  1 where it is not, or not yet, this machine's. */
static int
complain_of_claim(const struct json *claim, struct arena *arena)
{
	const char *error;

	if (claim == NULL || claim->type != JSON_OBJECT)
		return 0;
	error = status_text(claim, "error", arena);
	if (error[0] == '\0')
		return 0;
	complain(error, status_text(claim, "hint", arena));
	return 1;
}

/* Is anything wrong?  That is what the exit status says. */
static int
print_status(const struct config *config, const struct buf *json,
    const char *slug, enum form form, struct arena *arena, struct err *err)
{
	const struct json_limits limits = { 8, STATUS_VALUES };
	const struct json *root, *row;
	int rc = 0, wrong;

	if (json_parse(buf_view(json), limits, arena, &root, err))
		return -1;
	wrong = complain_of_claim(json_get(root, "claim"), arena);
	row = json_get(root, "tenants");
	if (slug != NULL) {
		rc = print_tenant(config, row, slug, form, arena, err);
		return rc < 0 ? rc : rc | wrong;
	}
	if (form == TABLE)
		print_text(status_put_all, root, arena);
	if (form == JSON)
		rc = print_json(config, buf_view(json), NULL, err);
	else if (form == PROMETHEUS)
		rc = print_prometheus(config, root, err);
	else
		rc = print_usage(config, NULL, err);
	if (rc != 0)
		return -1;
	for (row = row != NULL ? row->child : NULL; row != NULL;
	     row = row->next) {
		wrong |= status_text(row, "error", arena)[0] != '\0';
	}
	return wrong;
}

/* Without a replicator: the same shape, from the positions. */
struct offline {
	const struct config *config;
	struct buf *out;
	int first;
};

static void
put_offline_proof(struct offline *offline, const char *slug,
    const char *spool_dir, uint32_t epoch)
{
	struct buf *out = offline->out;
	char proven[CLOCK_TEXT] = "", error[PROOF_WHAT + 64], hint[128];
	struct proof proof;
	int first = 0;

	proof_read(spool_dir, &proof);
	if (proof.epoch != epoch)
		memset(&proof, 0, sizeof(proof));
	if (proof.time_ms > 0)
		clock_format(proof.time_ms, proven);
	json_put_name(out, &first, "proven");
	json_put_string(out, str_of(proven));
	json_put_name(out, &first, "proven_txid");
	json_put_i64(out, (int64_t)proof.txid);
	json_put_name(out, &first, "proven_ms");
	json_put_i64(out, proof.took_ms);
	json_put_name(out, &first, "proof_failed");
	json_put_i64(out, proof.failed);
	if (!proof.failed)
		return;
	snprintf(error, sizeof(error), "failed proof: TXID %llu: %s",
	    (unsigned long long)proof.txid, proof.what);
	snprintf(hint, sizeof(hint), "rowhouse verify %s --new-epoch", slug);
	json_put_name(out, &first, "error");
	json_put_string(out, str_of(error));
	json_put_name(out, &first, "hint");
	json_put_string(out, str_of(hint));
}

static int
put_offline(const struct registry_tenant *tenant, void *arg)
{
	struct offline *offline = arg;
	struct layout_path dir =
	    layout_spool(offline->config, tenant->slug, tenant->epoch);
	struct position pos;
	struct err err = ERR_INIT;
	char path[SPOOL_PATH], time[CLOCK_TEXT] = "";

	if (tenant->state == REGISTRY_DELETED)
		return 0;
	spool_position_path(dir.p, path);
	if (position_read(path, &pos, &err))
		memset(&pos, 0, sizeof(pos));
	if (pos.time_ms > 0)
		clock_format(pos.time_ms, time);
	buf_printf(offline->out,
	    "%s{\"tenant\":\"%s\",\"state\":\"stopped\","
	    "\"epoch\":%u,\"txid\":%llu,\"replicated_txid\":%llu,"
	    "\"time\":\"%s\",\"size\":%llu",
	    offline->first ? "" : ",", tenant->slug, pos.epoch,
	    (unsigned long long)pos.txid, (unsigned long long)pos.shipped, time,
	    (unsigned long long)pos.pages * pos.page_size);
	put_offline_proof(offline, tenant->slug, dir.p, pos.epoch);
	buf_putc(offline->out, '}');
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
	enum form form = TABLE;
	int i, stopped = 0, rc = -1;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			file = argv[++i];
		else if (strcmp(argv[i], "--json") == 0)
			form = JSON;
		else if (strcmp(argv[i], "--prometheus") == 0)
			form = PROMETHEUS;
		else if (strcmp(argv[i], "--live") == 0)
			form = LIVE;
		else if (argv[i][0] != '-' && slug == NULL)
			slug = argv[i];
		else
			return usage();
	}
	if (slug != NULL && form == PROMETHEUS)
		return usage();
	buf_init(&json, STATUS_MAX);
	arena = arena_new(4L * STATUS_MAX);
	if (config_load(&config, file, &err))
		goto out;
	if (form == LIVE) {
		rc = cmd_status_live(&config, slug, &err);
		goto out;
	}
	if (control_status(&config, &json, &err)) {
		if (err.code != ERR_BUSY)
			goto out;
		complain(err.msg, err.hint);
		err_clear(&err);
		buf_reset(&json);
		stopped = 1;
		if (read_offline(&config, &json, &err))
			goto out;
	}
	rc = print_status(&config, &json, slug, form, arena, &err);
out:
	if (rc < 0)
		complain(err.msg, err.hint);
	arena_free(arena);
	buf_free(&json);
	if (rc < 0)
		return err_class(err.code)->exit;
	return rc || stopped ? 1 : 0;
}
