/* The files that jobs make and take. */
#include "tenants/job.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define AT_ONCE 1000 /* names */

int
job_file_ok(struct str name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t i;

	if (name.n == 0 || name.n > JOB_FILE || name.p[0] == '.')
		return 0;
	for (i = 0; i < name.n; i++)
		if (!memchr(allowed, name.p[i], sizeof(allowed) - 1))
			return 0;
	return 1;
}

static struct layout_path
join(struct layout_path dir, const char *name)
{
	size_t n = strlen(dir.p);

	(void)snprintf(dir.p + n, sizeof(dir.p) - n, "/%s", name);
	return dir;
}

/* No slug has a dot, so what is before it is one slug's. */
struct layout_path
job_export_path(const struct config *config, const struct job *job)
{
	char name[SLUG_MAX + JOB_ID + 16];

	(void)snprintf(
	    name, sizeof(name), "%s.%s.sqlite", job->tenant, job->id);
	return join(layout_exports(config), name);
}

struct layout_path
job_import_path(const struct config *config, const struct job *job)
{
	return join(layout_imports(config), job->file);
}

/* "acme.…", and ".acme.exporting…" (export.h), which one that was killed has left. */
static int
begins_with(struct str name, const void *prefix)
{
	if (name.n > 0 && name.p[0] == '.')
		name = str_sub(name, 1, name.n);
	return str_starts(name, prefix);
}

int
job_remove_exports(
    const struct config *config, const char *slug, struct err *err)
{
	char prefix[SLUG_MAX + 2];
	const struct file_want want = { begins_with, prefix, AT_ONCE };
	struct layout_path dir = layout_exports(config);
	struct arena *arena = arena_new((size_t)AT_ONCE * (NAME_MAX + 64));
	struct file_names names;
	int rc = file_exists(dir.p, err);
	size_t i;

	(void)snprintf(prefix, sizeof(prefix), "%s.", slug);
	while (rc > 0) {
		arena_reset(arena);
		rc = file_list_first(dir.p, &want, arena, &names, err);
		for (i = 0; rc == 0 && i < names.n; i++)
			rc = file_remove(join(dir, names.name[i]).p, err);
		if (rc == 0)
			rc = names.more > 0;
	}
	arena_free(arena);
	return rc;
}
