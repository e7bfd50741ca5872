#include "tests/tools/support/many.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STATUS_MAX  600
#define SAMPLES_MAX 4000000

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

static int
status_of(const struct wire_bytes *answer)
{
	char head[13] = "";
	int status;

	if (answer->n >= sizeof head)
		memcpy(head, answer->p, sizeof head - 1);
	if (sscanf(head, "Status: %3d", &status) != 1 || status < 0 ||
	    status >= STATUS_MAX)
		return 0;
	return status;
}

struct client {
	int fd;
	size_t sent;
	int64_t begun_us;
	struct wire_bytes out, in;
};

struct bench {
	const struct wire_options *o;
	struct wire_bytes request;
	int epoll;
	struct client *clients;
	int64_t begun_us;
	double due_us; /* the next request */
	long begun, done, lost, refused, busy;
	long status[STATUS_MAX];
	uint32_t *samples;
	size_t n_samples;
};

static int
more(const struct bench *b, int64_t now)
{
	const struct wire_options *o = b->o;

	if (o->seconds > 0)
		return (double)(now - b->begun_us) / 1e6 < o->seconds;
	return b->begun < o->n;
}

static int
may_begin(const struct bench *b, int64_t now)
{
	return more(b, now) && b->due_us <= (double)now;
}

/* A Poisson process: many who know nothing of each other. */
static void
next_is_due(struct bench *b)
{
	if (b->o->rate > 0)
		b->due_us -= log(1 - drand48()) * 1e6 / b->o->rate;
}

/*
 * For answers, and until the next request is due: not in whole milliseconds, or
 * what came due meanwhile would be sent at once, and wait for itself.
 */
static int
wait_for_events(const struct bench *b, struct epoll_event *events, int n)
{
	int64_t now = now_us();
	double us = b->busy > 0 ? 10000 : 1000;
	struct timespec timeout = { 0, 0 };

	if (b->o->rate > 0 && more(b, now) && b->busy < b->o->connections)
		us = fmin(us, fmax(b->due_us - (double)now, 0));
	timeout.tv_nsec = (long)(us * 1000);
	return epoll_pwait2(b->epoll, events, n, &timeout, NULL);
}

/* A run of '#' becomes the number, in as many digits, the first never 0. */
static void
put_number(struct wire_bytes *out, long number)
{
	char *p = out->p, *end = out->p + out->n, *digit;
	long least, n;

	while ((p = memchr(p, '#', (size_t)(end - p))) != NULL) {
		digit = p;
		for (least = 1; p < end && *p == '#'; p++)
			least *= 10;
		least /= 10;
		n = least + number % (9 * least);
		for (char *at = p; at > digit; n /= 10)
			*--at = (char)('0' + n % 10);
	}
}

static void
begin(struct bench *b, struct client *client, int64_t now)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT,
		.data.ptr = client };

	client->out.n = 0;
	wire_add(&client->out, b->request.p, b->request.n);
	if (b->o->numbered)
		put_number(&client->out, b->begun);
	b->begun++;
	next_is_due(b);
	client->fd = wire_dial(b->o, SOCK_NONBLOCK);
	if (client->fd < 0) {
		b->refused++;
		return;
	}
	client->begun_us = now;
	client->sent = 0;
	client->in.n = 0;
	b->busy++;
	if (epoll_ctl(b->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
		wire_die("epoll_ctl");
}

static void
finish(struct bench *b, struct client *client)
{
	struct wire_bytes answer = { NULL, 0, 0 };
	int whole = wire_unpack(&client->in, &answer);

	close(client->fd);
	client->fd = -1;
	b->busy--;
	if (whole) {
		b->done++;
		b->status[status_of(&answer)]++;
		if (b->n_samples < SAMPLES_MAX)
			b->samples[b->n_samples++] =
			    (uint32_t)(now_us() - client->begun_us);
	} else {
		b->lost++;
	}
	free(answer.p);
}

static void
step(struct bench *b, struct client *client, uint32_t events)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
	char piece[65536];
	ssize_t n;

	if (events & EPOLLOUT && client->sent < client->out.n) {
		n = send(client->fd, client->out.p + client->sent,
		    client->out.n - client->sent, MSG_NOSIGNAL);
		if (n > 0)
			client->sent += (size_t)n;
		if (client->sent == client->out.n)
			epoll_ctl(b->epoll, EPOLL_CTL_MOD, client->fd, &event);
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	while ((n = read(client->fd, piece, sizeof piece)) > 0)
		wire_add(&client->in, piece, (size_t)n);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		finish(b, client);
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
report(struct bench *b, int64_t now)
{
	double seconds = (double)(now - b->begun_us) / 1e6;
	size_t n = b->n_samples;
	int i;

	qsort(b->samples, n, sizeof *b->samples, compare);
	printf("requests=%ld done=%ld lost=%ld refused=%ld seconds=%.3f "
	       "rate=%.0f",
	    b->begun, b->done, b->lost, b->refused, seconds,
	    (double)b->done / seconds);
	if (n > 0)
		printf(" p50_us=%u p90_us=%u p99_us=%u max_us=%u",
		    b->samples[n / 2], b->samples[n * 9 / 10],
		    b->samples[n * 99 / 100], b->samples[n - 1]);
	for (i = 0; i < STATUS_MAX; i++)
		if (b->status[i] > 0)
			printf(" status_%d=%ld", i, b->status[i]);
	printf("\n");
}

int
many_send(const struct wire_options *o)
{
	struct bench b = { .o = o };
	struct epoll_event events[64];
	int64_t now;
	long k;
	int i, n;

	wire_add_head(&b.request, o);
	wire_add_stream(&b.request, WIRE_STDIN, o->body.p, o->body.n);
	wire_add_record(&b.request, WIRE_STDIN, NULL, 0);
	b.epoll = epoll_create1(EPOLL_CLOEXEC);
	b.clients = calloc((size_t)o->connections, sizeof *b.clients);
	b.samples = malloc(SAMPLES_MAX * sizeof *b.samples);
	if (b.epoll < 0 || !b.clients || !b.samples)
		wire_die("out of memory");
	for (k = 0; k < o->connections; k++)
		b.clients[k].fd = -1;
	b.begun_us = now_us();
	b.due_us = (double)b.begun_us;
	srand48(b.begun_us);
	for (now = b.begun_us; b.busy > 0 || more(&b, now); now = now_us()) {
		for (k = 0; k < o->connections && may_begin(&b, now); k++)
			if (b.clients[k].fd < 0)
				begin(&b, &b.clients[k], now);
		n = wait_for_events(&b, events, 64);
		for (i = 0; i < n; i++)
			step(&b, events[i].data.ptr, events[i].events);
	}
	report(&b, now);
	for (k = 0; k < o->connections; k++) {
		free(b.clients[k].out.p);
		free(b.clients[k].in.p);
	}
	free(b.clients);
	free(b.samples);
	free(b.request.p);
	return b.lost > 0;
}
