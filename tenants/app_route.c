#include "tenants/app.h"

#include "tenants/app_place.h"

static const char *const method_names[APP_METHODS] = {
	[APP_GET] = "GET",
	[APP_POST] = "POST",
	[APP_PUT] = "PUT",
	[APP_PATCH] = "PATCH",
	[APP_DELETE] = "DELETE",
};

int
app_place_method(struct str name)
{
	int i;

	for (i = 0; i < APP_METHODS; i++)
		if (str_is(name, method_names[i]))
			return i;
	return -1;
}

const char *
app_place_method_name(enum app_method method)
{
	return method_names[method];
}

static int
has_endpoint(const struct app_place *place)
{
	int i;

	for (i = 0; i < APP_METHODS; i++)
		if (place->endpoints[i])
			return 1;
	return 0;
}

/*
 * The place of a path below `place`.  Literal segments first; where one leads
 * nowhere, {name} is tried after all.  As deep as APP_PATH_MAX, and at most
 * two ways at each step.
 */
static const struct app_place *
descend(const struct app_place *place, const struct str *segments, size_t n,
    struct str *values)
{
	const struct app_place *child, *found;
	int any;

	if (n == 0)
		return has_endpoint(place) ? place : NULL;
	for (any = 0; any <= 1; any++)
		for (child = place->child; child; child = child->next) {
			if (child->takes_any != any || segments[0].n == 0)
				continue;
			if (any)
				values[0] = segments[0];
			else if (!str_eq(child->segment, segments[0]))
				continue;
			found =
			    descend(child, segments + 1, n - 1, values + any);
			if (found)
				return found;
		}
	return NULL;
}

static const char *
list_methods(const struct app_place *place, struct arena *arena)
{
	const char *list = NULL;
	int i;

	for (i = 0; i < APP_METHODS; i++)
		if (place->endpoints[i])
			list = list ? arena_printf(arena, "%s, %s", list,
					  method_names[i])
				    : method_names[i];
	return list;
}

const struct app_endpoint *
app_route(const struct app *app, struct str method, const struct str *segments,
    size_t n_segments, struct arena *arena, struct str values[APP_PATH_MAX],
    const char **allow)
{
	const struct app_place *place = NULL;
	int which = app_place_method(method);

	*allow = NULL;
	if (app->root && n_segments <= APP_PATH_MAX)
		place = descend(app->root, segments, n_segments, values);
	if (!place)
		return NULL;
	if (which >= 0 && place->endpoints[which])
		return place->endpoints[which];
	*allow = list_methods(place, arena);
	return NULL;
}
