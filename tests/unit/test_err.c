#include "tenants/base/err.h"

#include <errno.h>

#include "tests/unit/unit.h"

static void
every_code_has_a_class(void **state)
{
	static const struct {
		enum err_code code;
		const char *name;
		int http, retry, exit;
	} cases[] = {
		{ ERR_NONE, "none", 200, 0, 0 },
		{ ERR_INPUT, "bad input", 400, 0, 2 },
		{ ERR_AUTH, "not signed in", 401, 0, 1 },
		{ ERR_DENIED, "not allowed", 403, 0, 1 },
		{ ERR_NOT_FOUND, "not found", 404, 0, 1 },
		{ ERR_METHOD, "method", 405, 0, 1 },
		{ ERR_CONFLICT, "conflict", 409, 0, 1 },
		{ ERR_LENGTH, "no length", 411, 0, 1 },
		{ ERR_TOO_LARGE, "too large", 413, 0, 1 },
		{ ERR_MEDIA, "not json", 415, 0, 1 },
		{ ERR_LIMIT, "over a limit", 429, 1, 75 },
		{ ERR_BUSY, "busy", 503, 1, 75 },
		{ ERR_UNCONFIRMED, "unconfirmed", 504, 0, 1 },
		{ ERR_DEADLINE, "deadline", 503, 0, 1 },
		{ ERR_FULL, "full", 507, 1, 1 },
		{ ERR_QUOTA, "over a quota", 507, 0, 1 },
		{ ERR_CORRUPT, "corrupt", 500, 0, 1 },
		{ ERR_SYSTEM, "system", 500, 1, 1 },
	};
	size_t i;

	(void)state;
	assert_int_equal(N_OF(cases), ERR_CODES);
	for (i = 0; i < N_OF(cases); i++) {
		const struct err_class *class = err_class(cases[i].code);

		assert_string_equal(class->name, cases[i].name);
		assert_int_equal(class->http, cases[i].http);
		assert_int_equal(class->retry, cases[i].retry);
		assert_int_equal(class->exit, cases[i].exit);
	}
}

static void
nothing_in_it_commands_a_terminal(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_INPUT, "%s", "a\033[2Jb\177c\302\233d\302");
	assert_string_equal(err.msg, "a?[2Jb?c??d\302");
	err_hint(&err, "two\r\nlines\tand \303\251\302\240\001");
	assert_string_equal(err.hint, "two  lines and \303\251\302\240?");
	errno = ENOENT;
	err_sys(&err, "\b");
	assert_string_equal(err.msg, "?: No such file or directory");
	err_wrap(&err, "\f");
	assert_string_equal(err.msg, "?: ?: No such file or directory");
}

static void
set_replaces_all(void **state)
{
	struct err err = { ERR_BUSY, 7, "old", "old hint" };

	(void)state;
	assert_int_equal(err_set(&err, ERR_INPUT, "no %s", "way"), -1);
	assert_err(&err, ERR_INPUT, "no way");
	assert_string_equal(err.hint, "");
	assert_int_equal(err.retry_after, 0);
}

static void
arguments_may_point_into_the_error(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_INPUT, "inner");
	err_set(&err, ERR_CORRUPT, "outer (%s)", err.msg);
	assert_err(&err, ERR_CORRUPT, "outer (inner)");
	err_wrap(&err, "again %s", err.msg);
	assert_err(&err, ERR_CORRUPT, "again outer (inner): outer (inner)");
	err_hint(&err, "see %s", err.msg);
	err_hint(&err, "<%s>", err.hint);
	assert_string_equal(
	    err.hint, "<see again outer (inner): outer (inner)>");
}

static void
wrap_keeps_code_and_hint(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_FULL, "disk full");
	assert_int_equal(err_hint(&err, "make room"), -1);
	err.retry_after = 3;
	assert_int_equal(err_wrap(&err, "tenant %s", "acme"), -1);
	assert_err(&err, ERR_FULL, "tenant acme: disk full");
	assert_string_equal(err.hint, "make room");
	assert_int_equal(err.retry_after, 3);
}

static void
errno_has_a_code_and_survives(void **state)
{
	static const struct {
		int number;
		enum err_code code;
		const char *text;
	} cases[] = {
		{ ENOSPC, ERR_FULL, "x: No space left on device" },
		{ EDQUOT, ERR_FULL, "x: Disk quota exceeded" },
		{ ENOENT, ERR_NOT_FOUND, "x: No such file or directory" },
		{ EEXIST, ERR_CONFLICT, "x: File exists" },
		{ EACCES, ERR_SYSTEM, "x: Permission denied" },
		{ EROFS, ERR_SYSTEM, "x: Read-only file system" },
		{ EIO, ERR_SYSTEM, "x: Input/output error" },
	};
	struct err err = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		errno = cases[i].number;
		assert_int_equal(err_sys(&err, "%c", 'x'), -1);
		assert_int_equal(errno, cases[i].number);
		assert_err(&err, cases[i].code, cases[i].text);
	}
}

static void
what_is_too_long_is_cut_and_says_so(void **state)
{
	struct err err = ERR_INIT;
	char text[1000];

	(void)state;
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	err_set(&err, ERR_INPUT, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
	assert_string_equal(err.msg + sizeof err.msg - 6, "aa...");
	err_wrap(&err, "file %s", "x");
	assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
	assert_memory_equal(err.msg, "file x: aa", 10);
	assert_string_equal(err.msg + sizeof err.msg - 6, "aa...");
	err_hint(&err, "%s", text);
	assert_int_equal(strlen(err.hint), sizeof err.hint - 1);
	assert_string_equal(err.hint + sizeof err.hint - 6, "aa...");
	errno = EIO;
	err_sys(&err, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof err.msg - 1);

	/* One byte less than the room there is is not cut. */
	text[sizeof err.msg - 1] = '\0';
	err_set(&err, ERR_INPUT, "%s", text);
	assert_string_equal(err.msg, text);
}

static void
clear_forgets(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_INPUT, "x");
	err_hint(&err, "y");
	err.retry_after = 1;
	err_clear(&err);
	assert_err(&err, ERR_NONE, "");
	assert_string_equal(err.hint, "");
	assert_int_equal(err.retry_after, 0);
}

static void
die(void *arg)
{
	err_die("no more %s", (const char *)arg);
}

static void
ask_for_no_class(void *arg)
{
	err_class(*(enum err_code *)arg);
}

static void
death_has_a_text(void **state)
{
	enum err_code code = ERR_CODES;
	char word[] = "memory";

	(void)state;
	assert_dies(die, word, "] fatal: no more memory\n");
	assert_dies(ask_for_no_class, &code, "err_class: no such code: 18");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_a_class),
		cmocka_unit_test(nothing_in_it_commands_a_terminal),
		cmocka_unit_test(set_replaces_all),
		cmocka_unit_test(arguments_may_point_into_the_error),
		cmocka_unit_test(wrap_keeps_code_and_hint),
		cmocka_unit_test(errno_has_a_code_and_survives),
		cmocka_unit_test(what_is_too_long_is_cut_and_says_so),
		cmocka_unit_test(clear_forgets),
		cmocka_unit_test(death_has_a_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
