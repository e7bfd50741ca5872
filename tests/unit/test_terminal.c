/* What a terminal sends for a key, whole and in pieces. */
#include "tenants/base/terminal.h"

#include "tests/unit/unit.h"

static void
keys_are_told_apart(void **state)
{
	static const struct {
		const char *bytes;
		int all, key;
		size_t used;
	} cases[] = {
		{ "", 1, TERMINAL_NONE, 0 },
		{ "q", 0, 'q', 1 },
		{ "qq", 0, 'q', 1 },
		{ "\r", 0, '\r', 1 },
		{ "\xc3\xa9", 0, 0xc3, 1 },
		{ "\033[A", 0, TERMINAL_UP, 3 },
		{ "\033OA", 0, TERMINAL_UP, 3 },
		{ "\033[Bq", 0, TERMINAL_DOWN, 3 },
		{ "\033[5~", 0, TERMINAL_PAGE_UP, 4 },
		{ "\033[6~\033[6~", 0, TERMINAL_PAGE_DOWN, 4 },
		{ "\033[1~", 0, TERMINAL_HOME, 4 },
		{ "\033OF", 0, TERMINAL_END, 3 },
		{ "\033[1;5A", 0, TERMINAL_OTHER, 6 },
		{ "\033[15~", 0, TERMINAL_OTHER, 5 },
		{ "\033q", 0, TERMINAL_ESC, 1 },
		{ "\033\033[A", 0, TERMINAL_ESC, 1 },
		/* more may come; or it is all there is */
		{ "\033", 0, TERMINAL_NONE, 0 },
		{ "\033[", 0, TERMINAL_NONE, 0 },
		{ "\033[15", 0, TERMINAL_NONE, 0 },
		{ "\033", 1, TERMINAL_ESC, 1 },
		{ "\033[", 1, TERMINAL_ESC, 2 },
		{ "\033[15", 1, TERMINAL_OTHER, 4 },
		{ "\033[\r", 0, TERMINAL_ESC, 1 },
	};
	size_t i, used;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		int key = terminal_decode(cases[i].bytes,
		    strlen(cases[i].bytes), cases[i].all, &used);

		if (key != cases[i].key || used != cases[i].used)
			fail_msg("case %zu: key %d of %zu bytes", i, key, used);
	}
}

static void
the_environment_says_what_it_shows(void **state)
{
	(void)state;
	setenv("LC_ALL", "", 1);
	unsetenv("LC_CTYPE");
	setenv("LANG", "de_DE.UTF-8", 1);
	assert_true(terminal_is_utf8());
	setenv("LC_CTYPE", "C", 1);
	assert_false(terminal_is_utf8());
	setenv("LC_ALL", "C.utf8", 1);
	assert_true(terminal_is_utf8());
	setenv("NO_COLOR", "", 1);
	assert_true(terminal_has_colour());
	setenv("NO_COLOR", "1", 1);
	assert_false(terminal_has_colour());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_told_apart),
		cmocka_unit_test(the_environment_says_what_it_shows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
