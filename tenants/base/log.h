#ifndef ROWHOUSE_BASE_LOG_H
#define ROWHOUSE_BASE_LOG_H

#include <stdint.h>

#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * One event, one line, on stderr, in one write():
 *
 *	2026-11-23T10:00:00.123Z info worker[4711] request tenant=acme status=200
 *
 * then key=value pairs; a value with a space, a quote, '=', a backslash, a
 * control character or a byte that is not UTF-8 is quoted and escaped, so that
 * no input can forge a line.  What does not fit into a line is cut and marked
 * by "...".  Where stderr is the journal (JOURNAL_STREAM names it) the time
 * stamp is left out.
 */
enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR
};

/* The role's name ("worker", "replicator") and the least level shown. */
void log_init(const char *role, enum log_level least);
int log_level_parse(struct str s, enum log_level *out);	/* 0 or -1 */
const char *log_level_name(enum log_level level);

/*
 * A line is begun, gets its pairs and is ended; it lives on the caller's
 * stack.  Keys are literals.
 */
struct log_line {
	enum log_level level;
	int on;
	int cut;
	size_t n;
	char text[2048];
};

void log_begin(struct log_line *line, enum log_level level, const char *event);
void log_str(struct log_line *line, const char *key, struct str value);
void log_int(struct log_line *line, const char *key, int64_t value);
void log_end(struct log_line *line);

/* The common case: an event and a printf-style text=. */
void log_info(const char *event, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(const char *event, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_error(const char *event, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_debug(const char *event, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* An error that ends here: message, class, hint. */
void log_err(const char *event, struct str tenant, const struct err *err);

#endif
