#ifndef ROWHOUSE_BASE_CELLS_H
#define ROWHOUSE_BASE_CELLS_H

#include <stddef.h>

#include "tenants/base/buf.h"
#include "tenants/base/str.h"

/*
 * Text in the cells of a terminal.  Whoever's words it is, nothing in it moves
 * the cursor, changes a colour or turns the direction of writing: control
 * characters, what has no width of its own, and bytes that are no UTF-8 are
 * shown as '?'.  Where the terminal is none for UTF-8, so is all beyond ASCII.
 * An East Asian character or an emoji is taken for two cells.
 */
enum cells_side { CELLS_LEFT, CELLS_RIGHT };

/*
 * Exactly n cells: filled up with spaces on the other side, or cut, which a
 * '~' in the last cell says ("…" in UTF-8).
 */
void cells_put(struct buf *out, struct str text, size_t n,
    enum cells_side side, int utf8);

#endif
