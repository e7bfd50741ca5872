#include "tests/tools/support/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* FastCGI specification, 8 */
enum { RESPONDER = 1, FILTER = 3, KEEP_CONN = 1 };

void
wire_die(const char *what)
{
	fprintf(stderr, "fcgi: %s\n", what);
	exit(2);
}

void
wire_add(struct wire_bytes *bytes, const void *p, size_t n)
{
	if (bytes->n + n > bytes->cap) {
		bytes->cap = (bytes->n + n) * 2;
		bytes->p = realloc(bytes->p, bytes->cap);
		if (!bytes->p)
			wire_die("out of memory");
	}
	if (n > 0)
		memcpy(bytes->p + bytes->n, p, n);
	bytes->n += n;
}

void
wire_add_record(struct wire_bytes *out, int type, const void *p, size_t n)
{
	unsigned char head[8] = { 1, (unsigned char)type, 0, 1,
		(unsigned char)(n >> 8), (unsigned char)n, 0, 0 };

	wire_add(out, head, sizeof head);
	wire_add(out, p, n);
}

void
wire_add_stream(struct wire_bytes *out, int type, const char *p, size_t n)
{
	size_t part;

	for (; n > 0; p += part, n -= part) {
		part = n < 65535 ? n : 65535;
		wire_add_record(out, type, p, part);
	}
}

static void
add_length(struct wire_bytes *out, size_t n)
{
	unsigned char text[4] = { (unsigned char)(n >> 24 | 0x80),
		(unsigned char)(n >> 16), (unsigned char)(n >> 8),
		(unsigned char)n };

	if (n < 128)
		wire_add(out, text + 3, 1);
	else
		wire_add(out, text, 4);
}

void
wire_add_head(struct wire_bytes *out, const struct wire_options *o)
{
	unsigned char begin[8] = { 0, RESPONDER, 0, 0, 0, 0, 0, 0 };
	struct wire_bytes params = { NULL, 0, 0 };
	const char *param, *value;
	size_t i, name_n;

	if (!strcmp(o->mode, "keep"))
		begin[2] = KEEP_CONN;
	if (!strcmp(o->mode, "filter"))
		begin[1] = FILTER;
	for (i = 0; i < o->n_params; i++) {
		param = o->params[i];
		value = strchr(param, '=') + 1;
		name_n = (size_t)(value - param - 1);
		add_length(&params, name_n);
		add_length(&params, strlen(value));
		wire_add(&params, param, name_n);
		wire_add(&params, value, strlen(value));
	}
	wire_add_record(out, WIRE_BEGIN, begin, sizeof begin);
	if (!strcmp(o->mode, "liar")) {
		wire_add_record(
		    out, WIRE_PARAMS, "\xff\xff\xff\xff\xff\xff\xff\xffX", 9);
		wire_add_record(out, WIRE_PARAMS, NULL, 0);
	} else if (!strcmp(o->mode, "cut-params")) {
		wire_add_stream(out, WIRE_PARAMS, params.p, params.n / 2);
	} else {
		wire_add_stream(out, WIRE_PARAMS, params.p, params.n);
		wire_add_record(out, WIRE_PARAMS, NULL, 0);
	}
	free(params.p);
}

/* NAME=VALUE replaces, NAME takes away, ++NAME=VALUE adds. */
static void
set_param(struct wire_options *o, const char *param)
{
	const char *end = strchr(param, '=');
	size_t n = end ? (size_t)(end - param) : strlen(param);
	size_t i, kept = 0;

	if (!strncmp(param, "++", 2)) {
		param += 2;
	} else {
		for (i = 0; i < o->n_params; i++)
			if (strncmp(o->params[i], param, n) != 0 ||
			    o->params[i][n] != '=')
				o->params[kept++] = o->params[i];
		o->n_params = kept;
	}
	if (!end)
		return;
	if (o->n_params == WIRE_PARAMS_MAX)
		wire_die("too many parameters");
	o->params[o->n_params++] = param;
}

static const char *
concat(struct wire_options *o, const char *name, const char *value)
{
	size_t n = strlen(name) + strlen(value) + 1;
	char *p = malloc(n);

	if (!p)
		wire_die("out of memory");
	snprintf(p, n, "%s%s", name, value);
	if (o->n_made == WIRE_PARAMS_MAX)
		wire_die("too many parameters");
	o->made[o->n_made++] = p;
	return p;
}

void
wire_parse_options(int argc, char **argv, struct wire_options *o)
{
	const char *extra[WIRE_PARAMS_MAX];
	size_t n_extra = 0, i;
	char length[32];
	long n;
	int c;

	*o = (struct wire_options){
		.mode = "whole", .n = 1000, .connections = 1
	};
	if (argc > 1 && !strcmp(argv[1], "bench")) {
		o->bench = 1;
		argc--;
		argv++;
	}
	/* As Caddy sends them, so that parsing costs what it will. */
	set_param(o, "GATEWAY_INTERFACE=CGI/1.1");
	set_param(o, "SERVER_PROTOCOL=HTTP/2.0");
	set_param(o, "SERVER_SOFTWARE=Caddy/v2.6.2");
	set_param(o, "REQUEST_SCHEME=https");
	set_param(o, "REMOTE_ADDR=127.0.0.1");
	set_param(o, "REMOTE_PORT=49152");
	set_param(o, "HTTP_ACCEPT=*/*");
	set_param(o, "HTTP_ACCEPT_ENCODING=gzip, deflate, br");
	set_param(o, "HTTP_ACCEPT_LANGUAGE=en-US,en;q=0.9");
	set_param(o, "HTTP_USER_AGENT=fcgi/1");
	set_param(o, "HTTP_X_FORWARDED_FOR=127.0.0.1");
	set_param(o, "HTTP_X_FORWARDED_PROTO=https");
	set_param(o, "CONTENT_LENGTH=0");
	while ((c = getopt(argc, argv, "t:H:a:d:b:p:m:w:n:s:c:r:#")) != -1) {
		switch (c) {
		case 't':
			set_param(o, concat(o, "TENANT=", optarg));
			break;
		case 'H':
			set_param(o, concat(o, "HTTP_HOST=", optarg));
			break;
		case 'a':
			set_param(o, concat(o, "HTTP_AUTHORIZATION=", optarg));
			break;
		case 'd':
			wire_add(&o->body, optarg, strlen(optarg));
			break;
		case 'b':
			for (n = atol(optarg); n > 0; n--)
				wire_add(&o->body, " ", 1);
			break;
		case 'p':
			if (n_extra == WIRE_PARAMS_MAX)
				wire_die("too many parameters");
			extra[n_extra++] = optarg;
			break;
		case 'm':
			o->mode = optarg;
			break;
		case 'w':
			o->wait_ms = atol(optarg);
			break;
		case 'n':
			o->n = atol(optarg);
			break;
		case 's':
			o->seconds = atof(optarg);
			break;
		case 'c':
			o->connections = atol(optarg);
			break;
		case 'r':
			o->rate = atof(optarg);
			break;
		case '#':
			o->numbered = 1;
			break;
		default:
			wire_die("see the top of tests/tools/fcgi.c");
		}
	}
	if (argc - optind != 3)
		wire_die("[bench] [OPTION]... SOCKET METHOD URI");
	o->socket = argv[optind];
	set_param(o, concat(o, "REQUEST_METHOD=", argv[optind + 1]));
	set_param(o, concat(o, "REQUEST_URI=", argv[optind + 2]));
	if (o->body.n > 0) {
		snprintf(length, sizeof length, "%zu", o->body.n);
		set_param(o, concat(o, "CONTENT_LENGTH=", length));
		set_param(o, "CONTENT_TYPE=application/json");
		set_param(o, "HTTP_CONTENT_TYPE=application/json");
	}
	for (i = 0; i < n_extra; i++)
		set_param(o, extra[i]);
}

void
wire_free_options(struct wire_options *o)
{
	while (o->n_made > 0)
		free(o->made[--o->n_made]);
	free(o->body.p);
}

int
wire_dial(const struct wire_options *o, int flags)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(o->socket) >= sizeof address.sun_path)
		wire_die("the socket's path is too long");
	strcpy(address.sun_path, o->socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	if (fd < 0)
		wire_die(strerror(errno));
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

int
wire_unpack(const struct wire_bytes *in, struct wire_bytes *out)
{
	const unsigned char *p = (const unsigned char *)in->p;
	const unsigned char *end = p + in->n;
	size_t n;

	while (end - p >= 8) {
		n = (size_t)p[4] << 8 | p[5];
		if (p[0] != 1 || (size_t)(end - p) < 8 + n + p[6])
			return 0;
		if (p[1] == WIRE_STDOUT)
			wire_add(out, p + 8, n);
		if (p[1] == WIRE_END)
			return 1;
		p += 8 + n + p[6];
	}
	return 0;
}
