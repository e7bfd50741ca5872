/* What the catalog remembers, and what a power cut or a bad disk leaves of it. */
#include "replication/catalog.h"

#include "tests/unit/scratch.h"

static struct catalog_entry
entry_of(uint64_t txid, enum catalog_state state)
{
	return (struct catalog_entry){ .epoch = 1,
		.level = 1,
		.min_txid = txid,
		.max_txid = txid,
		.state = state,
		.time_ms = 5,
		.there_ms = 6,
		.size = 7 };
}

/* Ten entries, of which one is replaced and one gone: twelve records. */
static const char *
make(struct scratch *scratch)
{
	struct err err = ERR_INIT;
	struct catalog_entry entry;
	struct catalog *catalog;

	scratch_make(scratch);
	catalog = catalog_new(scratch_path(scratch, "catalog"));
	assert_int_equal(catalog_begin(catalog, &err), 0);
	for (uint64_t txid = 10; txid > 0; txid--) {
		entry = entry_of(txid, CATALOG_PUTTING);
		assert_int_equal(catalog_note(catalog, &entry, 1, &err), 0);
	}
	entry = entry_of(3, CATALOG_THERE);
	assert_int_equal(catalog_note(catalog, &entry, 1, &err), 0);
	entry = entry_of(4, CATALOG_GONE);
	assert_int_equal(catalog_note(catalog, &entry, 1, &err), 0);
	assert_int_equal(catalog_set_next(catalog, 1234, &err), 0);
	catalog_free(catalog);
	return scratch_path(scratch, "catalog");
}

static void
it_is_read_as_it_was_written(void **state)
{
	struct scratch scratch;
	const char *path = make(&scratch);
	struct err err = ERR_INIT;

	(void)state;
	for (int saved = 0; saved < 2; saved++) {
		struct catalog *catalog = catalog_load(path, &err);

		assert_non_null(catalog);
		assert_int_equal(catalog->n, 9);
		assert_int_equal(
		    catalog_find(catalog, 1, 1, 3, 3)->state, CATALOG_THERE);
		assert_int_equal(catalog_find(catalog, 1, 1, 9, 9)->size, 7);
		assert_null(catalog_find(catalog, 1, 1, 4, 4));
		assert_int_equal(catalog_next(path), 1234);
		assert_int_equal(catalog_save(catalog, &err), 0);
		catalog_free(catalog);
	}
	scratch_remove(&scratch);
}

static void
a_torn_end_is_cut_off_and_written_over(void **state)
{
	(void)state;
	for (off_t size = 64; size < 64 * 13; size += 13) {
		struct scratch scratch;
		const char *path = make(&scratch);
		struct catalog_entry entry = entry_of(77, CATALOG_THERE);
		struct err err = ERR_INIT;
		struct catalog *catalog;

		assert_int_equal(truncate(path, size), 0);
		catalog = catalog_load(path, &err);
		assert_non_null(catalog);
		assert_int_equal(catalog->records, size / 64 - 1);
		assert_int_equal(catalog_note(catalog, &entry, 1, &err), 0);
		catalog_free(catalog);
		catalog = catalog_load(path, &err);
		assert_non_null(catalog);
		assert_non_null(catalog_find(catalog, 1, 1, 77, 77));
		catalog_free(catalog);
		scratch_remove(&scratch);
	}
}

static void
damage_before_the_end_is_named(void **state)
{
	struct scratch scratch;
	const char *path = make(&scratch);
	struct err err = ERR_INIT;
	char want[600];
	FILE *f = fopen(path, "r+");

	(void)state;
	assert_non_null(f);
	fseek(f, 64 * 5 + 20, SEEK_SET);
	fputc('x', f);
	fclose(f);
	assert_null(catalog_load(path, &err));
	snprintf(want, sizeof(want), "%s: record 5 is damaged", path);
	assert_err(&err, ERR_CORRUPT, want);
	assert_int_equal(unlink(path), 0);
	err_clear(&err);
	assert_null(catalog_load(path, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_int_equal(catalog_next(path), 0);
	scratch_remove(&scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_read_as_it_was_written),
		cmocka_unit_test(a_torn_end_is_cut_off_and_written_over),
		cmocka_unit_test(damage_before_the_end_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
