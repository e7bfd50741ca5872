#include "replication/control.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tenants/layout.h"
#include "tests/unit/house.h"

static int
dial(void)
{
	struct layout_path path = layout_control_socket(&house.config);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	OK(str_copy(str_of(path.p), addr.sun_path, sizeof(addr.sun_path)));
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void
on_request(void *arg, struct control_client *client, struct str line)
{
	(void)arg, (void)line;
	control_answer(client, STR("fine"));
}

static void
on_gone(void *arg, struct control_client *client)
{
	(void)client;
	++*(int *)arg;
}

/* How many descriptors call for something to be done. */
static int
calls(struct control *control)
{
	struct pollfd fds[CONTROL_CLIENTS + 1];

	return poll(fds, control_fds(control, fds), 0);
}

/* All places are taken by clients that say nothing. */
static void
one_too_many_waits_and_keeps_nobody_awake(void **state)
{
	struct control *control;
	int fd[CONTROL_CLIENTS + 1];
	int gone = 0, i;
	char text[8];

	(void)state;
	control = control_listen(&house.config, &house.err);
	HAVE(control);
	for (i = 0; i < CONTROL_CLIENTS; i++)
		fd[i] = dial();
	assert_int_equal(calls(control), 1);
	control_serve(control, on_request, on_gone, &gone);
	assert_int_equal(calls(control), 0);
	fd[i] = dial();
	assert_int_equal(calls(control), 0);
	assert_int_equal(write(fd[i], "status\n", 7), 7);
	assert_int_equal(calls(control), 0);
	/* Its turn comes when one leaves. */
	close(fd[0]);
	assert_int_equal(calls(control), 1);
	control_serve(control, on_request, on_gone, &gone);
	assert_int_equal(gone, 1);
	control_serve(control, on_request, on_gone, &gone);
	assert_int_equal(read(fd[i], text, sizeof(text)), 5);
	assert_memory_equal(text, "fine\n", 5);
	for (i = 1; i <= CONTROL_CLIENTS; i++)
		close(fd[i]);
	control_close(control);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		house_test(one_too_many_waits_and_keeps_nobody_awake),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
