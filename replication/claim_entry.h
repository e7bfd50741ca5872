#ifndef ROWHOUSE_CLAIM_ENTRY_H
#define ROWHOUSE_CLAIM_ENTRY_H

#include <stdint.h>

#include "tenants/base/buf.h"
#include "tenants/base/clock.h"
#include "tenants/base/config.h"
#include "tenants/base/crypto.h"
#include "tenants/base/err.h"
#include "tenants/registry.h"

#define CLAIM_ENTRY_MAX   ((size_t)16 * 1024) /* bytes of its text */
#define CLAIM_ENTRY_PLACE 128

/* A claim, in the store or remembered. */
struct claim_entry {
	uint64_t sequence; /* 0 = there is none */
	char run[CRYPTO_ID + 1]; /* who signed it, anew with every start */
	char place[CLAIM_ENTRY_PLACE]; /* which directory, since which boot */
	char host[128];
	char house[REGISTRY_HOUSE + 1]; /* "" = not said, as before there were any */
	char url[CONFIG_PATH_MAX]; /* remembered: of which replica */
	char time[CLOCK_TEXT];
	int64_t confirm_ms; /* how long the holder may go without asking */
	int released;
	uint32_t replica; /* drawn with its first claim; 0 = not said */
	int taken; /* remembered: the store has had a claim of ours */
};

void claim_entry_put(const struct claim_entry *entry, struct buf *out);
/* ERR_CORRUPT names it. */
int claim_entry_parse(struct str text, const char *name,
    struct claim_entry *out, struct err *err);

/* Signed by the same run? */
int claim_entry_same(
    const struct claim_entry *a, const struct claim_entry *b);

/*
 * Where this is: the same directory since the same boot, of which the
 * replicator's lock says that nobody else is there.
 */
void claim_entry_place(
    const struct config *config, char out[CLAIM_ENTRY_PLACE]);

#endif
