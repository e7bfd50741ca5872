/*
 * What changes the registry.  Each change is one transaction, asks R10's
 * question and sends a hint.
 */
#include "tenants/registry_own.h"

#include <string.h>

#include "tenants/base/clock.h"
#include "tenants/hostname.h"

/* What is bound to a statement that writes: a text, or else a number. */
struct value {
	struct str text;
	int64_t number;
};

#define TEXT(s)   ((struct value){ .text = (s) })
#define NUMBER(n) ((struct value){ .number = (int64_t)(n) })

/* Runs one statement with its values; the rows that it changed, or -1. */
static int
change(struct registry *registry, const char *sql, const struct value *values,
    int n, struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(registry->db, sql, err);
	int i, rc;

	if (stmt == NULL)
		return -1;
	for (i = 0; i < n; i++)
		if (values[i].text.p != NULL)
			(void)sqlite3_bind_text(stmt, i + 1, values[i].text.p,
			    (int)values[i].text.n, SQLITE_STATIC);
		else
			(void)sqlite3_bind_int64(stmt, i + 1, values[i].number);
	rc = sqlite3_step(stmt);
	if (rc != SQLITE_DONE)
		db_err(registry->db, err, "registry");
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? sqlite3_changes(db_handle(registry->db))
				 : -1;
}

static int
begin(struct registry *registry, struct err *err)
{
	if (db_begin_write(registry->db, err) != 0)
		return err_wrap(err, "registry");
	/* R10, as for a tenant's file. */
	if (db_moved(registry->db)) {
		db_rollback(registry->db);
		registry->look_ms = 0;
		return err_set(err, ERR_BUSY, "the registry was moved");
	}
	return 0;
}

static int
give_up(struct registry *registry)
{
	db_rollback(registry->db);
	return -1;
}

static int
finish(struct registry *registry, struct err *err)
{
	struct hint hint = { .slug = SLUG_REGISTRY };

	if (registry->deed != NULL && registry_deed_write(registry, err) != 0)
		return give_up(registry);
	if (db_commit(registry->db, err) != 0)
		return err_wrap(err, "registry");
	registry->deed = NULL;
	if (db_take_commit(registry->db, &hint.commit))
		hint_send(registry->hints, &hint);
	return 0;
}

void
registry_note(struct registry *registry, const struct registry_deed *deed)
{
	registry->deed = deed;
}

int
registry_note_alone(struct registry *registry,
    const struct registry_deed *deed, struct err *err)
{
	int rc;

	if (begin(registry, err) != 0)
		return -1;
	registry_note(registry, deed);
	rc = finish(registry, err);
	registry_note(registry, NULL);
	return rc;
}

int
registry_check_free(struct registry *registry, struct str slug, struct err *err)
{
	struct registry_tenant there;
	int found;

	if (slug_check(slug, err) != 0)
		return -1;
	found = registry_look_up(registry, REGISTRY_FIND, slug, &there, err);
	if (found <= 0)
		return found;
	err_set(err, ERR_CONFLICT, "tenant %s exists already", there.slug);
	if (there.state == REGISTRY_DELETED)
		err_hint(err, "it is deleted and its data is kept; the slug "
			      "stays taken until it is erased");
	return -1;
}

int
registry_add(struct registry *registry, const struct registry_tenant *tenant,
    struct err *err)
{
	struct str slug = str_of(tenant->slug);
	const struct value values[] = { TEXT(slug), TEXT(str_of(tenant->uid)),
		TEXT(str_of(registry_state_name(tenant->state))),
		NUMBER(tenant->epoch), NUMBER(tenant->parent_epoch),
		NUMBER(tenant->parent_txid), NUMBER(tenant->generation),
		NUMBER(tenant->size_max), NUMBER(clock_wall_ms()),
		TEXT(str_of(tenant->plan)) };

	if (begin(registry, err) != 0)
		return -1;
	if (registry_check_free(registry, slug, err) != 0 ||
	    change(registry,
		"INSERT INTO tenants (slug, uid, state, epoch, parent_epoch,"
		" parent_txid, generation, size_max, created, updated, plan)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)",
		values, 10, err) < 0)
		return give_up(registry);
	return finish(registry, err);
}

static int
check_not_deleted(const struct registry_tenant *tenant, struct err *err)
{
	if (tenant->state != REGISTRY_DELETED)
		return 0;
	return err_set(
	    err, ERR_CONFLICT, "tenant %s is deleted", tenant->slug);
}

/* What sets one value, ?2, of a tenant that is not deleted. */
static int
set_one(struct registry *registry, struct str slug, const char *sql,
    struct value value, struct err *err)
{
	const struct value values[] = { TEXT(slug), value,
		NUMBER(clock_wall_ms()) };
	struct registry_tenant there;

	if (begin(registry, err) != 0)
		return -1;
	if (registry_look_up_slug(registry, slug, &there, err) != 0 ||
	    check_not_deleted(&there, err) != 0 ||
	    change(registry, sql, values, 3, err) < 0)
		return give_up(registry);
	return finish(registry, err);
}

static int
check_deleted(const struct registry_tenant *tenant, struct err *err)
{
	if (tenant->state == REGISTRY_DELETED)
		return 0;
	return err_set(
	    err, ERR_CONFLICT, "tenant %s is not deleted", tenant->slug);
}

int
registry_check_kept(const struct registry_tenant *tenant, struct err *err)
{
	if (tenant->erasing_ms == 0)
		return 0;
	err_set(err, ERR_CONFLICT, "tenant %s is being erased", tenant->slug);
	return err_hint(err,
	    "there may be nothing left of it: rowhouse tenant erase %s",
	    tenant->slug);
}

int
registry_set_state(struct registry *registry, struct str slug,
    enum registry_state state, struct err *err)
{
	return set_one(registry, slug,
	    "UPDATE tenants SET was = state, state = ?2, updated = ?3"
	    " WHERE slug = ?1",
	    TEXT(str_of(registry_state_name(state))), err);
}

int
registry_set_plan(struct registry *registry, struct str slug, struct str plan,
    struct err *err)
{
	return set_one(registry, slug,
	    "UPDATE tenants SET plan = ?2, updated = ?3 WHERE slug = ?1",
	    TEXT(plan), err);
}

int
registry_undelete(struct registry *registry, struct str slug, struct err *err)
{
	const struct value values[] = { TEXT(slug), NUMBER(clock_wall_ms()) };
	struct registry_tenant there;

	if (begin(registry, err) != 0)
		return -1;
	if (registry_look_up_slug(registry, slug, &there, err) != 0)
		return give_up(registry);
	if (check_deleted(&there, err) != 0 ||
	    registry_check_kept(&there, err) != 0)
		return give_up(registry);
	if (change(registry,
		"UPDATE tenants SET state = was, updated = ?2 WHERE slug = ?1",
		values, 2, err) < 0)
		return give_up(registry);
	return finish(registry, err);
}

int
registry_erase_begin(
    struct registry *registry, struct str slug, struct err *err)
{
	const struct value values[] = { TEXT(slug), NUMBER(clock_wall_ms()) };
	struct registry_tenant there;

	if (begin(registry, err) != 0)
		return -1;
	if (registry_look_up_slug(registry, slug, &there, err) != 0 ||
	    check_deleted(&there, err) != 0 ||
	    change(registry,
		"INSERT INTO erasures (slug, began) VALUES (?1, ?2)"
		" ON CONFLICT (slug) DO NOTHING",
		values, 2, err) < 0)
		return give_up(registry);
	return finish(registry, err);
}

int
registry_erase_end(struct registry *registry, struct str slug, const char *uid,
    struct err *err)
{
	const struct value values[] = { TEXT(slug) };
	struct registry_tenant there;

	if (begin(registry, err) != 0)
		return -1;
	if (registry_look_up_slug(registry, slug, &there, err) != 0)
		return give_up(registry);
	if (there.erasing_ms == 0 || strcmp(there.uid, uid) != 0) {
		err_set(err, ERR_CONFLICT, "tenant %s is not being erased",
		    there.slug);
		return give_up(registry);
	}
	if (change(registry, "DELETE FROM erasures WHERE slug = ?1", values, 1,
		err) < 0 ||
	    change(registry, "DELETE FROM hosts WHERE slug = ?1", values, 1,
		err) < 0 ||
	    change(registry, "DELETE FROM tenants WHERE slug = ?1", values, 1,
		err) < 0)
		return give_up(registry);
	return finish(registry, err);
}

int
registry_switch(struct registry *registry, const struct registry_tenant *was,
    uint32_t epoch, uint32_t parent_epoch, uint64_t parent_txid,
    struct err *err)
{
	const struct str slug = str_of(was->slug);
	const struct value values[] = { TEXT(slug), NUMBER(epoch),
		NUMBER(parent_epoch), NUMBER(parent_txid),
		NUMBER(clock_wall_ms()) };
	struct registry_tenant there;

	if (epoch <= was->epoch)
		return err_set(err, ERR_INPUT,
		    "epoch %08x cannot follow epoch %08x", epoch, was->epoch);
	if (begin(registry, err) != 0)
		return -1;
	if (registry_look_up_slug(registry, slug, &there, err) != 0)
		return give_up(registry);
	if (registry_check_kept(&there, err) != 0)
		return give_up(registry);
	if (strcmp(there.uid, was->uid) != 0) {
		err_set(
		    err, ERR_CONFLICT, "%s is another tenant now", there.slug);
		return give_up(registry);
	}
	if (there.epoch != was->epoch) {
		err_set(err, ERR_CONFLICT,
		    "the current epoch of %s is %08x, not %08x", there.slug,
		    there.epoch, was->epoch);
		return give_up(registry);
	}
	if (change(registry,
		"UPDATE tenants SET epoch = ?2, parent_epoch = ?3,"
		" parent_txid = ?4, generation = generation + 1,"
		" updated = ?5 WHERE slug = ?1",
		values, 5, err) < 0)
		return give_up(registry);
	return finish(registry, err);
}

int
registry_revoke_tokens(struct registry *registry, struct err *err)
{
	const struct value values[] = { NUMBER(clock_wall_ms() / 1000) };

	if (begin(registry, err) != 0)
		return -1;
	if (change(registry,
		"UPDATE tenants SET generation = max(generation + 1, ?1)",
		values, 1, err) < 0)
		return give_up(registry);
	return finish(registry, err);
}

/*
 * May the tenant have it?  What is below the base domain is the slug's that stands
 * before that: www.acme.example.com may be acme's, and nobody else's.
 */
static int
is_free(const struct config *config, struct str slug, const char *name)
{
	size_t n = strlen(name), base = strlen(config->base_domain);

	if (n < base || strcmp(name + n - base, config->base_domain) != 0)
		return 1;
	if (n == base)
		return 0;
	if (name[n - base - 1] != '.')
		return 1;
	n -= base + 1;
	return n > slug.n && name[n - slug.n - 1] == '.' &&
	       memcmp(name + n - slug.n, slug.p, slug.n) == 0;
}

int
registry_host_add(struct registry *registry, struct str slug, struct str host,
    struct err *err)
{
	char name[HOSTNAME_MAX + 1];
	struct registry_tenant there;
	struct value values[2];
	int found;

	if (hostname_parse(host, name) != 0)
		return err_set(err, ERR_INPUT, "that is not a host name");
	if (!is_free(registry->config, slug, name)) {
		err_set(err, ERR_CONFLICT, "the host %s is not free", name);
		return err_hint(err, "names under the base domain belong to "
				     "the tenants with those slugs");
	}
	values[0] = TEXT(str_of(name));
	values[1] = TEXT(slug);
	if (begin(registry, err) != 0)
		return -1;
	if (registry_look_up_slug(registry, slug, &there, err) != 0 ||
	    check_not_deleted(&there, err) != 0)
		return give_up(registry);
	found = registry_look_up(
	    registry, REGISTRY_FIND_HOST, str_of(name), &there, err);
	if (found > 0)
		err_set(err, ERR_CONFLICT, "the host %s is that of tenant %s",
		    name, there.slug);
	if (found != 0 ||
	    change(registry, "INSERT INTO hosts (host, slug) VALUES (?1, ?2)",
		values, 2, err) < 0)
		return give_up(registry);
	return finish(registry, err);
}

int
registry_host_remove(struct registry *registry, struct str slug,
    struct str host, struct err *err)
{
	char name[HOSTNAME_MAX + 1];
	struct value values[2];
	int n;

	if (hostname_parse(host, name) != 0)
		return err_set(err, ERR_INPUT, "that is not a host name");
	values[0] = TEXT(str_of(name));
	values[1] = TEXT(slug);
	if (begin(registry, err) != 0)
		return -1;
	n = change(registry, "DELETE FROM hosts WHERE host = ?1 AND slug = ?2",
	    values, 2, err);
	if (n == 0)
		err_set(err, ERR_NOT_FOUND, "tenant %.*s has no host %s",
		    STR_FMT(slug), name);
	if (n <= 0)
		return give_up(registry);
	return finish(registry, err);
}
