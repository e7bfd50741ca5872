#ifndef ROWHOUSE_BASE_BUF_H
#define ROWHOUSE_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * Bytes that grow, up to a maximum that everyone who makes one must state.
 * What does not fit is dropped whole and remembered: a writer appends without
 * looking and asks once, at the end.
 */
struct buf {
	char *p;
	size_t n;
	size_t cap;
	size_t max;
	int full;		/* something was dropped */
};

void buf_init(struct buf *buf, size_t max);
void buf_free(struct buf *buf);
void buf_reset(struct buf *buf);	/* n = 0, full = 0; keeps the memory */

void buf_put(struct buf *buf, const void *p, size_t n);
void buf_str(struct buf *buf, struct str s);
void buf_puts(struct buf *buf, const char *z);
void buf_putc(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Room for n more bytes at the end, to be filled by the caller; NULL if full. */
void *buf_extend(struct buf *buf, size_t n);

struct str buf_view(const struct buf *buf);

/* 0, or ERR_TOO_LARGE that names what it was ("answer") and the maximum. */
int buf_check(const struct buf *buf, const char *what, struct err *err);

#endif
