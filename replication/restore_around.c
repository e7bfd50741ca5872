#include "replication/restore.h"

#include <stdio.h>

/* Snapshots and levels overlap, so more than a few bad ones leave no way. */
#define BAD_MAX 16

static int
is_objects_fault(const struct restore_target *target, const struct err *err)
{
	return target->failed != NULL &&
	       (err->code == ERR_CORRUPT || err->code == ERR_NOT_FOUND);
}

int
restore_around(struct store *store, struct restore_plan *plan,
    struct arena *arena, struct restore_target *target, struct err *err)
{
	struct store_object bad[BAD_MAX];
	size_t n = 0;

	for (;;) {
		struct err none = ERR_INIT;

		if (restore_build(store, plan, target, err) == 0)
			return 0;
		if (!is_objects_fault(target, err) || n == BAD_MAX)
			return -1;
		bad[n++] = *target->failed;
		if (restore_plan_around(store, bad, n, arena, plan, &none)) {
			/* No store to ask is another matter than no way. */
			if (none.hint[0])
				err_hint(err, "%s", none.hint);
			return -1;
		}
		if (target->around)
			target->around(err, target->arg);
		err_clear(err);
	}
}
