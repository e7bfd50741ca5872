#include "replication/prover.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"

#define BINARY       "/proc/self/exe"
#define NICE         19
#define LOOK_LAST_MS 60000
#define AGAIN_MS     (10 * 60 * 1000) /* where it could not be told */
#define LONGEST_MS   (6 * 60 * 60 * 1000)
#define END_MS       2000
/* <linux/ioprio.h> is not on every machine: a process, of the idle class. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE        (3 << 13)

struct prover {
	const struct config *config;
	pid_t pid; /* 0: none */
	int pid_fd;
	char slug[SLUG_MAX + 1]; /* whom it proves */
	int64_t begun_ms; /* mono */
	int64_t before_ms; /* the proof before this one */
	int64_t next_ms; /* mono: the next look */
	int complained; /* of a process that could not be begun */
};

struct prover *
prover_new(const struct config *config)
{
	struct prover *prover = calloc(1, sizeof(*prover));

	if (prover == NULL)
		err_die("out of memory");
	prover->config = config;
	prover->pid_fd = -1;
	return prover;
}

int
prover_fd(const struct prover *prover)
{
	return prover != NULL ? prover->pid_fd : -1;
}

int64_t
prover_wait_ms(const struct prover *prover)
{
	int64_t wait_ms = prover->next_ms - clock_mono_ms();

	if (prover->config->replica_verify_ms == 0)
		return INT64_MAX;
	if (prover->pid != 0)
		return prover->begun_ms + LONGEST_MS - clock_mono_ms();
	return wait_ms < 0 ? 0 : wait_ms;
}

/* --- whose turn ----------------------------------------------------------- */

/* When it was proven last; of an epoch before this one says nothing. */
static int64_t
proven_ms(const struct stream *stream)
{
	return stream->proof.epoch == stream->pos.epoch ? stream->proof.time_ms
							: 0;
}

struct stream *
prover_choose(struct streams *streams, int64_t now_ms, int64_t *wait_ms)
{
	int64_t every_ms = streams->env->config->replica_verify_ms;
	int64_t mono_ms = clock_mono_ms();
	struct stream *oldest = NULL;
	size_t i;

	*wait_ms = every_ms < LOOK_LAST_MS ? every_ms : LOOK_LAST_MS;
	for (i = 0; i < streams->n_buckets; i++) {
		struct stream *stream = streams->bucket[i];

		for (; stream != NULL; stream = stream->next) {
			if (stream->pos.txid == 0 || stream->halted ||
			    stream->gone || mono_ms < stream->proof.retry_ms)
				continue;
			if (oldest == NULL ||
			    proven_ms(stream) < proven_ms(oldest))
				oldest = stream;
		}
	}
	if (oldest == NULL)
		return NULL;
	/* Of a clock that was set back nobody has to catch up. */
	if (proven_ms(oldest) <= now_ms &&
	    now_ms - proven_ms(oldest) < every_ms) {
		if (*wait_ms > proven_ms(oldest) + every_ms - now_ms)
			*wait_ms = proven_ms(oldest) + every_ms - now_ms;
		return NULL;
	}
	if (*wait_ms > every_ms / 2 / (int64_t)streams->n)
		*wait_ms = every_ms / 2 / (int64_t)streams->n;
	return oldest;
}

/* --- the process ------------------------------------------------------------ */

/* In the child.  The replicator has a thread: nothing here takes a lock. */
static void
become(char *const *argv, pid_t parent)
{
	sigset_t none;
	int input;

	sigemptyset(&none);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent ||
	    sigprocmask(SIG_SETMASK, &none, NULL) ||
	    setpriority(PRIO_PROCESS, 0, NICE))
		return;
	/* Where the kernel has no such thing it is only slower for others. */
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
	input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (input < 0 || dup2(input, STDIN_FILENO) < 0 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return;
	execv(BINARY, argv);
}

static int
begin(struct prover *prover, const char *slug, struct err *err)
{
	char name[] = "rowhouse", verb[] = "verify", worker[] = "--worker";
	char c[] = "-c", file[CONFIG_PATH_MAX];
	char *argv[] = { name, verb, worker, c, file, prover->slug, NULL };
	pid_t parent = getpid();

	snprintf(prover->slug, sizeof(prover->slug), "%s", slug);
	snprintf(file, sizeof(file), "%s", prover->config->file);
	prover->pid = fork();
	if (prover->pid < 0) {
		prover->pid = 0;
		return err_sys(err, "fork");
	}
	if (prover->pid == 0) {
		become(argv, parent);
		_exit(127);
	}
	prover->begun_ms = clock_mono_ms();
	/* Without one its end shows at the next tick. */
	prover->pid_fd = (int)syscall(SYS_pidfd_open, prover->pid, 0);
	return 0;
}

/* Has it ended?  With `patient`, waits for that. */
static int
ended(struct prover *prover, int patient)
{
	int status;

	if (waitpid(prover->pid, &status, patient ? 0 : WNOHANG) == 0)
		return 0;
	file_drop(&prover->pid_fd);
	prover->pid = 0;
	return 1;
}

void
prover_free(struct prover *prover)
{
	struct pollfd end;

	if (prover == NULL)
		return;
	if (prover->pid != 0) {
		(void)kill(prover->pid, SIGTERM);
		end = (struct pollfd){ .fd = prover->pid_fd, .events = POLLIN };
		(void)poll(&end, 1, END_MS);
		if (!ended(prover, 0)) {
			(void)kill(prover->pid, SIGKILL);
			(void)ended(prover, 1);
		}
	}
	free(prover);
}

/* A proof that left no record is not tried again at once. */
static void
take_result(struct prover *prover, struct streams *streams)
{
	struct stream *stream = streams_find(streams, prover->slug);

	if (stream == NULL)
		return;
	stream_read_proof(stream);
	if (stream->proof.time_ms == prover->before_ms)
		stream->proof.retry_ms = clock_mono_ms() + AGAIN_MS;
}

void
prover_tick(struct prover *prover, struct streams *streams)
{
	int64_t mono_ms = clock_mono_ms(), wait_ms;
	struct stream *stream;
	struct err err = ERR_INIT;

	if (prover->config->replica_verify_ms == 0)
		return;
	if (prover->pid != 0) {
		if (mono_ms - prover->begun_ms > LONGEST_MS)
			(void)kill(prover->pid, SIGKILL);
		if (!ended(prover, 0))
			return;
		take_result(prover, streams);
	}
	if (mono_ms < prover->next_ms)
		return;
	stream = prover_choose(streams, clock_wall_ms(), &wait_ms);
	prover->next_ms = mono_ms + wait_ms;
	if (stream == NULL)
		return;
	prover->before_ms = stream->proof.time_ms;
	if (begin(prover, stream->slug, &err) == 0)
		return;
	if (!prover->complained)
		log_err("not-proven", str_of(stream->slug), &err);
	prover->complained = 1;
	prover->next_ms = mono_ms + LOOK_LAST_MS;
}

/* --- what is asked --------------------------------------------------------- */

/* Five words of 8 hex digits. */
static int
parse_place(struct str rest, struct wal_place *out)
{
	uint64_t number[5];
	struct str word;
	size_t i;

	for (i = 0; i < 5; i++) {
		if (!str_next(&rest, ' ', &word) || word.n != 8 ||
		    str_hex64(word, &number[i]))
			return -1;
	}
	*out = (struct wal_place){
		.salt = { (uint32_t)number[0], (uint32_t)number[1] },
		.frame = (uint32_t)number[2],
		.cksum = { (uint32_t)number[3], (uint32_t)number[4] },
	};
	return rest.p == NULL && out->frame > 0 ? 0 : -1;
}

static void
answer_point(struct stream *stream, struct control_client *client,
    const struct wal_place *at)
{
	const struct stream_point *point = &stream->point;
	char text[64];

	if (memcmp(&point->at, at, sizeof(*at)) != 0)
		stream_ask_point(stream, at);
	snprintf(text, sizeof(text), "ok %08x %llu", point->epoch,
	    (unsigned long long)point->txid);
	control_answer(client, str_of(text));
}

int
prover_request(
    struct streams *streams, struct control_client *client, struct str line)
{
	struct str verb = STR_NONE, slug = STR_NONE;
	struct err err = ERR_INIT;
	char name[SLUG_MAX + 1];
	struct stream *stream;
	struct wal_place at;

	(void)str_next(&line, ' ', &verb);
	if (!str_is(verb, "point") && !str_is(verb, "proven") &&
	    !str_is(verb, "renew"))
		return 0;
	(void)str_next(&line, ' ', &slug);
	if (str_copy(slug, name, sizeof(name)) ||
	    (stream = streams_find(streams, name)) == NULL) {
		err_set(&err, ERR_NOT_FOUND, "no tenant %.*s is replicated",
		    STR_FMT(str_sub(slug, 0, SLUG_MAX)));
		control_refuse(client, &err);
		return 1;
	}
	if (str_is(verb, "point")) {
		if (parse_place(line, &at) == 0) {
			answer_point(stream, client, &at);
			return 1;
		}
		err_set(&err, ERR_INPUT, "not a place in a WAL");
		control_refuse(client, &err);
		return 1;
	}
	if (str_is(verb, "proven")) {
		stream_read_proof(stream);
	} else {
		stream->renew = 1;
		stream_touch(stream);
		streams_activate(streams, stream);
	}
	control_answer(client, STR("ok"));
	return 1;
}
