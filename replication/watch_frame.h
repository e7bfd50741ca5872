#ifndef ROWHOUSE_WATCH_FRAME_H
#define ROWHOUSE_WATCH_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "replication/watch.h"
#include "tenants/base/buf.h"
#include "tenants/base/str.h"

/* On what it is drawn, and when. */
struct watch_look {
	size_t width, height;
	int utf8, colour;
	int64_t mono_ms, wall_ms;
	struct str one;		/* the text of the page of one tenant */
};

#define WATCH_WIDTH_MIN  40
#define WATCH_HEIGHT_MIN 9

/*
 * The whole screen as text: height lines that end in '\n', each of width
 * cells, with the sequences for colour and the like at its beginning alone.
 * Costs what is seen, however many rows there are.  Puts the cursor and what
 * is scrolled where there is something.
 */
void watch_frame(struct watch *watch, const struct watch_look *look,
    struct buf *out);

#endif
