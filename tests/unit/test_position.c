#include "replication/position.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "tests/unit/unit.h"

#define SLOT 4096
#define USED 200

static int syncs;

int
fsync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fsync, fd);
}

/* Every field has a value of its own, made of n. */
static struct position
made_of(uint32_t n)
{
	return (struct position){ .epoch = n + 1,
		.txid = (uint64_t)n << 33 | 2,
		.time_ms = 1795428000123 + n,
		.shipped = n + 4,
		.page_size = 4096,
		.pages = n + 5,
		.wal = { .salt = { n + 6, n + 7 },
		    .frame = n + 8,
		    .cksum = { n + 9, n + 10 } },
		.complete = (int)(n & 1),
		.db = { n + 11, n + 12, n + 13, n + 14, n + 15 },
		.sealed = (int)(n >> 1 & 1),
		.wal_file = { n + 16, n + 17, n + 18, n + 19, n + 20 },
		.snapshot_txid = n + 21,
		.snapshot_ms = n + 22,
		.snapshot_bytes = n + 23,
		.since_bytes = -(int64_t)n };
}

static void
assert_made_of(const struct position *p, uint32_t n)
{
	struct position want = made_of(n);

	assert_int_equal(p->epoch, want.epoch);
	assert_int_equal(p->txid, want.txid);
	assert_int_equal(p->time_ms, want.time_ms);
	assert_int_equal(p->shipped, want.shipped);
	assert_int_equal(p->page_size, want.page_size);
	assert_int_equal(p->pages, want.pages);
	assert_memory_equal(&p->wal, &want.wal, sizeof want.wal);
	assert_int_equal(p->complete, want.complete);
	assert_int_equal(p->sealed, want.sealed);
	assert_true(file_id_eq(&p->db, &want.db));
	assert_true(file_id_eq(&p->wal_file, &want.wal_file));
	assert_int_equal(p->snapshot_txid, want.snapshot_txid);
	assert_int_equal(p->snapshot_ms, want.snapshot_ms);
	assert_int_equal(p->snapshot_bytes, want.snapshot_bytes);
	assert_int_equal(p->since_bytes, want.since_bytes);
}

/* The file as it is after so many saves, each synced. */
static void
save(const char *path, uint32_t from, uint32_t to)
{
	struct position slots[POSITION_SLOTS], position;
	struct err err = ERR_INIT;
	struct position_file *file;
	int n;

	file = position_open(path, slots, &n, &err);
	assert_non_null(file);
	for (; from <= to; from++) {
		position = made_of(from);
		assert_int_equal(position_save(file, &position, &err), 0);
		assert_int_equal(position_sync(file, &err), 0);
	}
	position_close(file);
}

static void
the_two_last_are_kept(void **state)
{
	struct position slots[POSITION_SLOTS], newest;
	struct err err = ERR_INIT;
	struct position_file *file;
	uint32_t i;
	int n;

	(void)state;
	assert_int_equal(position_read("none", &newest, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	for (i = 0; i < 6; i++) {
		save("kept", i, i);
		assert_int_equal(position_read("kept", &newest, &err), 0);
		assert_made_of(&newest, i);
		file = position_open("kept", slots, &n, &err);
		assert_non_null(file);
		assert_int_equal(n, i == 0 ? 1 : 2);
		assert_made_of(&slots[0], i);
		if (i > 0)
			assert_made_of(&slots[1], i - 1);
		position_close(file);
	}
}

/* What a power cut spoils is not believed, and the one before it is there. */
static void
every_damaged_byte_is_found(void **state)
{
	struct position newest;
	struct err err = ERR_INIT;
	unsigned char byte;
	int at, fd;

	(void)state;
	save("spoilt", 1, 2);
	fd = file_open("spoilt", O_RDWR, 0, &err);
	assert_true(fd >= 0);
	/* The second save went into the first slot. */
	for (at = 0; at < USED; at++) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		assert_int_equal(position_read("spoilt", &newest, &err), 0);
		assert_made_of(&newest, 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	assert_int_equal(position_read("spoilt", &newest, &err), 0);
	assert_made_of(&newest, 2);
	assert_int_equal(ftruncate(fd, SLOT), 0);
	assert_int_equal(position_read("spoilt", &newest, &err), 0);
	assert_made_of(&newest, 2);
	assert_int_equal(ftruncate(fd, USED - 1), 0);
	assert_int_equal(position_read("spoilt", &newest, &err), -1);
	assert_err(&err, ERR_NOT_FOUND, "spoilt: no position");
	file_drop(&fd);
}

static void
the_one_that_is_not_believed_is_overwritten(void **state)
{
	struct position slots[POSITION_SLOTS], position = made_of(3);
	struct err err = ERR_INIT;
	struct position_file *file;
	int n;

	(void)state;
	save("believed", 1, 2);
	file = position_open("believed", slots, &n, &err);
	assert_non_null(file);
	position_believe(file, 1);
	assert_int_equal(position_save(file, &position, &err), 0);
	position_close(file);
	file = position_open("believed", slots, &n, &err);
	assert_non_null(file);
	assert_int_equal(n, 2);
	assert_made_of(&slots[0], 3);
	assert_made_of(&slots[1], 1);
	position_close(file);
}

/* Or both slots would be in doubt at once. */
static void
a_second_save_syncs_the_first(void **state)
{
	struct position slots[POSITION_SLOTS], position = made_of(1);
	struct err err = ERR_INIT;
	struct position_file *file;
	int n;

	(void)state;
	file = position_open("synced", slots, &n, &err);
	assert_non_null(file);
	assert_int_equal(n, 0);
	syncs = 0;
	assert_int_equal(position_save(file, &position, &err), 0);
	assert_int_equal(syncs, 0);
	assert_int_equal(position_save(file, &position, &err), 0);
	assert_int_equal(syncs, 1);
	/* The tick's syncfs() did it meanwhile. */
	position_synced(file);
	assert_int_equal(position_save(file, &position, &err), 0);
	assert_int_equal(syncs, 1);
	position_close(file);
}

static int
enter(void **state)
{
	(void)state;
	return unit_scratch();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_two_last_are_kept),
		cmocka_unit_test(every_damaged_byte_is_found),
		cmocka_unit_test(the_one_that_is_not_believed_is_overwritten),
		cmocka_unit_test(a_second_save_syncs_the_first),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("position", tests, enter, NULL);
}
