#ifndef ROWHOUSE_BASE_CRYPTO_H
#define ROWHOUSE_BASE_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/arena.h"
#include "tenants/base/buf.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/* The only includer of sodium.h.  Once per process, before anything else. */
int crypto_init(struct err *err);

void crypto_random(void *p, size_t n);

/*
 * n characters of [a-z0-9], each equally likely, and a NUL.  15 of them (77
 * bits) are the id of a record, as PocketBase has it.
 */
#define CRYPTO_ID 15
void crypto_id(char *out, size_t n);

/* Same bytes?  In constant time for equal lengths. */
int crypto_equal(struct str a, struct str b);

/* 32 bytes that must not be printed, compared with == or left behind. */
struct secret {
	unsigned char bytes[32];
};

void crypto_wipe(void *p, size_t n);

/*
 * The master key of an installation: 32 random bytes in a file of mode 0400.
 * Losing it signs everybody out and nothing more.  A file of another size is
 * ERR_CORRUPT, one that everybody may read or write ERR_DENIED.
 * crypto_key_create leaves a file that exists alone.  What root makes belongs to whose
 * the directory is, who could not read it otherwise.
 */
int crypto_key_load(const char *path, struct secret *out, struct err *err);
int crypto_key_create(const char *path, struct err *err);

/*
 * out = BLAKE2b-256 keyed with key over the parts, each preceded by its
 * length (u64 LE), so that no two lists of parts run together.
 */
void crypto_derive(const struct secret *key, const struct str *parts, size_t n,
    struct secret *out);

/* RFC 2104 with SHA-256: 32 bytes.  The second takes a key of any length. */
void crypto_hmac_sha256(const struct secret *key, struct str text,
    unsigned char out[32]);
void crypto_hmac_sha256_any(struct str key, struct str text,
    unsigned char out[32]);

void crypto_sha256(struct str text, unsigned char out[32]);

/* The same of bytes that come in pieces; what was begun is ended or dropped. */
struct crypto_sha256 {
	void *state;	/* the library's; NULL: not begun */
};

void crypto_sha256_init(struct crypto_sha256 *hash);
void crypto_sha256_add(struct crypto_sha256 *hash, const void *p, size_t n);
void crypto_sha256_end(struct crypto_sha256 *hash, unsigned char out[32]);
void crypto_sha256_drop(struct crypto_sha256 *hash);

/* BLAKE2b-128: to tell whether two things are the same, not who made them. */
#define CRYPTO_DIGEST 16
void crypto_digest(const void *p, size_t n, unsigned char out[CRYPTO_DIGEST]);

/* Lower case, 2 n digits and a NUL. */
void crypto_hex(const void *p, size_t n, char *out);

/*
 * RFC 4648, 5: URL-safe, without padding.  Decoding is strict, down to the
 * unused bits of the last character: one text for each string of bytes.
 */
void crypto_b64url(struct buf *buf, const void *p, size_t n);
int crypto_b64url_decode(struct str text, struct arena *arena,
    struct str *out);	/* 0, -1 */

/*
 * Passwords: argon2id, version 1.3, in the PHC string form, which carries its
 * own parameters.  Hashing takes tens of milliseconds and m KiB of memory:
 * callers hold one of the machine's two hash slots (tenants/hashslot.h).
 */
struct crypto_cost {
	unsigned passes;	/* t; OWASP's minimum is 2 */
	unsigned memory_kib;	/* m; with 19456 (19 MiB) */
};

#define CRYPTO_COST_DEFAULT ((struct crypto_cost){ 2, 19456 })
#define CRYPTO_HASH_MAX 128

/* What this library takes for a cost; a hash that asks for more is refused. */
#define CRYPTO_PASSES_MAX 64
#define CRYPTO_MEMORY_KIB_MIN 8
#define CRYPTO_MEMORY_KIB_MAX (1024 * 1024)

int crypto_password_hash(struct str password, struct crypto_cost cost,
    char out[CRYPTO_HASH_MAX], struct err *err);
/* 1 it is the one, 0 it is not (or the hash is not argon2id's). */
int crypto_password_verify(struct str password, const char *hash);
/* 1 where the hash was made with less than cost. */
int crypto_password_stale(const char *hash, struct crypto_cost cost);

#endif
