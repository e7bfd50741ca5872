#include "tenants/fit.h"

#include <stdio.h>

#include "tenants/base/file.h"
#include "tenants/layout.h"

#define NAMED 20 /* the rest is counted */

struct all {
	const struct config *config;
	struct check_report *report;
	struct fit *fit;
	size_t n, ahead, behind, missing;
};

static int
look_at(const struct registry_tenant *row, void *arg)
{
	struct all *all = arg;
	struct layout_path path =
	    layout_db(all->config, row->slug, row->epoch);
	const struct db_opts opts = { .path = path.p,
		.role = DB_SERVE,
		.busy_ms = all->config->busy_timeout_ms };
	int ahead = 0, behind = 0;
	struct err err = ERR_INIT;
	struct db *db;

	if (row->state == REGISTRY_DELETED)
		return 0;
	all->n++;
	db = db_open(&opts, &err);
	if (db == NULL && err.code == ERR_NOT_FOUND) {
		all->missing++;
		return 0;
	}
	if (db == NULL || fit_look(all->fit, db, row, &ahead, &behind, &err)) {
		err_wrap(&err, "tenant %s would be 503", row->slug);
		if (all->report->problems < NAMED)
			check_error(&err, all->report);
		else
			all->report->problems++;
	} else {
		all->ahead += ahead != 0;
		all->behind += behind != 0;
	}
	db_close(db);
	return 0;
}

static void
say(const struct all *all)
{
	if (all->report->problems > NAMED)
		(void)printf("and %zu more\n", all->report->problems - NAMED);
	(void)printf("%zu tenants", all->n);
	if (all->behind > 0)
		(void)printf("; %zu are behind, and are migrated when they are "
			     "first touched",
		    all->behind);
	if (all->ahead > 0)
		(void)printf("; %zu are ahead of this application, and are "
			     "served as they are",
		    all->ahead);
	if (all->missing > 0)
		(void)printf("; the files of %zu are not there", all->missing);
	(void)printf("\n");
}

void
fit_check_all(const struct config *config, struct check_report *report)
{
	struct all all = { .config = config, .report = report };
	struct layout_path path = layout_registry(config);
	struct registry *registry = NULL;
	struct err err = ERR_INIT;
	int there = file_exists(path.p, &err);
	struct app *app = app_load(config->app, NULL, NULL, &err);

	if (there > 0 && app != NULL)
		registry = registry_open(config, DB_TOOL, 0, &err);
	if (registry != NULL) {
		all.fit = fit_new(config, app);
		(void)registry_each(registry, look_at, &all, &err);
		say(&all);
	}
	if (err.code != ERR_NONE)
		check_error(&err, report);
	fit_free(all.fit);
	registry_close(registry);
	app_free(app);
}
