#include "tenants/factor.h"

#include <stdio.h>

/* The part that is signed, and its signature in hex. */
static void
sign(const struct secret *master, const struct registry_tenant *row,
    const struct user *user, struct str text, char out[65])
{
	char generation[16];
	struct secret mac;
	int n = snprintf(
	    generation, sizeof(generation), "%u", (unsigned)row->generation);
	const struct str parts[] = {
		STR("rowhouse second factor"),
		str_of(row->uid),
		str_make(generation, (size_t)n),
		user->token_key,
		text,
	};

	crypto_derive(master, parts, sizeof(parts) / sizeof(parts[0]), &mac);
	crypto_hex(mac.bytes, sizeof(mac.bytes), out);
	crypto_wipe(&mac, sizeof(mac));
}

void
factor_ticket_put(struct buf *out, const struct secret *master,
    const struct registry_tenant *row, const struct user *user, int64_t now_s)
{
	size_t from = out->n;
	char mac[65];

	buf_printf(out, "%.*s.%lld", STR_FMT(user->id),
	    (long long)(now_s + FACTOR_TICKET_S));
	if (out->full)
		return;
	sign(master, row, user, str_make(out->p + from, out->n - from), mac);
	buf_printf(out, ".%s", mac);
}

struct str
factor_ticket_user(struct str ticket)
{
	return str_sub(ticket, 0, str_find(ticket, '.', 0));
}

int
factor_ticket_ok(struct str ticket, const struct secret *master,
    const struct registry_tenant *row, const struct user *user, int64_t now_s)
{
	size_t dot = str_find(ticket, '.', 0);
	size_t second = str_find(ticket, '.', dot + 1);
	struct str expires = str_sub(ticket, dot + 1, second);
	char mac[65];
	int64_t at;

	if (second >= ticket.n || str_i64(expires, &at) < 0 || at <= now_s)
		return 0;
	sign(master, row, user, str_sub(ticket, 0, second), mac);
	return crypto_equal(str_sub(ticket, second + 1, ticket.n), str_of(mac));
}
