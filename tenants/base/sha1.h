#ifndef ROWHOUSE_BASE_SHA1_H
#define ROWHOUSE_BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/str.h"

/*
 * SHA-1 (RFC 3174) and HMAC with it (RFC 2104), which libsodium leaves out.
 * Broken where two texts of one digest matter, which is not so in an HMAC; here
 * for what authenticator applications compute (otp.h), and for nothing else.
 */
#define SHA1_SIZE 20

void sha1(struct str text, unsigned char out[SHA1_SIZE]);

/* A key of at most 64 bytes: ours have 20. */
void sha1_hmac(struct str key, struct str text, unsigned char out[SHA1_SIZE]);

#endif
