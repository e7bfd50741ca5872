#include "tenants/ack.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/layout.h"

#define ASK_MS        2000 /* a replicator that is alive is faster */
#define AGAIN_MS      20 /* between two attempts to connect */
#define BACKLOG       64
#define RETRY_AFTER_S 5 /* where nobody answers */

struct ack_client {
	struct layout_path path;
	int fd; /* connected, or -1 */
};

static int
address(const char *path, struct sockaddr_un *out)
{
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	return str_copy(str_of(path), out->sun_path, sizeof(out->sun_path));
}

static int
packet_socket(void)
{
	return socket(
	    AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

struct ack_client *
ack_client_new(const struct config *config)
{
	struct ack_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		err_die("out of memory");
	client->path = layout_ack_socket(config);
	client->fd = -1;
	return client;
}

void
ack_client_free(struct ack_client *client)
{
	if (client == NULL)
		return;
	file_drop(&client->fd);
	free(client);
}

static int
reach(struct ack_client *client)
{
	struct sockaddr_un to;

	if (client->fd >= 0)
		return 0;
	if (address(client->path.p, &to) != 0)
		return -1;
	client->fd = packet_socket();
	if (client->fd < 0)
		return -1;
	if (connect(client->fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return 0;
	file_drop(&client->fd);
	return -1;
}

/* Waits for the answer.  1 it is there, 0 the time is over, -1 hung up. */
static int
receive(struct ack_client *client, int64_t deadline_ms,
    char answer[ACK_ANSWER_MAX + 1])
{
	struct pollfd fd = { .fd = client->fd, .events = POLLIN };
	int64_t left_ms;
	ssize_t n;

	for (;;) {
		n = recv(client->fd, answer, ACK_ANSWER_MAX, 0);
		if (n > 0) {
			answer[n] = '\0';
			return 1;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return -1;
		left_ms = deadline_ms - clock_mono_ms();
		if (left_ms <= 0)
			return 0;
		(void)poll(&fd, 1, (int)left_ms);
	}
}

/*
 * A question and its answer, over as many connections as it takes.  An answer
 * that comes too late must not be taken for that of the next question, so the
 * connection is closed then.
 */
static int
exchange(struct ack_client *client, char verb, const struct hint *hint,
    int64_t deadline_ms, char answer[ACK_ANSWER_MAX + 1])
{
	unsigned char question[ACK_ASK_BYTES];
	size_t n = 1 + hint_put(hint, question + 1);
	int64_t left_ms;

	question[0] = (unsigned char)verb;
	for (;;) {
		if (reach(client) == 0 &&
		    send(client->fd, question, n, MSG_NOSIGNAL) >= 0) {
			switch (receive(client, deadline_ms, answer)) {
			case 1:
				return 0;
			case 0:
				file_drop(&client->fd);
				return -1;
			default:
				break;
			}
		}
		file_drop(&client->fd);
		left_ms = deadline_ms - clock_mono_ms();
		if (left_ms <= 0)
			return -1;
		(void)poll(
		    NULL, 0, left_ms < AGAIN_MS ? (int)left_ms : AGAIN_MS);
	}
}

int
ack_ask(struct ack_client *client, const char *slug, struct err *err)
{
	char answer[ACK_ANSWER_MAX + 1];
	struct hint hint;
	int seconds = RETRY_AFTER_S, at = 0;

	memset(&hint, 0, sizeof(hint));
	(void)str_copy(str_of(slug), hint.slug, sizeof(hint.slug));
	if (exchange(
		client, ACK_ASK, &hint, clock_mono_ms() + ASK_MS, answer) != 0)
		(void)err_set(err, ERR_BUSY, "no replicator answers at %s",
		    client->path.p);
	else if (strcmp(answer, "yes") == 0)
		return 0;
	else if (sscanf(answer, "no %d %n", &seconds, &at) >= 1 && at > 0)
		(void)err_set(err, ERR_BUSY, "%s", answer + at);
	else
		(void)err_set(
		    err, ERR_BUSY, "the replicator says '%s'", answer);
	err->retry_after = seconds;
	return -1;
}

int
ack_wait(struct ack_client *client, const struct hint *hint, int64_t timeout_ms,
    struct err *err)
{
	char answer[ACK_ANSWER_MAX + 1];

	if (exchange(client, ACK_WAIT, hint, clock_mono_ms() + timeout_ms,
		answer) != 0)
		return err_set(err, ERR_UNCONFIRMED,
		    "the replicator did not confirm it within %lld ms",
		    (long long)timeout_ms);
	if (strcmp(answer, "ok") == 0)
		return 0;
	return err_set(
	    err, ERR_UNCONFIRMED, "the replicator says '%s'", answer);
}

int
ack_point(struct ack_client *client, const char *slug, uint32_t epoch,
    int64_t timeout_ms, char place[ACK_PLACE], struct err *err)
{
	char answer[ACK_ANSWER_MAX + 1];
	struct hint hint;

	memset(&hint, 0, sizeof(hint));
	(void)str_copy(str_of(slug), hint.slug, sizeof(hint.slug));
	hint.epoch = epoch;
	if (exchange(client, ACK_POINT, &hint, clock_mono_ms() + timeout_ms,
		answer) != 0)
		return err_set(err, ERR_BUSY,
		    "the replicator did not answer within %lld ms",
		    (long long)timeout_ms);
	if (str_starts(str_of(answer), "at ") &&
	    str_copy(str_of(answer + 3), place, ACK_PLACE) == 0)
		return 0;
	return err_set(err, ERR_BUSY, "the replicator says '%s'", answer);
}

int
ack_listen(const struct config *config, struct err *err)
{
	struct layout_path path = layout_ack_socket(config);
	struct sockaddr_un here;
	int fd;

	if (address(path.p, &here) != 0)
		return err_set(
		    err, ERR_INPUT, "%s is too long for a socket", path.p);
	fd = packet_socket();
	if (fd < 0)
		return err_sys(err, "cannot make a socket");
	/* Whoever listens holds the replicator's lock: it is a dead one's. */
	if (unlink(path.p) != 0 && errno != ENOENT) {
		err_sys(err, "cannot remove %s", path.p);
		goto fail;
	}
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 ||
	    chmod(path.p, 0660) != 0 || listen(fd, BACKLOG) != 0) {
		err_sys(err, "cannot listen on %s", path.p);
		goto fail;
	}
	return fd;
fail:
	file_drop(&fd);
	return -1;
}
