#include "tests/unit/restore_place.h"

/* Ways around objects that are missing or spoilt. */

struct around {
	int n;
	char last[sizeof(((struct err *)0)->msg)];
};

static void
note(const struct err *why, void *arg)
{
	struct around *around = arg;

	around->n++;
	snprintf(around->last, sizeof around->last, "%s", why->msg);
}

static void
remove_object(struct place *place, int level, uint64_t min, uint64_t max)
{
	struct store_op op = { .verb = STORE_DELETE,
		.key = replica_key(&place->replica, level, min, max) };
	struct err err = ERR_INIT;

	assert_int_equal(store_now(place->store, &op, &err), 0);
}

/* A bit in the middle, behind the store's back. */
static void
spoil(struct place *place, int level, uint64_t min, uint64_t max)
{
	char path[700];
	struct stat st;
	unsigned char c;
	int fd;

	snprintf(path, sizeof path,
	    "%s/r/acme/00000001/ltx/%d/%016llx-%016llx.ltx", place->dir, level,
	    (unsigned long long)min, (unsigned long long)max);
	assert_int_equal(chmod(path, 0600), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pread(fd, &c, 1, st.st_size / 2), 1);
	c ^= 0x10;
	assert_int_equal(pwrite(fd, &c, 1, st.st_size / 2), 1);
	close(fd);
}

/* All raw files, a level above for 2 to 10, and a snapshot at 7. */
static void
start(struct place *place)
{
	struct replica *r = &place->replica;

	live(place, 4096);
	replica_put(r, 9, 1, 1);
	for (uint64_t t = 2; t <= r->txid; t++)
		replica_put(r, 0, t, t);
	replica_put(r, 1, 2, 10);
	replica_put(r, 9, 1, 7);
}

static int
restore(struct place *place, uint64_t txid, struct around *around,
    struct restore_plan *plan, struct err *err)
{
	struct restore_opts opts = {
		.slug = SLUG, .point = RESTORE_TXID, .txid = txid
	};
	struct restore_target target = {
		.path = place->to, .around = note, .arg = around
	};

	err_clear(err);
	memset(around, 0, sizeof *around);
	arena_reset(place->arena);
	assert_int_equal(
	    restore_plan(place->store, &opts, place->arena, plan, err), 0);
	return restore_around(place->store, plan, place->arena, &target, err);
}

static void
assert_restored(struct place *place, uint64_t txid)
{
	const struct replica_state *state = &place->replica.state[txid];
	size_t n = (size_t)state->pages * place->replica.page_size;
	unsigned char *bytes = malloc(n);
	struct err err = ERR_INIT;
	struct stat st;
	int fd = file_open(place->to, O_RDONLY, 0, &err);

	assert_non_null(bytes);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, n);
	assert_int_equal(file_pread(fd, bytes, n, 0, place->to, &err), 0);
	assert_memory_equal(bytes, state->bytes, n);
	close(fd);
	free(bytes);
	assert_int_equal(unlink(place->to), 0);
}

static void
nothing_is_wrong(void **state)
{
	struct place *place = *state;
	struct around around;
	struct restore_plan plan;
	struct err err = ERR_INIT;

	start(place);
	assert_int_equal(restore(place, 12, &around, &plan, &err), 0);
	assert_int_equal(around.n, 0);
	assert_restored(place, 12);
}

/* Whatever the plan takes first is spoilt, and there is another way. */
static void
a_spoilt_object_is_gone_around(void **state)
{
	struct place *place = *state;
	struct around around;
	struct restore_plan plan;
	struct err err = ERR_INIT;

	start(place);
	spoil(place, 9, 1, 7);
	assert_int_equal(restore(place, 12, &around, &plan, &err), 0);
	assert_int_equal(around.n, 1);
	assert_non_null(strstr(around.last,
	    "acme/00000001/9/0000000000000001-0000000000000007.ltx: "));
	/* The base, the level, two raw files. */
	assert_int_equal(plan.n, 4);
	assert_restored(place, 12);

	spoil(place, 1, 2, 10);
	assert_int_equal(restore(place, 12, &around, &plan, &err), 0);
	assert_int_equal(around.n, 2);
	assert_int_equal(plan.n, 12);
	assert_restored(place, 12);
}

static void
where_no_way_is_left_the_nearest_states_are_named(void **state)
{
	struct place *place = *state;
	struct replica *r = &place->replica;
	struct around around;
	struct restore_plan plan;
	struct err err = ERR_INIT;

	start(place);
	remove_object(place, 9, 1, 7);
	spoil(place, 0, 5, 5);
	assert_int_equal(restore(place, 6, &around, &plan, &err), -1);
	assert_int_equal(around.n, 0);
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_non_null(strstr(err.msg,
	    "acme/00000001/0/0000000000000005-0000000000000005.ltx: "));
	assert_string_equal(err.hint,
	    "what can be restored is TXID 4 of 1970-01-01T00:00:04.000Z, and "
	    "TXID 10 of 1970-01-01T00:00:10.000Z");
	assert_int_equal(access(place->to, F_OK), -1);

	/* With no base at all there is nothing before it either. */
	spoil(place, 9, 1, 1);
	assert_int_equal(restore(place, 3, &around, &plan, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_string_equal(err.hint, "");
	replica_put(r, 9, 1, 8);
	assert_int_equal(restore(place, 3, &around, &plan, &err), -1);
	assert_string_equal(err.hint,
	    "what can be restored is TXID 8 of 1970-01-01T00:00:08.000Z");
}

/* It was in the list, and retention took it before it was read. */
static void
an_object_that_goes_meanwhile_is_gone_around(void **state)
{
	struct place *place = *state;
	struct restore_opts opts = { .slug = SLUG };
	struct around around = { .n = 0 };
	struct restore_target target = {
		.path = place->to, .around = note, .arg = &around
	};
	struct restore_plan plan;
	struct err err = ERR_INIT;

	start(place);
	assert_int_equal(
	    restore_plan(place->store, &opts, place->arena, &plan, &err), 0);
	for (size_t i = 0; i < plan.n; i++)
		if (plan.objects[i].key.level == 1)
			remove_object(place, 1, 2, 10);
	assert_int_equal(
	    restore_around(place->store, &plan, place->arena, &target, &err),
	    0);
	assert_int_equal(around.n, 1);
	assert_restored(place, 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(nothing_is_wrong),
		here(a_spoilt_object_is_gone_around),
		here(where_no_way_is_left_the_nearest_states_are_named),
		here(an_object_that_goes_meanwhile_is_gone_around),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
