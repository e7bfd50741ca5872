#ifndef ROWHOUSE_BASE_JSON_H
#define ROWHOUSE_BASE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * JSON as RFC 8259 has it and nothing more.  jsmn finds the tokens; it accepts
 * much that is not JSON ({"a" "b"}, [1 2], {"a":1,}, nan, raw control bytes,
 * lone surrogates), so everything is validated here before anyone sees a
 * value: grammar, literals, numbers, escapes, surrogate pairs, UTF-8, nothing
 * after the value, and no name twice in one object (RFC 8259, 4: "unpredictable",
 * so it is refused).
 */
enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/* A value of the tree.  Lives in the arena of the parse. */
struct json {
	enum json_type type;
	struct str raw;			/* the text of it, quotes included */
	struct str string;		/* decoded; JSON_STRING only */
	struct str name;		/* decoded; members of an object only */
	size_t n;			/* children */
	const struct json *child;	/* first child, or NULL */
	const struct json *next;	/* next sibling, or NULL */
};

struct json_limits {
	size_t depth;		/* of nesting; a scalar has depth 0 */
	size_t values;		/* in the whole text */
};

#define JSON_LIMITS_DEFAULT ((struct json_limits){ 32, 20000 })

#define JSON_MEMORY(limits, text_n) \
	((limits).depth + (limits).values * 160 + (text_n))

/*
 * ERR_INPUT says what is wrong and at which byte (the first is 1), ERR_TOO_LARGE
 * that a limit was passed.  The text must outlive the tree.  Takes at most
 * JSON_MEMORY of the arena, of which all but limits.depth only after the whole
 * text was found right.
 */
int json_parse(struct str text, struct json_limits limits, struct arena *arena,
    const struct json **out, struct err *err);

/*
 * The same question without the tree: 0 or -1.  Takes limits.depth bytes of the
 * arena, and does not see a name that stands twice.
 */
int json_check(struct str text, struct json_limits limits, struct arena *arena,
    struct err *err);

/* The member of that name, or NULL: where there is none, or no object. */
const struct json *json_get(const struct json *object, const char *name);
const struct json *json_get_str(const struct json *object, struct str name);

/* A member's string, whole: "" where there is none, or it has no room. */
void json_get_text(const struct json *object, const char *name, char *out,
    size_t size);
/* A member that is an integer from 0 to max; 0 where there is none. */
int64_t json_get_i64(const struct json *object, const char *name, int64_t max);

/* Exactly an integer of 64 bits (1, -0, not 1.0, not 1e3): 0, else -1. */
int json_i64(const struct json *value, int64_t *out);
int json_double(const struct json *value, double *out);	/* finite: 0, else -1 */

/* Writing.  A byte that is not UTF-8 goes out as U+FFFD. */
void json_put_string(struct buf *buf, struct str s);
void json_put_i64(struct buf *buf, int64_t v);
/* Comes back as the same double; infinities and NaN go out as null. */
void json_put_double(struct buf *buf, double v);
/* `"name":`, after a comma where *first is 0; clears *first. */
void json_put_name(struct buf *buf, int *first, const char *name);
/* A whole member, in the same way. */
void json_put_text(struct buf *buf, int *first, const char *name,
    const char *value);
void json_put_int(struct buf *buf, int *first, const char *name,
    int64_t value);

#endif
