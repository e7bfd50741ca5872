#include "tests/unit/ltx_files.h"

#include <sys/resource.h>

/* --- damage ---------------------------------------------------------------- */

/*
 * Blocks of noise are literals, so that no bit of the file can change without
 * a change in what it says; but for one place.  The first byte of a block is
 * a token, its low half the length of a match, and where the last literals
 * follow there is no match: LZ4 does not look at it.
 */
static void
every_damaged_byte_is_found(void **state)
{
	enum { PAGES = 3, BLOCK = 512 + 3, FRAME = LTX_PAGE_HEADER + BLOCK };
	struct ltx_header header = header_of(512, 9, 2, 3);
	struct got good = { 0 };
	struct err err = ERR_INIT;
	unsigned char *bytes;
	size_t n, meaningless = 0;

	(void)state;
	bytes = make(&header, 2, 3, NOISE, &n);
	assert_int_equal(read_in(bytes, n, n, &good, &err), 0);
	for (size_t bit = 0; bit < 8 * n; bit++) {
		size_t at = bit / 8, in_frame = (at - LTX_HEADER) % FRAME;
		unsigned char flip = (unsigned char)(1 << bit % 8);
		struct got got = { 0 };

		bytes[at] ^= flip;
		if (read_in(bytes, n, n, &got, &err) == 0) {
			assert_int_equal(in_frame, LTX_PAGE_HEADER);
			assert_true(flip <= 8 && got.sum == good.sum);
			meaningless++;
		} else {
			assert_int_equal(err.code, ERR_CORRUPT);
			assert_int_equal(
			    strncmp(err.msg, NAME ": ", strlen(NAME ": ")), 0);
		}
		bytes[at] ^= flip;
	}
	assert_int_equal(meaningless, 4 * PAGES);
	free(bytes);
}

/*
 * Of a page that compresses a block can be written in more than one way, so a
 * change there is either found or means the same.
 */
static void
no_damage_changes_a_page(void **state)
{
	struct ltx_header header = header_of(512, 9, 2, 3);
	struct got good = { 0 };
	struct err err = ERR_INIT;
	unsigned char *bytes;
	size_t n;

	(void)state;
	bytes = make(&header, 2, 3, TEXT, &n);
	assert_int_equal(read_in(bytes, n, n, &good, &err), 0);
	for (size_t at = 0; at < n; at++) {
		for (int value = 0; value < 256; value += 15) {
			unsigned char was = bytes[at];
			struct got got = { 0 };

			bytes[at] = (unsigned char)value;
			if (read_in(bytes, n, n, &got, &err) == 0)
				assert_true(got.sum == good.sum);
			bytes[at] = was;
		}
	}
	free(bytes);
}

static void
cut_anywhere(void **state)
{
	static const struct {
		size_t at;
		const char *message;
	} cases[] = {
		{ 0, NAME ": ends after 0 bytes, in the header" },
		{ 99, NAME ": ends after 99 bytes, in the header" },
		{ 100, NAME ": ends after 100 bytes, after page 0" },
		{ 108, NAME ": ends after 108 bytes, in page 2" },
		{ 121, NAME ": ends after 121 bytes, in page 2" },
		{ 122, NAME ": ends after 122 bytes, after page 2" },
		{ 152, NAME ": ends after 152 bytes, in the index or trailer" },
		{ 180, NAME ": ends after 180 bytes, in the index or trailer" },
	};
	unsigned char longer[sizeof(golden) + 1];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t n = 0; n < sizeof(golden); n++) {
		struct got got = { 0 };

		assert_int_equal(read_in(golden, n, 1, &got, &err), -1);
		assert_int_equal(err.code, ERR_CORRUPT);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct got got = { 0 };

		assert_int_equal(
		    read_in(golden, cases[i].at, 50, &got, &err), -1);
		assert_string_equal(err.msg, cases[i].message);
	}
	memcpy(longer, golden, sizeof(golden));
	longer[sizeof(golden)] = 0;
	assert_refused(
	    longer, sizeof(longer), NAME ": goes on after its end at byte 181");
}

static void
what_is_wrong_is_said(void **state)
{
	static const struct {
		size_t at, n;
		const char *bytes;
		const char *message;
	} cases[] = {
		{ 0, 4, "LTX4", "header: does not begin with LTX1" },
		{ 4, 4, "\0\0\0\0",
		    "header: flags 0x0 where only 0x2 is understood" },
		{ 4, 4, "\0\0\0\3",
		    "header: flags 0x3 where only 0x2 is understood" },
		{ 8, 4, "\0\0\1\0",
		    "header: page size 256 is not a power of two from 512 "
		    "to 65536" },
		{ 8, 4, "\0\0\3\0",
		    "header: page size 768 is not a power of two from 512 "
		    "to 65536" },
		{ 8, 4, "\0\2\0\0",
		    "header: page size 131072 is not a power of two from 512 "
		    "to 65536" },
		{ 8, 4, "\0\0\0\0",
		    "header: page size 0 is not a power of two from 512 to "
		    "65536" },
		{ 12, 4, "\0\0\0\0", "header: a database of no pages" },
		{ 16, 8, "\0\0\0\0\0\0\0\0",
		    "header: TXIDs 0 to 3 are not a range" },
		{ 16, 8, "\0\0\0\0\0\0\0\4",
		    "header: TXIDs 4 to 3 are not a range" },
		{ 32, 8, "\xff\xff\xff\xff\xff\xff\xff\xff",
		    "header: the time -1 ms is not one" },
		{ 40, 8, "\x80\0\0\0\0\0\0\0",
		    "header: a database checksum where flags say none" },
		{ 48, 8, "\0\0\0\0\0\0\0\0",
		    "header: WAL offset 0 with size 1072" },
		{ 48, 8, "\xff\0\0\0\0\0\0\0",
		    "header: WAL offset -72057594037927936 with size 1072" },
		{ 99, 1, "\1", "header: reserved bytes are not zero" },
		{ 100, 4, "\0\0\0\6", "page 6 in a database of 5" },
		{ 122, 4, "\0\0\0\2", "page 2 after page 2" },
		{ 122, 4, "\0\0\0\1", "page 1 after page 2" },
		{ 100, 6, "\0\0\0\0\0\1", "page 0 after page 0" },
		{ 104, 2, "\0\3", "page 2: flags 0x3" },
		{ 106, 4, "\0\0\0\0", "page 2: a block of 0 bytes" },
		{ 106, 4, "\0\0\2\x13", "page 2: a block of 531 bytes" },
		{ 106, 4, "\xff\xff\xff\xff",
		    "page 2: a block of 4294967295 bytes" },
		{ 106, 4, "\0\0\0\xb",
		    "page 2: does not decompress to 512 bytes" },
		{ 114, 2, "\0\0", "page 2: does not decompress to 512 bytes" },
		{ 114, 2, "\2\0", "page 2: does not decompress to 512 bytes" },
		{ 115, 1, "\xff", "page 2: does not decompress to 512 bytes" },
		{ 150, 1, "\1", "the index does not describe the 2 pages" },
		{ 154, 1, "\x79", "the index does not describe the 2 pages" },
		{ 156, 1, "\7",
		    "the index of 2 pages does not end where it must" },
		{ 157, 8, "\xff\xff\xff\xff\xff\xff\xff\xff",
		    "the index of 2 pages does not end where it must" },
		{ AT_TRAILER, 1, "\x80",
		    "trailer: a database checksum where flags say none" },
		{ AT_TRAILER + 8, 8, "\x39\x96\xd3\x0b\x30\x82\xb3\xe9",
		    "checksum 3996d30b3082b3e9 where the content has "
		    "b996d30b3082b3e9" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char bytes[sizeof(golden)];
		char message[256];

		memcpy(bytes, golden, sizeof(golden));
		memcpy(bytes + cases[i].at, cases[i].bytes, cases[i].n);
		snprintf(
		    message, sizeof(message), NAME ": %s", cases[i].message);
		assert_refused(bytes, sizeof(bytes), message);
	}
}

static void
frames_of_older_litestream(void **state)
{
	unsigned char bytes[sizeof(golden)];
	struct got got = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	memcpy(bytes, golden, sizeof(golden));
	bytes[105] = 0;
	memcpy(bytes + 106, "\x04\x22\x4d\x18", 4);
	assert_int_equal(read_in(bytes, sizeof(bytes), 64, &got, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_string_equal(err.msg,
	    NAME ": page 2: an LZ4 frame, as Litestream 0.5.0 to 0.5.15 wrote "
		 "them, is not understood");
	assert_string_equal(err.hint,
	    "restore it with Litestream, or let 0.5.16 or later write a new "
	    "snapshot");
}

static void
snapshot_must_be_whole(void **state)
{
	unsigned char bytes[sizeof(golden)];

	(void)state;
	memcpy(bytes, golden, sizeof(golden));
	bytes[23] = 1; /* min TXID */
	assert_refused(bytes, sizeof(bytes),
	    NAME ": page 1 is missing from a snapshot of 5");
	bytes[103] = 1; /* the first page */
	assert_refused(bytes, sizeof(bytes),
	    NAME ": page 2 is missing from a snapshot of 5");
	bytes[125] = 2; /* the second */
	assert_refused(bytes, sizeof(bytes),
	    NAME ": page 3 is missing from a snapshot of 5");
}

static void
lock_page_is_refused(void **state)
{
	unsigned char bytes[sizeof(golden)];

	(void)state;
	memcpy(bytes, golden, sizeof(golden));
	memcpy(bytes + 8, "\0\1\0\0", 4); /* page size 65536 */
	memcpy(bytes + 12, "\0\1\0\0", 4); /* commit */
	memcpy(bytes + 100, "\0\0\x40\1", 4);
	assert_refused(
	    bytes, sizeof(bytes), NAME ": page 16385 is the lock page");
}

static void
errors_of_the_callback_pass(void **state)
{
	struct got got = { .refuse = 5 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(read_in(golden, sizeof(golden), 64, &got, &err), -1);
	assert_int_equal(err.code, ERR_FULL);
	assert_string_equal(err.msg, "no room");
}

static void
header_alone(void **state)
{
	struct ltx_reader *r;
	struct ltx_header header;
	struct got got = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    ltx_header_parse(golden, LTX_HEADER, NAME, &header, &err), 0);
	assert_int_equal(header.max_txid, 3);
	assert_int_equal(ltx_header_parse(golden, 42, NAME, &header, &err), -1);
	assert_string_equal(
	    err.msg, NAME ": ends after 42 bytes, in the header");

	r = ltx_reader_new(NAME, on_page, &got);
	assert_int_equal(ltx_reader_push(r, golden, 99, &err), 0);
	assert_null(ltx_reader_header(r));
	assert_int_equal(ltx_reader_push(r, golden + 99, 1, &err), 0);
	assert_int_equal(ltx_reader_header(r)->commit, 5);
	ltx_reader_free(r);
	ltx_reader_free(NULL);
	ltx_writer_free(NULL);
}

/* --- the writer's promises --------------------------------------------------- */

static void
full_disk_is_said(void **state)
{
	struct ltx_header header = header_of(4096, 9, 2, 2);
	struct ltx_writer *w;
	struct err err = ERR_INIT;
	unsigned char page[4096] = { 0 };
	int64_t size;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	w = ltx_writer_new(fd, "spool/x.ltx", &header);
	assert_int_equal(ltx_writer_page(w, 3, page, &err), 0);
	assert_int_equal(ltx_writer_finish(w, &size, &err), -1);
	assert_int_equal(err.code, ERR_FULL);
	assert_string_equal(
	    err.msg, "cannot write spool/x.ltx: No space left on device");
	ltx_writer_free(w);
	close(fd);
}

static void
write_pages(const struct ltx_header *header, const uint32_t *pgno)
{
	struct ltx_writer *w = ltx_writer_new(-1, "scratch", header);
	struct err err = ERR_INIT;
	unsigned char page[512] = { 0 };
	int64_t size;

	for (; *pgno != 0; pgno++)
		(void)ltx_writer_page(w, *pgno, page, &err);
	(void)ltx_writer_finish(w, &size, &err);
	ltx_writer_free(w);
}

static void
wrong_pages_are_assertions(void **state)
{
	static const struct {
		uint32_t size, commit;
		uint64_t min;
		uint32_t pgno[4];
		int dies;
	} cases[] = {
		{ 512, 3, 2, { 1, 3, 0 }, 0 },
		{ 512, 3, 2, { 3, 1, 0 }, 1 },
		{ 512, 3, 2, { 2, 2, 0 }, 1 },
		{ 512, 3, 2, { 4, 0 }, 1 },
		{ 512, 3, 1, { 1, 2, 3, 0 }, 0 },
		{ 512, 3, 1, { 1, 2, 0 }, 1 },
		{ 512, 3, 1, { 1, 3, 0 }, 1 },
		{ 512, 3, 1, { 2, 3, 0 }, 1 },
		{ 512, 3000000, 2, { 2097153, 0 }, 1 },
		{ 513, 3, 2, { 1, 0 }, 1 },
		{ 512, 0, 2, { 0 }, 1 },
		{ 512, 3, 0, { 1, 0 }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ltx_header header = header_of(
		    cases[i].size, cases[i].commit, cases[i].min, cases[i].min);
		pid_t pid = fork();
		int status = 0;

		assert_true(pid >= 0);
		if (pid == 0) {
			struct rlimit none = { 0, 0 };

			/* cmocka catches SIGABRT; a core is of no use. */
			signal(SIGABRT, SIG_DFL);
			setrlimit(RLIMIT_CORE, &none);
			close(STDERR_FILENO);
			write_pages(&header, cases[i].pgno);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(
		    !(WIFEXITED(status) && WEXITSTATUS(status) == 0),
		    cases[i].dies);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_damaged_byte_is_found),
		cmocka_unit_test(no_damage_changes_a_page),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(frames_of_older_litestream),
		cmocka_unit_test(snapshot_must_be_whole),
		cmocka_unit_test(lock_page_is_refused),
		cmocka_unit_test(errors_of_the_callback_pass),
		cmocka_unit_test(header_alone),
		cmocka_unit_test(full_disk_is_said),
		cmocka_unit_test(wrong_pages_are_assertions),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
