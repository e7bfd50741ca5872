/*
 * A worker: the listening socket is descriptor 0, as FastCGI prescribes, so
 * that spawn-fcgi or systemd can start it as well as our supervisor.  It opens
 * everything itself, after exec, and answers one request at a time until it
 * has served its quota or SIGTERM comes.
 */
#include "fcgi/cmd.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/answer.h"
#include "fcgi/conn.h"
#include "fcgi/operator.h"
#include "fcgi/release.h"
#include "fcgi/request.h"
#include "fcgi/response.h"
#include "fcgi/scoreboard.h"
#include "tenants/base/clock.h"
#include "tenants/base/config.h"
#include "tenants/base/file.h"
#include "tenants/base/log.h"
#include "tenants/base/sandbox.h"
#include "tenants/layout.h"

#define HEAD_MAX 4096
/* Beside the body, its JSON tree and the answer's: paths, rows, messages. */
#define ARENA_MORE ((size_t)16 * 1024 * 1024)
#define PREFIX     10

struct worker {
	struct config config;
	int board_fd;
	int supervised; /* the scoreboard is a pool's */
	struct conn *conn;
	struct app *app;
	struct secret master;
	char operator_token[OPERATOR_TOKEN];
	char release[RELEASE_NAME];
	struct answer_env env;
	struct response response;
	struct buf head;
	char id[PREFIX +
		24]; /* of the request: PREFIX characters, "-", a number */
	int64_t served;
	int64_t quota;
};

static int
open_all(struct worker *worker, struct err *err)
{
	struct config *config = &worker->config;
	struct answer_env *env = &worker->env;
	const struct conn_opts opts = {
		.fd = STDIN_FILENO,
		.timeout_ms = config->request_timeout_ms,
		.body_max = config->request_body_max,
	};

	worker->supervised = worker->board_fd >= 0;
	if (!worker->supervised)
		env->board = scoreboard_create(&worker->board_fd, err);
	else
		env->board = scoreboard_map(worker->board_fd, err);
	if (!env->board)
		return -1;
	worker->conn = conn_open(&opts, err);
	if (!worker->conn)
		return -1;
	if (crypto_key_load(
		layout_master_key(config).p, &worker->master, err) != 0)
		return -1;
	if (release_find(config, worker->release, err) != 0)
		return -1;
	worker->app = app_load(config->app, NULL, NULL, err);
	if (!worker->app)
		return err_wrap(err, "application");
	env->call.registry = registry_open(config, DB_SERVE, 1, err);
	if (!env->call.registry)
		return -1;
	env->call.config = config;
	env->call.cache = tenant_cache_new(config, worker->app);
	env->call.hints = hint_sender_new(config);
	env->call.arena =
	    arena_new(ARENA_MORE + 8 * (size_t)config->request_body_max);
	env->durable =
	    durable_new(config, env->board, env->slot);
	env->call.watch = durable_watch(env->durable);
	env->app = worker->app;
	env->openapi = openapi_new(worker->app);
	env->master = &worker->master;
	operator_load(config, worker->operator_token);
	env->operator_token = worker->operator_token;
	env->release = worker->release;
	return 0;
}

/*
 * The application is in memory and the master key, too: what is left to reach
 * is the data, those who listen in the run directory, and the supervisor.
 */
static int
confine(struct worker *worker, struct err *err)
{
	struct sandbox sandbox;

	/* A password is hashed in one. */
	sandbox_init(&sandbox, SANDBOX_THREADS);
	if (worker->supervised) {
		sandbox.tells = getppid();
		sandbox.silent = 1;
	}
	sandbox_writes(&sandbox, worker->config.data);
	/* It may be a link, to another disk. */
	sandbox_writes(&sandbox, layout_tenants(&worker->config).p);
	sandbox_reads(&sandbox, worker->config.run);
	sandbox_temp(&sandbox);
	return sandbox_enter(&sandbox, worker->config.sandbox, err);
}

static void
close_all(struct worker *worker)
{
	struct answer_env *env = &worker->env;

	conn_close(worker->conn);
	durable_free(env->durable);
	tenant_cache_free(env->call.cache);
	hint_sender_free(env->call.hints);
	registry_close(env->call.registry);
	openapi_free(env->openapi);
	app_free(worker->app);
	arena_free(env->call.arena);
	response_free(&worker->response);
	buf_free(&worker->head);
	crypto_wipe(&worker->master, sizeof worker->master);
	crypto_wipe(worker->operator_token, sizeof worker->operator_token);
	scoreboard_unmap(env->board);
	file_drop(&worker->board_fd);
}

/* Eighths of it are drawn, so that workers do not retire all at once. */
static int64_t
draw_quota(int64_t requests)
{
	uint32_t random;

	crypto_random(&random, sizeof random);
	return requests - (int64_t)(random % (uint64_t)(requests / 8 + 1));
}

static void
log_request(const struct worker *worker, const struct request *request,
    const struct answer *answer, const struct err *err, int64_t us)
{
	const struct response *response = &worker->response;
	struct log_line line;
	char ms[32];

	snprintf(ms, sizeof ms, "%lld.%03lld", (long long)(us / 1000),
	    (long long)(us % 1000));
	log_begin(&line,
	    response->status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
	    "request");
	log_str(&line, "method", str_sub(request->method, 0, 32));
	log_str(&line, "path", str_sub(request->path, 0, 256));
	log_int(&line, "status", response->status);
	if (answer->row.slug[0] != '\0')
		log_str(&line, "tenant", str_of(answer->row.slug));
	log_str(&line, "ms", str_of(ms));
	log_int(&line, "bytes", (int64_t)response->body.n);
	log_str(&line, "id", str_of(worker->id));
	if (err->code != ERR_NONE) {
		log_str(&line, "error", str_of(err_class(err->code)->name));
		log_str(&line, "text", str_of(err->msg));
	}
	if (err->hint[0] != '\0')
		log_str(&line, "hint", str_of(err->hint));
	log_end(&line);
}

/*
 * Of requests for a tenant, whatever became of them.  Of a body that was refused
 * nothing is counted: how long it is is only what somebody says.
 */
static void
count(struct worker *worker, const struct request *request,
    const struct answer *answer, const struct err *err, struct str body,
    int64_t cpu_us)
{
	int refused = err->code == ERR_LIMIT || err->code == ERR_QUOTA;
	const int64_t sum[USAGE_SUMS] = {
		[USAGE_READS] = !refused && !answer->wrote,
		[USAGE_WRITES] = answer->wrote,
		[USAGE_SLOW] =
		    answer->wrote && answer->work_us > USAGE_SLOW_MS * 1000,
		[USAGE_REFUSED] = refused,
		[USAGE_CPU_US] = cpu_us,
		[USAGE_BYTES_IN] = (int64_t)body.n,
		[USAGE_BYTES_OUT] =
		    (int64_t)(worker->head.n +
			      (str_is(request->method, "HEAD")
				      ? 0
				      : worker->response.body.n)),
	};

	if (answer->host == ROUTE_TENANT && answer->row.slug[0] != '\0')
		meter_add(
		    scoreboard_meter(worker->env.board), &answer->row, sum);
}

static void
serve_request(struct worker *worker)
{
	struct arena *arena = worker->env.call.arena;
	struct response *response = &worker->response;
	struct request request;
	struct answer answer;
	struct str body = STR_NONE;
	struct err err = ERR_INIT, lost = ERR_INIT;
	struct str sent;
	int64_t begun_us = clock_mono_us(), cpu_us = clock_cpu_us();

	worker->served++;
	snprintf(worker->id + PREFIX, sizeof worker->id - PREFIX, "-%llx",
	    (unsigned long long)worker->served);
	arena_reset(arena);
	response_reset(response);
	buf_reset(&worker->head);
	answer_init(&answer, &worker->env, &request, response);
	if (request_parse(conn_params(worker->conn), arena, &request, &err) !=
		0 ||
	    answer_admit(&answer, &err) != 0 ||
	    conn_body(worker->conn, request.length, arena, &body, &err) != 0 ||
	    answer_body(&answer, body, &err) != 0)
		response_error(response, &err, &answer.faults);
	response_head(response, worker->id, &worker->head);
	assert(!worker->head.full);
	sent = str_is(request.method, "HEAD") ? STR_NONE
					      : buf_view(&response->body);
	if (conn_answer(worker->conn, buf_view(&worker->head), sent, &lost) !=
		0 &&
	    err.code == ERR_NONE)
		err = lost;
	log_request(
	    worker, &request, &answer, &err, clock_mono_us() - begun_us);
	count(worker, &request, &answer, &err, body, clock_cpu_us() - cpu_us);
}

/*
 * The quota is served.  Where there is a supervisor it starts another worker,
 * and ends this one when that one is ready: 1 to go on until then.
 */
static int
retire(struct worker *worker)
{
	struct answer_env *env = &worker->env;

	log_info("retires", "after %lld requests", (long long)worker->served);
	if (!worker->supervised)
		return 0;
	worker->quota = INT64_MAX;
	scoreboard_retire(env->board, env->slot);
	if (kill(getppid(), SIGUSR1) != 0)
		log_warn("retires", "the supervisor: %s", strerror(errno));
	return 1;
}

static int
serve(struct worker *worker, struct err *err)
{
	struct answer_env *env = &worker->env;
	int64_t idle_ms, flush_ms;

	for (;;) {
		if (worker->served >= worker->quota && !retire(worker))
			return 0;
		idle_ms = tenant_cache_idle(env->call.cache);
		flush_ms = hint_flush(env->call.hints);
		if (flush_ms >= 0 && (idle_ms < 0 || flush_ms < idle_ms))
			idle_ms = flush_ms;
		scoreboard_set(env->board, env->slot, SCOREBOARD_READY);
		switch (conn_next(worker->conn, idle_ms, err)) {
		case CONN_REQUEST:
			scoreboard_set(env->board, env->slot, SCOREBOARD_BUSY);
			serve_request(worker);
			break;
		case CONN_IDLE:
			break;
		case CONN_STOP:
			return 0;
		case CONN_FAILED:
			return -1;
		}
	}
}

static int
usage(void)
{
	fputs("usage: rowhouse worker [-c FILE] [--scoreboard FD --slot N] "
	      "[--require-sandbox]\n"
	      "A process of the pool, listening on descriptor 0; `rowhouse "
	      "pool` starts it.\n",
	    stderr);
	return 2;
}

static int
parse_number(const char *text, int most, int *out)
{
	int64_t n;

	if (str_i64(str_of(text), &n) != 0 || n < 0 || n > most)
		return -1;
	*out = (int)n;
	return 0;
}

int
cmd_worker(int argc, char **argv)
{
	static const struct option options[] = {
		{ "scoreboard", required_argument, NULL, 's' },
		{ "slot", required_argument, NULL, 'n' },
		{ "require-sandbox", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	struct worker worker = { .board_fd = -1 };
	const char *file = NULL;
	struct err err = ERR_INIT;
	int c, rc, insists = 0;

	while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (c == 'c')
			file = optarg;
		else if (c == 's' &&
			 parse_number(optarg, INT32_MAX, &worker.board_fd) == 0)
			continue;
		else if (c == 'n' && parse_number(optarg, SCOREBOARD_SLOTS - 1,
					 &worker.env.slot) == 0)
			continue;
		else if (c == 'r')
			insists = 1;
		else
			return usage();
	}
	if (optind != argc)
		return usage();
	log_init("worker", LOG_LEVEL_INFO);
	/* Ctrl-C and a terminal's end are the supervisor's to act on. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (config_load(&worker.config, file, &err) != 0 ||
	    crypto_init(&err) != 0) {
		log_err("configuration", STR_NONE, &err);
		return err_class(err.code)->exit;
	}
	log_init("worker", worker.config.log_level);
	if (insists)
		worker.config.sandbox = SANDBOX_INSIST;
	crypto_id(worker.id, PREFIX);
	buf_init(&worker.head, HEAD_MAX);
	response_init(&worker.response, (size_t)worker.config.response_max);
	worker.quota = draw_quota(worker.config.worker_requests);
	rc = open_all(&worker, &err);
	if (rc == 0)
		rc = confine(&worker, &err);
	if (rc != 0)
		log_err("cannot start", STR_NONE, &err);
	else if ((rc = serve(&worker, &err)) != 0)
		log_err("cannot go on", STR_NONE, &err);
	if (rc != 0)
		rc = worker.env.board ? err_class(err.code)->exit
				      : SCOREBOARD_FOREIGN;
	close_all(&worker);
	return rc;
}
