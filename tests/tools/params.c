/*
 * params SOCKET: a FastCGI responder that answers with what it was sent, so that
 * a test can see what Caddy makes of a request:
 *
 *	TENANT=acme
 *	HTTP_HOST=acme.localhost:8080
 *	...
 *	body=5 whole=1
 */
#include <fcgiapp.h>
#include <stdio.h>
#include <sys/stat.h>

int
main(int argc, char **argv)
{
	FCGX_Request request;
	char piece[65536];
	char **param;
	long body;
	int fd, n;

	if (argc != 2) {
		fprintf(stderr, "usage: params SOCKET\n");
		return 2;
	}
	if (FCGX_Init() != 0)
		return 1;
	umask(077);
	fd = FCGX_OpenSocket(argv[1], 128);
	if (fd < 0 || FCGX_InitRequest(&request, fd, 0) != 0) {
		fprintf(stderr, "params: cannot listen on %s\n", argv[1]);
		return 1;
	}
	while (FCGX_Accept_r(&request) == 0) {
		body = 0;
		while ((n = FCGX_GetStr(piece, sizeof piece, request.in)) > 0)
			body += n;
		FCGX_FPrintF(request.out,
		    "Status: 200 OK\r\nContent-Type: text/plain\r\n"
		    "Server: params\r\n\r\n");
		for (param = request.envp; *param != NULL; param++)
			FCGX_FPrintF(request.out, "%s\n", *param);
		FCGX_FPrintF(request.out, "body=%d whole=%d\n", (int)body,
		    FCGX_GetError(request.in) == 0);
		FCGX_Finish_r(&request);
	}
	return 0;
}
