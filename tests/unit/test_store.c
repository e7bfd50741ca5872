#include "tests/unit/store_place.h"

/*
 * The contract in store.h, over any store: over the one that STORE_URL names,
 * else over a directory.
 */

static void
key_texts(void **state)
{
	char text[STORE_KEY_TEXT];
	struct store_key key = ltx_key("acme", 0x1f, 9, 1, 0xabc);

	(void)state;
	store_key_text(&key, text);
	assert_string_equal(
	    text, "acme/0000001f/9/0000000000000001-0000000000000abc.ltx");
	key = owner_key("_registry", UINT32_MAX);
	store_key_text(&key, text);
	assert_string_equal(text, "_registry/ffffffff/owner");
	key = machine_key();
	store_key_text(&key, text);
	assert_string_equal(text, "_machine");
}

static void
what_was_put_is_got(void **state)
{
	struct place *place = *state;
	static const size_t sizes[] = { 0, 1, 100, 65536, 1 << 20,
		(1 << 20) + 1, (5 << 20) + 77 };

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct store_key key = ltx_key("acme", 1, 0, i + 2, i + 2);
		struct str bytes = noise(sizes[i], (unsigned)i);

		must_put(place->store, key, bytes);
		assert_content(place->store, key, 0, 0, bytes);
		drop(bytes);
	}
}

static void
files_are_put(void **state)
{
	struct place *place = *state;
	struct str bytes = noise(3000000, 3);
	struct store_key key = ltx_key("acme", 1, 9, 1, 1);
	char path[PATH_MAX];
	struct seen seen;
	struct store_op op = new_op(STORE_PUT, key, &seen);
	struct err err = ERR_INIT;

	snprintf(path, sizeof path, "%.1000s/spooled", place->dir);
	assert_int_equal(file_replace(path, bytes, 0600, &err), 0);
	op.path = path;
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_content(place->store, key, 0, 0, bytes);
	/* Once more is the same. */
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(seen.done, 0);
	drop(bytes);
}

/* More than a store may take in one piece, and not a whole number of pieces. */
static void
a_large_file_is_put(void **state)
{
	struct place *place = *state;
	struct str bytes = noise(((size_t)83 << 20) + 12345, 3);
	struct store_key key = ltx_key("acme", 1, 9, 1, 7);
	char path[PATH_MAX];
	struct seen seen;
	struct store_op op = new_op(STORE_PUT, key, &seen);
	struct err err = ERR_INIT;

	snprintf(path, sizeof path, "%.1000s/spooled", place->dir);
	assert_int_equal(file_replace(path, bytes, 0600, &err), 0);
	op.path = path;
	for (int i = 0; i < 2; i++)
		if (store_now(place->store, &op, &err) != 0)
			fail_msg("%s", err.msg);
	assert_content(place->store, key, 0, 1000, str_sub(bytes, 0, 1000));
	assert_content(place->store, key, 83 << 20, 0,
	    str_sub(bytes, (size_t)83 << 20, bytes.n));
	assert_content(place->store, key, (16 << 20) - 7, 14,
	    str_sub(bytes, (16 << 20) - 7, (16 << 20) + 7));
	((char *)(uintptr_t)bytes.p)[bytes.n / 2] ^= 1;
	assert_int_equal(file_replace(path, bytes, 0600, &err), 0);
	assert_int_equal(store_now(place->store, &op, &err), -1);
	assert_int_equal(err.code, ERR_CONFLICT);
	drop(bytes);
}

static void
a_file_that_is_not_there(void **state)
{
	struct place *place = *state;
	struct seen seen;
	struct store_op op =
	    new_op(STORE_PUT, ltx_key("acme", 1, 0, 2, 2), &seen);
	struct err err = ERR_INIT;

	op.path = "/nowhere/spooled";
	assert_int_equal(store_now(place->store, &op, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_string_equal(
	    err.msg, "cannot open /nowhere/spooled: No such file or directory");
}

static void
ranges(void **state)
{
	struct place *place = *state;
	struct store_key key = ltx_key("acme", 1, 0, 2, 2);
	static const struct {
		int64_t offset, length;
		const char *want;
	} cases[] = {
		{ 0, 0, "0123456789" },
		{ 0, 4, "0123" },
		{ 3, 4, "3456" },
		{ 3, 0, "3456789" },
		{ 8, 100, "89" },
		{ 10, 0, "" },
		{ 10, 5, "" },
		{ 0, INT64_MAX, "0123456789" },
		{ 9, INT64_MAX, "9" },
	};
	struct seen seen;
	struct store_op op = new_op(STORE_GET, key, &seen);
	struct err err = ERR_INIT;

	must_put(place->store, key, STR("0123456789"));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_content(place->store, key, cases[i].offset,
		    cases[i].length, str_of(cases[i].want));
	op.offset = 11;
	assert_int_equal(store_now(place->store, &op, &err), -1);
	assert_int_equal(err.code, ERR_CORRUPT);
}

static void
an_object_never_has_two_contents(void **state)
{
	struct place *place = *state;
	struct str bytes = noise((2 << 20) + 5, 9);
	struct str other = noise((2 << 20) + 5, 9);
	struct store_key keys[] = { ltx_key("acme", 1, 0, 2, 2),
		owner_key("acme", 1) };

	for (size_t i = 0; i < 2; i++) {
		struct err err = ERR_INIT;

		must_put(place->store, keys[i], bytes);
		must_put(place->store, keys[i], bytes);
		((char *)(uintptr_t)other.p)[other.n - 1] ^= 1;
		assert_int_equal(
		    put_bytes(place->store, keys[i], other, &err), -1);
		assert_int_equal(err.code, ERR_CONFLICT);
		((char *)(uintptr_t)other.p)[other.n - 1] ^= 1;
		err_clear(&err);
		assert_int_equal(put_bytes(place->store, keys[i],
				     str_sub(bytes, 0, 100), &err),
		    -1);
		assert_int_equal(err.code, ERR_CONFLICT);
		assert_content(place->store, keys[i], 0, 0, bytes);
	}
	drop(bytes);
	drop(other);
}

static void
what_is_not_there(void **state)
{
	struct place *place = *state;
	struct store_key key = ltx_key("acme", 1, 0, 2, 2);
	struct seen seen;
	struct store_op op = new_op(STORE_GET, key, &seen);
	struct err err = ERR_INIT;

	assert_int_equal(store_now(place->store, &op, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	err_clear(&err);
	op = new_op(STORE_DELETE, key, &seen);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	op = new_op(STORE_LIST, key, &seen);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(seen.n, 0);
	op = new_op(STORE_EPOCHS, key, &seen);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(seen.n, 0);
	op = new_op(STORE_SLUGS, key, &seen);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(seen.n, 0);
}

static void
deleted_is_gone(void **state)
{
	struct place *place = *state;
	struct store_key key = ltx_key("acme", 1, 0, 2, 2);
	struct seen seen;
	struct store_op op = new_op(STORE_DELETE, key, &seen);
	struct err err = ERR_INIT;

	must_put(place->store, key, STR("a"));
	must_put(place->store, ltx_key("acme", 1, 0, 3, 3), STR("b"));
	assert_int_equal(store_now(place->store, &op, &err), 0);
	op.verb = STORE_GET;
	assert_int_equal(store_now(place->store, &op, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_content(
	    place->store, ltx_key("acme", 1, 0, 3, 3), 0, 0, STR("b"));
	must_put(place->store, key, STR("another"));
}

static void
lists_are_in_order(void **state)
{
	struct place *place = *state;
	static const uint64_t txids[][2] = { { 0x10, 0x10 }, { 2, 2 }, { 9, 9 },
		{ 2, 0xa }, { UINT64_MAX, UINT64_MAX }, { 0xa, 0xa },
		{ 1, 1 } };
	static const uint64_t want[][2] = { { 1, 1 }, { 2, 2 }, { 2, 0xa },
		{ 9, 9 }, { 0xa, 0xa }, { 0x10, 0x10 },
		{ UINT64_MAX, UINT64_MAX } };
	struct seen seen;
	struct store_op op;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 7; i++)
		must_put(place->store,
		    ltx_key("acme", 3, 1, txids[i][0], txids[i][1]),
		    str_make("0123456789", i));
	must_put(place->store, ltx_key("acme", 3, 2, 1, 9), STR("x"));
	must_put(place->store, ltx_key("acme", 4, 1, 1, 9), STR("x"));
	must_put(place->store, ltx_key("acm", 3, 1, 1, 9), STR("x"));
	must_put(place->store, owner_key("acme", 3), STR("x"));

	op = new_op(STORE_LIST, ltx_key("acme", 3, 1, 0, 0), &seen);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(seen.n, 7);
	for (size_t i = 0; i < 7; i++) {
		const struct store_object *object = &seen.object[i];

		assert_string_equal(object->key.slug, "acme");
		assert_int_equal(object->key.epoch, 3);
		assert_int_equal(object->key.kind, STORE_LTX);
		assert_int_equal(object->key.level, 1);
		assert_true(object->key.min_txid == want[i][0]);
		assert_true(object->key.max_txid == want[i][1]);
		for (size_t j = 0; j < 7; j++)
			if (want[i][0] == txids[j][0] &&
			    want[i][1] == txids[j][1])
				assert_int_equal(object->size, j);
	}
}

static int
count_object(
    struct store_op *op, const struct store_object *object, struct err *err)
{
	uint64_t *last = op->arg;

	(void)err;
	assert_true(object->key.min_txid == (*last ? *last + 1 : 2));
	*last = object->key.min_txid;
	return 0;
}

/* More than a page of a list, and more than a batch of deletes. */
static void
many_are_listed_and_deleted(void **state)
{
	enum { N = 1100 };
	struct place *place = *state;
	struct store_op *op = calloc(N, sizeof *op);
	struct seen seen;
	struct err err = ERR_INIT;
	uint64_t last = 0;

	assert_non_null(op);
	memset(&seen, 0, sizeof seen);
	for (int i = 0; i < N; i++) {
		op[i] = (struct store_op){ .verb = STORE_PUT,
			.key = ltx_key(
			    "acme", 1, 0, 2 + (uint64_t)i, 2 + (uint64_t)i),
			.bytes = STR("x"),
			.done = see_done,
			.arg = &seen };
		store_submit(place->store, &op[i]);
	}
	while (seen.done < N) {
		(void)store_poll(place->store, NULL, 0, 1000);
		assert_int_equal(seen.err.code, ERR_NONE);
	}
	seen.done = 0;
	op[0] = (struct store_op){ .verb = STORE_LIST,
		.key = ltx_key("acme", 1, 0, 0, 0),
		.object = count_object,
		.arg = &last };
	if (store_now(place->store, &op[0], &err) != 0)
		fail_msg("%s", err.msg);
	assert_int_equal(last, N + 1);
	for (int i = 0; i < N; i++) {
		op[i] = (struct store_op){ .verb = STORE_DELETE,
			.key = ltx_key(
			    "acme", 1, 0, 2 + (uint64_t)i, 2 + (uint64_t)i),
			.done = see_done,
			.arg = &seen };
		store_submit(place->store, &op[i]);
	}
	while (seen.done < N) {
		(void)store_poll(place->store, NULL, 0, 1000);
		assert_int_equal(seen.err.code, ERR_NONE);
	}
	seen.n = 0;
	op[0] = new_op(STORE_LIST, ltx_key("acme", 1, 0, 0, 0), &seen);
	assert_int_equal(store_now(place->store, &op[0], &err), 0);
	assert_int_equal(seen.n, 0);
	free(op);
}

static void
epochs_and_slugs(void **state)
{
	struct place *place = *state;
	static const uint32_t epochs[] = { 0x10, 2, UINT32_MAX, 9 };
	static const uint32_t want[] = { 2, 9, 0x10, UINT32_MAX };
	static const char *const slugs[] = { "_registry", "acme", "globex" };
	struct seen seen;
	struct store_op op;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 4; i++)
		must_put(place->store, owner_key("acme", epochs[i]), STR("x"));
	must_put(place->store, ltx_key("globex", 7, 9, 1, 1), STR("x"));
	must_put(place->store, ltx_key("_registry", 1, 9, 1, 1), STR("x"));

	op = new_op(STORE_EPOCHS, ltx_key("acme", 0, 0, 0, 0), &seen);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(seen.n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_true(seen.object[i].key.epoch == want[i]);
	op = new_op(STORE_SLUGS, ltx_key("", 0, 0, 0, 0), &seen);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(seen.n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(seen.object[i].key.slug, slugs[i]);
}

static void
callbacks_may_fail(void **state)
{
	struct place *place = *state;
	struct str bytes = noise(3 << 20, 1);
	struct store_key key = ltx_key("acme", 1, 0, 2, 2);
	static const enum store_verb verbs[] = { STORE_GET, STORE_LIST,
		STORE_EPOCHS, STORE_SLUGS };

	must_put(place->store, key, bytes);
	must_put(place->store, ltx_key("acme", 1, 0, 3, 3), bytes);
	must_put(place->store, ltx_key("acme", 2, 0, 3, 3), bytes);
	must_put(place->store, ltx_key("globex", 2, 0, 3, 3), bytes);
	for (size_t i = 0; i < 4; i++) {
		struct seen seen;
		struct store_op op = new_op(verbs[i], key, &seen);
		struct err err = ERR_INIT;

		seen.fail_after = 1;
		assert_int_equal(store_now(place->store, &op, &err), -1);
		assert_int_equal(err.code, ERR_FULL);
		assert_string_equal(err.msg, "enough");
		assert_true(seen.n <= 1 && seen.data.n < bytes.n);
		buf_free(&seen.data);
	}
	drop(bytes);
}

/* --- swaps ---------------------------------------------------------------- */

static int
swap(struct place *place, const char *bytes, char version[STORE_VERSION],
    struct err *err)
{
	struct seen seen;
	struct store_op op = new_op(STORE_PUT, machine_key(), &seen);
	int rc;

	err_clear(err);
	op.swap = 1;
	op.bytes = str_of(bytes);
	memcpy(op.version, version, sizeof op.version);
	rc = store_now(place->store, &op, err);
	if (rc == 0)
		memcpy(version, op.version, sizeof op.version);
	return rc;
}

static void
version_of(struct place *place, char version[STORE_VERSION])
{
	struct seen seen;
	struct store_op op = new_op(STORE_GET, machine_key(), &seen);
	struct err err = ERR_INIT;

	assert_int_equal(store_now(place->store, &op, &err), 0);
	memcpy(version, op.version, sizeof op.version);
	buf_free(&seen.data);
}

static void
a_swap_replaces_what_was_seen(void **state)
{
	struct place *place = *state;
	char first[STORE_VERSION] = "", second[STORE_VERSION];
	char seen[STORE_VERSION], none[STORE_VERSION] = "";
	struct err err = ERR_INIT;

	if (swap(place, "one", first, &err) != 0)
		fail_msg("%s", err.msg);
	assert_true(strlen(first) > 0);
	version_of(place, seen);
	assert_string_equal(seen, first);

	/* There is one. */
	assert_int_equal(swap(place, "two", none, &err), -1);
	assert_int_equal(err.code, ERR_CONFLICT);
	assert_content(place->store, machine_key(), 0, 0, STR("one"));

	memcpy(second, first, sizeof second);
	if (swap(place, "two", second, &err) != 0)
		fail_msg("%s", err.msg);
	assert_string_not_equal(first, second);
	assert_content(place->store, machine_key(), 0, 0, STR("two"));
	version_of(place, seen);
	assert_string_equal(seen, second);

	/* Who saw the first is late. */
	assert_int_equal(swap(place, "three", first, &err), -1);
	assert_int_equal(err.code, ERR_CONFLICT);
	assert_content(place->store, machine_key(), 0, 0, STR("two"));
	assert_int_equal(swap(place, "four", second, &err), 0);
	assert_content(place->store, machine_key(), 0, 0, STR("four"));
}

static void
a_swap_of_what_is_gone(void **state)
{
	struct place *place = *state;
	char version[STORE_VERSION] = "";
	struct seen seen;
	struct store_op op = new_op(STORE_DELETE, machine_key(), &seen);
	struct err err = ERR_INIT;

	assert_int_equal(swap(place, "one", version, &err), 0);
	assert_int_equal(store_now(place->store, &op, &err), 0);
	assert_int_equal(swap(place, "two", version, &err), -1);
	assert_int_equal(err.code, ERR_CONFLICT);
	version[0] = '\0';
	assert_int_equal(swap(place, "two", version, &err), 0);
	assert_content(place->store, machine_key(), 0, 0, STR("two"));
}

/* Of many who saw the same, one. */
static void
one_of_many_swaps_wins(void **state)
{
	enum { MACHINES = 6, ROUNDS = 5 };
	struct place *place = *state;
	char version[STORE_VERSION] = "";
	struct err err = ERR_INIT;

	/* A store that heeds no conditions cannot keep this promise. */
	if (getenv("STORE_NO_CONDITIONS"))
		skip();
	assert_int_equal(swap(place, "start", version, &err), 0);
	for (int round = 0; round < ROUNDS; round++) {
		char text[MACHINES][32];
		struct seen seen[MACHINES];
		struct store_op op[MACHINES];
		int left, won = -1;

		for (int i = 0; i < MACHINES; i++) {
			op[i] = new_op(STORE_PUT, machine_key(), &seen[i]);
			snprintf(text[i], sizeof text[i], "machine %d of %d", i,
			    round);
			op[i].swap = 1;
			op[i].bytes = str_of(text[i]);
			memcpy(op[i].version, version, sizeof version);
			store_submit(place->store, &op[i]);
		}
		do {
			(void)store_poll(place->store, NULL, 0, 1000);
			left = MACHINES;
			for (int i = 0; i < MACHINES; i++)
				left -= seen[i].done;
		} while (left > 0);
		for (int i = 0; i < MACHINES; i++) {
			if (seen[i].err.code == ERR_NONE) {
				assert_int_equal(won, -1);
				won = i;
			} else if (seen[i].err.code != ERR_BUSY) {
				assert_int_equal(
				    seen[i].err.code, ERR_CONFLICT);
			}
		}
		assert_true(won >= 0);
		memcpy(version, op[won].version, sizeof version);
		assert_content(
		    place->store, machine_key(), 0, 0, str_of(text[won]));
	}
}

/* --- many at once ------------------------------------------------------------- */

struct chain {
	struct store *store;
	struct store_key key;
	int left;
	struct store_op op;
};

static void
next_in_chain(struct store_op *op, const struct err *err)
{
	struct chain *chain = op->arg;

	assert_int_equal(err->code, ERR_NONE);
	if (--chain->left == 0)
		return;
	op->key.min_txid = ++op->key.max_txid;
	store_submit(chain->store, op);
}

/* Each completes once, whatever is before it in the queue. */
static void
many_at_once(void **state)
{
	enum { CHAINS = 40, LENGTH = 5 };
	struct place *place = *state;
	struct chain *chain = calloc(CHAINS, sizeof *chain);
	struct str big = noise(4 << 20, 1), small = noise(900, 2);
	int left;

	assert_non_null(chain);
	for (int i = 0; i < CHAINS; i++) {
		char slug[16];

		snprintf(slug, sizeof slug, "t%d", i);
		chain[i].store = place->store;
		chain[i].left = LENGTH;
		chain[i].op = (struct store_op){ .verb = STORE_PUT,
			.key = ltx_key(slug, 1, 0, 2, 2),
			.bytes = i % 10 == 0 ? big : small,
			.done = next_in_chain,
			.arg = &chain[i] };
		store_submit(place->store, &chain[i].op);
	}
	do {
		assert_int_equal(store_poll(place->store, NULL, 0, 1000), 0);
		left = 0;
		for (int i = 0; i < CHAINS; i++)
			left += chain[i].left;
	} while (left > 0);
	for (int i = 0; i < CHAINS; i++)
		for (uint64_t n = 2; n < 2 + LENGTH; n++) {
			struct store_key key = chain[i].op.key;

			key.min_txid = key.max_txid = n;
			assert_content(
			    place->store, key, 0, 0, i % 10 == 0 ? big : small);
		}
	drop(big);
	drop(small);
	free(chain);
}

static void
a_small_object_overtakes_a_large_one(void **state)
{
	struct place *place = *state;
	struct str big = noise((size_t)48 << 20, 1);
	struct seen seen[2];
	struct store_op op[2];

	op[0] = new_op(STORE_PUT, ltx_key("acme", 1, 9, 1, 1), &seen[0]);
	op[0].bytes = big;
	op[1] = new_op(STORE_PUT, ltx_key("globex", 1, 0, 2, 2), &seen[1]);
	op[1].bytes = STR("small");
	store_submit(place->store, &op[0]);
	store_submit(place->store, &op[1]);
	while (!seen[1].done)
		(void)store_poll(place->store, NULL, 0, 1000);
	assert_int_equal(seen[0].done, 0);
	while (!seen[0].done)
		(void)store_poll(place->store, NULL, 0, 1000);
	assert_int_equal(seen[0].err.code, ERR_NONE);
	assert_int_equal(seen[1].done, 1);
	drop(big);
}

static void
poll_sees_the_callers_descriptors(void **state)
{
	struct place *place = *state;
	struct seen seen;
	struct store_op op =
	    new_op(STORE_PUT, ltx_key("acme", 1, 0, 2, 2), &seen);
	struct pollfd fds[2];
	int pipes[2][2];
	int64_t before;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		fds[i] = (struct pollfd){ pipes[i][0], POLLIN, 0 };
	}
	before = clock_mono_ms();
	assert_int_equal(store_poll(place->store, fds, 2, 50), 0);
	assert_true(clock_mono_ms() - before >= 49);
	assert_int_equal(write(pipes[1][1], "x", 1), 1);
	assert_int_equal(store_poll(place->store, fds, 2, -1), 1);
	assert_int_equal(fds[0].revents, 0);
	assert_int_equal(fds[1].revents, POLLIN);
	/* And while there is work. */
	op.bytes = STR("x");
	store_submit(place->store, &op);
	fds[1].revents = 0;
	assert_int_equal(store_poll(place->store, fds, 2, -1), 1);
	assert_int_equal(fds[1].revents, POLLIN);
	while (!seen.done)
		(void)store_poll(place->store, NULL, 0, 1000);
	for (int i = 0; i < 2; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static void
on_alarm(int signal_number)
{
	(void)signal_number;
}

static void
a_signal_ends_the_wait(void **state)
{
	struct place *place = *state;
	struct sigaction action = { .sa_handler = on_alarm }, old;

	assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
	alarm(1);
	assert_int_equal(store_poll(place->store, NULL, 0, 20000), 0);
	assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
}

static void
closing_forgets_what_is_not_done(void **state)
{
	struct place *place = *state;
	struct str big = noise((size_t)48 << 20, 1);
	struct seen seen[20];
	struct store_op op[20];
	struct err err = ERR_INIT;

	for (unsigned i = 0; i < 20; i++) {
		op[i] = new_op(
		    STORE_PUT, ltx_key("acme", 1, 0, i + 2, i + 2), &seen[i]);
		op[i].bytes = big;
		store_submit(place->store, &op[i]);
	}
	(void)store_poll(place->store, NULL, 0, 1000);
	store_close(place->store);
	for (int i = 0; i < 20; i++)
		assert_int_equal(seen[i].done, 0);
	place->store = store_open(place->url, &err);
	assert_non_null(place->store);
	must_put(place->store, op[0].key, STR("x"));
	drop(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(key_texts),
		here(what_was_put_is_got),
		here(files_are_put),
		here(a_large_file_is_put),
		here(a_file_that_is_not_there),
		here(ranges),
		here(an_object_never_has_two_contents),
		here(what_is_not_there),
		here(deleted_is_gone),
		here(lists_are_in_order),
		here(many_are_listed_and_deleted),
		here(epochs_and_slugs),
		here(callbacks_may_fail),
		here(a_swap_replaces_what_was_seen),
		here(a_swap_of_what_is_gone),
		here(one_of_many_swaps_wins),
		here(many_at_once),
		here(a_small_object_overtakes_a_large_one),
		here(poll_sees_the_callers_descriptors),
		here(a_signal_ends_the_wait),
		here(closing_forgets_what_is_not_done),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
