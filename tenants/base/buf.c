#include "tenants/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_LEAST 256

void
buf_init(struct buf *buf, size_t max)
{
	if (max > SIZE_MAX / 4)
		err_die("buffer: a maximum of %zu bytes is none", max);
	*buf = (struct buf){ .max = max };
}

void
buf_free(struct buf *buf)
{
	if (!buf)
		return;
	free(buf->p);
	buf_init(buf, buf->max);
}

void
buf_reset(struct buf *buf)
{
	buf->n = 0;
	buf->full = 0;
}

/*
 * Room for n more bytes, or 0 and full.  One byte more than the capacity is
 * always there: vsnprintf() wants a place for its NUL.
 */
static int
reserve(struct buf *buf, size_t n)
{
	size_t cap = buf->cap;
	char *p;

	if (n > buf->max - buf->n) {
		buf->full = 1;
		return 0;
	}
	if (buf->p && n <= cap - buf->n)
		return 1;
	cap = cap < BUF_LEAST ? BUF_LEAST : cap * 2;
	if (cap < buf->n + n)
		cap = buf->n + n;
	if (cap > buf->max)
		cap = buf->max;
	p = realloc(buf->p, cap + 1);
	if (!p)
		err_die("out of memory: buffer of %zu bytes", cap);
	buf->p = p;
	buf->cap = cap;
	return 1;
}

void *
buf_extend(struct buf *buf, size_t n)
{
	char *at;

	if (!reserve(buf, n))
		return NULL;
	at = buf->p + buf->n;
	buf->n += n;
	return at;
}

void
buf_put(struct buf *buf, const void *p, size_t n)
{
	if (n == 0 || !reserve(buf, n))
		return;
	memcpy(buf->p + buf->n, p, n);
	buf->n += n;
}

void
buf_str(struct buf *buf, struct str s)
{
	buf_put(buf, s.p, s.n);
}

void
buf_puts(struct buf *buf, const char *z)
{
	buf_put(buf, z, strlen(z));
}

void
buf_putc(struct buf *buf, char c)
{
	buf_put(buf, &c, 1);
}

void
buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		err_die("buf_printf: cannot format '%s'", fmt);
	if (!reserve(buf, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(buf->p + buf->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf->n += (size_t)n;
}

struct str
buf_view(const struct buf *buf)
{
	return str_make(buf->p, buf->n);
}

int
buf_check(const struct buf *buf, const char *what, struct err *err)
{
	if (!buf->full)
		return 0;
	return err_set(
	    err, ERR_TOO_LARGE, "%s is larger than %zu bytes", what, buf->max);
}
