#include "tenants/slug.h"

#include "tests/unit/unit.h"

#define A40 "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd"

static void
takes_what_the_rule_says(void **state)
{
	static const char *const good[] = { "a", "7", "acme", "a-b", "a--b",
		"0-0", "www", A40, "x1-y2-z3" };
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(good); i++)
		if (slug_check(str_of(good[i]), &err) != 0)
			fail_msg("%s: %s", good[i], err.msg);
}

static void
refuses_everything_else(void **state)
{
#define ONLY ": only a-z, 0-9 and - may be in it"
	static const struct {
		struct str slug;
		const char *text;
	} bad[] = {
		{ { NULL, 0 }, "the slug is empty" },
		{ STR(""), "the slug is empty" },
		{ STR("-"), "slug \"-\": begins or ends with -" },
		{ STR("-a"), "slug \"-a\": begins or ends with -" },
		{ STR("a-"), "slug \"a-\": begins or ends with -" },
		{ STR("A"), "slug \"A\"" ONLY },
		{ STR("acMe"), "slug \"acMe\"" ONLY },
		{ STR("a_b"), "slug \"a_b\"" ONLY },
		{ STR("_registry"), "slug \"_registry\"" ONLY },
		{ STR("a.b"), "slug \"a.b\"" ONLY },
		{ STR("."), "slug \".\"" ONLY },
		{ STR(".."), "slug \"..\"" ONLY },
		{ STR("../a"), "slug \"../a\"" ONLY },
		{ STR("a/b"), "slug \"a/b\"" ONLY },
		{ STR("a\\b"), "slug \"a\\b\"" ONLY },
		{ STR("a b"), "slug \"a?b\"" ONLY },
		{ STR("a\0b"), "slug \"a?b\"" ONLY },
		{ STR("a\nb"), "slug \"a?b\"" ONLY },
		{ STR("a\"b"), "slug \"a?b\"" ONLY },
		{ STR("a%2e"), "slug \"a%2e\"" ONLY },
		{ STR("m\303\274ller"), "slug \"m??ller\"" ONLY },
		{ STR(A40 "e"),
		    "slug \"" A40 "e\": longer than 40 characters" },
		{ STR(A40 A40),
		    "slug \"" A40 "...\": longer than 40 characters" },
	};
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(bad); i++) {
		assert_int_equal(slug_check(bad[i].slug, &err), -1);
		assert_err(&err, ERR_INPUT, bad[i].text);
	}
}

static void
keeps_names_for_the_platform(void **state)
{
	static const struct {
		const char *slug;
		int reserved;
	} names[] = {
		{ "www", 1 },
		{ "api", 1 },
		{ "admin", 1 },
		{ "mail", 1 },
		{ "localhost", 1 },
		{ "xn--bcher-kva", 1 },
		{ "acme", 0 },
		{ "wwww", 0 },
		{ "xn-", 0 },
		{ "apis", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(names); i++)
		if (slug_reserved(str_of(names[i].slug)) != names[i].reserved)
			fail_msg("%s", names[i].slug);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_rule_says),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(keeps_names_for_the_platform),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("slug", tests, NULL, NULL);
}
