#include "tests/unit/restore_place.h"

/*
 * Objects in short: "LEVEL:MIN-MAX@TIME" with spaces between, time in seconds.
 * They have no content to speak of: what a plan reads is names and headers.
 */
static void
put_objects(struct place *place, uint32_t epoch, const char *text)
{
	struct replica *r = &place->replica;
	struct ltx_header header = { .page_size = 512, .commit = 1 };
	unsigned char page[512] = { 0 };
	int level, n;

	r->epoch = epoch;
	for (; sscanf(text, " %d:%lu-%lu@%ld%n", &level, &header.min_txid,
		   &header.max_txid, &header.time_ms, &n) == 4;
	     text += n) {
		struct err err = ERR_INIT;
		struct ltx_writer *writer;
		int64_t size;
		int fd = open(
		    r->scratch, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		assert_true(fd >= 0);
		header.time_ms *= 1000;
		writer = ltx_writer_new(fd, r->scratch, &header);
		if (header.min_txid == 1)
			assert_int_equal(
			    ltx_writer_page(writer, 1, page, &err), 0);
		assert_int_equal(ltx_writer_finish(writer, &size, &err), 0);
		ltx_writer_free(writer);
		close(fd);
		replica_put_file(r,
		    replica_key(r, level, header.min_txid, header.max_txid),
		    header.time_ms);
	}
	assert_string_equal(text, "");
}

static const char *
plan_text(const struct restore_plan *plan)
{
	static char text[4096];
	size_t n = 0;

	n += (size_t)snprintf(text, sizeof text,
	    "%u/%lu@%ld then %lu@%ld:", plan->epoch, plan->txid,
	    plan->time_ms / 1000, plan->next_txid, plan->next_time_ms / 1000);
	for (size_t i = 0; i < plan->n; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, " %d:%lu-%lu",
		    plan->objects[i].key.level, plan->objects[i].key.min_txid,
		    plan->objects[i].key.max_txid);
	return text;
}

struct question {
	uint32_t epoch;
	enum restore_point point;
	int64_t at; /* seconds, or TXID */
	const char *plan;
	const char *error;
	const char *hint;
};

static void
ask(struct place *place, const struct question *q)
{
	struct restore_opts opts = { .slug = SLUG,
		.epoch = q->epoch,
		.point = q->point,
		.time_ms = q->at * 1000,
		.txid = (uint64_t)q->at };
	struct restore_plan plan;
	struct err err = ERR_INIT;
	int rc = restore_plan(place->store, &opts, place->arena, &plan, &err);

	if (q->plan) {
		if (rc != 0)
			fail_msg("%s instead of %s", err.msg, q->plan);
		assert_string_equal(plan_text(&plan), q->plan);
	} else {
		assert_int_equal(rc, -1);
		assert_err(&err,
		    strstr(q->error, ".ltx") ? ERR_CORRUPT : ERR_NOT_FOUND,
		    q->error);
		assert_string_equal(err.hint, q->hint ? q->hint : "");
	}
	arena_reset(place->arena);
}

static void
ask_all(struct place *place, const struct question *questions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ask(place, &questions[i]);
}

static void
points_of_an_epoch(void **state)
{
	struct place *place = *state;
	static const struct question questions[] = {
		{ 0, RESTORE_LATEST, 0,
		    "1/5@500 then 0@0: 9:1-1 0:2-2 0:3-3 0:4-4 0:5-5", NULL,
		    NULL },
		{ 0, RESTORE_TIME, 100, "1/1@100 then 2@200: 9:1-1", NULL,
		    NULL },
		{ 0, RESTORE_TIME, 199, "1/1@100 then 2@200: 9:1-1", NULL,
		    NULL },
		{ 0, RESTORE_TIME, 200, "1/2@200 then 3@300: 9:1-1 0:2-2", NULL,
		    NULL },
		/* Two states of one time: the newer. */
		{ 0, RESTORE_TIME, 300,
		    "1/4@300 then 5@500: 9:1-1 0:2-2 0:3-3 0:4-4", NULL, NULL },
		{ 0, RESTORE_TIME, 499,
		    "1/4@300 then 5@500: 9:1-1 0:2-2 0:3-3 0:4-4", NULL, NULL },
		{ 0, RESTORE_TIME, 500,
		    "1/5@500 then 0@0: 9:1-1 0:2-2 0:3-3 0:4-4 0:5-5", NULL,
		    NULL },
		/* After the newest is the newest. */
		{ 0, RESTORE_TIME, 99999,
		    "1/5@500 then 0@0: 9:1-1 0:2-2 0:3-3 0:4-4 0:5-5", NULL,
		    NULL },
		{ 0, RESTORE_TXID, 3, "1/3@300 then 4@300: 9:1-1 0:2-2 0:3-3",
		    NULL, NULL },
		{ 1, RESTORE_TXID, 1, "1/1@100 then 2@200: 9:1-1", NULL, NULL },
		{ 0, RESTORE_TIME, 99, NULL,
		    "acme: nothing is as old as 1970-01-01T00:01:39.000Z; the "
		    "oldest point of epoch 00000001 is TXID 1 of "
		    "1970-01-01T00:01:40.000Z",
		    NULL },
		{ 0, RESTORE_TXID, 6, NULL,
		    "acme: epoch 00000001 has no TXID 6: its newest is TXID 5 "
		    "of "
		    "1970-01-01T00:08:20.000Z",
		    NULL },
		{ 2, RESTORE_LATEST, 0, NULL,
		    "acme: there is no epoch 00000002; the newest is 00000001",
		    NULL },
	};

	put_objects(
	    place, 1, "9:1-1@100 0:2-2@200 0:3-3@300 0:4-4@300 0:5-5@500");
	ask_all(place, questions, N_OF(questions));
}

static void
the_shortest_way(void **state)
{
	struct place *place = *state;
	static const struct question questions[] = {
		/* The newest snapshot, then what reaches farthest. */
		{ 0, RESTORE_LATEST, 0,
		    "1/24@240 then 0@0: 9:1-12 2:9-16 1:17-20 0:21-21 0:22-22 "
		    "0:23-23 0:24-24",
		    NULL, NULL },
		/* Nothing that goes beyond the point. */
		{ 0, RESTORE_TXID, 15,
		    "1/15@150 then 16@160: 9:1-12 0:13-13 0:14-14 0:15-15",
		    NULL, NULL },
		{ 0, RESTORE_TXID, 16, "1/16@160 then 17@170: 9:1-12 2:9-16",
		    NULL, NULL },
		{ 0, RESTORE_TXID, 12, "1/12@120 then 13@130: 9:1-12", NULL,
		    NULL },
		{ 0, RESTORE_TIME, 119,
		    "1/11@110 then 12@120: 9:1-1 2:2-8 0:9-9 0:10-10 0:11-11",
		    NULL, NULL },
	};

	put_objects(place, 1,
	    "9:1-1@10 0:2-2@20 0:3-3@30 0:4-4@40 0:5-5@50 0:6-6@60 0:7-7@70 "
	    "0:8-8@80 0:9-9@90 0:10-10@100 0:11-11@110 0:12-12@120 "
	    "0:13-13@130 0:14-14@140 0:15-15@150 0:16-16@160 0:17-17@170 "
	    "0:18-18@180 0:19-19@190 0:20-20@200 0:21-21@210 0:22-22@220 "
	    "0:23-23@230 0:24-24@240 "
	    "1:2-4@40 1:5-8@80 1:9-12@120 1:13-16@160 1:17-20@200 "
	    "2:2-8@80 2:9-16@160 9:1-12@120");
	ask_all(place, questions, N_OF(questions));
}

/* Raw files are gone where they are old: fewer points, and no gap. */
static void
compacted_history(void **state)
{
	struct place *place = *state;
	static const struct question questions[] = {
		{ 0, RESTORE_LATEST, 0,
		    "1/10@100 then 0@0: 9:1-1 2:2-9 0:10-10", NULL, NULL },
		{ 0, RESTORE_TIME, 95, "1/9@90 then 10@100: 9:1-1 2:2-9", NULL,
		    NULL },
		{ 0, RESTORE_TIME, 89, "1/1@10 then 9@90: 9:1-1", NULL, NULL },
		{ 0, RESTORE_TXID, 5, NULL,
		    "acme: epoch 00000001 has no state of TXID 5: after 1 "
		    "comes 9",
		    "what can be restored is TXID 1 of "
		    "1970-01-01T00:00:10.000Z, and TXID 9 of "
		    "1970-01-01T00:01:30.000Z" },
	};

	put_objects(place, 1, "9:1-1@10 2:2-9@90 0:10-10@100");
	ask_all(place, questions, N_OF(questions));
}

static void
gaps(void **state)
{
	struct place *place = *state;
	static const struct question questions[] = {
		{ 0, RESTORE_LATEST, 0, NULL,
		    "acme: epoch 00000001: TXID 10 is missing on the way to 11",
		    "what can be restored is TXID 9 of "
		    "1970-01-01T00:01:30.000Z" },
		{ 0, RESTORE_TXID, 5, NULL,
		    "acme: epoch 00000001: TXID 4 is missing on the way to 5",
		    "what can be restored is TXID 3 of "
		    "1970-01-01T00:00:30.000Z, and TXID 8 of "
		    "1970-01-01T00:01:20.000Z" },
		{ 0, RESTORE_TIME, 50, NULL,
		    "acme: epoch 00000001: TXID 4 is missing on the way to 5",
		    "what can be restored is TXID 3 of "
		    "1970-01-01T00:00:30.000Z, and TXID 8 of "
		    "1970-01-01T00:01:20.000Z" },
		{ 0, RESTORE_TXID, 3, "1/3@30 then 5@50: 9:1-1 0:2-2 0:3-3",
		    NULL, NULL },
		{ 0, RESTORE_TXID, 9, "1/9@90 then 11@110: 9:1-8 0:9-9", NULL,
		    NULL },
	};

	put_objects(place, 1,
	    "9:1-1@10 0:2-2@20 0:3-3@30 0:5-5@50 0:6-6@60 9:1-8@80 0:9-9@90 "
	    "0:11-11@110");
	ask_all(place, questions, N_OF(questions));
}

static void
epochs_follow_their_parents(void **state)
{
	struct place *place = *state;
	static const struct question questions[] = {
		{ 0, RESTORE_LATEST, 0, "5/2@520 then 0@0: 9:1-1 0:2-2", NULL,
		    NULL },
		{ 0, RESTORE_TIME, 510, "5/1@510 then 2@520: 9:1-1", NULL,
		    NULL },
		/* Between two epochs: the end of the older one. */
		{ 0, RESTORE_TIME, 509, "3/2@350 then 0@0: 9:1-1 0:2-2", NULL,
		    NULL },
		{ 0, RESTORE_TIME, 349, "3/1@300 then 2@350: 9:1-1", NULL,
		    NULL },
		{ 0, RESTORE_TIME, 299, "1/2@150 then 0@0: 9:1-1 0:2-2", NULL,
		    NULL },
		{ 3, RESTORE_LATEST, 0, "3/2@350 then 0@0: 9:1-1 0:2-2", NULL,
		    NULL },
		{ 3, RESTORE_TIME, 9999, "3/2@350 then 0@0: 9:1-1 0:2-2", NULL,
		    NULL },
		{ 0, RESTORE_TIME, 99, NULL,
		    "acme: nothing is as old as 1970-01-01T00:01:39.000Z; the "
		    "oldest point of epoch 00000001 is TXID 1 of "
		    "1970-01-01T00:01:40.000Z",
		    NULL },
		{ 3, RESTORE_TIME, 299, NULL,
		    "acme: nothing is as old as 1970-01-01T00:04:59.000Z; the "
		    "oldest point of epoch 00000003 is TXID 1 of "
		    "1970-01-01T00:05:00.000Z",
		    NULL },
	};

	put_objects(place, 1, "9:1-1@100 0:2-2@150");
	put_objects(place, 3, "9:1-1@300 0:2-2@350");
	put_objects(place, 5, "9:1-1@510 0:2-2@520");
	replica_put_owner(&place->replica,
	    "{\"uid\":\"u1\",\"host\":\"h\",\"time\":"
	    "\"1970-01-01T00:08:20Z\",\"parent_epoch\":3,\"parent_txid\":2,"
	    "\"why\":\"restored\"}");
	ask_all(place, questions, N_OF(questions));
}

/* Claimed, and its base is still on the way: not a state yet. */
static void
an_epoch_without_a_base(void **state)
{
	struct place *place = *state;
	static const struct question questions[] = {
		{ 0, RESTORE_LATEST, 0, "1/1@100 then 0@0: 9:1-1", NULL, NULL },
		{ 2, RESTORE_LATEST, 0, NULL, "acme: no epoch has a base (yet)",
		    NULL },
	};
	struct restore_opts opts = { .slug = SLUG };
	struct restore_plan plan;
	struct err err = ERR_INIT;

	put_objects(place, 2, "0:2-2@200");
	replica_put_owner(&place->replica, "{}");
	assert_int_equal(
	    restore_plan(place->store, &opts, place->arena, &plan, &err), -1);
	assert_err(&err, ERR_NOT_FOUND, "acme: no epoch has a base (yet)");
	put_objects(place, 1, "9:1-1@100");
	ask_all(place, questions, N_OF(questions));
	assert_int_equal(
	    restore_plan(place->store, &opts, place->arena, &plan, &err), 0);
	assert_int_equal(plan.newest_epoch, 2);
}

/* The name was another tenant's before. */
static void
epochs_of_another_tenant(void **state)
{
	struct place *place = *state;
	static const struct question questions[] = {
		{ 0, RESTORE_TIME, 250, "2/1@200 then 0@0: 9:1-1", NULL, NULL },
		{ 0, RESTORE_TIME, 199, NULL,
		    "acme: nothing is as old as 1970-01-01T00:03:19.000Z; the "
		    "oldest point of epoch 00000002 is TXID 1 of "
		    "1970-01-01T00:03:20.000Z",
		    NULL },
		{ 1, RESTORE_TIME, 199, "1/1@100 then 0@0: 9:1-1", NULL, NULL },
	};

	put_objects(place, 1, "9:1-1@100");
	replica_put_owner(&place->replica, "{\"uid\":\"first\"}");
	put_objects(place, 2, "9:1-1@200");
	replica_put_owner(&place->replica, "{\"uid\":\"second\"}");
	put_objects(place, 3, "9:1-1@300");
	replica_put_owner(&place->replica, "{\"uid\":\"second\"}");
	ask_all(place, questions, N_OF(questions));
}

/* The base is gone, the claim says when the epoch began. */
static void
history_that_is_no_longer_kept(void **state)
{
	struct place *place = *state;
	static const struct question questions[] = {
		{ 0, RESTORE_TIME, 250, "2/9@250 then 10@260: 9:1-9", NULL,
		    NULL },
		{ 0, RESTORE_TIME, 249, NULL,
		    "acme: what epoch 00000002 had before TXID 9 of "
		    "1970-01-01T00:04:10.000Z is no longer kept",
		    NULL },
		{ 0, RESTORE_TIME, 200, NULL,
		    "acme: what epoch 00000002 had before TXID 9 of "
		    "1970-01-01T00:04:10.000Z is no longer kept",
		    NULL },
		{ 0, RESTORE_TIME, 199, "1/1@100 then 0@0: 9:1-1", NULL, NULL },
	};

	put_objects(place, 1, "9:1-1@100");
	put_objects(place, 2, "9:1-9@250 0:10-10@260");
	replica_put_owner(
	    &place->replica, "{\"time\":\"1970-01-01T00:03:20Z\"}");
	ask_all(place, questions, N_OF(questions));
}

static void
nothing_there(void **state)
{
	struct place *place = *state;
	struct restore_opts opts = { .slug = "globex" };
	struct restore_plan plan;
	struct err err = ERR_INIT;
	char message[700];

	put_objects(place, 1, "9:1-1@100");
	assert_int_equal(
	    restore_plan(place->store, &opts, place->arena, &plan, &err), -1);
	snprintf(message, sizeof message,
	    "globex: there is no replica of it in file://%s/r", place->dir);
	assert_err(&err, ERR_NOT_FOUND, message);
	assert_string_equal(
	    err.hint, "is the name right? --from URL looks elsewhere");
}

/* What is asked for nearby is found; what only they could say is not guessed. */
static void
headers_that_are_damaged(void **state)
{
	static const char lost[] =
	    "acme/00000001/0/0000000000000003-0000000000000003.ltx: ends after "
	    "0 bytes, in the header";
	static const char nearest[] =
	    "what can be restored is TXID 2 of 1970-01-01T00:00:20.000Z, and "
	    "TXID 5 of 1970-01-01T00:00:50.000Z";
	struct place *place = *state;
	static const struct question questions[] = {
		{ 0, RESTORE_TXID, 2, "1/2@20 then 4@40: 9:1-1 0:2-2", NULL,
		    NULL },
		{ 0, RESTORE_TXID, 3, NULL, lost, nearest },
		{ 0, RESTORE_TIME, 19, "1/1@10 then 2@20: 9:1-1", NULL, NULL },
		{ 0, RESTORE_TIME, 25, NULL, lost, nearest },
		{ 0, RESTORE_TIME, 39, NULL, lost, nearest },
		{ 0, RESTORE_TIME, 55, "1/5@50 then 6@60: 9:1-5", NULL, NULL },
		{ 0, RESTORE_TIME, 65, "1/6@60 then 7@70: 9:1-5 0:6-6", NULL,
		    NULL },
		{ 0, RESTORE_LATEST, 0, "1/7@70 then 0@0: 9:1-5 0:6-6 0:7-7",
		    NULL, NULL },
	};
	char path[700];

	put_objects(place, 1,
	    "9:1-1@10 0:2-2@20 0:3-3@30 0:4-4@40 0:5-5@50 9:1-5@50 0:6-6@60 "
	    "0:7-7@70");
	snprintf(path, sizeof path,
	    "%s/r/acme/00000001/ltx/0/0000000000000003-0000000000000003.ltx",
	    place->dir);
	assert_int_equal(truncate(path, 0), 0);
	ask_all(place, questions, N_OF(questions));
	/* Neither of two that follow each other is a way to the other. */
	*strrchr(path, '/') = '\0';
	strcat(path, "/0000000000000002-0000000000000002.ltx");
	assert_int_equal(truncate(path, 0), 0);
	ask(place,
	    &(struct question){ 0, RESTORE_TXID, 3, NULL, lost,
		"what can be restored is TXID 1 of 1970-01-01T00:00:10.000Z, "
		"and TXID 5 of 1970-01-01T00:00:50.000Z" });
	ask(place,
	    &(struct question){
		0, RESTORE_TXID, 1, "1/1@10 then 4@40: 9:1-1", NULL, NULL });
	/* A base that is spoilt began no earlier than it was claimed. */
	place->replica.epoch = 2;
	replica_put_owner(
	    &place->replica, "{\"time\":\"1970-01-01T00:01:40Z\"}");
	put_objects(place, 2, "9:1-1@110");
	snprintf(path, sizeof path,
	    "%s/r/acme/00000002/ltx/9/0000000000000001-0000000000000001.ltx",
	    place->dir);
	assert_int_equal(truncate(path, 0), 0);
	ask(place,
	    &(struct question){ 0, RESTORE_TIME, 65,
		"1/6@60 then 7@70: 9:1-5 0:6-6", NULL, NULL });
	ask(place,
	    &(struct question){ 0, RESTORE_TIME, 105, NULL,
		"acme/00000002/9/0000000000000001-0000000000000001.ltx: ends "
		"after 0 bytes, in the header",
		NULL });
}

static void
headers_that_lie(void **state)
{
	struct place *place = *state;
	struct restore_opts opts = { .slug = SLUG };
	struct restore_plan plan;
	struct err err = ERR_INIT;

	/* What lies in scratch is the header of 2-2. */
	put_objects(place, 1, "9:1-1@100 0:2-2@200");
	replica_put_file(
	    &place->replica, replica_key(&place->replica, 0, 3, 3), 300);
	assert_int_equal(
	    restore_plan(place->store, &opts, place->arena, &plan, &err), -1);
	assert_err(&err, ERR_CORRUPT,
	    "acme/00000001/0/0000000000000003-0000000000000003.ltx: header: "
	    "holds TXIDs 2 to 2");
	assert_int_equal(truncate(place->replica.scratch, 50), 0);
	replica_put_file(
	    &place->replica, replica_key(&place->replica, 0, 4, 4), 300);
	assert_int_equal(
	    restore_plan(place->store, &opts, place->arena, &plan, &err), -1);
	assert_err(&err, ERR_CORRUPT,
	    "acme/00000001/0/0000000000000004-0000000000000004.ltx: ends "
	    "after 50 bytes, in the header");
}

static void
claims(void **state)
{
	struct place *place = *state;
	static const struct {
		const char *json;
		int rc;
		struct restore_owner owner;
		const char *error;
	} cases[] = {
		{ "{\"slug\":\"acme\",\"uid\":\"u\",\"host\":\"h\",\"time\":"
		  "\"1970-01-01T00:00:01.5Z\",\"parent_epoch\":7,"
		  "\"parent_txid\":9,\"why\":\"w\"}",
		    0, { 1, "u", "h", 1500, 7, 9, "w" }, NULL },
		{ "{}", 0, { 1, "", "", 0, 0, 0, "" }, NULL },
		{ "{\"uid\":7,\"time\":\"soon\",\"parent_epoch\":-1,"
		  "\"parent_txid\":\"x\"}",
		    0, { 1, "", "", 0, 0, 0, "" }, NULL },
		{ "[]", -1, { 0 }, "acme/00000006/owner: is not a claim" },
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct restore_owner owner;
		struct err err = ERR_INIT;

		place->replica.epoch = (uint32_t)i + 3;
		replica_put_owner(&place->replica, cases[i].json);
		assert_int_equal(restore_owner_read(place->store, SLUG,
				     place->replica.epoch, &owner, &err),
		    cases[i].rc);
		if (cases[i].rc != 0) {
			assert_err(&err, ERR_CORRUPT, cases[i].error);
			continue;
		}
		assert_int_equal(owner.found, 1);
		assert_string_equal(owner.uid, cases[i].owner.uid);
		assert_string_equal(owner.host, cases[i].owner.host);
		assert_string_equal(owner.why, cases[i].owner.why);
		assert_int_equal(owner.time_ms, cases[i].owner.time_ms);
		assert_int_equal(
		    owner.parent_epoch, cases[i].owner.parent_epoch);
		assert_int_equal(owner.parent_txid, cases[i].owner.parent_txid);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		here(points_of_an_epoch),
		here(the_shortest_way),
		here(compacted_history),
		here(gaps),
		here(epochs_follow_their_parents),
		here(an_epoch_without_a_base),
		here(epochs_of_another_tenant),
		here(history_that_is_no_longer_kept),
		here(nothing_there),
		here(headers_that_are_damaged),
		here(headers_that_lie),
		here(claims),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
