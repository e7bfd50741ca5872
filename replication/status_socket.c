#include "replication/status_socket.h"

#include <stdlib.h>
#include <string.h>

#include "replication/control.h"
#include "tenants/base/clock.h"

#define STATUS_MAX ((size_t)64 << 20)
#define FLEET_US   1000000 /* so old an answer may be … */
#define FLEET_REST 20 /* … or so many times as long as it took */

struct status_socket {
	const struct replicator_view *view;
	struct control *control;
	struct buf fleet; /* what was told of all … */
	int64_t fleet_us; /* … and is told until then, mono */
};

struct status_socket *
status_socket_new(const struct config *config,
    const struct replicator_view *view, struct err *err)
{
	struct status_socket *s = calloc(1, sizeof(*s));

	if (s == NULL)
		err_die("out of memory");
	s->view = view;
	buf_init(&s->fleet, STATUS_MAX);
	s->control = control_listen_status(config, err);
	if (s->control != NULL)
		return s;
	status_socket_free(s);
	return NULL;
}

void
status_socket_free(struct status_socket *s)
{
	if (s == NULL)
		return;
	control_close(s->control);
	buf_free(&s->fleet);
	free(s);
}

nfds_t
status_socket_fds(struct status_socket *s, struct pollfd *fds)
{
	return control_fds(s->control, fds);
}

int64_t
status_socket_due_ms(const struct status_socket *s)
{
	return control_due_ms(s->control);
}

/* It walks all streams, and nobody is replicated meanwhile. */
static void
build_fleet(struct status_socket *s)
{
	int64_t begun_us = clock_mono_us(), took_us;

	buf_reset(&s->fleet);
	replicator_put_fleet(s->view, &s->fleet);
	took_us = clock_mono_us() - begun_us;
	s->fleet_us = begun_us + took_us +
		      (took_us * FLEET_REST > FLEET_US ? took_us * FLEET_REST
						       : FLEET_US);
}

static void
answer_fleet(struct status_socket *s, struct control_client *client)
{
	if (s->fleet.n == 0 || clock_mono_us() >= s->fleet_us)
		build_fleet(s);
	control_answer(client, buf_view(&s->fleet));
}

static void
answer_tenant(struct status_socket *s, struct control_client *client,
    const struct str slug)
{
	struct stream *stream = NULL;
	char name[SLUG_MAX + 1];
	struct buf json;

	if (str_copy(slug, name, sizeof(name)) == 0)
		stream = streams_find(s->view->streams, name);
	if (stream == NULL) {
		control_answer(client, STR("null"));
		return;
	}
	buf_init(&json, STATUS_MAX);
	replicator_put_tenant(stream, &json);
	control_answer(client, buf_view(&json));
	buf_free(&json);
}

static void
on_look(void *arg, struct control_client *client, struct str line)
{
	if (str_is(line, "fleet"))
		answer_fleet(arg, client);
	else if (str_starts(line, "tenant "))
		answer_tenant(
		    arg, client, str_sub(line, strlen("tenant "), line.n));
	else
		control_answer(client, STR("error unknown request"));
}

static void
on_looked(void *arg, struct control_client *client)
{
	(void)arg, (void)client;
}

void
status_socket_serve(struct status_socket *s)
{
	control_serve(s->control, on_look, on_looked, s);
}
