#include "tenants/layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tenants/base/err.h"
#include "tenants/slug.h"

static struct layout_path
path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static struct layout_path
path(const char *fmt, ...)
{
	struct layout_path out;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out.p, sizeof(out.p), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(out.p))
		err_die("a path of %d bytes in a place for %zu: %s", n,
		    sizeof(out.p), out.p);
	return out;
}

static int
is_registry(const char *slug)
{
	return strcmp(slug, SLUG_REGISTRY) == 0;
}

struct layout_path
layout_registry(const struct config *config)
{
	return path("%s/registry.db", config->data);
}

struct layout_path
layout_master_key(const struct config *config)
{
	return path("%s/master.key", config->data);
}

struct layout_path
layout_hash_slot(const struct config *config, int slot)
{
	return path("%s/hash.%d", config->data, slot);
}

struct layout_path
layout_tenants(const struct config *config)
{
	return path("%s/tenants", config->data);
}

struct layout_path
layout_tenant(const struct config *config, const char *slug)
{
	if (is_registry(slug))
		return path("%s/registry", config->data);
	return path("%s/tenants/%s", config->data, slug);
}

struct layout_path
layout_incarnation(
    const struct config *config, const char *slug, uint32_t epoch)
{
	if (is_registry(slug))
		return layout_tenant(config, slug);
	return path("%s/tenants/%s/%08x", config->data, slug, epoch);
}

struct layout_path
layout_db(const struct config *config, const char *slug, uint32_t epoch)
{
	if (is_registry(slug))
		return layout_registry(config);
	return path("%s/tenants/%s/%08x/db.sqlite", config->data, slug, epoch);
}

struct layout_path
layout_spool(const struct config *config, const char *slug, uint32_t epoch)
{
	struct layout_path dir = layout_incarnation(config, slug, epoch);

	return path("%s/spool", dir.p);
}

struct layout_path
layout_shelf(const struct config *config, const char *slug)
{
	struct layout_path dir = layout_tenant(config, slug);

	return path("%s/shelf", dir.p);
}

struct layout_path
layout_templates(const struct config *config)
{
	return path("%s/templates", config->data);
}

struct layout_path
layout_dry_run(const struct config *config)
{
	return path("%s/migrate.dry", config->data);
}

struct layout_path
layout_outbox(const struct config *config)
{
	return path("%s/outbox", config->data);
}

struct layout_path
layout_jobs(const struct config *config)
{
	return path("%s/jobs", config->data);
}

struct layout_path
layout_exports(const struct config *config)
{
	return path("%s/exports", config->data);
}

struct layout_path
layout_imports(const struct config *config)
{
	return path("%s/imports", config->data);
}

struct layout_path
layout_usage_all(const struct config *config)
{
	return path("%s/usage", config->data);
}

struct layout_path
layout_usage(const struct config *config, const char *day)
{
	return path("%s/usage/%.40s", config->data, day);
}

struct layout_path
layout_operator_token(const struct config *config)
{
	return path("%s/operator.token", config->data);
}

struct layout_path
layout_fcgi_socket(const struct config *config)
{
	return path("%s/fcgi.sock", config->run);
}

struct layout_path
layout_hint_socket(const struct config *config)
{
	return path("%s/hint.sock", config->run);
}

struct layout_path
layout_ack_socket(const struct config *config)
{
	return path("%s/ack.sock", config->run);
}

struct layout_path
layout_status_socket(const struct config *config)
{
	return path("%s/status.sock", config->run);
}

struct layout_path
layout_control_socket(const struct config *config)
{
	return path("%s/control.sock", config->run);
}

struct layout_path
layout_renewal(const struct config *config)
{
	return path("%s/renewal", config->run);
}

struct layout_path
layout_full_all(const struct config *config)
{
	return path("%s/full", config->run);
}

struct layout_path
layout_full(const struct config *config, const char *slug)
{
	return path("%s/full/%s", config->run, slug);
}
