#include "replication/restore_migration.h"

#include "tests/unit/restore_place.h"

#define STATES 60

/*
 * Objects in short: "LEVEL:MIN-MAX=VERSION", of which a version of -1 is one
 * without page 1.
 */
static void
put_object(struct place *place, int level, uint64_t min, uint64_t max,
    int version, uint32_t page_size)
{
	static unsigned char page[65536];
	struct replica *r = &place->replica;
	struct ltx_header header = { .page_size = page_size,
		.commit = min == 1 ? 1 : 3,
		.min_txid = min,
		.max_txid = max,
		.time_ms = (int64_t)max * 1000 };
	struct err err = ERR_INIT;
	struct ltx_writer *writer;
	int64_t size;
	uint32_t i;
	int fd =
	    open(r->scratch, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	/* Nothing that LZ4 could make smaller. */
	for (i = 0; i < page_size; i++)
		page[i] = (unsigned char)(i * i * 2654435761u >> 13);
	memset(page + 60, 0, 4);
	page[63] = (unsigned char)version;
	writer = ltx_writer_new(fd, r->scratch, &header);
	if (version >= 0)
		assert_int_equal(ltx_writer_page(writer, 1, page, &err), 0);
	page[63] = 99;
	if (min > 1)
		assert_int_equal(ltx_writer_page(writer, 2, page, &err), 0);
	assert_int_equal(ltx_writer_finish(writer, &size, &err), 0);
	ltx_writer_free(writer);
	close(fd);
	replica_put_file(r, replica_key(r, level, min, max), header.time_ms);
}

static void
put_objects(struct place *place, uint32_t epoch, const char *text)
{
	int level, version, n;
	uint64_t min, max;

	place->replica.epoch = epoch;
	for (; sscanf(text, " %d:%lu-%lu=%d%n", &level, &min, &max, &version,
		   &n) == 4;
	     text += n)
		put_object(place, level, min, max, version, 4096);
	assert_string_equal(text, "");
}

/* "EPOCH/TXID exact", or the error. */
static const char *
before(struct place *place, int number, const char *noted)
{
	static char text[600];
	struct restore_migration search = { .store = place->store,
		.slug = SLUG,
		.number = number,
		.noted = noted };
	struct err err = ERR_INIT;

	if (restore_migration_find(&search, &err) != 0) {
		assert_int_equal(err.code, ERR_NOT_FOUND);
		return strcpy(text, err.msg);
	}
	snprintf(text, sizeof text, "%u/%lu%s", search.epoch, search.txid,
	    search.exact ? " exact" : "");
	return text;
}

static void
the_last_state_without_it(void **state)
{
	struct place *place = *state;

	put_objects(place, 1,
	    "9:1-1=1 0:2-2=-1 0:3-3=1 0:4-4=-1 0:5-5=3 0:6-6=-1 0:7-7=4");
	assert_string_equal(before(place, 2, ""), "1/4");
	assert_string_equal(before(place, 3, ""), "1/4");
	assert_string_equal(before(place, 4, ""), "1/6");
	/* What was noted proves it only where that is what is found. */
	assert_string_equal(
	    before(place, 3, "00000001-0000000000000004"), "1/4 exact");
	assert_string_equal(
	    before(place, 3, "00000001-0000000000000003"), "1/4");
	assert_string_equal(
	    before(place, 3, "00000001-0000000000000005"), "1/4");
	assert_string_equal(
	    before(place, 3, "00000002-0000000000000004"), "1/4");
	assert_string_equal(before(place, 3, "nonsense"), "1/4");
	assert_string_equal(before(place, 5, ""),
	    SLUG ": the newest state in the replica is at migration 4, "
		 "before 5");
	assert_string_equal(before(place, 1, ""),
	    SLUG ": no state in the replica is from before migration 1");
}

static void
where_raw_objects_are_gone(void **state)
{
	struct place *place = *state;

	/* 5 to 8 are one step now, in the midst of which it was. */
	put_objects(
	    place, 1, "9:1-1=1 1:2-4=-1 1:5-8=2 0:9-9=-1 9:1-9=2 0:10-10=3");
	assert_string_equal(before(place, 2, ""), "1/4");
	assert_string_equal(
	    before(place, 2, "00000001-0000000000000006"), "1/4");
	assert_string_equal(
	    before(place, 3, "00000001-0000000000000009"), "1/9 exact");
}

static void
an_epoch_that_begins_with_it_leads_back(void **state)
{
	struct place *place = *state;

	put_objects(place, 1, "9:1-1=1 0:2-2=-1 0:3-3=2");
	put_objects(place, 2, "9:1-1=2 0:2-2=-1");
	put_objects(place, 4, "9:1-1=4 0:2-2=5");
	assert_string_equal(before(place, 5, ""), "4/1");
	/* It came between two of them. */
	assert_string_equal(before(place, 3, ""), "2/2");
	assert_string_equal(
	    before(place, 4, "00000002-0000000000000002"), "2/2 exact");
	assert_string_equal(before(place, 2, ""), "1/2");
}

static void
another_tenant_that_had_the_name_is_left_alone(void **state)
{
	struct place *place = *state;

	put_objects(place, 1, "9:1-1=1");
	replica_put_owner(&place->replica, "{\"uid\":\"somebody\"}");
	put_objects(place, 2, "9:1-1=2");
	replica_put_owner(&place->replica, "{\"uid\":\"another\"}");
	assert_string_equal(before(place, 2, ""),
	    SLUG ": no state in the replica is from before migration 2");
}

static void
pages_of_any_size(void **state)
{
	struct place *place = *state;

	place->replica.epoch = 1;
	put_object(place, 9, 1, 1, 1, 65536);
	put_object(place, 0, 2, 2, -1, 65536);
	put_object(place, 0, 3, 3, 2, 65536);
	assert_string_equal(before(place, 2, ""), "1/2");
}

/* Whatever was merged, it is what counting says. */
static void
as_counting_finds_it(void **state)
{
	struct place *place = *state;
	int version[STATES + 1], first[STATES + 1], is_end[STATES + 1];
	unsigned seed = 20261128;

	for (uint32_t epoch = 1; epoch <= 20; epoch++) {
		char noted[32];

		place->replica.epoch = epoch;
		version[1] = first[1] = 0;
		for (int t = 2; t <= STATES; t++) {
			int up = rand_r(&seed) % 9 == 0;

			version[t] = version[t - 1] + up;
			first[t] = up || rand_r(&seed) % 6 == 0;
		}
		put_object(place, 9, 1, 1, 0, 4096);
		memset(is_end, 0, sizeof is_end);
		for (int t = 2, n; t <= STATES; t += n) {
			int has = 0;

			/* A window, with what went into it or without. */
			n = 1 + rand_r(&seed) % 7;
			if (t + n > STATES + 1)
				n = STATES + 1 - t;
			for (int i = t; i < t + n; i++)
				has |= first[i];
			put_object(place, 1, (uint64_t)t, (uint64_t)(t + n - 1),
			    has ? version[t + n - 1] : -1, 4096);
			is_end[t + n - 1] = 1;
			if (rand_r(&seed) % 2)
				continue;
			for (int i = t; i < t + n; i++, is_end[i - 1] = 1)
				if (n > 1)
					put_object(place, 0, (uint64_t)i,
					    (uint64_t)i,
					    first[i] ? version[i] : -1, 4096);
		}
		for (int number = 1; number <= version[STATES]; number++) {
			char want[32];
			int last = 1;

			for (int t = 1; t <= STATES; t++)
				if (is_end[t] && version[t] < number)
					last = t;
			snprintf(want, sizeof want, "%u/%d", epoch, last);
			assert_string_equal(before(place, number, ""), want);
			snprintf(noted, sizeof noted, "%08x-%016x", epoch,
			    (unsigned)last);
			strcat(want, " exact");
			assert_string_equal(before(place, number, noted), want);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(the_last_state_without_it),
		here(where_raw_objects_are_gone),
		here(an_epoch_that_begins_with_it_leads_back),
		here(another_tenant_that_had_the_name_is_left_alone),
		here(pages_of_any_size),
		here(as_counting_finds_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
