#ifndef ROWHOUSE_APP_PLACE_H
#define ROWHOUSE_APP_PLACE_H

#include "tenants/app.h"
#include "tenants/complaints.h"

/*
 * The tree of paths that app_route() walks: one place for each folder, with
 * the endpoints that stand in it.
 */
enum app_method {
	APP_GET,
	APP_POST,
	APP_PUT,
	APP_PATCH,
	APP_DELETE,
	APP_METHODS
};

struct app_place {
	struct str segment;	/* "tasks", or "{id}" */
	int takes_any;		/* {name} */
	const struct app_endpoint *endpoints[APP_METHODS];
	struct app_place *child;
	struct app_place *next;
};

/* -1 for what is no method that an endpoint can have; upper case only. */
int app_place_method(struct str name);
const char *app_place_method_name(enum app_method method);

#endif
