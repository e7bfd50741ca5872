#include "fcgi/release.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tenants/base/buf.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/base/str.h"
#include "tenants/layout.h"

#define LINE_MAX_BYTES 256

/* Takes the last segment off: it, or NULL where there is none. */
static const char *
cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return NULL;
	*slash = '\0';
	return slash + 1;
}

int
release_find(struct config *config, char name[RELEASE_NAME], struct err *err)
{
	char program[PATH_MAX], app[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
	const char *base;

	name[0] = '\0';
	if (!realpath(config->app, app))
		return err_sys(err, "application folder %s", config->app);
	if (str_copy(str_of(app), config->app, sizeof config->app) != 0)
		return err_set(err, ERR_INPUT,
		    "application folder %s: longer than %zu bytes", app,
		    sizeof config->app - 1);
	if (n <= 0)
		return 0;
	program[n] = '\0';
	if (!cut(program) || !cut(app) || strcmp(program, app) != 0)
		return 0;
	base = cut(app);
	if (!base || str_copy(str_of(base), name, RELEASE_NAME) != 0)
		name[0] = '\0';
	return 0;
}

void
release_note(const struct config *config, int n, const char *failure)
{
	struct layout_path path = layout_renewal(config);
	struct err err = ERR_INIT;
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	if (failure)
		buf_printf(&line, "%d failed: %s\n", n, failure);
	else
		buf_printf(&line, "%d renewed\n", n);
	if (file_replace(path.p, buf_view(&line), 0644, &err) != 0)
		log_err("renewal", STR_NONE, &err);
	buf_free(&line);
}
