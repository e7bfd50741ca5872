#include "replication/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replication/ltx.h"
#include "replication/restore_fetch.h"
#include "replication/restore_write.h"
#include "tenants/base/clock.h"
#include "tenants/base/disk.h"
#include "tenants/base/file.h"
#include "tenants/base/size.h"
#include "tenants/base/thread.h"
#include "tenants/db.h"

/*
 * FROM OBJECTS TO A FILE
 *
 * The objects are fetched ahead, and applied one after the other, each page to
 * its place, into a file that has no name yet that anybody would open.  Nothing of an object is
 * believed before its checksum was; but pages may be written before, for what
 * was written is thrown away where the verdict is bad.
 *
 * That a page is missing where a database grew shows in no object by itself
 * and in no stock check: each object must bring every page above the size
 * that the database had before it (R6).  Below, every page is there because
 * the first object is a snapshot, which the reader knows to be whole.
 *
 * In the end SQLite reads the file, by its own rules, and may not have changed
 * it: page 1 says WAL, and WAL mode is what it is opened in.
 */
#define CHECK_KIB 16000 /* page cache of the quick_check */

struct build {
	struct store *store;
	struct restore_target *target;
	const struct restore_plan *plan;
	char temp[PATH_MAX];
	int fd;
	int ours; /* temp is: the lock on it is held */

	uint32_t page_size;
	uint32_t commit; /* size after the objects before this one */
	uint64_t txid; /* the last one of them */

	/* the object at hand */
	const struct store_object *object;
	char name[STORE_KEY_TEXT];
	struct ltx_reader *reader;
	int begun;
	uint32_t next_new; /* of the pages above commit, the one to come */

	/* pages side by side that were not written yet, in its buffer */
	struct restore_write *write;
	uint32_t run_first;
	size_t run_n;

	int64_t done, total;
};

static int64_t
final_size(const struct restore_plan *plan)
{
	return (int64_t)plan->pages * plan->page_size;
}

static int
flush(struct build *b, struct err *err)
{
	int64_t at = ((int64_t)b->run_first - 1) * b->page_size;
	size_t n = b->run_n;

	b->run_n = 0;
	return n > 0 ? restore_write_put(b->write, n, at, err) : 0;
}

static int
begin_object(struct build *b, const struct ltx_header *header, struct err *err)
{
	const struct store_key *key = &b->object->key;

	b->begun = 1;
	b->next_new = ltx_next_page(b->commit, header->page_size);
	if (header->min_txid != key->min_txid ||
	    header->max_txid != key->max_txid)
		return err_set(err, ERR_CORRUPT,
		    "%s: header: holds TXIDs %llu to %llu", b->name,
		    (unsigned long long)header->min_txid,
		    (unsigned long long)header->max_txid);
	/* 0 from others than us, or a number of their own. */
	if (header->node != 0 && key->epoch != 0 && header->node != key->epoch)
		return err_set(err, ERR_CORRUPT,
		    "%s: header: is of epoch %08llx", b->name,
		    (unsigned long long)header->node);
	if (b->page_size == 0)
		b->page_size = header->page_size;
	if (header->page_size != b->page_size)
		return err_set(err, ERR_CORRUPT,
		    "%s: header: pages of %u bytes follow pages of %u", b->name,
		    header->page_size, b->page_size);
	return 0;
}

static int
missing(const struct build *b, uint32_t commit, struct err *err)
{
	return err_set(err, ERR_CORRUPT,
	    "%s: page %u is missing, and the database grows from %u pages to "
	    "%u",
	    b->name, b->next_new, b->commit, commit);
}

static int
take_page(void *arg, const struct ltx_header *header, uint32_t pgno,
    const void *page, struct err *err)
{
	struct build *b = arg;

	if (!b->begun && begin_object(b, header, err) != 0)
		return -1;
	if (pgno > b->commit) {
		if (pgno != b->next_new)
			return missing(b, header->commit, err);
		b->next_new = ltx_next_page(pgno, b->page_size);
	}
	if (b->run_n > 0 &&
	    (pgno != b->run_first + b->run_n / b->page_size ||
		b->run_n + b->page_size > RESTORE_WRITE_MAX) &&
	    flush(b, err) != 0)
		return -1;
	if (b->run_n == 0)
		b->run_first = pgno;
	memcpy(restore_write_buffer(b->write) + b->run_n, page, b->page_size);
	b->run_n += b->page_size;
	return 0;
}

/* After the last byte: is the object whole, and all that it had to bring? */
static int
end_object(struct build *b, struct err *err)
{
	const struct ltx_header *header;

	if (ltx_reader_finish(b->reader, err) != 0)
		return -1;
	header = ltx_reader_header(b->reader);
	if (!b->begun && begin_object(b, header, err) != 0)
		return -1;
	if (b->next_new <= header->commit)
		return missing(b, header->commit, err);
	b->commit = header->commit;
	b->txid = header->max_txid;
	return flush(b, err);
}

static int
begin(struct build *b, size_t i, struct err *err)
{
	b->object = &b->plan->objects[i];
	b->begun = 0;
	store_key_text(&b->object->key, b->name);
	if (b->object->key.min_txid > b->txid + 1)
		return err_set(err, ERR_NOT_FOUND,
		    "%s: TXID %llu is missing before it", b->name,
		    (unsigned long long)b->txid + 1);
	b->reader = ltx_reader_new(b->name, take_page, b);
	return 0;
}

/* A restore_fetch's. */
static int
take_bytes(
    void *arg, size_t i, const void *p, size_t n, int last, struct err *err)
{
	struct build *b = arg;

	if (!b->reader && begin(b, i, err) != 0)
		return -1;
	if (ltx_reader_push(b->reader, p, n, err) != 0)
		return -1;
	if (!last)
		return 0;
	if (end_object(b, err) != 0)
		return -1;
	ltx_reader_free(b->reader);
	b->reader = NULL;
	return 0;
}

static void
note_bytes(void *arg, int64_t n)
{
	struct build *b = arg;

	b->done += n;
	if (b->target->progress)
		b->target->progress(b->done, b->total, b->target->arg);
}

static int
apply_all(struct build *b, struct err *err)
{
	const struct restore_fetch fetch = { .store = b->store,
		.objects = b->plan->objects,
		.n = b->plan->n,
		.memory = b->target->memory,
		.take = take_bytes,
		.progress = note_bytes,
		.arg = b };
	size_t failed;
	int rc = restore_fetch(&fetch, &failed, err);

	ltx_reader_free(b->reader);
	b->reader = NULL;
	if (failed < b->plan->n)
		b->target->failed = &b->plan->objects[failed];
	return rc == 0 ? restore_write_wait(b->write, err) : -1;
}

/* --- the file ---------------------------------------------------------------- */

/* SQLite would replay what lies beside a file under such a name. */
static int
check_clear(const char *path, struct err *err)
{
	static const char *const names[] = { "", "-wal", "-shm", "-journal" };
	char there[PATH_MAX];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		int rc;

		snprintf(there, sizeof there, "%.*s%s", PATH_MAX - 32, path,
		    names[i]);
		rc = file_exists(there, err);
		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		err_set(err, ERR_CONFLICT, "%s is there already", there);
		return err_hint(err, "nothing is overwritten: move it away");
	}
	return 0;
}

static int
clear_companions(const struct build *b, struct err *err)
{
	static const char *const names[] = { "-wal", "-shm", "-journal" };
	char other[PATH_MAX];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(other, sizeof other, "%.*s%s", PATH_MAX - 32, b->temp,
		    names[i]);
		if (file_remove(other, err) != 0)
			return -1;
	}
	return 0;
}

/* What an earlier attempt left is used again; what another is at is not. */
static int
open_temp(struct build *b, struct err *err)
{
	struct stat mine, named;

	b->fd = file_open(b->temp, O_RDWR | O_CREAT | O_NOFOLLOW, 0660, err);
	if (b->fd < 0)
		return -1;
	if (flock(b->fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, "cannot lock %s", b->temp);
		goto busy;
	}
	if (fstat(b->fd, &mine) != 0)
		return err_sys(err, "cannot look at %s", b->temp);
	if (stat(b->temp, &named) != 0 || mine.st_ino != named.st_ino ||
	    mine.st_dev != named.st_dev)
		goto busy;
	b->ours = 1;
	if (ftruncate(b->fd, 0) != 0)
		return err_sys(err, "cannot write %s", b->temp);
	/* In one place, where the file system can; where not, it is as good. */
	(void)fallocate(b->fd, 0, 0, (off_t)final_size(b->plan));
	return clear_companions(b, err);
busy:
	file_drop(&b->fd);
	return err_set(err, ERR_BUSY, "%s: another process builds it", b->temp);
}

/* Of a database in WAL mode, of this page size? */
static int
check_page_1(const struct build *b, struct err *err)
{
	static const char magic[16] = "SQLite format 3";
	unsigned char head[100];
	uint32_t page_size;

	if (file_pread(b->fd, head, sizeof head, 0, b->temp, err) != 0)
		return -1;
	page_size = (uint32_t)head[16] << 8 | head[17];
	if (page_size == 1)
		page_size = 65536;
	if (memcmp(head, magic, sizeof magic) != 0 || page_size != b->page_size)
		return err_set(err, ERR_CORRUPT,
		    "%s: what was restored is no database with pages of %u "
		    "bytes",
		    restore_name(b->plan->slug), b->page_size);
	if (head[18] != 2 || head[19] != 2)
		return err_set(err, ERR_CORRUPT,
		    "%s: what was restored is not in WAL mode",
		    restore_name(b->plan->slug));
	return 0;
}

/* SQLite's own opinion.  Its locks go when it closes, ours is of another kind. */
static int
quick_check(struct build *b, struct err *err)
{
	const struct db_opts opts = {
		.path = b->temp, .role = DB_TOOL, .cache_kib = CHECK_KIB
	};
	struct file_id before, after;
	struct db *db;
	int rc = -1;

	if (file_identify(b->temp, &before, err) != 0)
		return -1;
	db = db_open(&opts, err);
	if (db && db_quick_check(db, err) == 0)
		rc = 0;
	db_close(db);
	if (rc != 0)
		return err_wrap(
		    err, "%s: what was restored", restore_name(b->plan->slug));
	if (file_identify(b->temp, &after, err) != 0)
		return -1;
	if (!file_id_eq(&before, &after))
		return err_set(err, ERR_SYSTEM,
		    "%s was changed by somebody while it was checked", b->temp);
	return clear_companions(b, err);
}

struct sync {
	const struct build *b;
	int64_t done_ms;
	struct err err;
};

static void *
sync_file(void *arg)
{
	struct sync *sync = arg;

	(void)file_sync(sync->b->fd, sync->b->temp, &sync->err);
	sync->done_ms = clock_mono_ms();
	return NULL;
}

/* SQLite reads what was written while the disk still writes it. */
static int
sync_and_check(struct build *b, struct err *err)
{
	struct sync sync = { .b = b, .err = ERR_INIT };
	int64_t checked_ms;
	pthread_t thread;
	int rc;

	if (thread_start(&thread, sync_file, &sync, err) != 0)
		return -1;
	rc = quick_check(b, err);
	checked_ms = clock_mono_ms();
	if (pthread_join(thread, NULL) != 0)
		err_die("restore: join");
	b->target->check_ms =
	    checked_ms > sync.done_ms ? checked_ms - sync.done_ms : 0;
	if (sync.err.code != ERR_NONE) {
		*err = sync.err;
		rc = -1;
	}
	return rc;
}

static int
finish(struct build *b, struct err *err)
{
	off_t size = (off_t)b->commit * b->page_size;

	if (b->txid != b->plan->txid)
		return err_set(err, ERR_NOT_FOUND,
		    "%s: the objects lead to TXID %llu, not %llu",
		    restore_name(b->plan->slug), (unsigned long long)b->txid,
		    (unsigned long long)b->plan->txid);
	if (ftruncate(b->fd, size) != 0)
		return err_sys(err, "cannot write %s", b->temp);
	if (check_page_1(b, err) != 0 || sync_and_check(b, err) != 0 ||
	    check_clear(b->target->path, err) != 0 ||
	    file_rename_new(b->temp, b->target->path, err) != 0)
		return -1;
	b->target->page_size = b->page_size;
	b->target->pages = b->commit;
	return 0;
}

static void
throw_away(struct build *b)
{
	struct err ignored = ERR_INIT;

	(void)clear_companions(b, &ignored);
	(void)unlink(b->temp);
}

/* What an attempt that was killed left there is room. */
static int
check_room(const struct build *b, struct err *err)
{
	int64_t size = final_size(b->plan);
	char needed[SIZE_TEXT], room[SIZE_TEXT];
	struct disk disk;
	struct stat left;

	if (disk_look(b->target->path, &disk, err) != 0)
		return -1;
	if (stat(b->temp, &left) == 0)
		disk.free += (int64_t)left.st_blocks * 512;
	size += size / RESTORE_RESERVE;
	if (size <= disk.free)
		return 0;
	err_set(err, ERR_FULL, "%s needs %s, and %s is free there",
	    b->target->path, size_text(size, needed),
	    size_text(disk.free, room));
	return err_hint(err, "nothing was begun: make room on that disk");
}

int
restore_build(struct store *store, const struct restore_plan *plan,
    struct restore_target *target, struct err *err)
{
	struct build b = { .store = store,
		.target = target,
		.plan = plan,
		.fd = -1,
		.total = plan->bytes };
	int n, rc = -1;

	n = snprintf(b.temp, sizeof b.temp, "%s" RESTORE_SUFFIX, target->path);
	if (n < 0 || n >= PATH_MAX - 32)
		return err_set(err, ERR_INPUT, "a path of %zu bytes",
		    strlen(target->path));
	target->failed = NULL;
	if (check_clear(target->path, err) != 0 || check_room(&b, err) != 0)
		return -1;
	rc = open_temp(&b, err);
	if (rc == 0) {
		b.write = restore_write_new(b.fd, b.temp);
		rc = apply_all(&b, err);
		restore_write_free(b.write);
	}
	if (rc == 0)
		rc = finish(&b, err);
	if (rc != 0 && b.ours)
		throw_away(&b);
	file_drop(&b.fd);
	return rc;
}
