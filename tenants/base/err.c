#include "tenants/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct err_class classes[ERR_CODES] = {
	/* name, status of the answer, retry, exit */
	[ERR_NONE] = { "none", 200, 0, 0 },
	[ERR_INPUT] = { "bad input", 400, 0, 2 },
	[ERR_AUTH] = { "not signed in", 401, 0, 1 },
	[ERR_DENIED] = { "not allowed", 403, 0, 1 },
	[ERR_NOT_FOUND] = { "not found", 404, 0, 1 },
	[ERR_METHOD] = { "method", 405, 0, 1 },
	[ERR_CONFLICT] = { "conflict", 409, 0, 1 },
	[ERR_LENGTH] = { "no length", 411, 0, 1 },
	[ERR_TOO_LARGE] = { "too large", 413, 0, 1 },
	[ERR_MEDIA] = { "not json", 415, 0, 1 },
	[ERR_LIMIT] = { "over a limit", 429, 1, 75 },
	[ERR_BUSY] = { "busy", 503, 1, 75 },
	[ERR_UNCONFIRMED] = { "unconfirmed", 504, 0, 1 },
	[ERR_DEADLINE] = { "deadline", 503, 0, 1 },
	[ERR_FULL] = { "full", 507, 1, 1 },
	[ERR_QUOTA] = { "over a quota", 507, 0, 1 },
	[ERR_CORRUPT] = { "corrupt", 500, 0, 1 },
	[ERR_SYSTEM] = { "system", 500, 1, 1 },
};

const struct err_class *
err_class(enum err_code code)
{
	if ((unsigned)code >= ERR_CODES)
		err_die("err_class: no such code: %d", (int)code);
	return &classes[code];
}

/* The result of an snprintf(): a cut text says that it was cut. */
static void
mark_cut(char *text, size_t size, int n)
{
	if (n < 0)
		text[0] = '\0';
	else if ((size_t)n >= size)
		memcpy(text + size - 4, "...", 4);
}

/*
 * A message may end on a terminal and have words of anybody in it: no control
 * characters, of either kind (C0, DEL, and C1 as UTF-8 has them).
 */
static void
tame(char *text)
{
	unsigned char *p;

	for (p = (unsigned char *)text; *p != '\0'; p++) {
		if (*p == '\t' || *p == '\n' || *p == '\r')
			*p = ' ';
		else if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '?';
	}
}

__attribute__((format(printf, 3, 0))) static void
format(char *text, size_t size, const char *fmt, va_list ap)
{
	mark_cut(text, size, vsnprintf(text, size, fmt, ap));
	tame(text);
}

int
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	struct err made = ERR_INIT;
	va_list ap;

	/* The arguments may point into *err. */
	made.code = code;
	va_start(ap, fmt);
	format(made.msg, sizeof made.msg, fmt, ap);
	va_end(ap);
	*err = made;
	return -1;
}

static enum err_code
code_of_errno(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
		return ERR_FULL;
	case ENOENT:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_CONFLICT;
	default:
		return ERR_SYSTEM;
	}
}

int
err_sys(struct err *err, const char *fmt, ...)
{
	int number = errno;
	char what[sizeof err->msg];
	va_list ap;

	va_start(ap, fmt);
	format(what, sizeof what, fmt, ap);
	va_end(ap);
	err_set(err, code_of_errno(number), "%s: %s", what, strerror(number));
	errno = number;
	return -1;
}

int
err_wrap(struct err *err, const char *fmt, ...)
{
	char context[sizeof err->msg];
	char inner[sizeof err->msg];
	va_list ap;

	va_start(ap, fmt);
	format(context, sizeof context, fmt, ap);
	va_end(ap);
	memcpy(inner, err->msg, sizeof inner);
	mark_cut(err->msg, sizeof err->msg,
	    snprintf(err->msg, sizeof err->msg, "%s: %s", context, inner));
	return -1;
}

int
err_hint(struct err *err, const char *fmt, ...)
{
	char hint[sizeof err->hint];
	va_list ap;

	va_start(ap, fmt);
	format(hint, sizeof hint, fmt, ap);
	va_end(ap);
	memcpy(err->hint, hint, sizeof hint);
	return -1;
}

void
err_clear(struct err *err)
{
	*err = (struct err)ERR_INIT;
}

void
err_die(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	format(text, sizeof text, fmt, ap);
	va_end(ap);
	/* No log line: the log may be what is broken. */
	dprintf(
	    STDERR_FILENO, "rowhouse[%ld] fatal: %s\n", (long)getpid(), text);
	abort();
}
