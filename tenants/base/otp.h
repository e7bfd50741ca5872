#ifndef ROWHOUSE_BASE_OTP_H
#define ROWHOUSE_BASE_OTP_H

#include <stdint.h>

#include "tenants/base/buf.h"
#include "tenants/base/str.h"

/*
 * One-time passwords as authenticator applications make them: TOTP (RFC 6238)
 * with HMAC-SHA-1, 6 digits, 30 seconds.
 */
#define OTP_SECRET 20	/* bytes */
#define OTP_DIGITS 6

/* The number of the 30 seconds that a time is in. */
int64_t otp_step(int64_t wall_ms);

/* The code of a step, with a NUL. */
void otp_code(struct str secret, int64_t step, char out[OTP_DIGITS + 1]);

/*
 * The step near this one (itself, one before, one after) and after `last`
 * whose code it is, or -1.  All of them are computed.
 */
int64_t otp_match(struct str secret, struct str code, int64_t step,
    int64_t last);

/* RFC 4648, 6, without padding: as people type a secret. */
void otp_put_base32(struct buf *buf, struct str bytes);

/*
 * otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=ISSUER, which a page shows as
 * a QR code (Google Authenticator's "Key URI Format").
 */
void otp_put_url(struct buf *buf, struct str issuer, struct str account,
    struct str secret);

#endif
