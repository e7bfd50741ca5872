#include "tenants/check.h"

#include <stdio.h>

void
check_problem(const char *message, void *arg)
{
	struct check_report *report = arg;

	(void)printf("%s\n", message);
	report->problems++;
}

void
check_error(const struct err *err, struct check_report *report)
{
	check_problem(err->msg, report);
	if (err->hint[0])
		(void)printf("  %s\n", err->hint);
}

size_t
check_run(const struct check *check, const struct config *config)
{
	struct check_report report = { 0 };

	check->run(config, &report);
	if (report.problems == 0)
		(void)printf("%s: ok\n", check->what);
	else
		(void)printf("%s: %zu problem%s\n", check->what,
		    report.problems, report.problems == 1 ? "" : "s");
	return report.problems;
}
