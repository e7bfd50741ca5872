#include "replication/fair.h"

#include "tests/unit/follow.h"

/* A store in a directory begins eight operations at once. */
#define ROOM    8
#define TENANTS 20

static struct fair fair;

static const char *
name(int i)
{
	static char text[8];

	snprintf(text, sizeof(text), "t%02u", (unsigned)i % 100);
	return text;
}

static struct stream *
stream_of(int i)
{
	return streams_find(follow.streams, name(i));
}

/* Everything that is dirty is in the spool, durable; nothing is shipped. */
static void
spool_all(void)
{
	size_t i;

	for (i = 0; i < follow.streams->n_active; i++) {
		struct stream *stream = follow.streams->active[i];

		if (stream->dirty)
			OK(stream_flush(
			    stream, clock_wall_ms(), 1, &house.err));
		while (stream->snapshot != NULL)
			assert_true(stream_step(stream, 100, &house.err) >= 0);
		OK(stream_sync(stream, &house.err));
	}
}

/* A row of so many bytes, captured: one more file in the spool. */
static void
write_to(int i, int bytes)
{
	char sql[80];

	snprintf(
	    sql, sizeof(sql), "INSERT INTO t VALUES (randomblob(%d))", bytes);
	follow_sql(name(i), 1, sql);
	stream_touch(stream_of(i));
	streams_activate(follow.streams, stream_of(i));
	spool_all();
}

/* n tenants whose bases are shipped, so that only what follows counts. */
static void
begin(int n)
{
	int i;

	memset(&fair, 0, sizeof(fair));
	for (i = 0; i < n; i++) {
		follow_tenant(name(i));
		follow_sql(name(i), 1, "INSERT INTO t VALUES (1)");
	}
	follow_start();
	follow_all();
	assert_int_equal(follow.streams->n_active, 0);
}

static void
ship(void)
{
	fair_ship(&fair, follow.streams, follow.store, clock_mono_ms());
}

static void
land(void)
{
	while (store_room(follow.store) < ROOM)
		(void)store_poll(follow.store, NULL, 0, 0);
	(void)store_poll(follow.store, NULL, 0, 0);
}

static size_t
in_flight(void)
{
	size_t i, n = 0;

	for (i = 0; i < follow.streams->n_active; i++)
		n += follow.streams->active[i]->in_flight != 0;
	return n;
}

static void
no_more_than_the_store_begins(void **state)
{
	int i;

	(void)state;
	begin(TENANTS);
	for (i = 0; i < TENANTS; i++)
		write_to(i, 10);
	ship();
	assert_int_equal(in_flight(), ROOM);
	assert_int_equal(store_room(follow.store), 0);
	ship();
	assert_int_equal(in_flight(), ROOM);
	land();
	ship();
	assert_int_equal(in_flight(), ROOM);
	land();
	ship();
	assert_int_equal(in_flight(), TENANTS - 2 * ROOM);
	land();
	ship();
	assert_int_equal(in_flight(), 0);
}

/* One with a hundred files waiting, others with one: all in turn. */
static void
a_backlog_waits_its_turn(void **state)
{
	int i, round;

	(void)state;
	begin(TENANTS);
	for (i = 0; i < 100; i++)
		write_to(0, 10);
	for (i = 1; i < TENANTS; i++) {
		write_to(i, 10);
		write_to(i, 10);
	}
	/* Twenty places for the first, in rounds of eight. */
	for (round = 0; round < 5; round++) {
		ship();
		land();
	}
	for (i = 0; i < TENANTS; i++)
		assert_in_range(stream_of(i)->acked, 3, 3);
	for (round = 0; round < 200 && stream_of(0)->spool->n > 0; round++) {
		ship();
		land();
	}
	assert_int_equal(stream_of(0)->acked, 101);
	assert_int_equal(stream_of(1)->acked, 3);
}

static void
who_is_waited_for_goes_first(void **state)
{
	int i;

	(void)state;
	begin(TENANTS);
	for (i = 0; i < TENANTS; i++)
		write_to(i, 10);
	stream_of(TENANTS - 1)->urgent = 1;
	ship();
	assert_int_equal(stream_of(TENANTS - 1)->in_flight, 1);
	land();
	assert_int_equal(stream_of(TENANTS - 1)->acked, 2);
	assert_int_equal(stream_of(TENANTS - 1)->urgent, 0);
}

/* Imports take two of eight places, however many there are. */
static void
large_objects_leave_room(void **state)
{
	int i, large;

	(void)state;
	begin(TENANTS);
	for (i = 0; i < TENANTS; i++)
		write_to(i, i < 12 ? 2 << 20 : 10);
	ship();
	for (i = 0, large = 0; i < 12; i++)
		large += stream_of(i)->in_flight != 0;
	assert_int_equal(large, 2);
	assert_int_equal(in_flight(), ROOM);
	for (i = 0; i < 30; i++) {
		land();
		ship();
	}
	for (i = 0; i < TENANTS; i++)
		assert_int_equal(stream_of(i)->acked, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		follow_test(no_more_than_the_store_begins),
		follow_test(a_backlog_waits_its_turn),
		follow_test(who_is_waited_for_goes_first),
		follow_test(large_objects_leave_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
