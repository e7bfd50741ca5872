#include "replication/restore_crew.h"

#include <pthread.h>
#include <stdlib.h>

#include "replication/restore.h"
#include "tenants/base/thread.h"

struct shift {
	const struct restore_crew *crew;
	pthread_mutex_t mutex;
	size_t next;
};

/* One of the threads. */
static void *
work(void *arg)
{
	struct shift *shift = arg;
	const struct restore_crew *crew = shift->crew;
	struct arena *arena = arena_new(RESTORE_PLAN_MAX);
	struct store *store = NULL;

	for (;;) {
		struct err err = ERR_INIT;
		int rc = -1;
		size_t i;

		thread_lock(&shift->mutex);
		i = shift->next < crew->n ? shift->next++ : crew->n;
		thread_unlock(&shift->mutex);
		if (i == crew->n)
			break;
		if (!store)
			store = store_open(crew->url, &err);
		if (store)
			rc = crew->work(crew->arg, i, store, arena, &err);
		arena_reset(arena);
		thread_lock(&shift->mutex);
		crew->done(crew->arg, i, rc, &err);
		thread_unlock(&shift->mutex);
	}
	store_close(store);
	arena_free(arena);
	return NULL;
}

void
restore_crew_run(const struct restore_crew *crew)
{
	struct shift shift = { .crew = crew };
	int n = crew->size - 1;
	pthread_t *thread = calloc((size_t)n + 1, sizeof *thread);
	int started = 0;

	if (!thread)
		err_die("out of memory: restore");
	if (pthread_mutex_init(&shift.mutex, NULL) != 0)
		err_die("restore: mutex");
	/* Fewer threads do as well. */
	while (started < n && (size_t)started + 1 < crew->n &&
	       pthread_create(&thread[started], NULL, work, &shift) == 0)
		started++;
	(void)work(&shift);
	while (started-- > 0)
		if (pthread_join(thread[started], NULL) != 0)
			err_die("restore: join");
	pthread_mutex_destroy(&shift.mutex);
	free(thread);
}
