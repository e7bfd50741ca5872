#include "fcgi/prefer.h"

#include "tests/unit/unit.h"

static const struct {
	const char *header;
	int replicated;
} cases[] = {
	{ NULL, 0 },
	{ "", 0 },
	{ "durability=replicated", 1 },
	{ "Durability=Replicated", 1 },
	{ " durability \t= replicated ", 1 },
	{ "durability=\"replicated\"", 1 },
	{ "durability=\"repl\\icated\"", 1 },
	{ "durability=replicated; wait=10", 1 },
	{ "durability=replicated;", 1 },
	{ "respond-async, durability=replicated", 1 },
	{ "respond-async;x=\"a,b\\\";\" , wait=10,durability=replicated", 1 },
	{ ", ,durability=replicated", 1 },
	{ "durability=replicated, return=minimal", 1 },
	/* Only the first counts. */
	{ "durability=local, durability=replicated", 0 },
	{ "durability=replicated, durability=local", 1 },
	{ "durability, durability=replicated", 0 },
	{ "durability", 0 },
	{ "durability=", 0 },
	{ "durability=\"\"", 0 },
	{ "durability=replicated2", 0 },
	{ "durability=replicate", 0 },
	{ "durability=replicated-and-much-more-than-fits-into-a-word", 0 },
	{ "xdurability=replicated", 0 },
	/* Within another one's value or parameters. */
	{ "x=\"durability=replicated\"", 0 },
	{ "x=\", durability=replicated, \"", 0 },
	{ "x;durability=replicated", 0 },
	{ "return; durability=replicated", 0 },
	/* What is no preference ends it. */
	{ "=replicated, durability=replicated", 0 },
	{ "x y, durability=replicated", 0 },
	{ "durability=replicated now", 0 },
	{ "x=\"open, durability=replicated", 0 },
	{ "x=\"open\\", 0 },
	{ "(x), durability=replicated", 0 },
};

static void
a_header_asks_for_it_or_not(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (prefer_replicated(str_of(cases[i].header)) !=
		    cases[i].replicated)
			fail_msg("%s", cases[i].header);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_asks_for_it_or_not),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("prefer", tests, NULL, NULL);
}
