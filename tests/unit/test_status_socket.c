/* What the replicator tells whoever serves requests, and how often it looks for it. */
#include "replication/status_socket.h"

#include <sqlite3.h>
#include <sys/socket.h>
#include <time.h>

#include "replication/forecast.h"
#include "tenants/ask.h"
#include "tests/unit/follow.h"

#define ANSWER_MAX ((size_t)1 << 20)
#define SLOW_MS    75
#define BOUND_MS   20000

/* A file system that takes its time to say whether a database is still there. */
static struct {
	int slow_ms, asked;
	sqlite3_vfs *real;
	sqlite3_vfs vfs;
	sqlite3_io_methods methods;
	int (*control)(sqlite3_file *file, int op, void *arg);
} shim;

static int
shim_control(sqlite3_file *file, int op, void *arg)
{
	const struct timespec pause = { 0, shim.slow_ms * 1000000L };

	if (op == SQLITE_FCNTL_HAS_MOVED) {
		shim.asked++;
		(void)nanosleep(&pause, NULL);
	}
	return shim.control(file, op, arg);
}

static int
shim_open(
    sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	int rc = shim.real->xOpen(vfs, name, file, flags, out);

	if (rc == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0) {
		shim.methods = *file->pMethods;
		shim.control = file->pMethods->xFileControl;
		shim.methods.xFileControl = shim_control;
		file->pMethods = &shim.methods;
	}
	return rc;
}

static void
install_shim(void)
{
	shim.real = sqlite3_vfs_find(NULL);
	shim.vfs = *shim.real;
	shim.vfs.zName = "slow";
	shim.vfs.xOpen = shim_open;
	shim.vfs.pNext = NULL;
	sqlite3_vfs_register(&shim.vfs, 1);
}

/* --- one who asks ---------------------------------------------------------------- */

static struct forecast_seen seen;
static struct replicator_view view;
static struct status_socket *window;
static struct buf answer;

static int
enter(void **state)
{
	struct stream *stream;

	if (follow_enter(state) != 0)
		return -1;
	shim.slow_ms = 0;
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_tenant("acme");
	follow_tenant("gone");
	follow_start();
	stream = streams_find(follow.streams, "acme");
	HAVE(stream);
	OK(stream_flush(stream, clock_wall_ms(), 1, &house.err));
	assert_true(stream_is_open(stream));
	view = (struct replicator_view){ .streams = follow.streams,
		.store = follow.store,
		.seen = &seen };
	buf_init(&answer, ANSWER_MAX);
	window = status_socket_new(&house.config, &view, &house.err);
	HAVE(window);
	shim.asked = 0;
	return 0;
}

static int
leave(void **state)
{
	status_socket_free(window);
	buf_free(&answer);
	return follow_leave(state);
}

#define window_test(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static int
dial(void)
{
	struct layout_path path = layout_status_socket(&house.config);
	struct sockaddr_un addr;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	OK(ask_address(path.p, &addr, &house.err));
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* In `answer`, without the last line's end. */
static void
ask(const char *line)
{
	int64_t until_ms = clock_mono_ms() + BOUND_MS;
	struct pollfd fds[CONTROL_CLIENTS + 1];
	char piece[4096];
	int fd = dial();
	ssize_t n;

	buf_reset(&answer);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	for (;;) {
		(void)poll(fds, status_socket_fds(window, fds), 10);
		status_socket_serve(window);
		n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
		if (n == 0)
			break;
		if (n > 0)
			buf_put(&answer, piece, (size_t)n);
		assert_true(clock_mono_ms() < until_ms);
	}
	close(fd);
	assert_true(answer.n > 0 && answer.p[answer.n - 1] == '\n');
	answer.p[answer.n - 1] = '\0';
}

/* Asks until the replicator has looked again: how long that was from the first. */
static int64_t
renewed_after_ms(void)
{
	int64_t begun_ms = clock_mono_ms();
	int asked;

	ask("fleet\n");
	asked = shim.asked;
	assert_true(asked > 0);
	do {
		ask("fleet\n");
		assert_true(clock_mono_ms() - begun_ms < BOUND_MS);
	} while (shim.asked == asked);
	return clock_mono_ms() - begun_ms;
}

/* --- claims ------------------------------------------------------------------------ */

static void
all_are_told_of_in_few_words(void **state)
{
	const char *acme, *gone;

	(void)state;
	ask("fleet\n");
	assert_int_equal(strncmp(answer.p, "{\"replica\":", 11), 0);
	assert_null(strstr(answer.p, "\"tenants\":["));
	acme = strstr(answer.p, "\nacme\t");
	gone = strstr(answer.p, "\ngone\t");
	HAVE(acme);
	HAVE(gone);
	HAVE(strstr(answer.p, "\n_registry\t"));
	/* Its base is not with the store. */
	assert_int_equal(strncmp(acme, "\nacme\tsnapshot\t", 15), 0);
	assert_int_equal(strncmp(gone, "\ngone\tstarting\t", 15), 0);
	assert_non_null(strstr(gone, "\t0\t0\t0\t0\t0\t"));
}

static void
one_is_told_of_and_nobody_else(void **state)
{
	(void)state;
	ask("tenant acme\n");
	HAVE(strstr(answer.p, "{\"tenant\":\"acme\","));
	assert_null(strstr(answer.p, "gone"));
	ask("tenant nobody\n");
	assert_string_equal(answer.p, "null");
	ask("tenant a-slug-that-is-longer-than-any-slug-may-be-that-there-is\n");
	assert_string_equal(answer.p, "null");
	ask("flush acme\n");
	assert_string_equal(answer.p, "error unknown request");
}

static void
each_database_is_looked_at_once_for_it(void **state)
{
	(void)state;
	ask("fleet\n");
	assert_int_equal(shim.asked, 1);
}

static void
an_answer_is_a_second_old_at_most_where_it_is_cheap(void **state)
{
	(void)state;
	assert_in_range(renewed_after_ms(), 1000, 5000);
}

/* A twentieth of the time: of any longer it could not keep up with the rest. */
static void
who_takes_long_to_look_rests_for_longer(void **state)
{
	(void)state;
	shim.slow_ms = SLOW_MS;
	assert_in_range(renewed_after_ms(), 20 * SLOW_MS, BOUND_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		window_test(all_are_told_of_in_few_words),
		window_test(one_is_told_of_and_nobody_else),
		window_test(each_database_is_looked_at_once_for_it),
		window_test(
		    an_answer_is_a_second_old_at_most_where_it_is_cheap),
		window_test(who_takes_long_to_look_rests_for_longer),
	};

	install_shim();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("status_socket", tests, NULL, NULL);
}
