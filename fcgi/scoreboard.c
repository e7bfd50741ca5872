/*
 * In flight.  Tenants are spread over buckets, and a bucket has one bit for
 * each slot.  A slot that begins a request writes its tenant's hash into
 * itself, counts those of the bucket's bits whose slots have the same hash, and
 * sets its own bit by compare-and-swap: whoever changed the bucket in between
 * makes it count again, so that two that begin at once cannot both take the
 * last place.  (A slot that left and came back between the two, for another
 * tenant in the same bucket, is the one change that this cannot see; then one
 * request too many is let in.)  A killed worker leaves at most its bits behind,
 * and clearing a slot clears its bit in every bucket.
 *
 * Held.  Who waits for the replica has left, and has a bit in a word of its own,
 * set in the same way: of its tenant as the slot says, which stays until it
 * begins something else.
 *
 * Waiting.  Who finds no place draws a ticket, and counts those in flight and
 * those who wait with a lower ticket.  Who leaves wakes the tenant's waiters
 * through a futex in each one's slot; they look for themselves every few
 * milliseconds as well, so that a wake-up that was lost, with whoever should have sent it, costs
 * no more than that.  A waiter that has not looked for long is not counted.
 */
#include "fcgi/scoreboard.h"

#include <arpa/inet.h>
#include <assert.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fcgi/limit.h"
#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"

#define MAGIC        UINT32_C(0x52485342) /* "RHSB" */
#define BUCKETS      1024
#define LOOK_MS      5 /* a waiter, by itself */
#define FORGOTTEN_MS 100
#define SPARE_MS     2000

/* Of rates: fine enough for 10,000 a second, and for years of uptime. */
#define TICK_US     20
#define HOUR_TICKS  (INT64_C(3600) * 1000 * 1000 / TICK_US)
#define BURST_S     2
#define BURST_LEAST 10

enum by { BY_ADDRESS, BY_ACCOUNT, BY_TENANT, BYS };

static const char *const refusals[SCOREBOARD_WHATS] = {
	[SCOREBOARD_SIGN_IN] = "attempts to sign in",
	[SCOREBOARD_MAIL] = "mails asked for",
	[SCOREBOARD_SIGN_UP] = "attempts to sign up",
	[SCOREBOARD_OPERATOR] = "attempts to be the operator",
};

static const char *const whose[BYS] = {
	[BY_ADDRESS] = "from this address",
	[BY_ACCOUNT] = "to this account",
	[BY_TENANT] = "to this tenant",
};

/* A tenant is files and a replica for good: of sign-ups the fewest. */
static const struct limit_rate limits[SCOREBOARD_WHATS][BYS] = {
	[SCOREBOARD_SIGN_IN] = { [BY_ADDRESS] = { 1000, 60 },
	    [BY_ACCOUNT] = { 10000, 10 }, [BY_TENANT] = { 200, 100 } },
	[SCOREBOARD_MAIL] = { [BY_ADDRESS] = { 10000, 30 },
	    [BY_ACCOUNT] = { 300000, 4 }, [BY_TENANT] = { 1000, 100 } },
	[SCOREBOARD_SIGN_UP] = { [BY_ADDRESS] = { 120000, 10 },
	    [BY_ACCOUNT] = { 600000, 3 }, [BY_TENANT] = { 500, 60 } },
	/* Nobody can keep him out from somewhere else. */
	[SCOREBOARD_OPERATOR] = { [BY_ADDRESS] = { 10000, 20 },
	    [BY_ACCOUNT] = { 1, 100000 }, [BY_TENANT] = { 1, 100000 } },
};

struct slot {
	_Alignas(64) _Atomic uint64_t tenant;
	_Atomic uint64_t ticket; /* lower than any for who does not wait */
	_Atomic int64_t since_ms; /* in flight since, or looked last */
	_Atomic uint32_t wake; /* a futex */
	_Atomic int state;
	_Atomic int retires;
};

struct scoreboard {
	uint32_t magic;
	uint32_t size;
	uint64_t seed; /* of hashes, so that nobody can choose collisions */
	struct slot slot[SCOREBOARD_SLOTS];
	_Atomic uint64_t tickets;
	_Atomic uint64_t waiting; /* a bit for each slot */
	_Atomic uint64_t held; /* likewise */
	_Atomic uint64_t hashing; /* likewise */
	_Atomic uint64_t bucket[BUCKETS];
	struct limit_table attempts[SCOREBOARD_WHATS][BYS];
	struct limit_table rates; /* of tenants, in ticks */
	struct meter meter;
};

struct scoreboard *
scoreboard_create(int *fd, struct err *err)
{
	struct scoreboard *board;

	*fd = memfd_create("rowhouse-scoreboard", MFD_CLOEXEC);
	if (*fd < 0) {
		err_sys(err, "memfd_create");
		return NULL;
	}
	if (ftruncate(*fd, sizeof *board) != 0) {
		err_sys(err, "scoreboard: ftruncate");
		goto fail;
	}
	board = mmap(
	    NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (board == MAP_FAILED) {
		err_sys(err, "scoreboard: mmap");
		goto fail;
	}
	board->magic = MAGIC;
	board->size = sizeof *board;
	crypto_random(&board->seed, sizeof board->seed);
	return board;
fail:
	file_drop(fd);
	return NULL;
}

struct scoreboard *
scoreboard_map(int fd, struct err *err)
{
	struct scoreboard *board;
	struct stat st;

	if (fstat(fd, &st) != 0) {
		err_sys(err, "scoreboard: descriptor %d", fd);
		return NULL;
	}
	if (st.st_size != sizeof *board) {
		err_set(err, ERR_SYSTEM, "scoreboard: descriptor %d is not one",
		    fd);
		err_hint(
		    err, "the supervisor is of another version: restart it");
		return NULL;
	}
	board = mmap(
	    NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (board == MAP_FAILED) {
		err_sys(err, "scoreboard: mmap");
		return NULL;
	}
	if (board->magic != MAGIC || board->size != sizeof *board) {
		err_set(err, ERR_SYSTEM, "scoreboard: descriptor %d is not one",
		    fd);
		scoreboard_unmap(board);
		return NULL;
	}
	return board;
}

void
scoreboard_unmap(struct scoreboard *board)
{
	/* Fails on an address that is none. */
	if (board && munmap(board, sizeof *board) != 0)
		err_die("scoreboard: munmap");
}

static struct slot *
slot_at(struct scoreboard *board, int slot)
{
	assert(slot >= 0 && slot < SCOREBOARD_SLOTS);
	return &board->slot[slot];
}

void
scoreboard_set(struct scoreboard *board, int slot, enum scoreboard_state state)
{
	atomic_store_explicit(
	    &slot_at(board, slot)->state, (int)state, memory_order_release);
}

enum scoreboard_state
scoreboard_get(const struct scoreboard *board, int slot)
{
	assert(slot >= 0 && slot < SCOREBOARD_SLOTS);
	return (enum scoreboard_state)atomic_load(&board->slot[slot].state);
}

void
scoreboard_retire(struct scoreboard *board, int slot)
{
	atomic_store(&slot_at(board, slot)->retires, 1);
}

int
scoreboard_retires(const struct scoreboard *board, int slot)
{
	assert(slot >= 0 && slot < SCOREBOARD_SLOTS);
	return atomic_load(&board->slot[slot].retires);
}

void
scoreboard_clear(struct scoreboard *board, int slot)
{
	uint64_t bit = UINT64_C(1) << slot;
	int i;

	for (i = 0; i < BUCKETS; i++)
		if (atomic_load(&board->bucket[i]) & bit)
			atomic_fetch_and(&board->bucket[i], ~bit);
	atomic_fetch_and(&board->waiting, ~bit);
	atomic_fetch_and(&board->hashing, ~bit);
	atomic_fetch_and(&board->held, ~bit);
	atomic_store(&slot_at(board, slot)->tenant, 0);
	atomic_store(&slot_at(board, slot)->retires, 0);
	scoreboard_set(board, slot, SCOREBOARD_FREE);
}

/* FNV-1a, then the finalizer of MurmurHash3 for the low bits. */
static uint64_t
hash(const struct scoreboard *board, uint64_t h, const void *p, size_t n)
{
	const unsigned char *at = p;
	size_t i;

	h ^= board->seed ^ UINT64_C(0xcbf29ce484222325);
	for (i = 0; i < n; i++)
		h = (h ^ at[i]) * UINT64_C(0x100000001b3);
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

static int64_t
latest(int64_t a_ms, int64_t b_ms)
{
	return a_ms > b_ms ? a_ms : b_ms;
}

/*
 * How many there are before who has this ticket: the tenant's in flight, and
 * those who have waited longer.  *newest_ms is when the last one in flight
 * began.
 */
static int
count(const struct scoreboard *board, uint64_t in_flight, uint64_t tenant,
    uint64_t ticket, int64_t now_ms, int64_t *newest_ms)
{
	uint64_t bits = in_flight | atomic_load(&board->waiting);
	const struct slot *slot = board->slot;
	int64_t since_ms;
	int running = 0, before = 0;

	*newest_ms = 0;
	for (; bits != 0; bits >>= 1, in_flight >>= 1, slot++) {
		if (!(bits & 1) || atomic_load(&slot->tenant) != tenant)
			continue;
		since_ms = atomic_load(&slot->since_ms);
		if (in_flight & 1) {
			*newest_ms = latest(*newest_ms, since_ms);
			running++;
		} else if (atomic_load(&slot->ticket) < ticket &&
			   now_ms - since_ms < FORGOTTEN_MS) {
			before++;
		}
	}
	/* Those who have only waited so far are about to be. */
	if (running == 0)
		*newest_ms = now_ms;
	return running + before;
}

static int
take_place(struct scoreboard *board, int slot, uint64_t ticket, int most,
    int64_t now_ms, int64_t *newest_ms)
{
	uint64_t tenant = atomic_load(&board->slot[slot].tenant);
	_Atomic uint64_t *bucket = &board->bucket[tenant % BUCKETS];
	uint64_t bits = atomic_load(bucket);

	atomic_store(&board->slot[slot].since_ms, now_ms);
	do {
		if (count(board, bits, tenant, ticket, now_ms, newest_ms) >=
		    most)
			return 0;
	} while (!atomic_compare_exchange_weak(
	    bucket, &bits, bits | UINT64_C(1) << slot));
	return 1;
}

static void
wake_waiters(struct scoreboard *board, uint64_t tenant)
{
	uint64_t bits = atomic_load(&board->waiting);
	struct slot *slot = board->slot;

	for (; bits != 0; bits >>= 1, slot++) {
		if (!(bits & 1) || atomic_load(&slot->tenant) != tenant)
			continue;
		atomic_fetch_add(&slot->wake, 1);
		(void)syscall(
		    SYS_futex, &slot->wake, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
}

/* Is there a worker with nothing to do? */
static int
is_spare(const struct scoreboard *board)
{
	int i;

	for (i = 0; i < SCOREBOARD_SLOTS; i++)
		if (atomic_load(&board->slot[i].state) == SCOREBOARD_READY)
			return 1;
	return 0;
}

static int
wait_for_place(struct scoreboard *board, int n, int most, int64_t patience_ms)
{
	const struct timespec look = { 0, LOOK_MS * 1000000 };
	struct slot *slot = slot_at(board, n);
	uint64_t bit = UINT64_C(1) << n;
	uint64_t ticket = atomic_fetch_add(&board->tickets, 1);
	int64_t now_ms = clock_mono_ms(), begun_ms = now_ms;
	int64_t newest_ms, waited_ms;
	uint32_t wake;
	int entered;

	atomic_store(&slot->ticket, ticket);
	atomic_store(&slot->since_ms, now_ms);
	atomic_fetch_or(&board->waiting, bit);
	for (;;) {
		wake = atomic_load(&slot->wake);
		entered =
		    take_place(board, n, ticket, most, now_ms, &newest_ms);
		waited_ms = now_ms - begun_ms;
		if (entered || waited_ms >= SPARE_MS)
			break;
		if ((waited_ms >= patience_ms ||
			now_ms - newest_ms >= patience_ms) &&
		    !is_spare(board))
			break;
		(void)syscall(
		    SYS_futex, &slot->wake, FUTEX_WAIT, wake, &look, NULL, 0);
		now_ms = clock_mono_ms();
	}
	atomic_fetch_and(&board->waiting, ~bit);
	wake_waiters(board, atomic_load(&slot->tenant));
	return entered;
}

int
scoreboard_enter(struct scoreboard *board, int slot, struct str tenant,
    int most, int64_t patience_ms)
{
	int64_t newest_ms;

	atomic_store(
	    &slot_at(board, slot)->tenant, hash(board, 0, tenant.p, tenant.n));
	if (take_place(
		board, slot, UINT64_MAX, most, clock_mono_ms(), &newest_ms))
		return 1;
	return patience_ms > 0 &&
	       wait_for_place(board, slot, most, patience_ms);
}

void
scoreboard_leave(struct scoreboard *board, int slot)
{
	uint64_t tenant = atomic_load(&slot_at(board, slot)->tenant);

	atomic_fetch_and(
	    &board->bucket[tenant % BUCKETS], ~(UINT64_C(1) << slot));
	wake_waiters(board, tenant);
}

int64_t
scoreboard_rate(struct scoreboard *board, struct str tenant, int64_t an_hour,
    int64_t now_us)
{
	struct limit_rate rate = { HOUR_TICKS / an_hour,
		an_hour * BURST_S / 3600 };

	if (rate.burst < BURST_LEAST)
		rate.burst = BURST_LEAST;
	return TICK_US * limit_take(&board->rates,
			     hash(board, 0, tenant.p, tenant.n), &rate,
			     now_us / TICK_US);
}

struct meter *
scoreboard_meter(struct scoreboard *board)
{
	return &board->meter;
}

enum scoreboard_held
scoreboard_hold(
    struct scoreboard *board, int slot, int most_of_tenant, int most)
{
	uint64_t tenant = atomic_load(&slot_at(board, slot)->tenant);
	uint64_t held = atomic_load(&board->held);
	int i, own, all;

	do {
		own = all = 0;
		for (i = 0; i < SCOREBOARD_SLOTS; i++) {
			if (!(held >> i & 1))
				continue;
			all++;
			own += atomic_load(&board->slot[i].tenant) == tenant;
		}
		if (own >= most_of_tenant)
			return SCOREBOARD_HELD_BY_TENANT;
		if (all >= most)
			return SCOREBOARD_HELD_BY_ALL;
	} while (!atomic_compare_exchange_weak(
	    &board->held, &held, held | UINT64_C(1) << slot));
	return SCOREBOARD_HELD;
}

void
scoreboard_release(struct scoreboard *board, int slot)
{
	assert(slot >= 0 && slot < SCOREBOARD_SLOTS);
	atomic_fetch_and(&board->held, ~(UINT64_C(1) << slot));
}

int
scoreboard_hash(struct scoreboard *board, int slot, int most)
{
	uint64_t hashing = atomic_load(&board->hashing), bits;
	int n;

	assert(slot >= 0 && slot < SCOREBOARD_SLOTS);
	do {
		n = 0;
		for (bits = hashing; bits != 0; bits &= bits - 1)
			n++;
		if (n >= most)
			return 0;
	} while (!atomic_compare_exchange_weak(
	    &board->hashing, &hashing, hashing | UINT64_C(1) << slot));
	return 1;
}

void
scoreboard_hashed(struct scoreboard *board, int slot)
{
	assert(slot >= 0 && slot < SCOREBOARD_SLOTS);
	atomic_fetch_and(&board->hashing, ~(UINT64_C(1) << slot));
}

static uint64_t
hash_address(const struct scoreboard *board, struct str address)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr v6;

	if (str_copy(address, text, sizeof text) == 0 &&
	    inet_pton(AF_INET6, text, &v6) == 1) {
		if (IN6_IS_ADDR_V4MAPPED(&v6))
			return hash(board, BY_ADDRESS, &v6, sizeof v6);
		return hash(board, BY_ADDRESS, &v6, sizeof v6 / 2);
	}
	return hash(board, BY_ADDRESS, address.p, address.n);
}

static uint64_t
hash_account(
    const struct scoreboard *board, uint64_t tenant, struct str account)
{
	uint64_t h = tenant;
	unsigned char c;
	size_t i;

	for (i = 0; i < account.n; i++) {
		c = (unsigned char)account.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c - 'A' + 'a');
		h = (h ^ c) * UINT64_C(0x100000001b3);
	}
	return hash(board, h, NULL, 0);
}

static void
hash_attempt(const struct scoreboard *board,
    const struct scoreboard_attempt *attempt, uint64_t keys[BYS])
{
	keys[BY_ADDRESS] = hash_address(board, attempt->address);
	keys[BY_TENANT] =
	    hash(board, BY_TENANT, attempt->tenant.p, attempt->tenant.n);
	keys[BY_ACCOUNT] =
	    hash_account(board, keys[BY_TENANT], attempt->account);
}

int
scoreboard_attempt(struct scoreboard *board,
    const struct scoreboard_attempt *attempt, int64_t now_ms, struct err *err)
{
	uint64_t keys[BYS];
	struct limit_table *tables = board->attempts[attempt->what];
	const struct limit_rate *rates = limits[attempt->what];
	int64_t wait_ms;
	int by;

	hash_attempt(board, attempt, keys);
	for (by = 0; by < BYS; by++) {
		wait_ms =
		    limit_take(&tables[by], keys[by], &rates[by], now_ms);
		if (wait_ms == 0)
			continue;
		err_set(err, ERR_LIMIT, "too many %s %s",
		    refusals[attempt->what], whose[by]);
		err->retry_after = (int)((wait_ms + 999) / 1000);
		while (by-- > 0)
			limit_give(
			    &tables[by], keys[by], &rates[by], now_ms);
		return -1;
	}
	return 0;
}

void
scoreboard_attempt_ok(struct scoreboard *board,
    const struct scoreboard_attempt *attempt, int64_t now_ms)
{
	const struct limit_rate *rates = limits[attempt->what];
	uint64_t keys[BYS];
	int by;

	hash_attempt(board, attempt, keys);
	for (by = 0; by < BYS; by++)
		if (by == BY_ACCOUNT || attempt->what == SCOREBOARD_OPERATOR)
			limit_give(&board->attempts[attempt->what][by],
			    keys[by], &rates[by], now_ms);
}
