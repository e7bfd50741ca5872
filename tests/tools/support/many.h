#ifndef ROWHOUSE_TESTS_MANY_H
#define ROWHOUSE_TESTS_MANY_H

#include "tests/tools/support/wire.h"

/* fcgi bench: the exit status. */
int many_send(const struct wire_options *o);

#endif
