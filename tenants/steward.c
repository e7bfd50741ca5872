/*
 * One loop: what is in the directory, oldest first; inotify says when there is
 * more, a pidfd when one has ended.
 *
 * The record says "running" before there is a process, and how it ended after
 * it has: a record that says so when nobody is at it was interrupted.  What
 * failed in a way that passes (exit status 75), or was interrupted, is tried
 * again a few times, each time later.
 *
 * One that is to be cancelled is stopped like that, and was perhaps done when
 * the signal came.  So the next attempt only asks whether it was
 * (rowhouse job --was-done), and the record says what is true, whoever is killed on the way: the
 * wish is a file, which goes when that is written.
 */
#include "tenants/steward.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/log.h"
#include "tenants/base/sandbox.h"
#include "tenants/job.h"
#include "tenants/job_progress.h"
#include "tenants/job_said.h"
#include "tenants/leftover.h"
#include "tenants/owner.h"

#define BINARY    "/proc/self/exe"
#define AT_ONCE   2
#define LOOK_MS   60000 /* should inotify have missed something */
#define AGAIN_MS  1000 /* where a record could not be written */
#define FIRST_MS  1000
#define LAST_MS   60000
#define STOP_MS   5000 /* from SIGTERM to SIGKILL, of one to be cancelled */
#define ATTEMPTS  8
#define TRY_AGAIN 75
#define FOREVER   INT64_MAX

/* One that is in progress, or whose end has not been written down yet. */
struct task {
	struct job job; /* id "": none */
	struct arena *arena;
	pid_t pid; /* 0: it has ended */
	int pid_fd;
	int out, err; /* what it says: files that have no name */
	int64_t kill_ms; /* mono: it was told to end; 0: it was not */
};

struct steward {
	const struct config *config;
	struct layout_path dir;
	int lock, signals, changes;
	struct task task[AT_ONCE];
	struct arena *names, *record; /* of a look, of one of them */
	int64_t look_ms; /* mono */
	int leaving; /* begins nothing any more */
	int stopping; /* and ends what is in progress */
};

static int64_t
backoff_ms(int64_t attempts)
{
	int64_t wait_ms = FIRST_MS;

	while (--attempts > 0 && wait_ms < LAST_MS)
		wait_ms *= 2;
	return wait_ms;
}

static void
note(const struct job *job, const char *event)
{
	struct log_line line;

	log_begin(&line,
	    job->state == JOB_FAILED ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, event);
	log_str(&line, "job", str_of(job->id));
	log_str(&line, "tenant", str_of(job->tenant));
	if (job->error[0] != '\0')
		log_str(&line, "text", str_of(job->error));
	log_end(&line);
}

/* --- one process ------------------------------------------------------------- */

/* In the child. */
static void
become(char *const *argv, pid_t parent, int out, int err)
{
	sigset_t none;
	int input;

	sigemptyset(&none);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
	    sigprocmask(SIG_SETMASK, &none, NULL) != 0)
		return;
	input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (input < 0 || dup2(input, STDIN_FILENO) < 0 ||
	    dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		return;
	execv(BINARY, argv);
}

static int
begin(struct steward *steward, struct task *task, struct err *err)
{
	char name[] = "rowhouse", verb[] = "job", c[] = "-c";
	char insist[] = "--require-sandbox", ask[] = "--was-done";
	char file[CONFIG_PATH_MAX];
	char *argv[8] = { name, verb, task->job.id, c, file };
	int n = 5;
	pid_t parent = getpid(), pid;

	(void)snprintf(file, sizeof(file), "%s", steward->config->file);
	if (steward->config->sandbox == SANDBOX_INSIST)
		argv[n++] = insist;
	if (task->job.cancelling)
		argv[n++] = ask;
	task->out = memfd_create("rowhouse-job", MFD_CLOEXEC);
	task->err = memfd_create("rowhouse-job", MFD_CLOEXEC);
	if (task->out < 0 || task->err < 0)
		return err_sys(err, "memfd_create");
	pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0) {
		become(argv, parent, task->out, task->err);
		_exit(127);
	}
	task->pid = pid;
	task->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return task->pid_fd < 0 ? err_sys(err, "pidfd_open") : 0;
}

static void
drop(struct task *task)
{
	file_drop(&task->pid_fd);
	file_drop(&task->out);
	file_drop(&task->err);
	arena_free(task->arena);
	memset(task, 0, sizeof(*task));
	task->pid_fd = task->out = task->err = -1;
}

static void
try_again(struct steward *steward, struct task *task)
{
	struct job *job = &task->job;

	job->state = job->attempts < ATTEMPTS || steward->stopping ? JOB_WAITING
								   : JOB_FAILED;
}

/* Written down; and what nobody needs of one that has ended is gone. */
static int
record(struct steward *steward, struct job *job, struct err *err)
{
	if (job_progress_end(steward->config, job->id, err) != 0 ||
	    job_write(steward->config, job, err) != 0)
		return -1;
	return job_has_ended(job)
		   ? job_cancel_heard(steward->config, job, err)
		   : 0;
}

/* Its record says how it ended; where that cannot be written, later. */
static void
settle(struct steward *steward, struct task *task)
{
	struct err err = ERR_INIT;

	if (record(steward, &task->job, &err) != 0) {
		log_err("jobs", str_of(task->job.tenant), &err);
		steward->look_ms = clock_mono_ms() + AGAIN_MS;
		return;
	}
	note(&task->job,
	    task->job.state == JOB_WAITING ? "job put off" : "job ended");
	drop(task);
	steward->look_ms = 0;
}

/* Stopped, or asked: was it done?  Until that is answered it has not ended. */
static enum job_state
after_cancelling(const struct task *task, int status)
{
	return task->kill_ms != 0 || WIFSIGNALED(status) ||
		       WEXITSTATUS(status) == TRY_AGAIN
		   ? JOB_WAITING
		   : JOB_CANCELLED;
}

/* What is half made of a restore that was stopped is of no use to anybody. */
static void
clear_up(struct steward *steward, const struct job *job)
{
	struct err err = ERR_INIT;

	if (job->kind == JOB_RESTORE && job->state != JOB_DONE &&
	    leftover_clear(steward->config, job->tenant, &err) != 0)
		log_err("jobs", str_of(job->tenant), &err);
}

static void
ended(struct steward *steward, struct task *task, int status)
{
	struct job *job = &task->job;
	char how[64];

	task->pid = 0;
	job->error[0] = '\0';
	job->ended_ms = clock_wall_ms();
	if (WIFSIGNALED(status)) {
		(void)snprintf(
		    how, sizeof(how), "ended by signal %d", WTERMSIG(status));
		job_said_error(job, task->err, task->out, task->arena, how);
		try_again(steward, task);
	} else if (WEXITSTATUS(status) == 0) {
		job->state = JOB_DONE;
		job_said_result(
		    steward->config, job, task->out, task->arena);
	} else {
		(void)snprintf(
		    how, sizeof(how), "exit status %d", WEXITSTATUS(status));
		job_said_error(job, task->err, task->out, task->arena, how);
		job->state = JOB_FAILED;
		if (WEXITSTATUS(status) == TRY_AGAIN)
			try_again(steward, task);
	}
	if (job->state != JOB_DONE && (task->kill_ms != 0 || job->cancelling))
		job->state = after_cancelling(task, status);
	if (!job_has_ended(job))
		job->ended_ms = 0;
	clear_up(steward, job);
	settle(steward, task);
}

static void
reap(struct steward *steward)
{
	struct task *task = steward->task;
	int status;

	for (; task < steward->task + AT_ONCE; task++)
		if (task->pid != 0 &&
		    waitpid(task->pid, &status, WNOHANG) == task->pid)
			ended(steward, task, status);
}

/* --- the directory ------------------------------------------------------------- */

static struct task *
find_task(struct steward *steward, const char *id)
{
	struct task *task = steward->task;

	for (; task < steward->task + AT_ONCE; task++)
		if (strcmp(task->job.id, id) == 0)
			return task;
	return NULL;
}

static void
start(struct steward *steward, struct task *task, const struct job *job)
{
	struct err err = ERR_INIT;

	task->job = *job;
	task->job.result = STR_NONE;
	task->arena = arena_new(8 * JOB_SIZE);
	task->job.state = JOB_RUNNING;
	task->job.attempts++;
	task->job.begun_ms = clock_wall_ms();
	if (job_write(steward->config, &task->job, &err) == 0) {
		note(&task->job, "job begins");
		if (begin(steward, task, &err) == 0)
			return;
	}
	log_err("jobs", str_of(job->tenant), &err);
	/* Without a pidfd its end shows at the next look. */
	if (task->pid == 0)
		drop(task);
	steward->look_ms = clock_mono_ms() + AGAIN_MS;
}

static void
give_up(struct steward *steward, struct job *job, enum job_state state)
{
	struct err err = ERR_INIT;

	job->state = state;
	job->ended_ms = clock_wall_ms();
	if (record(steward, job, &err) != 0)
		log_err("jobs", str_of(job->tenant), &err);
	else
		note(job, "job ended");
}

static void
stop(struct task *task)
{
	if (task->pid == 0 || task->kill_ms != 0 || task->job.cancelling)
		return;
	task->kill_ms = clock_mono_ms() + STOP_MS;
	(void)kill(task->pid, SIGTERM);
}

/* Where it was begun before, what is left is to ask whether it was done. */
static void
cancel(struct steward *steward, struct job *job)
{
	struct task *task = find_task(steward, job->id);
	struct err err = ERR_INIT;

	if (job->kind == JOB_ERASE && job->attempts > 0) {
		/* It began while that was wished: half an erasure is none. */
		if (job_cancel_heard(steward->config, job, &err) != 0)
			log_err("jobs", str_of(job->tenant), &err);
		job->cancelling = 0;
	} else if (task != NULL) {
		stop(task);
	} else if (job->attempts == 0) {
		give_up(steward, job, JOB_CANCELLED);
	}
}

/* How long not yet. */
static int64_t
wait_of(const struct job *job)
{
	int64_t rest_ms = job->cancelling ? AGAIN_MS : backoff_ms(job->attempts);
	int64_t wait_ms = job->begun_ms + rest_ms - clock_wall_ms();

	/* A clock that was set back is no reason to wait for longer. */
	return job->attempts == 0 || wait_ms > rest_ms ? 0 : wait_ms;
}

/* Its time has come, or a while is left until then. */
static void
consider(struct steward *steward, struct job *job)
{
	int64_t wait_ms;

	if (job->cancelling)
		cancel(steward, job);
	if (job_has_ended(job) || steward->leaving ||
	    find_task(steward, job->id) != NULL)
		return;
	if (job->attempts >= ATTEMPTS && !job->cancelling) {
		if (job->error[0] == '\0')
			(void)snprintf(job->error, sizeof(job->error),
			    "interrupted %lld times", (long long)job->attempts);
		give_up(steward, job, JOB_FAILED);
		return;
	}
	wait_ms = wait_of(job);
	if (wait_ms > 0) {
		if (steward->look_ms > clock_mono_ms() + wait_ms)
			steward->look_ms = clock_mono_ms() + wait_ms;
	} else if (find_task(steward, "") != NULL) {
		start(steward, find_task(steward, ""), job);
	}
}

static void
forget(struct steward *steward, const struct job *job)
{
	struct layout_path path = steward->dir;
	size_t n = strlen(path.p);
	struct err err = ERR_INIT;

	(void)snprintf(path.p + n, sizeof(path.p) - n, "/%s", job->id);
	if ((job->kind == JOB_EXPORT &&
		file_remove(job_export_path(steward->config, job).p, &err) !=
		    0) ||
	    job_cancel_heard(steward->config, job, &err) != 0 ||
	    file_remove(path.p, &err) != 0)
		log_err("jobs", str_of(job->tenant), &err);
}

static int
read_one(struct steward *steward, const char *id, struct job *out,
    struct err *err)
{
	arena_reset(steward->record);
	err_clear(err);
	return job_read(
	    steward->config, str_of(id), steward->record, out, err);
}

/*
 * The newest first, so that it is known how many are kept.  Where so many are
 * newer, those are enough, whatever they are: of what has ended nobody needs
 * this one, and what cannot be read would be in the way of others for good.
 */
static void
prune(struct steward *steward, const struct file_names *names)
{
	int64_t now_ms = clock_wall_ms();
	size_t i, kept = 0, newer = names->more;

	for (i = names->n; i-- > 0; newer++) {
		struct err err = ERR_INIT;
		struct job job = { .kind = JOB_KINDS };
		int many = newer >= JOB_OPEN + JOB_KEPT;

		if (read_one(steward, names->name[i], &job, &err) != 0) {
			(void)str_copy(
			    str_of(names->name[i]), job.id, sizeof(job.id));
			if (many && (err.code == ERR_CORRUPT ||
					err.code == ERR_TOO_LARGE))
				forget(steward, &job);
		} else if (job_has_ended(&job) &&
			   (++kept > JOB_KEPT || many ||
			       now_ms - job.ended_ms > JOB_KEEP_MS)) {
			forget(steward, &job);
		}
	}
}

static void
look(struct steward *steward)
{
	struct file_names names;
	struct err err = ERR_INIT;
	struct task *task = steward->task;
	size_t i;

	steward->look_ms = clock_mono_ms() + LOOK_MS;
	for (; task < steward->task + AT_ONCE; task++)
		if (task->job.id[0] != '\0' && task->pid == 0)
			settle(steward, task);
	arena_reset(steward->names);
	if (job_list(steward->config, steward->names, &names, &err) != 0) {
		log_err("jobs", STR_NONE, &err);
		return;
	}
	for (i = 0; i < names.n; i++) {
		struct job job;

		if (read_one(steward, names.name[i], &job, &err) != 0)
			log_err("jobs", STR_NONE, &err);
		else if (!job_has_ended(&job))
			consider(steward, &job);
	}
	prune(steward, &names);
	/* The next ones, when these are gone. */
	if (names.more > 0 && steward->look_ms > clock_mono_ms() + AGAIN_MS)
		steward->look_ms = clock_mono_ms() + AGAIN_MS;
}

/* --- the loop ------------------------------------------------------------------- */

static int
is_busy(const struct steward *steward)
{
	const struct task *task = steward->task;

	for (; task < steward->task + AT_ONCE; task++)
		if (task->pid != 0)
			return 1;
	return 0;
}

static void
take_signals(struct steward *steward)
{
	struct signalfd_siginfo info;
	struct task *task = steward->task;

	while (read(steward->signals, &info, sizeof(info)) == sizeof(info)) {
		steward->leaving = 1;
		if (info.ssi_signo == SIGHUP)
			continue;
		steward->stopping = 1;
		for (; task < steward->task + AT_ONCE; task++)
			if (task->pid != 0)
				(void)kill(task->pid, SIGTERM);
	}
}

/* Those that were told to end and did not: when the next is due, or FOREVER. */
static int64_t
kill_late(struct steward *steward)
{
	struct task *task = steward->task;
	int64_t next_ms = FOREVER;

	for (; task < steward->task + AT_ONCE; task++) {
		if (task->pid == 0 || task->kill_ms == 0)
			continue;
		if (clock_mono_ms() >= task->kill_ms)
			(void)kill(task->pid, SIGKILL);
		else if (task->kill_ms < next_ms)
			next_ms = task->kill_ms;
	}
	return next_ms;
}

static void
take_changes(struct steward *steward)
{
	char events[4096];

	while (read(steward->changes, events, sizeof(events)) > 0)
		steward->look_ms = 0;
}

void
steward_run(struct steward *steward)
{
	struct pollfd fds[2 + AT_ONCE];
	int64_t wait_ms, kill_ms;
	size_t i;

	leftover_clear_all(steward->config);
	while (!steward->leaving || is_busy(steward)) {
		if (clock_mono_ms() >= steward->look_ms)
			look(steward);
		fds[0] = (struct pollfd){ steward->signals, POLLIN, 0 };
		fds[1] = (struct pollfd){ steward->changes, POLLIN, 0 };
		for (i = 0; i < AT_ONCE; i++)
			fds[2 + i] = (struct pollfd){ steward->task[i].pid_fd,
				POLLIN, 0 };
		wait_ms = steward->look_ms - clock_mono_ms();
		kill_ms = kill_late(steward);
		if (kill_ms != FOREVER && kill_ms - clock_mono_ms() < wait_ms)
			wait_ms = kill_ms - clock_mono_ms();
		(void)poll(fds, 2 + AT_ONCE, wait_ms > 0 ? (int)wait_ms : 0);
		take_signals(steward);
		take_changes(steward);
		reap(steward);
	}
}

static int
open_jobs(struct steward *steward, struct err *err)
{
	const struct config *config = steward->config;
	char path[LAYOUT_MAX + 8];

	steward->dir = layout_jobs(config);
	if (file_mkdirs(steward->dir.p, 0770, err) != 0 ||
	    file_mkdirs(layout_imports(config).p, 0700, err) != 0 ||
	    file_mkdirs(layout_exports(config).p, 0700, err) != 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/lock", steward->dir.p);
	steward->lock = file_open(path, O_RDWR | O_CREAT, 0660, err);
	if (steward->lock < 0)
		return -1;
	if (flock(steward->lock, LOCK_EX | LOCK_NB) != 0)
		return err_set(err, ERR_BUSY, "%s: another steward is at work",
		    steward->dir.p);
	steward->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (steward->changes < 0 ||
	    inotify_add_watch(
		steward->changes, steward->dir.p, IN_MOVED_TO | IN_CREATE) < 0)
		return err_sys(err, "cannot watch %s", steward->dir.p);
	return 0;
}

static int
open_signals(struct steward *steward, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return err_sys(err, "sigprocmask");
	steward->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return steward->signals < 0 ? err_sys(err, "signalfd") : 0;
}

struct steward *
steward_new(const struct config *config, struct err *err)
{
	struct steward *steward = calloc(1, sizeof(*steward));
	size_t i;

	if (steward == NULL)
		err_die("out of memory: steward");
	steward->config = config;
	steward->lock = steward->signals = steward->changes = -1;
	steward->names = arena_new(JOB_LIST_SIZE);
	steward->record = arena_new(JOB_READ_SIZE);
	for (i = 0; i < AT_ONCE; i++)
		drop(&steward->task[i]);
	if (owner_check_new(config, err) == 0 && open_jobs(steward, err) == 0 && open_signals(steward, err) == 0)
		return steward;
	steward_free(steward);
	return NULL;
}

void
steward_free(struct steward *steward)
{
	size_t i;

	if (steward == NULL)
		return;
	for (i = 0; i < AT_ONCE; i++)
		drop(&steward->task[i]);
	arena_free(steward->names);
	arena_free(steward->record);
	file_drop(&steward->changes);
	file_drop(&steward->signals);
	file_drop(&steward->lock);
	free(steward);
}
