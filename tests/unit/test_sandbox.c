#include "tenants/base/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/base/sandbox_calls.h"
#include "tenants/base/sandbox_files.h"
#include "tenants/base/thread.h"
#include "tenants/db.h"
#include "tests/unit/unit.h"

/*
 * Each case is a process of its own, which enters a sandbox as one of the roles
 * does, with data/ to write and seen/ to read, and then tries one thing.
 */
#define AGAIN "again" /* what this program is told when it executes itself */
#define DONE  7

static int
opens(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0600);
}

static int
socket_of(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* --- what goes on --------------------------------------------------------- */

static int
writes_files(void)
{
	struct err err = ERR_INIT;
	int fd = opens("data/new", O_RDWR | O_CREAT);

	return fd < 0 || ftruncate(fd, 10) != 0 || fdatasync(fd) != 0 ||
	       mkdir("data/a", 0700) != 0 || mkdir("data/b", 0700) != 0 ||
	       rename("data/new", "data/a/new") != 0 ||
	       rename("data/a/new", "data/b/new") != 0 ||
	       link("data/b/new", "data/a/new") != 0 ||
	       file_remove_tree("data/a", &err) != 0 ||
	       file_remove_tree("data/b", &err) != 0;
}

static int
reads_files(void)
{
	return opens("seen/file", O_RDONLY) < 0;
}

static int
uses_a_database(void)
{
	char path[64];
	const struct db_opts opts = {
		.path = path, .role = DB_SERVE, .create = 1
	};
	struct err err = ERR_INIT;
	struct db *db;

	snprintf(path, sizeof(path), "data/%d.sqlite", (int)getpid());
	db = db_open(&opts, &err);
	return db == NULL || db_begin_write(db, &err) != 0 ||
	       db_exec(db, "CREATE TABLE t (x)", &err) != 0 ||
	       db_commit(db, &err) != 0;
}

static int
tells_the_supervisor(void)
{
	return kill(getppid(), SIGUSR1);
}

static int
talks_to_neighbours(void)
{
	struct sockaddr_un there = { .sun_family = AF_UNIX,
		.sun_path = "seen/socket" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 || sendto(fd, "x", 1, 0, (struct sockaddr *)&there,
			     sizeof(there)) != 1;
}

static int
hashes(void)
{
	unsigned char random[16];

	crypto_random(random, sizeof(random));
	return malloc((size_t)64 << 20) == NULL ||
	       opens("/dev/urandom", O_RDONLY) < 0;
}

static void *
thread(void *arg)
{
	return arg;
}

static int
begins_threads(void)
{
	pthread_t other;

	return pthread_create(&other, NULL, thread, NULL) != 0 ||
	       pthread_join(other, NULL) != 0;
}

static void *
note_priority(void *arg)
{
	*(int *)arg = getpriority(PRIO_PROCESS, 0);
	return NULL;
}

static int
hashes_behind_the_others(void)
{
	int before = getpriority(PRIO_PROCESS, 0), there = before;

	thread_run_nicer(1, note_priority, &there);
	return there <= before && before < 19;
}

static int
is_idle_for_a_while(void)
{
	const struct sched_param none = { 0 };

	return sched_setscheduler(0, SCHED_IDLE, &none) != 0 ||
	       sched_setscheduler(gettid(), SCHED_OTHER, &none) != 0;
}

static int
has_another_idle(void)
{
	const struct sched_param none = { 0 };

	return sched_setscheduler(getppid(), SCHED_IDLE, &none);
}

static int
stands_behind_a_process(void)
{
	return setpriority(PRIO_PROCESS, getppid(), 19);
}

static int
finds_names(void)
{
	struct addrinfo *found = NULL;

	return getaddrinfo("localhost", "80", NULL, &found) != 0 || !found;
}

static int
connects(void)
{
	struct sockaddr_in there = { .sin_family = AF_INET,
		.sin_port = htons(1) };
	int fd = socket_of(AF_INET);

	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd < 0 ||
	       (connect(fd, (struct sockaddr *)&there, sizeof(there)) != 0 &&
		   errno != ECONNREFUSED);
}

static int
executes(const char *path)
{
	char *const argv[] = { (char *)(uintptr_t)path,
		(char *)(uintptr_t)AGAIN, NULL };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execv(path, argv);
		_exit(1);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid ||
	       !WIFEXITED(status) || WEXITSTATUS(status) != DONE;
}

static int
executes_itself(void)
{
	return executes("/proc/self/exe");
}

/* --- what is refused ------------------------------------------------------- */

static int
opens_shadow(void)
{
	return opens("/etc/shadow", O_RDONLY);
}

static int
opens_passwd(void)
{
	return opens("/etc/passwd", O_RDONLY);
}

static int
opens_outside(void)
{
	return opens("outside", O_RDONLY);
}

static int
writes_outside(void)
{
	return opens("outside", O_WRONLY);
}

static int
creates_outside(void)
{
	return opens("fresh", O_WRONLY | O_CREAT);
}

static int
writes_what_is_to_be_read(void)
{
	return opens("seen/file", O_WRONLY);
}

static int
creates_beside_it(void)
{
	return opens("seen/fresh", O_WRONLY | O_CREAT);
}

static int
removes_outside(void)
{
	return unlink("outside");
}

static int
moves_out(void)
{
	(void)opens("data/out", O_WRONLY | O_CREAT);
	return rename("data/out", "out");
}

static int
moves_in(void)
{
	return link("outside", "data/in");
}

static int
makes_a_fifo(void)
{
	return mkfifo("data/fifo", 0600);
}

static int
makes_a_link(void)
{
	return symlink("/etc/passwd", "data/link");
}

static int
opens_by_the_way_of_proc(void)
{
	return opens("/proc/self/root/etc/passwd", O_RDONLY);
}

static int
opens_inet(void)
{
	return socket_of(AF_INET);
}

static int
opens_inet6(void)
{
	return socket_of(AF_INET6);
}

static int
opens_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static int
opens_packet(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static int
forks(void)
{
	return fork();
}

static int
enters_a_namespace(void)
{
	return (int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
}

static int
signals_the_supervisor_otherwise(void)
{
	return kill(getppid(), SIGURG); /* which hurts nobody */
}

static int
asks_for_others(void)
{
	return kill(1, 0);
}

static int
maps_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		   ? -1
		   : 0;
}

static int
makes_data_code(void)
{
	void *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return data == MAP_FAILED ? 0 : mprotect(data, 4096, PROT_EXEC);
}

static int
raises_a_limit(void)
{
	struct rlimit limit = { 64, 64 };

	return setrlimit(RLIMIT_NOFILE, &limit);
}

static int
types_at_a_terminal(void)
{
	char c = 'x';

	if (ioctl(STDIN_FILENO, TIOCSTI, &c) != 0 && errno == ENOTTY)
		return 0; /* it was asked */
	return -1;
}

static int
listens(void)
{
	int fd = socket_of(AF_INET);

	return fd < 0 ? 0 : listen(fd, 1);
}

static int
binds(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket_of(AF_INET);

	return fd < 0 ? 0 : bind(fd, (struct sockaddr *)&any, sizeof(any));
}

static int
signals_a_neighbour(void)
{
	return kill(getppid(), 0);
}

static int
truncates_outside(void)
{
	return truncate("outside", 0);
}

/* 0 where the other one was executed, as a call that was let through. */
static int
executes_another(void)
{
	return executes("./again") == 0 ? 0 : -1;
}

/* --- what kills ------------------------------------------------------------- */

static int
executes_at_all(void)
{
	char *const argv[] = { (char *)(uintptr_t) "true", NULL };

	return execv("/bin/true", argv);
}

static int
traces(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int
mounts(void)
{
	return mount("none", "data", "tmpfs", 0, NULL);
}

static int
unshares(void)
{
	return unshare(CLONE_NEWUSER);
}

static int
becomes_another(void)
{
	return (int)syscall(SYS_setuid, 65534);
}

static int
loads_bpf(void)
{
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int
reads_another(void)
{
	return (int)syscall(
	    SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static int
changes_root(void)
{
	return chroot("data");
}

static int
keeps_keys(void)
{
	return (int)syscall(
	    SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
}

/* getpid, of another table; int $0x80 is not on every kernel. */
static int
calls_as_x32(void)
{
#ifdef __x86_64__
	return (int)syscall(0x40000000 + SYS_getpid);
#else
	return traces();
#endif
}

/* --- the cases --------------------------------------------------------------- */

enum end { WORKS, REFUSED, KILLED };
#define WORKER         SANDBOX_THREADS
#define MAILER         (SANDBOX_NETWORK | SANDBOX_THREADS)
#define TO_A_DIRECTORY SANDBOX_THREADS
#define PROVING        (SANDBOX_THREADS | SANDBOX_SELF)

struct attempt {
	unsigned may;
	enum end end;
	int (*what)(void);
	const char *name;
	int abi; /* of Landlock, from which on it is so */
};

#define A(may, end, what)                                                      \
	{                                                                      \
		may, end, what, #what " as " #may, 2                           \
	}
#define A_FROM(abi, may, end, what)                                            \
	{                                                                      \
		may, end, what, #what " as " #may, abi                         \
	}

static const struct attempt attempts[] = {
	A(WORKER, WORKS, writes_files),
	A(WORKER, WORKS, reads_files),
	A(WORKER, WORKS, uses_a_database),
	A(WORKER, WORKS, tells_the_supervisor),
	A(WORKER, WORKS, talks_to_neighbours),
	A(WORKER, WORKS, hashes),
	A(WORKER, WORKS, hashes_behind_the_others),
	A(WORKER, WORKS, is_idle_for_a_while),
	A(WORKER, REFUSED, stands_behind_a_process),
	A(WORKER, REFUSED, has_another_idle),
	A(WORKER, REFUSED, opens_shadow),
	A(WORKER, REFUSED, opens_passwd),
	A(WORKER, REFUSED, opens_by_the_way_of_proc),
	A(WORKER, REFUSED, opens_outside),
	A(WORKER, REFUSED, writes_outside),
	A(WORKER, REFUSED, creates_outside),
	A(WORKER, REFUSED, removes_outside),
	A(WORKER, REFUSED, writes_what_is_to_be_read),
	A(WORKER, REFUSED, creates_beside_it),
	A(WORKER, REFUSED, moves_out),
	A(WORKER, REFUSED, moves_in),
	A(WORKER, REFUSED, makes_a_fifo),
	A(WORKER, REFUSED, makes_a_link),
	A(WORKER, REFUSED, opens_inet),
	A(WORKER, REFUSED, opens_inet6),
	A(WORKER, REFUSED, opens_netlink),
	A(WORKER, REFUSED, opens_packet),
	A(WORKER, REFUSED, forks),
	A(WORKER, REFUSED, enters_a_namespace),
	A(WORKER, REFUSED, signals_the_supervisor_otherwise),
	A(WORKER, REFUSED, asks_for_others),
	A(WORKER, REFUSED, maps_code),
	A(WORKER, REFUSED, makes_data_code),
	A(WORKER, REFUSED, raises_a_limit),
	A(WORKER, REFUSED, types_at_a_terminal),
	A_FROM(3, WORKER, REFUSED, truncates_outside),
	A(WORKER, KILLED, executes_at_all),
	A(WORKER, KILLED, traces),
	A(WORKER, KILLED, mounts),
	A(WORKER, KILLED, unshares),
	A(WORKER, KILLED, becomes_another),
	A(WORKER, KILLED, loads_bpf),
	A(WORKER, KILLED, reads_another),
	A(WORKER, KILLED, changes_root),
	A(WORKER, KILLED, keeps_keys),
	A(WORKER, KILLED, calls_as_x32),

	A(MAILER, WORKS, writes_files),
	A(MAILER, WORKS, connects),
	A(MAILER, WORKS, finds_names),
	A(MAILER, WORKS, begins_threads),
	A(MAILER, REFUSED, opens_outside),
	A(MAILER, REFUSED, creates_outside),
	A(MAILER, REFUSED, opens_packet),
	A(MAILER, REFUSED, listens),
	A_FROM(4, MAILER, REFUSED, binds),
	A(MAILER, REFUSED, forks),
	A(MAILER, REFUSED, enters_a_namespace),
	A(MAILER, REFUSED, signals_a_neighbour),
	A(MAILER, KILLED, executes_at_all),
	A(MAILER, KILLED, traces),
	A(MAILER, KILLED, becomes_another),

	A(TO_A_DIRECTORY, WORKS, begins_threads),
	A(TO_A_DIRECTORY, WORKS, uses_a_database),
	A(TO_A_DIRECTORY, REFUSED, opens_inet),
	A(TO_A_DIRECTORY, REFUSED, opens_passwd),
	A(TO_A_DIRECTORY, KILLED, executes_at_all),

	A(PROVING, WORKS, executes_itself),
	A(PROVING, WORKS, begins_threads),
	A(PROVING, REFUSED, executes_another),
	A(PROVING, REFUSED, opens_outside),
	A(PROVING, REFUSED, opens_inet),
	A_FROM(6, PROVING, REFUSED, signals_a_neighbour),
	A(PROVING, KILLED, traces),
	A(PROVING, KILLED, becomes_another),
};

/* Ends with 0 where the attempt came to the end that it should have. */
static void
try(void *arg)
{
	const struct attempt *attempt = arg;
	struct err err = ERR_INIT;
	struct sandbox sandbox;
	int rc;

	sandbox_init(&sandbox, attempt->may);
	sandbox_writes(&sandbox, "data");
	sandbox_reads(&sandbox, "seen");
	sandbox.silent = 1;
	if (attempt->may == WORKER)
		sandbox.tells = getppid();
	if (attempt->may & SANDBOX_SELF)
		sandbox_libraries(&sandbox);
	if (sandbox_enter(&sandbox, SANDBOX_IF_THERE, &err) != 0) {
		fprintf(stderr, "%s\n", err.msg);
		_exit(2);
	}
	rc = attempt->what();
	if (attempt->end == WORKS ? rc == 0 : rc < 0 && attempt->end == REFUSED)
		_exit(0);
	fprintf(stderr, "%d, %s\n", rc, strerror(errno));
	_exit(1);
}

static void
each_attempt_ends_as_it_should(void **state)
{
	char said[1024];
	int status, bad = 0, abi = sandbox_files_abi();
	size_t i;

	(void)state;
	for (i = 0; i < N_OF(attempts); i++) {
		const struct attempt *attempt = &attempts[i];

		if (abi < attempt->abi) {
			print_message("# %s: Landlock of ABI %d, not %d\n",
			    attempt->name, abi, attempt->abi);
			continue;
		}
		status = unit_apart(
		    try, (void *)(uintptr_t)attempt, said, sizeof(said));
		if (attempt->end == KILLED
			? WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS
			: status == 0)
			continue;
		bad++;
		print_error(
		    "%s: status %x: %s", attempt->name, (unsigned)status, said);
	}
	assert_int_equal(bad, 0);
}

/* Without a sandbox each does what it is about, or it would prove nothing. */
static void
outside_it_all_would_be_done(void **state)
{
	static int (*const harmless[])(void) = { opens_passwd, opens_outside,
		writes_outside, creates_outside, writes_what_is_to_be_read,
		creates_beside_it, makes_a_fifo, makes_a_link, opens_inet,
		opens_inet6, opens_netlink, asks_for_others, maps_code,
		makes_data_code, raises_a_limit, types_at_a_terminal, binds,
		signals_a_neighbour, truncates_outside, executes_another,
		opens_by_the_way_of_proc };
	static const char *const made[] = { "fresh", "seen/fresh", "data/fifo",
		"data/link" };
	size_t i;
	pid_t pid;
	int status;

	(void)state;
	for (i = 0; i < N_OF(harmless); i++) {
		pid = fork();
		if (pid == 0)
			_exit(harmless[i]() < 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status != 0)
			fail_msg("number %zu is refused anyway", i);
	}
	for (i = 0; i < N_OF(made); i++)
		assert_int_equal(unlink(made[i]), 0);
}

static void
off_is_off(void **state)
{
	struct err err = ERR_INIT;
	struct sandbox sandbox;

	(void)state;
	sandbox_init(&sandbox, WORKER);
	assert_int_equal(sandbox_enter(&sandbox, SANDBOX_OFF, &err), 0);
	assert_true(opens_passwd() >= 0);
}

static int
set_up(void **state)
{
	struct sockaddr_un here = { .sun_family = AF_UNIX,
		.sun_path = "seen/socket" };
	struct err err = ERR_INIT;
	int fd;

	(void)state;
	if (unit_scratch() != 0 || mkdir("data", 0700) != 0 ||
	    mkdir("seen", 0700) != 0)
		return -1;
	unit_put("seen/file", STR("seen"));
	unit_put("outside", STR("not to be seen"));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 ||
	    signal(SIGUSR1, SIG_IGN) == SIG_ERR)
		return -1;
	return file_copy("/proc/self/exe", "again", 0700, &err);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outside_it_all_would_be_done),
		cmocka_unit_test(each_attempt_ends_as_it_should),
		cmocka_unit_test(off_is_off),
	};
	struct err err = ERR_INIT;

	if (argc > 1 && strcmp(argv[1], AGAIN) == 0)
		return DONE;
	if (sandbox_probe(SANDBOX_INSIST, &err) != 0) {
		printf("1..0 # SKIP %s\n", err.msg);
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("sandbox", tests, set_up, NULL);
}
