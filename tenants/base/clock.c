#include "tenants/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z. */
#define LEAST_MS INT64_C(-62167219200000)
#define MOST_MS  INT64_C(253402300799999)

static int64_t
read_clock(clockid_t id, int64_t per_second)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		err_die("clock_gettime(%d) failed", (int)id);
	return ts.tv_sec * per_second +
	       ts.tv_nsec / (INT64_C(1000000000) / per_second);
}

int64_t
clock_wall_ms(void)
{
	return read_clock(CLOCK_REALTIME, 1000);
}

int64_t
clock_mono_ms(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000);
}

int64_t
clock_mono_us(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000000);
}

int64_t
clock_boot_ms(void)
{
	return read_clock(CLOCK_BOOTTIME, 1000);
}

int64_t
clock_cpu_us(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID, 1000000);
}

void
clock_format(int64_t wall_ms, char out[CLOCK_TEXT])
{
	int64_t ms;
	time_t seconds;
	struct tm tm;

	if (wall_ms < LEAST_MS)
		wall_ms = LEAST_MS;
	if (wall_ms > MOST_MS)
		wall_ms = MOST_MS;
	ms = (wall_ms % 1000 + 1000) % 1000;
	seconds = (time_t)((wall_ms - ms) / 1000);
	if (!gmtime_r(&seconds, &tm))
		err_die("gmtime_r(%lld) failed", (long long)seconds);
	/* The casts tell the compiler that no field is longer than this. */
	snprintf(out, CLOCK_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
	    (unsigned)(tm.tm_year + 1900) % 10000u,
	    (unsigned)(tm.tm_mon + 1) % 100u, (unsigned)tm.tm_mday % 100u,
	    (unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u,
	    (unsigned)tm.tm_sec % 100u, (unsigned)ms % 1000u);
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Exactly n digits at *at. */
static int
take_digits(struct str s, size_t *at, size_t n, int *out)
{
	int v = 0;
	size_t i;

	if (s.n - *at < n)
		return -1;
	for (i = 0; i < n; i++) {
		if (!is_digit(s.p[*at + i]))
			return -1;
		v = v * 10 + (s.p[*at + i] - '0');
	}
	*at += n;
	*out = v;
	return 0;
}

static int
take(struct str s, size_t *at, const char *any_of)
{
	if (*at >= s.n || !s.p[*at] || !strchr(any_of, s.p[*at]))
		return -1;
	++*at;
	return 0;
}

/* An optional fraction of a second, cut to milliseconds. */
static int
take_fraction(struct str s, size_t *at, int64_t *ms)
{
	int64_t unit = 100;
	size_t from;

	*ms = 0;
	if (take(s, at, ".") != 0)
		return 0;
	for (from = *at; *at < s.n && is_digit(s.p[*at]); ++*at) {
		*ms += unit * (s.p[*at] - '0');
		unit /= 10;
	}
	return *at > from ? 0 : -1;
}

static int
days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* "Z" or "+01:30", in minutes east of UTC. */
static int
take_offset(struct str s, size_t *at, int *minutes)
{
	int sign = *at < s.n && s.p[*at] == '-' ? -1 : 1;
	int h, m;

	*minutes = 0;
	if (take(s, at, "Zz") == 0)
		return 0;
	if (take(s, at, "+-") != 0 || take_digits(s, at, 2, &h) != 0 ||
	    take(s, at, ":") != 0 || take_digits(s, at, 2, &m) != 0 || h > 23 ||
	    m > 59)
		return -1;
	*minutes = sign * (h * 60 + m);
	return 0;
}

static int
out_of_range(struct str text, struct err *err)
{
	return err_set(err, ERR_INPUT,
	    "'%.*s' is not a time between the years 0 and 9999",
	    STR_FMT(str_sub(text, 0, 60)));
}

static int
parse_date(struct str text, int64_t *out_ms, struct err *err)
{
	struct str shown = str_sub(text, 0, 60);
	struct tm tm = { 0 };
	int year, month, day, hour, minute, second, offset;
	int64_t ms, at_ms;
	size_t at = 0;

	if (take_digits(text, &at, 4, &year) != 0 ||
	    take(text, &at, "-") != 0 ||
	    take_digits(text, &at, 2, &month) != 0 ||
	    take(text, &at, "-") != 0 || take_digits(text, &at, 2, &day) != 0 ||
	    take(text, &at, "Tt ") != 0 ||
	    take_digits(text, &at, 2, &hour) != 0 ||
	    take(text, &at, ":") != 0 ||
	    take_digits(text, &at, 2, &minute) != 0 ||
	    take(text, &at, ":") != 0 ||
	    take_digits(text, &at, 2, &second) != 0 ||
	    take_fraction(text, &at, &ms) != 0)
		return err_set(
		    err, ERR_INPUT, "'%.*s' is not a time", STR_FMT(shown));
	if (at == text.n)
		return err_set(err, ERR_INPUT,
		    "'%.*s' has no time zone: put Z for UTC, or +01:00",
		    STR_FMT(shown));
	if (take_offset(text, &at, &offset) != 0 || at != text.n)
		return err_set(err, ERR_INPUT,
		    "'%.*s' does not end in a time zone (Z or +01:00)",
		    STR_FMT(shown));
	if (month < 1 || month > 12 || day < 1 ||
	    day > days_of_month(year, month))
		return err_set(err, ERR_INPUT, "'%.*s': there is no such day",
		    STR_FMT(shown));
	if (hour > 23 || minute > 59 || second > 59)
		return err_set(err, ERR_INPUT,
		    "'%.*s': there is no such time of day", STR_FMT(shown));
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = second;
	at_ms = ((int64_t)timegm(&tm) - offset * INT64_C(60)) * 1000 + ms;
	if (at_ms < LEAST_MS || at_ms > MOST_MS)
		return out_of_range(text, err);
	*out_ms = at_ms;
	return 0;
}

static int
parse_seconds(struct str text, int64_t *out_ms, struct err *err)
{
	size_t dot = str_find(text, '.', 0);
	size_t at = dot;
	int64_t seconds, ms;

	if (take_fraction(text, &at, &ms) != 0 || at != text.n)
		return err_set(err, ERR_INPUT, "'%.*s' is not a time",
		    STR_FMT(str_sub(text, 0, 60)));
	if (str_i64(str_sub(text, 0, dot), &seconds) != 0 ||
	    seconds > MOST_MS / 1000) {
		out_of_range(text, err);
		return err_hint(err, "it is taken as seconds since 1970, "
				     "not milliseconds");
	}
	*out_ms = seconds * 1000 + ms;
	return 0;
}

static const struct {
	const char *name;
	const char *suffix;
	int64_t ms;
} units[] = {
	{ "millisecond", "ms", 1 },
	{ "second", "s", 1000 },
	{ "minute", "m", 60 * 1000 },
	{ "hour", "h", 60 * 60 * 1000 },
	{ "day", "d", 24 * 60 * 60 * 1000 },
};

#define SECONDS 1
#define N_UNITS (sizeof units / sizeof units[0])

/* "10 minutes ago", of which the caller has seen the last word. */
static int
parse_ago(struct str text, int64_t now_ms, int64_t *out_ms, struct err *err)
{
	struct str rest = str_trim(str_sub(text, 0, text.n - strlen("ago")));
	size_t digits = 0;
	struct str unit;
	int64_t n;
	size_t i;

	while (digits < rest.n && is_digit(rest.p[digits]))
		digits++;
	unit = str_trim(str_sub(rest, digits, rest.n));
	for (i = SECONDS; i < N_UNITS; i++) {
		size_t name = strlen(units[i].name);

		if (str_is(unit, units[i].name) ||
		    (unit.n == name + 1 && str_starts(unit, units[i].name) &&
			unit.p[name] == 's'))
			break;
	}
	if (digits == 0 || digits == rest.n || i == N_UNITS ||
	    rest.p[digits] != ' ' || text.p[text.n - 4] != ' ')
		return err_set(err, ERR_INPUT,
		    "'%.*s' is not 'N seconds ago', minutes, hours or days",
		    STR_FMT(str_sub(text, 0, 60)));
	if (str_i64(str_sub(rest, 0, digits), &n) != 0 ||
	    n > (now_ms - LEAST_MS) / units[i].ms)
		return out_of_range(text, err);
	*out_ms = now_ms - n * units[i].ms;
	return 0;
}

int
clock_parse(struct str text, int64_t now_ms, int64_t *out_ms, struct err *err)
{
	size_t i;

	if (str_is(text, "now")) {
		*out_ms = now_ms;
		return 0;
	}
	if (text.n > 4 && str_ends(text, "ago"))
		return parse_ago(text, now_ms, out_ms, err);
	for (i = 0; i < text.n && (is_digit(text.p[i]) || text.p[i] == '.');)
		i++;
	if (i > 0 && i == text.n && is_digit(text.p[0]))
		return parse_seconds(text, out_ms, err);
	if (parse_date(text, out_ms, err) == 0)
		return 0;
	return err_hint(err, "times look like 2026-11-23T10:00:00Z, "
			     "1795428000, now, or 10 minutes ago");
}

int
clock_parse_duration(struct str text, int64_t *out_ms, struct err *err)
{
	struct str shown = str_sub(text, 0, 60);
	size_t digits = 0;
	struct str unit;
	int64_t n;
	size_t i;

	while (digits < text.n && is_digit(text.p[digits]))
		digits++;
	unit = str_sub(text, digits, text.n);
	for (i = 0; i < N_UNITS && !str_is(unit, units[i].suffix);)
		i++;
	if (digits == 0 || i == N_UNITS)
		return err_set(err, ERR_INPUT,
		    "'%.*s' is not a duration like 250ms, 1s, 10m, 24h or 7d",
		    STR_FMT(shown));
	if (str_i64(str_sub(text, 0, digits), &n) != 0 ||
	    n > INT64_MAX / units[i].ms)
		return err_set(err, ERR_INPUT, "'%.*s' is too long a duration",
		    STR_FMT(shown));
	*out_ms = n * units[i].ms;
	return 0;
}

void
clock_put_duration(struct buf *buf, int64_t ms)
{
	size_t i = N_UNITS - 1;

	if (ms == 0)
		i = SECONDS;
	while (ms % units[i].ms != 0)
		i--;
	buf_printf(
	    buf, "%lld%s", (long long)(ms / units[i].ms), units[i].suffix);
}
