#ifndef ROWHOUSE_LTX_FORMAT_H
#define ROWHOUSE_LTX_FORMAT_H

/*
 * What ltx.c, ltx_write.c and ltx_read.c share and nobody else needs.  The
 * essay is in ltx.c.
 */

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "replication/ltx.h"

#define LTX_MAGIC         "LTX1"
#define LTX_NO_CHECKSUM   0x2	/* the header's flags */
#define LTX_PAGE_BLOCK    0x1	/* a page's flags */
#define LTX_PAGES_END     6	/* zero bytes */
#define LTX_PAGE_MIN      512
#define LTX_PAGE_MAX      65536
#define LTX_FILE_CHECKSUM ((uint64_t)1 << 63)
#define LTX_UVARINT       10	/* bytes, at most */

/* LZ4's own bound for a block that does not compress (LZ4_compressBound). */
#define LTX_BLOCK_BOUND(page_size) ((page_size) + (page_size) / 255 + 16)
#define LTX_BLOCK_MAX LTX_BLOCK_BOUND(LTX_PAGE_MAX)

void ltx_header_encode(const struct ltx_header *header,
    unsigned char out[LTX_HEADER]);

static inline void
ltx_put_u16(unsigned char *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
ltx_put_u32(unsigned char *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
ltx_put_u64(unsigned char *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof(v));
}

static inline uint16_t
ltx_get_u16(const unsigned char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t
ltx_get_u32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static inline uint64_t
ltx_get_u64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

/* Seven bits a byte, the low ones first, bit 7 where more follow. */
static inline size_t
ltx_put_uvarint(unsigned char *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (unsigned char)(v | 0x80);
	p[n++] = (unsigned char)v;
	return n;
}

#endif
