#include "replication/catalog.h"

#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "replication/ltx.h"
#include "replication/store.h"
#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/file.h"

/*
 * THE FILE
 *
 * A head of 64 bytes, then records of 64 bytes, each with a CRC-64 at its end. All numbers are
 * little-endian.
 *
 *	head    0  "rowhouse catalog"
 *	       16  next_ms i64        written in place: a hint
 *	       56  CRC u64
 *	record  0  state u32, epoch u32, level u32, 0 u32
 *	       16  min TXID u64, max TXID u64
 *	       32  time i64, there i64
 *	       48  size i64
 *	       56  CRC u64 over the 56 bytes and the record's number
 *
 * A record is about a range of one level of one epoch; a later one replaces
 * an earlier one.  Records are appended without a sync of their own: what
 * depends on them waits for the sync of the tick.  So after a power cut the
 * end of the file may be torn, and that end is cut off.  A record that is bad
 * while a good one follows it is damage.
 */
#define RECORD       64
#define SUMMED       56
#define FILE_BYTES   ((size_t)64 << 20)
#define WORN_RECORDS 512

static const char magic[16] = "rowhouse catalog";

static void
put32(unsigned char *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
}

static void
put64(unsigned char *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
}

static uint32_t
get32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t
get64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static uint64_t
crc_of(const unsigned char *p, uint64_t number)
{
	unsigned char at[8];

	put64(at, number);
	return ltx_crc64(ltx_crc64(0, p, SUMMED), at, sizeof(at));
}

/* The head is record 0. */
static void
encode_head(int64_t next_ms, unsigned char out[RECORD])
{
	memset(out, 0, RECORD);
	memcpy(out, magic, sizeof(magic));
	put64(out + 16, (uint64_t)next_ms);
	put64(out + SUMMED, crc_of(out, 0));
}

static void
encode(const struct catalog_entry *entry, uint64_t number,
    unsigned char out[RECORD])
{
	memset(out, 0, RECORD);
	put32(out, entry->state);
	put32(out + 4, entry->epoch);
	put32(out + 8, (uint32_t)entry->level);
	put64(out + 16, entry->min_txid);
	put64(out + 24, entry->max_txid);
	put64(out + 32, (uint64_t)entry->time_ms);
	put64(out + 40, (uint64_t)entry->there_ms);
	put64(out + 48, (uint64_t)entry->size);
	put64(out + SUMMED, crc_of(out, number));
}

/* 0, or -1: it is not a record of that number. */
static int
decode(const unsigned char *p, uint64_t number, struct catalog_entry *out)
{
	if (get64(p + SUMMED) != crc_of(p, number))
		return -1;
	out->state = get32(p);
	out->epoch = get32(p + 4);
	out->level = (int)get32(p + 8);
	out->min_txid = get64(p + 16);
	out->max_txid = get64(p + 24);
	out->time_ms = (int64_t)get64(p + 32);
	out->there_ms = (int64_t)get64(p + 40);
	out->size = (int64_t)get64(p + 48);
	return out->state < CATALOG_PUTTING || out->state > CATALOG_GONE ? -1
									 : 0;
}

struct catalog *
catalog_new(const char *path)
{
	struct catalog *catalog = calloc(1, sizeof(*catalog));

	if (catalog == NULL || (catalog->path = strdup(path)) == NULL)
		err_die("out of memory");
	return catalog;
}

void
catalog_free(struct catalog *catalog)
{
	if (catalog == NULL)
		return;
	free(catalog->entry);
	free(catalog->path);
	free(catalog);
}

static int
compare(const struct catalog_entry *x, uint32_t epoch, int level,
    uint64_t min_txid, uint64_t max_txid)
{
	if (x->epoch != epoch)
		return x->epoch < epoch ? -1 : 1;
	if (x->level != level)
		return x->level < level ? -1 : 1;
	if (x->min_txid != min_txid)
		return x->min_txid < min_txid ? -1 : 1;
	if (x->max_txid != max_txid)
		return x->max_txid < max_txid ? -1 : 1;
	return 0;
}

/* Where it is, or belongs. */
static size_t
position(const struct catalog *catalog, uint32_t epoch, int level,
    uint64_t min_txid, uint64_t max_txid)
{
	size_t low = 0, high = catalog->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&catalog->entry[middle], epoch, level, min_txid,
			max_txid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct catalog_entry *
catalog_find(const struct catalog *catalog, uint32_t epoch, int level,
    uint64_t min_txid, uint64_t max_txid)
{
	size_t at = position(catalog, epoch, level, min_txid, max_txid);

	if (at == catalog->n ||
	    compare(&catalog->entry[at], epoch, level, min_txid, max_txid) != 0)
		return NULL;
	return &catalog->entry[at];
}

void
catalog_put(struct catalog *catalog, const struct catalog_entry *entry)
{
	size_t at = position(catalog, entry->epoch, entry->level,
	    entry->min_txid, entry->max_txid);
	struct catalog_entry *p;
	int found = at < catalog->n &&
		    compare(&catalog->entry[at], entry->epoch, entry->level,
			entry->min_txid, entry->max_txid) == 0;

	if (entry->state == CATALOG_GONE) {
		if (!found)
			return;
		p = catalog->entry + at;
		memmove(p, p + 1, (--catalog->n - at) * sizeof(*p));
		return;
	}
	if (!found && catalog->n == catalog->cap) {
		catalog->cap = catalog->cap * 2 + 32;
		catalog->entry = realloc(
		    catalog->entry, catalog->cap * sizeof(*catalog->entry));
		if (catalog->entry == NULL)
			err_die("out of memory");
	}
	p = catalog->entry + at;
	if (!found)
		memmove(p + 1, p, (catalog->n++ - at) * sizeof(*p));
	*p = *entry;
}

/* A good record beyond one that is not: then it was no torn end. */
static int
goes_on(const unsigned char *p, size_t n, size_t number)
{
	struct catalog_entry entry;

	for (number++; (number + 1) * RECORD <= n; number++) {
		if (decode(p + number * RECORD, number, &entry) == 0)
			return 1;
	}
	return 0;
}

struct catalog *
catalog_load(const char *path, struct err *err)
{
	struct arena *arena = arena_new(FILE_BYTES + RECORD);
	struct catalog *catalog = NULL;
	struct catalog_entry entry;
	const unsigned char *p;
	struct str bytes;
	size_t number;

	if (file_read(path, FILE_BYTES, arena, &bytes, err))
		goto out;
	p = (const unsigned char *)bytes.p;
	if (bytes.n < RECORD || memcmp(p, magic, sizeof(magic)) != 0) {
		err_set(err, ERR_CORRUPT, "%s: is not a catalog", path);
		goto out;
	}
	catalog = catalog_new(path);
	catalog->next_ms = (int64_t)get64(p + 16);
	for (number = 1; (number + 1) * RECORD <= bytes.n; number++) {
		if (decode(p + number * RECORD, number, &entry) == 0) {
			catalog_put(catalog, &entry);
			continue;
		}
		if (!goes_on(p, bytes.n, number))
			break;
		err_set(err, ERR_CORRUPT, "%s: record %zu is damaged", path,
		    number);
		catalog_free(catalog);
		catalog = NULL;
		goto out;
	}
	catalog->records = number - 1;
out:
	arena_free(arena);
	return catalog;
}

/* Behind those that are there. */
static int
write_records(const struct catalog *catalog, struct str bytes, struct err *err)
{
	int64_t at = (int64_t)(catalog->records + 1) * RECORD;
	int fd = file_open(catalog->path, O_WRONLY, 0, err);

	if (fd < 0)
		return -1;
	if (file_pwrite(fd, bytes.p, bytes.n, at, catalog->path, err)) {
		file_drop(&fd);
		return -1;
	}
	return file_close(&fd, catalog->path, err);
}

int
catalog_note(struct catalog *catalog, const struct catalog_entry *entry,
    size_t n, struct err *err)
{
	unsigned char record[RECORD];
	struct buf bytes;
	int rc;

	buf_init(&bytes, n * RECORD + RECORD);
	for (size_t i = 0; i < n; i++) {
		encode(&entry[i], catalog->records + 1 + i, record);
		buf_put(&bytes, record, sizeof(record));
	}
	rc = buf_check(&bytes, "catalog", err);
	if (rc == 0)
		rc = write_records(catalog, buf_view(&bytes), err);
	buf_free(&bytes);
	if (rc)
		return -1;
	catalog->records += n;
	for (size_t i = 0; i < n; i++)
		catalog_put(catalog, &entry[i]);
	return 0;
}

int
catalog_begin(struct catalog *catalog, struct err *err)
{
	unsigned char head[RECORD];
	int fd =
	    file_open(catalog->path, O_WRONLY | O_CREAT | O_TRUNC, 0600, err);

	if (fd < 0)
		return -1;
	encode_head(0, head);
	if (file_pwrite(fd, head, sizeof(head), 0, catalog->path, err)) {
		file_drop(&fd);
		return -1;
	}
	return file_close(&fd, catalog->path, err);
}

int
catalog_save(struct catalog *catalog, struct err *err)
{
	unsigned char record[RECORD];
	struct buf bytes;
	int rc;

	buf_init(&bytes, (catalog->n + 2) * RECORD);
	encode_head(catalog->next_ms, record);
	buf_put(&bytes, record, sizeof(record));
	for (size_t i = 0; i < catalog->n; i++) {
		encode(&catalog->entry[i], i + 1, record);
		buf_put(&bytes, record, sizeof(record));
	}
	rc = buf_check(&bytes, "catalog", err);
	if (rc == 0)
		rc = file_replace(catalog->path, buf_view(&bytes), 0600, err);
	buf_free(&bytes);
	if (rc == 0)
		catalog->records = catalog->n;
	return rc;
}

int
catalog_is_worn(const struct catalog *catalog)
{
	return catalog->records > 2 * catalog->n + WORN_RECORDS;
}

/*
 * Runs may have been deleted.  Merged objects are made of what is accounted for;
 * and where the base has gone, everything up to the oldest snapshot went with it.
 */
uint64_t
catalog_raw_end(const struct catalog *catalog, uint32_t epoch)
{
	size_t at = position(catalog, epoch, 0, 0, 0);
	uint64_t end = 0;
	int snapshots = 0;

	for (; at < catalog->n && catalog->entry[at].epoch == epoch; at++) {
		const struct catalog_entry *entry = &catalog->entry[at];

		if (entry->level == CATALOG_OWNER ||
		    (entry->level == STORE_LEVEL_SNAPSHOT && snapshots++ > 0))
			continue;
		if (entry->max_txid > end)
			end = entry->max_txid;
	}
	return end;
}

int64_t
catalog_next(const char *path)
{
	unsigned char head[RECORD];
	struct err err = ERR_INIT;
	int64_t next_ms = 0;
	int fd = file_open(path, O_RDONLY, 0, &err);

	if (fd < 0)
		return 0;
	if (file_pread(fd, head, sizeof(head), 0, path, &err) == 0 &&
	    get64(head + SUMMED) == crc_of(head, 0))
		next_ms = (int64_t)get64(head + 16);
	file_drop(&fd);
	return next_ms;
}

int
catalog_set_next(struct catalog *catalog, int64_t next_ms, struct err *err)
{
	unsigned char head[RECORD];
	int fd;

	if (next_ms == catalog->next_ms)
		return 0;
	fd = file_open(catalog->path, O_WRONLY, 0, err);
	if (fd < 0)
		return -1;
	encode_head(next_ms, head);
	if (file_pwrite(fd, head, sizeof(head), 0, catalog->path, err)) {
		file_drop(&fd);
		return -1;
	}
	catalog->next_ms = next_ms;
	return file_close(&fd, catalog->path, err);
}
