#include "tenants/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenants/base/clock.h"

/* Kept free at the end of a line for what marks a cut, a quote and "\n". */
#define TAIL 8

static struct {
	char role[32];
	enum log_level least;
	int journal;
} log_state = { "rowhouse", LOG_LEVEL_INFO, 0 };

static const char *const level_names[] = { "debug", "info", "warn", "error" };

/*
 * systemd.exec(5), $JOURNAL_STREAM: device and inode of the stream, to be
 * compared, since the variable outlives a redirection.
 */
static int
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char mine[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) != 0)
		return 0;
	snprintf(mine, sizeof mine, "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	return strcmp(stream, mine) == 0;
}

void
log_init(const char *role, enum log_level least)
{
	snprintf(log_state.role, sizeof log_state.role, "%s", role);
	log_state.least = least;
	log_state.journal = stderr_is_journal();
}

int
log_level_parse(struct str s, enum log_level *out)
{
	size_t i;

	for (i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
		if (str_is(s, level_names[i])) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

const char *
log_level_name(enum log_level level)
{
	return level_names[level];
}

static size_t
room(const struct log_line *line)
{
	size_t end = sizeof line->text - TAIL;

	/* A closing quote may have gone into the tail. */
	return line->n < end ? end - line->n : 0;
}

static void
put(struct log_line *line, const char *p, size_t n)
{
	memcpy(line->text + line->n, p, n);
	line->n += n;
}

/* How a value's next character is written; the number of bytes it took. */
static size_t
escape(struct str s, size_t at, char out[8], size_t *out_n)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)s.p[at];
	uint32_t code_point;
	size_t n = str_utf8_at(s, at, &code_point);

	*out_n = 2;
	out[0] = '\\';
	if (c == '"' || c == '\\') {
		out[1] = (char)c;
	} else if (c == '\n') {
		out[1] = 'n';
	} else if (c == '\r') {
		out[1] = 'r';
	} else if (c == '\t') {
		out[1] = 't';
	} else if (n == 0 || c < 0x20 || c == 0x7f) {
		out[1] = 'x';
		out[2] = hex[c >> 4];
		out[3] = hex[c & 15];
		*out_n = 4;
		return 1;
	} else if (code_point >= 0x80 && code_point < 0xa0) {
		/* C1: terminals take U+009B for an escape sequence. */
		out[1] = 'u';
		out[2] = '0';
		out[3] = '0';
		out[4] = hex[code_point >> 4];
		out[5] = hex[code_point & 15];
		*out_n = 6;
	} else {
		memcpy(out, s.p + at, n);
		*out_n = n;
	}
	return n;
}

static int
needs_quotes(struct str s)
{
	char out[8];
	size_t at, n, out_n;

	if (s.n == 0)
		return 1;
	for (at = 0; at < s.n; at += n) {
		n = escape(s, at, out, &out_n);
		if (s.p[at] == ' ' || s.p[at] == '=' || out[0] == '\\')
			return 1;
	}
	return 0;
}

void
log_begin(struct log_line *line, enum log_level level, const char *event)
{
	char at[CLOCK_TEXT];
	int n;

	line->level = level;
	line->on = level >= log_state.least;
	line->cut = 0;
	line->n = 0;
	if (!line->on)
		return;
	if (!log_state.journal) {
		clock_format(clock_wall_ms(), at);
		put(line, at, strlen(at));
		put(line, " ", 1);
	}
	n = snprintf(line->text + line->n, room(line), "%s %s[%ld] %.100s",
	    level_names[level], log_state.role, (long)getpid(), event);
	if (n > 0)
		line->n += (size_t)n;
}

void
log_str(struct log_line *line, const char *key, struct str value)
{
	size_t key_n = strlen(key);
	char out[8];
	size_t at, n, out_n;
	int quoted;

	if (!line->on || line->cut)
		return;
	/* Room for " key=" and an opening quote, or the line ends here. */
	if (room(line) < key_n + 3) {
		line->cut = 1;
		return;
	}
	put(line, " ", 1);
	put(line, key, key_n);
	put(line, "=", 1);
	quoted = needs_quotes(value);
	if (quoted)
		put(line, "\"", 1);
	for (at = 0; at < value.n; at += n) {
		n = escape(value, at, out, &out_n);
		if (room(line) < out_n) {
			line->cut = 1;
			put(line, "...", 3);
			break;
		}
		put(line, out, out_n);
	}
	if (quoted)
		put(line, "\"", 1);
}

void
log_int(struct log_line *line, const char *key, int64_t value)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%lld", (long long)value);

	if (n > 0)
		log_str(line, key, str_make(text, (size_t)n));
}

void
log_end(struct log_line *line)
{
	ssize_t n;

	if (!line->on)
		return;
	line->text[line->n++] = '\n';
	do {
		n = write(STDERR_FILENO, line->text, line->n);
	} while (n < 0 && errno == EINTR);
	/* A log that cannot be written has nobody to tell it to. */
}

__attribute__((format(printf, 3, 0))) static void
log_text(enum log_level level, const char *event, const char *fmt, va_list ap)
{
	struct log_line line;
	char text[1024];
	int n;

	log_begin(&line, level, event);
	if (!line.on)
		return;
	n = vsnprintf(text, sizeof text, fmt, ap);
	if (n >= 0)
		log_str(&line, "text", str_of(text));
	log_end(&line);
}

void
log_info(const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(LOG_LEVEL_INFO, event, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(LOG_LEVEL_WARN, event, fmt, ap);
	va_end(ap);
}

void
log_error(const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(LOG_LEVEL_ERROR, event, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(LOG_LEVEL_DEBUG, event, fmt, ap);
	va_end(ap);
}

void
log_err(const char *event, struct str tenant, const struct err *err)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_ERROR, event);
	if (tenant.n > 0)
		log_str(&line, "tenant", tenant);
	log_str(&line, "error", str_of(err_class(err->code)->name));
	log_str(&line, "text", str_of(err->msg));
	if (err->hint[0])
		log_str(&line, "hint", str_of(err->hint));
	log_end(&line);
}
