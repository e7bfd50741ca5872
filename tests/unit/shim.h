#ifndef ROWHOUSE_TESTS_SHIM_H
#define ROWHOUSE_TESTS_SHIM_H

/*
 * A VFS in front of SQLite's own that stops at chosen calls, so that a race is
 * arranged and not hoped for.  The default from shim_install() on.
 */

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct shim_file {
	sqlite3_file base;
	sqlite3_file *real;
};

/* What to do there; each takes itself off while it runs. */
static void (*shim_committed)(void); /* a writer gave back both its locks */
static void (*shim_unfetch)(void); /* a checkpoint has read the header */
static void (*shim_barrier)(void); /* between the two header copies */

static int shim_was_writing;
static sqlite3_vfs shim_vfs;
static sqlite3_vfs *shim_real;

static inline sqlite3_file *
shim_of(sqlite3_file *file)
{
	return ((struct shim_file *)file)->real;
}

static inline void
shim_call(void (**hook)(void))
{
	void (*now)(void) = *hook;

	if (now == NULL)
		return;
	*hook = NULL;
	now();
}

static int
shim_close(sqlite3_file *f)
{
	int rc = shim_of(f)->pMethods->xClose(shim_of(f));

	free(shim_of(f));
	return rc;
}

static int
shim_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return shim_of(f)->pMethods->xRead(shim_of(f), p, n, at);
}

static int
shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	return shim_of(f)->pMethods->xWrite(shim_of(f), p, n, at);
}

static int
shim_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	return shim_of(f)->pMethods->xTruncate(shim_of(f), n);
}

static int
shim_sync(sqlite3_file *f, int flags)
{
	return shim_of(f)->pMethods->xSync(shim_of(f), flags);
}

static int
shim_size(sqlite3_file *f, sqlite3_int64 *n)
{
	return shim_of(f)->pMethods->xFileSize(shim_of(f), n);
}

static int
shim_lock(sqlite3_file *f, int level)
{
	return shim_of(f)->pMethods->xLock(shim_of(f), level);
}

static int
shim_unlock(sqlite3_file *f, int level)
{
	return shim_of(f)->pMethods->xUnlock(shim_of(f), level);
}

static int
shim_reserved(sqlite3_file *f, int *out)
{
	return shim_of(f)->pMethods->xCheckReservedLock(shim_of(f), out);
}

static int
shim_control(sqlite3_file *f, int op, void *arg)
{
	return shim_of(f)->pMethods->xFileControl(shim_of(f), op, arg);
}

static int
shim_sector(sqlite3_file *f)
{
	return shim_of(f)->pMethods->xSectorSize(shim_of(f));
}

static int
shim_device(sqlite3_file *f)
{
	return shim_of(f)->pMethods->xDeviceCharacteristics(shim_of(f));
}

static int
shim_shm_map(
    sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
	return shim_of(f)->pMethods->xShmMap(
	    shim_of(f), region, size, extend, out);
}

static int
shim_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	int rc = shim_of(f)->pMethods->xShmLock(shim_of(f), at, n, flags);

	if (at == 0 && n == 1 &&
	    flags == (SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE)) {
		shim_was_writing = 1;
	} else if (shim_was_writing &&
		   flags == (SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED)) {
		shim_was_writing = 0;
		shim_call(&shim_committed);
	}
	return rc;
}

static void
shim_shm_barrier(sqlite3_file *f)
{
	shim_of(f)->pMethods->xShmBarrier(shim_of(f));
	shim_call(&shim_barrier);
}

static int
shim_shm_unmap(sqlite3_file *f, int flag)
{
	return shim_of(f)->pMethods->xShmUnmap(shim_of(f), flag);
}

static int
shim_fetch(sqlite3_file *f, sqlite3_int64 at, int n, void **out)
{
	return shim_of(f)->pMethods->xFetch(shim_of(f), at, n, out);
}

static int
shim_unfetch_(sqlite3_file *f, sqlite3_int64 at, void *p)
{
	if (p == NULL && at == 0)
		shim_call(&shim_unfetch);
	return shim_of(f)->pMethods->xUnfetch(shim_of(f), at, p);
}

static const sqlite3_io_methods shim_methods = { 3, shim_close, shim_read,
	shim_write, shim_truncate, shim_sync, shim_size, shim_lock, shim_unlock,
	shim_reserved, shim_control, shim_sector, shim_device, shim_shm_map,
	shim_shm_lock, shim_shm_barrier, shim_shm_unmap, shim_fetch,
	shim_unfetch_ };

static int
shim_open(
    sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct shim_file *file = (struct shim_file *)f;
	int rc;

	(void)vfs;
	memset(file, 0, sizeof(*file));
	file->real = calloc(1, (size_t)shim_real->szOsFile);
	rc = shim_real->xOpen(shim_real, name, file->real, flags, out);
	if (file->real->pMethods != NULL)
		file->base.pMethods = &shim_methods;
	else
		free(file->real);
	return rc;
}

static inline void
shim_install(void)
{
	shim_real = sqlite3_vfs_find(NULL);
	shim_vfs = *shim_real;
	shim_vfs.szOsFile = sizeof(struct shim_file);
	shim_vfs.zName = "shim";
	shim_vfs.xOpen = shim_open;
	shim_vfs.pNext = NULL;
	sqlite3_vfs_register(&shim_vfs, 1);
}

#endif
