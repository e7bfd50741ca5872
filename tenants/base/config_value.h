#ifndef ROWHOUSE_BASE_CONFIG_VALUE_H
#define ROWHOUSE_BASE_CONFIG_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/buf.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/base/str.h"

/* The kinds of values that a configuration has, for config.c and its table. */
enum config_kind {
	CONFIG_DIRECTORY,
	CONFIG_REPLICA, /* a directory, as a path or file://; or s3:// */
	CONFIG_DOMAIN,
	CONFIG_GROUP,
	CONFIG_LEVEL,
	CONFIG_FILE, /* a path, or nothing */
	CONFIG_SERVER, /* smtp://HOST or smtps://HOST, with a port; or nothing */
	CONFIG_ADDRESS, /* of mail, or nothing */
	CONFIG_LINK, /* http://{host} or https://{host}, with a port */
	CONFIG_CHOICE, /* one of some words, kept as its number */
	CONFIG_NUMBER,
	CONFIG_BYTES, /* a size, kept in bytes */
	CONFIG_KIBIBYTES, /* a size, kept in KiB */
	CONFIG_DURATION, /* kept in milliseconds */
	CONFIG_RATE /* N/s, N/m or N/h, kept as so many an hour */
};

/* least and most: of a number, as it is kept; of a text, its length. */
struct config_key {
	const char *name;
	enum config_kind kind;
	size_t offset;
	/*
	 * As it would stand in the file; NULL = none.  Of a choice all words,
	 * of which the first is it.
	 */
	const char *preset;
	int64_t least, most;
	const char *about;
};

/*
 * Puts a value, as it stands in the file, into the field of its key.  Relative
 * paths are taken from the directory of config->file.  ERR_INPUT, which does
 * not name the key.
 */
int config_value_set(struct config *config, const struct config_key *key,
    struct str value, struct err *err);

/* And back again. */
void config_value_put(const struct config *config,
    const struct config_key *key, struct buf *out);

/* The line up to a # that begins it or follows a blank. */
struct str config_uncommented(struct str line);

#endif
