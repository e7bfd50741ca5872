#include "tenants/base/net.h"

#include "tenants/base/clock.h"
#include "tests/unit/s3_script.h"

static struct {
	int done;
	struct err err;
	char reply[200];
	char data[200];
	size_t data_n;
	char header[100];
	int refuse; /* what comes, in data() */
} got;

static int
on_data(struct net_request *request, const void *p, size_t n, struct err *err)
{
	(void)request;
	if (got.refuse)
		return err_set(err, ERR_FULL, "enough");
	memcpy(got.data + got.data_n, p, n);
	got.data_n += n;
	return 0;
}

static void
on_done(struct net_request *request, const struct err *err)
{
	got.done++;
	got.err = *err;
	snprintf(got.reply, sizeof got.reply, "%.*s",
	    STR_FMT(buf_view(&request->reply)));
	snprintf(got.header, sizeof got.header, "%.*s",
	    STR_FMT(net_header(request, "x-thing")));
}

static struct net *net;
static struct net_request request;

static void
enter(const struct turn *turns, size_t n)
{
	struct net_opts opts = { .connections = 1, .connect_ms = 5000 };
	struct err err = ERR_INIT;

	script_begin(turns, n);
	net = net_new(&opts, &err);
	assert_non_null(net);
	memset(&got, 0, sizeof got);
}

static void
leave(void)
{
	net_free(net);
	script_end();
}

static void
run(const char *scheme, struct net_request *what)
{
	char url[100];

	snprintf(url, sizeof url, "%s://127.0.0.1:%d/x", scheme, script.port);
	what->url = url;
	what->done = on_done;
	if (!what->path)
		what->fd = -1;
	got.done = 0;
	got.data_n = 0;
	net_start(net, what);
	while (!got.done)
		(void)net_poll(net, NULL, 0, 10000);
}

static void
an_answer_is_taken_as_it_is(void **state)
{
	static const struct turn turns[] = {
		{ .want = "GET /x HTTP/1.1\r\nHost: ",
		    "!user-agent",
		    "200 OK",
		    "X-Thing: 1\r\n",
		    "hello" },
		{ .want = "PUT /x HTTP/1.1\r\n", "\r\n\r\nbytes", "200 OK" },
		/* a redirect is not followed */
		{ .want = "GET /x ",
		    "!expect",
		    "302 Found",
		    "Location: http://127.0.0.1:1/\r\n",
		    "there" },
		{ .want = "DELETE /x ", NULL, "500 No", NULL, "sorry" },
		{ .want = "HEAD /x ", NULL, "200 OK" },
	};

	(void)state;
	/* Nor is a proxy used that the environment names. */
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	enter(turns, N_OF(turns));
	request = (struct net_request){ .method = "GET", .data = on_data };
	run("http", &request);
	assert_int_equal(got.err.code, ERR_NONE);
	assert_int_equal(request.status, 200);
	assert_int_equal(got.data_n, 5);
	assert_string_equal(got.header, "1");
	request = (struct net_request){ .method = "PUT", .body = STR("bytes") };
	run("http", &request);
	assert_int_equal(request.status, 200);
	assert_int_equal(request.sent, 5);
	request = (struct net_request){ .method = "GET", .data = on_data };
	run("http", &request);
	assert_int_equal(request.status, 302);
	assert_int_equal(request.fault, NET_OK);
	assert_int_equal(got.data_n, 0);
	assert_string_equal(got.reply, "there");
	request = (struct net_request){ .method = "DELETE" };
	run("http", &request);
	assert_int_equal(request.status, 500);
	assert_string_equal(got.reply, "sorry");
	request = (struct net_request){ .method = "HEAD" };
	run("http", &request);
	assert_int_equal(request.status, 200);
	assert_int_equal(net_busy(net), 0);
	leave();
	unsetenv("http_proxy");
}

static void
faults(void **state)
{
	static const struct turn turns[] = {
		{ .want = "GET ", NULL, "200 OK", NULL, "hello", 2 },
		{ .want = "GET ", NULL, NULL },
		{ .want = "GET ", NULL, "200 OK", NULL, "hello" },
		{ .want = "GET ", NULL, "200 OK", NULL, "hello" },
	};
	char want[200];

	(void)state;
	enter(turns, N_OF(turns));
	request = (struct net_request){ .method = "GET", .data = on_data };
	run("http", &request);
	assert_int_equal(request.fault, NET_LOST);
	snprintf(want, sizeof want,
	    "http://127.0.0.1:%d: Transferred a partial file", script.port);
	assert_err(&got.err, ERR_SYSTEM, want);
	request = (struct net_request){ .method = "GET" };
	run("http", &request);
	assert_int_equal(request.fault, NET_LOST);
	request = (struct net_request){ .method = "GET", .data = on_data };
	got.refuse = 1;
	run("http", &request);
	assert_int_equal(request.fault, NET_OURS);
	assert_err(&got.err, ERR_FULL, "enough");
	/* More than there is room for. */
	request = (struct net_request){ .method = "GET", .reply_max = 4 };
	run("http", &request);
	assert_int_equal(request.fault, NET_LOST);
	snprintf(want, sizeof want,
	    "http://127.0.0.1:%d: an answer of more than 4 bytes", script.port);
	assert_err(&got.err, ERR_SYSTEM, want);
	leave();
}

static void
nobody_there(void **state)
{
	struct net_opts opts = { .connections = 1, .connect_ms = 5000 };
	struct err err = ERR_INIT;

	(void)state;
	script_begin(NULL, 0);
	script_end();
	memset(&got, 0, sizeof got);
	net = net_new(&opts, &err);
	assert_non_null(net);
	request = (struct net_request){ .method = "GET" };
	run("http", &request);
	assert_int_equal(request.fault, NET_UNSENT);
	assert_non_null(strstr(got.err.msg, "Couldn't connect to server"));
	net_free(net);
}

/* A server that takes the request and says nothing. */
static void
a_stall_ends(void **state)
{
	struct net_opts opts = { .connections = 1, .connect_ms = 5000 };
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof address;
	struct err err = ERR_INIT;
	int64_t before = clock_mono_ms();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
	script.port = ntohs(address.sin_port);
	memset(&got, 0, sizeof got);
	net = net_new(&opts, &err);
	request = (struct net_request){ .method = "GET", .stall_ms = 1000 };
	run("http", &request);
	assert_int_equal(request.fault, NET_LOST);
	assert_string_equal(got.err.hint, "it stalled, or took too long");
	request = (struct net_request){ .method = "GET", .whole_ms = 200 };
	run("http", &request);
	assert_int_equal(request.fault, NET_LOST);
	assert_in_range(clock_mono_ms() - before, 1000, 60000);
	net_free(net);
	close(fd);
}

static void
cancelled_and_forgotten(void **state)
{
	static struct net_request many[20];
	struct net_opts opts = { .connections = 4, .connect_ms = 5000 };
	struct err err = ERR_INIT;

	(void)state;
	memset(&got, 0, sizeof got);
	net = net_new(&opts, &err);
	for (size_t i = 0; i < N_OF(many); i++) {
		many[i] = (struct net_request){ .method = "GET",
			.url = "http://127.0.0.1:1/",
			.fd = -1,
			.done = on_done };
		net_start(net, &many[i]);
	}
	assert_int_equal(net_busy(net), 20);
	net_cancel(&many[3]);
	net_cancel(&many[3]);
	assert_int_equal(net_busy(net), 19);
	net_free(net);
	assert_int_equal(got.done, 0);
}

static void
dates(void **state)
{
	(void)state;
	assert_int_equal(
	    net_date(STR("Fri, 24 May 2013 00:00:00 GMT")), 1369353600000);
	assert_int_equal(net_date(STR("")), -1);
	assert_int_equal(net_date(STR("some day")), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_taken_as_it_is),
		cmocka_unit_test(faults),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(a_stall_ends),
		cmocka_unit_test(cancelled_and_forgotten),
		cmocka_unit_test(dates),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
