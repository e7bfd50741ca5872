#include "tenants/base/crypto.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenants/base/file.h"
#include "tenants/base/thread.h"

static_assert(CRYPTO_HASH_MAX == crypto_pwhash_STRBYTES, "as libsodium's");

int
crypto_init(struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, ERR_SYSTEM, "cannot start libsodium");
	return 0;
}

void
crypto_random(void *p, size_t n)
{
	randombytes_buf(p, n);
}

void
crypto_id(char *out, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t i;

	for (i = 0; i < n; i++)
		out[i] = letters[randombytes_uniform(sizeof letters - 1)];
	out[n] = '\0';
}

int
crypto_equal(struct str a, struct str b)
{
	if (a.n != b.n)
		return 0;
	return a.n == 0 || sodium_memcmp(a.p, b.p, a.n) == 0;
}

void
crypto_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

int
crypto_key_load(const char *path, struct secret *out, struct err *err)
{
	int fd = file_open(path, O_RDONLY, 0, err);
	struct stat st;
	int rc = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0) {
		err_sys(err, "cannot look at %s", path);
		goto done;
	}
	if (st.st_mode & S_IRWXO) {
		err_set(err, ERR_DENIED,
		    "%s: a key that everybody may use (mode %04o)", path,
		    (unsigned)(st.st_mode & 07777));
		err_hint(err, "chmod 0400 %s", path);
		goto done;
	}
	if (!S_ISREG(st.st_mode) || st.st_size != sizeof out->bytes) {
		err_set(err, ERR_CORRUPT,
		    "%s: not a key: it must be a file of %zu bytes", path,
		    sizeof out->bytes);
		goto done;
	}
	rc = file_pread(fd, out->bytes, sizeof out->bytes, 0, path, err);
done:
	file_drop(&fd);
	return rc;
}

/* To whose the directory is; again, where root was killed before it was done. */
static int
hand_over(const char *path, struct err *err)
{
	struct stat file, dir;
	char parent[PATH_MAX];
	char *slash;

	if (geteuid() != 0)
		return 0;
	(void)snprintf(parent, sizeof parent, "%s", path);
	slash = strrchr(parent, '/');
	if (slash != NULL)
		slash[slash == parent ? 1 : 0] = '\0';
	if (stat(slash != NULL ? parent : ".", &dir) != 0 ||
	    lstat(path, &file) != 0)
		return err_sys(err, "cannot look at %s", path);
	if (file.st_uid != 0 || dir.st_uid == 0)
		return 0;
	return lchown(path, dir.st_uid, (gid_t)-1) == 0
		   ? 0
		   : err_sys(err, "cannot give %s away", path);
}

int
crypto_key_create(const char *path, struct err *err)
{
	struct secret key;
	int rc = file_exists(path, err);

	if (rc != 0)
		return rc > 0 ? hand_over(path, err) : -1;
	crypto_random(key.bytes, sizeof key.bytes);
	rc = file_create(path,
	    str_make((const char *)key.bytes, sizeof key.bytes), 0400, err);
	crypto_wipe(&key, sizeof key);
	if (rc != 0 && err->code == ERR_CONFLICT) {
		/* Another process was faster; its key is as good. */
		err_clear(err);
		return 0;
	}
	return rc == 0 ? hand_over(path, err) : rc;
}

void
crypto_derive(const struct secret *key, const struct str *parts, size_t n,
    struct secret *out)
{
	crypto_generichash_state state;
	size_t i, j;

	/* With these fixed sizes none of the three can fail. */
	(void)crypto_generichash_init(
	    &state, key->bytes, sizeof key->bytes, sizeof out->bytes);
	for (i = 0; i < n; i++) {
		unsigned char length[8];

		for (j = 0; j < sizeof length; j++)
			length[j] =
			    (unsigned char)((uint64_t)parts[i].n >> (8 * j));
		(void)crypto_generichash_update(&state, length, sizeof length);
		(void)crypto_generichash_update(
		    &state, (const unsigned char *)parts[i].p, parts[i].n);
	}
	(void)crypto_generichash_final(&state, out->bytes, sizeof out->bytes);
	crypto_wipe(&state, sizeof state);
}

void
crypto_hmac_sha256(
    const struct secret *key, struct str text, unsigned char out[32])
{
	static_assert(crypto_auth_hmacsha256_BYTES == 32, "RFC 4231");
	static_assert(crypto_auth_hmacsha256_KEYBYTES == 32, "struct secret");

	(void)crypto_auth_hmacsha256(
	    out, (const unsigned char *)text.p, text.n, key->bytes);
}

void
crypto_hmac_sha256_any(struct str key, struct str text, unsigned char out[32])
{
	crypto_auth_hmacsha256_state state;

	(void)crypto_auth_hmacsha256_init(
	    &state, (const unsigned char *)key.p, key.n);
	(void)crypto_auth_hmacsha256_update(
	    &state, (const unsigned char *)text.p, text.n);
	(void)crypto_auth_hmacsha256_final(&state, out);
	crypto_wipe(&state, sizeof state);
}

void
crypto_sha256(struct str text, unsigned char out[32])
{
	static_assert(crypto_hash_sha256_BYTES == 32, "FIPS 180-4");

	(void)crypto_hash_sha256(out, (const unsigned char *)text.p, text.n);
}

void
crypto_digest(const void *p, size_t n, unsigned char out[CRYPTO_DIGEST])
{
	static_assert(CRYPTO_DIGEST >= crypto_generichash_BYTES_MIN,
	    "a length that the library makes");

	(void)crypto_generichash(out, CRYPTO_DIGEST, p, n, NULL, 0);
}

void
crypto_hex(const void *p, size_t n, char *out)
{
	(void)sodium_bin2hex(out, 2 * n + 1, p, n);
}

void
crypto_b64url(struct buf *buf, const void *p, size_t n)
{
	enum { STEP = 48 }; /* a multiple of 3, so that pieces join */
	char text[STEP / 3 * 4 + 1];
	const unsigned char *from = p;

	while (n > 0) {
		size_t step = n < STEP ? n : STEP;

		sodium_bin2base64(text, sizeof text, from, step,
		    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
		buf_puts(buf, text);
		from += step;
		n -= step;
	}
}

static int
is_b64url(struct str text)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
		    !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return 0;
	}
	return 1;
}

int
crypto_b64url_decode(struct str text, struct arena *arena, struct str *out)
{
	size_t max = text.n / 4 * 3 + 2;
	char *p = arena_alloc(arena, max + 1);
	size_t n;

	/* libsodium 1.0.18 takes some bytes above 0x7f for letters. */
	if (!is_b64url(text))
		return -1;
	if (text.n > 0 &&
	    sodium_base642bin((unsigned char *)p, max, text.p, text.n, NULL, &n,
		NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return -1;
	*out = str_make(p, text.n > 0 ? n : 0);
	return 0;
}

static const char *
text_of(struct str password)
{
	return password.p ? password.p : "";
}

/* out is NULL to verify. */
struct hashing {
	struct str password;
	struct crypto_cost cost;
	const char *hash;
	char *out;
	int rc;
};

static void *
run_hashing(void *arg)
{
	struct hashing *h = arg;

	if (h->out)
		h->rc = crypto_pwhash_str_alg(h->out, text_of(h->password),
		    h->password.n, h->cost.passes,
		    (size_t)h->cost.memory_kib * 1024,
		    crypto_pwhash_ALG_ARGON2ID13);
	else
		h->rc = crypto_pwhash_str_verify(
		    h->hash, text_of(h->password), h->password.n);
	return NULL;
}

int
crypto_password_hash(struct str password, struct crypto_cost cost,
    char out[CRYPTO_HASH_MAX], struct err *err)
{
	struct hashing h = { .password = password, .cost = cost, .out = out };

	thread_run_nicer(THREAD_NICER, run_hashing, &h);
	if (h.rc != 0)
		return err_set(err, ERR_SYSTEM,
		    "cannot hash a password with t=%u and m=%u KiB",
		    cost.passes, cost.memory_kib);
	return 0;
}

/* "m=19456,t=2,p=1": takes "m=", digits and what ends them off *rest. */
static int
take_number(struct str *rest, const char *name, char end, uint64_t *out)
{
	size_t from = strlen(name);
	size_t at = str_find(*rest, end, 0);

	if (!str_starts(*rest, name) || at == rest->n ||
	    str_u64(str_sub(*rest, from, at), out) != 0)
		return -1;
	*rest = str_sub(*rest, at + 1, rest->n);
	return 0;
}

/* The cost of a hash of ours, in bounds that a verification can afford. */
static int
cost_of(const char *hash, struct crypto_cost *out)
{
	static const char prefix[] = "$argon2id$v=19$";
	struct str rest = str_of(hash);
	uint64_t m, t, p;

	if (rest.n >= CRYPTO_HASH_MAX || !str_starts(rest, prefix))
		return -1;
	rest = str_sub(rest, sizeof prefix - 1, rest.n);
	if (take_number(&rest, "m=", ',', &m) != 0 ||
	    take_number(&rest, "t=", ',', &t) != 0 ||
	    take_number(&rest, "p=", '$', &p) != 0)
		return -1;
	if (m < CRYPTO_MEMORY_KIB_MIN || m > CRYPTO_MEMORY_KIB_MAX || t < 1 ||
	    t > CRYPTO_PASSES_MAX || p != 1)
		return -1;
	*out = (struct crypto_cost){ (unsigned)t, (unsigned)m };
	return 0;
}

int
crypto_password_verify(struct str password, const char *hash)
{
	struct hashing h = { .password = password, .hash = hash };

	if (cost_of(hash, &h.cost) != 0)
		return 0;
	thread_run_nicer(THREAD_NICER, run_hashing, &h);
	return h.rc == 0;
}

int
crypto_password_stale(const char *hash, struct crypto_cost cost)
{
	struct crypto_cost made;

	if (cost_of(hash, &made) != 0)
		return 1;
	return made.passes < cost.passes || made.memory_kib < cost.memory_kib;
}
