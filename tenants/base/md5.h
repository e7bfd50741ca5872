#ifndef ROWHOUSE_BASE_MD5_H
#define ROWHOUSE_BASE_MD5_H

#include <stddef.h>
#include <stdint.h>

/*
 * RFC 1321.  Against accidents of transport alone, where a protocol knows no
 * other sum (S3's ETag and Content-MD5): it protects from nobody.
 */
struct md5 {
	uint32_t state[4];
	uint64_t n;		/* bytes so far */
	unsigned char block[64];
};

void md5_init(struct md5 *md5);
void md5_add(struct md5 *md5, const void *p, size_t n);
void md5_end(struct md5 *md5, unsigned char out[16]);

#endif
