#ifndef ROWHOUSE_PROMPT_H
#define ROWHOUSE_PROMPT_H

#include <stddef.h>

#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * A line from standard input, without its end.  On a terminal the question is
 * asked first, on standard error; where secret is set, what is typed is not
 * shown, and the terminal is as it was afterwards, Ctrl-C included.  ERR_INPUT
 * where there is no line or it does not fit.
 */
int prompt_line(const char *question, int secret, char *out, size_t out_size,
    struct err *err);

/*
 * Somebody types the slug of what he is about to do away with.  ERR_INPUT where
 * it is another, or where there is nobody to ask: the hint names --yes.
 */
int prompt_slug(const char *question, struct str slug, struct err *err);

/* Is there somebody to ask? */
int prompt_possible(void);

#endif
