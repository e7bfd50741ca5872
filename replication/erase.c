#include "replication/erase.h"

#include <stdio.h>
#include <string.h>

#include "replication/verify.h"
#include "tenants/base/file.h"
#include "tenants/job.h"
#include "tenants/layout.h"
#include "tenants/leftover.h"
#include "tenants/lifecycle.h"

static int
ignore(struct store_op *op, const void *p, size_t n, struct err *err)
{
	(void)op;
	(void)p;
	(void)n;
	(void)err;
	return 0;
}

static int
note_newest(
    struct store_op *op, const struct store_object *object, struct err *err)
{
	(void)err;
	*(uint32_t *)op->arg = object->key.epoch;
	return 0;
}

/*
 * A mount that is missing is an empty directory, and an empty list of it would
 * prove nothing.  A replicator goes on in it: it makes a claim and ships what is
 * new.  But the epoch that the registry is in was begun in the replica, once.
 */
static int
check_replica(struct store *store, struct err *err)
{
	uint32_t newest = 0;
	struct store_op op = { .verb = STORE_EPOCHS,
		.object = note_newest,
		.data = ignore,
		.arg = &newest };

	(void)str_copy(STR(SLUG_REGISTRY), op.key.slug, sizeof op.key.slug);
	if (store_now(store, &op, err) != 0)
		return err_wrap(err, "nothing is erased");
	op.verb = STORE_GET;
	op.key.kind = STORE_OWNER;
	op.key.epoch = newest;
	if (newest > 0 && store_now(store, &op, err) == 0)
		return 0;
	if (newest > 0 && err->code != ERR_NOT_FOUND)
		return err_wrap(err, "nothing is erased");
	err_set(err, ERR_CONFLICT,
	    "nothing is erased: %s is no replica of this registry",
	    store_url(store));
	return err_hint(
	    err, "is it mounted, is it the right bucket? (replica.url)");
}

static int
count(struct store_op *op, const struct store_object *object, struct err *err)
{
	struct erase_report *out = op->arg;

	(void)err;
	out->objects++;
	out->bytes += object->size;
	return 0;
}

static int
erase_objects(const struct erase_opts *opts, const char *slug,
    struct erase_report *out, struct err *err)
{
	struct store_op op = {
		.verb = STORE_ERASE, .object = count, .arg = out
	};
	uint64_t before;

	(void)str_copy(str_of(slug), op.key.slug, sizeof op.key.slug);
	do {
		before = out->objects;
		if (opts->may(opts->arg, err) != 0 ||
		    store_now(opts->store, &op, err) != 0)
			return -1;
	} while (out->objects > before);
	return 0;
}

/*
 * Two may be at it, and the slug is another's as soon as one of them is through:
 * so its directory is taken out of the way under the lock under which tenants are
 * made, by who has seen there that it is still to be erased.
 */
static int
set_aside(const struct erase_opts *opts, const struct registry_tenant *row,
    const char *aside, struct err *err)
{
	struct layout_path dir = layout_tenant(opts->config, row->slug);
	struct registry_tenant now = { .uid = "" };
	int lock = -1, rc = -1;

	if (lifecycle_lock(opts->config, &lock, err) != 0 ||
	    (registry_find(opts->registry, opts->slug, &now, err) != 0 &&
		err->code != ERR_NOT_FOUND))
		goto done;
	if (now.erasing_ms == 0 || strcmp(now.uid, row->uid) != 0) {
		err_set(err, ERR_BUSY,
		    "another process has erased the tenant %s", row->slug);
		goto done;
	}
	rc = file_exists(dir.p, err);
	if (rc > 0)
		rc = file_rename(dir.p, aside, err);
done:
	file_drop(&lock);
	return rc;
}

static int
erase_files(const struct erase_opts *opts, const struct registry_tenant *row,
    struct err *err)
{
	const struct config *config = opts->config;
	char aside[LAYOUT_MAX + SLUG_MAX + 16];

	(void)snprintf(aside, sizeof aside, "%s/.erasing-%s",
	    layout_tenants(config).p, row->slug);
	/* Of one that was killed. */
	if (file_remove_tree(aside, err) != 0 ||
	    set_aside(opts, row, aside, err) != 0 ||
	    file_remove(layout_full(config, row->slug).p, err) != 0 ||
	    job_remove_exports(config, row->slug, err) != 0 ||
	    leftover_clear_copies(config, row->slug, err) != 0 ||
	    verify_clear(config, err) != 0 ||
	    file_remove_tree(aside, err) != 0)
		return -1;
	return file_sync_dir(layout_tenants(config).p, err);
}

int
erase(const struct erase_opts *opts, struct erase_report *out, struct err *err)
{
	struct registry_tenant row;

	memset(out, 0, sizeof *out);
	if (registry_find(opts->registry, opts->slug, &row, err) != 0)
		return -1;
	if (row.state != REGISTRY_DELETED) {
		err_set(
		    err, ERR_CONFLICT, "tenant %s is not deleted", row.slug);
		return err_hint(err, "rowhouse tenant delete %s", row.slug);
	}
	out->resumed = row.erasing_ms != 0;
	if (opts->store != NULL &&
	    (check_replica(opts->store, err) != 0 ||
		(!out->resumed && opts->ready(opts->arg, err) != 0)))
		return -1;
	memcpy(out->uid, row.uid, sizeof out->uid);
	if (registry_erase_begin(opts->registry, opts->slug, err) != 0)
		return -1;
	if ((opts->store != NULL &&
		erase_objects(opts, row.slug, out, err) != 0) ||
	    erase_files(opts, &row, err) != 0) {
		err_wrap(err, "tenant %s is erased in part", row.slug);
		return err->hint[0] != '\0'
			   ? -1
			   : err_hint(err, "once that is mended run it again: "
					   "it goes on where it stopped");
	}
	return registry_erase_end(opts->registry, opts->slug, row.uid, err);
}
