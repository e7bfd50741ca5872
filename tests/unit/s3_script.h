#ifndef ROWHOUSE_TESTS_S3_SCRIPT_H
#define ROWHOUSE_TESTS_S3_SCRIPT_H

/*
 * A server on loopback that expects requests in a given order and answers each
 * as the script says: for answers that no real store can be made to give.  One
 * connection at a time (connections=1 in the URL).
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "tests/unit/unit.h"

struct turn {
	const char *want; /* the request begins so */
	const char *and; /* and holds that; "!x": does not hold x */
	const char *status; /* "200 OK"; NULL: none, it hangs up */
	const char *headers; /* each with its \r\n */
	const char *body; /* NULL: as long as Content-Length says, it is not */
	int cut; /* hangs up after so many bytes of the body */
};

#define SEEN_MAX 40

static struct {
	int listener, port;
	pthread_t thread;
	const struct turn *turn;
	size_t turns, at;
	char seen[SEEN_MAX][8192]; /* head and body of each request */
	char wrong[600]; /* the first that was not as expected */
	int stop;
} script;

/* One request, whole; its length, or 0 at the end of a connection. */
static size_t
script_read(int fd, char *out, size_t size)
{
	size_t n = 0, need = 0;
	char *end;

	for (;;) {
		ssize_t got = recv(fd, out + n, size - 1 - n, 0);

		if (got <= 0)
			return 0;
		n += (size_t)got;
		out[n] = '\0';
		end = strstr(out, "\r\n\r\n");
		if (end && need == 0) {
			const char *length =
			    strcasestr(out, "\r\ncontent-length:");

			need = (size_t)(end - out) + 4 +
			       (length ? strtoul(length + 17, NULL, 10) : 0);
		}
		if (end && n >= need)
			return n;
	}
}

static void
script_check(const struct turn *turn, const char *request)
{
	const char *part = turn->and;

	if (script.wrong[0])
		return;
	if (strncmp(request, turn->want, strlen(turn->want)) != 0)
		snprintf(script.wrong, sizeof script.wrong,
		    "request %zu: '%s' wanted, not '%.200s'", script.at,
		    turn->want, request);
	else if (part && (part[0] == '!' ? strcasestr(request, part + 1) != NULL
					 : strcasestr(request, part) == NULL))
		snprintf(script.wrong, sizeof script.wrong,
		    "request %zu: %s, in '%.400s'", script.at, part, request);
}

/* 1 the connection stays. */
static int
script_answer(int fd, const char *request)
{
	const struct turn *turn = &script.turn[script.at];
	const char *body;
	char head[4096];
	size_t n;

	if (script.at >= script.turns) {
		if (!script.wrong[0])
			snprintf(script.wrong, sizeof script.wrong,
			    "one request too many: %.300s", request);
		return 0;
	}
	snprintf(
	    script.seen[script.at], sizeof script.seen[0], "%.8000s", request);
	script_check(turn, request);
	script.at++;
	if (!turn->status)
		return 0;
	body = turn->body ? turn->body : "";
	n = strlen(body);
	snprintf(head, sizeof head, "HTTP/1.1 %s\r\n%s%s%zu\r\n\r\n",
	    turn->status, turn->headers ? turn->headers : "",
	    strncmp(request, "HEAD", 4) == 0 ? "X-Body: " : "Content-Length: ",
	    n);
	if (turn->cut)
		n = (size_t)turn->cut;
	if (send(fd, head, strlen(head), MSG_NOSIGNAL) < 0 ||
	    (n > 0 && strncmp(request, "HEAD", 4) != 0 &&
		send(fd, body, n, MSG_NOSIGNAL) < 0))
		return 0;
	return !turn->cut;
}

static void *
script_run(void *arg)
{
	static char request[65536];

	(void)arg;
	while (!script.stop) {
		int fd = accept4(script.listener, NULL, NULL, SOCK_CLOEXEC);

		while (fd >= 0 && script_read(fd, request, sizeof request) > 0)
			if (!script_answer(fd, request))
				break;
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

static inline void
script_begin(const struct turn *turn, size_t turns)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof address;

	memset(&script, 0, sizeof script);
	script.turn = turn;
	script.turns = turns;
	script.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(script.listener >= 0);
	assert_int_equal(
	    bind(script.listener, (struct sockaddr *)&address, n), 0);
	assert_int_equal(listen(script.listener, 8), 0);
	assert_int_equal(
	    getsockname(script.listener, (struct sockaddr *)&address, &n), 0);
	script.port = ntohs(address.sin_port);
	assert_int_equal(
	    pthread_create(&script.thread, NULL, script_run, NULL), 0);
}

/* After the client has closed its connections. */
static inline void
script_end(void)
{
	script.stop = 1;
	shutdown(script.listener, SHUT_RDWR);
	pthread_join(script.thread, NULL);
	close(script.listener);
	if (script.wrong[0])
		fail_msg("%s", script.wrong);
	assert_int_equal(script.at, script.turns);
}

#endif
