#include "tenants/base/sha1.h"

#include <assert.h>
#include <string.h>

#include "tenants/base/crypto.h"

#define BLOCK 64

struct sha1 {
	uint32_t state[5];
	uint64_t size;
	unsigned char block[BLOCK];
};

static uint32_t
turn(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static uint32_t
mix(int t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5a827999;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

static void
take_block(struct sha1 *sha)
{
	uint32_t w[80], s[5], next;
	const unsigned char *p = sha->block;
	int t;

	for (t = 0; t < 16; t++, p += 4)
		w[t] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		       (uint32_t)p[2] << 8 | p[3];
	for (; t < 80; t++)
		w[t] = turn(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	memcpy(s, sha->state, sizeof(s));
	for (t = 0; t < 80; t++) {
		next = turn(s[0], 5) + mix(t, s[1], s[2], s[3]) + s[4] + w[t];
		s[4] = s[3];
		s[3] = s[2];
		s[2] = turn(s[1], 30);
		s[1] = s[0];
		s[0] = next;
	}
	for (t = 0; t < 5; t++)
		sha->state[t] += s[t];
	crypto_wipe(w, sizeof(w));
}

static void
init(struct sha1 *sha)
{
	static const uint32_t begin[5] = { 0x67452301, 0xefcdab89, 0x98badcfe,
		0x10325476, 0xc3d2e1f0 };

	memcpy(sha->state, begin, sizeof(begin));
	sha->size = 0;
}

static void
add(struct sha1 *sha, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (; n > 0; n--) {
		sha->block[sha->size++ % BLOCK] = *p++;
		if (sha->size % BLOCK == 0)
			take_block(sha);
	}
}

static void
end(struct sha1 *sha, unsigned char out[SHA1_SIZE])
{
	uint64_t bits = sha->size * 8;
	unsigned char length[8];
	int i;

	add(sha, "\x80", 1);
	while (sha->size % BLOCK != BLOCK - sizeof(length))
		add(sha, "", 1);
	for (i = 0; i < 8; i++)
		length[i] = (unsigned char)(bits >> (56 - 8 * i));
	add(sha, length, sizeof(length));
	for (i = 0; i < SHA1_SIZE; i++)
		out[i] =
		    (unsigned char)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
	crypto_wipe(sha, sizeof(*sha));
}

void
sha1(struct str text, unsigned char out[SHA1_SIZE])
{
	struct sha1 sha;

	init(&sha);
	add(&sha, text.p, text.n);
	end(&sha, out);
}

void
sha1_hmac(struct str key, struct str text, unsigned char out[SHA1_SIZE])
{
	unsigned char pad[BLOCK], inner[SHA1_SIZE];
	struct sha1 sha;
	size_t i;

	assert(key.n <= BLOCK);
	for (i = 0; i < BLOCK; i++)
		pad[i] = (i < key.n ? (unsigned char)key.p[i] : 0) ^ 0x36;
	init(&sha);
	add(&sha, pad, BLOCK);
	add(&sha, text.p, text.n);
	end(&sha, inner);
	for (i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	init(&sha);
	add(&sha, pad, BLOCK);
	add(&sha, inner, sizeof(inner));
	end(&sha, out);
	crypto_wipe(pad, sizeof(pad));
}
