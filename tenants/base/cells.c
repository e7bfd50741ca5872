#include "tenants/base/cells.h"

#include <stdint.h>

struct range {
	uint32_t from, to;
};

static int
is_in(const struct range *ranges, size_t n, uint32_t c)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (c >= ranges[i].from && c <= ranges[i].to)
			return 1;
	}
	return 0;
}

/* Controls, what stands upon another, and what turns the direction. */
static int
is_harmful(uint32_t c)
{
	static const struct range ranges[] = {
		{ 0x00, 0x1f },
		{ 0x7f, 0x9f },
		{ 0xad, 0xad },
		{ 0x300, 0x36f },
		{ 0x483, 0x489 },
		{ 0x591, 0x8ff },
		{ 0x1ab0, 0x1aff },
		{ 0x1dc0, 0x1dff },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x206f },
		{ 0x20d0, 0x20ff },
		{ 0xd800, 0xf8ff },
		{ 0xfb1d, 0xfdff },
		{ 0xfe00, 0xfe0f },
		{ 0xfe20, 0xfe2f },
		{ 0xfe70, 0xfeff },
		{ 0xfff0, 0xfffb },
		{ 0xe0000, 0x10ffff },
	};

	return is_in(ranges, sizeof(ranges) / sizeof(ranges[0]), c);
}

static int
is_wide(uint32_t c)
{
	static const struct range ranges[] = {
		{ 0x1100, 0x115f },
		{ 0x2e80, 0xa4cf },
		{ 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f },
		{ 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 },
		{ 0x1f300, 0x1f9ff },
		{ 0x20000, 0x3ffff },
	};

	return is_in(ranges, sizeof(ranges) / sizeof(ranges[0]), c);
}

struct cell {
	struct str shown;
	size_t width;
};

/* What stands at text.p[*at], which it is moved beyond. */
static struct cell
next_cell(struct str text, int utf8, size_t *at)
{
	struct cell cell = { STR("?"), 1 };
	uint32_t c;
	size_t n = str_utf8_at(text, *at, &c);

	if (n == 0) {
		*at += 1;
		return cell;
	}
	if (!is_harmful(c) && (utf8 || c < 0x80)) {
		cell.shown = str_make(text.p + *at, n);
		cell.width = is_wide(c) ? 2 : 1;
	}
	*at += n;
	return cell;
}

static size_t
width_of(struct str text, int utf8)
{
	size_t at = 0, width = 0;

	while (at < text.n)
		width += next_cell(text, utf8, &at).width;
	return width;
}

static void
pad(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_putc(out, ' ');
}

void
cells_put(
    struct buf *out, struct str text, size_t n, enum cells_side side, int utf8)
{
	size_t at = 0, used = 0, width;

	if (n == 0)
		return;
	width = width_of(text, utf8);
	if (width <= n) {
		if (side == CELLS_RIGHT)
			pad(out, n - width);
		while (at < text.n)
			buf_str(out, next_cell(text, utf8, &at).shown);
		if (side == CELLS_LEFT)
			pad(out, n - width);
		return;
	}
	for (;;) {
		struct cell cell = next_cell(text, utf8, &at);

		if (used + cell.width > n - 1)
			break;
		buf_str(out, cell.shown);
		used += cell.width;
	}
	pad(out, n - 1 - used);
	buf_puts(out, utf8 ? "\xe2\x80\xa6" : "~");
}
