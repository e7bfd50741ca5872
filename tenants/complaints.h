#ifndef ROWHOUSE_COMPLAINTS_H
#define ROWHOUSE_COMPLAINTS_H

#include <stddef.h>

#include "tenants/base/err.h"

/*
 * Mistakes in files that somebody writes by hand: all of them are wanted, not
 * only the first, each as "file:line: what".
 */
struct complaints {
	void (*each)(const char *message, void *arg);	/* or NULL */
	void *arg;
	struct err *err;
	size_t n;
};

/* line 0 stands for the file, or folder, as a whole. */
void complaints_add(struct complaints *complaints, const char *file, int line,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * 0 where there were none; else -1 with *err: the first of them where nobody
 * was told of each, or else how many there are of what.
 */
int complaints_end(const struct complaints *complaints, const char *what);

#endif
