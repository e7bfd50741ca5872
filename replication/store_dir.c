#include "replication/store_dir.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "replication/ltx.h"
#include "replication/store_dir_erase.h"
#include "replication/store_dir_list.h"
#include "replication/store_dir_put.h"
#include "replication/store_dir_version.h"
#include "tenants/base/clock.h"
#include "tenants/base/file.h"

/*
 * A REPLICA IN A DIRECTORY
 *
 *	<root>/<slug>/<epoch>/owner
 *	<root>/<slug>/<epoch>/ltx/<level>/<min>-<max>.ltx
 *
 * From <epoch> down that is the layout of Litestream's file replicas, mtime
 * included: its time of a file is ours of the newest commit in it.
 *
 * An object is written under its own name with ".put" behind it, which no
 * reader of either kind takes for an object, synced, and renamed without
 * replacing; then the directory is synced, and only then it is put.  The
 * writer holds a lock on the .put file.  One that nobody holds is what a
 * killed writer left: the next put of the object uses it, and a listing
 * removes it.  A swap compares and replaces while it holds that lock; an
 * object's version is the hash of its content.
 *
 * File systems have no calls that complete later, so work is cut into steps
 * of a chunk each, and store_poll does some of them, taking turns among a few
 * operations so that a small object need not wait for a large one.
 */
#define JOBS     8 /* operations under way at once */
#define SLICE_US 10000 /* of work in one call of store_poll */
#define CHUNK    ((size_t)1024 * 1024)
#define ROOT_MAX 3072 /* leaves room for the rest in PATH_MAX */

struct job {
	struct store_op *op; /* NULL: free */
	char path[PATH_MAX]; /* of the object, or of what is listed */
	struct store_dir_put *put;
	struct store_dir_list *list;
	int in; /* what is got */
	int64_t at, end;
};

struct store_dir {
	char *root;
	dev_t dev; /* of root, once it was seen; ino 0: it was not */
	ino_t ino;
	struct store_op *first, **last; /* waiting for a job */
	struct job job[JOBS];
	size_t busy; /* jobs */
	size_t turn; /* the job that is next */
	struct store_stats stats;
	unsigned char *chunk;
};

static void *
dir_open(const char *path, struct err *err)
{
	struct store_dir *dir;
	struct stat st;

	if (strlen(path) >= ROOT_MAX) {
		err_set(err, ERR_INPUT, "replica: a path of %zu bytes",
		    strlen(path));
		return NULL;
	}
	if (stat(path, &st) != 0) {
		if (errno != ENOENT) {
			err_sys(err, "replica %s", path);
			return NULL;
		}
	} else if (!S_ISDIR(st.st_mode)) {
		err_set(err, ERR_INPUT, "replica %s is not a directory", path);
		return NULL;
	}
	dir = calloc(1, sizeof *dir);
	if (!dir)
		err_die("out of memory: store");
	dir->chunk = malloc(CHUNK);
	if (!dir->chunk)
		err_die("out of memory: store");
	dir->root = strdup(path);
	if (!dir->root)
		err_die("out of memory: store");
	dir->last = &dir->first;
	return dir;
}

/*
 * Another directory under the same name is what shows where a file system is no
 * longer mounted: what is put into it is missing when that is there again.
 */
static int
check_root(struct store_dir *dir, struct err *err)
{
	struct stat st;

	if (stat(dir->root, &st) != 0) {
		if (errno != ENOENT)
			return err_sys(err, "replica %s", dir->root);
		if (dir->ino == 0)
			return 0;
		memset(&st, 0, sizeof st);
	} else if (dir->ino == 0) {
		dir->dev = st.st_dev;
		dir->ino = st.st_ino;
	}
	if (st.st_dev == dir->dev && st.st_ino == dir->ino)
		return 0;
	err_set(err, ERR_SYSTEM,
	    "replica %s is not the directory that it was: nothing is put there",
	    dir->root);
	return err_hint(
	    err, "mount what it was, or restart the replicator if it is right");
}

static void
dir_submit(void *state, struct store_op *op)
{
	struct store_dir *dir = state;

	*dir->last = op;
	dir->last = &op->next;
}

static void
path_of(const struct store_dir *dir, const struct store_op *op, char *out)
{
	const struct store_key *key = &op->key;
	char name[LTX_NAME];
	int n;

	if (op->verb == STORE_SLUGS) {
		n = snprintf(out, PATH_MAX, "%s", dir->root);
	} else if (key->kind == STORE_MACHINE) {
		n = snprintf(out, PATH_MAX, "%s/_machine", dir->root);
	} else if (op->verb == STORE_EPOCHS || op->verb == STORE_ERASE) {
		n = snprintf(out, PATH_MAX, "%s/%s", dir->root, key->slug);
	} else if (op->verb == STORE_LIST && !key->slug[0]) {
		n = snprintf(out, PATH_MAX, "%s/ltx/%d", dir->root, key->level);
	} else if (op->verb == STORE_LIST) {
		n = snprintf(out, PATH_MAX, "%s/%s/%08x/ltx/%d", dir->root,
		    key->slug, key->epoch, key->level);
	} else if (key->kind == STORE_OWNER) {
		n = snprintf(out, PATH_MAX, "%s/%s/%08x/owner", dir->root,
		    key->slug, key->epoch);
	} else if (!key->slug[0]) {
		ltx_name(key->min_txid, key->max_txid, name);
		n = snprintf(
		    out, PATH_MAX, "%s/ltx/%d/%s", dir->root, key->level, name);
	} else {
		ltx_name(key->min_txid, key->max_txid, name);
		n = snprintf(out, PATH_MAX, "%s/%s/%08x/ltx/%d/%s", dir->root,
		    key->slug, key->epoch, key->level, name);
	}
	assert(n > 0 && n < PATH_MAX);
}

static int
start_get(struct job *job, struct err *err)
{
	struct store_op *op = job->op;
	struct stat st;

	assert(op->offset >= 0 && op->length >= 0);
	job->in = file_open(job->path, O_RDONLY, 0, err);
	if (job->in < 0)
		return -1;
	if (fstat(job->in, &st) != 0)
		return err_sys(err, "cannot look at %s", job->path);
	if (op->offset > st.st_size)
		return err_set(err, ERR_CORRUPT,
		    "%s has %lld bytes, not %lld and more", job->path,
		    (long long)st.st_size, (long long)op->offset);
	if (op->key.kind != STORE_LTX &&
	    store_dir_version_fd(
		job->in, st.st_size, job->path, op->version, err) != 0)
		return -1;
	job->at = op->offset;
	job->end = st.st_size;
	if (op->length > 0 && op->length < job->end - job->at)
		job->end = job->at + op->length;
	return 0;
}

static int
get_some(
    struct job *job, unsigned char *chunk, uint64_t *bytes_in, struct err *err)
{
	int64_t rest = job->end - job->at;
	size_t n = rest < (int64_t)CHUNK ? (size_t)rest : CHUNK;

	if (file_pread(job->in, chunk, n, job->at, job->path, err) != 0)
		return -1;
	job->at += (int64_t)n;
	*bytes_in += n;
	if (n > 0 && job->op->data(job->op, chunk, n, err) != 0)
		return -1;
	return job->at == job->end;
}

/* 1 done, 0 there is more to do, -1 */
static int
start(struct store_dir *dir, struct job *job, struct err *err)
{
	switch (job->op->verb) {
	case STORE_PUT:
		if (check_root(dir, err) != 0)
			return -1;
		job->put = store_dir_put_new(job->op, job->path, err);
		return job->put ? 0 : -1;
	case STORE_GET:
		return start_get(job, err);
	case STORE_LIST:
	case STORE_EPOCHS:
	case STORE_SLUGS:
		job->list = store_dir_list_new(job->op, job->path, err);
		return job->list ? 0 : -1;
	case STORE_DELETE:
		return file_remove(job->path, err) == 0 ? 1 : -1;
	case STORE_ERASE:
		return store_dir_erase(job->op, job->path, err) == 0 ? 1 : -1;
	}
	err_die("store: no verb %d", job->op->verb);
}

static int
step(struct store_dir *dir, struct job *job, struct err *err)
{
	if (job->put)
		return store_dir_put_step(job->put, dir->chunk, CHUNK, err);
	if (job->list)
		return store_dir_list_step(job->list, err);
	if (job->in >= 0)
		return get_some(job, dir->chunk, &dir->stats.bytes_in, err);
	path_of(dir, job->op, job->path);
	return start(dir, job, err);
}

static void
begin(struct store_dir *dir, struct job *job)
{
	job->op = dir->first;
	job->in = -1;
	dir->first = job->op->next;
	if (!dir->first)
		dir->last = &dir->first;
	dir->busy++;
}

static void
end(struct store_dir *dir, struct job *job)
{
	store_dir_put_free(job->put);
	store_dir_list_free(job->list);
	file_drop(&job->in);
	job->put = NULL;
	job->list = NULL;
	job->op = NULL;
	dir->busy--;
}

static void
count(struct store_stats *stats, const struct store_op *op)
{
	switch (op->verb) {
	case STORE_PUT:
		stats->puts++;
		break;
	case STORE_GET:
		stats->gets++;
		break;
	case STORE_LIST:
	case STORE_EPOCHS:
	case STORE_SLUGS:
		stats->lists++;
		break;
	case STORE_DELETE:
	case STORE_ERASE:
		stats->deletes++;
		break;
	}
	if (op->failure.code == ERR_NONE)
		stats->down_ms = 0;
	else if (op->failure.code != ERR_NOT_FOUND &&
		 op->failure.code != ERR_CONFLICT) {
		stats->failed++;
		if (stats->down_ms == 0)
			stats->down_ms = clock_mono_ms();
	}
}

static void
take_turn(struct store_dir *dir, struct job *job)
{
	struct store_op *op;
	int rc;

	if (!job->op && dir->first)
		begin(dir, job);
	if (!job->op)
		return;
	op = job->op;
	rc = step(dir, job, &op->failure);
	if (rc == 0)
		return;
	assert((rc == 1) == (op->failure.code == ERR_NONE));
	if (rc == 1 && job->put)
		dir->stats.bytes_out += (uint64_t)store_dir_put_size(job->put);
	end(dir, job);
	op->requests = 1;
	count(&dir->stats, op);
	op->done(op, &op->failure);
}

static int
dir_poll(void *state, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct store_dir *dir = state;
	int work = dir->first || dir->busy > 0;
	int ready = poll(fds, n, work ? 0 : timeout_ms);
	int64_t until;

	if (ready < 0 && errno != EINTR)
		err_die("poll: %s", strerror(errno));
	if (!work)
		return ready < 0 ? 0 : ready;
	until = clock_mono_us() + SLICE_US;
	do {
		take_turn(dir, &dir->job[dir->turn]);
		dir->turn = (dir->turn + 1) % JOBS;
	} while ((dir->first || dir->busy > 0) && clock_mono_us() < until);
	return ready < 0 ? 0 : ready;
}

static void
dir_close(void *state)
{
	struct store_dir *dir = state;

	for (int i = 0; i < JOBS; i++)
		if (dir->job[i].op)
			end(dir, &dir->job[i]);
	free(dir->root);
	free(dir->chunk);
	free(dir);
}

static size_t
dir_room(const void *state)
{
	const struct store_dir *dir = state;

	return dir->first ? 0 : JOBS - dir->busy;
}

static void
dir_stats(const void *state, struct store_stats *out)
{
	const struct store_dir *dir = state;

	*out = dir->stats;
}

const struct store_driver store_dir = {
	.open = dir_open,
	.close = dir_close,
	.submit = dir_submit,
	.poll = dir_poll,
	.room = dir_room,
	.stats = dir_stats,
};
