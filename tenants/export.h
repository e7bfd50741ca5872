#ifndef ROWHOUSE_EXPORT_H
#define ROWHOUSE_EXPORT_H

#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/registry.h"

/*
 * A tenant in one plain file: everything of one moment, its accounts with the
 * hashes of their passwords included, so that it can go on elsewhere.  So it is
 * for its owner's eyes, mode 0600.  Tokens are no good there: they are signed
 * with a key that no tenant's file has.
 *
 * It is made as .SLUG.exporting beside its name, which it gets when it is whole
 * and durable.  What a killed export leaves is taken away by the next of that
 * tenant into that directory.
 *
 * ERR_CONFLICT where path is there; ERR_BUSY while another process exports the
 * same into the same directory.
 */
int export_file(const struct config *config, struct registry *registry,
    struct str slug, const char *path, struct err *err);

#endif
