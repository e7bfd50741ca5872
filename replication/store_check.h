#ifndef ROWHOUSE_STORE_CHECK_H
#define ROWHOUSE_STORE_CHECK_H

#include "tenants/check.h"

/*
 * For `rowhouse check`: can the replica be reached and listed?  In S3: do the keys
 * allow to get and to put?  The put is one that the store refuses, so that
 * nothing is changed but _probe made (store_s3_probe.c).  Whether they allow to
 * delete cannot be asked without deleting.
 */
extern const struct check store_check;

#endif
