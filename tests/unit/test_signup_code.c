#include "tenants/signup_code.h"

#include "tests/unit/unit.h"

#define NOW 1800000000

static const struct secret master = { { 1, 2, 3 } };
static const struct secret other = { { 3, 2, 1 } };

static void
is_one_slugs_and_ends(void **state)
{
	struct buf code;
	char text[128];
	size_t i;

	(void)state;
	buf_init(&code, sizeof(text));
	signup_code_put(&master, STR("acme"), NOW, &code);
	assert_int_equal(str_copy(buf_view(&code), text, sizeof(text)), 0);
	buf_free(&code);
	assert_int_equal(strlen(text), 10 + 1 + 43);
	assert_true(
	    signup_code_ok(&master, STR("acme"), str_of(text), 0, NOW - 1));
	assert_false(signup_code_ok(&master, STR("acme"), str_of(text), 0, NOW));
	assert_false(
	    signup_code_ok(&master, STR("globex"), str_of(text), 0, NOW - 1));
	assert_false(
	    signup_code_ok(&other, STR("acme"), str_of(text), 0, NOW - 1));
	for (i = 0; text[i]; i++) {
		char kept = text[i];

		text[i] = kept == '9' ? '8' : '9';
		if (signup_code_ok(&master, STR("acme"), str_of(text), 0, NOW - 1))
			fail_msg("character %zu", i);
		text[i] = kept;
	}
}

static void
an_erasure_ends_those_that_were_made_before(void **state)
{
	const int64_t made = NOW - 7 * INT64_C(86400);
	struct buf code;
	struct str text;

	(void)state;
	buf_init(&code, 128);
	signup_code_put(&master, STR("acme"), NOW, &code);
	text = buf_view(&code);
	assert_true(
	    signup_code_ok(&master, STR("acme"), text, made - 1, NOW - 1));
	/* "erase && invite" may be one second */
	assert_true(signup_code_ok(&master, STR("acme"), text, made, NOW - 1));
	assert_false(
	    signup_code_ok(&master, STR("acme"), text, made + 1, NOW - 1));
	buf_free(&code);
}

static void
other_texts_are_none(void **state)
{
	static const char *const texts[] = { "", ".", "1800000000",
		"1800000000.", "x.y", "99999999999999999999.x", "-1.x" };
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(texts); i++)
		if (signup_code_ok(&master, STR("acme"), str_of(texts[i]), 0, 1))
			fail_msg("%s", texts[i]);
	assert_false(signup_code_ok(&master, STR("acme"), STR_NONE, 0, 1));
}

static int
setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return crypto_init(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_one_slugs_and_ends),
		cmocka_unit_test(an_erasure_ends_those_that_were_made_before),
		cmocka_unit_test(other_texts_are_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("signup_code", tests, setup, NULL);
}
