#ifndef ROWHOUSE_STORE_CHECK_H
#define ROWHOUSE_STORE_CHECK_H

#include "tenants/check.h"

/* For `rowhouse check`: can the replica be reached and listed? */
extern const struct check store_check;

#endif
