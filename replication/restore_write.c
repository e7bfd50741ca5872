#include "replication/restore_write.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

#include "tenants/base/file.h"
#include "tenants/base/thread.h"

/*
 * Places go round: `put` is the caller's, those between `done` and `put` are the
 * thread's.  A restore of a few kilobytes needs no thread: that begins with the
 * first place that is half full.
 *
 * The disk is slower where it is given half a megabyte at a time (a
 * database of 1 GB, five times each, in turns: 2.6 s against 1.9).
 */
#define PLACES 4
#define SMALL  (RESTORE_WRITE_MAX / 2) /* wants no thread */
#define EARLY  ((int64_t)8 << 20) /* what is less may well be written again */

struct place {
	unsigned char *p;
	size_t n;
	int64_t at;
};

struct restore_write {
	int fd;
	const char *path;
	struct place place[PLACES];
	int64_t begun, side; /* written side by side, and not begun to be on the disk */
	int runs; /* the thread */
	pthread_t thread;

	pthread_mutex_t mutex;
	pthread_cond_t changed;
	uint64_t put, done;
	int over;
	struct err err; /* the first; nothing is written after it */
};

/* And tells it whoever waits. */
static void
unlock(struct restore_write *write)
{
	(void)pthread_cond_broadcast(&write->changed);
	thread_unlock(&write->mutex);
}

/*
 * The disk need not wait until all of it is there; but it is given as much at once as
 * it can put in one place.
 */
static void
begin_early(struct restore_write *write, const struct place *place)
{
	int64_t end = place->at + (int64_t)place->n;

	if (place->at != write->side)
		write->begun = place->at;
	write->side = end;
	if (end - write->begun < EARLY)
		return;
	(void)sync_file_range(write->fd, write->begun,
	    (off_t)(end - write->begun), SYNC_FILE_RANGE_WRITE);
	write->begun = end;
}

static int
write_place(
    struct restore_write *write, const struct place *place, struct err *err)
{
	if (file_pwrite(write->fd, place->p, place->n, place->at, write->path,
		err) != 0)
		return -1;
	begin_early(write, place);
	return 0;
}

static void *
write_all(void *arg)
{
	struct restore_write *write = arg;
	struct err err = ERR_INIT;

	thread_lock(&write->mutex);
	for (;;) {
		while (write->done == write->put && !write->over)
			(void)pthread_cond_wait(&write->changed, &write->mutex);
		if (write->done == write->put)
			break;
		if (write->err.code == ERR_NONE) {
			unlock(write);
			(void)write_place(
			    write, &write->place[write->done % PLACES], &err);
			thread_lock(&write->mutex);
			write->err = err;
		}
		write->done++;
		(void)pthread_cond_broadcast(&write->changed);
	}
	unlock(write);
	return NULL;
}

struct restore_write *
restore_write_new(int fd, const char *path)
{
	struct restore_write *write = calloc(1, sizeof *write);

	if (!write)
		err_die("out of memory: restore");
	write->fd = fd;
	write->path = path;
	if (pthread_mutex_init(&write->mutex, NULL) != 0 ||
	    pthread_cond_init(&write->changed, NULL) != 0)
		err_die("restore: mutex");
	return write;
}

unsigned char *
restore_write_buffer(struct restore_write *write)
{
	struct place *place = &write->place[write->put % PLACES];

	if (!place->p && !(place->p = malloc(RESTORE_WRITE_MAX)))
		err_die("out of memory: restore");
	return place->p;
}

int
restore_write_put(
    struct restore_write *write, size_t n, int64_t at, struct err *err)
{
	struct place *place = &write->place[write->put % PLACES];

	assert(n <= RESTORE_WRITE_MAX);
	place->n = n;
	place->at = at;
	if (!write->runs && n < SMALL)
		return write_place(write, place, err);
	if (!write->runs) {
		if (thread_start(&write->thread, write_all, write, err) != 0)
			return -1;
		write->runs = 1;
	}
	thread_lock(&write->mutex);
	write->put++;
	while (write->put - write->done == PLACES)
		(void)pthread_cond_wait(&write->changed, &write->mutex);
	*err = write->err;
	unlock(write);
	return err->code == ERR_NONE ? 0 : -1;
}

int
restore_write_wait(struct restore_write *write, struct err *err)
{
	thread_lock(&write->mutex);
	while (write->done < write->put)
		(void)pthread_cond_wait(&write->changed, &write->mutex);
	*err = write->err;
	unlock(write);
	return err->code == ERR_NONE ? 0 : -1;
}

void
restore_write_free(struct restore_write *write)
{
	if (!write)
		return;
	thread_lock(&write->mutex);
	write->over = 1;
	unlock(write);
	if (write->runs && pthread_join(write->thread, NULL) != 0)
		err_die("restore: join");
	for (int i = 0; i < PLACES; i++)
		free(write->place[i].p);
	(void)pthread_cond_destroy(&write->changed);
	(void)pthread_mutex_destroy(&write->mutex);
	free(write);
}
