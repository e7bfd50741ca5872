#ifndef ROWHOUSE_BASE_SANDBOX_CALLS_H
#define ROWHOUSE_BASE_SANDBOX_CALLS_H

#include "tenants/base/sandbox.h"

/* Whether this kernel filters calls. */
int sandbox_calls_there(void);

/* From here on for every thread of the process. */
int sandbox_calls_enter(const struct sandbox *sandbox, struct err *err);

#endif
