#include "tenants/base/json_scan.h"

#include <stdio.h>
#include <string.h>

struct scan {
	struct str text;
	size_t at;
	struct json_limits limits;
	char *open; /* what closes each array or object that is open */
	size_t depth;
	struct json_scan found;
	struct err *err;
};

static int
unexpected(struct scan *scan, const char *wanted)
{
	char found[16] = "the end";

	if (scan->at < scan->text.n) {
		unsigned char c = (unsigned char)scan->text.p[scan->at];

		snprintf(found, sizeof found,
		    c > 0x20 && c < 0x7f ? "'%c'" : "0x%02x", c);
	}
	return err_set(scan->err, ERR_INPUT,
	    "json: expected %s, found %s at byte %zu", wanted, found,
	    scan->at + 1);
}

static int
wrong(struct scan *scan, size_t at, const char *what)
{
	return err_set(
	    scan->err, ERR_INPUT, "json: %s at byte %zu", what, at + 1);
}

/* The next byte, or -1 at the end. */
static int
peek(const struct scan *scan)
{
	return scan->at < scan->text.n ? (unsigned char)scan->text.p[scan->at]
				       : -1;
}

static int
is_space(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* Four hexadecimal digits at text.p[at], or -1. */
static int
hex4(struct str text, size_t at)
{
	int v = 0;
	size_t i;

	if (at > text.n || text.n - at < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		char c = text.p[at + i];

		v *= 16;
		if (is_digit(c))
			v += c - '0';
		else if (c >= 'a' && c <= 'f')
			v += c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			v += c - 'A' + 10;
		else
			return -1;
	}
	return v;
}

static int
is_high(int unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static int
is_low(int unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* \uXXXX, of which scan->at is the backslash. */
static int
scan_unicode(struct scan *scan)
{
	size_t from = scan->at;
	int unit = hex4(scan->text, from + 2);

	if (unit < 0)
		return wrong(scan, from, "\\u without four hex digits");
	scan->at += 6;
	if (is_low(unit))
		return wrong(scan, from, "a low surrogate without a high one");
	if (!is_high(unit))
		return 0;
	if (!str_starts(str_sub(scan->text, scan->at, scan->text.n), "\\u") ||
	    !is_low(hex4(scan->text, scan->at + 2)))
		return wrong(scan, from, "a high surrogate without a low one");
	scan->at += 6;
	return 0;
}

static int
scan_escape(struct scan *scan)
{
	size_t from = scan->at;

	if (scan->text.n - from < 2)
		return wrong(scan, from, "a string that does not end");
	if (scan->text.p[from + 1] == 'u')
		return scan_unicode(scan);
	if (!memchr("\"\\/bfnrt", scan->text.p[from + 1], 8))
		return wrong(scan, from, "an escape that does not exist");
	scan->at += 2;
	return 0;
}

static int
scan_string(struct scan *scan)
{
	size_t from = scan->at++;
	uint32_t code_point;
	size_t n;

	for (;;) {
		int c = peek(scan);

		if (c < 0)
			return wrong(scan, from, "a string that does not end");
		if (c == '"') {
			scan->at++;
			return 0;
		}
		if (c == '\\') {
			if (scan_escape(scan) != 0)
				return -1;
			continue;
		}
		if (c < 0x20)
			return wrong(
			    scan, scan->at, "a control character in a string");
		n = str_utf8_at(scan->text, scan->at, &code_point);
		if (n == 0)
			return wrong(
			    scan, scan->at, "a string that is not UTF-8");
		scan->at += n;
	}
}

static int
scan_digits(struct scan *scan)
{
	if (!is_digit(peek(scan)))
		return unexpected(scan, "a digit");
	while (is_digit(peek(scan)))
		scan->at++;
	return 0;
}

/* RFC 8259, 6. */
static int
scan_number(struct scan *scan)
{
	if (peek(scan) == '-')
		scan->at++;
	if (peek(scan) == '0')
		scan->at++;
	else if (scan_digits(scan) != 0)
		return -1;
	if (peek(scan) == '.') {
		scan->at++;
		if (scan_digits(scan) != 0)
			return -1;
	}
	if (peek(scan) == 'e' || peek(scan) == 'E') {
		scan->at++;
		if (peek(scan) == '+' || peek(scan) == '-')
			scan->at++;
		if (scan_digits(scan) != 0)
			return -1;
	}
	return 0;
}

static int
scan_scalar(struct scan *scan)
{
	static const char *const literals[] = { "null", "false", "true" };
	struct str rest = str_sub(scan->text, scan->at, scan->text.n);
	size_t i;

	if (peek(scan) == '"')
		return scan_string(scan);
	if (peek(scan) == '-' || is_digit(peek(scan)))
		return scan_number(scan);
	for (i = 0; i < sizeof literals / sizeof literals[0]; i++) {
		if (str_starts(rest, literals[i])) {
			scan->at += strlen(literals[i]);
			return 0;
		}
	}
	return unexpected(scan, "a value");
}

/* What may come next. */
enum next {
	NEXT_VALUE,
	NEXT_FIRST, /* value or name, or the end of what was just opened */
	NEXT_NAME,
	NEXT_SEPARATOR /* comma, or the end of what is open */
};

static int
scan_open(struct scan *scan, int c)
{
	if (scan->depth == scan->limits.depth)
		return err_set(scan->err, ERR_TOO_LARGE,
		    "json: nested deeper than %zu at byte %zu",
		    scan->limits.depth, scan->at + 1);
	scan->open[scan->depth++] = c == '[' ? ']' : '}';
	scan->at++;
	return 0;
}

static int
scan_name(struct scan *scan)
{
	if (peek(scan) != '"')
		return unexpected(scan, "a name");
	if (scan_string(scan) != 0)
		return -1;
	while (is_space(peek(scan)))
		scan->at++;
	if (peek(scan) != ':')
		return unexpected(scan, "':'");
	scan->at++;
	scan->found.names++;
	return 0;
}

static int
scan_value(struct scan *scan, enum next *next)
{
	int c = peek(scan);

	if (scan->found.values == scan->limits.values)
		return err_set(scan->err, ERR_TOO_LARGE,
		    "json: more than %zu values at byte %zu",
		    scan->limits.values, scan->at + 1);
	scan->found.values++;
	if (c == '[' || c == '{') {
		*next = NEXT_FIRST;
		return scan_open(scan, c);
	}
	*next = NEXT_SEPARATOR;
	return scan_scalar(scan);
}

/* One step, from a byte that is not white space. */
static int
scan_step(struct scan *scan, enum next *next)
{
	int c = peek(scan);
	int closer = scan->depth ? scan->open[scan->depth - 1] : 0;

	if (*next == NEXT_FIRST || *next == NEXT_SEPARATOR) {
		if (c == closer) {
			scan->at++;
			scan->depth--;
			*next = NEXT_SEPARATOR;
			return 0;
		}
		if (*next == NEXT_FIRST) {
			*next = closer == ']' ? NEXT_VALUE : NEXT_NAME;
			return 0;
		}
		if (c != ',')
			return unexpected(
			    scan, closer == ']' ? "',' or ']'" : "',' or '}'");
		scan->at++;
		*next = closer == ']' ? NEXT_VALUE : NEXT_NAME;
		return 0;
	}
	if (*next == NEXT_VALUE)
		return scan_value(scan, next);
	*next = NEXT_VALUE;
	return scan_name(scan);
}

int
json_scan(struct str text, struct json_limits limits, struct arena *arena,
    struct json_scan *out, struct err *err)
{
	struct scan scan = { .text = text, .limits = limits, .err = err };
	enum next next = NEXT_VALUE;

	scan.open = arena_alloc(arena, limits.depth);
	do {
		while (is_space(peek(&scan)))
			scan.at++;
		if (scan_step(&scan, &next) != 0)
			return -1;
	} while (scan.depth > 0);
	while (is_space(peek(&scan)))
		scan.at++;
	if (scan.at < text.n)
		return unexpected(&scan, "the end");
	*out = scan.found;
	return 0;
}

static size_t
put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Of \uXXXX (and \uXXXX after it) at s.p[*at], which is moved past it. */
static uint32_t
decode_unicode(struct str s, size_t *at)
{
	int unit = hex4(s, *at + 2);
	uint32_t c = (uint32_t)unit;

	*at += 6;
	if (is_high(unit)) {
		c = 0x10000 + ((uint32_t)(unit - 0xd800) << 10) +
		    (uint32_t)(hex4(s, *at + 2) - 0xdc00);
		*at += 6;
	}
	return c;
}

/* No character gets longer by decoding. */
struct str
json_scan_decode(struct str s, struct arena *arena)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	size_t at = 0;
	size_t n = 0;
	char *out;

	if (str_find(s, '\\', 0) == s.n)
		return s;
	out = arena_alloc(arena, s.n);
	while (at < s.n) {
		if (s.p[at] != '\\') {
			out[n++] = s.p[at++];
		} else if (s.p[at + 1] == 'u') {
			n += put_utf8(out + n, decode_unicode(s, &at));
		} else {
			out[n++] = to[strchr(from, s.p[at + 1]) - from];
			at += 2;
		}
	}
	return str_make(out, n);
}
