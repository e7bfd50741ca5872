#include "tenants/base/arena.h"

#include "tests/unit/unit.h"

#define LIMIT ((size_t)1 << 20)

static void
memory_is_zeroed_and_aligned(void **state)
{
	struct arena *arena = arena_new(LIMIT);
	size_t size, i;
	int round;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (size = 0; size < 700; size += 7) {
			unsigned char *p = arena_alloc(arena, size);

			assert_non_null(p);
			assert_int_equal(
			    (uintptr_t)p % _Alignof(max_align_t), 0);
			for (i = 0; i < size; i++)
				assert_int_equal(p[i], 0);
			if (size > 0)
				memset(p, 0xa5, size);
		}
		arena_reset(arena);
	}
	arena_free(arena);
	arena_free(NULL);
}

static void
pieces_do_not_overlap(void **state)
{
	static const size_t sizes[] = { 1, 15, 16, 17, 4000, 5000, 16000, 16384,
		3, 100000, 4096, 1, 8192, 16300, 60 };
	struct arena *arena = arena_new(LIMIT);
	unsigned char *p[N_OF(sizes)];
	size_t i, j;
	int round;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < N_OF(sizes); i++) {
			p[i] = arena_alloc(arena, sizes[i]);
			memset(p[i], (int)i + 1, sizes[i]);
		}
		for (i = 0; i < N_OF(sizes); i++) {
			for (j = 0; j < sizes[i]; j++)
				assert_int_equal(p[i][j], i + 1);
		}
		arena_reset(arena);
	}
	arena_free(arena);
}

/* To the last byte, and again after each reset. */
static void
the_limit_can_be_used_up(void **state)
{
	struct arena *arena = arena_new(1000);
	int round;

	(void)state;
	for (round = 0; round < 3; round++) {
		arena_alloc(arena, 1);
		arena_alloc(arena, 998);
		arena_alloc(arena, 0);
		arena_alloc(arena, 1);
		arena_reset(arena);
	}
	arena_free(arena);
}

/* A piece past the end of its block would run over what malloc() keeps there. */
static void
pieces_end_with_their_block(void **state)
{
	size_t size, i;

	(void)state;
	for (size = 1; size < 4200; size += size < 200 ? 1 : 97) {
		struct arena *arena = arena_new(LIMIT);

		for (i = 0; i < 500 && i < LIMIT / size; i++)
			memset(arena_alloc(arena, size), 0xff, size);
		arena_free(arena);
	}
}

static void
reset_keeps_one_block(void **state)
{
	struct arena *arena = arena_new(LIMIT);
	void *first;

	(void)state;
	arena_alloc(arena, 10);
	arena_alloc(arena, 100000);
	arena_reset(arena);
	first = arena_alloc(arena, 10);
	arena_alloc(arena, 100000);
	arena_reset(arena);
	assert_ptr_equal(arena_alloc(arena, 10), first);
	arena_free(arena);
}

static void
strings_end_in_a_nul(void **state)
{
	struct arena *arena = arena_new(LIMIT);
	struct str s;

	(void)state;
	s = arena_str(arena, STR("a\0b"));
	assert_int_equal(s.n, 3);
	assert_memory_equal(s.p, "a\0b", 4);
	s = arena_str(arena, STR_NONE);
	assert_int_equal(s.n, 0);
	assert_string_equal(s.p, "");
	assert_string_equal(arena_strz(arena, str_make("abcdef", 3)), "abc");
	assert_string_equal(arena_printf(arena, "%s-%d", "x", 7), "x-7");
	assert_string_equal(arena_printf(arena, "%s", ""), "");
	arena_free(arena);
}

static void
typed(void **state)
{
	struct arena *arena = arena_new(LIMIT);
	int64_t *one = ARENA_NEW(arena, int64_t);
	int64_t *many = arena_array(arena, 100, sizeof *many);

	(void)state;
	assert_true(*one == 0 && many[99] == 0);
	assert_non_null(arena_array(arena, 0, 8));
	assert_non_null(arena_array(arena, 8, 0));
	arena_free(arena);
}

static void
take_all_and_one_more(void *arg)
{
	struct arena *arena = arena_new(1000);

	(void)arg;
	arena_alloc(arena, 900);
	arena_alloc(arena, 100);
	arena_alloc(arena, 1);
}

static void
overflow(void *arg)
{
	struct arena *arena = arena_new(LIMIT);

	(void)arg;
	arena_array(arena, SIZE_MAX / 2, 3);
}

static void
take_too_much_at_once(void *arg)
{
	struct arena *arena = arena_new(LIMIT);

	arena_alloc(arena, 100);
	arena_alloc(arena, *(size_t *)arg);
}

static void
no_limit(void *arg)
{
	(void)arg;
	arena_new(SIZE_MAX);
}

static void
the_limit_ends_the_process(void **state)
{
	size_t sizes[] = { LIMIT + 1, SIZE_MAX - 20, SIZE_MAX };
	size_t i;

	(void)state;
	assert_dies(take_all_and_one_more, NULL,
	    "arena: 1 bytes more than 1000 pass the limit of 1000");
	assert_dies(overflow, NULL,
	    "arena: array of 9223372036854775807 times "
	    "3 bytes");
	for (i = 0; i < N_OF(sizes); i++)
		assert_dies(take_too_much_at_once, &sizes[i],
		    "pass the limit of 1048576");
	assert_dies(no_limit, NULL, "is none");
}

#ifdef __SANITIZE_ADDRESS__
static void
overrun(void *arg)
{
	struct arena *arena = arena_new(LIMIT);
	volatile char *p = arena_alloc(arena, 16);

	(void)arg;
	p[16] = 1;
}

static void
use_after_reset(void *arg)
{
	struct arena *arena = arena_new(LIMIT);
	volatile char *p = arena_alloc(arena, 16);

	(void)arg;
	arena_reset(arena);
	p[0] = 1;
}

static void
the_sanitizer_sees_into_it(void **state)
{
	char out[4096];

	(void)state;
	assert_true(unit_apart(overrun, NULL, out, sizeof out) != 0);
	assert_true(unit_apart(use_after_reset, NULL, out, sizeof out) != 0);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(pieces_do_not_overlap),
		cmocka_unit_test(the_limit_can_be_used_up),
		cmocka_unit_test(pieces_end_with_their_block),
		cmocka_unit_test(reset_keeps_one_block),
		cmocka_unit_test(strings_end_in_a_nul),
		cmocka_unit_test(typed),
		cmocka_unit_test(the_limit_ends_the_process),
#ifdef __SANITIZE_ADDRESS__
		cmocka_unit_test(the_sanitizer_sees_into_it),
#endif
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
