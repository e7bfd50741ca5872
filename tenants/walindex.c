/*
 * The wal-index header (SQLite, wal.c, "WAL-INDEX FORMAT"), which begins the
 * first 32 KiB block of the -shm file.  All in the host's byte order, but for
 * the salts, which are the eight bytes of the WAL file's header as they are:
 *
 *	 0  u32  iVersion	3007000
 *	 4  u32  unused
 *	 8  u32  iChange	one more with each commit; 0 after a recovery
 *	12  u8   isInit
 *	13  u8   bigEndCksum
 *	14  u16  szPage		1 means 65536
 *	16  u32  mxFrame	last committed frame
 *	20  u32  nPage		size of the database in pages
 *	24  u32  aFrameCksum[2]	of frame mxFrame
 *	32  u8   aSalt[8]
 *	40  u32  aCksum[2]	of bytes 0 … 39
 *	48       the same 48 bytes again
 *	96  u32  nBackfill	frames copied into the database file
 *
 * A writer, who holds the write lock, fills the second copy, then the first;
 * a reader takes the first, then the second, and believes them when they are
 * equal.  SQLite itself reads it so, without a lock.
 *
 * Which WAL a commit went into
 * ----------------------------
 * The hook on COMMIT tells the number of the frame (n) but not the salts of
 * the WAL it is in, and the lock is gone when it runs.  So we look twice:
 * before COMMIT, under the write lock (S0, mxFrame M0, nBackfill B0, iChange
 * C0), and after it (S1, M1, C1), when others may have committed, made a
 * checkpoint and restarted the WAL.  A restart raises salt-1 by one and makes
 * salt-2 a new random number.
 *
 *  a. S1 = S0: no restart lies between.  The salts are S0.
 *  b. C1 = C0 + 1 and M1 = n: ours is the only commit between, and the index
 *     shows it, since a restart after it would show mxFrame 0 until the next
 *     commit.  The salts are S1, whether COMMIT restarted the WAL or began an
 *     empty one (which may draw both salts anew).
 *  c. salt-1 went up by exactly one, and 0 < n <= M0: had our frames been
 *     appended, n would be more than M0.  So the one restart was ours, and the
 *     salts are S1.
 *  d. B0 < M0: a writer restarts the WAL only when it began on a WAL that was
 *     copied completely (walRestartLog: read lock 0), and nBackfill never
 *     goes down between restarts.  So we appended: the salts are S0.
 *
 * Everything else is not certain.  The remaining gap in (b) is a recovery,
 * which sets iChange to 0: it needs a writer killed within the instructions
 * that publish a commit, between our COMMIT and our look, and C0 + 1 commits
 * after it.  The cost would be a time that is off for one commit, never data.
 */
#include "tenants/walindex.h"

#include <endian.h>
#include <sched.h>
#include <string.h>

#define HEADER_WORDS  12 /* 48 bytes, twice */
#define BACKFILL_WORD 24
#define BLOCK         32768
#define VERSION       3007000
#define TRIES         64
#define TRIES_AT_ONCE 8

static void
copy(const uint32_t *from, uint32_t to[HEADER_WORDS])
{
	int i;

	for (i = 0; i < HEADER_WORDS; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* SQLite's walChecksumBytes(), in the host's own byte order. */
static int
checksum_ok(const uint32_t head[HEADER_WORDS])
{
	uint32_t s0 = 0, s1 = 0;
	int i;

	for (i = 0; i < HEADER_WORDS - 2; i += 2) {
		s0 += head[i] + s1;
		s1 += head[i + 1] + s0;
	}
	return s0 == head[HEADER_WORDS - 2] && s1 == head[HEADER_WORDS - 1];
}

int
walindex_read(sqlite3 *handle, struct db_wal *out, struct err *err)
{
	uint32_t head[HEADER_WORDS], again[HEADER_WORDS];
	unsigned char bytes[sizeof(head)];
	volatile void *block = NULL;
	sqlite3_file *file = NULL;
	const uint32_t *words;
	uint16_t size;
	int i, rc;

	rc = sqlite3_file_control(
	    handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	if (rc == SQLITE_OK &&
	    (file->pMethods == NULL || file->pMethods->iVersion < 2 ||
		file->pMethods->xShmMap == NULL))
		rc = SQLITE_NOTFOUND;
	if (rc == SQLITE_OK)
		rc = file->pMethods->xShmMap(file, 0, BLOCK, 0, &block);
	if (rc != SQLITE_OK || block == NULL)
		return err_set(err, ERR_SYSTEM,
		    "wal-index: it is not mapped (%s)", sqlite3_errstr(rc));

	words = (const uint32_t *)(uintptr_t)block;
	for (i = 0;; i++) {
		copy(words, head);
		copy(words + HEADER_WORDS, again);
		if (memcmp(head, again, sizeof(head)) == 0)
			break;
		if (i == TRIES)
			return err_set(err, ERR_BUSY,
			    "wal-index: its two copies do not agree");
		if (i >= TRIES_AT_ONCE)
			sched_yield();
	}
	memcpy(bytes, head, sizeof(bytes));
	if (head[0] != VERSION || bytes[12] == 0 || !checksum_ok(head))
		return err_set(
		    err, ERR_CORRUPT, "wal-index: its header is not valid");

	memcpy(&size, &bytes[14], sizeof(size));
	out->change = head[2];
	out->page_size = size == 1 ? 65536 : size;
	out->frames = head[4];
	out->pages = head[5];
	out->cksum[0] = head[6];
	out->cksum[1] = head[7];
	out->salt[0] = be32toh(head[8]);
	out->salt[1] = be32toh(head[9]);
	out->big_endian = bytes[13];
	out->backfilled =
	    __atomic_load_n(&words[BACKFILL_WORD], __ATOMIC_ACQUIRE);
	return 0;
}

int
walindex_commit_salts(const struct db_wal *before, const struct db_wal *after,
    uint32_t frame, uint32_t salt[2])
{
	int same = before->salt[0] == after->salt[0] &&
		   before->salt[1] == after->salt[1];
	const struct db_wal *in = NULL;

	if (same && frame > before->frames)
		in = before; /* a */
	else if (after->change == before->change + 1 && after->frames == frame)
		in = after; /* b */
	else if (after->salt[0] == before->salt[0] + 1 && frame > 0 &&
		 frame <= before->frames)
		in = after; /* c */
	else if (before->backfilled < before->frames && frame > before->frames)
		in = before; /* d */
	if (in == NULL)
		return -1;
	salt[0] = in->salt[0];
	salt[1] = in->salt[1];
	return 0;
}
