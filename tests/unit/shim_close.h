/*
 * Calls a hook when SQLite is about to let go of a wal-index: a connection is
 * being closed, and has looked at the WAL for the last time.
 */
#ifndef ROWHOUSE_TEST_SHIM_CLOSE_H
#define ROWHOUSE_TEST_SHIM_CLOSE_H

#include <sqlite3.h>
#include <string.h>

static struct {
	void (*hook)(void *arg);
	void *arg;
	sqlite3_vfs *real;
	sqlite3_vfs vfs;
	sqlite3_io_methods methods;
	int (*unmap)(sqlite3_file *file, int drop);
} shim_close;

static int
shim_close_unmap(sqlite3_file *file, int drop)
{
	int rc = shim_close.unmap(file, drop);

	if (shim_close.hook != NULL)
		shim_close.hook(shim_close.arg);
	return rc;
}

static int
shim_close_open(
    sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	int rc = shim_close.real->xOpen(vfs, name, file, flags, out);

	if (rc == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0) {
		shim_close.methods = *file->pMethods;
		shim_close.unmap = file->pMethods->xShmUnmap;
		shim_close.methods.xShmUnmap = shim_close_unmap;
		file->pMethods = &shim_close.methods;
	}
	return rc;
}

static inline void
shim_close_install(void)
{
	shim_close.real = sqlite3_vfs_find(NULL);
	shim_close.vfs = *shim_close.real;
	shim_close.vfs.zName = "close";
	shim_close.vfs.xOpen = shim_close_open;
	shim_close.vfs.pNext = NULL;
	(void)sqlite3_vfs_register(&shim_close.vfs, 1);
}

#endif
