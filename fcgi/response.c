#include "fcgi/response.h"

#include <string.h>

#include "tenants/base/json.h"

/* What is said for a status; message NULL: what the error itself says. */
static const struct status {
	int status;
	const char *reason; /* RFC 9110, 15 */
	const char *message;
} statuses[] = {
	{ 200, "OK", NULL },
	{ 201, "Created", NULL },
	{ 202, "Accepted", NULL },
	{ 204, "No Content", NULL },
	{ 304, "Not Modified", NULL },
	{ 400, "Bad Request", NULL },
	{ 401, "Unauthorized",
	    "The request requires valid record authorization token." },
	{ 403, "Forbidden", "You are not allowed to perform this request." },
	{ 404, "Not Found", "The requested resource wasn't found." },
	{ 405, "Method Not Allowed", NULL },
	{ 409, "Conflict", NULL },
	{ 411, "Length Required", NULL },
	{ 413, "Content Too Large", NULL },
	{ 415, "Unsupported Media Type", NULL },
	{ 429, "Too Many Requests", NULL },
	{ 500, "Internal Server Error",
	    "Something went wrong while processing your request." },
	{ 503, "Service Unavailable",
	    "The service isn't available right now. Please try again later." },
	{ 504, "Gateway Timeout",
	    "The change is made and is there now, but its replica has not "
	    "confirmed it in time: it may still do so." },
	{ 507, "Insufficient Storage", "There is no room left to store this." },
};

static const struct status unlisted = { 0, "Status",
	"Something went wrong while processing your request." };

static const struct status *
find(int status)
{
	size_t i;

	for (i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
		if (statuses[i].status == status)
			return &statuses[i];
	return &unlisted;
}

void
response_init(struct response *response, size_t body_max)
{
	buf_init(&response->body, body_max);
	response->body_max = body_max;
	response_reset(response);
}

static void
set_max(struct response *response, size_t body_max)
{
	buf_free(&response->body);
	buf_init(&response->body, body_max);
}

void
response_widen(struct response *response, size_t body_max)
{
	if (response->body.max < body_max)
		set_max(response, body_max);
}

void
response_free(struct response *response)
{
	buf_free(&response->body);
}

void
response_reset(struct response *response)
{
	response->status = 200;
	response->retry_after = 0;
	response->type = RESPONSE_JSON;
	response->allow = NULL;
	response->etag[0] = '\0';
	if (response->body.max != response->body_max)
		set_max(response, response->body_max);
	response->replicated = 0;
	buf_reset(&response->body);
}

/* "the body is empty" as a sentence: "The body is empty." */
static void
put_sentence(struct buf *out, const char *text)
{
	char sentence[sizeof((struct err *)0)->msg + 1];
	size_t n = strnlen(text, sizeof sentence - 2);

	memcpy(sentence, text, n);
	if (n > 0 && sentence[0] >= 'a' && sentence[0] <= 'z')
		sentence[0] = (char)(sentence[0] - 'a' + 'A');
	if (n > 0 && !strchr(".!?", sentence[n - 1]))
		sentence[n++] = '.';
	json_put_string(out, str_make(sentence, n));
}

static void
put_faults(struct buf *out, const struct faults *faults)
{
	const struct fault *fault;
	int first = 1;

	for (fault = faults->first; fault; fault = fault->next) {
		if (!first)
			buf_putc(out, ',');
		first = 0;
		json_put_string(out, fault->field);
		buf_puts(out, ":{\"code\":");
		json_put_string(out, str_of(fault->code));
		buf_puts(out, ",\"message\":");
		json_put_string(out, str_of(fault->message));
		buf_putc(out, '}');
	}
}

static int
render(struct buf *body, int status, const char *message,
    const struct faults *faults)
{
	buf_reset(body);
	buf_printf(body, "{\"status\":%d,\"message\":", status);
	put_sentence(body, message);
	buf_puts(body, ",\"data\":{");
	if (faults)
		put_faults(body, faults);
	buf_puts(body, "}}");
	return body->full ? -1 : 0;
}

void
response_error(struct response *response, const struct err *err,
    const struct faults *faults)
{
	const struct err_class *class = err_class(err->code);
	const char *message = find(class->http)->message;
	const char *allow = response->allow;
	struct buf *body = &response->body;

	response_reset(response);
	response->status = class->http;
	response->allow = allow;
	response->retry_after = err->retry_after;
	if (!err->retry_after && (class->http == 429 || class->http == 503))
		response->retry_after = 1;
	if (err->code == ERR_QUOTA)
		message = "This tenant has reached its limit.";
	if (!message)
		message = faults && faults->first &&
				  (err->code == ERR_INPUT ||
				      err->code == ERR_CONFLICT)
			      ? "An error occurred while validating the "
				"submitted data."
			      : err->msg;
	/* What a client sent comes back in it, and may be longer than we say. */
	if (render(body, class->http, message, faults) != 0 &&
	    render(body, class->http, message, NULL) != 0 &&
	    render(body, class->http, unlisted.message, NULL) != 0)
		err_die("response: no room for an error");
}

void
response_head(
    const struct response *response, const char *request_id, struct buf *out)
{
	int status = response->status;

	buf_printf(out, "Status: %d %s\r\n", status, find(status)->reason);
	if (status != 204 && status != 304)
		buf_printf(out,
		    "Content-Type: %s\r\n"
		    "Content-Length: %zu\r\n",
		    response->type, response->body.n);
	buf_puts(out, "Cache-Control: private, no-store\r\nX-Request-Id: ");
	buf_puts(out, request_id);
	buf_puts(out, "\r\n");
	if (response->etag[0] != '\0') {
		buf_puts(out, "ETag: ");
		buf_puts(out, response->etag);
		buf_puts(out, "\r\n");
	}
	if (response->replicated)
		buf_puts(out, "Preference-Applied: durability=replicated\r\n");
	if (response->allow) {
		buf_puts(out, "Allow: ");
		buf_puts(out, response->allow);
		buf_puts(out, "\r\n");
	}
	if (response->retry_after > 0)
		buf_printf(out, "Retry-After: %d\r\n", response->retry_after);
	if (status == 401)
		buf_puts(out, "WWW-Authenticate: Bearer\r\n");
	buf_puts(out, "\r\n");
}

int
response_etag_matches(struct str if_none_match, const char *etag)
{
	struct str rest = if_none_match;
	struct str tag;

	if (str_is(str_trim(rest), "*"))
		return 1;
	while (str_next(&rest, ',', &tag)) {
		tag = str_trim(tag);
		if (str_starts(tag, "W/"))
			tag = str_sub(tag, 2, tag.n);
		if (str_is(tag, etag))
			return 1;
	}
	return 0;
}
