#include "tenants/base/json.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenants/base/json_scan.h"

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

/*
 * Three passes.  json_scan reads the text by the grammar of RFC 8259, counts
 * its values and takes no memory but one byte for each level of nesting; after
 * it the text is known to be JSON within the limits.  The second pass is jsmn,
 * which finds the tokens of a text that is right.  The third makes the tree
 * and looks for names that stand twice in an object.
 *
 * jsmn in strict mode wants a delimiter behind a number or a literal, so a
 * text that is one scalar does not go through it.
 */

static enum json_type
type_of(char c)
{
	switch (c) {
	case 'n':
		return JSON_NULL;
	case 'f':
		return JSON_FALSE;
	case 't':
		return JSON_TRUE;
	case '"':
		return JSON_STRING;
	case '[':
		return JSON_ARRAY;
	case '{':
		return JSON_OBJECT;
	default:
		return JSON_NUMBER;
	}
}

static void
fill(struct json *value, struct str raw, struct arena *arena)
{
	value->type = type_of(raw.p[0]);
	value->raw = raw;
	if (value->type == JSON_STRING)
		value->string =
		    json_scan_decode(str_sub(raw, 1, raw.n - 1), arena);
}

static int
by_name(const void *a, const void *b)
{
	struct str x = (*(const struct json *const *)a)->name;
	struct str y = (*(const struct json *const *)b)->name;
	size_t n = x.n < y.n ? x.n : y.n;
	int order = n > 0 ? memcmp(x.p, y.p, n) : 0;

	return order ? order : (x.n > y.n) - (x.n < y.n);
}

/* Sorted, since a body may be one object with thousands of names. */
static int
check_names(const struct json *object, struct str text,
    const struct json **sorted, struct err *err)
{
	const struct json *member;
	size_t n = 0;
	size_t i;

	for (member = object->child; member; member = member->next)
		sorted[n++] = member;
	qsort(sorted, n, sizeof *sorted, by_name);
	for (i = 1; i < n; i++) {
		if (str_eq(sorted[i - 1]->name, sorted[i]->name))
			return err_set(err, ERR_INPUT,
			    "json: the name '%.*s' stands twice in the object "
			    "at byte %zu",
			    STR_FMT(str_sub(sorted[i]->name, 0, 60)),
			    (size_t)(object->raw.p - text.p) + 1);
	}
	return 0;
}

/* The tree as it grows. */
struct tree {
	struct str text;
	size_t n_tokens;
	jsmntok_t *tokens;
	struct json **value_of; /* each token; NULL = it is a name */
	size_t n_values;
	struct json *values; /* in the order of the text: the root first */
	struct json **last; /* child of each value */
};

static struct str
token_text(const struct tree *tree, const jsmntok_t *token)
{
	return str_sub(tree->text, (size_t)token->start, (size_t)token->end);
}

/* A token's parent is what holds it, or the name it is the value of. */
static void
add_token(struct tree *tree, size_t i, struct arena *arena)
{
	const jsmntok_t *token = &tree->tokens[i];
	size_t quotes = token->type == JSMN_STRING ? 1 : 0;
	struct json *parent = NULL;
	struct json **last;
	struct json *value;
	struct str name = STR_NONE;

	if (token->parent >= 0) {
		const jsmntok_t *up = &tree->tokens[token->parent];

		if (up->type == JSMN_OBJECT)
			return;
		if (up->type == JSMN_STRING) {
			name = json_scan_decode(token_text(tree, up), arena);
			up = &tree->tokens[up->parent];
		}
		parent = tree->value_of[up - tree->tokens];
	}
	value = &tree->values[tree->n_values++];
	tree->value_of[i] = value;
	value->name = name;
	fill(value,
	    str_sub(tree->text, (size_t)token->start - quotes,
		(size_t)token->end + quotes),
	    arena);
	if (!parent)
		return;
	last = &tree->last[parent - tree->values];
	if (*last)
		(*last)->next = value;
	else
		parent->child = value;
	*last = value;
	parent->n++;
}

static int
make_tree(struct str text, struct json_scan scan, struct arena *arena,
    const struct json **out, struct err *err)
{
	struct tree tree = { .text = text,
		.n_tokens = scan.values + scan.names };
	const struct json **scratch;
	jsmn_parser parser;
	size_t i;
	int n;

	tree.tokens = arena_array(arena, tree.n_tokens, sizeof *tree.tokens);
	tree.value_of = arena_array(arena, tree.n_tokens, sizeof(void *));
	tree.values = arena_array(arena, scan.values, sizeof *tree.values);
	tree.last = arena_array(arena, scan.values, sizeof(void *));
	scratch = arena_array(arena, scan.values, sizeof *scratch);
	jsmn_init(&parser);
	n = jsmn_parse(&parser, tree.text.p, tree.text.n, tree.tokens,
	    (unsigned)tree.n_tokens);
	if (n < 0 || (size_t)n != tree.n_tokens)
		return err_set(err, ERR_SYSTEM,
		    "json: jsmn finds %d tokens where there are %zu", n,
		    tree.n_tokens);
	for (i = 0; i < tree.n_tokens; i++)
		add_token(&tree, i, arena);
	for (i = 0; i < tree.n_values; i++) {
		if (tree.values[i].type == JSON_OBJECT &&
		    check_names(&tree.values[i], tree.text, scratch, err) != 0)
			return -1;
	}
	*out = tree.values;
	return 0;
}

int
json_parse(struct str text, struct json_limits limits, struct arena *arena,
    const struct json **out, struct err *err)
{
	struct str value = str_trim(text);
	struct json_scan scan;
	struct json *scalar;

	if (text.n > INT_MAX)
		return err_set(err, ERR_TOO_LARGE, "json: %zu bytes", text.n);
	if (json_scan(text, limits, arena, &scan, err) != 0)
		return -1;
	if (value.p[0] == '[' || value.p[0] == '{')
		return make_tree(text, scan, arena, out, err);
	scalar = ARENA_NEW(arena, struct json);
	fill(scalar, value, arena);
	*out = scalar;
	return 0;
}

int
json_check(struct str text, struct json_limits limits, struct arena *arena,
    struct err *err)
{
	struct json_scan scan;

	if (text.n > INT_MAX)
		return err_set(err, ERR_TOO_LARGE, "json: %zu bytes", text.n);
	return json_scan(text, limits, arena, &scan, err);
}

const struct json *
json_get_str(const struct json *object, struct str name)
{
	const struct json *member;

	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (member = object->child; member; member = member->next) {
		if (str_eq(member->name, name))
			return member;
	}
	return NULL;
}

const struct json *
json_get(const struct json *object, const char *name)
{
	return json_get_str(object, str_of(name));
}

int
json_i64(const struct json *value, int64_t *out)
{
	return value->type == JSON_NUMBER ? str_i64(value->raw, out) : -1;
}

void
json_get_text(
    const struct json *object, const char *name, char *out, size_t size)
{
	const struct json *value = json_get(object, name);

	if (!value || value->type != JSON_STRING ||
	    str_copy(value->string, out, size) != 0)
		out[0] = '\0';
}

int64_t
json_get_i64(const struct json *object, const char *name, int64_t max)
{
	const struct json *value = json_get(object, name);
	int64_t v;

	return value && json_i64(value, &v) == 0 && v >= 0 && v <= max ? v : 0;
}

int
json_double(const struct json *value, double *out)
{
	char small[64];
	char *text = small;
	double v;

	if (value->type != JSON_NUMBER)
		return -1;
	/* strtod() wants a terminator, and a number may be of any length. */
	if (value->raw.n >= sizeof small) {
		text = malloc(value->raw.n + 1);
		if (!text)
			err_die("out of memory: a number of %zu bytes",
			    value->raw.n);
	}
	str_copy(value->raw, text, value->raw.n + 1);
	v = strtod(text, NULL);
	if (text != small)
		free(text);
	if (!isfinite(v))
		return -1;
	*out = v;
	return 0;
}

/* How a character is written where it cannot stand for itself, or NULL. */
static const char *
escape(uint32_t c, char hex[8])
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		if (c >= 0x20)
			return NULL;
		snprintf(hex, 8, "\\u%04x", (unsigned)c & 0xff);
		return hex;
	}
}

void
json_put_string(struct buf *buf, struct str s)
{
	char hex[8];
	size_t from = 0;
	size_t at = 0;

	buf_putc(buf, '"');
	while (at < s.n) {
		const char *instead = "\xef\xbf\xbd"; /* U+FFFD */
		uint32_t c;
		size_t n = str_utf8_at(s, at, &c);

		if (n > 0)
			instead = escape(c, hex);
		if (instead) {
			buf_str(buf, str_sub(s, from, at));
			buf_puts(buf, instead);
			from = at + 1;
		}
		at += n ? n : 1;
	}
	buf_str(buf, str_sub(s, from, s.n));
	buf_putc(buf, '"');
}

void
json_put_i64(struct buf *buf, int64_t v)
{
	buf_printf(buf, "%lld", (long long)v);
}

void
json_put_double(struct buf *buf, double v)
{
	char text[40];
	int digits;

	if (!isfinite(v)) {
		buf_puts(buf, "null");
		return;
	}
	if (v == trunc(v) && fabs(v) < 1e15) {
		buf_printf(buf, "%.0f", v);
		return;
	}
	/* 17 digits bring every double back; for most, 15 do. */
	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	buf_puts(buf, text);
}

void
json_put_name(struct buf *buf, int *first, const char *name)
{
	if (!*first)
		buf_putc(buf, ',');
	*first = 0;
	json_put_string(buf, str_of(name));
	buf_putc(buf, ':');
}

void
json_put_text(struct buf *buf, int *first, const char *name, const char *value)
{
	json_put_name(buf, first, name);
	json_put_string(buf, str_of(value));
}

void
json_put_int(struct buf *buf, int *first, const char *name, int64_t value)
{
	json_put_name(buf, first, name);
	json_put_i64(buf, value);
}
