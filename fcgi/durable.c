#include "fcgi/durable.h"

#include <stdlib.h>

#include "tenants/ack.h"

#define FULL_RETRY_S 1
#define NONE_RETRY_S 300 /* somebody has to configure one */

struct durable {
	const struct config *config;
	struct scoreboard *board;
	int slot;
	struct ack_client *client;
	struct call_watch watch;

	/* of the request */
	int wanted;
	const struct plan *plan;
	struct faults *faults;
	struct arena *arena;
	int holds; /* a place among those who wait */
	int committed;
	int wrote;
	struct hint hint; /* of the last commit */
};

static int
refuse(struct err *err, int retry_after, const char *why)
{
	(void)err_set(err, ERR_BUSY, "durability=replicated: %s", why);
	err->retry_after = retry_after;
	return -1;
}

/* Says which of the plan's limits it was. */
static int
refuse_by_plan(struct durable *durable, enum err_code code, struct err *err)
{
	const struct plan *plan = durable->plan;

	plan_fault(plan, PLAN_REPLICATED, durable->faults, durable->arena);
	(void)err_set(err, code,
	    "durability=replicated: plan.%s.replicated is %lld", plan->name,
	    (long long)plan->replicated);
	if (code == ERR_LIMIT)
		err->retry_after = FULL_RETRY_S;
	return -1;
}

static int
hold(struct durable *durable, struct err *err)
{
	if (durable->holds)
		return 0;
	switch (scoreboard_hold(durable->board, durable->slot,
	    (int)durable->plan->replicated,
	    (int)plan_waiting(durable->config))) {
	case SCOREBOARD_HELD:
		break;
	case SCOREBOARD_HELD_BY_TENANT:
		return refuse_by_plan(durable, ERR_LIMIT, err);
	case SCOREBOARD_HELD_BY_ALL:
		return refuse(
		    err, FULL_RETRY_S, "a quarter of the pool waits already");
	}
	durable->holds = 1;
	return 0;
}

static int
before(
    void *arg, const struct caller *caller, const char *slug, struct err *err)
{
	struct durable *durable = arg;

	if (!durable->wanted)
		return 0;
	if (caller->role < APP_MEMBER)
		return err_set(err, ERR_AUTH,
		    "durability=replicated is for those who are signed in");
	if (durable->plan->replicated == 0)
		return refuse_by_plan(durable, ERR_DENIED, err);
	if (durable->config->replica[0] == '\0')
		return refuse(err, NONE_RETRY_S, "there is no replica.url");
	if (hold(durable, err) != 0)
		return -1;
	return ack_ask(durable->client, slug, err);
}

static void
after(void *arg, const struct hint *hint)
{
	struct durable *durable = arg;

	durable->committed = 1;
	durable->wrote |= hint->commit.frame > 0;
	durable->hint = *hint;
}

struct durable *
durable_new(const struct config *config, struct scoreboard *board, int slot)
{
	struct durable *durable = calloc(1, sizeof *durable);

	if (!durable)
		err_die("out of memory: durable");
	durable->config = config;
	durable->board = board;
	durable->slot = slot;
	durable->client = ack_client_new(config);
	durable->watch = (struct call_watch){ before, after, durable };
	return durable;
}

void
durable_free(struct durable *durable)
{
	if (!durable)
		return;
	durable_end(durable);
	ack_client_free(durable->client);
	free(durable);
}

const struct call_watch *
durable_watch(const struct durable *durable)
{
	return &durable->watch;
}

void
durable_begin(struct durable *durable, int wanted, const struct plan *plan,
    struct faults *faults, struct arena *arena)
{
	durable->wanted = wanted;
	durable->plan = plan;
	durable->faults = faults;
	durable->arena = arena;
	durable->committed = durable->wrote = 0;
}

int
durable_wait(struct durable *durable, struct err *err)
{
	if (!durable->wanted || !durable->committed)
		return 0;
	if (ack_wait(durable->client, &durable->hint,
		durable->config->replica_confirm_ms, err) != 0)
		return -1;
	return 1;
}

int
durable_wrote(const struct durable *durable)
{
	return durable->wrote;
}

void
durable_end(struct durable *durable)
{
	if (durable->holds)
		scoreboard_release(durable->board, durable->slot);
	durable->wanted = durable->holds = durable->committed = 0;
}
