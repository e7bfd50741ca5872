/* Jobs as records, and what the steward does with them where no command is run. */
#include "tenants/job.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <time.h>

#include "tenants/base/clock.h"
#include "tenants/job_progress.h"
#include "tenants/steward.h"
#include "tests/unit/house.h"

#define DAY_MS   (INT64_C(24) * 3600 * 1000)
#define BOUND_MS 30000

static struct arena *arena;

static int
enter(void **state)
{
	arena = arena_new((size_t)64 << 20);
	return house_enter(state);
}

static int
leave(void **state)
{
	arena_free(arena);
	return house_leave(state);
}

#define job_test(f) cmocka_unit_test_setup_teardown(f, enter, leave)

static int
allow(const struct job *job, void *arg, struct err *err)
{
	(void)job, (void)err;
	if (arg != NULL)
		++*(int *)arg;
	return 0;
}

static int
refuse(const struct job *job, void *arg, struct err *err)
{
	(void)job, (void)arg;
	return err_set(err, ERR_BUSY, "not now");
}

static struct job
about(enum job_kind kind, const char *slug)
{
	struct job job = { .kind = kind, .epoch = 1 };

	snprintf(job.tenant, sizeof(job.tenant), "%.40s", slug);
	strcpy(job.uid, "u");
	return job;
}

static struct job
add(enum job_kind kind, const char *slug)
{
	struct job job = about(kind, slug);

	OK(job_add(&house.config, &job, allow, NULL, &house.err));
	return job;
}

static struct job
read_job(const char *id)
{
	struct job job;

	OK(job_read(&house.config, str_of(id), arena, &job, &house.err));
	return job;
}

static const char *
path_of(const char *id, const char *end)
{
	char name[100];

	snprintf(name, sizeof(name), "data/jobs/%.60s%s", id, end);
	return house_path(name);
}

static int
is_there(const char *path)
{
	return file_exists(path, &house.err) == 1;
}

/* --- records ------------------------------------------------------------------------ */

static void
a_record_comes_back_as_it_was(void **state)
{
	struct job job = about(JOB_CLONE, "acme"), back;

	(void)state;
	strcpy(job.to, "copy");
	strcpy(job.to_uid, "v");
	job.at_ms = 1800000000123;
	OK(job_add(&house.config, &job, allow, NULL, &house.err));
	job.state = JOB_FAILED;
	job.attempts = 8;
	job.begun_ms = 1800000000456;
	job.ended_ms = 1800000000789;
	strcpy(job.error, "\"no\"\n");
	job.result = STR("{\"a\":[1]}");
	OK(job_write(&house.config, &job, &house.err));
	back = read_job(job.id);
	assert_int_equal(back.kind, JOB_CLONE);
	assert_int_equal(back.state, JOB_FAILED);
	assert_string_equal(back.tenant, "acme");
	assert_string_equal(back.to, "copy");
	assert_string_equal(back.to_uid, "v");
	assert_int_equal(back.at_ms, job.at_ms);
	assert_int_equal(back.asked_ms, job.asked_ms);
	assert_int_equal(back.begun_ms, job.begun_ms);
	assert_int_equal(back.ended_ms, job.ended_ms);
	assert_int_equal(back.attempts, 8);
	assert_string_equal(back.error, job.error);
	assert_true(str_eq(back.result, job.result));
}

static void
of_one_tenant_there_is_one(void **state)
{
	struct job first = add(JOB_VERIFY, "acme"), job = about(JOB_CLONE, "else");
	char want[160];

	(void)state;
	snprintf(want, sizeof(want),
	    "job %s is about the same tenant and has not ended", first.id);
	strcpy(job.to, "acme");
	FAILS(job_add(&house.config, &job, allow, NULL, &house.err),
	    ERR_CONFLICT, want);
	first.state = JOB_RUNNING;
	OK(job_write(&house.config, &first, &house.err));
	job = about(JOB_EXPORT, "acme");
	FAILS(job_add(&house.config, &job, allow, NULL, &house.err),
	    ERR_CONFLICT, want);
	(void)add(JOB_EXPORT, "acm");
	first.state = JOB_CANCELLED;
	OK(job_write(&house.config, &first, &house.err));
	(void)add(JOB_EXPORT, "acme");
}

static void
so_many_wait_and_no_more_the_oldest_first(void **state)
{
	struct file_names names;
	struct job job;
	char slug[32];
	int i;

	(void)state;
	for (i = 0; i < JOB_OPEN; i++) {
		snprintf(slug, sizeof(slug), "t%d", i);
		job = add(JOB_VERIFY, slug);
	}
	job = about(JOB_VERIFY, "late");
	FAILS(job_add(&house.config, &job, allow, NULL, &house.err), ERR_LIMIT,
	    "100 jobs wait already");
	OK(job_list(&house.config, arena, &names, &house.err));
	assert_int_equal(names.n, JOB_OPEN);
	for (i = 1; i < JOB_OPEN; i++)
		assert_true(read_job(names.name[i - 1]).asked_ms <=
			    read_job(names.name[i]).asked_ms);
	job = read_job(names.name[0]);
	job.state = JOB_DONE;
	OK(job_write(&house.config, &job, &house.err));
	(void)add(JOB_VERIFY, "late");
}

static void
what_is_refused_leaves_nothing(void **state)
{
	struct job job = about(JOB_VERIFY, "acme");
	struct file_names names;

	(void)state;
	FAILS(job_add(&house.config, &job, refuse, NULL, &house.err), ERR_BUSY,
	    "not now");
	OK(job_list(&house.config, arena, &names, &house.err));
	assert_int_equal(names.n, 0);
}

static void
tatters_hold_up_nobody(void **state)
{
	static const char *const tatters[] = { "", "{", "[]", "{\"id\":1}",
		"{\"id\":\"1795908762758-aaaaaaaaaaaaaaa\",\"kind\":\"no\"}" };
	const char *id = "1795908762758-aaaaaaaaaaaaaaa";
	struct job job = add(JOB_VERIFY, "acme"), other;
	size_t i;

	(void)state;
	unit_put(path_of("1795908762758-A", ""), STR("{}"));
	for (i = 0; i < N_OF(tatters); i++) {
		unit_put(path_of(id, ""), str_of(tatters[i]));
		err_clear(&house.err);
		assert_int_equal(job_read(&house.config, str_of(id), arena,
				     &other, &house.err),
		    -1);
		assert_int_equal(house.err.code, ERR_CORRUPT);
		err_clear(&house.err);
	}
	/* Nor one that says it is another. */
	OK(file_replace(path_of(id, ""),
	    STR("{\"id\":\"x\",\"kind\":\"verify\",\"state\":\"waiting\","
		"\"tenant\":\"zed\"}"),
	    0660, &house.err));
	(void)add(JOB_VERIFY, "zed");
	assert_int_equal(read_job(job.id).state, JOB_WAITING);
}

/* --- cancelling, and how far it is ----------------------------------------------------- */

static int
cancel(const char *id, int *asked)
{
	struct job job;

	return job_cancel(
	    &house.config, str_of(id), arena, allow, asked, &job, &house.err);
}

static void
it_is_wished_once_that_it_be_cancelled(void **state)
{
	struct job job = add(JOB_RESTORE, "acme");
	char want[160];
	int asked = 0;

	(void)state;
	OK(cancel(job.id, &asked));
	OK(cancel(job.id, &asked));
	assert_int_equal(asked, 1);
	assert_true(read_job(job.id).cancelling);
	job.state = JOB_DONE;
	OK(job_write(&house.config, &job, &house.err));
	assert_false(read_job(job.id).cancelling);
	snprintf(want, sizeof(want), "job %s has ended: done", job.id);
	FAILS(cancel(job.id, &asked), ERR_CONFLICT, want);
	job.state = JOB_CANCELLED;
	OK(job_write(&house.config, &job, &house.err));
	OK(cancel(job.id, &asked));
	assert_int_equal(asked, 1);
	FAILS(cancel("../x", &asked), ERR_NOT_FOUND,
	    "that is the id of no job");
}

static void
how_far_it_is_is_told_once_a_second(void **state)
{
	struct job job = add(JOB_RESTORE, "acme");
	struct job_progress progress;

	(void)state;
	job_progress_find(&progress);
	assert_int_equal(progress.fd, -1);
	OK(job_progress_begin(&house.config, job.id, &house.err));
	job_progress_find(&progress);
	assert_int_equal(read_job(job.id).total, 0);
	job_progress_tell(&progress, 10, INT64_MAX);
	/* It is of one that runs. */
	assert_int_equal(read_job(job.id).total, 0);
	job.state = JOB_RUNNING;
	OK(job_write(&house.config, &job, &house.err));
	assert_int_equal(read_job(job.id).done, 10);
	assert_int_equal(read_job(job.id).total, INT64_MAX);
	job_progress_tell(&progress, 20, INT64_MAX);
	assert_int_equal(read_job(job.id).done, 10);
	progress.told_ms -= 1000;
	job_progress_tell(&progress, 30, 40);
	assert_int_equal(read_job(job.id).done, 30);
	assert_int_equal(house_file_size(path_of(job.id, ".progress")),
	    JOB_PROGRESS_BYTES);
	unit_put(path_of(job.id, ".progress"),
	    STR("                  50                   40\n"));
	assert_int_equal(read_job(job.id).total, 0);
	close(progress.fd);
	unsetenv("ROWHOUSE_JOB_PROGRESS");
}

/* --- the steward ------------------------------------------------------------------------- */

/* This program again, which is `rowhouse job` then: it fails in a way that passes. */
static pid_t
start_steward(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct steward *steward;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		steward = steward_new(&house.config, &house.err);
		if (steward != NULL)
			steward_run(steward);
		steward_free(steward);
		_exit(steward == NULL);
	}
	return pid;
}

static void
stop_steward(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* While it is so; the steward does what there is to do at once. */
static void
wait_while(int (*is_so)(const char *id), const char *id)
{
	const struct timespec pause = { 0, 10 * 1000000L };
	int64_t until_ms = clock_mono_ms() + BOUND_MS;

	while (is_so(id)) {
		arena_reset(arena);
		assert_true(clock_mono_ms() < until_ms);
		(void)nanosleep(&pause, NULL);
	}
}

static int
goes_on(const char *id)
{
	struct job job = read_job(id);

	return !job_has_ended(&job);
}

static int
was_tried_twice_at_most(const char *id)
{
	return read_job(id).attempts < 3;
}

static void
it_is_tried_so_often_and_each_time_later(void **state)
{
	struct job last = add(JOB_VERIFY, "acme"), over = add(JOB_VERIFY, "b"),
		   fresh;
	int64_t begun_ms = clock_mono_ms();
	pid_t pid;

	(void)state;
	last.state = JOB_WAITING;
	last.attempts = 7;
	last.begun_ms = clock_wall_ms() - DAY_MS;
	OK(job_write(&house.config, &last, &house.err));
	over.state = JOB_RUNNING;
	over.attempts = 8;
	over.begun_ms = last.begun_ms;
	OK(job_write(&house.config, &over, &house.err));
	fresh = add(JOB_VERIFY, "c");
	pid = start_steward();
	wait_while(goes_on, last.id);
	assert_int_equal(read_job(last.id).state, JOB_FAILED);
	assert_int_equal(read_job(last.id).attempts, 8);
	assert_string_equal(read_job(last.id).error, "exit status 75");
	wait_while(goes_on, over.id);
	assert_string_equal(read_job(over.id).error, "interrupted 8 times");
	/* After one second, and after two. */
	wait_while(was_tried_twice_at_most, fresh.id);
	assert_in_range(clock_mono_ms() - begun_ms, 3000, BOUND_MS);
	assert_true(goes_on(fresh.id));
	stop_steward(pid);
}

static int
is_kept(const char *id)
{
	return is_there(path_of(id, ""));
}

static struct job
ended(enum job_kind kind, int64_t ago_ms)
{
	struct job job = add(kind, "acme");

	job.state = JOB_DONE;
	job.ended_ms = clock_wall_ms() - ago_ms;
	OK(job_write(&house.config, &job, &house.err));
	return job;
}

/* The ids are asked for at one time: they differ by chance, and sort by it. */
static struct job
aged(int64_t asked_ms, struct str result)
{
	struct job job = about(JOB_EXPORT, "acme");
	char id[64];

	job.state = JOB_DONE;
	job.asked_ms = asked_ms;
	job.ended_ms = clock_wall_ms();
	job.result = result;
	snprintf(id, sizeof(id), "%013lld-aaaaaaaaaaaaaaa",
	    (long long)asked_ms);
	OK(str_copy(str_of(id), job.id, sizeof(job.id)));
	OK(job_write(&house.config, &job, &house.err));
	return job;
}

static void
what_has_ended_is_kept_for_a_while(void **state)
{
	struct job old, young, first, kept;
	struct layout_path export;
	int64_t now_ms = clock_wall_ms();
	pid_t pid;
	int i;

	(void)state;
	old = ended(JOB_EXPORT, JOB_KEEP_MS + 1000);
	young = ended(JOB_EXPORT, JOB_KEEP_MS - DAY_MS);
	export = job_export_path(&house.config, &old);
	OK(file_mkdirs(layout_exports(&house.config).p, 0700, &house.err));
	unit_put(export.p, STR("x"));
	unit_put(job_export_path(&house.config, &young).p, STR("y"));
	pid = start_steward();
	wait_while(is_kept, old.id);
	assert_false(is_there(export.p));
	assert_true(is_kept(young.id));
	assert_true(is_there(job_export_path(&house.config, &young).p));
	stop_steward(pid);

	/* With the one above there are 201 then, and it is the newest. */
	first = aged(now_ms - 1000, STR_NONE);
	kept = aged(now_ms - 999, STR_NONE);
	for (i = 2; i < JOB_KEPT; i++)
		(void)aged(now_ms - 1000 + i, STR_NONE);
	pid = start_steward();
	wait_while(is_kept, first.id);
	assert_true(is_kept(kept.id));
	assert_true(is_kept(young.id));
	stop_steward(pid);
}

static int
are_more_than_are_kept(const char *id)
{
	struct file_names names;

	(void)id;
	OK(job_list(&house.config, arena, &names, &house.err));
	return names.n > JOB_OPEN + JOB_KEPT;
}

/* Put there by whoever may write to the directory; names without a record. */
static void
litter(int files, int64_t asked_ms, const char *end)
{
	char name[250];
	int i, fd;

	for (i = 0; i < files; i++) {
		snprintf(name, sizeof(name), "%013lld-aaaaaaaaaaaaaaa%s",
		    (long long)(asked_ms + i), end);
		fd = open(path_of(name, ""), O_WRONLY | O_CREAT, 0660);
		assert_true(fd >= 0);
		close(fd);
	}
}

/* Guards: what does not fit into the memory for names ended the process. */
static void
a_full_directory_ends_nobody(void **state)
{
	static const char *const rest = ".cancel.and.a.name.that.is.so.long";
	struct job job = add(JOB_VERIFY, "acme"), other;
	int64_t now_ms = clock_wall_ms();
	struct buf large;
	pid_t pid;
	int i;

	(void)state;
	buf_init(&large, JOB_RESULT);
	buf_puts(&large, "{\"a\":[1");
	for (i = 0; i < 1800; i++)
		buf_puts(&large, ",1");
	buf_puts(&large, "]}");
	job.attempts = 8;
	job.begun_ms = now_ms - DAY_MS;
	OK(job_write(&house.config, &job, &house.err));
	litter(40000, now_ms - DAY_MS, rest);
	litter(JOB_LISTED, now_ms - 2 * JOB_KEEP_MS, "");
	/* Who opens it waits for somebody at its other end. */
	assert_int_equal(
	    mkfifo(path_of("1000000000000-aaaaaaaaaaaaaaa", ""), 0660), 0);
	for (i = 0; i < JOB_LISTED; i++)
		(void)aged(now_ms - DAY_MS + i, buf_view(&large));
	buf_free(&large);
	/* One of those that are not looked at may be about him. */
	other = about(JOB_VERIFY, "late");
	FAILS(job_add(&house.config, &other, allow, NULL, &house.err),
	    ERR_LIMIT, "1001 jobs wait already");
	pid = start_steward();
	wait_while(goes_on, job.id);
	wait_while(are_more_than_are_kept, job.id);
	assert_true(is_kept(job.id));
	(void)add(JOB_VERIFY, "acme");
	stop_steward(pid);
}

static void
put_left(const char *slug, const char *name)
{
	struct layout_path dir = layout_incarnation(&house.config, slug, 2);
	char path[LAYOUT_MAX + 32];

	OK(file_mkdirs(dir.p, 0770, &house.err));
	snprintf(path, sizeof(path), "%s/%s", dir.p, name);
	unit_put(path, STR("half"));
}

static int
is_left(const char *slug)
{
	return is_there(layout_incarnation(&house.config, slug, 2).p);
}

/* Guards: it stayed, as large as the tenant, until he was restored again. */
static void
what_killed_restores_left_goes(void **state)
{
	struct layout_path held = layout_tenant(&house.config, "held");
	struct layout_path whole = layout_db(&house.config, "whole", 2);
	struct job job;
	pid_t pid;
	int fd;

	(void)state;
	put_left("acme", "db.sqlite.restoring");
	put_left("acme", "db.sqlite.restoring-wal");
	put_left("held", "db.sqlite.restoring");
	put_left("whole", "db.sqlite.restoring");
	put_left("whole", "db.sqlite");
	fd = open(held.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
	pid = start_steward();
	wait_while(is_left, "acme");
	/* A restore that failed while it is at work: the next attempt begins anew. */
	put_left("acme", "db.sqlite.restoring");
	job = add(JOB_RESTORE, "acme");
	wait_while(is_left, "acme");
	stop_steward(pid);
	assert_true(is_left("held"));
	assert_true(is_there(whole.p));
	snprintf(whole.p + strlen(whole.p), 16, ".restoring");
	assert_false(is_there(whole.p));
	assert_int_equal(read_job(job.id).state, JOB_WAITING);
	close(fd);
}

static int
is_wished(const char *id)
{
	return is_there(path_of(id, ".cancel"));
}

static void
one_that_waits_is_cancelled_by_whoever_comes_next(void **state)
{
	struct job job = add(JOB_ERASE, "acme"), begun = add(JOB_ERASE, "b");
	pid_t pid;

	(void)state;
	OK(cancel(job.id, NULL));
	OK(cancel(begun.id, NULL));
	/* As if a steward had begun it meanwhile, and was killed. */
	begun.attempts = 1;
	begun.state = JOB_RUNNING;
	OK(job_write(&house.config, &begun, &house.err));
	pid = start_steward();
	wait_while(goes_on, job.id);
	assert_int_equal(read_job(job.id).state, JOB_CANCELLED);
	assert_int_equal(read_job(job.id).attempts, 0);
	wait_while(is_wished, job.id);
	wait_while(is_wished, begun.id);
	assert_true(read_job(begun.id).state != JOB_CANCELLED);
	stop_steward(pid);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		job_test(a_record_comes_back_as_it_was),
		job_test(of_one_tenant_there_is_one),
		job_test(so_many_wait_and_no_more_the_oldest_first),
		job_test(what_is_refused_leaves_nothing),
		job_test(tatters_hold_up_nobody),
		job_test(it_is_wished_once_that_it_be_cancelled),
		job_test(how_far_it_is_is_told_once_a_second),
		job_test(it_is_tried_so_often_and_each_time_later),
		job_test(what_has_ended_is_kept_for_a_while),
		job_test(what_killed_restores_left_goes),
		job_test(a_full_directory_ends_nobody),
		job_test(one_that_waits_is_cancelled_by_whoever_comes_next),
	};

	if (argc > 1 && strcmp(argv[1], "job") == 0)
		return 75;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
