#ifndef ROWHOUSE_APP_DIRECTIVE_H
#define ROWHOUSE_APP_DIRECTIVE_H

#include "tenants/app.h"
#include "tenants/complaints.h"

/*
 * The directives at the head of an endpoint file (app.h lists them), read line
 * by line: begin, then each, then end, which fills the endpoint.
 */
#define APP_DIRECTIVE_PARAMS 64	/* parameters of an endpoint, at most */

struct app_directive {
	struct app_endpoint *endpoint;
	struct arena *arena;
	struct complaints *complaints;
	int access_line;	/* 0 = not seen */
	int returns_line;
	int status_line;
	int json_line;
	size_t n_params;
	struct app_param params[APP_DIRECTIVE_PARAMS];
};

/*
 * Is a comment, from its "--" on, a directive by its form: a lower-case word
 * and a colon?  Then they are cut apart.
 */
int app_directive_split(struct str comment, struct str *word,
    struct str *rest);
int app_directive_known(struct str word);

void app_directive_begin(struct app_directive *directive,
    struct app_endpoint *endpoint, struct arena *arena,
    struct complaints *complaints);
void app_directive_read(struct app_directive *directive, struct str word,
    struct str rest, int line);
void app_directive_end(struct app_directive *directive);

/* [a-z][a-z0-9_]*, of at most 64 bytes: of a parameter, or a {name}. */
int app_directive_name_ok(struct str name);

#endif
