#ifndef ROWHOUSE_BASE_STR_H
#define ROWHOUSE_BASE_STR_H

#include <stddef.h>
#include <stdint.h>

/*
 * A view of bytes that somebody else owns: not terminated, not freed, any
 * byte allowed.  An empty view may have p == NULL.
 */
struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_NONE ((struct str){ NULL, 0 })

/* For printf: "%.*s", STR_FMT(s). */
#define STR_FMT(s) (int)(s).n, (s).p ? (s).p : ""

struct str str_of(const char *z);	/* NULL gives STR_NONE */
struct str str_make(const char *p, size_t n);
struct str str_sub(struct str s, size_t from, size_t to);	/* clamped */
struct str str_trim(struct str s);	/* of space, tab, CR, LF */
int str_eq(struct str a, struct str b);
int str_is(struct str a, const char *z);
int str_is_nocase(struct str a, const char *z);	/* ASCII only */
int str_starts(struct str s, const char *prefix);
int str_ends(struct str s, const char *suffix);

/* Index of the first c at or after from, or s.n where there is none. */
size_t str_find(struct str s, char c, size_t from);

/*
 * Cuts the next field off *rest: everything up to sep, which is dropped.
 * Returns 0 when *rest was exhausted (p == NULL), 1 with *field otherwise, so
 * that "a,,b" gives three fields and "" gives one.
 */
int str_next(struct str *rest, char sep, struct str *field);

/* The whole of s is one decimal number that fits: 0, else -1. */
int str_i64(struct str s, int64_t *out);
int str_u64(struct str s, uint64_t *out);
int str_hex64(struct str s, uint64_t *out);	/* 1 to 16 digits, lower case */

/* Is it UTF-8 as RFC 3629 has it: no overlong form, no surrogate? */
int str_utf8_ok(struct str s);

/*
 * The character at s.p[at]: its length in bytes (1 to 4) and the code point,
 * or 0 where there is no well-formed one.
 */
size_t str_utf8_at(struct str s, size_t at, uint32_t *code_point);

/* Copies into a fixed buffer with a terminator; -1 where it does not fit. */
int str_copy(struct str s, char *out, size_t out_size);

#endif
