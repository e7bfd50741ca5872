#include "replication/store_check.h"

#include <stddef.h>

#include "replication/store.h"

static int
ignore(struct store_op *op, const struct store_object *object, struct err *err)
{
	(void)op, (void)object, (void)err;
	return 0;
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
	if (store == NULL || store_now(store, &op, &err) != 0)
		check_error(&err, report);
	store_close(store);
}

const struct check store_check = { "replica", run };
