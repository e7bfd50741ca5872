/*
 * Proofs of a tenant that is written all the time, by a replicator that captures
 * and checkpoints all the time: no alarm is false, and a real one is raised.
 * Random; prints its seed and takes one (SEED).
 */
#include "replication/verify.h"

#include <sys/prctl.h>
#include <time.h>

#include "replication/control.h"
#include "replication/replicator.h"
#include "tenants/hint.h"
#include "tests/unit/follow.h"
#include "tests/unit/spoil.h"

#define ROUNDS   40
#define PATIENCE 20000 /* ms */
#define WRITERS  2

static uint64_t seed;

static uint64_t
draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static pid_t
start(void (*body)(void *arg), void *arg)
{
	pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
			_exit(1);
		body(arg);
		_exit(0);
	}
	return pid;
}

static void
end(pid_t pid, int sig)
{
	int status;

	assert_int_equal(kill(pid, sig), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void
replicate(void *arg)
{
	struct err err = ERR_INIT;
	struct replicator *replicator = replicator_new(&house.config, &err);

	(void)arg;
	if (replicator == NULL)
		err_die("replicator: %s", err.msg);
	replicator_run(replicator);
	replicator_free(replicator);
}

static void
one_transaction(struct db *db, char sql[256])
{
	struct err err = ERR_INIT;
	int i, n = 1 + (int)draw(4);

	if (draw(60) == 0) {
		(void)db_exec(db, "VACUUM", &err);
		return;
	}
	if (db_begin_write(db, &err))
		return;
	for (i = 0; i < n; i++) {
		switch (draw(4)) {
		case 0:
			snprintf(sql, 256, "DELETE FROM t WHERE a %% 7 = %d",
			    (int)draw(7));
			break;
		case 1:
			snprintf(sql, 256,
			    "UPDATE t SET b = randomblob(%d) "
			    "WHERE a %% 11 = %d",
			    (int)draw(900), (int)draw(11));
			break;
		default:
			snprintf(sql, 256,
			    "WITH RECURSIVE n(i) AS (SELECT 1 "
			    "UNION ALL SELECT i + 1 FROM n "
			    "WHERE i < %d) INSERT INTO t SELECT "
			    "abs(random() %% 1000), "
			    "randomblob(%d) FROM n",
			    1 + (int)draw(40), (int)draw(2000));
		}
		if (db_exec(db, sql, &err))
			break;
	}
	if (i == n)
		(void)db_commit(db, &err);
	else
		db_rollback(db);
}

/* For ever; every third hint is lost. */
static void
write_on(void *arg)
{
	struct layout_path path = layout_db(&house.config, "acme", 1);
	struct db_opts opts = {
		.path = path.p, .role = DB_SERVE, .busy_ms = 2000
	};
	struct hint hint = { .slug = "acme", .epoch = 1 };
	struct hint_sender *sender = hint_sender_new(&house.config);
	struct timespec nap = { 0, 0 };
	struct err err = ERR_INIT;
	struct db *db = db_open(&opts, &err);
	char sql[256];

	seed += *(uint64_t *)arg * 7919;
	if (db == NULL)
		err_die("writer: %s", err.msg);
	for (;;) {
		one_transaction(db, sql);
		if (db_take_commit(db, &hint.commit) && draw(3) > 0)
			hint_send(sender, &hint);
		(void)hint_flush(sender);
		/* Not an effect that is waited for: a pace. */
		nap.tv_nsec = (long)draw(8000000);
		nanosleep(&nap, NULL);
	}
}

static void
await_replicator(void)
{
	int64_t deadline = clock_mono_ms() + PATIENCE;
	struct timespec nap = { 0, 10000000 };

	while (control_flush(&house.config, "acme", 5000, &house.err)) {
		if (clock_mono_ms() > deadline)
			fail_msg("%s", house.err.msg);
		err_clear(&house.err);
		nanosleep(&nap, NULL);
	}
}

static void
enter(pid_t *replicator, int64_t checkpoint)
{
	const char *given = getenv("SEED");

	if (given != NULL)
		seed = strtoull(given, NULL, 10);
	else
		crypto_random(&seed, sizeof(seed));
	seed |= 1;
	print_message("# SEED=%llu\n", (unsigned long long)seed);
	house.config.replica_claim_ms = 10000;
	house.config.replica_interval_ms = 200;
	house.config.replica_sweep_ms = 300;
	house.config.replica_idle_ms = 60000;
	house.config.replica_checkpoint = checkpoint;
	house.config.replica_open = 16;
	house.config.log_level = LOG_LEVEL_WARN;
	log_init("test", LOG_LEVEL_WARN);
	follow_sql("acme", 1, "DROP TABLE t");
	follow_sql("acme", 1, "CREATE TABLE t (a INTEGER, b BLOB)");
	follow_tenant("acme");
	*replicator = start(replicate, NULL);
	await_replicator();
}

static void
prove_under_load(int64_t checkpoint)
{
	uint64_t number[WRITERS] = { 1, 2 }, txid = 0;
	struct verify *verify;
	struct proof proof;
	pid_t replicator, writer[WRITERS];
	int i, untold = 0;

	enter(&replicator, checkpoint);
	for (i = 0; i < WRITERS; i++)
		writer[i] = start(write_on, &number[i]);
	verify = verify_new(&house.config, &house.err);
	HAVE(verify);
	for (i = 0; i < ROUNDS; i++) {
		int rc = verify_tenant(verify, "acme", &proof, &house.err);

		if (rc > 0)
			fail_msg("round %d: TXID %llu: %s", i,
			    (unsigned long long)proof.txid, proof.what);
		/* A slow machine may find no moment; that is no alarm. */
		if (rc < 0 && house.err.code != ERR_BUSY)
			fail_msg("round %d: %s", i, house.err.msg);
		untold += rc < 0;
		err_clear(&house.err);
		assert_true(rc < 0 || proof.txid >= txid);
		txid = rc < 0 ? txid : proof.txid;
	}
	print_message("# %d rounds, %d untold, up to TXID %llu\n", ROUNDS,
	    untold, (unsigned long long)txid);
	assert_true(untold < ROUNDS / 2);
	verify_free(verify);
	for (i = 0; i < WRITERS; i++)
		end(writer[i], SIGKILL);
	end(replicator, SIGTERM);
}

/* Now the file is what is read, now the WAL, and either changes meanwhile. */
static void
a_busy_writer_causes_no_false_alarm(void **state)
{
	(void)state;
	prove_under_load(60);
}

/* Always the WAL, and at a frame that the replicator was asked to stop at. */
static void
nor_where_checkpoints_are_rare(void **state)
{
	(void)state;
	prove_under_load(100000);
}

static void
a_wrong_replica_is_replaced_by_a_new_epoch(void **state)
{
	struct verify *verify;
	struct proof proof;
	pid_t replicator;
	int rc;

	(void)state;
	enter(&replicator, 60);
	verify = verify_new(&house.config, &house.err);
	HAVE(verify);
	OK(verify_tenant(verify, "acme", &proof, &house.err));
	spoil_object(spoil_path("acme", 1, 9, 1, 1), 2);
	rc = verify_tenant(verify, "acme", &proof, &house.err);
	assert_int_equal(rc, 1);
	assert_string_equal(proof.what, "page 2 differs");
	OK(control_renew(&house.config, "acme", &house.err));
	await_replicator();
	rc = verify_tenant(verify, "acme", &proof, &house.err);
	if (rc != 0)
		fail_msg(
		    "epoch %u: %s%s", proof.epoch, house.err.msg, proof.what);
	assert_int_equal(proof.epoch, 2);
	verify_free(verify);
	end(replicator, SIGTERM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		follow_test(a_busy_writer_causes_no_false_alarm),
		follow_test(nor_where_checkpoints_are_rare),
		follow_test(a_wrong_replica_is_replaced_by_a_new_epoch),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("verify_live", tests, NULL, NULL);
}
