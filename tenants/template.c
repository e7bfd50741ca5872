#include "tenants/template.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tenants/base/arena.h"
#include "tenants/base/file.h"
#include "tenants/db.h"
#include "tenants/layout.h"
#include "tenants/migrate.h"

#define LIST_MAX ((size_t)1 << 20) /* bytes of names in the directory */
#define OF       "_template" /* no slug */

struct names {
	struct layout_path dir;
	char file[LAYOUT_MAX + 80]; /* the template */
	char none[LAYOUT_MAX + 80]; /* says that there cannot be one */
	char fresh[LAYOUT_MAX + 80]; /* one in the making */
	char wal[LAYOUT_MAX + 88];
};

static void
name_all(const struct config *config, const struct app *app, struct names *out)
{
	char key[MIGRATE_KEY];

	migrate_key(app, key);
	out->dir = layout_templates(config);
	(void)snprintf(
	    out->file, sizeof(out->file), "%s/%s.sqlite", out->dir.p, key);
	(void)snprintf(
	    out->none, sizeof(out->none), "%s/%s.none", out->dir.p, key);
	(void)snprintf(
	    out->fresh, sizeof(out->fresh), "%s/new.sqlite", out->dir.p);
	(void)snprintf(out->wal, sizeof(out->wal), "%s-wal", out->fresh);
}

/* An authorizer's callback: are rows of the application's written? */
static int
note_rows(void *arg, int action, const char *table, const char *a,
    const char *b, const char *c)
{
	int *rows = arg;

	(void)a;
	(void)b;
	(void)c;
	if ((action == SQLITE_INSERT || action == SQLITE_UPDATE) &&
	    table[0] != '_' && strncmp(table, "sqlite_", 7) != 0)
		*rows = 1;
	return SQLITE_OK;
}

static int
says(struct str sql, const char *word)
{
	size_t i, n = strlen(word);

	for (i = 0; i + n <= sql.n; i++)
		if (strncasecmp(sql.p + i, word, n) == 0)
			return 1;
	return 0;
}

/* A default or a trigger that asks does no harm as long as no row is written. */
static int
tells_tenants_apart(const struct app *app, int rows)
{
	static const char *const words[] = { "random", "current_", "'now'",
		"()", "strftime" };
	size_t i, w;

	for (i = 0; rows && i < app->n_migrations; i++)
		for (w = 0; w < sizeof(words) / sizeof(words[0]); w++)
			if (says(app->migrations[i].sql, words[w]))
				return 1;
	return 0;
}

/* The names in the directory but for one. */
static int
clear(const struct names *names, const char *but, struct err *err)
{
	struct arena *arena = arena_new(LIST_MAX);
	char path[LAYOUT_MAX + 300];
	struct file_names found;
	int rc = file_list(names->dir.p, arena, &found, err);
	size_t i;

	for (i = 0; rc == 0 && i < found.n; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", names->dir.p, found.name[i]);
		if (strcmp(path, but) != 0)
			rc = file_remove(path, err);
	}
	arena_free(arena);
	return rc;
}

static int
fill(struct db *db, const struct app *app, int *rows, struct err *err)
{
	int rc;

	(void)sqlite3_set_authorizer(db_handle(db), note_rows, rows);
	rc = migrate_up(db, app, OF, OF, err);
	(void)sqlite3_set_authorizer(db_handle(db), NULL, NULL);
	return rc;
}

/* 1 there is a template now, 0 there can be none, -1. */
static int
make(const struct names *names, const struct app *app, struct err *err)
{
	struct db_opts opts = {
		.path = names->fresh, .role = DB_TOOL, .create = 1
	};
	struct db *db;
	int rows = 0, there;

	if (file_mkdirs(names->dir.p, 0770, err) != 0 ||
	    clear(names, "", err) != 0)
		return -1;
	db = db_open(&opts, err);
	if (db == NULL)
		return -1;
	if (fill(db, app, &rows, err) != 0) {
		db_close(db);
		return -1;
	}
	db_close_last(db);
	there = file_exists(names->wal, err);
	if (there > 0)
		err_set(err, ERR_SYSTEM, "%s: its WAL could not be copied",
		    names->fresh);
	if (there != 0)
		return -1;
	if (!tells_tenants_apart(app, rows))
		return file_rename(names->fresh, names->file, err) == 0 ? 1
									: -1;
	if (file_create(names->none, STR(""), 0640, err) != 0)
		return -1;
	return clear(names, names->none, err);
}

int
template_copy(const struct config *config, const struct app *app,
    const char *path, struct err *err)
{
	struct names names;
	int there;

	name_all(config, app, &names);
	there = file_exists(names.none, err);
	if (there != 0)
		return there > 0 ? 0 : -1;
	there = file_exists(names.file, err);
	if (there == 0)
		there = make(&names, app, err);
	if (there <= 0)
		return there;
	return file_copy(names.file, path, 0660, err) == 0 ? 1 : -1;
}
