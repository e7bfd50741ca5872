#include "replication/restore_points.h"

#include <inttypes.h>
#include <stdio.h>

#include "replication/windows.h"
#include "tenants/base/clock.h"
#include "tenants/base/json.h"

/* How far its states are apart where it is written to all the time; 0: not known. */
static int64_t
grain_ms(const struct config *config, int level)
{
	int64_t ms;

	if (config == NULL || level == STORE_LEVEL_SNAPSHOT)
		return 0;
	if (level == STORE_LEVEL_RAW)
		return config->replica_interval_ms;
	for (ms = config->replica_compact_ms; level > 1; level--)
		ms *= WINDOWS_RATIO;
	return ms;
}

static const char *
level_text(int level)
{
	static const char *const text[] = { "every state", "merged",
		"merged twice" };

	return level == STORE_LEVEL_SNAPSHOT
		   ? "snapshots"
		   : text[level < 2 ? level : 2];
}

void
restore_points_show(
    const struct restore_points *points, const struct config *config)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];
	size_t i;

	printf("%s: what can be restored, the newest first\n", points->slug);
	for (i = 0; i < points->n_ranges; i++) {
		const struct restore_points_range *range = &points->range[i];

		clock_format(range->from_ms, from);
		clock_format(range->to_ms, to);
		printf("  %s to %s  epoch %08x, TXID %" PRIu64 " to %" PRIu64
		       ", %zu state%s (%s",
		    from, to, range->epoch, range->from_txid, range->to_txid,
		    range->states, range->states == 1 ? "" : "s",
		    level_text(range->level));
		if (grain_ms(config, range->level) > 0)
			printf(", some %g s apart",
			    (double)grain_ms(config, range->level) / 1000);
		puts(")");
	}
	for (i = 0; i < points->n_snapshots; i++) {
		clock_format(points->snapshot[i].time_ms, from);
		printf("  snapshot  %s  epoch %08x, TXID %" PRIu64 "\n", from,
		    points->snapshot[i].epoch, points->snapshot[i].txid);
	}
	for (i = 0; i < points->n_migrations; i++)
		printf("  migration %d  after TXID %" PRIu64
		       " of epoch %08x%s\n",
		    points->migration[i].number, points->migration[i].txid,
		    points->migration[i].epoch,
		    points->migration[i].restorable ? ""
						    : ", which is not kept");
	if (points->cut)
		puts("  and more that is older");
}

/* --- JSON ---------------------------------------------------------------------- */

static void
put_time(struct buf *out, int *first, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT];

	clock_format(ms, text);
	json_put_text(out, first, name, text);
}

static void
put_txid(struct buf *out, int *first, const char *name, uint64_t txid)
{
	json_put_int(out, first, name, (int64_t)txid);
}

static void
put_bool(struct buf *out, int *first, const char *name, int value)
{
	json_put_name(out, first, name);
	buf_puts(out, value ? "true" : "false");
}

static void
put_epoch(struct buf *out, const struct restore_points_epoch *epoch)
{
	int first = 1;

	json_put_int(out, &first, "epoch", epoch->epoch);
	if (epoch->owner.time_ms > 0)
		put_time(out, &first, "begun", epoch->owner.time_ms);
	if (epoch->owner.why[0] != '\0')
		json_put_text(out, &first, "why", epoch->owner.why);
	if (epoch->owner.parent_epoch != 0) {
		json_put_int(
		    out, &first, "parent_epoch", epoch->owner.parent_epoch);
		put_txid(out, &first, "parent_txid", epoch->owner.parent_txid);
	}
	json_put_int(out, &first, "states", (int64_t)epoch->states);
	put_txid(out, &first, "first_txid", epoch->first_txid);
	put_time(out, &first, "first", epoch->first_ms);
	put_txid(out, &first, "last_txid", epoch->last_txid);
	put_time(out, &first, "last", epoch->last_ms);
}

static void
put_range(struct buf *out, const struct restore_points_range *range,
    const struct config *config)
{
	int first = 1;

	json_put_int(out, &first, "epoch", range->epoch);
	json_put_int(out, &first, "level", range->level);
	put_time(out, &first, "from", range->from_ms);
	put_txid(out, &first, "from_txid", range->from_txid);
	put_time(out, &first, "to", range->to_ms);
	put_txid(out, &first, "to_txid", range->to_txid);
	json_put_int(out, &first, "states", (int64_t)range->states);
	if (grain_ms(config, range->level) > 0)
		json_put_int(
		    out, &first, "grain_ms", grain_ms(config, range->level));
}

static void
put_snapshot(struct buf *out, const struct restore_points_snapshot *snapshot)
{
	int first = 1;

	json_put_int(out, &first, "epoch", snapshot->epoch);
	put_txid(out, &first, "txid", snapshot->txid);
	put_time(out, &first, "time", snapshot->time_ms);
}

static void
put_migration(struct buf *out, const struct restore_points_migration *migration)
{
	int first = 1;

	json_put_int(out, &first, "migration", migration->number);
	json_put_int(out, &first, "epoch", migration->epoch);
	put_txid(out, &first, "txid", migration->txid);
	put_bool(out, &first, "restorable", migration->restorable);
}

/* The i-th object of a list, which begins with the first. */
static void
begin(struct buf *out, size_t i)
{
	buf_puts(out, i > 0 ? ",{" : "{");
}

void
restore_points_put(const struct restore_points *points,
    const struct config *config, struct buf *out)
{
	size_t i;
	int first = 1;

	buf_putc(out, '{');
	json_put_text(out, &first, "tenant", points->slug);
	put_bool(out, &first, "cut", points->cut);
	json_put_name(out, &first, "ranges");
	buf_putc(out, '[');
	for (i = 0; i < points->n_ranges; i++) {
		begin(out, i);
		put_range(out, &points->range[i], config);
		buf_putc(out, '}');
	}
	buf_puts(out, "],\"snapshots\":[");
	for (i = 0; i < points->n_snapshots; i++) {
		begin(out, i);
		put_snapshot(out, &points->snapshot[i]);
		buf_putc(out, '}');
	}
	buf_puts(out, "],\"epochs\":[");
	for (i = 0; i < points->n_epochs; i++) {
		begin(out, i);
		put_epoch(out, &points->epoch[i]);
		buf_putc(out, '}');
	}
	buf_puts(out, "],\"migrations\":[");
	for (i = 0; i < points->n_migrations; i++) {
		begin(out, i);
		put_migration(out, &points->migration[i]);
		buf_putc(out, '}');
	}
	buf_puts(out, "]}");
}
