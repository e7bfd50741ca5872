#include "tenants/ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "tenants/base/clock.h"
#include "tenants/base/file.h"

#define CHECK_MS 10000

int
ask_address(const char *path, struct sockaddr_un *out, struct err *err)
{
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (str_copy(str_of(path), out->sun_path, sizeof(out->sun_path)))
		return err_set(
		    err, ERR_INPUT, "%s: too long for a socket", path);
	return 0;
}

/* A connection, or -1. */
static int
reach(const char *path, int64_t timeout_ms, struct sockaddr_un *addr,
    struct err *err)
{
	/* Where its queue is full a connection is waited for. */
	const struct timeval patience = { .tv_sec = timeout_ms / 1000,
		.tv_usec = timeout_ms % 1000 * 1000 };
	int fd;

	if (ask_address(path, addr, err))
		return -1;
	fd = socket(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | (timeout_ms == 0 ? SOCK_NONBLOCK : 0),
	    0);
	if (fd < 0)
		return err_sys(err, "socket");
	if (timeout_ms > 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
		sizeof(patience)) != 0) {
		err_sys(err, "socket: timeout");
		file_drop(&fd);
		return -1;
	}
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
		return fd;
	if (errno == ENOENT || errno == ECONNREFUSED) {
		err_set(err, ERR_BUSY,
		    "no replicator is running (nobody answers at %s)",
		    addr->sun_path);
		err_hint(err, "rowhouse serve starts it; why it ended is in "
			      "the log, and rowhouse check looks");
	} else if (errno == EAGAIN && timeout_ms == 0) {
		err_set(err, ERR_BUSY, "the replicator answers others");
	} else if (errno == EAGAIN) {
		err_set(err, ERR_BUSY,
		    "the replicator did not answer within %lld ms",
		    (long long)timeout_ms);
	} else {
		err_sys(err, "%s: connect", addr->sun_path);
	}
	file_drop(&fd);
	return -1;
}

int
ask_check(const char *path, struct err *err)
{
	struct sockaddr_un addr;
	int fd = reach(path, CHECK_MS, &addr, err);

	if (fd < 0)
		return -1;
	file_drop(&fd);
	return 0;
}

int
ask_begin(const char *path, const char *request, int64_t timeout_ms,
    struct err *err)
{
	struct sockaddr_un addr;
	int fd = reach(path, timeout_ms, &addr, err);

	if (fd < 0)
		return -1;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
		err_sys(err, "%s: send", addr.sun_path);
		file_drop(&fd);
	}
	return fd;
}

int
ask_more(int fd, struct buf *answer, struct err *err)
{
	char piece[65536];
	ssize_t n = recv(fd, piece, sizeof(piece), 0);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (n < 0)
		return err_sys(err, "the replicator's answer");
	if (n > 0) {
		buf_put(answer, piece, (size_t)n);
		return 1;
	}
	if (answer->n == 0 || answer->p[answer->n - 1] != '\n')
		return err_set(
		    err, ERR_BUSY, "the replicator ended while answering");
	answer->n--;
	if (str_starts(buf_view(answer), "error "))
		return err_set(err, ERR_BUSY, "%.*s",
		    STR_FMT(str_sub(
			buf_view(answer), strlen("error "), answer->n)));
	return buf_check(answer, "answer of the replicator", err);
}

int
ask_line(const char *path, const char *request, int64_t timeout_ms,
    struct buf *answer, struct err *err)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	struct pollfd wait = { .fd = -1, .events = POLLIN };
	int rc = 1;

	wait.fd = ask_begin(path, request, timeout_ms, err);
	if (wait.fd < 0)
		return -1;
	while (rc == 1) {
		int64_t left = deadline - clock_mono_ms();

		if (left <= 0)
			rc = err_set(err, ERR_BUSY,
			    "the replicator did not answer within %lld ms",
			    (long long)timeout_ms);
		else if (poll(&wait, 1, (int)left) > 0)
			rc = ask_more(wait.fd, answer, err);
	}
	file_drop(&wait.fd);
	return rc;
}
