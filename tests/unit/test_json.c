#include "tenants/base/json.h"

#include <math.h>

#include "tests/unit/json_cases.h"
#include "tests/unit/json_judge.h"

static void
texts_are_accepted_and_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(json_cases); i++) {
		const struct json_case *c = &json_cases[i];
		/* A copy of its very size: reading past its end is seen. */
		char *text = malloc(c->text.n);
		const struct json *value;
		struct err err = ERR_INIT;
		int checked, rc;

		memcpy(text, c->text.p, c->text.n);
		checked = json_check(str_make(text, c->text.n),
		    JSON_LIMITS_DEFAULT, arena, &err);
		rc = json_parse(str_make(text, c->text.n), JSON_LIMITS_DEFAULT,
		    arena, &value, &err);
		free(text);
		/* Only names that stand twice are not seen without a tree. */
		if (checked != rc && !strstr(err.msg, "stands twice"))
			fail_msg("%s: json_check differs", c->name);
		if ((rc == 0) != (c->verdict == ACCEPT))
			fail_msg(
			    "%s: %s", c->name, rc == 0 ? "accepted" : err.msg);
		if (rc != 0 && err.code != ERR_INPUT &&
		    err.code != ERR_TOO_LARGE)
			fail_msg("%s: %s", c->name, err.msg);
	}
}

static void
the_judge_agrees_but_for_what_is_listed(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(json_cases); i++) {
		const struct json_case *c = &json_cases[i];
		int want = c->judge == STRICTER_WE || c->verdict == ACCEPT;

		if (c->judge != UNFIT && json_valid(c->text) != want)
			fail_msg("%s: SQLite says %d", c->name, !want);
	}
}

/* No text that is cut short passes, unless only white space was cut off. */
static void
no_part_of_a_text_is_a_text(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < N_OF(json_cases); i++) {
		struct str text = str_trim(json_cases[i].text);

		if (json_cases[i].verdict != ACCEPT ||
		    (text.p[0] != '[' && text.p[0] != '{'))
			continue;
		for (n = 0; n < text.n; n++) {
			const struct json *value;
			struct err err = ERR_INIT;

			assert_int_equal(
			    json_parse(str_sub(text, 0, n), JSON_LIMITS_DEFAULT,
				arena, &value, &err),
			    -1);
			assert_int_equal(err.code, ERR_INPUT);
		}
		arena_reset(arena);
	}
}

static void
refusals_say_what_and_where(void **state)
{
	static const struct {
		struct str text;
		const char *message;
	} cases[] = {
		{ STR(""), "json: expected a value, found the end at byte 1" },
		{ STR(" \n"),
		    "json: expected a value, found the end at byte 3" },
		{ STR("x"), "json: expected a value, found 'x' at byte 1" },
		{ STR("\0"), "json: expected a value, found 0x00 at byte 1" },
		{ STR("[1,\xff]"),
		    "json: expected a value, found 0xff at byte 4" },
		{ STR("[1 2]"),
		    "json: expected ',' or ']', found '2' at byte 4" },
		{ STR("[1"),
		    "json: expected ',' or ']', found the end at byte 3" },
		{ STR("{\"a\":1]"),
		    "json: expected ',' or '}', found ']' at byte 7" },
		{ STR("{\"a\" 1}"), "json: expected ':', found '1' at byte 6" },
		{ STR("{1:1}"), "json: expected a name, found '1' at byte 2" },
		{ STR("{\"a\":1,}"),
		    "json: expected a name, found '}' at byte 8" },
		{ STR("[1,]"), "json: expected a value, found ']' at byte 4" },
		{ STR("[] 1"), "json: expected the end, found '1' at byte 4" },
		{ STR("01"), "json: expected the end, found '1' at byte 2" },
		{ STR("[-]"), "json: expected a digit, found ']' at byte 3" },
		{ STR("[1.]"), "json: expected a digit, found ']' at byte 4" },
		{ STR("1e+"),
		    "json: expected a digit, found the end at byte 4" },
		{ STR("[\"ab"), "json: a string that does not end at byte 2" },
		{ STR("[\"ab\\"),
		    "json: a string that does not end at byte 5" },
		{ STR("\"\\x\""),
		    "json: an escape that does not exist at byte 2" },
		{ STR("\"\\u12g4\""),
		    "json: \\u without four hex digits at byte 2" },
		{ STR("\"a\\ud800\""),
		    "json: a high surrogate without a low one at byte 3" },
		{ STR("\"\\udc00\""),
		    "json: a low surrogate without a high one at byte 2" },
		{ STR("\"a\nb\""),
		    "json: a control character in a string at byte 3" },
		{ STR("\"\xc3(\""),
		    "json: a string that is not UTF-8 at byte 2" },
		{ STR(" [{\"a\":1,\"b\":2,\"a\":3}]"),
		    "json: the name 'a' stands twice in the object at byte 3" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		const struct json *value;
		struct err err = ERR_INIT;

		assert_int_equal(json_parse(cases[i].text, JSON_LIMITS_DEFAULT,
				     arena, &value, &err),
		    -1);
		assert_err(&err, ERR_INPUT, cases[i].message);
	}
}

#define assert_str(s, want)                                                    \
	do {                                                                   \
		if (!str_is((s), (want)))                                      \
			fail_msg("'%.*s' is not '%s'", STR_FMT(s), (want));    \
	} while (0)

static void
the_tree_is_that_of_the_text(void **state)
{
	const struct json *root, *a, *b, *v;

	(void)state;
	root = parse(" {\"a\" : [1, \"x\\n\", {\"deep\":null}, []],"
		     "\"b\\u00e4\":{}, \"c\":true,\"d\":false } ");
	assert_int_equal(root->type, JSON_OBJECT);
	assert_int_equal(root->n, 4);
	assert_null(root->next);
	assert_null(root->name.p);
	assert_int_equal(root->raw.p[0], '{');
	assert_int_equal(root->raw.p[root->raw.n - 1], '}');

	a = root->child;
	assert_str(a->name, "a");
	assert_int_equal(a->type, JSON_ARRAY);
	assert_int_equal(a->n, 4);
	assert_str(a->raw, "[1, \"x\\n\", {\"deep\":null}, []]");
	v = a->child;
	assert_int_equal(v->type, JSON_NUMBER);
	assert_str(v->raw, "1");
	assert_null(v->name.p);
	assert_int_equal(v->n, 0);
	v = v->next;
	assert_int_equal(v->type, JSON_STRING);
	assert_str(v->raw, "\"x\\n\"");
	assert_str(v->string, "x\n");
	v = v->next;
	assert_int_equal(v->type, JSON_OBJECT);
	assert_int_equal(v->n, 1);
	assert_str(v->child->name, "deep");
	assert_int_equal(v->child->type, JSON_NULL);
	assert_null(v->child->string.p);
	assert_null(v->child->next);
	v = v->next;
	assert_int_equal(v->type, JSON_ARRAY);
	assert_int_equal(v->n, 0);
	assert_null(v->child);
	assert_null(v->next);

	b = a->next;
	assert_str(b->name, "b\xc3\xa4");
	assert_int_equal(b->type, JSON_OBJECT);
	assert_str(b->raw, "{}");
	assert_null(b->child);
	assert_int_equal(b->next->type, JSON_TRUE);
	assert_int_equal(b->next->next->type, JSON_FALSE);
	assert_null(b->next->next->next);

	assert_ptr_equal(json_get(root, "a"), a);
	assert_ptr_equal(json_get(root, "b\xc3\xa4"), b);
	assert_null(json_get(root, "deep"));
	assert_null(json_get(root, ""));
	assert_null(json_get(a, "a"));
	assert_null(json_get(NULL, "a"));
	assert_null(json_get(v, "a"));
	root = parse("{\"a\\u0000b\":1,\"\":2}");
	assert_null(json_get(root, "a"));
	assert_str(json_get_str(root, STR("a\0b"))->raw, "1");
	assert_str(json_get(root, "")->raw, "2");
}

static void
members_are_read_whole_or_not_at_all(void **state)
{
	const struct json *root = parse(
	    "{\"s\":\"abc\",\"n\":7,\"m\":-1,\"e\":1e3,\"l\":null}");
	char text[4];

	(void)state;
	json_get_text(root, "s", text, sizeof text);
	assert_string_equal(text, "abc");
	json_get_text(root, "s", text, 3);
	assert_string_equal(text, "");
	strcpy(text, "x");
	json_get_text(root, "n", text, sizeof text);
	assert_string_equal(text, "");
	strcpy(text, "x");
	json_get_text(root, "none", text, sizeof text);
	assert_string_equal(text, "");
	assert_int_equal(json_get_i64(root, "n", 7), 7);
	assert_int_equal(json_get_i64(root, "n", 6), 0);
	assert_int_equal(json_get_i64(root, "m", 7), 0);
	assert_int_equal(json_get_i64(root, "e", 5000), 0);
	assert_int_equal(json_get_i64(root, "s", 7), 0);
	assert_int_equal(json_get_i64(root, "none", 7), 0);
}

static void
scalars_stand_alone(void **state)
{
	static const struct {
		const char *text;
		enum json_type type;
		const char *raw;
	} cases[] = {
		{ "null", JSON_NULL, "null" },
		{ " false ", JSON_FALSE, "false" },
		{ "\ttrue", JSON_TRUE, "true" },
		{ "-1.5e3\n", JSON_NUMBER, "-1.5e3" },
		{ " \"a b\" ", JSON_STRING, "\"a b\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		const struct json *v = parse(cases[i].text);

		assert_int_equal(v->type, cases[i].type);
		assert_str(v->raw, cases[i].raw);
		assert_null(v->child);
		assert_null(v->next);
		assert_int_equal(v->n, 0);
	}
	assert_str(parse(" \"a b\" ")->string, "a b");
}

static void
strings_are_decoded(void **state)
{
	static const struct {
		const char *text;
		struct str string;
	} cases[] = {
		{ "\"\"", STR("") },
		{ "\"abc\"", STR("abc") },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", STR("\"\\/\b\f\n\r\t") },
		{ "\"\\u0041\\u00e4\\u20ac\"", STR("A\xc3\xa4\xe2\x82\xac") },
		{ "\"\\u20AC\\uABCD\\uabcd\"",
		    STR("\xe2\x82\xac\xea\xaf\x8d\xea\xaf\x8d") },
		{ "\"\\u0000\"", STR("\0") },
		{ "\"a\\u0000b\"", STR("a\0b") },
		{ "\"\\u007f\\u0080\"", STR("\x7f\xc2\x80") },
		{ "\"\\u07ff\\u0800\"", STR("\xdf\xbf\xe0\xa0\x80") },
		{ "\"\\ud7ff\\ue000\"", STR("\xed\x9f\xbf\xee\x80\x80") },
		{ "\"\\uffff\"", STR("\xef\xbf\xbf") },
		{ "\"\\ud800\\udc00\"", STR("\xf0\x90\x80\x80") },
		{ "\"\\ud83d\\ude00\"", STR("\xf0\x9f\x98\x80") },
		{ "\"\\uDBFF\\uDFFF\"", STR("\xf4\x8f\xbf\xbf") },
		{ "\"\\ud83d\\ude00\\ud83d\\ude00\"",
		    STR("\xf0\x9f\x98\x80\xf0\x9f\x98\x80") },
		{ "\"\\\\u0041\"", STR("\\u0041") },
		{ "\"\\\\\\u0041\"", STR("\\A") },
		{ "\"x\\ny\\\\\"", STR("x\ny\\") },
		{ "\"\xc3\xa4\\n\"", STR("\xc3\xa4\n") },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		const struct json *v = parse(cases[i].text);

		if (!str_eq(v->string, cases[i].string))
			fail_msg(
			    "%s: '%.*s'", cases[i].text, STR_FMT(v->string));
	}
}

static void
integers_are_exact(void **state)
{
	static const struct {
		const char *text;
		int is;
		int64_t v;
	} cases[] = {
		{ "0", 1, 0 },
		{ "-0", 1, 0 },
		{ "1", 1, 1 },
		{ "-1", 1, -1 },
		{ "9007199254740993", 1, INT64_C(9007199254740993) },
		{ "9223372036854775807", 1, INT64_MAX },
		{ "-9223372036854775808", 1, INT64_MIN },
		{ "9223372036854775808", 0, 0 },
		{ "-9223372036854775809", 0, 0 },
		{ "99999999999999999999", 0, 0 },
		{ "1.0", 0, 0 },
		{ "1e0", 0, 0 },
		{ "1E3", 0, 0 },
		{ "-0.0", 0, 0 },
		{ "\"1\"", 0, 0 },
		{ "true", 0, 0 },
		{ "null", 0, 0 },
		{ "[1]", 0, 0 },
		{ "{}", 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		int64_t v = 42;

		assert_int_equal(
		    json_i64(parse(cases[i].text), &v), cases[i].is ? 0 : -1);
		assert_true(v == (cases[i].is ? cases[i].v : 42));
	}
}

static void
doubles_are_finite(void **state)
{
	static const struct {
		const char *text;
		int is;
		double v;
	} cases[] = {
		{ "0", 1, 0 },
		{ "-0", 1, 0 },
		{ "1", 1, 1 },
		{ "-1.5e3", 1, -1500 },
		{ "0.1", 1, 0.1 },
		{ "1E-2", 1, 0.01 },
		{ "1.7976931348623157e308", 1, 1.7976931348623157e308 },
		{ "1.7976931348623159e308", 0, 0 },
		{ "1e309", 0, 0 },
		{ "-1e309", 0, 0 },
		{ "1e99999999999999999999", 0, 0 },
		{ "5e-324", 1, 5e-324 },
		{ "1e-99999", 1, 0 },
		{ "9223372036854775808", 1, 9223372036854775808.0 },
		{ "\"1\"", 0, 0 },
		{ "true", 0, 0 },
		{ "null", 0, 0 },
		{ "[]", 0, 0 },
	};
	char *digits = arena_alloc(arena, 5001);
	double v;
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(cases); i++) {
		v = 42;
		assert_int_equal(json_double(parse(cases[i].text), &v),
		    cases[i].is ? 0 : -1);
		assert_true(v == (cases[i].is ? cases[i].v : 42));
	}
	assert_int_equal(json_double(parse("-0"), &v), 0);
	assert_true(signbit(v) != 0);
	/* However many digits there are. */
	memset(digits, '3', 5000);
	memcpy(digits, "0.", 2);
	assert_int_equal(json_double(parse(digits), &v), 0);
	assert_true(v == 1.0 / 3.0);
	memset(digits, '3', 5000);
	assert_int_equal(json_double(parse(digits), &v), -1);
	for (i = 60; i < 70; i++) {
		memset(digits, '0', 100);
		memcpy(digits, "1.", 2);
		digits[i] = '\0';
		assert_int_equal(json_double(parse(digits), &v), 0);
		assert_true(v == 1);
	}
}

static const char *
nested(size_t depth, char open, char close)
{
	char *p = arena_alloc(arena, 2 * depth + 1);

	memset(p, open, depth);
	memset(p + depth, close, depth);
	return p;
}

static void
depth_is_limited(void **state)
{
	struct json_limits limits = { 3, 100 };
	const struct json *value;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    json_parse(STR("[[[]]]"), limits, arena, &value, &err), 0);
	assert_int_equal(
	    json_parse(STR("[[{\"a\":[]}]]"), limits, arena, &value, &err), -1);
	assert_err(&err, ERR_TOO_LARGE, "json: nested deeper than 3 at byte 8");
	limits.depth = 0;
	assert_int_equal(json_parse(STR("1"), limits, arena, &value, &err), 0);
	assert_int_equal(
	    json_parse(STR("[]"), limits, arena, &value, &err), -1);
	assert_err(&err, ERR_TOO_LARGE, "json: nested deeper than 0 at byte 1");
	limits = JSON_LIMITS_DEFAULT;
	assert_int_equal(json_parse(str_of(nested(32, '[', ']')), limits, arena,
			     &value, &err),
	    0);
	assert_int_equal(json_parse(str_of(nested(33, '[', ']')), limits, arena,
			     &value, &err),
	    -1);
	assert_err(
	    &err, ERR_TOO_LARGE, "json: nested deeper than 32 at byte 33");
	assert_int_equal(json_parse(str_of(nested(1000000, '[', ']')), limits,
			     arena, &value, &err),
	    -1);
	assert_int_equal(err.code, ERR_TOO_LARGE);
}

static void
the_number_of_values_is_limited(void **state)
{
	struct json_limits limits = { 32, 3 };
	const struct json *value;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    json_parse(STR("[1,2]"), limits, arena, &value, &err), 0);
	assert_int_equal(
	    json_parse(STR("{\"a\":1,\"b\":2}"), limits, arena, &value, &err),
	    0);
	assert_int_equal(
	    json_parse(STR("[1,2,3]"), limits, arena, &value, &err), -1);
	assert_err(&err, ERR_TOO_LARGE, "json: more than 3 values at byte 6");
	assert_int_equal(
	    json_parse(STR("[[[[]]]]"), limits, arena, &value, &err), -1);
	assert_err(&err, ERR_TOO_LARGE, "json: more than 3 values at byte 4");
	limits.values = 0;
	assert_int_equal(json_parse(STR("1"), limits, arena, &value, &err), -1);
	assert_err(&err, ERR_TOO_LARGE, "json: more than 0 values at byte 1");
}

/* n values, each written as `value`, in an array or an object. */
static struct str
many(size_t n, int named, const char *value)
{
	size_t i;

	buf_reset(&out);
	buf_putc(&out, named ? '{' : '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(&out, ',');
		if (named)
			buf_printf(&out, "\"\\n%zx\":", i);
		buf_puts(&out, value);
	}
	buf_putc(&out, named ? '}' : ']');
	assert_false(out.full);
	return arena_str(arena, buf_view(&out));
}

/* An arena of exactly JSON_MEMORY is enough for whatever passes the limits. */
static void
memory_is_bounded(void **state)
{
	static const char *const values[] = { "1", "[]", "{}", "\"\"",
		"\"\\u0001\\u0001\\u0001\"", "[[]]" };
	struct json_limits limits = { 4, 20001 };
	const struct json *value;
	struct err err = ERR_INIT;
	size_t i, named, n;

	(void)state;
	for (i = 0; i < N_OF(values); i++) {
		for (named = 0; named < 2; named++) {
			struct arena *own;
			struct str text;

			n = i == N_OF(values) - 1 ? 10000 : 20000;
			text = many(n, (int)named, values[i]);
			own = arena_new(JSON_MEMORY(limits, text.n));
			assert_int_equal(
			    json_parse(text, limits, own, &value, &err), 0);
			assert_int_equal(value->n, n);
			arena_free(own);
			/* What is refused takes no more than its depth. */
			own = arena_new(limits.depth);
			assert_int_equal(
			    json_parse(str_sub(text, 0, text.n - 1), limits,
				own, &value, &err),
			    -1);
			arena_free(own);
		}
		arena_reset(arena);
	}
}

static void
a_name_twice_is_found_among_many(void **state)
{
	const struct json *value;
	struct err err = ERR_INIT;
	struct str text;

	(void)state;
	many(15000, 1, "0");
	out.n--;
	buf_puts(&out, ",\"\\u000a0\":1}");
	text = arena_str(arena, buf_view(&out));
	assert_int_equal(
	    json_parse(text, JSON_LIMITS_DEFAULT, arena, &value, &err), -1);
	assert_err(&err, ERR_INPUT,
	    "json: the name ' 0' stands twice in the "
	    "object at byte 1");
}

#define test(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(texts_are_accepted_and_refused),
		test(the_judge_agrees_but_for_what_is_listed),
		test(no_part_of_a_text_is_a_text),
		test(refusals_say_what_and_where),
		test(the_tree_is_that_of_the_text),
		test(members_are_read_whole_or_not_at_all),
		test(scalars_stand_alone),
		test(strings_are_decoded),
		test(integers_are_exact),
		test(doubles_are_finite),
		test(depth_is_limited),
		test(the_number_of_values_is_limited),
		test(memory_is_bounded),
		test(a_name_twice_is_found_among_many),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "json", tests, open_judge, close_judge);
}
