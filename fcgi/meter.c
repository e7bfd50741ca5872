/*
 * A cell belongs to whoever's key is in it, which is set by compare-and-swap.
 * Its name follows: everybody who adds and finds none writes it, and all of
 * them write the same.  The epoch comes last and says that it is there.
 *
 * A cell in which nothing was counted for a whole interval is freed.  Who had
 * found it and was stopped just then adds to nobody, or to the cell's next tenant:
 * one request, of one that was idle.  He may have written his name as well, which
 * the key does not go with then.
 */
#include "fcgi/meter.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tenants/base/clock.h"
#include "tenants/layout.h"

#define MINUTE_MS 60000

/* FNV-1a; uids are drawn at random, so that nobody can choose collisions. */
static uint64_t
key_of(const char *uid)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *uid; uid++)
		h = (h ^ (unsigned char)*uid) * UINT64_C(0x100000001b3);
	return h ? h : 1;
}

static struct meter_cell *
cell_of(struct meter *meter, const struct registry_tenant *tenant)
{
	uint64_t key = key_of(tenant->uid), there;
	struct meter_cell *cell;
	size_t i;

	/* Not to the first free one: it may lie further on. */
	for (i = 0; i < METER_PROBES; i++) {
		cell = &meter->cell[(key + i) % METER_CELLS];
		if (atomic_load(&cell->key) == key)
			return cell;
	}
	for (i = 0; i < METER_PROBES; i++) {
		cell = &meter->cell[(key + i) % METER_CELLS];
		there = 0;
		if (atomic_compare_exchange_strong(&cell->key, &there, key) ||
		    there == key)
			return cell;
	}
	return NULL;
}

static void
set_name(struct meter_cell *cell, const struct registry_tenant *tenant)
{
	uint64_t words[METER_WORDS] = { 0 };
	size_t i;

	_Static_assert(sizeof tenant->uid <= 16 &&
			   sizeof tenant->slug <= sizeof words - 16,
	    "a name fits");
	memcpy(words, tenant->uid, sizeof tenant->uid);
	memcpy(&words[2], tenant->slug, sizeof tenant->slug);
	for (i = 0; i < METER_WORDS; i++)
		atomic_store(&cell->name[i], words[i]);
}

void
meter_add(struct meter *meter, const struct registry_tenant *tenant,
    const int64_t sum[USAGE_SUMS])
{
	struct meter_cell *cell = cell_of(meter, tenant);
	int i;

	if (!cell)
		return;
	if (atomic_load(&cell->epoch) != tenant->epoch) {
		set_name(cell, tenant);
		atomic_store(&cell->epoch, tenant->epoch);
	}
	for (i = 0; i < USAGE_SUMS; i++)
		if (sum[i] != 0)
			atomic_fetch_add(&cell->sum[i], sum[i]);
}

/* Takes a cell's counts: 1 there were some, 0 none, and then it may be free now. */
static int
take(struct meter_cell *cell, struct usage *out, uint32_t *epoch)
{
	uint64_t words[METER_WORDS];
	int64_t any = 0;
	int i;

	*epoch = atomic_load(&cell->epoch);
	if (*epoch == 0)
		return 0;
	memset(out, 0, sizeof *out);
	for (i = 0; i < METER_WORDS; i++)
		words[i] = atomic_load(&cell->name[i]);
	memcpy(out->uid, words, sizeof out->uid);
	memcpy(out->slug, &words[2], sizeof out->slug);
	/* Of who had it before: it is asked for again, and the counts stay. */
	if (key_of(out->uid) != atomic_load(&cell->key)) {
		atomic_store(&cell->epoch, 0);
		return 0;
	}
	for (i = 0; i < USAGE_SUMS; i++) {
		out->value[i] = atomic_exchange(&cell->sum[i], 0);
		any |= out->value[i];
	}
	cell->idle = any == 0 ? cell->idle + 1 : 0;
	if (cell->idle < 2)
		return any != 0;
	cell->idle = 0;
	atomic_store(&cell->epoch, 0);
	atomic_store(&cell->key, 0);
	return 0;
}

/* What can be said of a whole interval. */
static void
look(const struct config *config, struct usage *usage, uint32_t epoch,
    int64_t elapsed_ms)
{
	struct layout_path path = layout_db(config, usage->slug, epoch);
	int64_t *value = usage->value;
	struct stat st;

	/* Of less than a minute it cannot be said what it sustains. */
	if (elapsed_ms < MINUTE_MS)
		elapsed_ms = MINUTE_MS;
	value[USAGE_READS_PEAK] = value[USAGE_READS] * MINUTE_MS / elapsed_ms;
	value[USAGE_WRITES_PEAK] = value[USAGE_WRITES] * MINUTE_MS / elapsed_ms;
	if (stat(path.p, &st) == 0)
		value[USAGE_SIZE] = st.st_size;
}

int
meter_flush(struct meter *meter, const struct config *config,
    int64_t elapsed_ms, struct err *err)
{
	struct usage *usage = calloc(METER_CELLS, sizeof *usage);
	int64_t now_ms = clock_wall_ms();
	uint32_t epoch;
	size_t i, n = 0;
	int rc = 0;

	if (!usage)
		err_die("out of memory: meter");
	for (i = 0; i < METER_CELLS; i++)
		if (atomic_load(&meter->cell[i].key) != 0 &&
		    take(&meter->cell[i], &usage[n], &epoch))
			look(config, &usage[n++], epoch, elapsed_ms);
	if (n > 0) {
		rc = usage_add(config, now_ms, usage, n, err);
		if (rc == 0)
			rc = usage_prune(config, now_ms, err);
	}
	free(usage);
	return rc == 0 ? 0 : err_wrap(err, "usage");
}
