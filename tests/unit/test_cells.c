/* Anybody's words in the cells of a terminal: no more than these, and harmless. */
#include "tenants/base/cells.h"

#include "tests/unit/unit.h"

static void
text_takes_its_cells_and_no_more(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		enum cells_side side;
		int utf8;
		const char *want;
	} cases[] = {
		{ "", 0, CELLS_LEFT, 1, "" },
		{ "", 3, CELLS_LEFT, 1, "   " },
		{ "ab", 4, CELLS_LEFT, 1, "ab  " },
		{ "ab", 4, CELLS_RIGHT, 1, "  ab" },
		{ "abcd", 4, CELLS_RIGHT, 1, "abcd" },
		{ "abcde", 4, CELLS_LEFT, 0, "abc~" },
		{ "abcde", 4, CELLS_LEFT, 1, "abc\xe2\x80\xa6" },
		{ "abcde", 1, CELLS_LEFT, 0, "~" },
		{ "\xc3\xa9t\xc3\xa9", 4, CELLS_LEFT, 1, "\xc3\xa9t\xc3\xa9 " },
		{ "\xc3\xa9t\xc3\xa9", 4, CELLS_LEFT, 0, "?t? " },
		/* two cells each, one of which is left over */
		{ "\xe6\x97\xa5\xe6\x9c\xac", 4, CELLS_LEFT, 1,
		    "\xe6\x97\xa5\xe6\x9c\xac" },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 3, CELLS_LEFT, 1,
		    "\xe6\x97\xa5\xe2\x80\xa6" },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 2, CELLS_LEFT, 1,
		    " \xe2\x80\xa6" },
		/* escape sequences of both kinds, and what is no UTF-8 */
		{ "\033[2J\007", 6, CELLS_LEFT, 1, "?[2J? " },
		{ "\xc2\x9b" "2J", 6, CELLS_LEFT, 1, "?2J   " },
		{ "\x9b" "2J\xff", 6, CELLS_LEFT, 1, "?2J?  " },
		{ "a\tb\r\n", 6, CELLS_LEFT, 1, "a?b?? " },
		{ "\x7f", 2, CELLS_LEFT, 0, "? " },
		/* an override of the direction, no width, an accent alone */
		{ "\xe2\x80\xae" "a\xe2\x80\x8b" "b\xcc\x81", 6, CELLS_LEFT, 1,
		    "?a?b? " },
	};
	struct buf out;
	size_t i;

	(void)state;
	buf_init(&out, 1000);
	for (i = 0; i < N_OF(cases); i++) {
		buf_reset(&out);
		cells_put(&out, str_of(cases[i].text), cases[i].n,
		    cases[i].side, cases[i].utf8);
		buf_putc(&out, '\0');
		assert_string_equal(out.p, cases[i].want);
	}
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_takes_its_cells_and_no_more),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cells", tests, NULL, NULL);
}
