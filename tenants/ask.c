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
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, "socket");
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
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
ask_line(const char *path, const char *request, int64_t timeout_ms,
    struct buf *answer, struct err *err)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	struct sockaddr_un addr;
	struct pollfd wait = { .fd = -1, .events = POLLIN };
	char piece[8192];
	ssize_t n;
	int rc = -1;

	wait.fd = reach(path, timeout_ms, &addr, err);
	if (wait.fd < 0)
		return -1;
	if (send(wait.fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
		err_sys(err, "%s: send", addr.sun_path);
		goto out;
	}
	for (;;) {
		int64_t left = deadline - clock_mono_ms();

		if (left <= 0 || poll(&wait, 1, (int)left) == 0) {
			err_set(err, ERR_BUSY,
			    "the replicator did not answer within %lld ms",
			    (long long)timeout_ms);
			goto out;
		}
		n = recv(wait.fd, piece, sizeof(piece), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_sys(err, "%s: receive", addr.sun_path);
			goto out;
		}
		if (n == 0)
			break;
		buf_put(answer, piece, (size_t)n);
	}
	if (answer->n == 0 || answer->p[answer->n - 1] != '\n') {
		err_set(err, ERR_BUSY, "the replicator ended while answering");
		goto out;
	}
	answer->n--;
	if (str_starts(buf_view(answer), "error ")) {
		err_set(err, ERR_BUSY, "%.*s",
		    STR_FMT(str_sub(
			buf_view(answer), strlen("error "), answer->n)));
		goto out;
	}
	rc = buf_check(answer, "answer of the replicator", err);
out:
	file_drop(&wait.fd);
	return rc;
}
