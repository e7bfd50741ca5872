#include "fcgi/operator_api.h"

#include <string.h>

#include "fcgi/operator_call.h"
#include "tenants/app_describe.h"

static void
put_answers(struct buf *out, const struct operator_route *route)
{
	static const int errors[] = { 400, 401, 404, 409, 413, 429 };
	int status = route->endpoint.status;
	size_t i;

	buf_printf(out, ",\"responses\":{\"%d\":{\"description\":\"%s\"",
	    status, route->job ? "What is to be done." : "Done.");
	if (status != 204)
		buf_puts(out, ",\"content\":{\"application/json\":"
			      "{\"schema\":{\"type\":\"object\"}}}");
	buf_putc(out, '}');
	for (i = 0; i < sizeof errors / sizeof errors[0]; i++)
		buf_printf(out,
		    ",\"%d\":{\"$ref\":\"#/components/responses/Error\"}",
		    errors[i]);
	buf_puts(
	    out, ",\"default\":{\"$ref\":\"#/components/responses/Error\"}}");
}

static void
put_route(struct buf *out, const struct operator_route *route)
{
	const char *p;

	buf_putc(out, '"');
	for (p = route->endpoint.method; *p; p++)
		buf_putc(out, (char)(*p - 'A' + 'a'));
	buf_puts(out, "\":{\"tags\":[\"operator\"],\"summary\":");
	json_put_string(out, str_of(route->endpoint.summary));
	buf_puts(out, ",\"security\":[{\"operator\":[]}]");
	app_describe_sent(&route->endpoint, out);
	put_answers(out, route);
	buf_putc(out, '}');
}

void
operator_api_describe(struct buf *out)
{
	const struct operator_route *route;
	const char *path = NULL;
	size_t i, n;

	route = operator_routes(&n);
	for (i = 0; i < n; i++, route++) {
		if (path && strcmp(path, route->endpoint.path) == 0) {
			buf_putc(out, ',');
		} else {
			buf_puts(out, path ? "}," : ",");
			path = route->endpoint.path;
			json_put_string(out, str_of(path));
			buf_puts(out, ":{");
		}
		put_route(out, route);
	}
	buf_putc(out, '}');
}
