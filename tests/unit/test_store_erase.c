/*
 * The verb that leaves nothing: in a directory, and where STORE_URL names one,
 * in a bucket.
 */
#include "tests/unit/store_place.h"

#define here(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* What one call removed: how many, and their bytes. */
struct erased {
	size_t n;
	int64_t bytes;
};

static int
count(struct store_op *op, const struct store_object *object, struct err *err)
{
	struct erased *erased = op->arg;

	(void)err;
	assert_string_equal(object->key.slug, "acme");
	erased->n++;
	erased->bytes += object->size;
	return 0;
}

static struct erased
erase(struct store *store, const char *slug)
{
	struct erased erased = { 0 };
	struct store_op op = { .verb = STORE_ERASE,
		.key = ltx_key(slug, 0, 0, 0, 0),
		.object = count,
		.arg = &erased };
	struct err err = ERR_INIT;

	if (store_now(store, &op, &err) != 0)
		fail_msg("%s", err.msg);
	return erased;
}

static void
nothing_is_left_of_one(void **state)
{
	struct place *place = *state;
	struct erased erased;
	struct seen seen;
	struct store_op op;
	struct err err = ERR_INIT;

	must_put(place->store, owner_key("acme", 1), STR("{}"));
	must_put(place->store, ltx_key("acme", 1, 9, 1, 1), STR("base"));
	must_put(place->store, ltx_key("acme", 1, 0, 2, 2), STR("raw"));
	must_put(place->store, ltx_key("acme", 0x12, 1, 2, 9), STR("level"));
	/* Names that begin with the slug, and what all share. */
	must_put(place->store, ltx_key("acme-2", 1, 9, 1, 1), STR("b"));
	must_put(place->store, ltx_key("acmes", 1, 9, 1, 1), STR("c"));
	must_put(place->store, machine_key(), STR("m"));

	erased = erase(place->store, "acme");
	assert_int_equal(erased.n, 4);
	assert_int_equal(erased.bytes, 2 + 4 + 3 + 5);
	erased = erase(place->store, "acme");
	assert_int_equal(erased.n, 0);
	op = new_op(STORE_SLUGS, ltx_key("", 0, 0, 0, 0), &seen);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(seen.n, 2);
	assert_content(
	    place->store, ltx_key("acme-2", 1, 9, 1, 1), 0, 0, STR("b"));
	assert_content(
	    place->store, ltx_key("acmes", 1, 9, 1, 1), 0, 0, STR("c"));
	assert_content(place->store, machine_key(), 0, 0, STR("m"));
	/* And it may begin anew. */
	must_put(place->store, owner_key("acme", 1), STR("{other}"));
}

#define MANY (STORE_ERASE_MAX + 5)
static size_t left;

static void
one_is_put(struct store_op *op, const struct err *err)
{
	(void)op;
	if (err->code != ERR_NONE)
		fail_msg("%s", err->msg);
	left--;
}

static void
more_than_a_list_has(void **state)
{
	static struct store_op op[MANY];
	struct place *place = *state;

	left = MANY;
	for (unsigned i = 0; i < MANY; i++) {
		op[i] = (struct store_op){ .verb = STORE_PUT,
			.key = ltx_key("acme", 1, 0, i + 2, i + 2),
			.bytes = STR("x"),
			.done = one_is_put };
		store_submit(place->store, &op[i]);
	}
	while (left > 0)
		(void)store_poll(place->store, NULL, 0, -1);
	assert_int_equal(erase(place->store, "acme").n, STORE_ERASE_MAX);
	assert_int_equal(erase(place->store, "acme").n, 5);
	assert_int_equal(erase(place->store, "acme").n, 0);
}

/* In a directory: what killed puts left, and what others put there. */
static void
whatever_its_name(void **state)
{
	struct place *place = *state;
	char path[PATH_MAX];
	struct err err = ERR_INIT;

	if (getenv("STORE_URL")) {
		print_message("# a bucket has no such names of ours\n");
		return;
	}
	must_put(place->store, ltx_key("acme", 1, 0, 2, 2), STR("raw"));
	snprintf(path, sizeof path, "%.900s/r/acme/00000001/ltx/0/x.ltx.put",
	    place->dir);
	assert_int_equal(file_create(path, STR("half"), 0600, &err), 0);
	snprintf(path, sizeof path, "%.900s/r/acme/odd", place->dir);
	assert_int_equal(symlink("/etc", path), 0);
	assert_int_equal(erase(place->store, "acme").n, 3);
	snprintf(path, sizeof path, "%.900s/r/acme", place->dir);
	assert_int_equal(file_exists(path, &err), 0);
	assert_int_equal(file_exists("/etc/passwd", &err), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(nothing_is_left_of_one),
		here(more_than_a_list_has),
		here(whatever_its_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
