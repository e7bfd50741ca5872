#include "replication/store_dir_version.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tenants/base/crypto.h"
#include "tenants/base/file.h"

#define CHUNK ((size_t)64 * 1024)

static_assert(STORE_VERSION > 64, "a hash in hex");

void
store_dir_version_of(struct str content, char out[STORE_VERSION])
{
	unsigned char hash[32];

	crypto_sha256(content, hash);
	crypto_hex(hash, sizeof hash, out);
}

int
store_dir_version_fd(int fd, int64_t size, const char *path,
    char out[STORE_VERSION], struct err *err)
{
	unsigned char *chunk = malloc(CHUNK);
	struct crypto_sha256 state;
	unsigned char hash[32];
	int64_t at = 0;
	int rc = 0;

	if (!chunk)
		err_die("out of memory: version");
	crypto_sha256_init(&state);
	while (rc == 0 && at < size) {
		size_t n =
		    size - at < (int64_t)CHUNK ? (size_t)(size - at) : CHUNK;

		rc = file_pread(fd, chunk, n, at, path, err);
		if (rc == 0)
			crypto_sha256_add(&state, chunk, n);
		at += (int64_t)n;
	}
	crypto_sha256_end(&state, hash);
	crypto_hex(hash, sizeof hash, out);
	free(chunk);
	return rc;
}

int
store_dir_version(const char *path, char out[STORE_VERSION], struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int rc;

	out[0] = '\0';
	if (fd < 0)
		return errno == ENOENT ? 0
				       : err_sys(err, "cannot open %s", path);
	if (fstat(fd, &st) != 0)
		rc = err_sys(err, "cannot look at %s", path);
	else
		rc = store_dir_version_fd(fd, st.st_size, path, out, err);
	file_drop(&fd);
	return rc;
}
