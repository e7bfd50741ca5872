#ifndef ROWHOUSE_RELEASE_H
#define ROWHOUSE_RELEASE_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"

/*
 * A release is a directory with a program, `rowhouse`, and the application that
 * belongs to it, `app`; its name is the directory's.  scripts/deploy puts it
 * there and lets a symbolic link, by which configuration and supervisor know
 * it, point to the next.
 */
#define RELEASE_NAME 64

/*
 * Which release this process is of: "" where program and application do not
 * stand in the same directory.  config->app is resolved on the way, so that
 * what is loaded from it is of one release, whatever becomes of the link.
 */
int release_find(
    struct config *config, char name[RELEASE_NAME], struct err *err);

/*
 * What became of the n-th renewal, for whoever asked for it by a signal, which
 * has no answer: <run>/renewal is one line, "N renewed" or "N failed: WHY".
 */
void release_note(const struct config *config, int n, const char *failure);

#endif
