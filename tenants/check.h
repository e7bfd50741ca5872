#ifndef ROWHOUSE_CHECK_H
#define ROWHOUSE_CHECK_H

#include <stddef.h>

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * What `rowhouse check` looks at, one thing each: everything that is wrong with
 * it is said, not only the first.
 */
struct check_report {
	size_t problems;
};

/* Says one problem on stdout; report is a struct check_report. */
void check_problem(const char *message, void *report);
/* The same for an error, with its hint. */
void check_error(const struct err *err, struct check_report *report);

struct check {
	const char *what;	/* "application" */
	void (*run)(const struct config *config, struct check_report *report);
};

/* Runs it and says how it went; the number of problems. */
size_t check_run(const struct check *check, const struct config *config);

#endif
