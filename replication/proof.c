#include "replication/proof.h"

#include <stdio.h>
#include <string.h>

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/file.h"
#include "tenants/base/json.h"

#define PROOF_NAME   "proven"
#define PROOF_MAX    4096
#define PROOF_VALUES 64
#define PATH_BYTES   768

static int
path_of(const char *spool_dir, char out[PATH_BYTES], struct err *err)
{
	if (snprintf(out, PATH_BYTES, "%s/" PROOF_NAME, spool_dir) >=
	    PATH_BYTES)
		return err_set(err, ERR_INPUT, "%s: path too long", spool_dir);
	return 0;
}

static int
number(const struct json *root, const char *name, int64_t max, int64_t *out)
{
	const struct json *value = json_get(root, name);

	if (value == NULL || json_i64(value, out) || *out < 0 || *out > max)
		return -1;
	return 0;
}

static int
parse(struct str text, struct arena *arena, struct proof *out)
{
	const struct json_limits limits = { 2, PROOF_VALUES };
	const struct json *root, *what;
	int64_t epoch, txid, pages, failed;
	struct err unread = ERR_INIT;

	if (json_parse(text, limits, arena, &root, &unread) ||
	    number(root, "time_ms", INT64_MAX, &out->time_ms) ||
	    number(root, "epoch", UINT32_MAX, &epoch) ||
	    number(root, "txid", INT64_MAX, &txid) ||
	    number(root, "pages", UINT32_MAX, &pages) ||
	    number(root, "took_ms", INT64_MAX, &out->took_ms) ||
	    number(root, "failed", 1, &failed))
		return -1;
	what = json_get(root, "what");
	if (what == NULL || what->type != JSON_STRING ||
	    str_copy(what->string, out->what, sizeof(out->what)))
		return -1;
	out->epoch = (uint32_t)epoch;
	out->txid = (uint64_t)txid;
	out->pages = (uint32_t)pages;
	out->failed = failed != 0;
	return 0;
}

void
proof_read(const char *spool_dir, struct proof *out)
{
	struct err unread = ERR_INIT;
	struct arena *arena;
	char path[PATH_BYTES];
	struct str text;

	memset(out, 0, sizeof(*out));
	/* Most tenants of a house where nothing is proven have none. */
	if (path_of(spool_dir, path, &unread) ||
	    file_exists(path, &unread) != 1)
		return;
	arena = arena_new(PROOF_MAX * 2 + PROOF_VALUES * 256);
	if (file_read(path, PROOF_MAX, arena, &text, &unread) ||
	    parse(text, arena, out))
		memset(out, 0, sizeof(*out));
	arena_free(arena);
}

int
proof_write(const char *spool_dir, const struct proof *proof, struct err *err)
{
	char path[PATH_BYTES];
	struct buf text;
	int first = 1;
	int rc = -1;

	if (path_of(spool_dir, path, err))
		return -1;
	buf_init(&text, PROOF_MAX);
	buf_putc(&text, '{');
	json_put_name(&text, &first, "time_ms");
	json_put_i64(&text, proof->time_ms);
	json_put_name(&text, &first, "epoch");
	json_put_i64(&text, proof->epoch);
	json_put_name(&text, &first, "txid");
	json_put_i64(&text, (int64_t)proof->txid);
	json_put_name(&text, &first, "pages");
	json_put_i64(&text, proof->pages);
	json_put_name(&text, &first, "took_ms");
	json_put_i64(&text, proof->took_ms);
	json_put_name(&text, &first, "failed");
	json_put_i64(&text, proof->failed != 0);
	json_put_name(&text, &first, "what");
	json_put_string(&text, str_of(proof->what));
	buf_puts(&text, "}\n");
	if (buf_check(&text, "proof", err) == 0 &&
	    file_replace(path, buf_view(&text), 0644, err) == 0)
		rc = 0;
	buf_free(&text);
	return rc;
}
