#include "replication/s3_url.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/ltx.h"

#define CONNECTIONS_MAX 256

static int
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

void
s3_url_encode(struct buf *out, struct str text, int keep_slash)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (is_plain(c) || c == '~' || (c == '/' && keep_slash))
			buf_putc(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 0, or -1: an escape that is none, a control character, or no room. */
static int
decode(struct str text, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '%') {
			int high =
			    i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(text.p[i + 2]) : -1;

			if (low < 0)
				return -1;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if ((unsigned char)c <= ' ' || c == 0x7f || n + 1 >= size)
			return -1;
		out[n++] = c;
	}
	out[n] = '\0';
	return 0;
}

static int
bad(struct err *err, const char *what, struct str value, const char *hint)
{
	err_set(err, ERR_INPUT, "s3: '%.*s' is not %s",
	    STR_FMT(str_sub(value, 0, 80)), what);
	return hint ? err_hint(err, "%s", hint) : -1;
}

static int
set_bucket(struct s3_place *place, struct str text, struct err *err)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    ((c != '-' && c != '.') || i == 0 || i + 1 == text.n))
			break;
	}
	if (i < text.n || text.n < 3 ||
	    str_copy(text, place->bucket, sizeof place->bucket) != 0)
		return bad(err, "the name of a bucket", text,
		    "s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION; "
		    "names are of 3 to 63 of a-z, 0-9, '.' and '-'");
	return 0;
}

static int
set_prefix(struct s3_place *place, struct str text, struct err *err)
{
	struct str rest, part;

	while (str_starts(text, "/"))
		text = str_sub(text, 1, text.n);
	while (str_ends(text, "/"))
		text = str_sub(text, 0, text.n - 1);
	if (text.n == 0)
		return 0;
	rest = text;
	for (size_t i = 0; i < text.n; i++)
		if (!is_plain(text.p[i]) && text.p[i] != '/')
			goto wrong;
	while (str_next(&rest, '/', &part))
		if (part.n == 0 || str_is(part, ".") || str_is(part, ".."))
			goto wrong;
	if (str_copy(text, place->prefix, sizeof place->prefix) == 0)
		return 0;
wrong:
	return bad(err, "a prefix", text,
	    "of A-Z, a-z, 0-9, '.', '_', '-', with single slashes between "
	    "its parts, 255 bytes at most");
}

struct options {
	char endpoint[300], region[64], style[16], connections[8], stall[8];
};

static int
set_option(struct s3_place *place, struct options *options, struct str name,
    struct str value, struct err *err)
{
	const struct {
		const char *name;
		char *out;
		size_t size;
	} known[] = {
		{ "endpoint", options->endpoint, sizeof options->endpoint },
		{ "region", options->region, sizeof options->region },
		{ "style", options->style, sizeof options->style },
		{ "connections", options->connections,
		    sizeof options->connections },
		{ "stall", options->stall, sizeof options->stall },
		{ "ca", place->ca, sizeof place->ca },
		{ "profile", place->profile, sizeof place->profile },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (!str_is(name, known[i].name))
			continue;
		if (known[i].out[0])
			return err_set(err, ERR_INPUT, "s3: %s is given twice",
			    known[i].name);
		if (value.n > 0 &&
		    decode(value, known[i].out, known[i].size) == 0)
			return 0;
		return bad(err, known[i].name, value, NULL);
	}
	/* Its value may be what must not be shown. */
	err_set(err, ERR_INPUT, "s3: there is no option '%.*s'",
	    STR_FMT(str_sub(name, 0, 30)));
	return err_hint(err,
	    "there are endpoint, region, style, connections, stall, ca, "
	    "profile; keys come from the environment or a credentials file");
}

static int
set_region(struct s3_place *place, const char *given, struct err *err)
{
	struct str region = str_of(given);

	if (region.n == 0)
		region = str_of(getenv("AWS_REGION"));
	if (region.n == 0)
		region = str_of(getenv("AWS_DEFAULT_REGION"));
	if (region.n == 0)
		region = STR("us-east-1");
	for (size_t i = 0; i < region.n; i++)
		if (!is_plain(region.p[i]))
			return bad(err, "a region", region, NULL);
	if (str_copy(region, place->region, sizeof place->region) != 0)
		return bad(err, "a region", region, NULL);
	return 0;
}

/* "https://host:port" without the port that goes without saying. */
static int
set_endpoint(
    struct s3_place *place, struct str text, int virtual, struct err *err)
{
	int secure = str_starts(text, "https://");
	struct str host = text;
	size_t colon, from = 0;
	int n;

	if (!secure && !str_starts(text, "http://"))
		goto wrong;
	host = str_sub(text, secure ? 8 : 7, text.n);
	while (str_ends(host, "/"))
		host = str_sub(host, 0, host.n - 1);
	if (str_starts(host, "["))
		from = str_find(host, ']', 0);
	colon = str_find(host, ':', from);
	if (colon < host.n) {
		int64_t port;

		if (str_i64(str_sub(host, colon + 1, host.n), &port) != 0 ||
		    port < 1 || port > 65535)
			goto wrong;
		if (port == (secure ? 443 : 80))
			host = str_sub(host, 0, colon);
	}
	if (colon == 0 || host.n == 0)
		goto wrong;
	for (size_t i = 0; i < host.n; i++)
		if (!is_plain(host.p[i]) && !strchr("[]:", host.p[i]))
			goto wrong;
	n = snprintf(place->host, sizeof place->host, "%s%s%.*s",
	    virtual ? place->bucket : "", virtual ? "." : "", STR_FMT(host));
	if (n < 0 || (size_t)n >= sizeof place->host)
		goto wrong;
	snprintf(place->base, sizeof place->base, "%s://%s",
	    secure ? "https" : "http", place->host);
	if (!virtual)
		snprintf(place->root, sizeof place->root, "/%s", place->bucket);
	return 0;
wrong:
	return bad(err, "an endpoint", text, "http[s]://HOST[:PORT]");
}

/* A number of an option, or what it is without one. */
static int
set_number(const char *given, int64_t max, int64_t other, const char *what,
    int64_t *out, struct err *err)
{
	*out = other;
	if (given[0] &&
	    (str_i64(str_of(given), out) != 0 || *out < 1 || *out > max))
		return bad(err, what, str_of(given), NULL);
	return 0;
}

static int
resolve(struct s3_place *place, const struct options *options, struct err *err)
{
	struct str endpoint = str_of(options->endpoint);
	/* A wildcard certificate stands for one label. */
	int dots = strchr(place->bucket, '.') != NULL;
	int64_t connections, seconds;
	char aws[160];
	int virtual;

	if (set_region(place, options->region, err) != 0)
		return -1;
	if (!place->ca[0] && str_copy(str_of(getenv("AWS_CA_BUNDLE")),
				 place->ca, sizeof place->ca) != 0)
		return bad(err, "a path", str_of(getenv("AWS_CA_BUNDLE")),
		    "AWS_CA_BUNDLE");
	if (endpoint.n == 0)
		endpoint = str_of(getenv("AWS_ENDPOINT_URL_S3"));
	if (endpoint.n == 0)
		endpoint = str_of(getenv("AWS_ENDPOINT_URL"));
	virtual = endpoint.n == 0 && !dots;
	if (endpoint.n == 0) {
		int china = strncmp(place->region, "cn-", 3) == 0;

		snprintf(aws, sizeof aws, "https://s3.%s.amazonaws.com%s",
		    place->region, china ? ".cn" : "");
		endpoint = str_of(aws);
	}
	if (strcmp(options->style, "virtual") == 0)
		virtual = 1;
	else if (strcmp(options->style, "path") == 0)
		virtual = 0;
	else if (options->style[0])
		return bad(
		    err, "a style", str_of(options->style), "path or virtual");
	if (set_number(options->connections, CONNECTIONS_MAX, 32,
		"a number of connections from 1 to 256", &connections,
		err) != 0 ||
	    set_number(options->stall, 600, 30,
		"a number of seconds from 1 to 600", &seconds, err) != 0)
		return -1;
	place->connections = (int)connections;
	place->stall_ms = seconds * 1000;
	return set_endpoint(place, endpoint, virtual, err);
}

int
s3_url_parse(const char *rest, struct s3_place *out, struct err *err)
{
	struct str text = str_of(rest);
	size_t question = str_find(text, '?', 0);
	struct str where = str_sub(text, 0, question);
	struct str query = str_sub(text, question + 1, text.n);
	size_t slash = str_find(where, '/', 0);
	struct options options = { .endpoint = "" };
	struct str option;

	*out = (struct s3_place){ .bucket = "" };
	if (str_find(where, '@', 0) < where.n) {
		err_set(err, ERR_INPUT, "s3: keys do not belong in the URL");
		return err_hint(err,
		    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the "
		    "environment, or a credentials file");
	}
	if (set_bucket(out, str_sub(where, 0, slash), err) != 0 ||
	    set_prefix(out, str_sub(where, slash, where.n), err) != 0)
		return -1;
	while (query.n > 0 && str_next(&query, '&', &option)) {
		size_t equals = str_find(option, '=', 0);

		if (set_option(out, &options, str_sub(option, 0, equals),
			str_sub(option, equals + 1, option.n), err) != 0)
			return -1;
	}
	return resolve(out, &options, err);
}

/* --- names --------------------------------------------------------------- */

void
s3_url_name(const struct s3_place *place, const struct store_key *key,
    char out[S3_NAME])
{
	const char *slash = place->prefix[0] ? "/" : "";
	char name[LTX_NAME];
	int n;

	if (key->kind == STORE_MACHINE) {
		n = snprintf(
		    out, S3_NAME, "%s%s_machine", place->prefix, slash);
	} else if (key->kind == STORE_OWNER) {
		n = snprintf(out, S3_NAME, "%s%s%s/%08x/owner", place->prefix,
		    slash, key->slug, key->epoch);
	} else if (!key->slug[0]) {
		ltx_name(key->min_txid, key->max_txid, name);
		n = snprintf(out, S3_NAME, "%s%s%04x/%s", place->prefix, slash,
		    (unsigned)key->level, name);
	} else {
		ltx_name(key->min_txid, key->max_txid, name);
		n = snprintf(out, S3_NAME, "%s%s%s/%08x/%04x/%s", place->prefix,
		    slash, key->slug, key->epoch, (unsigned)key->level, name);
	}
	assert(n > 0 && n < S3_NAME);
}

void
s3_url_prefix(
    const struct s3_place *place, const struct store_op *op, char out[S3_NAME])
{
	const char *slash = place->prefix[0] ? "/" : "";
	const struct store_key *key = &op->key;
	int n;

	if (op->verb == STORE_SLUGS)
		n = snprintf(out, S3_NAME, "%s%s", place->prefix, slash);
	else if (op->verb == STORE_EPOCHS || op->verb == STORE_ERASE)
		n = snprintf(
		    out, S3_NAME, "%s%s%s/", place->prefix, slash, key->slug);
	else if (!key->slug[0])
		n = snprintf(out, S3_NAME, "%s%s%04x/", place->prefix, slash,
		    (unsigned)key->level);
	else
		n = snprintf(out, S3_NAME, "%s%s%s/%08x/%04x/", place->prefix,
		    slash, key->slug, key->epoch, (unsigned)key->level);
	assert(n >= 0 && n < S3_NAME);
}
