#include "replication/spool.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replication/ltx.h"
#include "replication/shelf.h"
#include "replication/windows.h"
#include "tenants/base/arena.h"
#include "tenants/base/file.h"
#include "tenants/base/str.h"

#define OWNER_NAME "owner"
/* Names listed at a time; a week of one file a second and more. */
#define LIST_ARENA (256 << 20)
#define READ_BYTES (128 * 1024)

/* A point of an epoch that items are compared with. */
struct spool_mark {
	uint32_t epoch;
	uint64_t shipped, txid;
};

void
spool_position_path(const char *dir, char out[SPOOL_PATH])
{
	if (snprintf(out, SPOOL_PATH, "%s/position", dir) >= SPOOL_PATH)
		err_die("%s: path too long", dir);
}

static void
epoch_path(const struct spool *spool, uint32_t epoch, char out[SPOOL_PATH])
{
	if (snprintf(out, SPOOL_PATH, "%s/%08x", spool->dir, epoch) >=
	    SPOOL_PATH)
		err_die("%s: path too long", spool->dir);
}

void
spool_path(const struct spool *spool, const struct store_key *key,
    char out[SPOOL_PATH])
{
	int n;

	if (key->kind == STORE_OWNER)
		n = snprintf(out, SPOOL_PATH, "%s/%08x/" OWNER_NAME, spool->dir,
		    key->epoch);
	else if (key->level == SPOOL_MERGED)
		n = snprintf(out, SPOOL_PATH, "%s/%08x/%016llx-%d-%016llx.ltx",
		    spool->dir, key->epoch, (unsigned long long)key->max_txid,
		    key->level, (unsigned long long)key->min_txid);
	else
		n = snprintf(out, SPOOL_PATH, "%s/%08x/%016llx-%d.ltx",
		    spool->dir, key->epoch, (unsigned long long)key->max_txid,
		    key->level);
	if (n >= SPOOL_PATH)
		err_die("%s: path too long", spool->dir);
}

void
spool_add(struct spool *spool, const struct store_key *key, int64_t time_ms,
    int64_t size)
{
	struct spool_item *item = calloc(1, sizeof(*item));

	if (item == NULL)
		err_die("out of memory");
	item->key = *key;
	item->time_ms = time_ms;
	item->size = size;
	if (spool->last != NULL)
		spool->last->next = item;
	else
		spool->first = item;
	spool->last = item;
	spool->n++;
	spool->bytes += size;
	spool->news = 1;
}

static struct store_key
key_of(const struct spool *spool, uint32_t epoch)
{
	struct store_key key;

	memset(&key, 0, sizeof(key));
	snprintf(key.slug, sizeof(key.slug), "%s", spool->slug);
	key.epoch = epoch;
	return key;
}

/* "<16 hex>-<level>.ltx", or "<16 hex>-1-<16 hex>.ltx"; 0 or -1. */
static int
parse_name(struct str name, struct store_key *key)
{
	if (name.n < 22 || name.p[16] != '-' || !str_ends(name, ".ltx") ||
	    str_hex64(str_sub(name, 0, 16), &key->max_txid))
		return -1;
	key->kind = STORE_LTX;
	key->level = name.p[17] - '0';
	if (key->level == SPOOL_MERGED)
		return name.n == 39 && name.p[18] == '-'
			   ? str_hex64(str_sub(name, 19, 35), &key->min_txid)
			   : -1;
	if (name.n != 22 || (key->level != STORE_LEVEL_RAW &&
				key->level != STORE_LEVEL_SNAPSHOT))
		return -1;
	key->min_txid = key->level == STORE_LEVEL_SNAPSHOT ? 1 : key->max_txid;
	return 0;
}

static int
read_time(const char *path, int64_t *time_ms, struct err *err)
{
	unsigned char h[LTX_HEADER];
	struct ltx_header header;
	int fd = file_open(path, O_RDONLY, 0, err);
	int rc = -1;

	if (fd < 0)
		return -1;
	if (file_pread(fd, h, sizeof(h), 0, path, err) == 0 &&
	    ltx_header_parse(h, sizeof(h), path, &header, err) == 0) {
		*time_ms = header.time_ms;
		rc = 0;
	}
	file_drop(&fd);
	return rc;
}

static int
load_file(
    struct spool *spool, uint32_t epoch, const char *name, struct err *err)
{
	struct store_key key = key_of(spool, epoch);
	struct file_id id;
	int64_t time_ms = 0;
	char path[SPOOL_PATH];
	size_t n;

	if (strcmp(name, OWNER_NAME) == 0) {
		key.kind = STORE_OWNER;
	} else if (parse_name(str_of(name), &key)) {
		/* A draft that was not finished. */
		epoch_path(spool, epoch, path);
		n = strlen(path);
		if (snprintf(path + n, sizeof(path) - n, "/%s", name) >=
		    (int)(sizeof(path) - n))
			return err_set(err, ERR_CORRUPT,
			    "%s: a name too long in the spool", spool->dir);
		return file_remove(path, err);
	}
	spool_path(spool, &key, path);
	if (file_identify(path, &id, err))
		return -1;
	if (key.kind == STORE_LTX && id.size > LTX_HEADER &&
	    read_time(path, &time_ms, err))
		err_clear(err); /* spool_verify judges it */
	spool_add(spool, &key, time_ms, id.size);
	spool->last->found = 1;
	return 0;
}

static int
load_epoch(
    struct spool *spool, const char *name, struct arena *arena, struct err *err)
{
	struct file_names files;
	char path[SPOOL_PATH];
	uint64_t epoch;
	size_t i;

	/* The position file, and whatever else is none of ours. */
	if (strlen(name) != 8 || str_hex64(str_of(name), &epoch))
		return 0;
	epoch_path(spool, (uint32_t)epoch, path);
	if (file_list(path, arena, &files, err))
		return -1;
	/* "owner" sorts behind the digits and goes first. */
	if (files.n > 0 && strcmp(files.name[files.n - 1], OWNER_NAME) == 0) {
		if (load_file(spool, (uint32_t)epoch, OWNER_NAME, err))
			return -1;
		files.n--;
	}
	for (i = 0; i < files.n; i++) {
		if (load_file(spool, (uint32_t)epoch, files.name[i], err))
			return -1;
	}
	return 0;
}

struct spool *
spool_open(const char *dir, const char *slug, struct err *err)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	struct arena *arena = arena_new(LIST_ARENA);
	struct file_names names;
	size_t i;
	int rc = -1;

	if (spool == NULL || (spool->dir = strdup(dir)) == NULL)
		err_die("out of memory");
	snprintf(spool->slug, sizeof(spool->slug), "%s", slug);
	if (file_mkdirs(dir, 0700, err) || file_list(dir, arena, &names, err))
		goto out;
	for (i = 0; i < names.n; i++) {
		if (load_epoch(spool, names.name[i], arena, err))
			goto out;
	}
	rc = 0;
out:
	arena_free(arena);
	if (rc) {
		spool_close(spool);
		return NULL;
	}
	return spool;
}

void
spool_close(struct spool *spool)
{
	struct spool_item *item;

	if (spool == NULL)
		return;
	while ((item = spool->first) != NULL) {
		spool->first = item->next;
		free(item);
	}
	free(spool->dir);
	free(spool);
}

static int
ignore_page(void *arg, const struct ltx_header *header, uint32_t pgno,
    const void *page, struct err *err)
{
	(void)arg, (void)header, (void)pgno, (void)page, (void)err;
	return 0;
}

/* Reads a file to its end: every checksum, and the TXIDs of its name. */
static int
check_whole(
    const struct spool *spool, const struct spool_item *item, struct err *err)
{
	struct ltx_reader *reader = NULL;
	const struct ltx_header *h;
	unsigned char *p = malloc(READ_BYTES);
	char path[SPOOL_PATH];
	int64_t at = 0;
	int fd, rc = -1;

	if (p == NULL)
		err_die("out of memory");
	spool_path(spool, &item->key, path);
	fd = file_open(path, O_RDONLY, 0, err);
	if (fd < 0)
		goto out;
	reader = ltx_reader_new(path, ignore_page, NULL);
	while (at < item->size) {
		size_t n = item->size - at < READ_BYTES
			       ? (size_t)(item->size - at)
			       : READ_BYTES;

		if (file_pread(fd, p, n, at, path, err) ||
		    ltx_reader_push(reader, p, n, err))
			goto out;
		at += (int64_t)n;
	}
	if (ltx_reader_finish(reader, err))
		goto out;
	h = ltx_reader_header(reader);
	if (h->min_txid != item->key.min_txid ||
	    h->max_txid != item->key.max_txid) {
		err_set(err, ERR_CORRUPT, "%s: holds other TXIDs", path);
		goto out;
	}
	rc = 0;
out:
	ltx_reader_free(reader);
	file_drop(&fd);
	free(p);
	return rc;
}

int
spool_is_link(const struct spool_item *item)
{
	return item->key.kind == STORE_LTX &&
	       (item->key.level != STORE_LEVEL_SNAPSHOT ||
		   item->key.max_txid == 1);
}

int
spool_verify(const struct spool *spool, uint32_t epoch, uint64_t shipped,
    uint64_t txid, struct err *err)
{
	const struct spool_item *item;
	uint64_t next = shipped + 1;

	for (item = spool->first; item != NULL && next <= txid;
	     item = item->next) {
		/* A merge that was killed leaves some of the files, and the one. */
		if (item->key.epoch != epoch || !spool_is_link(item) ||
		    item->key.max_txid < next || item->key.min_txid > next)
			continue;
		if (check_whole(spool, item, err))
			return -1;
		next = item->key.max_txid + 1;
	}
	if (next <= txid)
		return err_set(err, ERR_CORRUPT,
		    "%s: TXID %llu of epoch %08x is missing", spool->dir,
		    (unsigned long long)next, epoch);
	return 0;
}

static int
throw_away(struct spool *spool, const struct spool_item *item, const char *path,
    struct err *err)
{
	(void)spool, (void)item;
	return file_remove(path, err);
}

/* What the store has: to the shelf, for compaction. */
static int
put_away(struct spool *spool, const struct spool_item *item, const char *path,
    struct err *err)
{
	int snapshot = item->key.level == STORE_LEVEL_SNAPSHOT;

	/* What the catalog learns of by the shelf alone has to go there. */
	if (item->key.kind != STORE_LTX || spool->shelf == NULL ||
	    (item->key.level == STORE_LEVEL_RAW &&
		(spool->shelf_full || item->size > WINDOWS_MERGE_MAX)))
		return file_remove(path, err);
	if (shelf_take(spool->shelf, &item->key, path, err))
		return -1;
	spool->shelved_bytes += item->size;
	spool->shelved_ms = item->time_ms;
	spool->shelved_snapshot |= snapshot;
	return 0;
}

/* Takes items out of the list, and their files off the disk. */
static int
sift(struct spool *spool,
    int (*away)(struct spool *spool, const struct spool_item *item,
	const char *path, struct err *err),
    int (*unwanted)(struct spool *spool, const struct spool_item *item,
	const struct spool_mark *mark),
    const struct spool_mark *mark, struct err *err)
{
	struct spool_item **link = &spool->first;
	int rc = 0;

	spool->last = NULL;
	while (*link != NULL) {
		struct spool_item *item = *link;
		char path[SPOOL_PATH];

		if (rc || !unwanted(spool, item, mark)) {
			spool->last = item;
			link = &item->next;
			continue;
		}
		spool_path(spool, &item->key, path);
		rc = away(spool, item, path, err);
		if (rc)
			continue;
		if (!item->acked && !item->merged) {
			spool->n--;
			spool->bytes -= item->size;
		}
		*link = item->next;
		free(item);
	}
	return rc;
}

static int
unsettled(struct spool *spool, const struct spool_item *item,
    const struct spool_mark *mark)
{
	struct err err = ERR_INIT;

	if (item->key.epoch > mark->epoch)
		return 1;
	if (item->key.kind == STORE_OWNER)
		return 0;
	if (item->key.epoch == mark->epoch && item->key.max_txid > mark->txid)
		return 1;
	if (item->key.epoch == mark->epoch && spool_is_link(item) &&
	    item->key.level != SPOOL_MERGED)
		return 0;
	return check_whole(spool, item, &err) != 0;
}

/* A slot that says so was durable; the files need not have been acted upon. */
static int
known_shipped(struct spool *spool, const struct spool_item *item,
    const struct spool_mark *mark)
{
	(void)spool;
	return item->key.epoch == mark->epoch && spool_is_link(item) &&
	       item->key.max_txid <= mark->shipped;
}

/* Into a file that is whole: those that are not are out of the list. */
static int
merged_away(const struct spool *spool, const struct spool_item *item)
{
	const struct spool_item *into;

	if (!spool_is_link(item))
		return 0;
	for (into = spool->first; into != NULL; into = into->next) {
		if (into != item && into->key.level == SPOOL_MERGED &&
		    into->key.epoch == item->key.epoch &&
		    into->key.min_txid <= item->key.min_txid &&
		    into->key.max_txid >= item->key.max_txid)
			return 1;
	}
	return 0;
}

int
spool_settle(struct spool *spool, uint32_t epoch, uint64_t shipped,
    uint64_t txid, struct err *err)
{
	struct spool_mark mark = { epoch, shipped, txid };
	struct spool_item *item;
	int merged = 0;

	if (sift(spool, put_away, known_shipped, &mark, err) ||
	    sift(spool, throw_away, unsettled, &mark, err))
		return -1;
	for (item = spool->first; item != NULL; item = item->next)
		merged |= item->key.level == SPOOL_MERGED;
	for (item = spool->first; merged && item != NULL; item = item->next) {
		if (merged_away(spool, item)) {
			item->merged = 1;
			spool->n--;
			spool->bytes -= item->size;
		}
	}
	return 0;
}

struct spool_item *
spool_next(const struct spool *spool)
{
	struct spool_item *item = spool->first;

	while (item != NULL && (item->acked || item->merged))
		item = item->next;
	return item != NULL && item->durable ? item : NULL;
}

void
spool_synced(struct spool *spool)
{
	struct spool_item *item;

	for (item = spool->first; item != NULL; item = item->next)
		item->durable = 1;
}

void
spool_acked(struct spool *spool, struct spool_item *item)
{
	item->acked = 1;
	spool->n--;
	spool->bytes -= item->size;
	spool->news = 1;
}

static int
forgotten(struct spool *spool, const struct spool_item *item,
    const struct spool_mark *mark)
{
	(void)spool;
	return item->acked && (item->key.epoch < mark->epoch ||
				  (item->key.epoch == mark->epoch &&
				      item->key.max_txid <= mark->shipped));
}

int
spool_forget(
    struct spool *spool, uint32_t epoch, uint64_t shipped, struct err *err)
{
	struct spool_mark mark = { epoch, shipped, 0 };

	return sift(spool, put_away, forgotten, &mark, err);
}

int
spool_begin_epoch(
    struct spool *spool, uint32_t epoch, struct str owner, struct err *err)
{
	struct store_key key = key_of(spool, epoch);
	char path[SPOOL_PATH];

	key.kind = STORE_OWNER;
	epoch_path(spool, epoch, path);
	if (file_mkdirs(path, 0700, err))
		return -1;
	spool_path(spool, &key, path);
	if (file_replace(path, owner, 0600, err))
		return -1;
	spool_add(spool, &key, 0, (int64_t)owner.n);
	return 0;
}

static int
of_epoch(struct spool *spool, const struct spool_item *item,
    const struct spool_mark *mark)
{
	(void)spool;
	return item->key.epoch == mark->epoch;
}

int
spool_drop_epoch(struct spool *spool, uint32_t epoch, struct err *err)
{
	struct spool_mark mark = { epoch, 0, 0 };

	return sift(spool, throw_away, of_epoch, &mark, err);
}

static int
in_doubt(struct spool *spool, const struct spool_item *item,
    const struct spool_mark *mark)
{
	(void)spool, (void)mark;
	return !item->durable && !item->found;
}

/* What went into a file that is in doubt is what there is, again. */
int
spool_drop_unsynced(struct spool *spool, struct err *err)
{
	struct spool_item *item;

	for (item = spool->first; item != NULL; item = item->next) {
		if (item->merged) {
			item->merged = 0;
			spool->n++;
			spool->bytes += item->size;
		}
	}
	return sift(spool, throw_away, in_doubt, NULL, err);
}

static int
was_merged(struct spool *spool, const struct spool_item *item,
    const struct spool_mark *mark)
{
	(void)spool, (void)mark;
	return item->merged;
}

int
spool_drop_merged(struct spool *spool, struct err *err)
{
	return sift(spool, throw_away, was_merged, NULL, err);
}
