/*
 * Tokens, as text, and as the JSON in them: nothing crashes, what is read says
 * what a token must say, and nothing verifies but what was issued.
 */
#include "tenants/token.h"

#include <stdlib.h>
#include <string.h>

#define NOW 1800000000
#define KEY "a token key"

static const struct secret master = { { 7 } };
static const struct registry_tenant acme = {
	.slug = "acme", .uid = "uidofacme000000", .generation = 1
};

static void
read_and_verify(struct str text, struct arena *arena)
{
	struct err err = ERR_INIT;
	struct token token;
	struct buf issued;

	if (token_read(text, &acme, NOW, arena, &token, &err) == 0) {
		if (token.user_id.n == 0 || token.expires_s <= NOW ||
		    !str_utf8_ok(token.user_id))
			abort();
	} else if (err.code != ERR_AUTH) {
		abort();
	}
	if (token_verify(&master, &acme, text, STR(KEY), &err) == 0) {
		buf_init(&issued, 4096);
		token_issue(&master, &acme, token.user_id, STR(KEY),
		    token.expires_s, &issued);
		if (!str_eq(text, buf_view(&issued)))
			abort();
		buf_free(&issued);
	}
}

/* "header\nclaims": each encoded, so that the fuzzer need not learn base64. */
static void
read_parts(struct str text, struct arena *arena)
{
	size_t cut = str_find(text, '\n', 0);
	struct str rest = str_sub(text, cut + 1, text.n);
	struct buf token;

	buf_init(&token, 1 << 16);
	crypto_b64url(&token, text.p, cut);
	buf_putc(&token, '.');
	crypto_b64url(&token, rest.p, rest.n);
	buf_puts(&token, ".AAAA");
	read_and_verify(buf_view(&token), arena);
	buf_free(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = { (const char *)data, size };
	struct arena *arena = arena_new(4 << 20);

	read_and_verify(text, arena);
	read_parts(text, arena);
	arena_free(arena);
	return 0;
}
