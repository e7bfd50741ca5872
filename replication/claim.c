#include "replication/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/claim_entry.h"
#include "tenants/base/arena.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"
#include "tenants/base/json.h"
#include "tenants/base/log.h"
#include "tenants/registry.h"

/*
 *	IDLE ──▶ READ ──▶ TAKE ──▶ (WAIT) ──▶ HELD ◀──▶ CONFIRM
 *	           ▲        │                              │
 *	           └────────┘ changed meanwhile            ▼
 *	         READ, HELD and CONFIRM ───────────────▶ LOST
 *
 * What is remembered is written before the store is asked to take the claim,
 * with the name that this run will sign it with: a crash in between leaves
 * the memory of a claim that never was, with a sequence that the store has not
 * reached, which is as good as one that it has.
 */
#define RETRY_FIRST_MS 500
#define RETRY_LAST_MS  15000
#define RELEASE_MS     5000

enum state { IDLE, READ, TAKE, WAIT, HELD, CONFIRM, LOST };

struct claim {
	const struct config *config;
	struct store *store;
	char path[CONFIG_PATH_MAX + 16];
	struct claim_entry mine; /* to be signed, or signed */
	struct claim_entry remembered;
	struct claim_entry seen; /* in the store */
	enum state state;

	int in_flight;
	struct store_op op;
	struct buf text; /* of op */
	int64_t asked_ms; /* mono: when op was submitted */

	int64_t wait_ms; /* before shipping, once the claim is taken */
	int64_t confirmed_ms;
	int64_t next_ms; /* mono: of READ's or CONFIRM's next try, WAIT's end */
	int failures;
	struct err failure; /* of the store, or why it is lost */
};

/* --- memory ------------------------------------------------------------------------- */

static int
load_memory(struct claim *claim, struct err *err)
{
	struct arena *arena = arena_new(4 * CLAIM_ENTRY_MAX);
	struct str text;
	int rc = 0;

	if (file_read(claim->path, CLAIM_ENTRY_MAX, arena, &text, err) != 0) {
		rc = err->code == ERR_NOT_FOUND ? 0 : -1;
		if (rc == 0)
			err_clear(err);
	} else {
		rc = claim_entry_parse(
		    text, claim->path, &claim->remembered, err);
	}
	/* Of another replica: this one knows nothing of us. */
	if (rc == 0 &&
	    strcmp(claim->remembered.url, store_url(claim->store)) != 0)
		memset(&claim->remembered, 0, sizeof claim->remembered);
	arena_free(arena);
	return rc;
}

static int
remember(struct claim *claim, int is_taken, struct err *err)
{
	struct claim_entry entry = claim->mine;
	struct buf text;
	int rc;

	entry.taken = is_taken;
	snprintf(entry.url, sizeof entry.url, "%s", store_url(claim->store));
	buf_init(&text, CLAIM_ENTRY_MAX);
	claim_entry_put(&entry, &text);
	rc = file_replace(claim->path, buf_view(&text), 0600, err);
	buf_free(&text);
	if (rc == 0)
		claim->remembered = entry;
	return rc;
}

struct claim *
claim_new(const struct config *config, struct store *store, const char *host,
    const char *house, struct err *err)
{
	struct claim *claim = calloc(1, sizeof *claim);

	if (!claim)
		err_die("out of memory: claim");
	claim->config = config;
	claim->store = store;
	buf_init(&claim->text, CLAIM_ENTRY_MAX);
	snprintf(claim->path, sizeof claim->path, "%s/claim", config->data);
	snprintf(claim->mine.host, sizeof claim->mine.host, "%s", host);
	snprintf(claim->mine.house, sizeof claim->mine.house, "%s", house);
	crypto_id(claim->mine.run, CRYPTO_ID);
	claim_entry_place(config, claim->mine.place);
	claim->mine.confirm_ms = config->replica_claim_ms;
	if (load_memory(claim, err) == 0)
		return claim;
	claim_free(claim);
	return NULL;
}

void
claim_free(struct claim *claim)
{
	if (!claim)
		return;
	buf_free(&claim->text);
	free(claim);
}

/* --- what the store says ------------------------------------------------------------ */

static void
lose(struct claim *claim)
{
	claim->state = LOST;
	claim->confirmed_ms = 0;
	log_err("claim", STR(""), &claim->failure);
}

/* A machine that was rebuilt has another's claim, but not another house. */
static int
is_other_house(const struct claim *claim)
{
	return claim->seen.house[0] != '\0' &&
	       strcmp(claim->seen.house, claim->mine.house) != 0;
}

static void
lose_to_other_house(struct claim *claim)
{
	const struct claim_entry *seen = &claim->seen;

	err_set(&claim->failure, ERR_CONFLICT,
	    "%s is the replica of another house (last claimed by %s at %s): "
	    "nothing of this one is shipped",
	    store_url(claim->store), seen->host, seen->time);
	err_hint(&claim->failure,
	    "to bring that one back stop rowhouse, move %s away and run "
	    "rowhouse restore --all; to keep this one set another replica.url",
	    claim->config->data);
	lose(claim);
}

static void
lose_to_successor(struct claim *claim)
{
	const struct claim_entry *seen = &claim->seen;

	err_set(&claim->failure, ERR_CONFLICT,
	    "%s belongs to %s since %s: this machine was replaced, and ships "
	    "nothing",
	    store_url(claim->store), seen->host, seen->time);
	err_hint(&claim->failure,
	    "what it captures stays in its spool; if it shall be the owner "
	    "again stop the other one, remove %s and restart",
	    claim->path);
	lose(claim);
}

static void
retry(struct claim *claim, const struct err *err)
{
	int64_t wait = RETRY_FIRST_MS;
	int i;

	if (claim->failures == 0 || err->code != claim->failure.code)
		log_err("claim", STR(""), err);
	for (i = 0; i < claim->failures && wait < RETRY_LAST_MS; i++)
		wait *= 2;
	claim->failures++;
	claim->failure = *err;
	claim->next_ms = clock_mono_ms() + wait;
}

static void
answered(struct claim *claim)
{
	if (claim->failures > 0)
		log_info("claim", "%s answers again", store_url(claim->store));
	claim->failures = 0;
	err_clear(&claim->failure);
}

static int
add_text(struct store_op *op, const void *p, size_t n, struct err *err)
{
	struct claim *claim = op->arg;

	buf_put(&claim->text, p, n);
	return buf_check(&claim->text, "_machine", err);
}

static void
submit(struct claim *claim, enum store_verb verb,
    void (*done)(struct store_op *op, const struct err *err))
{
	claim->op = (struct store_op){ .verb = verb,
		.key = { .kind = STORE_MACHINE },
		.data = add_text,
		.done = done,
		.arg = claim };
	claim->in_flight = 1;
	claim->asked_ms = clock_mono_ms();
}

static void
hold(struct claim *claim)
{
	claim->state = HELD;
	claim->next_ms = claim->confirmed_ms + claim->config->replica_claim_ms;
}

/* How long somebody may hold it who does not know yet that he does not. */
static int64_t
wait_for(const struct claim *claim)
{
	const struct claim_entry *seen = &claim->seen;

	if (seen->sequence == 0 || seen->released ||
	    strcmp(seen->place, claim->mine.place) == 0)
		return 0;
	return 2 * seen->confirm_ms;
}

/* The store has our claim. */
static void
taken(struct claim *claim)
{
	struct err err = ERR_INIT;

	if (!claim->remembered.taken && remember(claim, 1, &err) != 0) {
		claim->state = READ;
		retry(claim, &err);
		return;
	}
	claim->confirmed_ms = claim->asked_ms;
	if (claim->wait_ms == 0) {
		hold(claim);
		return;
	}
	claim->state = WAIT;
	claim->next_ms = clock_mono_ms() + claim->wait_ms;
	claim->wait_ms = 0;
}

static void
take_done(struct store_op *op, const struct err *failure)
{
	struct claim *claim = op->arg;

	claim->in_flight = 0;
	claim->state = READ;
	/* Somebody was faster, or the answer to our own was lost: look. */
	if (failure->code == ERR_CONFLICT) {
		claim->next_ms = 0;
	} else if (failure->code != ERR_NONE) {
		retry(claim, failure);
	} else {
		answered(claim);
		taken(claim);
	}
}

/* Replaces what was just read. */
static void
put(struct claim *claim,
    void (*done)(struct store_op *op, const struct err *err))
{
	char version[STORE_VERSION];

	memcpy(version, claim->op.version, sizeof version);
	buf_reset(&claim->text);
	claim_entry_put(&claim->mine, &claim->text);
	submit(claim, STORE_PUT, done);
	claim->op.bytes = buf_view(&claim->text);
	claim->op.swap = 1;
	memcpy(claim->op.version, version, sizeof version);
	store_submit(claim->store, &claim->op);
}

static void
take(struct claim *claim)
{
	const struct claim_entry *seen = &claim->seen;
	uint64_t newest = seen->sequence > claim->remembered.sequence
			      ? seen->sequence
			      : claim->remembered.sequence;
	struct err err = ERR_INIT;

	claim->state = READ;
	claim->wait_ms = wait_for(claim);
	claim->mine.sequence = newest + 1;
	claim->mine.replica = seen->replica;
	while (seen->sequence == 0 && claim->mine.replica == 0)
		crypto_random(
		    &claim->mine.replica, sizeof claim->mine.replica);
	clock_format(clock_wall_ms(), claim->mine.time);
	if (remember(claim, seen->sequence > 0, &err) != 0) {
		retry(claim, &err);
		return;
	}
	if (claim->wait_ms > 0)
		log_warn("claim",
		    "%s is taken over from %s; shipping begins in %lld s",
		    store_url(claim->store), seen->host,
		    (long long)(claim->wait_ms + 999) / 1000);
	claim->state = TAKE;
	put(claim, take_done);
}

/* Is what the store has newer than all that this installation remembers? */
static int
was_replaced(const struct claim *claim)
{
	const struct claim_entry *seen = &claim->seen;
	const struct claim_entry *known = &claim->remembered;

	if (known->sequence == 0)
		return 0;
	return seen->sequence > known->sequence ||
	       (seen->sequence == known->sequence &&
		   !claim_entry_same(seen, known));
}

/* It may be there again at any time: is it, then as if nothing had been. */
static void
miss(struct claim *claim)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_NOT_FOUND,
	    "%s has nothing of the replica that was there: nothing is shipped",
	    store_url(claim->store));
	err_hint(&err,
	    "mount it, if it has to be mounted; if it is gone for good remove "
	    "%s and restart: everything is copied anew",
	    claim->path);
	claim->state = READ;
	claim->confirmed_ms = 0;
	retry(claim, &err);
}

static void
read_done(struct store_op *op, const struct err *failure)
{
	struct claim *claim = op->arg;
	struct err err = ERR_INIT;

	claim->in_flight = 0;
	if (failure->code == ERR_NOT_FOUND && claim->remembered.taken) {
		miss(claim);
		return;
	}
	if (failure->code == ERR_NOT_FOUND) {
		memset(&claim->seen, 0, sizeof claim->seen);
		claim->op.version[0] = '\0';
	} else if (failure->code != ERR_NONE) {
		retry(claim, failure);
		return;
	} else if (claim_entry_parse(buf_view(&claim->text), "_machine",
		       &claim->seen, &err) != 0) {
		err_hint(&err, "something else wrote it; remove it");
		retry(claim, &err);
		return;
	}
	/* Confirmed; or the answer to our own was lost. */
	if (claim_entry_same(&claim->seen, &claim->mine)) {
		answered(claim);
		taken(claim);
	} else if (is_other_house(claim)) {
		lose_to_other_house(claim);
	} else if (was_replaced(claim)) {
		lose_to_successor(claim);
	} else {
		/* New here. */
		take(claim);
	}
}

/* --- the loop's side ------------------------------------------------------------------ */

static void
ask(struct claim *claim)
{
	buf_reset(&claim->text);
	submit(claim, STORE_GET, read_done);
	store_submit(claim->store, &claim->op);
}

void
claim_tend(struct claim *claim, int active, int64_t mono_ms)
{
	if (claim->in_flight || mono_ms < claim_due_ms(claim, active))
		return;
	switch (claim->state) {
	case IDLE:
	case READ:
		claim->state = READ;
		ask(claim);
		break;
	case WAIT:
	case HELD:
	case CONFIRM:
		claim->state = CONFIRM;
		ask(claim);
		break;
	case TAKE:
	case LOST:
		break;
	}
}

int64_t
claim_due_ms(const struct claim *claim, int active)
{
	if (!active || claim->in_flight || claim->state == LOST)
		return INT64_MAX;
	return claim->next_ms;
}

int
claim_may_ship(const struct claim *claim, int64_t mono_ms)
{
	return (claim->state == HELD || claim->state == CONFIRM) &&
	       mono_ms <
		   claim->confirmed_ms + 2 * claim->config->replica_claim_ms;
}

uint32_t
claim_replica(const struct claim *claim)
{
	return claim->mine.replica;
}

int64_t
claim_confirmed_ms(const struct claim *claim)
{
	return claim->state == HELD || claim->state == CONFIRM
		   ? claim->confirmed_ms
		   : 0;
}

int
claim_is_fresh(struct claim *claim, int64_t mono_ms)
{
	if (claim_may_ship(claim, mono_ms) &&
	    mono_ms <= claim->confirmed_ms + CLAIM_FRESH_MS)
		return 1;
	if (claim->state == HELD)
		claim->next_ms = 0;
	return 0;
}

const struct err *
claim_lost(const struct claim *claim)
{
	return claim->state == LOST ? &claim->failure : NULL;
}

const struct err *
claim_refused(const struct claim *claim)
{
	return claim->state == READ && claim->failures > 0 ? &claim->failure
							   : NULL;
}

static void
note_released(struct store_op *op, const struct err *failure)
{
	struct claim *claim = op->arg;

	claim->in_flight = 0;
	if (failure->code != ERR_NONE)
		claim->failure = *failure;
}

static void
finish_op(struct claim *claim)
{
	int64_t until = clock_mono_ms() + RELEASE_MS;

	while (claim->in_flight && clock_mono_ms() < until)
		(void)store_poll(claim->store, NULL, 0, 100);
}

void
claim_release(struct claim *claim)
{
	finish_op(claim);
	if (claim->in_flight ||
	    (claim->state != HELD && claim->state != CONFIRM))
		return;
	/* For the version. */
	claim->state = CONFIRM;
	ask(claim);
	finish_op(claim);
	if (claim->in_flight || claim->state != HELD)
		return;
	err_clear(&claim->failure);
	claim->mine.released = 1;
	put(claim, note_released);
	finish_op(claim);
	if (claim->in_flight || claim->failure.code != ERR_NONE)
		log_warn("claim",
		    "%s could not be given back: who takes it "
		    "over has to wait",
		    store_url(claim->store));
}

void
claim_put_status(const struct claim *claim, struct buf *out)
{
	static const char *const names[] = { "idle", "asking", "asking",
		"waiting", "held", "held", "lost" };
	int first = 1;

	buf_putc(out, '{');
	json_put_name(out, &first, "state");
	json_put_string(out, str_of(names[claim->state]));
	json_put_name(out, &first, "sequence");
	json_put_i64(out, (int64_t)claim->mine.sequence);
	json_put_name(out, &first, "error");
	json_put_string(out, str_of(claim->failure.msg));
	json_put_name(out, &first, "hint");
	json_put_string(out, str_of(claim->failure.hint));
	buf_putc(out, '}');
}
