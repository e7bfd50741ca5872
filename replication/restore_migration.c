#include "replication/restore_migration.h"

#include <stdlib.h>
#include <string.h>

#include "replication/ltx.h"
#include "replication/restore_history.h"
#include "tenants/base/str.h"

#define USER_VERSION 60 /* where page 1 has it, big-endian */
#define FIRST_BYTES  ((int64_t)4608) /* with page 1, where it has 4096 bytes */
#define MOST_BYTES   ((int64_t)70000) /* where it has 65536 */

/* What a range says: the version after it. */
enum { NOT_ASKED = -1, SAYS_NOTHING = -2 };

struct search {
	struct restore_migration *out;
	struct restore_history history;
	int64_t *version; /* by range */
	size_t *state; /* index of the last range that ends there … */
	size_t n; /* … for each end */
};

static uint64_t
txid_of(const struct search *search, size_t at)
{
	return search->history.range[search->state[at]].max_txid;
}

int
restore_migration_noted(struct str text, uint32_t *epoch, uint64_t *txid)
{
	uint64_t number;

	if (text.n != 25 || str_hex64(str_sub(text, 0, 8), &number) != 0 ||
	    str_hex64(str_sub(text, 9, 25), txid) != 0)
		return -1;
	*epoch = (uint32_t)number;
	return 0;
}

/* Is it the state that the migration found? */
static int
is_noted(const struct search *search, size_t at)
{
	uint32_t epoch;
	uint64_t txid;

	return restore_migration_noted(
		   str_of(search->out->noted), &epoch, &txid) == 0 &&
	       epoch == search->history.epoch && txid == txid_of(search, at);
}

/* --- what an object says ---------------------------------------------------- */

struct first_page {
	struct ltx_reader *reader;
	uint32_t page_size;
	int64_t version;
	int done; /* page 1, or another, was there */
};

static int
take_page(void *arg, const struct ltx_header *header, uint32_t pgno,
    const void *page, struct err *err)
{
	const unsigned char *p = (const unsigned char *)page + USER_VERSION;
	struct first_page *first = arg;

	(void)header;
	(void)err;
	if (!first->done && pgno == 1)
		first->version =
		    (int64_t)((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
			      (uint32_t)p[2] << 8 | p[3]);
	first->done = 1;
	return 0;
}

static int
take_bytes(struct store_op *op, const void *p, size_t n, struct err *err)
{
	struct first_page *first = op->arg;
	const char *at = p;

	while (n > 0 && !first->done) {
		size_t most = ltx_reader_want(first->reader);

		if (most > n)
			most = n;
		if (ltx_reader_push(first->reader, at, most, err) != 0)
			return -1;
		at += most;
		n -= most;
	}
	return 0;
}

static int
read_first(const struct search *search, const struct restore_range *range,
    int64_t bytes, struct first_page *first, struct err *err)
{
	struct store_op op = { .verb = STORE_GET,
		.length = bytes,
		.data = take_bytes,
		.arg = first };
	const struct ltx_header *header;
	char name[STORE_KEY_TEXT];
	int rc;

	op.key = restore_history_key(&search->history, range);
	store_key_text(&op.key, name);
	*first = (struct first_page){ .version = SAYS_NOTHING };
	first->reader = ltx_reader_new(name, take_page, first);
	rc = store_now(search->history.store, &op, err);
	header = ltx_reader_header(first->reader);
	if (rc == 0 && header != NULL)
		first->page_size = header->page_size;
	ltx_reader_free(first->reader);
	return rc;
}

/* The version in an object's page 1, once; what cannot be read says nothing. */
static int
ask(struct search *search, size_t i, int64_t *out, struct err *err)
{
	const struct restore_range *range = &search->history.range[i];
	struct first_page first;
	int rc;

	if (search->version[i] == NOT_ASKED) {
		rc = read_first(search, range, FIRST_BYTES, &first, err);
		if (rc == 0 && !first.done && first.page_size > 4096)
			rc = read_first(search, range, MOST_BYTES, &first, err);
		if (rc != 0 && err->code != ERR_CORRUPT &&
		    err->code != ERR_NOT_FOUND)
			return -1;
		err_clear(err);
		search->version[i] = rc == 0 ? first.version : SAYS_NOTHING;
	}
	*out = search->version[i];
	return 0;
}

/*
 * The version of a state.  Of the ranges that end there state[] has the longest:
 * where that says nothing, none of those within it does.
 */
static int
version_at(struct search *search, size_t at, int64_t *out, struct err *err)
{
	const struct restore_range *range = search->history.range;
	size_t from = at;

	for (;;) {
		uint64_t begins = range[search->state[at]].min_txid;

		if (ask(search, search->state[at], out, err) != 0)
			return -1;
		if (*out >= 0)
			return 0;
		while (at > 0 && range[search->state[at]].max_txid >= begins)
			at--;
		if (range[search->state[at]].max_txid >= begins)
			return err_set(err, ERR_NOT_FOUND,
			    "%s: epoch %08x: nothing says at which migration "
			    "TXID %llu is",
			    search->out->slug, search->history.epoch,
			    (unsigned long long)txid_of(search, from));
	}
}

/* --- which state ---------------------------------------------------------------- */

/* Narrows it down to what was noted, and to what follows that. */
static int
try_noted(struct search *search, size_t *low, size_t *high, struct err *err)
{
	size_t i, at = 0;
	int64_t version;

	for (i = 1; i < search->n; i++)
		if (is_noted(search, i))
			at = i;
	for (i = at; at > 0 && i <= at + 1 && i < *high; i++) {
		if (version_at(search, i, &version, err) != 0)
			return -1;
		if (version < search->out->number)
			*low = i;
		else
			*high = i;
	}
	return 0;
}

/* In the epoch that is loaded.  1 there it is, 0 it began later, -1. */
static int
find(struct search *search, struct err *err)
{
	size_t low = 0, high = search->n - 1;
	int64_t version;

	if (version_at(search, low, &version, err) != 0)
		return -1;
	if (version >= search->out->number)
		return 0;
	if (try_noted(search, &low, &high, err) != 0)
		return -1;
	while (high - low > 1) {
		size_t at = low + (high - low) / 2;

		if (version_at(search, at, &version, err) != 0)
			return -1;
		if (version < search->out->number)
			low = at;
		else
			high = at;
	}
	search->out->epoch = search->history.epoch;
	search->out->txid = txid_of(search, low);
	search->out->exact = is_noted(search, low);
	return 1;
}

/* --- which epoch ------------------------------------------------------------------ */

static int
load(struct search *search, uint32_t epoch, struct err *err)
{
	struct restore_history *history = &search->history;
	size_t i;

	if (restore_history_load(history, epoch, err) != 0)
		return -1;
	free(search->version);
	free(search->state);
	search->version = calloc(history->n + 1, sizeof(*search->version));
	search->state = calloc(history->n + 1, sizeof(*search->state));
	if (search->version == NULL || search->state == NULL)
		err_die("out of memory");
	search->n = 0;
	for (i = 0; i < history->n; i++) {
		search->version[i] = NOT_ASKED;
		if (i + 1 == history->n || history->range[i + 1].max_txid !=
					       history->range[i].max_txid)
			search->state[search->n++] = i;
	}
	return 0;
}

/*
 * From the newest epoch back, as long as they are of the same tenant.  One that
 * begins with the migration in it leads to the end of the one before it.
 */
static int
find_epoch(
    struct search *search, const struct restore_epochs *epochs, struct err *err)
{
	struct restore_migration *out = search->out;
	char uid[sizeof(search->history.owner.uid)] = "";
	int64_t version;
	size_t i;
	int rc, later = 0;

	for (i = epochs->n; i-- > 0;) {
		const char *owner = search->history.owner.uid;

		if (load(search, epochs->epoch[i], err) != 0)
			return -1;
		if (uid[0] != '\0' && owner[0] != '\0' &&
		    strcmp(uid, owner) != 0)
			break;
		if (uid[0] == '\0')
			memcpy(uid, owner, sizeof(uid));
		if (search->n == 0 || !restore_history_oldest(&search->history))
			continue;
		if (version_at(search, search->n - 1, &version, err) != 0)
			return -1;
		if (version >= out->number) {
			rc = find(search, err);
			if (rc != 0)
				return rc > 0 ? 0 : -1;
			later = 1;
			continue;
		}
		if (!later)
			return err_set(err, ERR_NOT_FOUND,
			    "%s: the newest state in the replica is at "
			    "migration %lld, before %d",
			    out->slug, (long long)version, out->number);
		out->epoch = search->history.epoch;
		out->txid = txid_of(search, search->n - 1);
		out->exact = is_noted(search, search->n - 1);
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND,
	    "%s: no state in the replica is from before migration %d",
	    out->slug, out->number);
}

int
restore_migration_find(struct restore_migration *out, struct err *err)
{
	struct search search = { .out = out,
		.history = { .store = out->store, .slug = out->slug } };
	struct restore_epochs epochs = { .n = 0 };
	int rc = -1;

	if (restore_epochs_list(out->store, out->slug, &epochs, err) == 0)
		rc = find_epoch(&search, &epochs, err);
	restore_history_clear(&search.history);
	restore_epochs_clear(&epochs);
	free(search.version);
	free(search.state);
	return rc;
}
