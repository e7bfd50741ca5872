#include "replication/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/ltx.h"
#include "replication/store_dir.h"
#include "replication/store_s3.h"

struct store {
	char *url;
	const struct store_driver *driver;
	void *state;
};

void
store_key_text(const struct store_key *key, char out[STORE_KEY_TEXT])
{
	char name[LTX_NAME];
	int n;

	if (key->kind == STORE_MACHINE) {
		n = snprintf(out, STORE_KEY_TEXT, "_machine");
	} else if (key->kind == STORE_OWNER) {
		n = snprintf(out, STORE_KEY_TEXT, "%s/%08x/owner", key->slug,
		    key->epoch);
	} else if (!key->slug[0]) {
		ltx_name(key->min_txid, key->max_txid, name);
		n = snprintf(
		    out, STORE_KEY_TEXT, "level %d/%s", key->level, name);
	} else {
		ltx_name(key->min_txid, key->max_txid, name);
		n = snprintf(out, STORE_KEY_TEXT, "%s/%08x/%d/%s", key->slug,
		    key->epoch, key->level, name);
	}
	assert(n > 0 && n < STORE_KEY_TEXT);
}

/* The directory that a URL means, or NULL. */
static const char *
directory_of(const char *url, struct err *err)
{
	static const char scheme[] = "file://";
	const char *path = url;

	if (strncmp(url, scheme, sizeof scheme - 1) == 0)
		path = url + sizeof scheme - 1;
	else if (strstr(url, "://"))
		path = "";
	if (*path && (path == url || *path == '/'))
		return path;
	err_set(err, ERR_INPUT, "'%s' is not a place for a replica", url);
	err_hint(err,
	    "a directory, as /path or file:///path, or s3://BUCKET/PREFIX");
	return NULL;
}

struct store *
store_open(const char *url, struct err *err)
{
	const struct store_driver *driver = &store_dir;
	static const char s3[] = "s3://";
	struct store *store;
	const char *rest;
	void *state;

	if (strncmp(url, s3, sizeof s3 - 1) == 0) {
		driver = &store_s3;
		rest = url + sizeof s3 - 1;
	} else {
		rest = directory_of(url, err);
	}
	if (!rest)
		return NULL;
	state = driver->open(rest, err);
	if (!state)
		return NULL;
	store = malloc(sizeof *store);
	if (!store)
		err_die("out of memory: store");
	store->driver = driver;
	store->state = state;
	store->url = strdup(url);
	if (!store->url)
		err_die("out of memory: store");
	return store;
}

void
store_close(struct store *store)
{
	if (!store)
		return;
	store->driver->close(store->state);
	free(store->url);
	free(store);
}

const char *
store_directory(const char *url)
{
	struct err err = ERR_INIT;

	return directory_of(url, &err);
}

const char *
store_url(const struct store *store)
{
	return store->url;
}

void
store_submit(struct store *store, struct store_op *op)
{
	err_clear(&op->failure);
	op->requests = 0;
	op->next = NULL;
	store->driver->submit(store->state, op);
}

int
store_poll(struct store *store, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	return store->driver->poll(store->state, fds, n, timeout_ms);
}

size_t
store_room(const struct store *store)
{
	return store->driver->room(store->state);
}

void
store_stats(const struct store *store, struct store_stats *out)
{
	store->driver->stats(store->state, out);
}

/* A copy that knows when it is done; what it calls back gets the original. */
struct waited {
	struct store_op op;
	struct store_op *original;
	struct err result;
	int done;
};

static int
pass_data(struct store_op *op, const void *p, size_t n, struct err *err)
{
	struct waited *waited = op->arg;

	return waited->original->data(waited->original, p, n, err);
}

static int
pass_object(
    struct store_op *op, const struct store_object *object, struct err *err)
{
	struct waited *waited = op->arg;

	return waited->original->object(waited->original, object, err);
}

static void
note_done(struct store_op *op, const struct err *err)
{
	struct waited *waited = op->arg;

	waited->result = *err;
	waited->done = 1;
}

int
store_now(struct store *store, struct store_op *op, struct err *err)
{
	struct waited waited = { .op = *op, .original = op };

	waited.op.arg = &waited;
	waited.op.data = pass_data;
	waited.op.object = pass_object;
	waited.op.done = note_done;
	store_submit(store, &waited.op);
	while (!waited.done)
		(void)store_poll(store, NULL, 0, -1);
	op->requests = waited.op.requests;
	memcpy(op->version, waited.op.version, sizeof op->version);
	if (waited.result.code == ERR_NONE)
		return 0;
	*err = waited.result;
	return -1;
}
