#include "fcgi/request.h"

#include <stddef.h>
#include <string.h>

/* The parameters that are read; all others are only counted. */
enum name {
	METHOD,
	URI,
	LENGTH,
	TYPE,
	TYPE_OF_SERVER,
	HOST,
	TENANT,
	ADDRESS,
	AUTHORIZATION,
	IF_NONE_MATCH,
	PREFER,
	NAMES
};

static const struct str names[NAMES] = {
	[METHOD] = STR("REQUEST_METHOD"),
	[URI] = STR("REQUEST_URI"),
	[LENGTH] = STR("CONTENT_LENGTH"),
	/* Caddy makes a CONTENT_TYPE up where the client sent none. */
	[TYPE] = STR("HTTP_CONTENT_TYPE"),
	[TYPE_OF_SERVER] = STR("CONTENT_TYPE"),
	[HOST] = STR("HTTP_HOST"),
	[TENANT] = STR("TENANT"),
	[ADDRESS] = STR("REMOTE_ADDR"),
	[AUTHORIZATION] = STR("HTTP_AUTHORIZATION"),
	[IF_NONE_MATCH] = STR("HTTP_IF_NONE_MATCH"),
	[PREFER] = STR("HTTP_PREFER"),
};

static int
collect(const char *const *params, struct str values[NAMES], struct err *err)
{
	size_t n, size = 0;
	struct str param, name;
	int i;

	for (n = 0; params[n]; n++) {
		if (n == REQUEST_PARAMS_MAX)
			return err_set(err, ERR_INPUT,
			    "the request has more than %d headers and "
			    "parameters",
			    REQUEST_PARAMS_MAX);
		param = str_of(params[n]);
		size += param.n;
		if (size > REQUEST_PARAMS_SIZE)
			return err_set(err, ERR_INPUT,
			    "the request's headers are longer than %d bytes",
			    REQUEST_PARAMS_SIZE);
		name = str_sub(param, 0, str_find(param, '=', 0));
		for (i = 0; i < NAMES; i++)
			if (str_eq(name, names[i]))
				break;
		if (i == NAMES)
			continue;
		if (values[i].p)
			return err_set(
			    err, ERR_INPUT, "%s came twice", names[i].p);
		values[i] = str_sub(param, name.n + 1, param.n);
	}
	return 0;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* %XX, and + for a space where plus is set; what comes out is UTF-8. */
static int
decode(struct str in, int plus, const char *what, struct arena *arena,
    struct str *out, struct err *err)
{
	char *p;
	size_t i, n = 0;
	int high, low;

	*out = in;
	if (memchr(in.p, '%', in.n) || (plus && memchr(in.p, '+', in.n))) {
		p = arena_alloc(arena, in.n + 1);
		for (i = 0; i < in.n; i++) {
			p[n] = in.p[i];
			if (plus && p[n] == '+')
				p[n] = ' ';
			if (in.p[i] == '%') {
				high = i + 1 < in.n ? hex(in.p[i + 1]) : -1;
				low = i + 2 < in.n ? hex(in.p[i + 2]) : -1;
				if (high < 0 || low < 0)
					return err_set(err, ERR_INPUT,
					    "%s has a %% without two "
					    "hexadecimal digits",
					    what);
				p[n] = (char)(high << 4 | low);
				i += 2;
			}
			n++;
		}
		*out = str_make(p, n);
	}
	if (memchr(out->p, '\0', out->n))
		return err_set(err, ERR_INPUT, "%s has a NUL byte", what);
	if (!str_utf8_ok(*out))
		return err_set(err, ERR_INPUT, "%s is not UTF-8", what);
	return 0;
}

static int
parse_path(
    struct str path, struct arena *arena, struct request *out, struct err *err)
{
	struct str rest, raw, segment;

	if (path.n == 0 || path.p[0] != '/')
		return err_set(
		    err, ERR_INPUT, "the path does not begin with a slash");
	rest = str_sub(path, 1, path.n);
	if (rest.n == 0)
		return 0;
	while (str_next(&rest, '/', &raw)) {
		if (raw.n == 0)
			return err_set(err, ERR_NOT_FOUND,
			    "the path has an empty segment");
		if (raw.n > REQUEST_SEGMENT_MAX)
			return err_set(err, ERR_INPUT,
			    "the path has a segment of more than %d bytes",
			    REQUEST_SEGMENT_MAX);
		if (decode(raw, 0, "the path", arena, &segment, err) != 0)
			return -1;
		if (str_is(segment, ".") || str_is(segment, ".."))
			return err_set(err, ERR_INPUT,
			    "the path has a segment \"%.*s\"",
			    STR_FMT(segment));
		if (out->n_segments == APP_PATH_MAX)
			return err_set(err, ERR_NOT_FOUND,
			    "the path has more than %d segments", APP_PATH_MAX);
		out->segments[out->n_segments++] = segment;
	}
	return 0;
}

static int
parse_query(
    struct str query, struct arena *arena, struct request *out, struct err *err)
{
	struct call_pair *pairs;
	struct str rest = query, pair;
	size_t cut, n = 0, i;

	if (query.n == 0)
		return 0;
	for (i = 0; i < query.n; i++)
		n += query.p[i] == '&';
	pairs = arena_array(arena,
	    n < REQUEST_QUERY_MAX ? n + 1 : REQUEST_QUERY_MAX, sizeof *pairs);
	while (str_next(&rest, '&', &pair)) {
		if (pair.n == 0)
			continue;
		if (out->n_query == REQUEST_QUERY_MAX)
			return err_set(err, ERR_INPUT,
			    "the query has more than %d parameters",
			    REQUEST_QUERY_MAX);
		cut = str_find(pair, '=', 0);
		if (decode(str_sub(pair, 0, cut), 1, "the query", arena,
			&pairs[out->n_query].name, err) != 0 ||
		    decode(str_sub(pair, cut + 1, pair.n), 1, "the query",
			arena, &pairs[out->n_query].value, err) != 0)
			return -1;
		out->n_query++;
	}
	out->query = pairs;
	return 0;
}

static int
parse_length(struct str text, struct request *out, struct err *err)
{
	struct str method = out->method;

	if (text.n == 0) {
		if (str_is(method, "POST") || str_is(method, "PUT") ||
		    str_is(method, "PATCH"))
			return err_set(err, ERR_LENGTH,
			    "the request has no Content-Length");
		return 0;
	}
	/* Caddy's way to say that the client did not tell. */
	if (str_is(text, "-1"))
		return err_set(
		    err, ERR_LENGTH, "the request has no Content-Length");
	if (str_i64(text, &out->length) != 0 || out->length < 0) {
		out->length = 0;
		return err_set(
		    err, ERR_INPUT, "the Content-Length is not a number");
	}
	if (out->length > 0 &&
	    (str_is(method, "GET") || str_is(method, "HEAD") ||
		str_is(method, "OPTIONS")))
		return err_set(
		    err, ERR_INPUT, "%.*s takes no body", STR_FMT(method));
	return 0;
}

int
request_parse(const char *const *params, struct arena *arena,
    struct request *out, struct err *err)
{
	struct str values[NAMES] = { { NULL, 0 } };
	struct str uri;
	size_t cut;
	int collected;

	*out = (struct request){ .length = 0 };
	collected = collect(params, values, err);
	uri = values[URI];
	cut = str_find(uri, '?', 0);
	out->method = values[METHOD];
	out->path = str_sub(uri, 0, cut);
	out->host = values[HOST];
	out->tenant = values[TENANT];
	out->address = values[ADDRESS];
	out->authorization = values[AUTHORIZATION];
	out->content_type =
	    values[TYPE].p ? values[TYPE] : values[TYPE_OF_SERVER];
	out->if_none_match = values[IF_NONE_MATCH];
	out->prefer = values[PREFER];
	if (collected != 0)
		return -1;
	if (out->method.n == 0)
		return err_set(err, ERR_INPUT, "the request has no method");
	if (uri.n > REQUEST_URI_MAX)
		return err_set(err, ERR_INPUT,
		    "the request's address is longer than %d bytes",
		    REQUEST_URI_MAX);
	if (parse_length(values[LENGTH], out, err) != 0 ||
	    parse_path(out->path, arena, out, err) != 0)
		return -1;
	return parse_query(str_sub(uri, cut + 1, uri.n), arena, out, err);
}

int
request_is_json(const struct request *request)
{
	struct str rest = request->content_type;
	struct str part;

	if (!str_next(&rest, ';', &part) ||
	    !str_is_nocase(str_trim(part), "application/json"))
		return 0;
	while (str_next(&rest, ';', &part)) {
		part = str_trim(part);
		if (part.n > 0 && !str_is_nocase(part, "charset=utf-8") &&
		    !str_is_nocase(part, "charset=\"utf-8\""))
			return 0;
	}
	return 1;
}
