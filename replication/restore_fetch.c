#include "replication/restore_fetch.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tenants/base/file.h"
#include "tenants/base/thread.h"

/*
 * Objects are cut into pieces, and pieces go round a ring: `asked` is the next
 * one to be asked for, `taken` the next to be handed over; between the two are
 * those on their way or waiting for their turn.  The caller's thread works the
 * store.  The taker's hands over; it owns a piece that has come, in its turn,
 * until it counts `taken` up, and tells so through an eventfd.  The numbers,
 * the failure and `come` of each piece are under the mutex.  A piece that could not
 * be had fails in its turn, so that it is always the first bad object that is named.
 *
 * An object of a few kilobytes is a piece, so there are more places than bytes
 * for the largest in each.
 */
#define PLACES    128
#define PIECE_MAX ((int64_t)4 << 20)

struct reader;

struct piece {
	struct store_op op;
	struct reader *reader;
	size_t object;
	int last; /* of its object */
	unsigned char *p;
	size_t n, want;
	int come;
	struct err err; /* what came instead */
};

struct reader {
	const struct restore_fetch *fetch;
	struct piece piece[PLACES];
	size_t on_their_way;
	size_t bytes; /* of memory in all pieces … */
	size_t memory; /* … at most */
	int64_t piece_max;

	/* what is to be asked for next */
	size_t object;
	int64_t at;

	int room_fd; /* an eventfd: a place became free, or all is over */
	pthread_mutex_t mutex;
	pthread_cond_t came;
	uint64_t asked, taken;
	int all_asked;
	int over; /* no more is to be asked for, or handed over */
	struct err err;
	size_t failed;
};

/* The first failure is the one that is told; with the lock held. */
static void
fail(struct reader *r, size_t object, const struct err *err)
{
	if (r->err.code == ERR_NONE) {
		r->err = *err;
		r->failed = object;
	}
	r->over = 1;
}

/* --- the taker's thread ------------------------------------------------------- */

static void
wake(struct reader *r)
{
	const uint64_t one = 1;

	while (write(r->room_fd, &one, sizeof one) < 0)
		if (errno != EINTR)
			err_die("restore: eventfd: %s", strerror(errno));
}

/* The next piece that has come, or NULL when there is none to wait for. */
static struct piece *
wait_for_piece(struct reader *r)
{
	struct piece *piece = NULL;

	thread_lock(&r->mutex);
	for (;;) {
		struct piece *next = &r->piece[r->taken % PLACES];

		if (r->over || (r->all_asked && r->taken == r->asked))
			break;
		if (r->taken < r->asked && next->come) {
			piece = next;
			break;
		}
		pthread_cond_wait(&r->came, &r->mutex);
	}
	thread_unlock(&r->mutex);
	return piece;
}

static void *
hand_over(void *arg)
{
	struct reader *r = arg;
	struct err err = ERR_INIT;
	struct piece *piece;

	while ((piece = wait_for_piece(r)) != NULL) {
		int rc = -1;

		if (piece->err.code != ERR_NONE)
			err = piece->err;
		else
			rc = r->fetch->take(r->fetch->arg, piece->object,
			    piece->p, piece->n, piece->last, &err);
		thread_lock(&r->mutex);
		r->taken++;
		if (rc != 0)
			fail(r, piece->object, &err);
		thread_unlock(&r->mutex);
		wake(r);
	}
	/* The caller's thread may wait for nothing else. */
	wake(r);
	return NULL;
}

/* --- the caller's thread ---------------------------------------------------------- */

static int
add_bytes(struct store_op *op, const void *p, size_t n, struct err *err)
{
	struct piece *piece = op->arg;
	struct reader *r = piece->reader;
	int over;

	thread_lock(&r->mutex);
	over = r->over;
	thread_unlock(&r->mutex);
	if (over)
		return err_set(err, ERR_SYSTEM, "the restore has failed");
	assert(n <= piece->want - piece->n);
	memcpy(piece->p + piece->n, p, n);
	piece->n += n;
	if (r->fetch->progress)
		r->fetch->progress(r->fetch->arg, (int64_t)n);
	return 0;
}

static void
piece_done(struct store_op *op, const struct err *failure)
{
	struct piece *piece = op->arg;
	struct reader *r = piece->reader;
	const struct store_object *object = &r->fetch->objects[piece->object];
	char name[STORE_KEY_TEXT];
	struct err err = *failure;

	r->on_their_way--;
	if (err.code == ERR_NONE && piece->n < piece->want) {
		store_key_text(&object->key, name);
		err_set(&err, ERR_CORRUPT,
		    "%s: ends after %lld bytes, and the list said %lld", name,
		    (long long)(op->offset + (int64_t)piece->n),
		    (long long)object->size);
	}
	if (err.code == ERR_NOT_FOUND)
		err_hint(&err, "it was there a moment ago; try again");
	piece->err = err;
	thread_lock(&r->mutex);
	piece->come = 1;
	pthread_cond_signal(&r->came);
	thread_unlock(&r->mutex);
}

/* Is there a place, and memory for the largest piece? */
static struct piece *
free_place(struct reader *r)
{
	struct piece *piece = NULL;
	uint64_t taken;
	int over;

	thread_lock(&r->mutex);
	taken = r->taken;
	over = r->over;
	thread_unlock(&r->mutex);
	if (!over && r->asked - taken < PLACES)
		piece = &r->piece[r->asked % PLACES];
	return piece;
}

/* Its memory is as large as it has to be; those out of use give theirs back. */
static int
make_space(struct reader *r, struct piece *piece, size_t want)
{
	size_t had = piece->p ? piece->want : 0;

	if (r->bytes - had + want > r->memory)
		return 0;
	free(piece->p);
	piece->p = malloc(want > 0 ? want : 1);
	if (!piece->p)
		err_die("out of memory: restore");
	r->bytes += want - had;
	piece->want = want;
	return 1;
}

static void
free_taken(struct reader *r)
{
	uint64_t taken;

	thread_lock(&r->mutex);
	taken = r->taken;
	thread_unlock(&r->mutex);
	for (size_t i = 0; i < PLACES; i++) {
		struct piece *piece = &r->piece[i];
		/* Is it between taken and asked? */
		uint64_t ahead = (i + PLACES - taken % PLACES) % PLACES;

		if (piece->p == NULL || ahead < r->asked - taken)
			continue;
		free(piece->p);
		piece->p = NULL;
		r->bytes -= piece->want;
	}
}

/* Asks for the next piece: 1, or 0 when it has to wait. */
static int
ask(struct reader *r)
{
	const struct store_object *object = &r->fetch->objects[r->object];
	int64_t rest = object->size - r->at;
	int64_t want = rest < r->piece_max ? rest : r->piece_max;
	struct piece *piece = free_place(r);

	if (!piece || !make_space(r, piece, (size_t)want))
		return 0;
	piece->reader = r;
	piece->object = r->object;
	piece->last = want == rest;
	piece->n = 0;
	err_clear(&piece->err);
	piece->op = (struct store_op){ .verb = STORE_GET,
		.key = object->key,
		.offset = r->at,
		.length = want,
		.data = add_bytes,
		.done = piece_done,
		.arg = piece };
	r->at += want;
	if (piece->last) {
		r->object++;
		r->at = 0;
	}
	thread_lock(&r->mutex);
	/* Nothing can be asked of an object without bytes. */
	piece->come = want == 0;
	r->asked++;
	r->all_asked = r->object == r->fetch->n;
	if (piece->come || r->all_asked)
		pthread_cond_signal(&r->came);
	thread_unlock(&r->mutex);
	if (want > 0) {
		r->on_their_way++;
		store_submit(r->fetch->store, &piece->op);
	}
	return 1;
}

static int
is_over(struct reader *r)
{
	int over;

	thread_lock(&r->mutex);
	over = r->over || (r->all_asked && r->taken == r->asked);
	thread_unlock(&r->mutex);
	return over;
}

static void
work_store(struct reader *r)
{
	uint64_t n;

	while (!is_over(r) || r->on_their_way > 0) {
		struct pollfd fd = { .fd = r->room_fd, .events = POLLIN };

		free_taken(r);
		while (
		    r->object < r->fetch->n &&
		    (store_room(r->fetch->store) > 0 || r->on_their_way == 0) &&
		    ask(r))
			;
		if (store_poll(r->fetch->store, &fd, 1, -1) > 0)
			(void)!read(r->room_fd, &n, sizeof n);
	}
}

int
restore_fetch(
    const struct restore_fetch *fetch, size_t *failed, struct err *err)
{
	struct reader *r = calloc(1, sizeof *r);
	pthread_t taker;
	int rc = -1;

	if (!r)
		err_die("out of memory: restore");
	r->fetch = fetch;
	r->memory = fetch->memory ? fetch->memory : RESTORE_FETCH_BYTES;
	/* One comes while another is taken. */
	r->piece_max = PIECE_MAX;
	if ((size_t)PIECE_MAX > r->memory / 2)
		r->piece_max = (int64_t)(r->memory / 2);
	assert(r->piece_max > 0);
	r->all_asked = fetch->n == 0;
	*failed = r->failed = fetch->n;
	if (pthread_mutex_init(&r->mutex, NULL) != 0 ||
	    pthread_cond_init(&r->came, NULL) != 0)
		err_die("restore: mutex");
	r->room_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->room_fd < 0) {
		err_sys(err, "eventfd");
		goto out;
	}
	if (thread_start(&taker, hand_over, r, err) != 0)
		goto out;
	work_store(r);
	if (pthread_join(taker, NULL) != 0)
		err_die("restore: join");
	rc = r->err.code == ERR_NONE ? 0 : -1;
	if (rc != 0) {
		*err = r->err;
		*failed = r->failed;
	}
out:
	file_drop(&r->room_fd);
	for (size_t i = 0; i < PLACES; i++)
		free(r->piece[i].p);
	pthread_cond_destroy(&r->came);
	pthread_mutex_destroy(&r->mutex);
	free(r);
	return rc;
}
