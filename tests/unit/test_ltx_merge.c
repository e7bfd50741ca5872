/* Files merged are worth what they are one after the other. */
#include "replication/ltx_merge.h"

#include <dirent.h>
#include <fcntl.h>

#include "tests/unit/ltx_history.h"

#define FILES_MAX 300
#define TIME      1795428000000

struct place {
	struct scratch scratch;
	struct history history;
	struct image before; /* the first of the files */
	size_t n;
	const char *path[FILES_MAX];
	struct image after[FILES_MAX]; /* of each */
	struct ltx_header header;
	int64_t bytes;
	struct err err;
};

/* Files of the TXIDs from `first` on, n of them. */
static struct place *
setup(uint64_t seed, uint64_t first, size_t n)
{
	struct place *place = calloc(1, sizeof(*place));
	char *path;

	assert_non_null(place);
	scratch_make(&place->scratch);
	place->history.seed = seed;
	place->history.now.commit = 20;
	place->n = n;
	for (uint64_t txid = 1; txid < first + n; txid++) {
		assert_true(asprintf(&path, "%s/%llu", place->scratch.dir,
				(unsigned long long)txid) > 0);
		history_write(
		    &place->history, txid, TIME + (int64_t)txid, path);
		if (txid < first) {
			place->before = place->history.now;
			unlink(path);
			free(path);
			continue;
		}
		place->path[txid - first] = path;
		place->after[txid - first] = place->history.now;
	}
	return place;
}

static void
teardown(struct place *place)
{
	for (size_t i = 0; i < place->n; i++)
		free((char *)place->path[i]);
	scratch_remove(&place->scratch);
	free(place);
}

static int
merge(struct place *place, size_t from, size_t to, const char *name)
{
	err_clear(&place->err);
	return ltx_merge_files(place->path + from, to - from,
	    scratch_path(&place->scratch, name), &place->header, &place->bytes,
	    &place->err);
}

/* How many names there are in the directory. */
static size_t
names(const struct place *place)
{
	DIR *dir = opendir(place->scratch.dir);
	const struct dirent *entry;
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void
any_stretch_is_what_its_files_are(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct place *place = setup(seed, 1 + seed % 3, 24);
		size_t from = history_random(&place->history, 23);
		size_t to =
		    from + 1 +
		    history_random(&place->history, (uint32_t)(24 - from));
		struct image image =
		    from > 0 ? place->after[from - 1] : place->before;
		struct ltx_header header;

		if (merge(place, from, to, "merged"))
			fail_msg("seed %llu: %s", (unsigned long long)seed,
			    place->err.msg);
		header = history_apply(
		    &image, scratch_path(&place->scratch, "merged"));
		assert_same_image(&image, &place->after[to - 1]);
		assert_int_equal(header.min_txid, 1 + seed % 3 + from);
		assert_int_equal(header.max_txid, seed % 3 + to);
		assert_int_equal(
		    header.time_ms, TIME + (int64_t)header.max_txid);
		assert_int_equal(header.node, 7);
		assert_int_equal(header.wal_offset, 0);
		assert_int_equal(header.wal_size, 0);
		assert_int_equal(header.wal_salt[1], 0);
		assert_memory_equal(&header, &place->header, sizeof(header));
		teardown(place);
	}
}

static void
assert_same_files(struct place *place, const char *one, const char *other)
{
	struct str a = history_bytes(scratch_path(&place->scratch, one));
	struct str b = history_bytes(scratch_path(&place->scratch, other));

	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, a.n);
	free((char *)a.p);
	free((char *)b.p);
}

/* Merged at once, twice, in two halves, page by page: the same bytes. */
static void
the_way_there_does_not_matter(void **state)
{
	struct place *place = setup(5, 2, 150);
	const char *whole[2];
	struct ltx_merge *slow;
	int rc;

	(void)state;
	assert_int_equal(merge(place, 0, 150, "one"), 0);
	assert_int_equal(names(place), 151);
	assert_int_equal(merge(place, 0, 150, "two"), 0);
	assert_same_files(place, "one", "two");
	assert_int_equal(merge(place, 0, 70, "first"), 0);
	assert_int_equal(merge(place, 70, 150, "second"), 0);
	whole[0] = scratch_path(&place->scratch, "first");
	whole[1] = scratch_path(&place->scratch, "second");
	assert_int_equal(
	    ltx_merge_files(whole, 2, scratch_path(&place->scratch, "three"),
		&place->header, &place->bytes, &place->err),
	    0);
	assert_same_files(place, "one", "three");
	slow = ltx_merge_new(
	    place->path, 150, scratch_path(&place->scratch, "four"));
	while ((rc = ltx_merge_step(slow, 1, &place->err)) == 0)
		;
	assert_int_equal(rc, 1);
	ltx_merge_free(slow);
	assert_same_files(place, "one", "four");
	teardown(place);
}

static void
what_is_given_up_leaves_nothing(void **state)
{
	struct place *place = setup(6, 2, 150);
	struct ltx_merge *m;

	(void)state;
	for (unsigned steps = 0; steps < 150; steps += 7) {
		m = ltx_merge_new(
		    place->path, 150, scratch_path(&place->scratch, "never"));
		assert_int_equal(ltx_merge_step(m, steps, &place->err), 0);
		ltx_merge_free(m);
		assert_int_equal(names(place), 150);
	}
	teardown(place);
}

/* Each byte of each input matters, but for what LZ4 does not look at. */
static void
damage_is_named_wherever_it_is(void **state)
{
	struct place *place = setup(7, 2, 6);
	struct image image;
	size_t found = 0, harmless = 0;

	(void)state;
	for (size_t i = 0; i < place->n; i++) {
		struct str bytes = history_bytes(place->path[i]);

		for (size_t at = 0; at < bytes.n; at++) {
			struct scratch *scratch = &place->scratch;
			char name[8];

			((char *)bytes.p)[at] ^= 0x10;
			snprintf(name, sizeof(name), "%zu", i + 2);
			scratch_write_n(scratch, name, bytes);
			((char *)bytes.p)[at] ^= 0x10;
			if (merge(place, 0, place->n, "out")) {
				assert_int_equal(place->err.code, ERR_CORRUPT);
				if (!strstr(place->err.msg, place->path[i]))
					fail_msg("%s", place->err.msg);
				assert_int_equal(names(place), place->n);
				found++;
				continue;
			}
			image = place->before;
			history_apply(&image, scratch_path(scratch, "out"));
			assert_same_image(&image, &place->after[place->n - 1]);
			unlink(scratch_path(scratch, "out"));
			harmless++;
		}
		scratch_write_n(
		    &place->scratch, strrchr(place->path[i], '/') + 1, bytes);
		free((char *)bytes.p);
	}
	assert_true(found > 100 * harmless);
	teardown(place);
}

static void
an_input_that_ends_early_is_named(void **state)
{
	struct place *place = setup(8, 2, 3);
	struct str bytes = history_bytes(place->path[1]);
	char what[600];

	(void)state;
	for (size_t n = 0; n < bytes.n; n++) {
		scratch_write_n(
		    &place->scratch, "3", (struct str){ bytes.p, n });
		assert_int_equal(merge(place, 0, 3, "out"), -1);
		assert_int_equal(place->err.code, ERR_CORRUPT);
		snprintf(what, sizeof(what), "%s: ends after %zu bytes",
		    place->path[1], n);
		assert_true(strstr(place->err.msg, what) == place->err.msg);
	}
	unlink(place->path[1]);
	assert_int_equal(merge(place, 0, 3, "out"), -1);
	assert_int_equal(place->err.code, ERR_NOT_FOUND);
	free((char *)bytes.p);
	teardown(place);
}

/* A file of one page, by hand. */
static void
write_one(struct place *place, const char *name, struct ltx_header header,
    uint32_t pgno)
{
	unsigned char page[1024] = { 0 };
	const char *path = scratch_path(&place->scratch, name);
	struct ltx_writer *w;
	int64_t size;
	int fd = file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &place->err);

	assert_true(fd >= 0);
	w = ltx_writer_new(fd, path, &header);
	if (pgno > 0)
		assert_int_equal(
		    ltx_writer_page(w, pgno, page, &place->err), 0);
	assert_int_equal(ltx_writer_finish(w, &size, &place->err), 0);
	ltx_writer_free(w);
	close(fd);
}

static void
what_does_not_join_is_refused(void **state)
{
	static const struct {
		struct ltx_header second;
		uint32_t pgno;
		const char *message; /* behind the path */
	} cases[] = {
		{ { 512, 9, 4, 4, TIME, 0, 0, { 0, 0 }, 7 }, 0,
		    "begins with TXID 4 behind TXID 2" },
		{ { 512, 9, 2, 3, TIME, 0, 0, { 0, 0 }, 7 }, 0,
		    "begins with TXID 2 behind TXID 2" },
		{ { 1024, 9, 3, 3, TIME, 0, 0, { 0, 0 }, 7 }, 0,
		    "pages of 1024 bytes behind pages of 512" },
		{ { 512, 9, 3, 3, TIME, 0, 0, { 0, 0 }, 8 }, 0,
		    "is of epoch 00000008, and what is before it of 00000007" },
		{ { 512, 9, 3, 3, TIME - 1, 0, 0, { 0, 0 }, 7 }, 0,
		    "is older than what is before it" },
		{ { 512, 10, 3, 3, TIME, 0, 0, { 0, 0 }, 7 }, 9,
		    "page 10 is missing, which the database grew by on the way "
		    "from TXID 2 to 3" },
		{ { 512, 11, 3, 3, TIME, 0, 0, { 0, 0 }, 7 }, 11,
		    "page 10 is missing, which the database grew by on the way "
		    "from TXID 2 to 3" },
	};
	static const struct ltx_header first = { 512, 9, 2, 2, TIME, 0, 0,
		{ 0, 0 }, 7 };
	struct place *place = setup(9, 2, 0);
	char one[600], other[600], want[1400];
	const char *paths[2] = { one, other };

	(void)state;
	snprintf(one, sizeof(one), "%s/one", place->scratch.dir);
	snprintf(other, sizeof(other), "%s/other", place->scratch.dir);
	write_one(place, "one", first, 9);
	for (size_t i = 0; i < N_OF(cases); i++) {
		write_one(place, "other", cases[i].second, cases[i].pgno);
		err_clear(&place->err);
		assert_int_equal(
		    ltx_merge_files(paths, 2,
			scratch_path(&place->scratch, "out"), &place->header,
			&place->bytes, &place->err),
		    -1);
		snprintf(want, sizeof(want), "%s: %s", other, cases[i].message);
		assert_err(&place->err, ERR_CORRUPT, want);
		assert_int_equal(names(place), 2);
	}
	teardown(place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_stretch_is_what_its_files_are),
		cmocka_unit_test(the_way_there_does_not_matter),
		cmocka_unit_test(what_is_given_up_leaves_nothing),
		cmocka_unit_test(damage_is_named_wherever_it_is),
		cmocka_unit_test(an_input_that_ends_early_is_named),
		cmocka_unit_test(what_does_not_join_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
