#include "tenants/mail_quota.h"

#include <stdlib.h>
#include <string.h>

#include "tenants/base/err.h"

#define HOUR_MS (60 * 60 * INT64_C(1000))

struct sent {
	int64_t at_ms;
	uint64_t tenant, to;
};

/* In the order of time: those of more than an hour ago are at the front. */
struct mail_quota {
	size_t most, most_each;
	size_t n;
	struct sent sent[];
};

struct mail_quota *
mail_quota_new(size_t most, size_t most_each)
{
	struct mail_quota *quota =
	    calloc(1, sizeof(*quota) + most * sizeof(quota->sent[0]));

	if (!quota)
		err_die("out of memory: mails of an hour");
	quota->most = most;
	quota->most_each = most_each;
	return quota;
}

void
mail_quota_free(struct mail_quota *quota)
{
	free(quota);
}

/* FNV-1a: two that meet in 64 bits share what they may get. */
static uint64_t
hash(struct str to)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	unsigned char c;
	size_t i;

	for (i = 0; i < to.n; i++) {
		c = (unsigned char)to.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c - 'A' + 'a');
		h = (h ^ c) * UINT64_C(0x100000001b3);
	}
	return h;
}

static void
forget(struct mail_quota *quota, size_t from, size_t n)
{
	quota->n -= n;
	memmove(quota->sent + from, quota->sent + from + n,
	    (quota->n - from) * sizeof(quota->sent[0]));
}

int64_t
mail_quota_take(struct mail_quota *quota, struct str tenant, struct str to,
    int64_t now_ms)
{
	uint64_t whose = hash(tenant), key = hash(to);
	size_t old = 0, each = 0, own = 0, i;
	int64_t first_ms = 0;

	while (old < quota->n && quota->sent[old].at_ms + HOUR_MS <= now_ms)
		old++;
	forget(quota, 0, old);
	for (i = 0; i < quota->n; i++) {
		own += quota->sent[i].tenant == whose;
		if (quota->sent[i].to == key && each++ == 0)
			first_ms = quota->sent[i].at_ms;
	}
	if (own >= quota->most - quota->n)
		return quota->sent[0].at_ms + HOUR_MS - now_ms;
	if (each >= quota->most_each)
		return first_ms + HOUR_MS - now_ms;
	quota->sent[quota->n++] = (struct sent){ now_ms, whose, key };
	return 0;
}

void
mail_quota_give(struct mail_quota *quota, struct str tenant, struct str to)
{
	uint64_t whose = hash(tenant), key = hash(to);
	size_t i;

	for (i = quota->n; i-- > 0;)
		if (quota->sent[i].tenant == whose && quota->sent[i].to == key) {
			forget(quota, i, 1);
			return;
		}
}
