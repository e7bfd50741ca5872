/*
 * speeds DATABASE    what each step of a snapshot and of a restore takes alone
 *
 * In memory, a page after the other, as the replicator has them.  Lines:
 *
 *	NAME SECONDS
 *
 * of lz4, unlz4 and crc for all pages, of sha256 and md5 for what LZ4 made of
 * them; and "compressed BYTES".
 */
#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "replication/ltx.h"
#include "tenants/base/crypto.h"
#include "tenants/base/md5.h"

#define PAGE  4096
#define BLOCK LZ4_COMPRESSBOUND(PAGE)

enum step { LZ4, UNLZ4, CRC, SHA256, MD5, STEPS };

static const char *const names[STEPS] = { "lz4", "unlz4", "crc", "sha256",
	"md5" };

struct pages {
	unsigned char page[256][PAGE], back[PAGE];
	char block[256][BLOCK];
	int length[256];
	size_t n;
	struct crypto_sha256 sha256;
	struct md5 md5;
	uint64_t crc;
	long long compressed;
	double seconds[STEPS];
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
do_step(struct pages *p, enum step step, size_t i)
{
	switch (step) {
	case LZ4:
		p->length[i] = LZ4_compress_default(
		    (char *)p->page[i], p->block[i], PAGE, BLOCK);
		p->compressed += p->length[i];
		break;
	case UNLZ4:
		if (LZ4_decompress_safe(p->block[i], (char *)p->back,
			p->length[i], PAGE) != PAGE)
			abort();
		break;
	case CRC:
		p->crc = ltx_crc64(p->crc, p->page[i], PAGE);
		break;
	case SHA256:
		crypto_sha256_add(
		    &p->sha256, p->block[i], (size_t)p->length[i]);
		break;
	case MD5:
		md5_add(&p->md5, p->block[i], (size_t)p->length[i]);
		break;
	case STEPS:
		break;
	}
}

int
main(int argc, char **argv)
{
	struct pages *p = calloc(1, sizeof *p);
	FILE *file = argc == 2 ? fopen(argv[1], "re") : NULL;

	if (!file || !p) {
		fputs("usage: speeds DATABASE\n", stderr);
		return 2;
	}
	crypto_sha256_init(&p->sha256);
	md5_init(&p->md5);
	while ((p->n = fread(p->page, PAGE, 256, file)) > 0) {
		for (int step = 0; step < STEPS; step++) {
			double begun = now();

			for (size_t i = 0; i < p->n; i++)
				do_step(p, (enum step)step, i);
			p->seconds[step] += now() - begun;
		}
	}
	for (int step = 0; step < STEPS; step++)
		printf("%s %.2f\n", names[step], p->seconds[step]);
	printf("compressed %lld\n", p->compressed);
	return fclose(file) != 0;
}
