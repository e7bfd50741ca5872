/* rowhouse status --live without its terminal: which rows, in what order, how. */
#include "replication/watch.h"

#include "replication/watch_frame.h"
#include "tenants/base/terminal.h"
#include "tests/unit/unit.h"

static struct watch watch;
static struct buf out;
static struct err err;

static int
enter(void **state)
{
	(void)state;
	watch_init(&watch);
	buf_init(&out, 1 << 20);
	err_clear(&err);
	return 0;
}

static int
leave(void **state)
{
	(void)state;
	watch_free(&watch);
	buf_free(&out);
	return 0;
}

#define watch_test(f) cmocka_unit_test_setup_teardown(f, enter, leave)

#define HEAD                                                                  \
	"{\"total\":{\"tenants\":4,\"open\":2},\"forecast\":{},\"tenants\":["

static int
take(const char *text, int64_t ms)
{
	struct buf json;
	int rc;

	buf_init(&json, 64 << 20);
	buf_puts(&json, text);
	rc = watch_take(&watch, &json, ms, ms, &err);
	buf_free(&json);
	return rc;
}

static void
take_four(int64_t ms)
{
	assert_int_equal(
	    take(HEAD
		"{\"tenant\":\"acme\",\"state\":\"active\",\"epoch\":1,"
		"\"txid\":10,\"lag_ms\":500,\"size\":4096},"
		"{\"tenant\":\"bee\",\"state\":\"missing\",\"epoch\":1,"
		"\"txid\":5,\"lag_ms\":0,\"size\":8192,"
		"\"error\":\"\\u001b[2Jgone\",\"hint\":\"look\"},"
		"{\"tenant\":\"cat\",\"state\":\"idle\",\"epoch\":1,"
		"\"txid\":7,\"lag_ms\":500,\"size\":0,\"puts\":9},"
		"{\"tenant\":\"dog\",\"state\":\"idle\",\"epoch\":1,"
		"\"txid\":7,\"lag_ms\":2500,\"size\":100,"
		"\"proven\":\"1970-01-01T00:00:01.000Z\"}]}",
		ms),
	    0);
}

static void
type(const char *keys)
{
	for (; *keys != '\0'; keys++)
		assert_int_equal(watch_key(&watch, (unsigned char)*keys), 0);
}

/* The slugs that are shown, one after the other. */
static void
shown(const char *want)
{
	size_t i;

	buf_reset(&out);
	for (i = 0; i < watch.n_shown; i++)
		buf_printf(&out, "%s%s", i > 0 ? " " : "",
		    watch.rows[watch.order[i]].tenant);
	buf_putc(&out, '\0');
	assert_string_equal(out.p, want);
}

static void
columns_are_orders(void **state)
{
	(void)state;
	take_four(1000);
	shown("dog acme cat bee");
	type("r");
	shown("bee acme cat dog");
	type("1");
	shown("acme bee cat dog");
	type("1");
	shown("dog cat bee acme");
	type("2");
	shown("acme cat dog bee");
	type("5");
	shown("bee acme dog cat");
	type("7");
	shown("cat acme bee dog");
	type("9");
	shown("dog acme bee cat");
	type("0");
	shown("bee acme cat dog");
	type(">");
	assert_int_equal(watch.column, WATCH_TENANT);
	type("<");
	assert_int_equal(watch.column, WATCH_ERROR);
}

static void
a_filter_chooses(void **state)
{
	static const struct {
		const char *keys, *want;
	} cases[] = {
		{ "/", "acme bee cat dog" },
		{ "e", "acme bee" },
		{ "E", "bee" },
		{ "\177", "acme bee" },
		{ "x", "" },
		{ "\025", "acme bee cat dog" },
		{ "?a*", "cat" },
		{ "\r", "cat" },
		{ "/\025[ab]*", "acme bee" },
		{ "\033", "cat" },
		{ "\033", "acme bee cat dog" },
		{ "w", "bee" },
		{ "/c\r", "" },
		{ "w", "acme cat" },
	};
	size_t i;

	(void)state;
	take_four(1000);
	type("1");
	for (i = 0; i < N_OF(cases); i++) {
		type(cases[i].keys);
		shown(cases[i].want);
	}
	assert_int_equal(watch_key(&watch, TERMINAL_ESC), 0);
	assert_int_equal(watch_key(&watch, TERMINAL_ESC), 1);
	assert_int_equal(watch_key(&watch, 'q'), 1);
}

static void
the_cursor_stays_with_its_tenant(void **state)
{
	(void)state;
	take_four(1000);
	assert_string_equal(watch_current(&watch)->tenant, "dog");
	assert_int_equal(take(HEAD "{\"tenant\":\"acme\"},"
				   "{\"tenant\":\"dog\"}]}",
			     2000),
	    0);
	/* the first line stays the first */
	assert_string_equal(watch_current(&watch)->tenant, "acme");
	take_four(3000);
	assert_string_equal(watch_current(&watch)->tenant, "dog");
	type("jj");
	assert_string_equal(watch_current(&watch)->tenant, "cat");
	assert_int_equal(take(HEAD "{\"tenant\":\"acme\"},"
				   "{\"tenant\":\"cat\"},"
				   "{\"tenant\":\"dog\"},"
				   "{\"tenant\":\"elk\"}]}",
			     4000),
	    0);
	assert_string_equal(watch_current(&watch)->tenant, "cat");
	assert_int_equal(take(HEAD "{\"tenant\":\"acme\"}]}", 5000), 0);
	assert_string_equal(watch_current(&watch)->tenant, "acme");
	assert_int_equal(take(HEAD "]}", 6000), 0);
	assert_null(watch_current(&watch));
	type("j k\r");
	assert_int_equal(watch.page, WATCH_TABLE);
}

static void
writes_are_what_was_captured_since(void **state)
{
	(void)state;
	take_four(1000);
	assert_true(watch.rows[0].writes < 0);
	assert_int_equal(
	    take(HEAD "{\"tenant\":\"acme\",\"epoch\":1,\"txid\":15},"
		      "{\"tenant\":\"ant\",\"epoch\":1,\"txid\":99},"
		      "{\"tenant\":\"bee\",\"epoch\":2,\"txid\":9},"
		      "{\"tenant\":\"cat\",\"epoch\":1,\"txid\":3},"
		      "{\"tenant\":\"dog\",\"epoch\":1,\"txid\":7}]}",
		3000),
	    0);
	assert_true(watch.rows[0].writes > 2.49 && watch.rows[0].writes < 2.51);
	assert_true(watch.rows[1].writes < 0); /* new */
	assert_true(watch.rows[2].writes < 0); /* restored */
	assert_true(watch.rows[3].writes < 0); /* went back */
	assert_true(watch.rows[4].writes >= 0 && watch.rows[4].writes < 0.01);
}

static void
what_is_no_status_changes_nothing(void **state)
{
	(void)state;
	take_four(1000);
	assert_int_equal(take("{\"total\":{}}", 2000), -1);
	assert_err(&err, ERR_INPUT, "the replicator is of another version");
	assert_int_equal(take("{\"total\"", 2000), -1);
	shown("dog acme cat bee");
	assert_int_equal(watch.taken_ms, 1000);
}

/* --- frames ------------------------------------------------------------------- */

static void
frame(size_t width, size_t height, int utf8, const char *one)
{
	const struct watch_look look = { .width = width,
		.height = height,
		.utf8 = utf8,
		.colour = 1,
		.mono_ms = 4000,
		.wall_ms = 4000,
		.one = str_of(one) };
	struct str rest, line;
	size_t lines = 0;

	buf_reset(&out);
	watch_frame(&watch, &look, &out);
	rest = buf_view(&out);
	while (str_next(&rest, '\n', &line) && rest.p != NULL) {
		size_t cells;

		while (str_starts(line, "\033["))
			line = str_sub(
			    line, str_find(line, 'm', 0) + 1, line.n);
		cells = 0;
		while (line.n > 0) {
			uint32_t c;

			line = str_sub(line, str_utf8_at(line, 0, &c), line.n);
			cells++;
		}
		assert_int_equal(cells, width);
		lines++;
	}
	assert_int_equal(lines, height);
	buf_putc(&out, '\0');
}

static void
has(const char *part)
{
	if (strstr(out.p, part) == NULL)
		fail_msg("'%s' is not in '%s'", part, out.p);
}

static void
a_frame_is_the_screen(void **state)
{
	size_t width, height;

	(void)state;
	take_four(1000);
	type("1j");
	frame(120, 14, 0, "");
	has("rowhouse 1970-01-01T00:00:01  4 of 4 shown, 1 wrong ");
	has("4 databases, 2 open; ");
	has("\033[7mTENANT^              STATE          LAG     BEHIND       "
	    "SIZE  WRITES/S      PUTS   SPOOL   PROVEN ERROR ");
	has("\nacme                 active       0.5 s        0 B     4096 B "
	    "        -         0       0    never  ");
	has("\033[31m\033[7mbee                  missing ");
	has(" ?[2Jgone ");
	has("bee: ?[2Jgone ");
	has("look ");
	has("dog                  idle         2.5 s        0 B      100 B "
	    "        -         0       0    3.0 s ");
	assert_null(strstr(out.p, "\033[2J"));
	frame(80, 12, 1, "");
	has("TENANT\xe2\x96\xb2              STATE          LAG       SIZE  "
	    "WRITES/S   PROVEN ERROR     \n");
	/* whatever its size, and on every page */
	for (width = 1; width < 140; width += 3) {
		for (height = 1; height < 40; height++)
			frame(width, height, 1, "");
	}
	type("h");
	for (height = 1; height < 40; height++)
		frame(70, height, 0, "");
	has("PgUp, PgDn");
}

static void
what_is_old_says_so(void **state)
{
	(void)state;
	err_set(&err, ERR_BUSY, "no replicator is running");
	watch_stale(&watch, &err);
	frame(80, 12, 0, "");
	has("NOTHING YET: no replicator is running");
	take_four(1000);
	frame(80, 12, 0, "");
	assert_null(strstr(out.p, "NOTHING YET"));
	watch_stale(&watch, &err);
	frame(80, 12, 0, "");
	has("\033[31mSTALE, of 3.0 s ago: no replicator is running");
	has("\n\033[2macme ");
}

static void
the_rows_that_are_seen_follow_the_cursor(void **state)
{
	struct buf json;
	int i;

	(void)state;
	buf_init(&json, 1 << 20);
	buf_puts(&json, HEAD);
	for (i = 0; i < 100; i++)
		buf_printf(&json, "%s{\"tenant\":\"t%02d\"}", i > 0 ? "," : "",
		    i);
	buf_puts(&json, "]}");
	assert_int_equal(watch_take(&watch, &json, 1000, 1000, &err), 0);
	buf_free(&json);
	type("1");
	frame(80, 16, 0, "");
	has("\033[7mt00 ");
	assert_int_equal(watch.lines, 8);
	assert_int_equal(watch_key(&watch, TERMINAL_PAGE_DOWN), 0);
	frame(80, 16, 0, "");
	has("\nt01 ");
	has("\033[7mt08 ");
	assert_null(strstr(out.p, "t09"));
	type("G");
	frame(80, 16, 0, "");
	has("\033[7mt99 ");
	has("\nt92 ");
	/* a larger screen has no empty lines where there are rows */
	frame(80, 20, 0, "");
	has("\nt88 ");
	type("gr");
	frame(80, 16, 0, "");
	has("\033[7mt99 ");
}

static void
a_page_of_one_can_be_longer_than_the_screen(void **state)
{
	static const char page[] =
	    "l1\nl2\nl3\nl4\nl5\nl6\nl7\nl8\nl9\n\033[0m\n";

	(void)state;
	take_four(1000);
	type("j\r");
	assert_string_equal(watch.one, "acme");
	frame(60, 9, 0, page);
	has("\nl1 ");
	type("G");
	frame(60, 9, 0, page);
	has("\nl9 ");
	has("\n?[0m ");
	assert_null(strstr(out.p, "l3"));
	type("k");
	frame(60, 9, 0, page);
	has("\nl3 ");
	type("q");
	assert_int_equal(watch.page, WATCH_TABLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		watch_test(columns_are_orders),
		watch_test(a_filter_chooses),
		watch_test(the_cursor_stays_with_its_tenant),
		watch_test(writes_are_what_was_captured_since),
		watch_test(what_is_no_status_changes_nothing),
		watch_test(a_frame_is_the_screen),
		watch_test(what_is_old_says_so),
		watch_test(the_rows_that_are_seen_follow_the_cursor),
		watch_test(a_page_of_one_can_be_longer_than_the_screen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
