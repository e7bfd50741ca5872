#include "replication/s3_source.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tenants/base/file.h"

#define STEP ((size_t)512 * 1024)

int
s3_source_open(
    struct s3_source *source, const struct store_op *op, struct err *err)
{
	struct stat st;

	*source = (struct s3_source){ .path = op->path,
		.bytes = op->bytes,
		.fd = -1,
		.size = (int64_t)op->bytes.n };
	if (!op->path)
		return 0;
	source->fd = file_open(op->path, O_RDONLY, 0, err);
	if (source->fd < 0)
		return -1;
	if (fstat(source->fd, &st) != 0)
		return err_sys(err, "cannot look at %s", op->path);
	source->size = st.st_size;
	return 0;
}

void
s3_source_close(struct s3_source *source)
{
	crypto_sha256_drop(&source->sha256_state);
	if (source->path)
		file_drop(&source->fd);
	source->path = NULL;
}

void
s3_source_hash(struct s3_source *source, int64_t from, int64_t to)
{
	assert(from <= to && to <= source->size);
	source->at = from;
	source->end = to;
	crypto_sha256_drop(&source->sha256_state);
	crypto_sha256_init(&source->sha256_state);
	md5_init(&source->md5_state);
}

/* RFC 4648, 4, of sixteen bytes. */
static void
base64(const unsigned char in[16], char out[25])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (unsigned i = 0, o = 0; i < 16; i += 3, o += 4) {
		uint32_t v = (uint32_t)in[i] << 16;

		if (i + 1 < 16)
			v |= (uint32_t)in[i + 1] << 8 | in[i + 2];
		out[o] = letters[v >> 18];
		out[o + 1] = letters[v >> 12 & 63];
		out[o + 2] = i + 1 < 16 ? letters[v >> 6 & 63] : '=';
		out[o + 3] = i + 1 < 16 ? letters[v & 63] : '=';
	}
	out[24] = '\0';
}

int
s3_source_step(struct s3_source *source, struct err *err)
{
	unsigned char sum[32], *space = NULL;
	const void *p = NULL;
	size_t n = STEP;
	int rc = 0;

	if (source->end - source->at < (int64_t)n)
		n = (size_t)(source->end - source->at);
	if (source->fd >= 0 && n > 0) {
		p = space = malloc(n);
		if (!space)
			err_die("out of memory: put");
		rc = file_pread(
		    source->fd, space, n, source->at, source->path, err);
	} else if (n > 0) {
		p = source->bytes.p + source->at;
	}
	if (rc == 0 && n > 0) {
		crypto_sha256_add(&source->sha256_state, p, n);
		md5_add(&source->md5_state, p, n);
	}
	free(space);
	source->at += (int64_t)n;
	if (rc != 0 || source->at < source->end)
		return rc;
	crypto_sha256_end(&source->sha256_state, sum);
	crypto_hex(sum, 32, source->sha256);
	md5_end(&source->md5_state, sum);
	crypto_hex(sum, 16, source->md5);
	base64(sum, source->md5_base64);
	return 1;
}

int
s3_source_same(const struct s3_source *source, int64_t at, const void *p,
    size_t n, struct err *err)
{
	const unsigned char *theirs = p;
	unsigned char mine[16384];

	if (at > source->size || (int64_t)n > source->size - at)
		return 0;
	if (source->fd < 0)
		return n == 0 || memcmp(source->bytes.p + at, p, n) == 0;
	while (n > 0) {
		size_t some = n < sizeof mine ? n : sizeof mine;

		if (file_pread(source->fd, mine, some, at, source->path, err) !=
		    0)
			return -1;
		if (memcmp(mine, theirs, some) != 0)
			return 0;
		theirs += some;
		at += (int64_t)some;
		n -= some;
	}
	return 1;
}

void
s3_source_send(const struct s3_source *source, int64_t offset, int64_t length,
    struct s3_call *call)
{
	call->fd = source->fd;
	call->path = source->path;
	call->offset = offset;
	call->length = length;
	if (source->fd < 0)
		call->body = str_sub(
		    source->bytes, (size_t)offset, (size_t)(offset + length));
	(void)str_copy(
	    str_of(source->sha256), call->payload, sizeof call->payload);
}
