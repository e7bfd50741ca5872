/* spoil FILE PAGE: tests/unit/spoil_ltx.h, for scripts. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/spoil_ltx.h"

int
main(int argc, char **argv)
{
	struct err err = ERR_INIT;

	if (argc != 3) {
		fputs("usage: spoil FILE PAGE\n", stderr);
		return 2;
	}
	if (spoil_ltx(argv[1], (uint32_t)strtoul(argv[2], NULL, 10), &err)) {
		fprintf(stderr, "spoil: %s\n", err.msg);
		return 1;
	}
	return 0;
}
