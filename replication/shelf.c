#include "replication/shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replication/ltx.h"
#include "tenants/base/file.h"
#include "tenants/base/str.h"

/* Names of one tenant's pieces. */
#define LIST_ARENA ((size_t)64 << 20)

static void
epoch_path(const char *shelf, uint32_t epoch, char out[SHELF_PATH])
{
	if (snprintf(out, SHELF_PATH, "%s/%08x", shelf, epoch) >= SHELF_PATH)
		err_die("%s: path too long", shelf);
}

void
shelf_path(
    const char *shelf, const struct shelf_piece *piece, char out[SHELF_PATH])
{
	if (snprintf(out, SHELF_PATH, "%s/%08x/%d-%016llx-%016llx.ltx", shelf,
		piece->epoch, piece->level, (unsigned long long)piece->min_txid,
		(unsigned long long)piece->max_txid) >= SHELF_PATH)
		err_die("%s: path too long", shelf);
}

int
shelf_take(const char *shelf, const struct store_key *key, const char *from,
    struct err *err)
{
	struct shelf_piece piece = { .epoch = key->epoch,
		.level = key->level,
		.min_txid = key->min_txid,
		.max_txid = key->max_txid };
	char to[SHELF_PATH], dir[SHELF_PATH];

	shelf_path(shelf, &piece, to);
	if (rename(from, to) == 0)
		return 0;
	if (errno == ENOENT) {
		epoch_path(shelf, key->epoch, dir);
		if (file_mkdirs(dir, 0700, err))
			return -1;
		/* What is not there any more is no loss. */
		if (rename(from, to) == 0 || errno == ENOENT)
			return 0;
	}
	return err_sys(err, "%s: rename to %s", from, to);
}

int
shelf_epochs(const char *shelf, struct arena *arena, struct shelf_epochs *out,
    struct err *err)
{
	struct file_names names;
	uint64_t epoch;
	size_t i;

	memset(out, 0, sizeof(*out));
	if (file_list(shelf, arena, &names, err)) {
		if (err->code != ERR_NOT_FOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	out->epoch = arena_array(arena, names.n + 1, sizeof(*out->epoch));
	for (i = 0; i < names.n; i++) {
		if (strlen(names.name[i]) == 8 &&
		    str_hex64(str_of(names.name[i]), &epoch) == 0)
			out->epoch[out->n++] = (uint32_t)epoch;
	}
	return 0;
}

int
shelf_is_empty(const char *shelf)
{
	struct arena *arena = arena_new(LIST_ARENA);
	struct err err = ERR_INIT;
	struct shelf_epochs epochs;
	struct file_names names;
	char dir[SHELF_PATH];
	int empty = shelf_epochs(shelf, arena, &epochs, &err) == 0;

	for (size_t i = 0; empty && i < epochs.n; i++) {
		epoch_path(shelf, epochs.epoch[i], dir);
		empty =
		    file_list(dir, arena, &names, &err) == 0 && names.n == 0;
	}
	arena_free(arena);
	return empty;
}

/* "1-<16 hex>-<16 hex>.ltx"; 0 or -1. */
static int
parse_name(struct str name, struct shelf_piece *piece)
{
	if (name.n != 39 || name.p[0] < '0' || name.p[0] > '9' ||
	    name.p[1] != '-' ||
	    ltx_name_parse(
		str_sub(name, 2, name.n), &piece->min_txid, &piece->max_txid))
		return -1;
	piece->level = name.p[0] - '0';
	return 0;
}

/* 0 where it cannot be read as what its name says. */
static int64_t
read_time(const char *path, const struct shelf_piece *piece)
{
	unsigned char h[LTX_HEADER];
	struct ltx_header header;
	struct err err = ERR_INIT;
	int64_t time_ms = 0;
	int fd = file_open(path, O_RDONLY, 0, &err);

	if (fd < 0)
		return 0;
	if (file_pread(fd, h, sizeof(h), 0, path, &err) == 0 &&
	    ltx_header_parse(h, sizeof(h), path, &header, &err) == 0 &&
	    header.min_txid == piece->min_txid &&
	    header.max_txid == piece->max_txid)
		time_ms = header.time_ms;
	file_drop(&fd);
	return time_ms;
}

static int
by_min(const void *a, const void *b)
{
	const struct shelf_piece *x = a, *y = b;

	if (x->min_txid != y->min_txid)
		return x->min_txid < y->min_txid ? -1 : 1;
	if (x->max_txid != y->max_txid)
		return x->max_txid > y->max_txid ? -1 : 1;
	return y->level - x->level;
}

int
shelf_list(const char *shelf, uint32_t epoch, uint32_t keep,
    struct arena *arena, struct shelf_list *out, struct err *err)
{
	char dir[SHELF_PATH], path[SHELF_PATH + 64];
	struct file_names names;
	struct file_id id;
	size_t i;

	memset(out, 0, sizeof(*out));
	epoch_path(shelf, epoch, dir);
	if (file_list(dir, arena, &names, err))
		return -1;
	out->piece = arena_array(arena, names.n + 1, sizeof(*out->piece));
	for (i = 0; i < names.n; i++) {
		struct shelf_piece *piece = &out->piece[out->n];

		snprintf(path, sizeof(path), "%s/%.60s", dir, names.name[i]);
		piece->epoch = epoch;
		if (parse_name(str_of(names.name[i]), piece)) {
			if (file_remove(path, err))
				return -1;
			continue;
		}
		if (file_identify(path, &id, err))
			return -1;
		piece->time_ms = read_time(path, piece);
		piece->size = id.size;
		out->bytes += id.size;
		out->n++;
	}
	if (names.n == 0 && epoch != keep && rmdir(dir) && errno != ENOENT)
		return err_sys(err, "%s: rmdir", dir);
	if (out->n > 0)
		qsort(out->piece, out->n, sizeof(*out->piece), by_min);
	return 0;
}

int
shelf_remove(
    const char *shelf, const struct shelf_piece *piece, struct err *err)
{
	char path[SHELF_PATH];

	shelf_path(shelf, piece, path);
	return file_remove(path, err);
}
