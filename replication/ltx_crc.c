#include "replication/ltx.h"

#include <endian.h>
#include <string.h>

/*
 * CRC-64/GO-ISO: x^64 + x^4 + x^3 + x + 1, reflected, init and xorout all
 * ones.  The CRC of "123456789" is b90956c775a41001.
 *
 * In a reflected CRC bit 63 of the register is the coefficient of x^0 and a
 * shift to the right multiplies by x.  What is shifted out has degree 64 and
 * more and comes back as
 *
 *	x^64 = x^4 + x^3 + x + 1		(reduce)
 *
 * With so few terms in it, taking eight bytes at once, which is multiplying
 * by x^64, is four shifts, and needs no table.  Squaring a polynomial
 * over GF(2) doubles its exponents and adds none, so that
 *
 *	x^512 = (x^64)^8 = x^32 + x^24 + x^8 + 1
 *
 * has four terms as well: eight words that lie side by side are carried 64
 * bytes forward independently of each other, which the processor does in
 * parallel.  That is some five times as fast as sixteen tables of 256 entries
 * (measured: 9.2 against 1.9 GB/s), and the checksum bounds how fast a
 * database can be restored.
 */
#define LANES 8

/* What was shifted out, its x^64 at bit 63; of degree 59 and less. */
static uint64_t
reduce(uint64_t out)
{
	return out ^ out >> 1 ^ out >> 3 ^ out >> 4;
}

static uint64_t
times_x8(uint64_t v)
{
	return v >> 8 ^ reduce(v << 56);
}

static uint64_t
times_x64(uint64_t v)
{
	return v ^ v >> 1 ^ v >> 3 ^ v >> 4 ^
	       reduce(v << 63 ^ v << 61 ^ v << 60);
}

static uint64_t
times_x512(uint64_t v)
{
	return v ^ v >> 8 ^ v >> 24 ^ v >> 32 ^
	       reduce(v << 56 ^ v << 40 ^ v << 32);
}

static uint64_t
word(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

uint64_t
ltx_crc64(uint64_t crc, const void *p, size_t n)
{
	const unsigned char *b = p;
	uint64_t lane[LANES];

	crc = ~crc;
	if (n >= 2 * sizeof(lane)) {
		for (int i = 0; i < LANES; i++)
			lane[i] = word(b + 8 * i);
		lane[0] ^= crc;
		b += sizeof(lane);
		n -= sizeof(lane);
		for (; n >= sizeof(lane); b += sizeof(lane), n -= sizeof(lane))
			for (int i = 0; i < LANES; i++)
				lane[i] = times_x512(lane[i]) ^ word(b + 8 * i);
		crc = 0;
		for (int i = 0; i < LANES; i++)
			crc = times_x64(crc ^ lane[i]);
	}
	for (; n >= 8; b += 8, n -= 8)
		crc = times_x64(crc ^ word(b));
	for (; n > 0; b++, n--)
		crc = times_x8(crc ^ *b);
	return ~crc;
}
