#include "tenants/full.h"

#include "tenants/layout.h"
#include "tenants/base/file.h"

#define RETRY_S 30

int
full_check(const struct config *config, const char *slug, struct err *err)
{
	struct layout_path path;
	struct err unwanted;

	if (config->replica[0] == '\0' || !config->replica_spool_refuse)
		return 0;
	path = layout_full(config, slug);
	if (file_exists(path.p, &unwanted) != 1)
		return 0;
	err_set(err, ERR_FULL,
	    "tenant %s has changed more than may wait for the store", slug);
	err_hint(err, "replica.spool_full = refuse; see rowhouse status %s", slug);
	err->retry_after = RETRY_S;
	return -1;
}

int
full_mark(const struct config *config, const char *slug, struct err *err)
{
	struct layout_path dir = layout_full_all(config);
	struct layout_path path = layout_full(config, slug);

	if (file_mkdirs(dir.p, 0755, err))
		return -1;
	return file_replace(path.p, STR(""), 0644, err);
}

int
full_unmark(const struct config *config, const char *slug, struct err *err)
{
	return file_remove(layout_full(config, slug).p, err);
}

int
full_unmark_all(const struct config *config, struct err *err)
{
	return file_remove_tree(layout_full_all(config).p, err);
}
