#include "replication/digests.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replication/ltx.h"
#include "tenants/base/crypto.h"
#include "tenants/base/file.h"

#define BUFFERED  4096 /* digests */
#define READ_SIZE 262144

struct digests {
	int fd;
	uint32_t n; /* in all */
	uint32_t held; /* the last of them, not yet in the file */
	unsigned char buffer[BUFFERED][CRYPTO_DIGEST];
};

struct digests *
digests_new(const char *dir, struct err *err)
{
	struct digests *digests = calloc(1, sizeof(*digests));
	char path[PATH_MAX];

	if (digests == NULL)
		err_die("out of memory: digests");
	snprintf(path, sizeof(path), "%s/digests", dir);
	digests->fd = file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, err);
	if (digests->fd < 0 || file_remove(path, err)) {
		digests_free(digests);
		return NULL;
	}
	return digests;
}

void
digests_free(struct digests *digests)
{
	if (digests == NULL)
		return;
	file_drop(&digests->fd);
	free(digests);
}

void
digests_reset(struct digests *digests)
{
	digests->n = digests->held = 0;
}

static int
spill(struct digests *digests, struct err *err)
{
	int64_t at = (int64_t)(digests->n - digests->held) * CRYPTO_DIGEST;
	size_t n = (size_t)digests->held * CRYPTO_DIGEST;

	digests->held = 0;
	return file_pwrite(digests->fd, digests->buffer, n, at, "digests", err);
}

int
digests_add(struct digests *digests, const void *page, uint32_t page_size,
    struct err *err)
{
	unsigned char *out = digests->buffer[digests->held];

	if (digests->n + 1 == ltx_lock_page(page_size))
		memset(out, 0, CRYPTO_DIGEST);
	else
		crypto_digest(page, page_size, out);
	digests->n++;
	if (++digests->held < BUFFERED)
		return 0;
	return spill(digests, err);
}

static void
note(struct digests_difference *out, uint32_t pgno)
{
	if (out->n < DIGESTS_SHOWN)
		out->page[out->n] = pgno;
	out->n++;
}

int
digests_compare(struct digests *a, struct digests *b,
    struct digests_difference *out, struct err *err)
{
	uint32_t both = a->n < b->n ? a->n : b->n;
	uint32_t most = a->n < b->n ? b->n : a->n;
	uint32_t done = 0, i;

	memset(out, 0, sizeof(*out));
	if (spill(a, err) || spill(b, err))
		return -1;
	while (done < both) {
		uint32_t n = both - done < BUFFERED ? both - done : BUFFERED;
		int64_t at = (int64_t)done * CRYPTO_DIGEST;

		if (file_pread(a->fd, a->buffer, (size_t)n * CRYPTO_DIGEST, at,
			"digests", err) ||
		    file_pread(b->fd, b->buffer, (size_t)n * CRYPTO_DIGEST, at,
			"digests", err))
			return -1;
		for (i = 0; i < n; i++) {
			if (memcmp(a->buffer[i], b->buffer[i], CRYPTO_DIGEST) !=
			    0)
				note(out, done + i + 1);
		}
		done += n;
	}
	for (i = both; i < most; i++)
		note(out, i + 1);
	return 0;
}

int
digests_of_file(struct digests *digests, const char *path, uint32_t page_size,
    uint32_t pages, struct err *err)
{
	uint32_t most = READ_SIZE / page_size;
	unsigned char *piece = malloc(READ_SIZE);
	uint32_t done = 0, n, i;
	int rc = -1;
	int fd;

	if (piece == NULL)
		err_die("out of memory: digests");
	fd = file_open(path, O_RDONLY, 0, err);
	if (fd < 0)
		goto out;
	for (; done < pages; done += n) {
		n = pages - done < most ? pages - done : most;
		if (file_pread(fd, piece, (size_t)n * page_size,
			(int64_t)done * page_size, path, err))
			goto out;
		for (i = 0; i < n; i++) {
			if (digests_add(digests, piece + (size_t)i * page_size,
				page_size, err))
				goto out;
		}
	}
	rc = 0;
out:
	file_drop(&fd);
	free(piece);
	return rc;
}
