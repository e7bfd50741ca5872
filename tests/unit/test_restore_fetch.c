#include "replication/restore_fetch.h"

#include "tests/unit/restore_place.h"

#define MANY 300
#define MIB  ((int64_t)1 << 20)

/* What a byte of an object is, so that none can stand in another's place. */
static unsigned char
byte_of(size_t object, int64_t at)
{
	uint64_t x = ((uint64_t)object << 40 ^ (uint64_t)at) *
		     UINT64_C(0x9e3779b97f4a7c15);

	return (unsigned char)(x >> 56);
}

static void
put(struct place *place, struct store_object *out, size_t i, int64_t size)
{
	unsigned char *bytes = malloc((size_t)size + 1);
	struct store_op op = { .verb = STORE_PUT };
	struct err err = ERR_INIT;

	assert_non_null(bytes);
	for (int64_t at = 0; at < size; at++)
		bytes[at] = byte_of(i, at);
	place->replica.slug = SLUG;
	op.key = replica_key(&place->replica, 0, i + 1, i + 1);
	op.bytes = str_make((const char *)bytes, (size_t)size);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	*out = (struct store_object){ .key = op.key, .size = size };
	free(bytes);
}

struct taken {
	const struct store_object *objects;
	size_t object;
	int64_t at, all;
	size_t fail_at; /* call; 0 = never */
	size_t calls;
	int wrong;
};

static int
take(void *arg, size_t i, const void *p, size_t n, int last, struct err *err)
{
	struct taken *t = arg;

	t->calls++;
	if (t->calls == t->fail_at)
		return err_set(err, ERR_SYSTEM, "call %zu", t->calls);
	t->wrong |= i != t->object;
	for (size_t k = 0; k < n; k++)
		t->wrong |= ((const unsigned char *)p)[k] !=
			    byte_of(i, t->at + (int64_t)k);
	t->at += (int64_t)n;
	t->wrong |= last != (t->at == t->objects[i].size);
	if (last) {
		t->object++;
		t->at = 0;
	}
	return 0;
}

static void
count(void *arg, int64_t bytes)
{
	((struct taken *)arg)->all += bytes;
}

static int
fetch(struct place *place, struct taken *t, size_t n, size_t *failed,
    struct err *err)
{
	const struct restore_fetch what = { .store = place->store,
		.objects = t->objects,
		.n = n,
		.take = take,
		.progress = count,
		.arg = t };

	err_clear(err);
	return restore_fetch(&what, failed, err);
}

/* In order and whole, whatever their sizes, more of them than there are places. */
static void
everything_arrives_in_order(void **state)
{
	static const int64_t sizes[] = { 1, 0, 4 * MIB - 1, 4 * MIB,
		4 * MIB + 1, 100, 90 * MIB + 7, 0, 3 };
	static struct store_object objects[MANY];
	struct place *place = *state;
	struct taken t = { .objects = objects };
	struct err err = ERR_INIT;
	int64_t sum = 0;
	size_t failed;

	for (size_t i = 0; i < MANY; i++) {
		put(place, &objects[i], i,
		    i < N_OF(sizes) ? sizes[i] : (int64_t)(i * 37 % 5000));
		sum += objects[i].size;
	}
	assert_int_equal(fetch(place, &t, MANY, &failed, &err), 0);
	assert_int_equal(t.object, MANY);
	assert_int_equal(t.wrong, 0);
	assert_int_equal(t.all, sum);
	assert_int_equal(failed, MANY);

	t = (struct taken){ .objects = objects };
	assert_int_equal(fetch(place, &t, 0, &failed, &err), 0);
	assert_int_equal(t.calls, 0);
}

/* Of two bad ones it is always the first that is named. */
static void
the_first_bad_object_is_named(void **state)
{
	static struct store_object objects[MANY];
	struct place *place = *state;
	struct taken t = { .objects = objects };
	struct store_op op = { .verb = STORE_DELETE };
	struct err err = ERR_INIT;
	size_t failed;

	for (size_t i = 0; i < MANY; i++)
		put(place, &objects[i], i, 10);
	op.key = objects[250].key;
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(fetch(place, &t, MANY, &failed, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_string_equal(err.hint, "it was there a moment ago; try again");
	assert_int_equal(failed, 250);
	assert_int_equal(t.object, 250);

	/* The list said more than there is. */
	t = (struct taken){ .objects = objects };
	objects[249].size = 12;
	assert_int_equal(fetch(place, &t, MANY, &failed, &err), -1);
	assert_err(&err, ERR_CORRUPT,
	    "acme/00000001/0/00000000000000fa-00000000000000fa.ltx: ends after "
	    "10 bytes, and the list said 12");
	assert_int_equal(failed, 249);
}

/* At whichever call: that is the error, and nothing is taken after it. */
static void
what_cannot_be_taken_ends_it(void **state)
{
	static struct store_object objects[MANY];
	struct place *place = *state;
	struct err err = ERR_INIT;
	char message[40];
	size_t failed;

	for (size_t i = 0; i < MANY; i++)
		put(place, &objects[i], i, (int64_t)(i * 531 % 70000));
	for (size_t k = 1; k <= MANY; k += k < 4 ? 1 : 59) {
		struct taken t = { .objects = objects, .fail_at = k };

		assert_int_equal(fetch(place, &t, MANY, &failed, &err), -1);
		snprintf(message, sizeof message, "call %zu", k);
		assert_err(&err, ERR_SYSTEM, message);
		assert_int_equal(t.calls, k);
		assert_int_equal(failed, k - 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(everything_arrives_in_order),
		here(the_first_bad_object_is_named),
		here(what_cannot_be_taken_ends_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
