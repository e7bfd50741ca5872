#include "tenants/stamp.h"

#include "tenants/base/clock.h"

_Static_assert(STAMP_TEXT == CLOCK_TEXT, "the two differ in one character");

void
stamp_format(int64_t wall_ms, char out[STAMP_TEXT])
{
	clock_format(wall_ms, out);
	out[10] = ' ';
}
