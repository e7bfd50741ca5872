#include "replication/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tenants/ask.h"
#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/layout.h"

#define LINE_MAX_BYTES    256
#define ANSWER_MAX        (64 << 20)
#define STATUS_TIMEOUT_MS 10000
#define DEAF_MS           1000 /* after no descriptor was left */

struct control_client {
	int fd;
	char line[LINE_MAX_BYTES];
	size_t n;
	int asked; /* its line was handed over */
	int answered;
	struct buf answer;
	size_t sent;
	int64_t patience_ms; /* mono: it is its turn, until then */
};

struct control {
	int fd;
	int64_t deaf_ms; /* mono: accepts nobody until then */
	int most_a_second, taken; /* of the second that began … */
	int64_t second_ms; /* … then, mono */
	struct control_client client[CONTROL_CLIENTS];
};

static struct control *
listen_at(const char *path, mode_t mode, int most_a_second, struct err *err)
{
	struct control *control = calloc(1, sizeof(*control));
	struct sockaddr_un addr;
	int i;

	if (control == NULL)
		err_die("out of memory");
	for (i = 0; i < CONTROL_CLIENTS; i++)
		control->client[i].fd = -1;
	control->most_a_second = most_a_second;
	control->fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd < 0) {
		err_sys(err, "control socket");
		goto fail;
	}
	if (ask_address(path, &addr, err))
		goto fail;
	/* Whoever runs this holds the replicator's lock: it is a dead one's. */
	if (unlink(addr.sun_path) && errno != ENOENT) {
		err_sys(err, "%s: remove", addr.sun_path);
		goto fail;
	}
	if (bind(control->fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    chmod(addr.sun_path, mode) ||
	    listen(control->fd, CONTROL_CLIENTS)) {
		err_sys(err, "%s: listen", addr.sun_path);
		goto fail;
	}
	return control;
fail:
	control_close(control);
	return NULL;
}

struct control *
control_listen(const struct config *config, struct err *err)
{
	return listen_at(layout_control_socket(config).p, 0600, INT_MAX, err);
}

struct control *
control_listen_status(const struct config *config, struct err *err)
{
	return listen_at(layout_status_socket(config).p, 0660,
	    CONTROL_STATUS_A_SECOND, err);
}

static void
hang_up(struct control_client *client)
{
	if (client->fd < 0)
		return;
	file_drop(&client->fd);
	buf_free(&client->answer);
	memset(client, 0, sizeof(*client));
	client->fd = -1;
}

void
control_close(struct control *control)
{
	int i;

	if (control == NULL)
		return;
	for (i = 0; i < CONTROL_CLIENTS; i++)
		hang_up(&control->client[i]);
	file_drop(&control->fd);
	free(control);
}

nfds_t
control_fds(struct control *control, struct pollfd *fds)
{
	nfds_t n = 0;
	int room = 0;
	int i;

	for (i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &control->client[i];

		if (client->fd >= 0)
			fds[n++] = (struct pollfd){
				.fd = client->fd,
				.events = client->answered ? POLLOUT : POLLIN,
			};
		else
			room = 1;
	}
	/* Who cannot be let in must not keep the loop awake. */
	if (room && clock_mono_ms() >= control->deaf_ms)
		fds[n++] =
		    (struct pollfd){ .fd = control->fd, .events = POLLIN };
	return n;
}

/* Nobody else in this second: who asks without end waits for the next. */
static int
is_enough(struct control *control)
{
	int64_t now_ms = clock_mono_ms();

	if (now_ms - control->second_ms >= 1000) {
		control->second_ms = now_ms;
		control->taken = 0;
	}
	if (control->taken < control->most_a_second)
		return 0;
	control->deaf_ms = control->second_ms + 1000;
	return 1;
}

static void
accept_clients(struct control *control)
{
	int i;

	for (i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &control->client[i];

		if (client->fd >= 0)
			continue;
		if (is_enough(control))
			return;
		client->fd = accept4(
		    control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (client->fd < 0) {
			if (errno != EAGAIN && errno != EINTR &&
			    errno != ECONNABORTED) {
				log_warn(
				    "control", "accept: %s", strerror(errno));
				control->deaf_ms = clock_mono_ms() + DEAF_MS;
			}
			return;
		}
		control->taken++;
		client->patience_ms = clock_mono_ms() + CONTROL_PATIENCE_MS;
		buf_init(&client->answer, ANSWER_MAX);
	}
}

/* 0 while there is more to come, 1 when the line is whole, -1 gone. */
static int
read_line(struct control_client *client)
{
	char *end;
	ssize_t n;

	n = recv(client->fd, client->line + client->n,
	    sizeof(client->line) - client->n, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	/* After its line a client only listens; an end is one who left. */
	if (n == 0 || client->asked)
		return -1;
	client->n += (size_t)n;
	end = memchr(client->line, '\n', client->n);
	if (end == NULL)
		return client->n == sizeof(client->line) ? -1 : 0;
	client->n = (size_t)(end - client->line);
	client->asked = 1;
	return 1;
}

/* 1 when all is sent or nobody wants it any more. */
static int
write_answer(struct control_client *client)
{
	ssize_t n;

	n = send(client->fd, client->answer.p + client->sent,
	    client->answer.n - client->sent, MSG_NOSIGNAL);
	if (n < 0)
		return errno != EAGAIN && errno != EINTR;
	client->sent += (size_t)n;
	return client->sent == client->answer.n;
}

/* Between its line and our answer it is we who are waited for. */
static int
is_slow(const struct control_client *client)
{
	return client->asked == client->answered &&
	       clock_mono_ms() >= client->patience_ms;
}

int64_t
control_due_ms(const struct control *control)
{
	int64_t due_ms = INT64_MAX;
	int i;

	if (control->deaf_ms > clock_mono_ms())
		due_ms = control->deaf_ms;
	for (i = 0; i < CONTROL_CLIENTS; i++) {
		const struct control_client *client = &control->client[i];

		if (client->fd >= 0 && client->asked == client->answered &&
		    client->patience_ms < due_ms)
			due_ms = client->patience_ms;
	}
	return due_ms;
}

void
control_serve(struct control *control,
    void (*request)(void *arg, struct control_client *client, struct str line),
    void (*gone)(void *arg, struct control_client *client), void *arg)
{
	int i;

	if (clock_mono_ms() >= control->deaf_ms)
		accept_clients(control);
	for (i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &control->client[i];
		int got;

		if (client->fd < 0)
			continue;
		if (!client->answered) {
			got = read_line(client);
			if (got == 0 && is_slow(client))
				got = -1;
			if (got < 0) {
				gone(arg, client);
				hang_up(client);
				continue;
			}
			if (got > 0)
				request(arg, client,
				    str_make(client->line, client->n));
		}
		if (client->answered &&
		    (write_answer(client) || is_slow(client)))
			hang_up(client);
	}
}

void
control_answer(struct control_client *client, struct str text)
{
	buf_str(&client->answer, text);
	buf_putc(&client->answer, '\n');
	client->answered = 1;
	client->patience_ms = clock_mono_ms() + CONTROL_PATIENCE_MS;
}

void
control_refuse(struct control_client *client, const struct err *err)
{
	buf_puts(&client->answer, "error ");
	control_answer(client, str_of(err->msg));
}

int
control_check(const struct config *config, struct err *err)
{
	return ask_check(layout_control_socket(config).p, err);
}

/* One request, and its answer without the line's end. */
static int
ask(const struct config *config, const char *request, int64_t timeout_ms,
    struct buf *answer, struct err *err)
{
	return ask_line(layout_control_socket(config).p, request, timeout_ms,
	    answer, err);
}

int
control_status_begin(const struct config *config, struct err *err)
{
	return ask_begin(
	    layout_control_socket(config).p, "status\n", 0, err);
}

int
control_status_more(int fd, struct buf *json, struct err *err)
{
	return ask_more(fd, json, err);
}

int
control_status(const struct config *config, struct buf *json, struct err *err)
{
	return ask(config, "status\n", STATUS_TIMEOUT_MS, json, err);
}

int
control_flush(const struct config *config, const char *slug, int64_t timeout_ms,
    struct err *err)
{
	char line[LINE_MAX_BYTES];
	struct buf answer;
	int rc;

	if (snprintf(line, sizeof(line), "flush %s\n", slug) >=
	    (int)sizeof(line))
		return err_set(err, ERR_INPUT, "slug too long");
	buf_init(&answer, LINE_MAX_BYTES);
	rc = ask(config, line, timeout_ms, &answer, err);
	buf_free(&answer);
	return rc;
}

/* "VERB SLUG REST", and the answer. */
static int
ask_about(const struct config *config, const char *verb, const char *slug,
    const char *rest, struct buf *answer, struct err *err)
{
	char line[LINE_MAX_BYTES];

	if (snprintf(line, sizeof(line), "%s %s%s\n", verb, slug, rest) >=
	    (int)sizeof(line))
		return err_set(err, ERR_INPUT, "slug too long");
	buf_init(answer, LINE_MAX_BYTES);
	return ask(config, line, STATUS_TIMEOUT_MS, answer, err);
}

int
control_point(const struct config *config, const char *slug,
    const struct wal_place *at, struct control_state *out, struct err *err)
{
	char place[64];
	struct str rest;
	struct buf answer;
	uint64_t number;
	int rc;

	snprintf(place, sizeof(place), " %08x %08x %08x %08x %08x", at->salt[0],
	    at->salt[1], at->frame, at->cksum[0], at->cksum[1]);
	rc = ask_about(config, "point", slug, place, &answer, err);
	rest = buf_view(&answer);
	if (rc == 0 && (!str_starts(rest, "ok ") || rest.n < 13 ||
			   str_hex64(str_sub(rest, 3, 11), &number) ||
			   str_u64(str_sub(rest, 12, rest.n), &out->txid)))
		rc = err_set(err, ERR_BUSY,
		    "the replicator is of another version: restart it");
	if (rc == 0)
		out->epoch = (uint32_t)number;
	buf_free(&answer);
	return rc;
}

int
control_proven(const struct config *config, const char *slug, struct err *err)
{
	struct buf answer;
	int rc = ask_about(config, "proven", slug, "", &answer, err);

	buf_free(&answer);
	return rc;
}

int
control_renew(const struct config *config, const char *slug, struct err *err)
{
	struct buf answer;
	int rc = ask_about(config, "renew", slug, "", &answer, err);

	buf_free(&answer);
	return rc;
}

int
control_erase(const struct config *config, const char *slug, struct err *err)
{
	struct buf answer;
	int rc = ask_about(config, "erase", slug, "", &answer, err);

	if (rc == 0)
		rc = !str_is(buf_view(&answer), "ok");
	buf_free(&answer);
	return rc;
}
