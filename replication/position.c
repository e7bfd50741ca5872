/*
 * A position file is two slots of 4096 bytes.  A slot, little-endian:
 *
 *	0    "RWPOS1\0\0"
 *	8    sequence          u64, one more with every save
 *	16   epoch u32, page size u32, pages u32, flags u32 (1 complete, 2 sealed)
 *	32   txid u64, time i64, shipped u64
 *	56   salt-1, salt-2, frame, checksum-1, checksum-2   u32 each
 *	76   replica u32
 *	80   db:  dev, ino u64; size, mtime, ctime i64
 *	120  wal: the same
 *	160  snapshot txid u64, time i64, bytes i64, bytes since i64
 *	192  CRC-64 of bytes 0..191
 */
#include "replication/position.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replication/ltx.h"
#include "tenants/base/str.h"

#define SLOT_SIZE     4096
#define SLOT_USED     200
#define SLOT_MAGIC    "RWPOS1\0\0"
#define FLAG_COMPLETE 1u
#define FLAG_SEALED   2u

struct position_file {
	int fd;
	char *path;
	int unsynced;
	uint64_t sequence; /* of the slot that is believed */
	uint64_t sequences[POSITION_SLOTS]; /* as found, newest first */
};

/* A cursor over a slot; the same walk writes it and reads it. */
struct cursor {
	unsigned char *p;
	int writing;
};

static void
walk64(struct cursor *c, uint64_t *v)
{
	int i;

	if (c->writing) {
		for (i = 0; i < 8; i++)
			c->p[i] = (unsigned char)(*v >> 8 * i);
	} else {
		*v = 0;
		for (i = 0; i < 8; i++)
			*v |= (uint64_t)c->p[i] << 8 * i;
	}
	c->p += 8;
}

static void
walk_i64(struct cursor *c, int64_t *v)
{
	uint64_t u = (uint64_t)*v;

	walk64(c, &u);
	*v = (int64_t)u;
}

static void
walk32(struct cursor *c, uint32_t *v)
{
	int i;

	if (c->writing) {
		for (i = 0; i < 4; i++)
			c->p[i] = (unsigned char)(*v >> 8 * i);
	} else {
		*v = 0;
		for (i = 0; i < 4; i++)
			*v |= (uint32_t)c->p[i] << 8 * i;
	}
	c->p += 4;
}

static void
walk_id(struct cursor *c, struct file_id *id)
{
	walk64(c, &id->dev);
	walk64(c, &id->ino);
	walk_i64(c, &id->size);
	walk_i64(c, &id->mtime_ns);
	walk_i64(c, &id->ctime_ns);
}

static void
walk_slot(struct cursor *c, uint64_t *sequence, struct position *pos)
{
	uint32_t flags = (pos->complete ? FLAG_COMPLETE : 0) |
			 (pos->sealed ? FLAG_SEALED : 0);

	walk64(c, sequence);
	walk32(c, &pos->epoch);
	walk32(c, &pos->page_size);
	walk32(c, &pos->pages);
	walk32(c, &flags);
	walk64(c, &pos->txid);
	walk_i64(c, &pos->time_ms);
	walk64(c, &pos->shipped);
	walk32(c, &pos->wal.salt[0]);
	walk32(c, &pos->wal.salt[1]);
	walk32(c, &pos->wal.frame);
	walk32(c, &pos->wal.cksum[0]);
	walk32(c, &pos->wal.cksum[1]);
	walk32(c, &pos->replica);
	walk_id(c, &pos->db);
	walk_id(c, &pos->wal_file);
	walk64(c, &pos->snapshot_txid);
	walk_i64(c, &pos->snapshot_ms);
	walk_i64(c, &pos->snapshot_bytes);
	walk_i64(c, &pos->since_bytes);
	pos->complete = (flags & FLAG_COMPLETE) != 0;
	pos->sealed = (flags & FLAG_SEALED) != 0;
}

/* 1 whole, 0 not. */
static int
slot_decode(unsigned char *slot, uint64_t *sequence, struct position *out)
{
	struct cursor c = { slot + 8, 0 };
	struct cursor tail = { slot + SLOT_USED - 8, 0 };
	uint64_t crc;

	if (memcmp(slot, SLOT_MAGIC, 8) != 0)
		return 0;
	walk64(&tail, &crc);
	if (crc != ltx_crc64(0, slot, SLOT_USED - 8))
		return 0;
	memset(out, 0, sizeof(*out));
	walk_slot(&c, sequence, out);
	return 1;
}

/* The whole slots of a file, newest first. */
static int
load(int fd, const char *path, struct position slots[POSITION_SLOTS],
    uint64_t sequences[POSITION_SLOTS], int *n, struct err *err)
{
	unsigned char bytes[POSITION_SLOTS * SLOT_SIZE];
	ssize_t got;
	int i;

	memset(bytes, 0, sizeof(bytes));
	do
		got = pread(fd, bytes, sizeof(bytes), 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(err, "%s: read", path);
	*n = 0;
	for (i = 0; i < POSITION_SLOTS; i++) {
		if (slot_decode(
			bytes + i * SLOT_SIZE, &sequences[*n], &slots[*n]))
			(*n)++;
	}
	if (*n == 2 && sequences[0] < sequences[1]) {
		struct position pos = slots[0];
		uint64_t sequence = sequences[0];

		slots[0] = slots[1];
		slots[1] = pos;
		sequences[0] = sequences[1];
		sequences[1] = sequence;
	}
	return 0;
}

struct position_file *
position_open(const char *path, struct position slots[POSITION_SLOTS], int *n,
    struct err *err)
{
	struct position_file *file = calloc(1, sizeof(*file));

	if (file == NULL || (file->path = strdup(path)) == NULL)
		err_die("out of memory");
	file->fd = file_open(path, O_RDWR | O_CREAT, 0600, err);
	if (file->fd < 0 ||
	    load(file->fd, path, slots, file->sequences, n, err)) {
		position_close(file);
		return NULL;
	}
	if (*n > 0)
		file->sequence = file->sequences[0];
	return file;
}

void
position_believe(struct position_file *file, int which)
{
	file->sequence = file->sequences[which];
}

int
position_save(struct position_file *file, const struct position *position,
    struct err *err)
{
	unsigned char slot[SLOT_SIZE];
	struct position pos = *position;
	uint64_t sequence = file->sequence + 1;
	struct cursor c = { slot + 8, 1 };
	uint64_t crc;

	if (file->unsynced && position_sync(file, err))
		return -1;
	memset(slot, 0, sizeof(slot));
	memcpy(slot, SLOT_MAGIC, 8);
	walk_slot(&c, &sequence, &pos);
	crc = ltx_crc64(0, slot, SLOT_USED - 8);
	walk64(&c, &crc);
	if (file_pwrite(file->fd, slot, sizeof(slot),
		(int64_t)(sequence & 1) * SLOT_SIZE, file->path, err))
		return -1;
	file->sequence = sequence;
	file->unsynced = 1;
	return 0;
}

int
position_is_synced(const struct position_file *file)
{
	return !file->unsynced;
}

void
position_synced(struct position_file *file)
{
	file->unsynced = 0;
}

int
position_sync(struct position_file *file, struct err *err)
{
	if (file_sync(file->fd, file->path, err))
		return -1;
	file->unsynced = 0;
	return 0;
}

void
position_close(struct position_file *file)
{
	if (file == NULL)
		return;
	file_drop(&file->fd);
	free(file->path);
	free(file);
}

int
position_read(const char *path, struct position *out, struct err *err)
{
	struct position slots[POSITION_SLOTS];
	uint64_t sequences[POSITION_SLOTS];
	int fd, n, rc;

	fd = file_open(path, O_RDONLY, 0, err);
	if (fd < 0)
		return -1;
	rc = load(fd, path, slots, sequences, &n, err);
	file_drop(&fd);
	if (rc)
		return -1;
	if (n == 0)
		return err_set(err, ERR_NOT_FOUND, "%s: no position", path);
	*out = slots[0];
	return 0;
}
