#ifndef ROWHOUSE_RESPONSE_H
#define ROWHOUSE_RESPONSE_H

#include "tenants/base/buf.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"
#include "tenants/call.h"

#define RESPONSE_JSON       "application/json"
#define RESPONSE_PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"

/*
 * An answer: its status, a few headers, a body that is JSON (but for metrics) or empty.
 */
struct response {
	int status;
	int retry_after;	/* seconds; 0 = not said */
	const char *type;	/* of the body */
	const char *allow;	/* "GET, HEAD, OPTIONS", or NULL */
	char etag[48];		/* with its quotes, or "" */
	int replicated;		/* it was asked for, and is */
	struct buf body;
	size_t body_max;	/* of all answers but one that is widened */
};

/* For a worker's life; response_reset before each request. */
void response_init(struct response *response, size_t body_max);
void response_free(struct response *response);
void response_reset(struct response *response);

/*
 * This one, which is empty yet, may have so many bytes, where it may not have more
 * already: what the operator asks for is about all tenants, and there is
 * one of him.
 */
#define RESPONSE_OPERATOR_MAX ((size_t)64 << 20)
void response_widen(struct response *response, size_t body_max);

/*
 * Turns it into the answer for an error:
 *
 *	{"status":404,"message":"The requested resource wasn't found.","data":{}}
 *
 * This is the one renderer.  An error's own text goes out for what the client
 * can mend (400, 405, 409, 411, 413, 415, 429); for all else there is one
 * sentence per status, and the text is for the log.  Faults, where there are
 * any and where they fit, are the data.
 */
void response_error(struct response *response, const struct err *err,
    const struct faults *faults);

/*
 * The head, in CGI's form ("Status: 200 OK"), up to and with the empty line.
 * length is the body's, whether or not it is sent after it (HEAD).
 */
void response_head(const struct response *response, const char *request_id,
    struct buf *out);

/* Is one of the tags of an If-None-Match this one?  (RFC 9110, 13.1.2) */
int response_etag_matches(struct str if_none_match, const char *etag);

#endif
