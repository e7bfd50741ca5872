#ifndef ROWHOUSE_TESTS_TALK_H
#define ROWHOUSE_TESTS_TALK_H

#include "tests/tools/support/wire.h"

/*
 * One request, to the pool itself as a web server would say it, or to the web
 * server; and what came back.
 */
struct talk_request {
	const char *method, *uri;
	const char *tenant;		/* NULL: the platform's own host */
	const char *base_domain;
	const char *address;		/* of the client; said to the pool alone */
	const char *authorization, *cookie, *if_none_match;	/* or NULL */
	const char *type;		/* of the body */
	const char *body;		/* or NULL */
	size_t body_n;
};

void talk_put_fcgi(const struct talk_request *request, struct wire_bytes *out);
void talk_put_http(const struct talk_request *request, struct wire_bytes *out);

/* An answer in HTTP's own words: 1 it is whole, *n bytes of it; 0 not yet. */
int talk_whole_http(const struct wire_bytes *in, int head_only, size_t *n);

/* Of "Status: 200 OK" or "HTTP/1.1 200 OK"; 0 for what is neither. */
int talk_status(const char *text, size_t n);

/* The text between the first of before and the next of end; NULL without. */
const char *talk_between(const char *text, size_t n, const char *before,
    char end, size_t *out_n);

#endif
