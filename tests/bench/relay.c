/*
 * relay PORT LOG MINE    passes on to 127.0.0.1:PORT, and writes down when
 *
 * What stands between the replicator and its store sees both sides' part of
 * the time.  Writes the port that it listens on to MINE.  For each request, when
 * its answer has begun, a line in LOG:
 *
 *	BEGUN ANSWERED METHOD STATUS BODY TIMESTAMP PATH
 *
 * in ms since 1970, BODY in bytes, TIMESTAMP that of the object's newest commit
 * (x-amz-meta-litestream-timestamp, ms since 1970; 0: it has none).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 16384

static unsigned short target;
static FILE *book; /* stdio locks it, a line at a time */

struct pair {
	int client, server;
	char head[HEAD_MAX]; /* of the request, until it is whole */
	size_t n;
	long long body; /* bytes of it to come */
	int asked; /* and not answered yet */
	double begun;
	char line[HEAD_MAX + 128];
};

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
die(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static const char *
header(const char *head, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(head, "\r\n"); p; p = strstr(p, "\r\n")) {
		p += 2;
		if (strncasecmp(p, name, n) == 0 && p[n] == ':')
			return p + n + 1 + strspn(p + n + 1, " ");
	}
	return NULL;
}

static long long
timestamp(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm)
				: NULL;

	if (!rest)
		return 0;
	return (long long)timegm(&tm) * 1000 +
	       (*rest == '.' ? strtol(rest + 1, NULL, 10) / 1000000 : 0);
}

static void
take_head(struct pair *pair)
{
	const char *length = header(pair->head, "content-length");
	char method[16] = "", path[2048] = "";

	(void)sscanf(pair->head, "%15s %2047s", method, path);
	pair->body = length ? strtoll(length, NULL, 10) : 0;
	snprintf(pair->line, sizeof pair->line, "%s %%s %lld %lld %s", method,
	    pair->body,
	    timestamp(header(pair->head, "x-amz-meta-litestream-timestamp")),
	    path);
	pair->asked = 1;
	pair->n = 0;
}

static void
see_request(struct pair *pair, const char *p, size_t n)
{
	while (n > 0) {
		size_t some = n;
		char *end;

		if (pair->body > 0) {
			some = (long long)n < pair->body ? n
							 : (size_t)pair->body;
			pair->body -= (long long)some;
		} else {
			if (pair->n == 0)
				pair->begun = now_ms();
			if (pair->n + some > HEAD_MAX - 1)
				some = HEAD_MAX - 1 - pair->n;
			if (some == 0) {
				fputs("relay: too long a head\n", stderr);
				exit(1);
			}
			memcpy(pair->head + pair->n, p, some);
			pair->head[pair->n + some] = '\0';
			end = strstr(pair->head, "\r\n\r\n");
			if (end) {
				some = (size_t)(end + 4 - pair->head) - pair->n;
				take_head(pair);
			} else {
				pair->n += some;
			}
		}
		p += some;
		n -= some;
	}
}

static void
see_answer(struct pair *pair, const char *p, size_t n)
{
	double answered = now_ms();
	char status[4] = "";
	char *split;

	if (!pair->asked || n < 12 || memcmp(p, "HTTP/1.", 7) != 0 ||
	    p[9] == '1')
		return;
	pair->asked = 0;
	memcpy(status, p + 9, 3);
	split = strstr(pair->line, " %s ");
	fprintf(book, "%.1f %.1f %.*s %s %s\n", pair->begun, answered,
	    (int)(split - pair->line), pair->line, status, split + 4);
}

/* From one to the other; 0 at its end. */
static int
pass(struct pair *pair, int from, int to)
{
	char bytes[65536];
	ssize_t n = read(from, bytes, sizeof bytes);
	ssize_t sent, at;

	if (n <= 0)
		return 0;
	if (from == pair->server)
		see_answer(pair, bytes, (size_t)n);
	else
		see_request(pair, bytes, (size_t)n);
	for (at = 0; at < n; at += sent) {
		sent = write(to, bytes + at, (size_t)(n - at));
		if (sent <= 0)
			return 0;
	}
	return 1;
}

static int
dial(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(target),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
		close(fd);
		return -1;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static void *
serve(void *arg)
{
	struct pair *pair = arg;
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int open = 1;

	pair->server = dial();
	fds[0].fd = pair->client;
	fds[1].fd = pair->server;
	while (open && pair->server >= 0 && poll(fds, 2, -1) > 0) {
		if (fds[0].revents)
			open = pass(pair, pair->client, pair->server);
		if (open && fds[1].revents)
			open = pass(pair, pair->server, pair->client);
	}
	close(pair->client);
	close(pair->server);
	free(pair);
	return NULL;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof at;
	FILE *mine;

	if (argc != 4) {
		fputs("usage: relay PORT LOG MINE\n", stderr);
		return 2;
	}
	target = (unsigned short)strtoul(argv[1], NULL, 10);
	book = fopen(argv[2], "ae");
	if (!book)
		die(argv[2]);
	setvbuf(book, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(fd, 512) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &size) != 0)
		die("listen");
	mine = fopen(argv[3], "we");
	if (!mine || fprintf(mine, "%d\n", ntohs(at.sin_port)) < 0 ||
	    fclose(mine) != 0)
		die(argv[3]);
	for (;;) {
		struct pair *pair = calloc(1, sizeof *pair);
		pthread_t thread;

		if (!pair)
			die("calloc");
		pair->client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (pair->client < 0)
			die("accept");
		(void)setsockopt(pair->client, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof one);
		if (pthread_create(&thread, NULL, serve, pair) != 0)
			die("thread");
		(void)pthread_detach(thread);
	}
}
