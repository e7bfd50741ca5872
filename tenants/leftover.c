#include "tenants/leftover.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tenants/base/file.h"
#include "tenants/base/hold.h"
#include "tenants/base/log.h"
#include "tenants/layout.h"
#include "tenants/slug.h"

#define NAMES_MAX ((size_t)16 << 20) /* bytes of names in a directory */

/* 1 where there is a half-made file of the epoch that the name says; 0, -1. */
static int
is_left(const struct config *config, const char *slug, const char *name,
    uint32_t *epoch, struct err *err)
{
	char path[LAYOUT_MAX + 32];
	uint64_t number;

	if (strlen(name) != 8 || str_hex64(str_of(name), &number) != 0)
		return 0;
	*epoch = (uint32_t)number;
	(void)snprintf(path, sizeof(path), "%s" LEFTOVER_SUFFIX,
	    layout_db(config, slug, *epoch).p);
	return file_exists(path, err);
}

/* Itself the last, by which it is found. */
int
leftover_clear_epoch(const struct config *config, const char *slug,
    uint32_t epoch, struct err *err)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	struct layout_path db = layout_db(config, slug, epoch);
	char path[LAYOUT_MAX + 32];
	size_t i;

	for (i = sizeof(ends) / sizeof(ends[0]); i-- > 0;) {
		(void)snprintf(path, sizeof(path), "%s" LEFTOVER_SUFFIX "%s",
		    db.p, ends[i]);
		if (file_remove(path, err) != 0)
			return -1;
	}
	/* Only where nothing else is in it. */
	(void)rmdir(layout_incarnation(config, slug, epoch).p);
	return 0;
}

static int
clear_those(const struct config *config, const char *slug,
    const struct file_names *names, struct err *err)
{
	struct layout_path dir = layout_tenant(config, slug);
	int left = 0, lock = -1;
	uint32_t epoch;
	size_t i;

	for (i = 0; left >= 0 && i < names->n; i++) {
		left = is_left(config, slug, names->name[i], &epoch, err);
		if (left <= 0)
			continue;
		/* Nobody is disturbed where there is nothing. */
		if (lock < 0) {
			lock =
			    file_open(dir.p, O_RDONLY | O_DIRECTORY, 0, err);
			if (lock < 0 || hold_take(lock, dir.p, err) != 0)
				break;
			left = is_left(
			    config, slug, names->name[i], &epoch, err);
		}
		if (left > 0 &&
		    leftover_clear_epoch(config, slug, epoch, err) != 0)
			break;
	}
	file_drop(&lock);
	if (err->code == ERR_BUSY)
		err_clear(err);
	return err->code == ERR_NONE ? 0 : -1;
}

int
leftover_clear(const struct config *config, const char *slug, struct err *err)
{
	struct layout_path dir = layout_tenant(config, slug);
	struct arena *arena = arena_new(NAMES_MAX);
	struct file_names names;
	int rc = file_exists(dir.p, err);

	if (rc > 0)
		rc = file_list(dir.p, arena, &names, err) == 0
			 ? clear_those(config, slug, &names, err)
			 : -1;
	arena_free(arena);
	return rc;
}

static int
clear_dry_run(const struct config *config, const char *slug, struct err *err)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	struct layout_path dir = layout_dry_run(config);
	char path[LAYOUT_MAX + SLUG_MAX + 32];
	size_t i;

	/* Not there, or another user's, whose next dry run clears it. */
	if (access(dir.p, W_OK | X_OK) != 0)
		return 0;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s.sqlite%s", dir.p,
		    slug, ends[i]);
		if (file_remove(path, err) != 0)
			return -1;
	}
	return 0;
}

static int
is_begun(struct str name, int with_new)
{
	return str_starts(name, LEFTOVER_COPY) ||
	       (with_new && str_starts(name, LEFTOVER_NEW));
}

int
leftover_clear_begun(const struct config *config, int with_new, struct err *err)
{
	struct layout_path tenants = layout_tenants(config);
	struct arena *arena = arena_new(NAMES_MAX);
	char path[LAYOUT_MAX + 300];
	struct file_names names = { 0 };
	size_t i;
	int rc = file_list(tenants.p, arena, &names, err);

	for (i = 0; i < names.n && rc == 0; i++) {
		if (!is_begun(str_of(names.name[i]), with_new))
			continue;
		(void)snprintf(
		    path, sizeof(path), "%s/%s", tenants.p, names.name[i]);
		rc = hold_taken(path, err);
		/* Somebody is at it. */
		rc = rc == 0 ? file_remove_tree(path, err) : rc < 0 ? -1 : 0;
	}
	arena_free(arena);
	return rc;
}

int
leftover_clear_copies(
    const struct config *config, const char *slug, struct err *err)
{
	return clear_dry_run(config, slug, err) != 0
		   ? -1
		   : leftover_clear_begun(config, 0, err);
}

void
leftover_clear_all(const struct config *config)
{
	struct arena *arena = arena_new(NAMES_MAX);
	struct layout_path dir = layout_tenants(config);
	struct file_names names = { 0 };
	struct err err = ERR_INIT;
	size_t i;

	if (file_exists(dir.p, &err) > 0)
		(void)file_list(dir.p, arena, &names, &err);
	for (i = 0; i < names.n; i++) {
		struct err none = ERR_INIT;

		if (slug_check(str_of(names.name[i]), &none) == 0 &&
		    leftover_clear(config, names.name[i], &err) != 0) {
			log_err("jobs", str_of(names.name[i]), &err);
			err_clear(&err);
		}
	}
	if (err.code != ERR_NONE)
		log_err("jobs", STR_NONE, &err);
	arena_free(arena);
}
