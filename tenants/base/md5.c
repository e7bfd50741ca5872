#include "tenants/base/md5.h"

#include <string.h>

/* RFC 1321, 3.4: the integer part of 2^32 × |sin(i + 1)|. */
static const uint32_t sines[64] = { 0xd76aa478, 0xe8c7b756, 0x242070db,
	0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8,
	0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e,
	0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
	0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87,
	0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942,
	0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60,
	0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039,
	0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7,
	0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1, 0x6fa87e4f,
	0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
	0xeb86d391 };

static const unsigned char shifts[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 },
	{ 4, 11, 16, 23 }, { 6, 10, 15, 21 } };

static uint32_t
load(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static uint32_t
mix(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
	switch (round) {
	case 0:
		return d ^ (b & (c ^ d));
	case 1:
		return c ^ (d & (b ^ c));
	case 2:
		return b ^ c ^ d;
	default:
		return c ^ (b | ~d);
	}
}

/* Unrolled by the compiler where it pays: the bounds are constants. */
static void
add_block(struct md5 *md5, const unsigned char *p)
{
	static const unsigned char first[4] = { 0, 1, 5, 0 };
	static const unsigned char stride[4] = { 1, 5, 3, 7 };
	uint32_t a = md5->state[0], b = md5->state[1];
	uint32_t c = md5->state[2], d = md5->state[3];
	uint32_t word[16];

	for (unsigned i = 0; i < 16; i++)
		word[i] = load(p + 4 * i);
#pragma GCC unroll 4
	for (unsigned round = 0; round < 4; round++) {
#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			unsigned at = (first[round] + i * stride[round]) % 16;
			unsigned shift = shifts[round][i % 4];
			uint32_t sum = a + mix(round, b, c, d) + word[at] +
				       sines[16 * round + i];

			a = d;
			d = c;
			c = b;
			b += sum << shift | sum >> (32 - shift);
		}
	}
	md5->state[0] += a;
	md5->state[1] += b;
	md5->state[2] += c;
	md5->state[3] += d;
}

void
md5_init(struct md5 *md5)
{
	*md5 = (struct md5){ .state = { 0x67452301, 0xefcdab89, 0x98badcfe,
				 0x10325476 } };
}

void
md5_add(struct md5 *md5, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	size_t held = md5->n % 64;

	md5->n += n;
	if (held > 0) {
		size_t take = n < 64 - held ? n : 64 - held;

		memcpy(md5->block + held, p, take);
		p += take;
		n -= take;
		if (held + take < 64)
			return;
		add_block(md5, md5->block);
	}
	for (; n >= 64; p += 64, n -= 64)
		add_block(md5, p);
	if (n > 0)
		memcpy(md5->block, p, n);
}

void
md5_end(struct md5 *md5, unsigned char out[16])
{
	static const unsigned char padding[64] = { 0x80 };
	uint64_t bits = md5->n * 8;
	unsigned char length[8];

	for (unsigned i = 0; i < 8; i++)
		length[i] = (unsigned char)(bits >> (8 * i));
	md5_add(md5, padding, 1 + (119 - md5->n % 64) % 64);
	md5_add(md5, length, sizeof length);
	for (unsigned i = 0; i < 16; i++)
		out[i] = (unsigned char)(md5->state[i / 4] >> (8 * (i % 4)));
}
