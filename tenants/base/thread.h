#ifndef ROWHOUSE_BASE_THREAD_H
#define ROWHOUSE_BASE_THREAD_H

#include <pthread.h>

#include "tenants/base/err.h"

/* Begins run(arg) in another thread, to be joined; signals stay the caller's. */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg,
    struct err *err);

#endif
