/*
 * Which calls of the kernel a process of ours may make: seccomp(2), as a list
 * of those that it needs.
 *
 * What is not on it says ENOSYS, as a kernel does that does not know it.  That
 * is what libraries are written for: glibc tries clone3 and takes clone then,
 * whose flags can be looked at, where clone3 keeps them in memory.  A library
 * that is updated and tries something newer goes on, too; and were something
 * missing here, it is an error in the log and not a process that is killed
 * time after time.
 *
 * What is on the list in part (sockets by family, clone by flags, mmap by rights)
 * says the same for the rest.
 *
 * What no library of ours tries under any circumstances kills: SIGSYS, which the
 * supervisor's log names, and the kernel's audit log with the number of the
 * call.  That is somebody who got in and looks for the way on, and he should
 * have one attempt and not a thousand.  So does a call of another architecture
 * (int 0x80, x32), by which lists like this one are gone around.
 */
#include "tenants/base/sandbox_calls.h"

#include <errno.h>
#include <sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const char *const always[] = {
	/* descriptors and files; which ones is Landlock's matter */
	"read", "readv", "pread64", "preadv", "write", "writev", "pwrite64",
	"pwritev", "open", "openat", "close", "lseek", "dup", "dup2", "dup3",
	"fcntl", "flock", "ftruncate", "fallocate", "fadvise64", "fsync",
	"fdatasync", "sync_file_range", "syncfs", "copy_file_range", "sendfile",
	"stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs",
	"access", "faccessat", "faccessat2", "readlink", "readlinkat",
	"getdents64", "getcwd", "chdir", "fchdir", "rename", "renameat",
	"renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat",
	"rmdir", "chmod", "fchmod", "fchmodat", "utimensat", "umask", "pipe",
	"pipe2",
	/* SQLite gives -wal and -shm to the owner of the database, as root */
	"fchown",
	/* memory; mmap and mprotect stand below */
	"munmap", "mremap", "madvise", "brk", "mlock", "mlock2", "munlock",
	"msync", "membarrier",
	/* waiting */
	"poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl",
	"epoll_wait", "epoll_pwait", "eventfd2", "signalfd4", "futex",
	"nanosleep", "clock_nanosleep", "restart_syscall", "setitimer",
	"inotify_init1", "inotify_add_watch",
	/* time, chance, who we are */
	"clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom",
	"getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid",
	"uname", "sysinfo", "getrusage", "getcpu", "sched_getaffinity",
	"sched_yield",
	/* signals of our own, threads, the end */
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait",
	"rt_sigsuspend", "sigaltstack", "set_robust_list", "rseq", "arch_prctl",
	"set_tid_address", "exit", "exit_group",
	/* sockets that are there; socket stands below */
	"connect", "accept", "accept4", "sendto", "sendmsg", "recvfrom",
	"recvmsg", "shutdown", "getsockopt", "setsockopt", "getsockname",
	"getpeername"
};

/* Of the resolver and of what libcurl makes for it. */
static const char *const network[] = { "sendmmsg", "recvmmsg", "bind" };

/* To begin a process, be sure of its end, and have it disturb nobody. */
static const char *const self[] = { "execve", "wait4", "waitid", "pidfd_open",
	"kill", "tgkill", "prctl", "setpriority", "ioprio_set" };

static const char *const deadly[] = { "ptrace", "process_vm_readv",
	"process_vm_writev", "kcmp", "pidfd_getfd", "execveat", "mount",
	"umount2", "mount_setattr", "move_mount", "open_tree", "fsopen",
	"pivot_root", "chroot", "setns", "unshare", "init_module",
	"finit_module", "delete_module", "kexec_load", "kexec_file_load", "bpf",
	"perf_event_open", "userfaultfd", "add_key", "request_key", "keyctl",
	"open_by_handle_at", "reboot", "swapon", "swapoff", "iopl", "ioperm",
	"setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid",
	"setgroups", "setfsuid", "setfsgid", "capset", "personality", "acct",
	"settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
	"sethostname", "setdomainname", "quotactl" };

#define NAMESPACES                                                             \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |         \
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

int
sandbox_calls_there(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* What this architecture or this library does not know nobody can call. */
static int
add(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t n)
{
	int call, rc = 0;
	size_t i;

	for (i = 0; i < n && rc == 0; i++) {
		call = seccomp_syscall_resolve_name(names[i]);
		if (call >= 0)
			rc = seccomp_rule_add(filter, action, call, 0);
	}
	return rc;
}

/* Sockets of these families. */
static int
add_sockets(scmp_filter_ctx filter, const int *families, size_t n)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < n && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket),
		    1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	return rc;
}

static int
add_network(scmp_filter_ctx filter, unsigned may)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6,
		AF_NETLINK };
	int rc;

	/* glibc asks netlink which addresses this machine has. */
	rc = add_sockets(
	    filter, families, may & SANDBOX_NETWORK ? N(families) : 1);
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    SCMP_SYS(socketpair), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (rc == 0 && (may & SANDBOX_NETWORK))
		rc = add(filter, SCMP_ACT_ALLOW, network, N(network));
	return rc;
}

/* Code comes from files that were there: a worker never loads any. */
static int
add_memory(scmp_filter_ctx filter, unsigned may)
{
	int loads = may & (SANDBOX_NETWORK | SANDBOX_SELF);
	const int calls[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	int rc = 0;
	size_t i;

	for (i = 0; i < N(calls) && rc == 0; i++)
		rc = loads
			 ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0)
			 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 1,
			       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return rc;
}

/* Threads, no processes; and one may stand back behind the others for a while. */
static int
add_threads(scmp_filter_ctx filter)
{
	const int calls[] = { SCMP_SYS(getpriority), SCMP_SYS(setpriority) };
	const int call = SCMP_SYS(sched_setscheduler);
	int rc;
	size_t i;

	rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, NAMESPACES | CLONE_THREAD,
		CLONE_THREAD));
	for (i = 0; i < N(calls) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 2,
		    SCMP_A0(SCMP_CMP_EQ, PRIO_PROCESS),
		    SCMP_A1(SCMP_CMP_EQ, 0));
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 2,
		    SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A1(SCMP_CMP_EQ, SCHED_IDLE));
	/* Another thread is called back by its number. */
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
		    SCMP_A1(SCMP_CMP_EQ, SCHED_OTHER));
	return rc;
}

static int
add_processes(scmp_filter_ctx filter, const struct sandbox *sandbox)
{
	pid_t us = getpid();
	int rc;

	/* raise(), abort() */
	rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)us));
	if (rc == 0 && sandbox->tells != 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 2,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)sandbox->tells),
		    SCMP_A1(SCMP_CMP_EQ, SIGUSR1));
	/* Limits are read with it as well as set. */
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
	if (rc == 0 && (sandbox->may & SANDBOX_SELF))
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone),
		    1, SCMP_A0(SCMP_CMP_MASKED_EQ, NAMESPACES, 0));
	else if (rc == 0 && (sandbox->may & SANDBOX_THREADS))
		rc = add_threads(filter);
	if (rc == 0 && (sandbox->may & SANDBOX_SELF))
		rc = add(filter, SCMP_ACT_ALLOW, self, N(self));
	else if (rc == 0)
		rc = seccomp_rule_add(
		    filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(execve), 0);
	return rc;
}

static int
add_devices(scmp_filter_ctx filter)
{
	/* Whether it is a terminal, how much there is to read. */
	const scmp_datum_t requests[] = { TCGETS, FIONREAD, FIONBIO };
	int rc = 0;
	size_t i;

	for (i = 0; i < N(requests) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl),
		    1, SCMP_A1(SCMP_CMP_EQ, requests[i]));
	return rc;
}

int
sandbox_calls_enter(const struct sandbox *sandbox, struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int rc;

	if (!filter)
		err_die("out of memory: seccomp");
	if ((rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
		 SCMP_ACT_KILL_PROCESS)) != 0 ||
	    (rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1)) != 0 ||
	    (rc = add(filter, SCMP_ACT_ALLOW, always, N(always))) != 0 ||
	    (rc = add(filter, SCMP_ACT_KILL_PROCESS, deadly, N(deadly))) != 0 ||
	    (rc = add_network(filter, sandbox->may)) != 0 ||
	    (rc = add_memory(filter, sandbox->may)) != 0 ||
	    (rc = add_processes(filter, sandbox)) != 0 ||
	    (rc = add_devices(filter)) != 0 ||
	    (rc = seccomp_load(filter)) != 0) {
		errno = -rc;
		err_sys(err, "sandbox: seccomp");
	}
	seccomp_release(filter);
	return rc == 0 ? 0 : -1;
}
