#ifndef ROWHOUSE_APP_PARSE_H
#define ROWHOUSE_APP_PARSE_H

#include "tenants/app.h"
#include "tenants/complaints.h"

/*
 * One endpoint file: its directives, its statements and their variables.
 * endpoint has file, method, path and segments; the rest is filled in.  text
 * must be UTF-8 and live as long as the endpoint.
 */
void app_parse(struct app_endpoint *endpoint, struct str text,
    struct arena *arena, struct complaints *complaints);

/* The line that a byte of text is in, where the first is `first`. */
int app_parse_line(struct str text, size_t at, int first);

#endif
