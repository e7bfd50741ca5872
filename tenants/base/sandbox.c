#include "tenants/base/sandbox.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "tenants/base/log.h"
#include "tenants/base/sandbox_calls.h"
#include "tenants/base/sandbox_files.h"
#include "tenants/base/str.h"

/* A sanitizer reports through files and another process, when it is late. */
#ifdef SANITIZED
static const char *const never = "built with sanitizers";
#else
static const char *const never = NULL;
#endif

void
sandbox_init(struct sandbox *sandbox, unsigned may)
{
	*sandbox = (struct sandbox){ .may = may };
	/* SQLite and libc go on without, and worse. */
	sandbox_reads(sandbox, "/dev/urandom");
	sandbox_reads(sandbox, "/etc/localtime");
	sandbox_reads(sandbox, "/usr/share/zoneinfo");
	if (!(may & SANDBOX_NETWORK))
		return;
	/*
	 * Names, certificates, and the libraries that a resolver loads.  All of
	 * /etc, since who changes resolv.conf or the certificates puts a new
	 * file in place of the old, of which no rule would know.
	 */
	sandbox_reads(sandbox, "/etc");
	sandbox_reads(sandbox, "/run/systemd/resolve");
	sandbox_reads(sandbox, "/run/NetworkManager");
	sandbox_reads(sandbox, "/run/resolvconf");
	sandbox_libraries(sandbox);
	sandbox_reads(sandbox, "/usr/share/ca-certificates");
	sandbox_reads(sandbox, "/usr/local/share/ca-certificates");
}

static void
add(struct sandbox *sandbox, const char *path, int write)
{
	if (!path || path[0] == '\0')
		return;
	assert(sandbox->n < SANDBOX_PATHS);
	sandbox->path[sandbox->n].write = write;
	sandbox->path[sandbox->n].path = strdup(path);
	if (!sandbox->path[sandbox->n++].path)
		err_die("out of memory: sandbox");
}

void
sandbox_reads(struct sandbox *sandbox, const char *path)
{
	add(sandbox, path, 0);
}

void
sandbox_reads_around(struct sandbox *sandbox, const char *path)
{
	char dir[PATH_MAX];

	if (path && str_copy(str_of(path), dir, sizeof(dir)) == 0 &&
	    strchr(dir, '/')) {
		*strrchr(dir, '/') = '\0';
		add(sandbox, dir, 0);
	}
}

void
sandbox_writes(struct sandbox *sandbox, const char *path)
{
	add(sandbox, path, 1);
}

void
sandbox_libraries(struct sandbox *sandbox)
{
	sandbox_reads(sandbox, "/lib");
	sandbox_reads(sandbox, "/lib64");
	sandbox_reads(sandbox, "/usr/lib");
	sandbox_reads(sandbox, "/usr/local/lib");
	sandbox_reads(sandbox, "/etc/ld.so.cache");
}

void
sandbox_temp(struct sandbox *sandbox)
{
	const char *dir = getenv("SQLITE_TMPDIR");

	if (!dir || dir[0] == '\0')
		dir = getenv("TMPDIR");
	if (!dir || dir[0] == '\0')
		dir = "/tmp";
	if (setenv("SQLITE_TMPDIR", dir, 1) != 0)
		err_die("out of memory: sandbox");
	sandbox_writes(sandbox, dir);
	sandbox_writes(sandbox, getenv("TMPDIR"));
}

/* The half that is missing, where one is. */
static int
missing(int calls, int abi, struct err *err)
{
	if (never)
		return err_set(err, ERR_SYSTEM, "no sandbox: %s", never);
	if (abi == 0)
		return err_sys(err, "no sandbox for files: Landlock");
	if (abi < SANDBOX_FILES_ABI)
		return err_set(err, ERR_SYSTEM,
		    "no sandbox for files: Landlock of ABI %d, and %d is "
		    "needed",
		    abi, SANDBOX_FILES_ABI);
	if (!calls)
		return err_set(err, ERR_SYSTEM,
		    "no sandbox for calls: this kernel has no seccomp");
	return 0;
}

static int
look(int64_t insist, int silent, struct err *err)
{
	int calls = sandbox_calls_there(), abi = sandbox_files_abi();
	struct err lack = ERR_INIT;

	if (insist != SANDBOX_OFF && missing(calls, abi, &lack) != 0 &&
	    insist == SANDBOX_INSIST) {
		*err = lack;
		return err_hint(
		    err, "without `require` it goes on with what there is");
	}
	if (silent)
		return 0;
	if (insist == SANDBOX_OFF)
		log_warn("sandbox", "none, as the configuration has it");
	else if (lack.code != ERR_NONE)
		log_err("sandbox", STR_NONE, &lack);
	else
		log_info("sandbox",
		    "calls are filtered, files are by ABI %d of Landlock", abi);
	return 0;
}

int
sandbox_probe(int64_t insist, struct err *err)
{
	return look(insist, 0, err);
}

int
sandbox_enter(struct sandbox *sandbox, int64_t insist, struct err *err)
{
	int calls = sandbox_calls_there(), abi = sandbox_files_abi();
	int rc = look(insist, sandbox->silent, err);

	if (rc != 0 || never || insist == SANDBOX_OFF)
		goto done;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		rc = err_sys(err, "sandbox: no_new_privs");
	if (rc == 0 && abi >= SANDBOX_FILES_ABI)
		rc = sandbox_files_enter(sandbox, abi, err);
	if (rc == 0 && calls)
		rc = sandbox_calls_enter(sandbox, err);
done:
	while (sandbox->n > 0)
		free(sandbox->path[--sandbox->n].path);
	return rc;
}
