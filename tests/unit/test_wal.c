/* Reading a real write-ahead log, and refusing one that was tampered with. */
#include "tests/unit/stream_harness.h"

struct log {
	struct db *db;
	struct db_wal index;
	unsigned char *bytes;
	size_t n;
};

static struct log
read_log(struct t *t)
{
	struct log log;
	struct arena *arena = arena_new(64 << 20);
	struct str bytes;
	char path[160];
	int i;

	for (i = 0; i < 3; i++)
		exec(t, "INSERT INTO t(v) VALUES(randomblob(3000))");
	log.db = open_db(t, DB_REPLICATE, 0);
	OK(db_begin_read(log.db, e_));
	OK(db_wal_index(log.db, &log.index, e_));
	snprintf(path, sizeof(path), "%s-wal", t->db_path);
	OK(file_read(path, 32 << 20, arena, &bytes, e_));
	log.n = bytes.n;
	log.bytes = malloc(log.n);
	memcpy(log.bytes, bytes.p, log.n);
	arena_free(arena);
	return log;
}

static void
write_log(struct t *t, const struct log *log)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s-wal", t->db_path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, log->bytes, log->n, 0), log->n);
	close(fd);
}

static void
free_log(struct log *log)
{
	db_close(log->db);
	free(log->bytes);
}

static int
walk(struct log *log, struct err *err)
{
	struct wal_place place;

	if (wal_start(log->db, &log->index, &place, err))
		return -1;
	return wal_walk(
	    log->db, &log->index, &place, log->index.frames, NULL, NULL, err);
}

struct seen {
	uint32_t frames, commits, pages;
};

static int
see(void *arg, const struct wal_frame *frame, struct err *err)
{
	struct seen *seen = arg;

	(void)err;
	assert_int_equal(frame->number, ++seen->frames);
	if (frame->pages != 0) {
		seen->commits++;
		seen->pages = frame->pages;
	}
	return 0;
}

static void
walks_to_what_the_index_calls_committed(void **state)
{
	struct t *t = *state;
	struct log log = read_log(t);
	struct wal_place place, half;
	struct seen seen = { 0 };

	OK(wal_start(log.db, &log.index, &place, e_));
	assert_int_equal(place.frame, 0);
	half = place;
	OK(wal_walk(
	    log.db, &log.index, &place, log.index.frames, see, &seen, e_));
	assert_int_equal(seen.frames, log.index.frames);
	assert_int_equal(seen.pages, log.index.pages);
	/* The table, its index, three rows. */
	assert_true(seen.commits >= 4);
	assert_memory_equal(place.cksum, log.index.cksum, sizeof(place.cksum));
	/* In two steps it is the same place. */
	OK(wal_walk(log.db, &log.index, &half, 2, NULL, NULL, e_));
	OK(wal_walk(
	    log.db, &log.index, &half, log.index.frames, NULL, NULL, e_));
	assert_memory_equal(&half, &place, sizeof(half));
	free_log(&log);
}

static void
every_changed_byte_is_found(void **state)
{
	struct t *t = *state;
	struct log log = read_log(t);
	size_t frame = WAL_FRAME_HEADER + log.index.page_size;
	size_t used = WAL_HEADER + log.index.frames * frame;
	size_t at, step;

	assert_int_equal(walk(&log, &t->err), 0);
	for (at = 0; at < used; at += step) {
		size_t in_frame =
		    at < WAL_HEADER ? 0 : (at - WAL_HEADER) % frame;
		struct err err = ERR_INIT;

		/* All of a header, some of a page. */
		step = in_frame < WAL_FRAME_HEADER ? 1 : 61;
		/* The number of checkpoints is in the header's checksum only. */
		log.bytes[at] ^= 0x10;
		write_log(t, &log);
		if (walk(&log, &err) == 0)
			fail_msg("byte %zu", at);
		assert_int_equal(err.code, ERR_CORRUPT);
		log.bytes[at] ^= 0x10;
	}
	write_log(t, &log);
	assert_int_equal(walk(&log, &t->err), 0);
	free_log(&log);
}

static void
a_frame_that_is_not_the_committed_one_is_refused(void **state)
{
	struct t *t = *state;
	struct log log = read_log(t);
	struct err err = ERR_INIT;
	char want[256];

	log.index.cksum[1] ^= 1;
	assert_int_equal(walk(&log, &err), -1);
	snprintf(want, sizeof(want),
	    "%s-wal: frame %u is not the one that "
	    "was committed",
	    t->db_path, log.index.frames);
	assert_string_equal(err.msg, want);
	log.index.cksum[1] ^= 1;
	log.index.salt[0]++;
	assert_int_equal(walk(&log, &err), -1);
	snprintf(want, sizeof(want),
	    "%s-wal: header is not of the generation "
	    "that the wal-index names",
	    t->db_path);
	assert_string_equal(err.msg, want);
	free_log(&log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    walks_to_what_the_index_calls_committed, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    every_changed_byte_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_frame_that_is_not_the_committed_one_is_refused, setup,
		    teardown),
	};
	struct err err = ERR_INIT;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	log_init("test", LOG_LEVEL_ERROR);
	if (crypto_init(&err))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
