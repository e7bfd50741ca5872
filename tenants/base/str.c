#include "tenants/base/str.h"

#include <string.h>

struct str
str_of(const char *z)
{
	return z ? str_make(z, strlen(z)) : STR_NONE;
}

struct str
str_make(const char *p, size_t n)
{
	return (struct str){ p, n };
}

struct str
str_sub(struct str s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	return s.p ? str_make(s.p + from, to - from) : STR_NONE;
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
	size_t from = 0;
	size_t to = s.n;

	while (from < to && is_blank(s.p[from]))
		from++;
	while (to > from && is_blank(s.p[to - 1]))
		to--;
	return str_sub(s, from, to);
}

int
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int
str_is(struct str a, const char *z)
{
	return str_eq(a, str_of(z));
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int
str_is_nocase(struct str a, const char *z)
{
	size_t i;

	if (a.n != strlen(z))
		return 0;
	for (i = 0; i < a.n; i++) {
		if (lower(a.p[i]) != lower(z[i]))
			return 0;
	}
	return 1;
}

int
str_starts(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && str_is(str_sub(s, 0, n), prefix);
}

int
str_ends(struct str s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n >= n && str_is(str_sub(s, s.n - n, s.n), suffix);
}

size_t
str_find(struct str s, char c, size_t from)
{
	const char *at;

	if (from >= s.n)
		return s.n;
	at = memchr(s.p + from, c, s.n - from);
	return at ? (size_t)(at - s.p) : s.n;
}

int
str_next(struct str *rest, char sep, struct str *field)
{
	size_t at;

	if (!rest->p)
		return 0;
	at = str_find(*rest, sep, 0);
	*field = str_sub(*rest, 0, at);
	*rest = at < rest->n ? str_sub(*rest, at + 1, rest->n) : STR_NONE;
	return 1;
}

int
str_u64(struct str s, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (s.n == 0)
		return -1;
	for (i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';

		if (digit > 9 || v > (UINT64_MAX - digit) / 10)
			return -1;
		v = v * 10 + digit;
	}
	*out = v;
	return 0;
}

int
str_i64(struct str s, int64_t *out)
{
	int negative = s.n > 0 && s.p[0] == '-';
	uint64_t v;

	if (str_u64(str_sub(s, (size_t)negative, s.n), &v) != 0)
		return -1;
	if (v > (uint64_t)INT64_MAX + (uint64_t)negative)
		return -1;
	/* -1 - (v - 1), so that INT64_MIN does not overflow on its way. */
	*out = negative && v > 0 ? -1 - (int64_t)(v - 1) : (int64_t)v;
	return 0;
}

int
str_hex64(struct str s, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (s.n == 0 || s.n > 16)
		return -1;
	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return -1;
	}
	*out = v;
	return 0;
}

/*
 * RFC 3629, 4.  What the lead byte leaves open beyond the number of the bytes
 * that follow is the range of the first of them: that is where overlong forms
 * (E0, F0), surrogates (ED) and what lies past U+10FFFF (F4) are kept out.
 */
size_t
str_utf8_at(struct str s, size_t at, uint32_t *code_point)
{
	const unsigned char *p = (const unsigned char *)s.p + at;
	size_t left = at < s.n ? s.n - at : 0;
	unsigned least = 0x80, most = 0xbf;
	uint32_t v;
	size_t n, i;

	if (left == 0)
		return 0;
	if (p[0] < 0x80) {
		*code_point = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		n = 2;
		v = p[0] & 0x1fu;
	} else if (p[0] >= 0xe0 && p[0] <= 0xef) {
		n = 3;
		v = p[0] & 0x0fu;
		least = p[0] == 0xe0 ? 0xa0 : least;
		most = p[0] == 0xed ? 0x9f : most;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		n = 4;
		v = p[0] & 0x07u;
		least = p[0] == 0xf0 ? 0x90 : least;
		most = p[0] == 0xf4 ? 0x8f : most;
	} else {
		return 0;
	}
	if (left < n || p[1] < least || p[1] > most)
		return 0;
	for (i = 1; i < n; i++) {
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
		v = v << 6 | (p[i] & 0x3fu);
	}
	*code_point = v;
	return n;
}

int
str_utf8_ok(struct str s)
{
	uint32_t code_point;
	size_t at, n;

	for (at = 0; at < s.n; at += n) {
		n = str_utf8_at(s, at, &code_point);
		if (n == 0)
			return 0;
	}
	return 1;
}

int
str_copy(struct str s, char *out, size_t out_size)
{
	if (s.n >= out_size)
		return -1;
	if (s.n > 0)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return 0;
}
