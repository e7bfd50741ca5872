/*
 * rowhouse health: one request to the pool's own socket, as the web server
 * would make it, so that whoever installs, watches or starts it needs neither
 * Caddy nor its address.  FastCGI 1.0, section 3: a record for the beginning,
 * one of parameters, the ends of both streams; the answer is what comes on
 * STDOUT until the worker closes.
 */
#include "fcgi/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/config.h"
#include "tenants/base/file.h"
#include "tenants/base/json.h"
#include "tenants/base/log.h"
#include "tenants/layout.h"

#define TIMEOUT_S  5 /* of each call */
#define ANSWER_MAX ((size_t)64 * 1024)
#define HEAD       8
#define SHORT      128 /* the least length that does not fit into a byte */

enum { BEGIN = 1, PARAMS = 4, STDIN = 5, STDOUT = 6, RESPONDER = 1 };

static const char *const params[][2] = {
	{ "REQUEST_METHOD", "GET" },
	{ "REQUEST_URI", "/api/health" },
	{ "SERVER_PROTOCOL", "HTTP/1.1" },
	{ "REMOTE_ADDR", "127.0.0.1" },
	{ "TENANT", "-ask" },
};

static void
put_record(struct buf *out, int type, struct str content)
{
	const unsigned char head[HEAD] = { 1, (unsigned char)type, 0, 1,
		(unsigned char)(content.n >> 8), (unsigned char)content.n, 0,
		0 };

	buf_put(out, head, sizeof head);
	buf_str(out, content);
}

static void
put_request(struct buf *out)
{
	static const char begin[HEAD] = { 0, RESPONDER };
	char text[SHORT];
	struct buf all;
	size_t i;

	buf_init(&all, 1024);
	for (i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		buf_putc(&all, (char)strlen(params[i][0]));
		buf_putc(&all, (char)strlen(params[i][1]));
		(void)snprintf(text, sizeof text, "%s%s", params[i][0],
		    params[i][1]);
		buf_puts(&all, text);
	}
	put_record(out, BEGIN, str_make(begin, sizeof begin));
	put_record(out, PARAMS, buf_view(&all));
	put_record(out, PARAMS, STR_NONE);
	put_record(out, STDIN, STR_NONE);
	buf_free(&all);
}

static int
connect_to(const char *path, int *fd, struct err *err)
{
	const struct timeval limit = { .tv_sec = TIMEOUT_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (str_copy(str_of(path), address.sun_path, sizeof address.sun_path))
		return err_set(err, ERR_INPUT, "%s: too long", path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return err_sys(err, "socket");
	if (setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) ||
	    setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit))
		return err_sys(err, "%s: setsockopt", path);
	if (connect(*fd, (const struct sockaddr *)&address, sizeof address)) {
		err_sys(err, "%s: connect", path);
		return err_hint(err, "no pool is running there");
	}
	return 0;
}

/* Everything that comes until the worker closes. */
static int
exchange(int fd, struct str request, struct buf *in, struct err *err)
{
	char piece[4096];
	ssize_t n;

	if (send(fd, request.p, request.n, MSG_NOSIGNAL) != (ssize_t)request.n)
		return err_sys(err, "the pool: send");
	while ((n = recv(fd, piece, sizeof piece, 0)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return err_set(err, ERR_DEADLINE,
			    "the pool: no answer in %d s", TIMEOUT_S);
		if (n < 0)
			return err_sys(err, "the pool");
		buf_put(in, piece, (size_t)n);
	}
	return buf_check(in, "the pool's answer", err);
}

static void
take_stdout(struct str in, struct buf *out)
{
	const unsigned char *head;
	size_t n;

	while (in.n >= HEAD) {
		head = (const unsigned char *)in.p;
		n = (size_t)head[4] << 8 | head[5];
		if (head[1] == STDOUT)
			buf_str(out, str_sub(in, HEAD, HEAD + n));
		in = str_sub(in, HEAD + n + head[6], in.n);
	}
}

/* "Status: 200", a head, an empty line and the JSON of answer.c. */
static int
read_answer(struct str text, char *release, size_t size, struct err *err)
{
	struct arena *arena = arena_new(JSON_MEMORY(JSON_LIMITS_DEFAULT, text.n));
	const char *end = text.n ? memmem(text.p, text.n, "\r\n\r\n", 4) : NULL;
	const struct json *json;
	int rc = -1;

	if (!end || !str_starts(text, "Status: 200"))
		err_set(err, ERR_SYSTEM, "the pool answered: %.*s",
		    STR_FMT(str_sub(text, 0, str_find(text, '\r', 0))));
	else
		rc = json_parse(
		    str_sub(text, (size_t)(end + 4 - text.p), text.n),
		    JSON_LIMITS_DEFAULT, arena, &json, err);
	if (rc == 0)
		json_get_text(json_get(json, "data"), "release", release, size);
	arena_free(arena);
	return rc;
}

static int
ask(const struct config *config, char *release, size_t size, struct err *err)
{
	struct layout_path path = layout_fcgi_socket(config);
	struct buf request, in, text;
	int fd = -1, rc = -1;

	buf_init(&request, 2048);
	buf_init(&in, ANSWER_MAX);
	buf_init(&text, ANSWER_MAX);
	put_request(&request);
	if (connect_to(path.p, &fd, err) == 0 &&
	    exchange(fd, buf_view(&request), &in, err) == 0) {
		take_stdout(buf_view(&in), &text);
		rc = text.n == 0 ? err_set(err, ERR_SYSTEM,
				       "the pool broke off without an answer")
				 : read_answer(buf_view(&text), release, size,
				       err);
	}
	file_drop(&fd);
	buf_free(&request);
	buf_free(&in);
	buf_free(&text);
	return rc;
}

int
cmd_health(int argc, char **argv)
{
	const char *file = NULL;
	struct err err = ERR_INIT;
	struct config config;
	char release[128] = "";

	if (argc == 3 && strcmp(argv[1], "-c") == 0) {
		file = argv[2];
	} else if (argc != 1) {
		fprintf(stderr,
		    "usage: rowhouse health [-c FILE]\n"
		    "Asks the pool at its socket, and prints the release that "
		    "answers, if it is of one.\n");
		return 2;
	}
	log_init("health", LOG_LEVEL_INFO);
	if (config_load(&config, file, &err) != 0 ||
	    ask(&config, release, sizeof release, &err) != 0) {
		log_err("not healthy", STR_NONE, &err);
		return err_class(err.code)->exit;
	}
	puts(release[0] ? release : "healthy");
	return fflush(stdout) != 0;
}
