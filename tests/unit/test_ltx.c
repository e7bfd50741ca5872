#include "tests/unit/ltx_files.h"

/* --- the checksum -------------------------------------------------------- */

static uint64_t
crc_by_bits(uint64_t crc, const unsigned char *p, size_t n)
{
	crc = ~crc;
	for (; n > 0; n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xd800000000000000u : 0);
	}
	return ~crc;
}

static void
crc_of_the_check_string(void **state)
{
	(void)state;
	assert_true(ltx_crc64(0, "123456789", 9) == 0xb90956c775a41001u);
	assert_true(ltx_crc64(0, "", 0) == 0);
}

static void
crc_agrees_with_the_definition(void **state)
{
	unsigned char bytes[1200];

	(void)state;
	fill(bytes, sizeof(bytes), NOISE, 1);
	for (size_t n = 0; n <= 1100; n++) {
		uint64_t whole = crc_by_bits(0, bytes + n % 9, n);
		size_t cut = n * 7 % (n + 1);

		assert_true(ltx_crc64(0, bytes + n % 9, n) == whole);
		assert_true(ltx_crc64(ltx_crc64(0, bytes + n % 9, cut),
				bytes + n % 9 + cut, n - cut) == whole);
	}
	/* Each bit of each lane reaches the result as it must. */
	memset(bytes, 0, sizeof(bytes));
	for (size_t bit = 0; bit < (size_t)8 * 256; bit++) {
		bytes[bit / 8] = (unsigned char)(1 << bit % 8);
		assert_true(
		    ltx_crc64(5, bytes, 256) == crc_by_bits(5, bytes, 256));
		bytes[bit / 8] = 0;
	}
}

/* --- names ---------------------------------------------------------------- */

static void
names(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t min, max;
	} cases[] = {
		{ "0000000000000001-0000000000000001.ltx", 0, 1, 1 },
		{ "0000000000000002-00000000deadbeef.ltx", 0, 2, 0xdeadbeef },
		{ "ffffffffffffffff-ffffffffffffffff.ltx", 0, UINT64_MAX,
		    UINT64_MAX },
		{ "0000000000000002-0000000000000001.ltx", -1, 0, 0 },
		{ "0000000000000000-0000000000000001.ltx", -1, 0, 0 },
		{ "0000000000000002-00000000DEADBEEF.ltx", -1, 0, 0 },
		{ "000000000000002-0000000000000002.ltx", -1, 0, 0 },
		{ "0000000000000002-0000000000000002.LTX", -1, 0, 0 },
		{ "0000000000000002_0000000000000002.ltx", -1, 0, 0 },
		{ "0000000000000002-0000000000000002.ltx.tmp", -1, 0, 0 },
		{ "-000000000000002-0000000000000002.ltx", -1, 0, 0 },
		{ "", -1, 0, 0 },
	};
	char name[LTX_NAME];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t min = 0, max = 0;

		assert_int_equal(
		    ltx_name_parse(str_of(cases[i].text), &min, &max),
		    cases[i].rc);
		if (cases[i].rc != 0)
			continue;
		assert_true(min == cases[i].min && max == cases[i].max);
		ltx_name(min, max, name);
		assert_string_equal(name, cases[i].text);
	}
}

/* --- reading what was not made here ---------------------------------------- */

static void
golden_file(void **state)
{
	(void)state;
	for (size_t step = 1; step <= sizeof(golden); step++) {
		struct got got = { .keep = 1 };
		struct err err = ERR_INIT;

		assert_int_equal(
		    read_in(golden, sizeof(golden), step, &got, &err), 0);
		assert_int_equal(got.header.page_size, 512);
		assert_int_equal(got.header.commit, 5);
		assert_int_equal(got.header.min_txid, 2);
		assert_int_equal(got.header.max_txid, 3);
		assert_true(got.header.time_ms == 1795428000123);
		assert_int_equal(got.header.wal_offset, 32);
		assert_int_equal(got.header.wal_size, 1072);
		assert_int_equal(got.header.wal_salt[0], 0x11223344);
		assert_int_equal(got.header.wal_salt[1], 0x55667788);
		assert_int_equal(got.header.node, 7);
		assert_int_equal(got.n, 2);
		assert_int_equal(got.page[0].pgno, 2);
		assert_int_equal(got.page[1].pgno, 5);
		for (int i = 0; i < 512; i++) {
			assert_int_equal(got.page[0].bytes[i], 'A');
			assert_int_equal(got.page[1].bytes[i], 'B');
		}
		drop_pages(&got);
	}
}

/* The same pages written: the same bytes, but for how LZ4 packs a page. */
static void
golden_file_written(void **state)
{
	struct ltx_header header = { 512, 5, 2, 3, 1795428000123, 32, 1072,
		{ 0x11223344, 0x55667788 }, 7 };
	int fd = scratch_file();
	struct ltx_writer *w = ltx_writer_new(fd, "scratch", &header);
	struct got mine = { 0 }, theirs = { 0 };
	struct err err = ERR_INIT;
	unsigned char page[512], *bytes;
	int64_t size;
	size_t n;

	(void)state;
	memset(page, 'A', sizeof(page));
	assert_int_equal(ltx_writer_page(w, 2, page, &err), 0);
	memset(page, 'B', sizeof(page));
	assert_int_equal(ltx_writer_page(w, 5, page, &err), 0);
	assert_int_equal(ltx_writer_finish(w, &size, &err), 0);
	ltx_writer_free(w);
	bytes = slurp(fd, &n);
	assert_memory_equal(bytes, golden, LTX_HEADER + 6);
	assert_int_equal(read_in(bytes, n, n, &mine, &err), 0);
	assert_int_equal(read_in(golden, sizeof(golden), 64, &theirs, &err), 0);
	assert_true(mine.sum == theirs.sum);
	free(bytes);
	close(fd);
}

/* --- round trips ----------------------------------------------------------- */

static uint64_t
get_be(const unsigned char *p, int n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static uint64_t
get_uvarint(const unsigned char **p)
{
	uint64_t v = 0;

	for (int shift = 0;; shift += 7) {
		unsigned char c = *(*p)++;

		v |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return v;
	}
}

/* From the end, as a reader does that wants one page of a remote file. */
static void
assert_index(const unsigned char *bytes, size_t n, const struct got *got)
{
	uint64_t size = get_be(bytes + n - LTX_TRAILER - 8, 8);
	const unsigned char *end = bytes + n - LTX_TRAILER - 8;
	const unsigned char *p = end - size;

	for (size_t i = 0; i < got->n; i++) {
		uint64_t pgno = get_uvarint(&p);
		uint64_t offset = get_uvarint(&p);
		uint64_t length = get_uvarint(&p);

		assert_int_equal(pgno, got->page[i].pgno);
		assert_int_equal(get_be(bytes + offset, 4), pgno);
		assert_int_equal(get_be(bytes + offset + 4, 2), 1);
		assert_int_equal(
		    get_be(bytes + offset + 6, 4) + LTX_PAGE_HEADER, length);
	}
	assert_int_equal(*p++, 0);
	assert_ptr_equal(p, end);
}

static void
round_trip(const struct ltx_header *header, uint32_t first, uint32_t stride,
    enum kind kind)
{
	static const size_t steps[] = { 1, 7, 100, 4096, 1 << 20 };
	unsigned char *page = malloc(header->page_size);
	unsigned char *bytes;
	size_t n;

	assert_non_null(page);
	bytes = make(header, first, stride, kind, &n);
	for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
		struct got got = { .keep = 1 };
		struct err err = ERR_INIT;
		uint32_t pgno = first;

		if (read_in(bytes, n, steps[s], &got, &err) != 0)
			fail_msg("%s", err.msg);
		for (size_t i = 0; i < got.n; i++, pgno += stride) {
			assert_int_equal(got.page[i].pgno, pgno);
			fill(page, header->page_size, kind, pgno);
			assert_memory_equal(
			    got.page[i].bytes, page, header->page_size);
		}
		assert_true(pgno > header->commit);
		assert_index(bytes, n, &got);
		drop_pages(&got);
	}
	free(bytes);
	free(page);
}

static void
every_page_size(void **state)
{
	(void)state;
	for (uint32_t size = 512; size <= 65536; size *= 2) {
		for (enum kind kind = ZERO; kind <= NOISE; kind++) {
			struct ltx_header base = header_of(size, 9, 1, 1);
			struct ltx_header more = header_of(size, 40, 2, 9);

			round_trip(&base, 1, 1, kind);
			round_trip(&more, 3, 5, kind);
		}
	}
}

static void
no_pages_at_all(void **state)
{
	struct ltx_header header = header_of(4096, 9, 2, 2);

	(void)state;
	round_trip(&header, 10, 1, ZERO);
}

/* A gigabyte of zeros, and one page more than the lock page. */
static void
lock_page_is_left_out(void **state)
{
	struct ltx_header header = header_of(65536, 16386, 1, 1);
	struct got got = { 0 };
	struct err err = ERR_INIT;
	unsigned char *bytes;
	size_t n;

	(void)state;
	assert_int_equal(ltx_lock_page(512), 2097153);
	assert_int_equal(ltx_lock_page(4096), 262145);
	assert_int_equal(ltx_lock_page(8192), 131073);
	assert_int_equal(ltx_lock_page(65536), 16385);
	bytes = make(&header, 1, 1, ZERO, &n);
	assert_int_equal(read_in(bytes, n, n, &got, &err), 0);
	assert_int_equal(got.n, 16385);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_of_the_check_string),
		cmocka_unit_test(crc_agrees_with_the_definition),
		cmocka_unit_test(names),
		cmocka_unit_test(golden_file),
		cmocka_unit_test(golden_file_written),
		cmocka_unit_test(every_page_size),
		cmocka_unit_test(no_pages_at_all),
		cmocka_unit_test(lock_page_is_left_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
