/* What the replicator says about all, and what Prometheus is told of it. */
#include "replication/status_show.h"

#include "replication/forecast.h"
#include "replication/proof.h"
#include "replication/replicator.h"
#include "tests/unit/follow.h"
#include "tests/unit/switch_to.h"

#define TEXT_MAX (1 << 20)

static struct buf text;
static struct arena *arena;
static struct forecast_seen seen;

static int
enter(void **state)
{
	buf_init(&text, TEXT_MAX);
	arena = arena_new(16L * TEXT_MAX);
	memset(&seen, 0, sizeof(seen));
	return follow_enter(state);
}

static int
leave(void **state)
{
	buf_free(&text);
	arena_free(arena);
	return follow_leave(state);
}

#define status_test(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static struct stream *
begin(void)
{
	follow_sql("acme", 1, "INSERT INTO t VALUES (1)");
	follow_tenant("acme");
	follow_start();
	follow_all();
	return streams_find(follow.streams, "acme");
}

static const struct json *
status(void)
{
	const struct json *root;

	buf_reset(&text);
	replicator_put_status(
	    &(struct replicator_view){ .streams = follow.streams,
		.store = follow.store,
		.seen = &seen },
	    &text);
	OK(json_parse(buf_view(&text), (struct json_limits){ 8, 10000 }, arena,
	    &root, &house.err));
	return root;
}

static const struct json *
row_of(const struct json *root, const char *slug, int skip)
{
	const struct json *row = json_get(root, "tenants")->child;

	for (; row != NULL; row = row->next) {
		if (str_is(json_get(row, "tenant")->string, slug) &&
		    skip-- == 0)
			return row;
	}
	return NULL;
}

static void
says(const struct json *object, const char *name, const char *want)
{
	assert_string_equal(status_text(object, name, arena), want);
}

static void
totals_are_of_all(void **state)
{
	const struct json *root, *total, *row;

	(void)state;
	begin();
	root = status();
	total = json_get(root, "total");
	row = row_of(root, "acme", 0);
	assert_int_equal(status_int(total, "tenants"), 2);
	assert_int_equal(status_int(total, "unproven"), 2);
	assert_int_equal(status_int(total, "puts"), 4);
	assert_int_equal(status_int(row, "puts"), 2);
	assert_int_equal(status_int(total, "size"),
	    status_int(row, "size") +
		status_int(row_of(root, SLUG_REGISTRY, 0), "size"));
	assert_int_equal(status_int(total, "bytes_out"),
	    status_int(row, "bytes_out") +
		status_int(row_of(root, SLUG_REGISTRY, 0), "bytes_out"));
	says(row, "state", "idle");
	says(row, "proven", "");
	says(row, "error", "");
	assert_int_equal(
	    json_get(json_get(root, "forecast"), "hour")->type, JSON_NULL);
}

static void
a_failed_proof_is_an_error_in_its_epoch(void **state)
{
	struct proof proof = { .time_ms = 1000,
		.epoch = 1,
		.txid = 1,
		.failed = 1,
		.what = "page 2 differs" };
	struct stream *stream;
	const struct json *row;

	(void)state;
	stream = begin();
	OK(proof_write(stream->spool_dir, &proof, &house.err));
	stream_read_proof(stream);
	row = row_of(status(), "acme", 0);
	says(row, "error", "failed proof: TXID 1: page 2 differs");
	says(row, "hint", "rowhouse verify acme --new-epoch");
	says(row, "proven", "1970-01-01T00:00:01.000Z");
	assert_int_equal(
	    status_int(json_get(status(), "total"), "proof_failed"), 1);
	stream->pos.epoch++;
	row = row_of(status(), "acme", 0);
	says(row, "error", "");
	says(row, "proven", "");
	/* Damaged, it says nothing. */
	stream->pos.epoch--;
	OK(file_replace(house_path("data/tenants/acme/00000001/spool/proven"),
	    STR("{\"time_ms\":1,\"epoch\":-1}"), 0600, &house.err));
	stream_read_proof(stream);
	says(row_of(status(), "acme", 0), "error", "");
}

static void
one_that_was_replaced_is_shown_until_it_is_shipped(void **state)
{
	const struct json *root;

	(void)state;
	begin();
	follow_sql("acme", 1, "INSERT INTO t VALUES (2)");
	follow_sql("acme", 2, "INSERT INTO t VALUES (3)");
	OK(switch_to(
	    follow.registry, STR("acme"), 1, 2, 1, 1, &house.err));
	OK(streams_reconcile(follow.streams, follow.registry, &house.err));
	root = status();
	says(row_of(root, "acme", 0), "state", "starting");
	says(row_of(root, "acme", 1), "state", "retired");
	assert_null(row_of(root, "acme", 2));
	follow_all();
	root = status();
	assert_null(row_of(root, "acme", 1));
}

/* Each line is a comment of a new family or a sample of the last one. */
static void
prometheus_can_read_it(void **state)
{
	struct str rest, line, family = STR_NONE;
	size_t families = 0, samples = 0;
	char name[128], type[16];
	struct stream *stream;
	const struct json *root;
	struct buf out;

	(void)state;
	stream = begin();
	stream->counts.checkpoint_us = 1234567;
	stream->dirty = 1;
	stream->dirty_ms = clock_wall_ms() - 2500;
	root = status();
	buf_init(&out, TEXT_MAX);
	status_put_prometheus(root, &out);
	rest = buf_view(&out);
	while (str_next(&rest, '\n', &line) && line.n > 0) {
		if (str_starts(line, "# HELP "))
			continue;
		if (sscanf(arena_strz(arena, line), "# TYPE %127s %15s", name,
			type) == 2) {
			family = str_of(arena_strz(arena, str_of(name)));
			families++;
			assert_int_equal(str_ends(family, "_total"),
			    str_ends(line, " counter"));
			continue;
		}
		samples++;
		if (!str_starts(line, arena_strz(arena, family)))
			fail_msg("not of %.*s: %.*s", STR_FMT(family),
			    STR_FMT(line));
	}
	assert_true(families > 25);
	assert_true(samples > families);
	buf_putc(&out, '\0');
	assert_non_null(strstr(out.p,
	    "rowhouse_checkpoint_seconds_total{tenant=\"acme\"} 1.234567\n"));
	assert_non_null(strstr(out.p,
	    "rowhouse_requests_total{tenant=\"acme\",verb=\"put\"} 2\n"));
	assert_non_null(
	    strstr(out.p, "rowhouse_store_requests_total{verb=\"put\"} 4\n"));
	assert_non_null(strstr(
	    out.p, "rowhouse_replication_lag_seconds{tenant=\"acme\"} 2."));
	assert_non_null(strstr(out.p,
	    "rowhouse_proof_timestamp_seconds{tenant=\"acme\"} 0.000\n"));
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		status_test(totals_are_of_all),
		status_test(a_failed_proof_is_an_error_in_its_epoch),
		status_test(one_that_was_replaced_is_shown_until_it_is_shipped),
		status_test(prometheus_can_read_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
