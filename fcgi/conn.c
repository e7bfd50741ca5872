/*
 * The web server dials for every request, sends FCGI_BEGIN_REQUEST,
 * FCGI_PARAMS and FCGI_STDIN to their ends, and only then reads.  What follows
 * from that:
 *
 *  - STDIN is read to its end before the first byte of an answer.  A worker
 *    that answers and closes while the server still writes breaks its pipe,
 *    and the client sees a 502 in place of the answer.
 *  - Then nothing is on its way to us any more, and the connection is closed
 *    at once: libfcgi's own close would wait for the server's.  Only where the
 *    draining was given up is there a wait, bounded in bytes and time, for the
 *    server to stop sending and read.
 *  - A connection is never kept for another request: a kept one pins a worker.
 *
 * Accepting is done here and parsing by libfcgi, because libfcgi's own accept
 * loop loses a SIGTERM that comes between its check and its accept(), and
 * takes one that comes inside a request for an I/O error.  FCGX_Accept_r()
 * parses a connection handed to it in ipcFd when keepConnection is set; told
 * to listen on -1, it fails where it would accept another by itself.  SIGTERM
 * is blocked and read from a signalfd, which epoll reports beside the socket.
 *
 * Time: libfcgi reads and writes in blocking mode and takes EINTR for an error.
 * So one interval timer bounds the whole of reading a request, and the whole of
 * writing an answer, however the bytes trickle; after its first tick it goes
 * on ticking, since one may fall between two calls.  An answer that fits
 * into any socket buffer needs no timer.
 *
 * Memory: libfcgi allocates what the peer sends as parameters, and the peer is
 * whoever may connect: the web server, which bounds its clients' headers.
 */
#include "fcgi/conn.h"

#include <assert.h>
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/base/signals.h"

/* FastCGI specification, 8: FCGI_RESPONDER. */
#define RESPONDER 1
/* Of a body that is refused, so that its sender can read the answer. */
#define DRAIN_MAX (8 * 1024 * 1024)
/* No socket buffer of Linux is smaller (socket(7), SO_SNDBUF). */
#define UNBLOCKED 2048
#define TICK_MS   100
#define LINGER_MS 2000
/* After SIGTERM, for those who had connected before it. */
#define LAST_MS 3000

struct conn {
	int fd; /* listening */
	int epoll;
	int signals;
	int64_t timeout_ms;
	int64_t body_max;
	int64_t stop_ms; /* when to stop accepting; 0 = SIGTERM has not come */
	int peer;
	int timing;
	FCGX_Request request;
};

enum source { SOURCE_SOCKET, SOURCE_SIGNAL };

static void
tick(int number)
{
	(void)number;
}

/* From now on; 0 stops it. */
static void
set_timer(struct conn *conn, int64_t ms)
{
	struct itimerval timer = { { 0, 0 }, { 0, 0 } };

	if (ms == 0 && !conn->timing)
		return;
	conn->timing = ms > 0;
	if (ms > 0) {
		timer.it_value.tv_sec = ms / 1000;
		timer.it_value.tv_usec = ms % 1000 * 1000;
		timer.it_interval.tv_usec = TICK_MS * 1000;
	}
	/* Fails on a value out of range, and there is none. */
	if (setitimer(ITIMER_REAL, &timer, NULL) != 0)
		err_die("setitimer: %s", strerror(errno));
}

static int
watch(struct conn *conn, int fd, enum source source, uint32_t events,
    struct err *err)
{
	struct epoll_event event = { .events = events, .data.u32 = source };

	if (epoll_ctl(conn->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		return err_sys(err, "epoll_ctl");
	return 0;
}

static int
open_signals(struct conn *conn, struct err *err)
{
	static const int wanted[] = { SIGTERM, 0 };
	struct sigaction act = { .sa_handler = tick };

	conn->signals = signals_open(wanted, err);
	if (conn->signals < 0)
		return -1;
	sigemptyset(&act.sa_mask);
	if (sigaction(SIGALRM, &act, NULL) != 0)
		return err_sys(err, "sigaction SIGALRM");
	return 0;
}

static int
open_socket(struct conn *conn, struct err *err)
{
	int listening = 0;
	socklen_t size = sizeof listening;
	int flags;

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size))
		return err_sys(err, "descriptor %d", conn->fd);
	if (!listening)
		return err_set(err, ERR_SYSTEM,
		    "descriptor %d is not a listening socket", conn->fd);
	flags = fcntl(conn->fd, F_GETFL);
	if (flags < 0 || fcntl(conn->fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return err_sys(err, "fcntl");
	return 0;
}

struct conn *
conn_open(const struct conn_opts *opts, struct err *err)
{
	struct conn *conn = calloc(1, sizeof *conn);

	if (!conn)
		err_die("out of memory: connection");
	conn->fd = opts->fd;
	conn->timeout_ms = opts->timeout_ms;
	conn->body_max = opts->body_max;
	conn->peer = -1;
	conn->signals = -1;
	conn->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (conn->epoll < 0) {
		err_sys(err, "epoll_create1");
		goto fail;
	}
	if (open_socket(conn, err) != 0 || open_signals(conn, err) != 0)
		goto fail;
	if (watch(conn, conn->fd, SOURCE_SOCKET, EPOLLIN | EPOLLEXCLUSIVE,
		err) != 0 ||
	    watch(conn, conn->signals, SOURCE_SIGNAL, EPOLLIN, err) != 0)
		goto fail;
	if (FCGX_Init() != 0) {
		err_set(err, ERR_SYSTEM, "libfcgi cannot be initialized");
		goto fail;
	}
	return conn;
fail:
	conn_close(conn);
	return NULL;
}

/* Parameters and streams, which outlive the connection. */
static void
forget(struct conn *conn)
{
	FCGX_Free(&conn->request, 0);
	conn->request.envp = NULL;
}

void
conn_close(struct conn *conn)
{
	if (!conn)
		return;
	forget(conn);
	file_drop(&conn->peer);
	file_drop(&conn->signals);
	file_drop(&conn->epoll);
	free(conn);
}

/* One that has connected: 1 accepted, 0 there is none, -1 error. */
static int
accept_one(struct conn *conn, struct err *err)
{
	assert(conn->peer < 0);
	conn->peer = accept4(conn->fd, NULL, NULL, SOCK_CLOEXEC);
	if (conn->peer >= 0)
		return 1;
	switch (errno) {
	case EAGAIN:
	case EINTR:
	case ECONNABORTED:
		return 0;
	default:
		return err_sys(err, "accept");
	}
}

/* Parameters and all before them: 1 read, 0 there is no request in it. */
static int
begin(struct conn *conn)
{
	FCGX_Request *request = &conn->request;

	forget(conn);
	FCGX_InitRequest(request, -1, 0);
	request->ipcFd = conn->peer;
	request->keepConnection = 1;
	request->detached = 1;
	set_timer(conn, conn->timeout_ms);
	if (FCGX_Accept_r(request) != 0) {
		/* It has closed the connection, as no other does. */
		set_timer(conn, 0);
		conn->peer = -1;
		return 0;
	}
	if (request->role != RESPONDER) {
		set_timer(conn, 0);
		file_drop(&conn->peer);
		return 0;
	}
	return 1;
}

/* What is to be done: -1 error, or a set of 1 << source. */
static int
poll_sources(struct conn *conn, int64_t timeout_ms, struct err *err)
{
	struct epoll_event events[2];
	int i, n, ready = 0;

	n = epoll_wait(conn->epoll, events, 2,
	    timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms);
	if (n < 0 && errno != EINTR)
		return err_sys(err, "epoll_wait");
	for (i = 0; i < n; i++)
		ready |= 1 << events[i].data.u32;
	return ready;
}

enum conn_event
conn_next(struct conn *conn, int64_t timeout_ms, struct err *err)
{
	int ready, got;

	for (;;) {
		ready = 1 << SOURCE_SOCKET;
		if (!conn->stop_ms) {
			ready = poll_sources(conn, timeout_ms, err);
			if (ready < 0)
				return CONN_FAILED;
			if (ready == 0)
				return CONN_IDLE;
		}
		/*
		 * From here on we are not woken for connections any more, and
		 * those which were left to us are served by the rounds to come.
		 */
		if (ready & (1 << SOURCE_SIGNAL))
			conn->stop_ms = clock_mono_ms() + LAST_MS;
		if (conn->stop_ms && clock_mono_ms() > conn->stop_ms)
			return CONN_STOP;
		got = accept_one(conn, err);
		if (got < 0)
			return CONN_FAILED;
		if (got > 0 && begin(conn))
			return CONN_REQUEST;
		if (got == 0 && conn->stop_ms)
			return CONN_STOP;
	}
}

const char *const *
conn_params(const struct conn *conn)
{
	assert(conn->request.envp);
	return (const char *const *)conn->request.envp;
}

/*
 * Reads what is left of STDIN: 0 to its end, -1 given up.  libfcgi remembers
 * the end, so that this may be asked again.
 */
static int
drain(struct conn *conn)
{
	FCGX_Stream *in = conn->request.in;
	char waste[8192];
	int64_t n = 0;
	int got;

	do {
		got = FCGX_GetStr(waste, sizeof waste, in);
		n += got;
	} while (got == (int)sizeof waste && n <= DRAIN_MAX);
	return got < (int)sizeof waste && FCGX_GetError(in) == 0 ? 0 : -1;
}

int
conn_body(struct conn *conn, int64_t length, struct arena *arena,
    struct str *out, struct err *err)
{
	FCGX_Stream *in = conn->request.in;
	char *p;
	int got;

	assert(length >= 0);
	if (length > conn->body_max)
		return err_set(err, ERR_TOO_LARGE,
		    "the body is %lld bytes, more than %lld", (long long)length,
		    (long long)conn->body_max);
	p = arena_alloc(arena, (size_t)length + 1);
	/* One byte more is asked for, so that the end is seen. */
	got = FCGX_GetStr(p, (int)length + 1, in);
	if (FCGX_GetError(in) != 0)
		return err_set(err, ERR_INPUT,
		    "the body broke off after %d of %lld bytes", got,
		    (long long)length);
	if (got < length)
		return err_set(err, ERR_INPUT,
		    "the body ended after %d of %lld bytes", got,
		    (long long)length);
	if (got > length)
		return err_set(err, ERR_INPUT,
		    "the body is longer than the %lld bytes announced",
		    (long long)length);
	set_timer(conn, 0);
	p[length] = '\0';
	*out = str_make(p, (size_t)length);
	return 0;
}

/* Until the peer has stopped sending, lest it never reads what we sent. */
static void
linger(struct conn *conn)
{
	char waste[8192];
	int64_t n = 0;
	ssize_t got;

	set_timer(conn, LINGER_MS);
	if (shutdown(conn->peer, SHUT_WR) != 0)
		return;
	do {
		got = read(conn->peer, waste, sizeof waste);
		n += got;
	} while (got > 0 && n <= DRAIN_MAX);
}

int
conn_answer(
    struct conn *conn, struct str head, struct str body, struct err *err)
{
	FCGX_Request *request = &conn->request;
	int drained, timed, failed;

	drained = drain(conn) == 0;
	timed = head.n + body.n > UNBLOCKED;
	set_timer(conn, timed ? conn->timeout_ms : 0);
	FCGX_PutStr(head.p, (int)head.n, request->out);
	if (body.n > 0)
		FCGX_PutStr(body.p, (int)body.n, request->out);
	FCGX_FClose(request->err);
	FCGX_FClose(request->out);
	failed = FCGX_GetError(request->out);
	if (!drained && !failed)
		linger(conn);
	set_timer(conn, 0);
	file_drop(&conn->peer);
	if (failed)
		return err_set(err, ERR_SYSTEM, "the answer was not taken: %s",
		    failed > 0 ? strerror(failed) : "protocol");
	return 0;
}
