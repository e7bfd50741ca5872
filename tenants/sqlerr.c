#include "tenants/sqlerr.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/statvfs.h>

#define DISK_LEFT (1 << 20) /* with less than that, it is the disk */

static enum err_code
code_of(int primary, int number)
{
	switch (primary) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_INTERRUPT:
		return ERR_DEADLINE;
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_CONSTRAINT:
		return ERR_CONFLICT;
	case SQLITE_TOOBIG:
		return ERR_TOO_LARGE;
	case SQLITE_MISMATCH:
		return ERR_INPUT;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		if (number == ENOSPC || number == EDQUOT)
			return ERR_FULL;
		return ERR_SYSTEM;
	default:
		return ERR_SYSTEM;
	}
}

/* It is the disk, or max_page_count. */
static void
tell_full(const char *path, int primary, struct err *err)
{
	struct statvfs vfs;

	if (primary == SQLITE_FULL && statvfs(path, &vfs) == 0 &&
	    (uint64_t)vfs.f_bavail * vfs.f_frsize > DISK_LEFT) {
		err->code = ERR_QUOTA;
		err_hint(err, "%s has reached its limit of size", path);
		return;
	}
	err_hint(err, "make room on the disk of %s", path);
}

int
sqlerr_set(
    sqlite3 *handle, const char *path, const char *context, struct err *err)
{
	int primary = sqlite3_extended_errcode(handle) & 0xff;
	int number = 0;

	/* Only these come from a system call that left its errno. */
	if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
		number = sqlite3_system_errno(handle);
	err_set(err, code_of(primary, number), "%s: %s%s%s", context,
	    sqlite3_errmsg(handle), number != 0 ? ": " : "",
	    number != 0 ? strerror(number) : "");
	if (err->code == ERR_BUSY)
		err->retry_after = 1;
	else if (err->code == ERR_FULL)
		tell_full(path, primary, err);
	else if (primary == SQLITE_READONLY || primary == SQLITE_CANTOPEN)
		err_hint(err,
		    "%s and its directory must be writable by the "
		    "user that runs rowhouse",
		    path);
	return -1;
}
