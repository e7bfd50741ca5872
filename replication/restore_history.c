#include "replication/restore_history.h"

#include <stdlib.h>
#include <string.h>

#define LEVELS (STORE_LEVEL_SNAPSHOT + 1)

struct store_key
restore_history_key(
    const struct restore_history *history, const struct restore_range *range)
{
	struct store_key key = { .epoch = history->epoch,
		.kind = STORE_LTX,
		.level = range->level,
		.min_txid = range->min_txid,
		.max_txid = range->max_txid };

	(void)str_copy(str_of(history->slug), key.slug, sizeof key.slug);
	return key;
}

static int
add_epoch(
    struct store_op *op, const struct store_object *object, struct err *err)
{
	struct restore_epochs *epochs = op->arg;

	(void)err;
	if (epochs->n == epochs->max) {
		epochs->max = epochs->max * 2 + 8;
		epochs->epoch =
		    realloc(epochs->epoch, epochs->max * sizeof *epochs->epoch);
		if (!epochs->epoch)
			err_die("out of memory: %zu epochs", epochs->max);
	}
	epochs->epoch[epochs->n++] = object->key.epoch;
	return 0;
}

int
restore_epochs_list(struct store *store, const char *slug,
    struct restore_epochs *epochs, struct err *err)
{
	struct store_op op = {
		.verb = STORE_EPOCHS, .object = add_epoch, .arg = epochs
	};

	/* What stands alone is of no epoch. */
	if (!slug[0])
		return add_epoch(&op, &(struct store_object){ .size = 0 }, err);
	(void)str_copy(str_of(slug), op.key.slug, sizeof op.key.slug);
	if (store_now(store, &op, err) != 0)
		return -1;
	if (epochs->n > 0)
		return 0;
	err_set(err, ERR_NOT_FOUND, "%s: there is no replica of it in %s", slug,
	    store_url(store));
	return err_hint(err, "is the name right? --from URL looks elsewhere");
}

static int
add_range(
    struct store_op *op, const struct store_object *object, struct err *err)
{
	struct restore_history *history = op->arg;

	(void)err;
	if (history->n == history->max) {
		history->max = history->max * 2 + 64;
		history->range = realloc(
		    history->range, history->max * sizeof *history->range);
		if (!history->range)
			err_die("out of memory: %zu objects", history->max);
	}
	history->range[history->n++] = (struct restore_range){
		.min_txid = object->key.min_txid,
		.max_txid = object->key.max_txid,
		.size = object->size,
		.level = object->key.level,
	};
	return 0;
}

static int
by_max(const void *a, const void *b)
{
	const struct restore_range *x = a, *y = b;

	if (x->max_txid != y->max_txid)
		return x->max_txid < y->max_txid ? -1 : 1;
	return x->min_txid > y->min_txid ? -1 : x->min_txid < y->min_txid;
}

static void
listed(struct store_op *op, const struct err *err)
{
	struct restore_history *history = op->arg;

	history->listing--;
	if (history->failure.code == ERR_NONE)
		history->failure = *err;
}

/* All levels at once: the wait is for one answer, not for ten. */
static int
list_levels(struct restore_history *history, struct err *err)
{
	struct store_op op[LEVELS];

	memset(op, 0, sizeof op);
	err_clear(&history->failure);
	history->listing = LEVELS;
	for (int level = 0; level < LEVELS; level++) {
		op[level].verb = STORE_LIST;
		op[level].object = add_range;
		op[level].done = listed;
		op[level].arg = history;
		op[level].key.epoch = history->epoch;
		op[level].key.level = level;
		(void)str_copy(str_of(history->slug), op[level].key.slug,
		    sizeof op[level].key.slug);
		store_submit(history->store, &op[level]);
	}
	while (history->listing > 0)
		(void)store_poll(history->store, NULL, 0, -1);
	if (history->failure.code == ERR_NONE)
		return 0;
	*err = history->failure;
	return -1;
}

int
restore_history_load(
    struct restore_history *history, uint32_t epoch, struct err *err)
{
	struct err no_owner = ERR_INIT;

	history->epoch = epoch;
	history->n = 0;
	if (list_levels(history, err) != 0)
		return -1;
	if (history->n > 0)
		qsort(
		    history->range, history->n, sizeof *history->range, by_max);
	memset(&history->owner, 0, sizeof history->owner);
	/* It must not stand in the way of the data. */
	if (epoch != 0)
		(void)restore_owner_read(history->store, history->slug, epoch,
		    &history->owner, &no_owner);
	return 0;
}

struct head {
	unsigned char bytes[LTX_HEADER];
	size_t n;
};

static int
take_head(struct store_op *op, const void *p, size_t n, struct err *err)
{
	struct head *head = op->arg;

	(void)err;
	if (n > sizeof head->bytes - head->n)
		n = sizeof head->bytes - head->n;
	memcpy(head->bytes + head->n, p, n);
	head->n += n;
	return 0;
}

int
restore_history_header(const struct restore_history *history,
    const struct restore_range *range, struct ltx_header *out, struct err *err)
{
	struct head head = { .n = 0 };
	struct store_op op = { .verb = STORE_GET,
		.length = LTX_HEADER,
		.data = take_head,
		.arg = &head };
	char name[STORE_KEY_TEXT];

	op.key = restore_history_key(history, range);
	store_key_text(&op.key, name);
	if (store_now(history->store, &op, err) != 0 ||
	    ltx_header_parse(head.bytes, head.n, name, out, err) != 0)
		return -1;
	if (out->min_txid != range->min_txid ||
	    out->max_txid != range->max_txid)
		return err_set(err, ERR_CORRUPT,
		    "%s: header: holds TXIDs %llu to %llu", name,
		    (unsigned long long)out->min_txid,
		    (unsigned long long)out->max_txid);
	return 0;
}

int
restore_history_time(const struct restore_history *history,
    const struct restore_range *range, int64_t *time_ms, struct err *err)
{
	struct ltx_header header;

	if (restore_history_header(history, range, &header, err) != 0)
		return -1;
	*time_ms = header.time_ms;
	return 0;
}

struct restore_range *
restore_history_oldest(const struct restore_history *history)
{
	for (size_t i = 0; i < history->n; i++)
		if (history->range[i].min_txid == 1 &&
		    !history->range[i].damaged)
			return &history->range[i];
	return NULL;
}

void
restore_history_clear(struct restore_history *history)
{
	free(history->range);
	history->range = NULL;
	history->n = history->max = 0;
}

void
restore_epochs_clear(struct restore_epochs *epochs)
{
	free(epochs->epoch);
	*epochs = (struct restore_epochs){ .n = 0 };
}
