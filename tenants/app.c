#include "tenants/app.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "tenants/app_parse.h"
#include "tenants/app_directive.h"
#include "tenants/app_place.h"
#include "tenants/base/file.h"

#define APP_MEMORY    ((size_t)256 << 20)
#define ENDPOINT_MAX  ((size_t)256 << 10)
#define MIGRATION_MAX ((size_t)4 << 20)
#define SEGMENT_MAX   64

/*
 * What Rowhouse answers itself, below /api/.  An application's endpoint there
 * would never be reached.
 */
static const char *const taken[] = { "backups", "batch", "collections", "crons",
	"domains", "files", "health", "logs", "openapi.json", "realtime",
	"settings", "tenants" };

struct loader {
	struct arena *arena;
	struct complaints *complaints;
	size_t n_endpoints;
	struct found {
		struct app_endpoint endpoint;
		struct found *next;
	} * endpoints, **end;
};

/* Where we are in the walk below api/. */
struct path {
	size_t n;
	struct str segment[APP_PATH_MAX];
	char *folder;
};

static struct str
read_text(struct loader *loader, const char *file, size_t max)
{
	struct err err = ERR_INIT;
	struct str text;
	size_t at, n;
	uint32_t code_point;

	if (file_read(file, max, loader->arena, &text, &err) < 0) {
		complaints_add(loader->complaints, file, 0, "%s", err.msg);
		return STR_NONE;
	}
	if (str_starts(text, "\xef\xbb\xbf")) {
		complaints_add(loader->complaints, file, 1,
		    "begins with a byte order mark: save it without");
		return STR_NONE;
	}
	for (at = 0; at < text.n; at += n) {
		n = str_utf8_at(text, at, &code_point);
		if (n == 0 || code_point == 0) {
			complaints_add(loader->complaints, file,
			    app_parse_line(text, at, 1), "%s",
			    n == 0 ? "is not UTF-8" : "has a NUL in it");
			return STR_NONE;
		}
	}
	/* An empty file is an empty text, not a missing one. */
	return text.n > 0 ? text : STR("");
}

/* 1 a folder, 0 a file, -1 neither, which has been complained of. */
static int
is_folder(struct loader *loader, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		complaints_add(
		    loader->complaints, path, 0, "%s", strerror(errno));
	else if (S_ISDIR(st.st_mode))
		return 1;
	else if (S_ISREG(st.st_mode))
		return 0;
	else
		complaints_add(loader->complaints, path, 0,
		    "is neither a file nor a folder");
	return -1;
}

/* Names in a folder; 0 where there is none, or none that can be read. */
static int
list(struct loader *loader, const char *folder, struct file_names *names)
{
	struct err err = ERR_INIT;
	struct stat st;

	if (stat(folder, &st) < 0 && errno == ENOENT)
		return 0;
	switch (is_folder(loader, folder)) {
	case 0:
		complaints_add(
		    loader->complaints, folder, 0, "is not a folder");
		return 0;
	case 1:
		break;
	default:
		return 0;
	}
	if (file_list(folder, loader->arena, names, &err) == 0)
		return 1;
	complaints_add(loader->complaints, folder, 0, "%s", err.msg);
	return 0;
}

static int
literal_ok(struct str name)
{
	size_t i;
	char c;

	if (name.n == 0 || name.n > SEGMENT_MAX)
		return 0;
	for (i = 0; i < name.n; i++) {
		c = name.p[i];
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') &&
		    (i == 0 || (c != '-' && c != '_')))
			return 0;
	}
	return 1;
}

static int
is_param(struct str name)
{
	return str_starts(name, "{") && str_ends(name, "}");
}

/* May this folder stand there?  Complains and returns 0 where not. */
static int
check_folder(struct loader *loader, const struct path *path,
    const struct app_place *parent, const char *name)
{
	struct complaints *complaints = loader->complaints;
	struct str segment = str_of(name);
	const struct app_place *place;
	size_t i;

	if (path->n == APP_PATH_MAX) {
		complaints_add(complaints, path->folder, 0,
		    "is too deep: %d folders", APP_PATH_MAX);
		return 0;
	}
	if (!is_param(segment)) {
		if (!literal_ok(segment)) {
			complaints_add(complaints, path->folder, 0,
			    "a folder is named in lower-case letters, digits, "
			    "- and _, or {name}");
			return 0;
		}
		for (i = 0; path->n == 1 && i < sizeof(taken) / sizeof(*taken);
		     i++)
			if (str_is(segment, taken[i])) {
				complaints_add(complaints, path->folder, 0,
				    "/api/%s is Rowhouse's own", name);
				return 0;
			}
		return 1;
	}
	if (!app_directive_name_ok(str_sub(segment, 1, segment.n - 1))) {
		complaints_add(complaints, path->folder, 0,
		    "%s: a parameter is named in lower-case letters, digits "
		    "and _",
		    name);
		return 0;
	}
	for (i = 0; i < path->n; i++)
		if (str_eq(path->segment[i], segment)) {
			complaints_add(complaints, path->folder, 0,
			    "%s stands in the path twice", name);
			return 0;
		}
	for (place = parent->child; place; place = place->next)
		if (place->takes_any) {
			complaints_add(complaints, path->folder, 0,
			    "stands beside %.*s, which matches the same paths",
			    STR_FMT(place->segment));
			return 0;
		}
	return 1;
}

static void
add_endpoint(struct loader *loader, const struct path *path,
    struct app_place *place, const char *name)
{
	const char *file =
	    arena_printf(loader->arena, "%s/%s", path->folder, name);
	struct str text, method = str_of(name);
	struct app_endpoint *endpoint;
	struct found *found;
	const char *url = "";
	size_t i;
	int which = -1;

	if (str_ends(method, ".sql"))
		which = app_place_method(str_sub(method, 0, method.n - 4));
	if (which < 0) {
		complaints_add(loader->complaints, file, 0,
		    "is not an endpoint: GET.sql, POST.sql, PUT.sql, "
		    "PATCH.sql or DELETE.sql");
		return;
	}
	text = read_text(loader, file, ENDPOINT_MAX);
	if (!text.p)
		return;
	found = ARENA_NEW(loader->arena, struct found);
	endpoint = &found->endpoint;
	endpoint->file = file;
	endpoint->method = app_place_method_name((enum app_method)which);
	endpoint->n_segments = path->n;
	endpoint->segments =
	    memcpy(arena_array(loader->arena, path->n, sizeof(struct str)),
		path->segment, path->n * sizeof(struct str));
	for (i = 0; i < path->n; i++)
		url = arena_printf(
		    loader->arena, "%s/%.*s", url, STR_FMT(path->segment[i]));
	endpoint->path = url;
	endpoint->index = loader->n_endpoints++;
	app_parse(endpoint, text, loader->arena, loader->complaints);
	place->endpoints[which] = endpoint;
	*loader->end = found;
	loader->end = &found->next;
}

/* Everything below path->folder, which is place's. */
static void
walk(struct loader *loader, struct path *path, struct app_place *place)
{
	char *folder = path->folder;
	struct app_place *child, **last = &place->child;
	struct file_names names;
	size_t i;

	if (!list(loader, folder, &names))
		return;
	for (i = 0; i < names.n; i++) {
		if (names.name[i][0] == '.')
			continue;
		path->folder =
		    arena_printf(loader->arena, "%s/%s", folder, names.name[i]);
		switch (is_folder(loader, path->folder)) {
		case 0:
			path->folder = folder;
			add_endpoint(loader, path, place, names.name[i]);
			break;
		case 1:
			if (!check_folder(loader, path, place, names.name[i]))
				break;
			child = ARENA_NEW(loader->arena, struct app_place);
			child->segment =
			    arena_str(loader->arena, str_of(names.name[i]));
			child->takes_any = is_param(child->segment);
			*last = child;
			last = &child->next;
			path->segment[path->n++] = child->segment;
			walk(loader, path, child);
			path->n--;
			break;
		default:
			break;
		}
	}
	path->folder = folder;
}

static void
load_endpoints(struct loader *loader, const char *dir, struct app *app)
{
	struct app_place *root = ARENA_NEW(loader->arena, struct app_place);
	const struct app_endpoint **endpoints;
	const struct found *found;
	struct path path;
	size_t n = 0;

	/* The root stands for the host, its only child for api/. */
	root->child = ARENA_NEW(loader->arena, struct app_place);
	root->child->segment = STR("api");
	path.n = 1;
	path.segment[0] = STR("api");
	path.folder = arena_printf(loader->arena, "%s/api", dir);
	walk(loader, &path, root->child);

	endpoints = arena_array(
	    loader->arena, loader->n_endpoints + 1, sizeof(*endpoints));
	for (found = loader->endpoints; found; found = found->next)
		endpoints[n++] = &found->endpoint;
	app->root = root;
	app->endpoints = endpoints;
	app->n_endpoints = n;
}

/* The number of "0001_init.sql", or 0 for another name. */
static int
migration_number(struct str name)
{
	struct str rest = str_sub(name, 5, name.n - 4);
	int number = 0;
	size_t i;

	if (name.n < 10 || name.p[4] != '_' || !str_ends(name, ".sql"))
		return 0;
	for (i = 0; i < 4; i++) {
		if (name.p[i] < '0' || name.p[i] > '9')
			return 0;
		number = number * 10 + name.p[i] - '0';
	}
	return literal_ok(rest) ? number : 0;
}

static void
load_migrations(struct loader *loader, const char *dir, struct app *app)
{
	const char *folder = arena_printf(loader->arena, "%s/schema", dir);
	struct app_migration *migrations, *migration;
	struct file_names names;
	const char *file;
	size_t i;
	int number, expected = 1;

	if (!list(loader, folder, &names))
		return;
	migrations =
	    arena_array(loader->arena, names.n + 1, sizeof(*migrations));
	for (i = 0; i < names.n; i++) {
		if (names.name[i][0] == '.')
			continue;
		file =
		    arena_printf(loader->arena, "%s/%s", folder, names.name[i]);
		number = migration_number(str_of(names.name[i]));
		if (number == 0) {
			complaints_add(loader->complaints, file, 0,
			    "is not a migration: 0001_name.sql");
			continue;
		}
		if (number != expected)
			complaints_add(loader->complaints, file, 0,
			    number < expected ? "there is a migration %04d "
						"already"
					      : "migration %04d is missing",
			    number < expected ? number : expected);
		expected = number + 1;
		migration = &migrations[app->n_migrations++];
		migration->number = number;
		migration->name =
		    arena_strz(loader->arena, str_of(names.name[i]));
		migration->file = file;
		migration->sql = read_text(loader, file, MIGRATION_MAX);
	}
	app->migrations = migrations;
}

struct app *
app_load(const char *dir, void (*complain)(const char *message, void *arg),
    void *arg, struct err *err)
{
	struct complaints complaints = { complain, arg, err, 0 };
	struct loader loader = { 0 };
	struct app *app;

	loader.arena = arena_new(APP_MEMORY);
	loader.complaints = &complaints;
	loader.end = &loader.endpoints;
	app = ARENA_NEW(loader.arena, struct app);
	app->arena = loader.arena;
	if (is_folder(&loader, dir) == 0)
		complaints_add(&complaints, dir, 0, "is not a folder");
	if (complaints.n == 0) {
		load_migrations(&loader, dir, app);
		load_endpoints(&loader, dir, app);
	}
	if (complaints_end(&complaints, dir) < 0) {
		app_free(app);
		return NULL;
	}
	return app;
}

void
app_free(struct app *app)
{
	if (app)
		arena_free(app->arena);
}
