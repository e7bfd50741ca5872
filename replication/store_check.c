#include "replication/store_check.h"

#include <stddef.h>
#include <string.h>

#include "replication/store.h"
#include "tenants/base/buf.h"

#define CLAIM_MAX ((size_t)16 * 1024)

static int
ignore(struct store_op *op, const struct store_object *object, struct err *err)
{
	(void)op, (void)object, (void)err;
	return 0;
}

static int
gather(struct store_op *op, const void *p, size_t n, struct err *err)
{
	buf_put(op->arg, p, n);
	return buf_check(op->arg, "_machine", err);
}

/* 0: what is found then may be something else. */
static int
try(struct store *store, struct store_op *op, enum err_code fine,
    struct check_report *report)
{
	struct err err = ERR_INIT;

	if (store_now(store, op, &err) == 0 || err.code == fine)
		return 1;
	check_error(&err, report);
	return err.code == ERR_DENIED;
}

/* The claim is read, and put as if it had been another. */
static void
try_object(struct store *store, struct check_report *report)
{
	struct store_op op = { .verb = STORE_GET,
		.key = { .kind = STORE_MACHINE },
		.data = gather };
	struct buf claim;

	buf_init(&claim, CLAIM_MAX);
	op.arg = &claim;
	if (try(store, &op, ERR_NOT_FOUND, report)) {
		op = (struct store_op){ .verb = STORE_PUT,
			.key = { .kind = STORE_MACHINE },
			.bytes = buf_view(&claim),
			.swap = 1,
			.version = "another" };
		(void)try(store, &op, ERR_CONFLICT, report);
	}
	buf_free(&claim);
}

static void
run(const struct config *config, struct check_report *report)
{
	struct store_op op = { .verb = STORE_SLUGS, .object = ignore };
	struct err err = ERR_INIT;
	struct store *store;

	/* Without a replica there is nothing to be wrong with it. */
	if (config->replica[0] == '\0')
		return;
	store = store_open(config->replica, &err);
	if (store == NULL)
		check_error(&err, report);
	else if (try(store, &op, ERR_NONE, report) &&
		 strncmp(config->replica, "s3://", 5) == 0)
		try_object(store, report);
	store_close(store);
}

const struct check store_check = { "replica", run };
