#include "tenants/base/config_value.h"

#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/base/size.h"

#define KIB INT64_C(1024)

static char *
text_at(struct config *config, const struct config_key *key)
{
	return (char *)config + key->offset;
}

static int64_t *
number_at(struct config *config, const struct config_key *key)
{
	return (int64_t *)(void *)((char *)config + key->offset);
}

static int
bad(struct err *err, const char *what, const char *hint)
{
	err_set(err, ERR_INPUT, "%s", what);
	return hint ? err_hint(err, "%s", hint) : -1;
}

static const struct {
	const char *suffix;
	int64_t an_hour;
} rates[] = { { "/s", 3600 }, { "/m", 60 }, { "/h", 1 } };

#define RATES (sizeof rates / sizeof rates[0])

static int
parse_rate(struct str value, int64_t *out, struct err *err)
{
	size_t i;
	int64_t n;

	for (i = 0; i < RATES; i++)
		if (str_ends(value, rates[i].suffix) &&
		    str_i64(str_sub(value, 0, value.n - 2), &n) == 0 &&
		    n >= 0 && n <= INT64_MAX / rates[i].an_hour) {
			*out = n * rates[i].an_hour;
			return 0;
		}
	err_set(err, ERR_INPUT, "'%.*s' is not a rate",
	    STR_FMT(str_sub(value, 0, 60)));
	return err_hint(err, "20/s, 600/m or 1000/h");
}

/* In the largest unit that divides it. */
static void
put_rate(struct buf *out, int64_t an_hour)
{
	size_t i = 0;

	while (an_hour % rates[i].an_hour != 0)
		i++;
	buf_printf(out, "%lld%s", (long long)(an_hour / rates[i].an_hour),
	    rates[i].suffix);
}

static void
put_number(const struct config_key *key, int64_t v, struct buf *out)
{
	if (key->kind == CONFIG_KIBIBYTES)
		size_put(out, v * KIB);
	else if (key->kind == CONFIG_BYTES)
		size_put(out, v);
	else if (key->kind == CONFIG_DURATION)
		clock_put_duration(out, v);
	else if (key->kind == CONFIG_RATE)
		put_rate(out, v);
	else
		buf_printf(out, "%lld", (long long)v);
}

static int
set_number(struct config *config, const struct config_key *key, struct str value,
    struct err *err)
{
	int64_t *at = number_at(config, key);
	struct buf range;
	int64_t v;

	switch (key->kind) {
	case CONFIG_DURATION:
		if (clock_parse_duration(value, &v, err) != 0)
			return -1;
		break;
	case CONFIG_RATE:
		if (parse_rate(value, &v, err) != 0)
			return -1;
		break;
	case CONFIG_BYTES:
	case CONFIG_KIBIBYTES:
		if (size_parse(value, &v, err) != 0)
			return -1;
		if (key->kind == CONFIG_KIBIBYTES && v % KIB != 0)
			return bad(err, "must be a whole number of KiB", NULL);
		v /= key->kind == CONFIG_KIBIBYTES ? KIB : 1;
		break;
	default:
		if (str_i64(value, &v) != 0)
			return err_set(err, ERR_INPUT,
			    "'%.*s' is not a whole number",
			    STR_FMT(str_sub(value, 0, 60)));
	}
	if (v < key->least || v > key->most) {
		buf_init(&range, 100);
		put_number(key, key->least, &range);
		buf_puts(&range, " to ");
		put_number(key, key->most, &range);
		err_set(err, ERR_INPUT, "'%.*s' is out of range (%.*s)",
		    STR_FMT(str_sub(value, 0, 60)), STR_FMT(buf_view(&range)));
		buf_free(&range);
		return -1;
	}
	*at = v;
	return 0;
}

struct str
config_uncommented(struct str line)
{
	size_t at;

	for (at = str_find(line, '#', 0); at < line.n;
	     at = str_find(line, '#', at + 1)) {
		if (at == 0 || line.p[at - 1] == ' ' || line.p[at - 1] == '\t')
			return str_sub(line, 0, at);
	}
	return line;
}

/* The directory of the configuration file, without a slash at its end. */
static struct str
home(const struct config *config)
{
	const char *slash = strrchr(config->file, '/');

	return str_make(config->file, (size_t)(slash - config->file));
}

static int
set_directory(struct config *config, const struct config_key *key, struct str value,
    struct err *err)
{
	struct str dir =
	    value.n > 0 && value.p[0] == '/' ? STR("") : home(config);
	char *out = text_at(config, key);
	struct buf path;
	int rc = 0;

	buf_init(&path, CONFIG_PATH_MAX * 2);
	buf_str(&path, dir);
	while (str_starts(value, "./"))
		value = str_sub(value, 2, value.n);
	if (!str_is(value, ".") && value.n > 0) {
		if (value.p[0] != '/')
			buf_putc(&path, '/');
		buf_str(&path, value);
	}
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	if (path.full || path.n > (size_t)key->most) {
		rc = err_set(err, ERR_INPUT,
		    "the path is longer than %lld bytes", (long long)key->most);
		if (strcmp(key->name, "run") == 0)
			err_hint(err, "a socket's address has no more room: "
				      "set run to a shorter path");
	} else if (config_uncommented(buf_view(&path)).n < path.n) {
		rc = bad(err, "a path cannot hold ' #'", NULL);
	} else {
		str_copy(buf_view(&path), out, CONFIG_PATH_MAX);
	}
	buf_free(&path);
	return rc;
}

static int
set_replica(struct config *config, const struct config_key *key, struct str value,
    struct err *err)
{
	if (value.n == 0) {
		text_at(config, key)[0] = '\0';
		return 0;
	}
	/* Its parts are for those who open it: replication/s3_url.h. */
	if (str_starts(value, "s3://")) {
		if (str_copy(value, text_at(config, key),
			(size_t)key->most + 1) == 0)
			return 0;
		return err_set(err, ERR_INPUT, "longer than %lld bytes",
		    (long long)key->most);
	}
	if (str_starts(value, "file://")) {
		value = str_sub(value, strlen("file://"), value.n);
		if (!str_starts(value, "/"))
			return bad(err,
			    "file:// must be followed by an "
			    "absolute path: file:///path",
			    NULL);
		if (str_find(value, '%', 0) < value.n)
			return bad(err, "file:// takes no %-escapes",
			    "give the path itself");
	} else if (str_find(value, ':', 0) < value.n &&
		   str_starts(str_sub(value, str_find(value, ':', 0), value.n),
		       "://")) {
		return bad(err, "unknown kind of replica",
		    "give a path, file:///path or "
		    "s3://BUCKET/PREFIX");
	}
	return set_directory(config, key, value, err);
}

static int
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static int
label_ok(struct str label)
{
	size_t i;

	if (label.n == 0 || label.n > 63 || !is_alnum(label.p[0]) ||
	    !is_alnum(label.p[label.n - 1]))
		return 0;
	for (i = 0; i < label.n; i++) {
		if (!is_alnum(label.p[i]) && label.p[i] != '-')
			return 0;
	}
	return 1;
}

static int
set_domain(struct config *config, const struct config_key *key, struct str value,
    struct err *err)
{
	char *out = text_at(config, key);
	struct str rest, label;
	size_t i;

	if (value.n > (size_t)key->most)
		return err_set(err, ERR_INPUT,
		    "longer than %lld bytes: no room for SLUG before it",
		    (long long)key->most);
	for (i = 0; i < value.n; i++) {
		char c = value.p[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	out[value.n] = '\0';
	rest = str_of(out);
	while (str_next(&rest, '.', &label)) {
		if (!label_ok(label))
			return err_set(err, ERR_INPUT,
			    "'%.*s' is not a host name",
			    STR_FMT(str_sub(value, 0, 60)));
	}
	return 0;
}

static int
set_group(struct config *config, const struct config_key *key, struct str value,
    struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_.-";
	char *out = text_at(config, key);

	if (str_copy(value, out, (size_t)key->most + 1) != 0 ||
	    strspn(out, letters) != value.n)
		return err_set(err, ERR_INPUT,
		    "'%.*s' is not the name of a group",
		    STR_FMT(str_sub(value, 0, 60)));
	return 0;
}

static int
set_file(struct config *config, const struct config_key *key, struct str value,
    struct err *err)
{
	text_at(config, key)[0] = '\0';
	return value.n > 0 ? set_directory(config, key, value, err) : 0;
}

static int
port_ok(struct str text)
{
	int64_t port;

	return text.n == 0 ||
	       (str_starts(text, ":") &&
		   str_i64(str_sub(text, 1, text.n), &port) == 0 && port > 0 &&
		   port < 65536);
}

static int
set_mail_url(struct config *config, const struct config_key *key, struct str value,
    struct err *err)
{
	struct str rest = STR_NONE, host, label;
	int ok = 1;

	if (str_starts(value, "smtp://"))
		rest = str_sub(value, strlen("smtp://"), value.n);
	else if (str_starts(value, "smtps://"))
		rest = str_sub(value, strlen("smtps://"), value.n);
	host = str_sub(rest, 0, str_find(rest, ':', 0));
	ok = value.n == 0 ||
	     (host.n > 0 && port_ok(str_sub(rest, host.n, rest.n)));
	while (ok && value.n > 0 && str_next(&host, '.', &label))
		ok = label_ok(label);
	if (!ok)
		return bad(err, "must be smtp://HOST or smtps://HOST",
		    "smtp://mail.example.com:587; the login is mail.login's");
	if (str_copy(value, text_at(config, key), (size_t)key->most + 1) != 0)
		return err_set(err, ERR_INPUT, "longer than %lld bytes",
		    (long long)key->most);
	return 0;
}

static int
set_address(struct config *config, const struct config_key *key, struct str value,
    struct err *err)
{
	size_t at = str_find(value, '@', 0), i;
	int ok = value.n == 0 || (at > 0 && at + 1 < value.n &&
				     str_find(value, '@', at + 1) == value.n);

	for (i = 0; i < value.n; i++)
		ok &= value.p[i] > ' ' && value.p[i] <= '~' &&
		      !strchr("<>()[]\\,;:\"", value.p[i]);
	if (ok && str_copy(value, text_at(config, key),
		      (size_t)key->most + 1) == 0)
		return 0;
	return bad(err, "must be a mail address", "no-reply@example.com");
}

static int
set_link(struct config *config, const struct config_key *key, struct str value,
    struct err *err)
{
	size_t slashes = str_find(value, '/', 0);
	struct str scheme = str_sub(value, 0, slashes);
	struct str rest = str_sub(value, slashes, value.n);

	if ((str_is(scheme, "http:") || str_is(scheme, "https:")) &&
	    str_starts(rest, "//{host}") &&
	    port_ok(str_sub(rest, strlen("//{host}"), rest.n)) &&
	    str_copy(value, text_at(config, key), (size_t)key->most + 1) == 0)
		return 0;
	return bad(err, "must be http://{host} or https://{host}",
	    "a port may follow: http://{host}:8080");
}

/* STR_NONE where there are not so many. */
static struct str
choice_at(const struct config_key *key, int64_t n)
{
	struct str rest = str_of(key->preset), choice = STR_NONE;

	while (n-- >= 0)
		if (!str_next(&rest, ' ', &choice))
			return STR_NONE;
	return choice;
}

static int
set_choice(struct config *config, const struct config_key *key, struct str value,
    struct err *err)
{
	struct str choice;
	struct buf all;
	int64_t n;

	buf_init(&all, 100);
	for (n = 0; (choice = choice_at(key, n)).p; n++) {
		if (str_eq(choice, value))
			*number_at(config, key) = n;
		if (n > 0)
			buf_puts(&all,
			    choice_at(key, n + 1).p ? ", " : " or ");
		buf_str(&all, choice);
	}
	choice = choice_at(key, *number_at(config, key));
	if (!str_eq(choice, value))
		err_set(err, ERR_INPUT, "'%.*s' is not %.*s",
		    STR_FMT(str_sub(value, 0, 60)), STR_FMT(buf_view(&all)));
	buf_free(&all);
	return str_eq(choice, value) ? 0 : -1;
}

int
config_value_set(struct config *config, const struct config_key *key, struct str value,
    struct err *err)
{
	if (value.n == 0 && key->least > 0)
		return bad(err, "has no value", NULL);
	switch (key->kind) {
	case CONFIG_DIRECTORY:
		return set_directory(config, key, value, err);
	case CONFIG_REPLICA:
		return set_replica(config, key, value, err);
	case CONFIG_DOMAIN:
		return set_domain(config, key, value, err);
	case CONFIG_GROUP:
		return set_group(config, key, value, err);
	case CONFIG_LEVEL:
		if (log_level_parse(value, &config->log_level) == 0)
			return 0;
		return err_set(err, ERR_INPUT,
		    "'%.*s' is not debug, info, warn or error",
		    STR_FMT(str_sub(value, 0, 60)));
	case CONFIG_FILE:
		return set_file(config, key, value, err);
	case CONFIG_SERVER:
		return set_mail_url(config, key, value, err);
	case CONFIG_ADDRESS:
		return set_address(config, key, value, err);
	case CONFIG_LINK:
		return set_link(config, key, value, err);
	case CONFIG_CHOICE:
		return set_choice(config, key, value, err);
	default:
		return set_number(config, key, value, err);
	}
}

void
config_value_put(const struct config *config, const struct config_key *key,
    struct buf *out)
{
	const char *at = (const char *)config + key->offset;
	int64_t number;

	switch (key->kind) {
	case CONFIG_DIRECTORY:
	case CONFIG_REPLICA:
	case CONFIG_DOMAIN:
	case CONFIG_GROUP:
	case CONFIG_FILE:
	case CONFIG_SERVER:
	case CONFIG_ADDRESS:
	case CONFIG_LINK:
		buf_puts(out, at);
		break;
	case CONFIG_LEVEL:
		buf_puts(out, log_level_name(config->log_level));
		break;
	case CONFIG_CHOICE:
		memcpy(&number, at, sizeof number);
		buf_str(out, choice_at(key, number));
		break;
	default:
		memcpy(&number, at, sizeof number);
		put_number(key, number, out);
	}
}
