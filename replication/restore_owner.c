#include "replication/restore.h"

#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/base/json.h"

#define OWNER_MAX ((size_t)64 * 1024)

const char *
restore_name(const char *slug)
{
	return slug[0] ? slug : "replica";
}

static int
take(struct store_op *op, const void *p, size_t n, struct err *err)
{
	struct buf *text = op->arg;

	buf_put(text, p, n);
	return buf_check(text, "claim of an epoch", err);
}

static int
parse(struct str text, const char *name, struct restore_owner *out,
    struct err *err)
{
	struct arena *arena = arena_new(16 * OWNER_MAX);
	const struct json_limits limits = { 4, 1000 };
	struct err ignored = ERR_INIT;
	const struct json *root;
	char time[64];
	int rc = -1;

	*out = (struct restore_owner){ .found = 1 };
	if (json_parse(text, limits, arena, &root, err) != 0) {
		err->code = ERR_CORRUPT;
		err_wrap(err, "%s", name);
		goto out;
	}
	if (root->type != JSON_OBJECT) {
		err_set(err, ERR_CORRUPT, "%s: is not a claim", name);
		goto out;
	}
	json_get_text(root, "uid", out->uid, sizeof out->uid);
	json_get_text(root, "host", out->host, sizeof out->host);
	json_get_text(root, "why", out->why, sizeof out->why);
	json_get_text(root, "time", time, sizeof time);
	if (clock_parse(str_of(time), 0, &out->time_ms, &ignored) != 0)
		out->time_ms = 0;
	out->parent_epoch = (uint32_t)json_get_i64(root, "parent_epoch", UINT32_MAX);
	out->parent_txid = (uint64_t)json_get_i64(root, "parent_txid", INT64_MAX);
	rc = 0;
out:
	arena_free(arena);
	return rc;
}

int
restore_owner_read(struct store *store, const char *slug, uint32_t epoch,
    struct restore_owner *out, struct err *err)
{
	char name[STORE_KEY_TEXT];
	struct store_op op = { .verb = STORE_GET, .data = take };
	struct buf text;
	int rc = -1;

	memset(out, 0, sizeof *out);
	op.key.kind = STORE_OWNER;
	op.key.epoch = epoch;
	(void)str_copy(str_of(slug), op.key.slug, sizeof op.key.slug);
	store_key_text(&op.key, name);
	buf_init(&text, OWNER_MAX);
	op.arg = &text;
	if (store_now(store, &op, err) == 0)
		rc = parse(buf_view(&text), name, out, err);
	buf_free(&text);
	return rc;
}
