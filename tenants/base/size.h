#ifndef ROWHOUSE_BASE_SIZE_H
#define ROWHOUSE_BASE_SIZE_H

#include <stdint.h>

#include "tenants/base/buf.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/*
 * A size as a person writes it: bytes, or KiB, MiB, GiB, with or without a
 * space before the unit.  Written with the largest unit that divides it.
 */
int size_parse(struct str text, int64_t *out, struct err *err);
void size_put(struct buf *buf, int64_t bytes);

/* For tables and messages, with a digit behind the point: "12.5 MiB". */
#define SIZE_TEXT 32
const char *size_text(int64_t bytes, char out[SIZE_TEXT]);

#endif
