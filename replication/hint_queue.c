#include "replication/hint_queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tenants/base/file.h"
#include "tenants/base/thread.h"

/* Beyond this the oldest give way: they cost precision, never data. */
#define HINTS 16384
/* How far back a hint of the same tenant is looked for. */
#define LOOK_BACK 32

struct hint_queue {
	int fd;
	int64_t interval_ms;
	int ready_fd; /* eventfd: there are hints */
	int stop_fd; /* eventfd: the thread shall end */
	pthread_t thread;
	pthread_mutex_t lock;
	size_t first, n;
	struct hint ring[HINTS];
};

static int
replaces(const struct hint_queue *queue, const struct hint *new_one,
    const struct hint *old)
{
	const struct db_commit *a = &new_one->commit, *b = &old->commit;

	return a->salt[0] == b->salt[0] && a->salt[1] == b->salt[1] &&
	       a->frame >= b->frame && new_one->epoch == old->epoch &&
	       a->time_ms / queue->interval_ms ==
		   b->time_ms / queue->interval_ms &&
	       strcmp(new_one->slug, old->slug) == 0;
}

/* With the lock. */
static void
put(struct hint_queue *queue, const struct hint *hint)
{
	struct hint *last;
	size_t i;

	for (i = 1; i <= queue->n && i <= LOOK_BACK; i++) {
		last = &queue->ring[(queue->first + queue->n - i) % HINTS];
		if (replaces(queue, hint, last)) {
			*last = *hint;
			return;
		}
	}
	if (queue->n == HINTS) {
		queue->first = (queue->first + 1) % HINTS;
		queue->n--;
	}
	queue->ring[(queue->first + queue->n++) % HINTS] = *hint;
}

/* All that the socket has; with the lock, so that none is on its way between. */
static void
drain(struct hint_queue *queue)
{
	struct hint hint;

	while (hint_receive(queue->fd, &hint) > 0)
		put(queue, &hint);
}

static void
signal_fd(int fd)
{
	const uint64_t one = 1;

	/* It fails only where it is signalled already. */
	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void *
receive(void *arg)
{
	struct hint_queue *queue = arg;
	struct pollfd fds[2] = {
		{ .fd = queue->fd, .events = POLLIN },
		{ .fd = queue->stop_fd, .events = POLLIN },
	};

	for (;;) {
		int wake;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			err_die("hints: poll: %s", strerror(errno));
		if (fds[1].revents != 0)
			return NULL;
		pthread_mutex_lock(&queue->lock);
		wake = queue->n == 0;
		drain(queue);
		wake = wake && queue->n > 0;
		pthread_mutex_unlock(&queue->lock);
		if (wake)
			signal_fd(queue->ready_fd);
	}
}

struct hint_queue *
hint_queue_start(int fd, int64_t interval_ms, struct err *err)
{
	struct hint_queue *queue = calloc(1, sizeof(*queue));

	if (queue == NULL)
		err_die("out of memory");
	queue->fd = fd;
	queue->interval_ms = interval_ms;
	pthread_mutex_init(&queue->lock, NULL);
	queue->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	queue->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->ready_fd < 0 || queue->stop_fd < 0) {
		err_sys(err, "eventfd");
		goto fail;
	}
	if (thread_start(&queue->thread, receive, queue, err) == 0)
		return queue;
fail:
	file_drop(&queue->stop_fd);
	file_drop(&queue->ready_fd);
	file_drop(&queue->fd);
	free(queue);
	return NULL;
}

void
hint_queue_stop(struct hint_queue *queue)
{
	if (queue == NULL)
		return;
	signal_fd(queue->stop_fd);
	pthread_join(queue->thread, NULL);
	pthread_mutex_destroy(&queue->lock);
	file_drop(&queue->stop_fd);
	file_drop(&queue->ready_fd);
	file_drop(&queue->fd);
	free(queue);
}

int
hint_queue_fd(const struct hint_queue *queue)
{
	return queue->ready_fd;
}

int
hint_queue_take(struct hint_queue *queue, struct hint *out)
{
	uint64_t ignored;
	int got = 0;

	pthread_mutex_lock(&queue->lock);
	/* On a busy machine the thread may be late. */
	if (queue->n == 0)
		drain(queue);
	if (queue->n > 0) {
		*out = queue->ring[queue->first];
		queue->first = (queue->first + 1) % HINTS;
		queue->n--;
		got = 1;
	} else {
		while (read(queue->ready_fd, &ignored, sizeof(ignored)) < 0 &&
		       errno == EINTR)
			;
	}
	pthread_mutex_unlock(&queue->lock);
	return got;
}
