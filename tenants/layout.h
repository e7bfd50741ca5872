#ifndef ROWHOUSE_LAYOUT_H
#define ROWHOUSE_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "tenants/base/config.h"

/*
 * Where things are:
 *
 *	<data>/registry.db                              tenants, hosts
 *	<data>/registry/spool/                          its spool
 *	<data>/tenants/<slug>/<epoch, 8 hex>/db.sqlite  an incarnation
 *	<data>/tenants/<slug>/<epoch, 8 hex>/spool/     LTX files and position
 *	<data>/tenants/<slug>/shelf/                    for compaction
 *	<data>/registry/shelf/
 *	<data>/templates/                               of new tenants (template.h)
 *	<data>/outbox/                                  mails to be sent (outbox.h)
 *	<data>/jobs/                                    what the operator asked for (job.h)
 *	<data>/exports/, imports/                       files that jobs make and take
 *	<data>/usage/<day>                              what they used (usage.h)
 *	<data>/master.key
 *	<data>/operator.token                           for /api/operator and /metrics
 *	<data>/hash.0, hash.1                           slots for password hashes
 *	<data>/migrate.dry/                             copies of a dry run (fleet.h)
 *	<data>/verify.0 … verify.3/                     scratch of `rowhouse verify`
 *	<run>/fcgi.sock, hint.sock, ack.sock, control.sock, status.sock
 *	<run>/renewal                                   how the last one went
 *	<run>/full/<slug>                               is not written to (full.h)
 *
 * The slug is one that slug_check() let pass, or SLUG_REGISTRY, whose database
 * is registry.db in every epoch.  No path can be longer than LAYOUT_MAX:
 * config.c bounds the directories.
 */
#define LAYOUT_MAX 640

struct layout_path {
	char p[LAYOUT_MAX];
};

struct layout_path layout_registry(const struct config *config);
struct layout_path layout_master_key(const struct config *config);
struct layout_path layout_hash_slot(const struct config *config, int slot);
struct layout_path layout_tenants(const struct config *config);
struct layout_path layout_tenant(const struct config *config, const char *slug);
struct layout_path layout_incarnation(const struct config *config,
    const char *slug, uint32_t epoch);
struct layout_path layout_db(const struct config *config, const char *slug,
    uint32_t epoch);
struct layout_path layout_spool(const struct config *config, const char *slug,
    uint32_t epoch);
struct layout_path layout_shelf(const struct config *config, const char *slug);
struct layout_path layout_templates(const struct config *config);
struct layout_path layout_dry_run(const struct config *config);
struct layout_path layout_outbox(const struct config *config);
struct layout_path layout_jobs(const struct config *config);
struct layout_path layout_exports(const struct config *config);
struct layout_path layout_imports(const struct config *config);
struct layout_path layout_usage_all(const struct config *config);
struct layout_path layout_usage(const struct config *config, const char *day);
struct layout_path layout_operator_token(const struct config *config);
struct layout_path layout_fcgi_socket(const struct config *config);
struct layout_path layout_hint_socket(const struct config *config);
struct layout_path layout_ack_socket(const struct config *config);
struct layout_path layout_control_socket(const struct config *config);
struct layout_path layout_status_socket(const struct config *config);
struct layout_path layout_renewal(const struct config *config);
struct layout_path layout_full_all(const struct config *config);
struct layout_path layout_full(const struct config *config, const char *slug);

#endif
