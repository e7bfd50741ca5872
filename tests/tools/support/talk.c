#include "tests/tools/support/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct params {
	struct wire_options options;
	char text[16][2048];
};

static void
put(struct params *p, const char *name, const char *value)
{
	size_t i = p->options.n_params;

	if (!value)
		return;
	if ((size_t)snprintf(p->text[i], sizeof p->text[i], "%s=%s", name,
		value) >= sizeof p->text[i])
		wire_die("a parameter is too long");
	p->options.params[p->options.n_params++] = p->text[i];
}

static void
host_of(const struct talk_request *request, char out[256])
{
	snprintf(out, 256, "%s%s%s", request->tenant ? request->tenant : "",
	    request->tenant ? "." : "", request->base_domain);
}

void
talk_put_fcgi(const struct talk_request *request, struct wire_bytes *out)
{
	struct params p = { .options = { .mode = "whole" } };
	char host[256], length[32];

	host_of(request, host);
	snprintf(length, sizeof length, "%zu", request->body_n);
	put(&p, "REQUEST_METHOD", request->method);
	put(&p, "REQUEST_URI", request->uri);
	put(&p, "TENANT", request->tenant ? request->tenant : "-");
	put(&p, "HTTP_HOST", host);
	put(&p, "REMOTE_ADDR", request->address);
	put(&p, "HTTP_AUTHORIZATION", request->authorization);
	put(&p, "HTTP_COOKIE", request->cookie);
	put(&p, "HTTP_IF_NONE_MATCH", request->if_none_match);
	put(&p, "CONTENT_LENGTH", length);
	if (request->body) {
		put(&p, "CONTENT_TYPE", request->type);
		put(&p, "HTTP_CONTENT_TYPE", request->type);
	}
	wire_add_head(out, &p.options);
	wire_add_stream(out, WIRE_STDIN, request->body, request->body_n);
	wire_add_record(out, WIRE_STDIN, NULL, 0);
}

static void
put_line(struct wire_bytes *out, const char *name, const char *value)
{
	if (!value)
		return;
	wire_add(out, name, strlen(name));
	wire_add(out, ": ", 2);
	wire_add(out, value, strlen(value));
	wire_add(out, "\r\n", 2);
}

void
talk_put_http(const struct talk_request *request, struct wire_bytes *out)
{
	char host[256], length[32];

	host_of(request, host);
	wire_add(out, request->method, strlen(request->method));
	wire_add(out, " ", 1);
	wire_add(out, request->uri, strlen(request->uri));
	wire_add(out, " HTTP/1.1\r\n", 11);
	put_line(out, "Host", host);
	put_line(out, "Authorization", request->authorization);
	put_line(out, "Cookie", request->cookie);
	put_line(out, "If-None-Match", request->if_none_match);
	if (request->body) {
		snprintf(length, sizeof length, "%zu", request->body_n);
		put_line(out, "Content-Type", request->type);
		put_line(out, "Content-Length", length);
	}
	wire_add(out, "\r\n", 2);
	wire_add(out, request->body, request->body_n);
}

int
talk_status(const char *text, size_t n)
{
	char head[16] = "";
	int status;

	memcpy(head, text, n < sizeof head ? n : sizeof head - 1);
	if (sscanf(head, "Status: %3d", &status) == 1 ||
	    sscanf(head, "HTTP/1.1 %3d", &status) == 1)
		return status;
	return 0;
}

const char *
talk_between(
    const char *text, size_t n, const char *before, char end, size_t *out_n)
{
	const char *from = memmem(text, n, before, strlen(before)), *to;

	if (!from)
		return NULL;
	from += strlen(before);
	to = memchr(from, end, n - (size_t)(from - text));
	*out_n = to ? (size_t)(to - from) : 0;
	return to ? from : NULL;
}

int
talk_whole_http(const struct wire_bytes *in, int head_only, size_t *n)
{
	const char *end = memmem(in->p, in->n, "\r\n\r\n", 4), *length, *last;
	size_t head_n, length_n;
	int status;

	if (!end)
		return 0;
	head_n = (size_t)(end - in->p) + 4;
	status = talk_status(in->p, in->n);
	*n = head_n;
	if (head_only || status == 204 || status == 304)
		return 1;
	length = talk_between(
	    in->p, head_n, "\r\nContent-Length: ", '\r', &length_n);
	if (length) {
		*n += (size_t)strtoul(length, NULL, 10);
		return in->n >= *n;
	}
	/* In chunks; a line's end stands in none of our bodies. */
	last = memmem(end, in->n - (size_t)(end - in->p), "\r\n0\r\n\r\n", 7);
	if (last)
		*n = (size_t)(last - in->p) + 7;
	return last != NULL;
}
