/* rowhouse restore --all */
#include "replication/cmd_restore_all.h"

#include "replication/restore_all_report.h"
#include "tenants/base/crypto.h"

static int
dry_run(struct restore_all *all, const struct restore_all_report *report,
    struct err *err)
{
	const struct restore_survey *survey = &all->survey;

	if (restore_all_look(all, err) != 0)
		return -1;
	restore_all_report_plan(report, all);
	if (restore_survey_check_room(survey, err) != 0)
		return -1;
	if (survey->unplanned == 0)
		return 0;
	return err_set(err, ERR_NOT_FOUND,
	    "%zu of %zu tenants cannot be restored", survey->unplanned,
	    survey->n);
}

static int
restore(
    struct restore_all *all, struct restore_all_report *report, struct err *err)
{
	int rc = restore_all(all, err);

	restore_all_report_clear(report);
	if (rc != 0)
		return -1;
	restore_all_report_done(report, all);
	if (all->failed == 0)
		return 0;
	err_set(err, ERR_NOT_FOUND, "%zu of %zu tenants are not restored",
	    all->failed, all->survey.n);
	return err_hint(err, "run it again: it goes on with those");
}

int
cmd_restore_all(const struct cmd_restore_all *cmd, struct err *err)
{
	struct restore_all_report report;
	struct restore_all all = { .config = cmd->config,
		.url = cmd->url,
		.point = cmd->opts->point,
		.time_ms = cmd->opts->time_ms,
		.jobs = cmd->jobs,
		.told = restore_all_report_told,
		.progress = restore_all_report_progress,
		.arg = &report };
	int rc;

	if (crypto_init(err) != 0)
		return -1;
	restore_all_report_init(&report, cmd->json);
	rc = cmd->dry_run ? dry_run(&all, &report, err)
			  : restore(&all, &report, err);
	restore_all_clear(&all);
	return rc;
}
