#include "fcgi/meter.h"

#include <pthread.h>
#include <stdlib.h>

#include "tenants/base/clock.h"
#include "tenants/layout.h"
#include "tests/unit/house.h"

#define THREADS 4
#define EACH    500000

static struct meter *meter;

static int
enter(void **state)
{
	meter = calloc(1, sizeof *meter);
	if (house_enter(state) != 0 || !meter)
		return -1;
	house.config.usage_keep_ms = 35 * USAGE_DAY_MS;
	return 0;
}

static int
leave(void **state)
{
	free(meter);
	return house_leave(state);
}

#define here(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static struct registry_tenant
tenant(int i)
{
	struct registry_tenant row = { .epoch = 1 };

	snprintf(row.uid, sizeof row.uid, "u%014d", i);
	snprintf(row.slug, sizeof row.slug, "t%d", i);
	return row;
}

static void
count(int i, int64_t reads, int64_t writes)
{
	const int64_t sum[USAGE_SUMS] = { [USAGE_READS] = reads,
		[USAGE_WRITES] = writes,
		[USAGE_CPU_US] = 1 };
	struct registry_tenant row = tenant(i);

	meter_add(meter, &row, sum);
}

/* All of today, in sums. */
struct total {
	int tenants;
	int64_t reads, writes, writes_peak, size;
};

static int
add_up(const struct usage *usage, void *arg)
{
	struct total *total = arg;

	total->tenants++;
	total->reads += usage->value[USAGE_READS];
	total->writes += usage->value[USAGE_WRITES];
	total->writes_peak += usage->value[USAGE_WRITES_PEAK];
	total->size += usage->value[USAGE_SIZE];
	return 0;
}

/* What stands in today's file after a flush; tests begin with none. */
static struct total
flush(int64_t elapsed_ms)
{
	struct total total = { 0 };

	OK(meter_flush(meter, &house.config, elapsed_ms, &house.err));
	OK(usage_each(
	    &house.config, clock_wall_ms(), add_up, &total, &house.err));
	return total;
}

static int
find_uid(const struct usage *usage, void *arg)
{
	struct usage *found = arg;

	if (strcmp(usage->uid, found->uid) == 0)
		*found = *usage;
	return 0;
}

static void
what_was_counted_is_written_once(void **state)
{
	struct total total;

	(void)state;
	count(1, 1, 2);
	count(2, 0, 4);
	count(1, 1, 0);
	total = flush(120000);
	assert_int_equal(total.tenants, 2);
	assert_int_equal(total.reads, 2);
	assert_int_equal(total.writes, 6);
	/* In two minutes. */
	assert_int_equal(total.writes_peak, 1 + 2);
	assert_int_equal(flush(60000).writes, 6);
	count(1, 0, 5);
	total = flush(60000);
	assert_int_equal(total.writes, 11);
	assert_int_equal(total.writes_peak, 5 + 2);
	/* Less than a minute is no more than what it is. */
	count(1, 0, 6);
	assert_int_equal(flush(10).writes_peak, 6 + 2);
}

static void
the_size_is_that_of_the_current_file(void **state)
{
	struct registry_tenant row = tenant(1);
	struct layout_path dir, path;
	const int64_t sum[USAGE_SUMS] = { 1 };

	(void)state;
	row.epoch = 7;
	dir = layout_incarnation(&house.config, row.slug, row.epoch);
	path = layout_db(&house.config, row.slug, row.epoch);
	OK(file_mkdirs(dir.p, 0750, &house.err));
	OK(file_replace(path.p, STR("twelve bytes"), 0640, &house.err));
	count(1, 1, 0);
	assert_int_equal(flush(1).size, 0);
	/* Another incarnation is the same tenant. */
	meter_add(meter, &row, sum);
	assert_int_equal(flush(1).size, 12);
	assert_int_equal(flush(1).tenants, 1);
}

static void
the_idle_make_room(void **state)
{
	struct total total;
	int i;

	(void)state;
	/* More than there are cells: some find none. */
	for (i = 0; i < 2 * METER_CELLS; i++)
		count(i, 1, 0);
	total = flush(1);
	assert_in_range(total.tenants, METER_CELLS / 2, METER_CELLS);
	assert_int_equal(total.reads, total.tenants);
	/* Of one that was claimed just before a flush nobody knows yet. */
	(void)flush(1);
	for (i = 0; i < 1000; i++)
		count(100000 + i, 0, 1);
	total = flush(1);
	assert_true(total.writes < 500);
	(void)flush(1);
	for (i = 0; i < 1000; i++)
		count(100000 + i, 0, 1);
	assert_int_equal(flush(1).writes - total.writes, 1000);
}

static int64_t
writes_of(int i)
{
	struct registry_tenant row = tenant(i);
	struct usage found = { .uid = "" };
	struct total total = { 0 };

	memcpy(found.uid, row.uid, sizeof found.uid);
	OK(usage_each(
	    &house.config, clock_wall_ms(), find_uid, &found, &house.err));
	add_up(&found, &total);
	return total.writes;
}

/* Who had the cell wrote it when it was another's already. */
static void
a_name_is_not_another_s(void **state)
{
	struct registry_tenant other = tenant(2);
	struct meter_cell *cell = meter->cell;
	uint64_t words[METER_WORDS] = { 0 };
	size_t i;

	(void)state;
	count(1, 0, 1);
	(void)flush(1);
	while (atomic_load(&cell->key) == 0)
		cell++;
	memcpy(words, other.uid, sizeof other.uid);
	memcpy(&words[2], other.slug, sizeof other.slug);
	for (i = 0; i < METER_WORDS; i++)
		atomic_store(&cell->name[i], words[i]);
	count(1, 0, 10);
	(void)flush(1);
	assert_int_equal(writes_of(2), 0);
	count(1, 0, 100);
	(void)flush(1);
	assert_int_equal(writes_of(2), 0);
	assert_int_equal(writes_of(1), 111);
}

static void *
hammer(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < EACH; i++)
		count(i % 2, 1, 1);
	return NULL;
}

static void
nothing_is_lost_between_those_who_count(void **state)
{
	pthread_t threads[THREADS];
	struct total total;
	int i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, hammer, NULL), 0);
	(void)flush(1);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	total = flush(1);
	assert_int_equal(total.tenants, 2);
	assert_int_equal(total.reads, THREADS * EACH);
	assert_int_equal(total.writes, THREADS * EACH);
}

static void
what_cannot_be_written_is_lost_and_said(void **state)
{
	(void)state;
	OK(file_replace(
	    layout_usage_all(&house.config).p, STR("x"), 0640, &house.err));
	count(1, 1, 1);
	assert_int_equal(meter_flush(meter, &house.config, 1, &house.err), -1);
	assert_non_null(strstr(house.err.msg, "usage: "));
	err_clear(&house.err);
	OK(file_remove(layout_usage_all(&house.config).p, &house.err));
	count(1, 1, 0);
	assert_int_equal(flush(1).writes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(what_was_counted_is_written_once),
		here(the_size_is_that_of_the_current_file),
		here(the_idle_make_room),
		here(a_name_is_not_another_s),
		here(nothing_is_lost_between_those_who_count),
		here(what_cannot_be_written_is_lost_and_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
