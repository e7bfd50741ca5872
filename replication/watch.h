#ifndef ROWHOUSE_WATCH_H
#define ROWHOUSE_WATCH_H

#include <stdint.h>

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/err.h"
#include "tenants/base/json.h"
#include "tenants/base/str.h"
#include "tenants/slug.h"

/*
 * What `rowhouse status --live` shows: the rows of the last status, which of
 * them are chosen and in what order, where the cursor is, and what a key does
 * to all that.  It knows no terminal: watch_frame.h draws it.
 */
enum watch_column {
	WATCH_TENANT,
	WATCH_STATE,
	WATCH_LAG,
	WATCH_BEHIND,
	WATCH_SIZE,
	WATCH_WRITES,	/* TXIDs a second since the status before */
	WATCH_PUTS,
	WATCH_SPOOL,
	WATCH_PROVEN,
	WATCH_ERROR,
	WATCH_COLUMNS
};

struct watch_row {
	const char *tenant, *state, *error, *hint;
	struct str raw;		/* its JSON */
	int64_t lag_ms, lag_bytes, size, puts, spool_files;
	int64_t epoch, txid;
	int64_t proven_ms;	/* wall; 0: never */
	int proof_failed;
	double writes;		/* below 0: not known yet */
};

enum watch_page { WATCH_TABLE, WATCH_ONE, WATCH_HELP };

#define WATCH_FILTER 64

struct watch {
	struct buf json;	/* the last status: rows[].raw are of it */
	struct arena *arena;	/* and their texts */
	struct watch_row *rows;	/* in the order in which they came */
	size_t n_rows;
	size_t wrong;		/* of them */
	struct buf head;	/* lines: totals, forecast */
	char claim[512];	/* what is wrong with the claim, or "" */
	int64_t taken_ms;	/* mono, of that status; 0: there was none */
	int64_t taken_wall_ms;
	char stale[512];	/* why there is no newer one, or "" */

	size_t *order;		/* indexes of rows: those that are shown */
	size_t n_shown;
	enum watch_column column;
	int falling;
	char filter[WATCH_FILTER];
	char filter_before[WATCH_FILTER];
	int typing;		/* the filter */
	int only_wrong;

	enum watch_page page;
	size_t cursor;		/* index of order */
	size_t top;		/* the first line on the screen */
	size_t lines;		/* for rows, on the screen; the frame sets it */
	size_t scroll;		/* of one tenant's page */
	char one[SLUG_MAX + 16];
};

void watch_init(struct watch *watch);
void watch_free(struct watch *watch);

/*
 * A new status, whose text is taken out of *json: the cursor stays with its
 * tenant, but for the first line, which stays the first.  -1 with *err where
 * it is none; then all stays as it was.
 */
int watch_take(struct watch *watch, struct buf *json, int64_t mono_ms,
    int64_t wall_ms, struct err *err);

/* There is none, and why. */
void watch_stale(struct watch *watch, const struct err *err);

/* What a key (terminal.h) does.  1 where it ends the program. */
int watch_key(struct watch *watch, int key);

/* Who is under the cursor; NULL where nobody is shown. */
const struct watch_row *watch_current(const struct watch *watch);
int watch_is_wrong(const struct watch_row *row);

/* Keeps the cursor on a screen with room for so many rows. */
void watch_fit(struct watch *watch, size_t lines);

const char *watch_title(enum watch_column column);

#endif
