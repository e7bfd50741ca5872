#include "replication/s3_keyring.h"

#include <stdlib.h>
#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/base/log.h"
#include "tenants/base/str.h"

#define READ_MS 10000 /* between two readings */

int
s3_keyring_open(struct s3_keyring *ring, const char *profile, struct err *err)
{
	*ring = (struct s3_keyring){ .unread = ERR_INIT };
	if (str_copy(str_of(profile), ring->profile, sizeof ring->profile) != 0)
		return err_set(err, ERR_INPUT, "%.60s...: too long a profile",
		    profile);
	return s3_credentials_load(ring->profile, &ring->keys, err);
}

void
s3_keyring_wipe(struct s3_keyring *ring)
{
	s3_credentials_wipe(&ring->keys);
}

int
s3_keyring_again(struct s3_keyring *ring, unsigned version)
{
	int64_t now = clock_mono_ms();
	struct s3_credentials keys;
	int same;

	/* Another call has found them meanwhile. */
	if (version != ring->version)
		return 1;
	if (ring->read_ms != 0 && now - ring->read_ms < READ_MS)
		return 0;
	ring->read_ms = now;
	err_clear(&ring->unread);
	if (s3_credentials_load(ring->profile, &keys, &ring->unread) != 0) {
		log_err("keys", STR_NONE, &ring->unread);
		return 0;
	}
	same = strcmp(keys.id, ring->keys.id) == 0 &&
	       strcmp(keys.secret, ring->keys.secret) == 0 &&
	       strcmp(keys.token, ring->keys.token) == 0;
	if (!same) {
		log_warn("keys",
		    "the store refuses the access key %s; %s has %s now, "
		    "which is used from here on",
		    ring->keys.id, keys.source,
		    strcmp(keys.id, ring->keys.id) == 0
			? "another secret for it"
			: keys.id);
		ring->keys = keys;
		ring->version++;
	}
	s3_credentials_wipe(&keys);
	return !same;
}

void
s3_keyring_taken(struct s3_keyring *ring)
{
	ring->refused_ms = 0;
}

void
s3_keyring_refused(struct s3_keyring *ring)
{
	if (ring->refused_ms == 0)
		ring->refused_ms = clock_mono_ms();
}

void
s3_keyring_hint(const struct s3_keyring *ring, struct err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	const char *source = ring->keys.source;

	if (ring->unread.code != ERR_NONE)
		err_hint(err, "others cannot be read: %.180s", ring->unread.msg);
	else if (strcmp(source, "the environment") == 0)
		err_hint(err,
		    "the keys come from the environment, which nobody can "
		    "change while this runs: restart it with the new ones");
	else if (dir && dir[0] && str_starts(str_of(source), dir))
		err_hint(err,
		    "the keys come from %.80s, a copy that systemd made: put "
		    "the new ones into /etc/credstore/rowhouse.aws, then "
		    "systemctl restart rowhouse-replicator",
		    source);
	else
		err_hint(err,
		    "the keys come from %.100s: put the new ones there, they "
		    "are read again within a minute; nothing has to be restarted",
		    source);
}
