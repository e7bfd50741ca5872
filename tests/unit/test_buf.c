#include "tenants/base/buf.h"

#include "tests/unit/unit.h"

#define assert_buf(buf, want)                                                  \
	do {                                                                   \
		assert_int_equal((buf)->n, sizeof(want) - 1);                  \
		assert_memory_equal((buf)->p, (want), sizeof(want) - 1);       \
	} while (0)

static void
appends(void **state)
{
	struct err err = ERR_INIT;
	struct buf buf;

	(void)state;
	buf_init(&buf, 1000);
	assert_null(buf.p);
	assert_int_equal(buf_view(&buf).n, 0);
	buf_put(&buf, "a\0b", 3);
	buf_put(&buf, NULL, 0);
	buf_str(&buf, STR("cd"));
	buf_str(&buf, STR_NONE);
	buf_puts(&buf, "ef");
	buf_putc(&buf, '\n');
	buf_printf(&buf, "%d-%s", 12, "x");
	assert_buf(&buf, "a\0bcdef\n12-x");
	assert_int_equal(buf_view(&buf).n, buf.n);
	assert_int_equal(buf_check(&buf, "it", &err), 0);
	buf_free(&buf);
	assert_null(buf.p);
	assert_int_equal(buf.max, 1000);
	buf_free(&buf);
	buf_free(NULL);
}

static void
grows_from_nothing_to_its_maximum(void **state)
{
	struct err err = ERR_INIT;
	struct buf buf;
	size_t i;

	(void)state;
	buf_init(&buf, 100000);
	for (i = 0; i < 100000; i++)
		buf_putc(&buf, (char)i);
	assert_int_equal(buf.n, 100000);
	assert_int_equal(buf.full, 0);
	assert_true(buf.cap <= buf.max);
	for (i = 0; i < 100000; i++)
		assert_int_equal((unsigned char)buf.p[i], i & 0xff);
	buf_putc(&buf, 'x');
	assert_int_equal(buf.n, 100000);
	assert_int_equal(buf.full, 1);
	assert_int_equal(buf_check(&buf, "answer", &err), -1);
	assert_err(&err, ERR_TOO_LARGE, "answer is larger than 100000 bytes");
	buf_free(&buf);
}

static void
what_does_not_fit_is_dropped_whole(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 5);
	buf_puts(&buf, "abc");
	buf_puts(&buf, "def");
	assert_int_equal(buf.full, 1);
	assert_buf(&buf, "abc");
	buf_printf(&buf, "%d", 123);
	assert_buf(&buf, "abc");
	assert_null(buf_extend(&buf, 3));
	assert_null(buf_extend(&buf, SIZE_MAX));
	buf_put(&buf, "xx", SIZE_MAX);
	assert_buf(&buf, "abc");
	buf_reset(&buf);
	assert_int_equal(buf.full, 0);
	assert_int_equal(buf.n, 0);
	/* To the last byte, which printf's terminator must not take. */
	buf_printf(&buf, "%s", "12345");
	assert_buf(&buf, "12345");
	assert_int_equal(buf.full, 0);
	buf_free(&buf);
}

static void
extends(void **state)
{
	struct buf buf;
	char *p;

	(void)state;
	buf_init(&buf, 1000);
	assert_non_null(buf_extend(&buf, 0));
	p = buf_extend(&buf, 3);
	memcpy(p, "abc", 3);
	p = buf_extend(&buf, 900);
	memset(p, 'x', 900);
	assert_int_equal(buf.n, 903);
	assert_memory_equal(buf.p, "abcx", 4);
	buf_free(&buf);
	buf_init(&buf, 0);
	assert_non_null(buf_extend(&buf, 0));
	assert_null(buf_extend(&buf, 1));
	buf_free(&buf);
}

static void
init_without_a_maximum(void *arg)
{
	buf_init(arg, SIZE_MAX);
}

static void
a_maximum_must_be_stated(void **state)
{
	struct buf buf;

	(void)state;
	assert_dies(init_without_a_maximum, &buf, "buffer: a maximum of");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends),
		cmocka_unit_test(grows_from_nothing_to_its_maximum),
		cmocka_unit_test(what_does_not_fit_is_dropped_whole),
		cmocka_unit_test(extends),
		cmocka_unit_test(a_maximum_must_be_stated),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
