#ifndef ROWHOUSE_BASE_THREAD_H
#define ROWHOUSE_BASE_THREAD_H

#include <pthread.h>

#include "tenants/base/err.h"

/* Begins run(arg) in another thread, to be joined; signals stay the caller's. */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg,
    struct err *err);

/* A mutex that cannot be taken or given back is a mistake in the program: err_die(). */
void thread_lock(pthread_mutex_t *mutex);
void thread_unlock(pthread_mutex_t *mutex);

/*
 * Runs run(arg) to its end with a nice value so much higher, and for the first
 * THREAD_IDLE_MS, where RLIMIT_NICE allows the way back, under SCHED_IDLE: what
 * takes long gives way to what is short.  A nice value alone does not do that:
 * Linux has let whoever runs finish his slice since 6.6, or even his tick.  In a
 * thread, since only a thread can have another than its process, and be rid of it
 * again; here, where none can be had.  THREAD_NICER is for what a request waits
 * for behind the short ones: a tenth of a processor that they want as well.
 */
#define THREAD_IDLE_MS 200	/* a busy machine may never be idle */
#define THREAD_NICER 10

void thread_run_nicer(int nicer, void *(*run)(void *arg), void *arg);

#endif
