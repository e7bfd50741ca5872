#include "tenants/base/log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tenants/base/clock.h"
#include "tests/unit/unit.h"

/*
 * Each test logs in a process of its own and looks at what came out.  At the
 * start of a line: "2026-11-23T10:00:00.123Z info worker[4711] ".
 */
#define TIME 24

static char out[65536];

static void
run(void (*body)(void *arg), void *arg)
{
	int status = unit_apart(body, arg, out, sizeof out);

	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static size_t
lines(void)
{
	const char *p = out;
	size_t n = 0;

	while ((p = strchr(p, '\n'))) {
		n++;
		p++;
	}
	return n;
}

/* What follows "role[pid] " of the only line. */
static const char *
rest_of_the_line(void)
{
	char *bracket = strchr(out, ']');

	assert_int_equal(lines(), 1);
	assert_non_null(bracket);
	out[strlen(out) - 1] = '\0';
	return bracket + 2;
}

static void
request(void *arg)
{
	struct log_line line;

	(void)arg;
	log_init("worker", LOG_LEVEL_INFO);
	log_begin(&line, LOG_LEVEL_INFO, "request");
	log_str(&line, "tenant", STR("acme"));
	log_int(&line, "status", 200);
	log_int(&line, "least", INT64_MIN);
	log_end(&line);
}

static void
one_event_is_one_line(void **state)
{
	struct err err = ERR_INIT;
	char want[200];
	int64_t ms;
	int pid;

	(void)state;
	run(request, NULL);
	assert_int_equal(clock_parse(str_make(out, TIME), 0, &ms, &err), 0);
	assert_true(clock_wall_ms() - ms < 60000);
	assert_int_equal(sscanf(out + TIME, " info worker[%d]", &pid), 1);
	snprintf(want, sizeof want,
	    " info worker[%d] request tenant=acme status=200 "
	    "least=-9223372036854775808\n",
	    pid);
	assert_string_equal(out + TIME, want);
}

static void
value(void *arg)
{
	struct log_line line;

	log_init("t", LOG_LEVEL_INFO);
	log_begin(&line, LOG_LEVEL_INFO, "e");
	log_str(&line, "k", *(struct str *)arg);
	log_end(&line);
}

static void
values_are_escaped(void **state)
{
	static const struct {
		struct str value;
		const char *line;
	} cases[] = {
		{ { "plain-1.2/3:4", 13 }, "e k=plain-1.2/3:4" },
		{ { "", 0 }, "e k=\"\"" },
		{ { NULL, 0 }, "e k=\"\"" },
		{ { "a b", 3 }, "e k=\"a b\"" },
		{ { "a=b", 3 }, "e k=\"a=b\"" },
		{ { "a\"b", 3 }, "e k=\"a\\\"b\"" },
		{ { "a\\b", 3 }, "e k=\"a\\\\b\"" },
		{ { "a\nb", 3 }, "e k=\"a\\nb\"" },
		{ { "a\rb", 3 }, "e k=\"a\\rb\"" },
		{ { "a\tb", 3 }, "e k=\"a\\tb\"" },
		{ { "a\0b", 3 }, "e k=\"a\\x00b\"" },
		{ { "\x1b[31m", 5 }, "e k=\"\\x1b[31m\"" },
		{ { "\x7f", 1 }, "e k=\"\\x7f\"" },
		{ { "\xc2\x9b", 2 }, "e k=\"\\u009b\"" },
		{ { "\xc2\x80\xc2\x9f", 4 }, "e k=\"\\u0080\\u009f\"" },
		{ { "\xc2\xa0", 2 }, "e k=\xc2\xa0" },
		{ { "\xff\xc3", 2 }, "e k=\"\\xff\\xc3\"" },
		{ { "Z\xc3\xbcrich", 7 }, "e k=Z\xc3\xbcrich" },
		{ { "\xf0\x9f\x98\x80", 4 }, "e k=\xf0\x9f\x98\x80" },
	};
	struct str s;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		s = cases[i].value;
		run(value, &s);
		assert_string_equal(rest_of_the_line(), cases[i].line);
	}
}

static void
no_input_forges_a_line(void **state)
{
	struct str s = STR("x\n2026-11-23T10:00:00.123Z info worker[1] sign-in "
			   "user=root\r\n\" tenant=other status=200");

	(void)state;
	run(value, &s);
	assert_string_equal(rest_of_the_line(),
	    "e k=\"x\\n2026-11-23T10:00:00.123Z info worker[1] sign-in "
	    "user=root\\r\\n\\\" tenant=other status=200\"");
}

static void
every_byte(void *arg)
{
	char c = *(char *)arg;
	struct str s = { &c, 1 };

	value(&s);
}

static void
no_byte_forges_a_line(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		char c = (char)i;
		const char *p;

		run(every_byte, &c);
		for (p = rest_of_the_line(); *p; p++)
			assert_true((unsigned char)*p >= 0x20 &&
				    (unsigned char)*p < 0x7f);
	}
}

static void
long_values(void *arg)
{
	static char text[5000];
	struct log_line line;

	memset(text, *(char *)arg, sizeof text);
	log_init("t", LOG_LEVEL_INFO);
	log_begin(&line, LOG_LEVEL_INFO, "e");
	log_str(&line, "a", STR("short"));
	log_str(&line, "b", str_make(text, sizeof text));
	log_str(&line, "c", STR("never shown"));
	log_end(&line);
}

static void
what_does_not_fit_is_cut(void **state)
{
	/* As themselves, in quotes, and at 4 and 2 bytes each. */
	static const struct {
		char fill;
		const char *end;
	} cases[] = { { 'x', "xxx..." }, { ' ', "   ...\"" },
		{ '\1', "\\x01...\"" }, { '\n', "\\n...\"" } };
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		char fill = cases[i].fill;
		const char *line;
		size_t n = strlen(cases[i].end);

		run(long_values, &fill);
		assert_true(strlen(out) <= 2048);
		assert_true(strlen(out) > 2030);
		line = rest_of_the_line();
		assert_memory_equal(line, "e a=short b=", 12);
		assert_string_equal(line + strlen(line) - n, cases[i].end);
	}
}

/* Keys and values of all lengths around the end of the line. */
static void
many_pairs(void *arg)
{
	struct log_line line;
	size_t i;

	log_init("t", LOG_LEVEL_INFO);
	log_begin(&line, LOG_LEVEL_INFO, "e");
	log_str(&line, "fill", str_make(arg, strlen(arg)));
	for (i = 0; i < 20; i++)
		log_str(&line, "key", STR("v \1"));
	log_end(&line);
}

static void
the_end_of_a_line_holds(void **state)
{
	char fill[2048];
	size_t n;

	(void)state;
	memset(fill, 'x', sizeof fill);
	for (n = 1900; n < 2047; n++) {
		fill[n] = '\0';
		run(many_pairs, fill);
		fill[n] = 'x';
		assert_true(strlen(out) <= 2048);
		assert_int_equal(lines(), 1);
	}
}

static void
all_levels(void *arg)
{
	log_init("t", *(enum log_level *)arg);
	log_debug("d", "%d", 1);
	log_info("i", "%s", "two words");
	log_warn("w", "%d", 3);
	log_error("e", "%d", 4);
}

static void
levels(void **state)
{
	enum log_level level, parsed;

	(void)state;
	for (level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++) {
		run(all_levels, &level);
		assert_int_equal(lines(), LOG_LEVEL_ERROR - level + 1);
		assert_int_equal(
		    log_level_parse(str_of(log_level_name(level)), &parsed), 0);
		assert_int_equal(parsed, level);
	}
	level = LOG_LEVEL_DEBUG;
	run(all_levels, &level);
	assert_non_null(strstr(out, "Z debug t["));
	assert_non_null(strstr(out, "] d text=1\n"));
	assert_non_null(strstr(out, "Z info t["));
	assert_non_null(strstr(out, "] i text=\"two words\"\n"));
	assert_non_null(strstr(out, "Z warn t["));
	assert_non_null(strstr(out, "] w text=3\n"));
	assert_non_null(strstr(out, "Z error t["));
	assert_non_null(strstr(out, "] e text=4\n"));
	assert_int_equal(log_level_parse(STR("Info"), &parsed), -1);
	assert_int_equal(log_level_parse(STR(""), &parsed), -1);
}

static void
an_error(void *arg)
{
	struct err err = ERR_INIT;

	log_init("t", LOG_LEVEL_ERROR);
	err_set(&err, ERR_FULL, "cannot write: no room");
	if (arg) {
		err_hint(&err, "make room");
		log_err("request", STR("acme"), &err);
	} else {
		log_err("request", STR_NONE, &err);
	}
}

static void
errors_end_here(void **state)
{
	(void)state;
	run(an_error, out);
	assert_string_equal(rest_of_the_line(),
	    "request tenant=acme error=full text=\"cannot write: no room\" "
	    "hint=\"make room\"");
	run(an_error, NULL);
	assert_string_equal(rest_of_the_line(),
	    "request error=full text=\"cannot write: no room\"");
}

static void
in_the_journal(void *arg)
{
	char name[64];
	struct stat st;

	if (fstat(STDERR_FILENO, &st) != 0)
		_exit(1);
	snprintf(name, sizeof name, "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino + (arg ? 1 : 0));
	setenv("JOURNAL_STREAM", name, 1);
	log_init("t", LOG_LEVEL_INFO);
	log_info("e", "%d", 1);
}

static void
the_journal_has_its_own_time(void **state)
{
	(void)state;
	run(in_the_journal, NULL);
	assert_memory_equal(out, "info t[", 7);
	/* Another stream's name, left over in the environment, is not ours. */
	run(in_the_journal, out);
	assert_memory_equal(out + TIME, " info t[", 8);
}

/* A log that cannot be written stops nobody. */
static void
nobody_listens(void *arg)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)arg;
	if (full < 0 || dup2(full, STDERR_FILENO) < 0)
		_exit(1);
	log_init("t", LOG_LEVEL_INFO);
	log_info("e", "%d", 1);
}

static void
a_full_disk_stops_nobody(void **state)
{
	(void)state;
	run(nobody_listens, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_event_is_one_line),
		cmocka_unit_test(values_are_escaped),
		cmocka_unit_test(no_input_forges_a_line),
		cmocka_unit_test(no_byte_forges_a_line),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(the_end_of_a_line_holds),
		cmocka_unit_test(levels),
		cmocka_unit_test(errors_end_here),
		cmocka_unit_test(the_journal_has_its_own_time),
		cmocka_unit_test(a_full_disk_stops_nobody),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
