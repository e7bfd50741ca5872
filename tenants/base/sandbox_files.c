/*
 * Landlock: landlock(7), and the kernel's Documentation/userspace-api/landlock.rst.
 *
 * What is named here is refused unless a rule allows it, for a file or for all
 * beneath a directory.  What each ABI of the kernel can name:
 *
 *	1	files and directories (Linux 5.13), but no rename from one
 *		directory to another, without which there is no shelf: as none
 *	2	that, too (5.19)
 *	3	truncate (6.2)
 *	4	TCP: bind and connect (6.7)
 *	5	ioctl of devices (6.10)
 *	6	signals and abstract sockets that lead out of here (6.12)
 *
 * What is newer adds names that we do not use yet.  The headers of Debian 12
 * know ABI 2, so what came later stands here as the kernel has it.
 *
 * It does not govern connecting to a socket that has a path, nor what is open
 * already.  A rule is about the file that is there now: a directory that is
 * replaced later is none of ours, one that is mounted on ours neither.
 */
#include "tenants/base/sandbox_files.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tenants/base/file.h"

#define FS_TRUNCATE  (UINT64_C(1) << 14) /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define NET_BIND     (UINT64_C(1) << 0) /* ABI 4 */
#define NET_CONNECT  (UINT64_C(1) << 1)
#define SCOPE_SOCKET (UINT64_C(1) << 0) /* ABI 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE                                                                  \
	(READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REFER |     \
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |   \
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |        \
	    FS_TRUNCATE)
#define EXECUTE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE)
/* Of these a rule for a file may speak. */
#define OF_A_FILE                                                              \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |        \
	    LANDLOCK_ACCESS_FS_EXECUTE | FS_TRUNCATE)
/* All of ABI 2. */
#define HANDLED                                                                \
	(WRITE | EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                      \
	    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |      \
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* struct landlock_ruleset_attr as ABI 6 has it. */
struct ruleset {
	uint64_t fs, net, scoped;
};

int
sandbox_files_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

static struct ruleset
refused(const struct sandbox *sandbox, int abi)
{
	struct ruleset all = { .fs = HANDLED & ~FS_TRUNCATE };
	int network = sandbox->may & SANDBOX_NETWORK;

	if (abi >= 3)
		all.fs |= FS_TRUNCATE;
	/* Nobody here waits for calls from elsewhere. */
	if (abi >= 4)
		all.net = network ? NET_BIND : NET_BIND | NET_CONNECT;
	if (abi >= 5)
		all.fs |= FS_IOCTL_DEV;
	/* $NOTIFY_SOCKET may be an abstract one, and the supervisor is out. */
	if (abi >= 6)
		all.scoped = sandbox->tells ? 0 : SCOPE_SIGNAL;
	return all;
}

/* What is not there is nobody's to reach either. */
static int
allow(int rules, const char *path, uint64_t rights, const struct ruleset *all,
    struct err *err)
{
	struct landlock_path_beneath_attr rule;
	struct stat st;
	int fd, rc = 0;

	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR
			   ? 0
			   : err_sys(err, "sandbox: %s", path);
	if (fstat(fd, &st) != 0) {
		rc = err_sys(err, "sandbox: %s", path);
		goto done;
	}
	if (!S_ISDIR(st.st_mode))
		rights &= OF_A_FILE;
	rule.allowed_access = rights & all->fs;
	rule.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) != 0)
		rc = err_sys(err, "sandbox: a rule for %s", path);
done:
	file_drop(&fd);
	return rc;
}

static int
find_loader(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char **out = arg;
	int i;

	(void)size;
	/* The program itself comes first. */
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*out = (const char *)(info->dlpi_addr +
					      info->dlpi_phdr[i].p_vaddr);
	return 1;
}

static int
allow_self(int rules, const struct ruleset *all, struct err *err)
{
	const char *loader = NULL;

	(void)dl_iterate_phdr(find_loader, &loader);
	if (loader && allow(rules, loader, EXECUTE, all, err) != 0)
		return -1;
	return allow(rules, "/proc/self/exe", EXECUTE, all, err);
}

int
sandbox_files_enter(const struct sandbox *sandbox, int abi, struct err *err)
{
	struct ruleset all = refused(sandbox, abi);
	/* An older kernel takes no more than it knows, unless it is zero. */
	size_t size = abi < 4   ? sizeof all.fs
		      : abi < 6 ? 2 * sizeof all.fs
				: sizeof all;
	int rules, rc = -1;
	size_t i;

	rules = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (rules < 0)
		return err_sys(err, "sandbox: a Landlock ruleset");
	for (i = 0; i < sandbox->n; i++)
		if (allow(rules, sandbox->path[i].path,
			sandbox->path[i].write ? WRITE : READ, &all, err) != 0)
			goto done;
	if ((sandbox->may & SANDBOX_SELF) && allow_self(rules, &all, err) != 0)
		goto done;
	if (syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		err_sys(err, "sandbox: Landlock");
	else
		rc = 0;
done:
	file_drop(&rules);
	return rc;
}
