/* What is done at once: in the registry, and, where it is made, in a file. */
#include "fcgi/operator_call.h"

#include <string.h>

#include "fcgi/signup.h"
#include "tenants/base/clock.h"
#include "tenants/hostname.h"
#include "tenants/lifecycle.h"
#include "tenants/signup_code.h"
#include "tenants/tenant_show.h"
#include "tenants/users_form.h"

/* As it is now. */
static int
put_tenant(struct operator_call *call, struct err *err)
{
	struct answer *answer = call->answer;
	const struct call_env *env = &answer->env->call;
	struct registry_tenant row;

	if (registry_find(env->registry, str_of(answer->row.slug), &row, err) !=
	    0)
		return -1;
	return tenant_show_whole(
	    env->config, env->registry, &row, &answer->response->body, err);
}

/* --- many ------------------------------------------------------------------ */

struct listing {
	struct buf *out;
	const struct config *config;
	int first;
};

static int
put_item(const struct registry_tenant *row, void *arg)
{
	struct listing *listing = arg;

	buf_puts(listing->out, listing->first ? "{" : ",{");
	listing->first = 0;
	tenant_show_members(listing->config, row, listing->out);
	buf_putc(listing->out, '}');
	return 0;
}

static int
read_list(struct operator_call *call, struct operator_page page,
    struct tenant_show_list *list, struct err *err)
{
	const struct value *value = call->value;

	if (tenant_show_sort(value[OPERATOR_SORT].text, list) != 0)
		return operator_call_fault(call, "sort",
		    "validation_not_in_list",
		    "Must be slug, created, updated, size or state, with - "
		    "before it for the largest first.",
		    err);
	if (operator_call_pattern(
		call, &value[OPERATOR_MATCH], &list->query.pattern, err) != 0)
		return -1;
	list->query.state = value[OPERATOR_STATE].kind == VALUE_TEXT
				? registry_state_of(value[OPERATOR_STATE].text)
				: -1;
	list->query.skip = (page.page - 1) * page.per_page;
	list->query.limit = page.per_page;
	return 0;
}

int
operator_tenants_list(struct operator_call *call, struct err *err)
{
	const struct call_env *env = &call->answer->env->call;
	struct operator_page page = operator_call_page(
	    &call->value[OPERATOR_PAGE], &call->value[OPERATOR_PER_PAGE]);
	struct buf *out = &call->answer->response->body;
	struct listing listing = {
		.out = out, .config = env->config, .first = 1
	};
	struct tenant_show_list list = { 0 };
	int64_t total = -1;

	if (read_list(call, page, &list, err) != 0)
		return -1;
	buf_puts(out, "{\"items\":[");
	if (tenant_show_each(env->config, env->registry, &list, put_item,
		&listing, err) != 0)
		return -1;
	if (!call->value[OPERATOR_SKIP_TOTAL].integer &&
	    registry_count(env->registry, &list.query, &total, err) != 0)
		return -1;
	operator_call_put_page(out, page, total);
	return 0;
}

/* --- one -------------------------------------------------------------------- */

int
operator_tenants_create(struct operator_call *call, struct err *err)
{
	const struct value *value = call->value;
	const struct lifecycle_owner owner = {
		.email = value[OPERATOR_EMAIL].text,
		.password = value[OPERATOR_PASSWORD].text,
		.name = value[OPERATOR_NAME].text,
	};
	struct str slug = value[OPERATOR_SLUG].text;

	if (!users_form_email_ok(owner.email))
		(void)operator_call_fault(call, "email",
		    "validation_invalid_email",
		    "Must be a valid email address.", err);
	if (!users_form_password_ok(owner.password))
		(void)operator_call_fault(call, "password",
		    "validation_invalid_password", "Must have 8 to 256 bytes.",
		    err);
	if (operator_call_new_slug(call, "slug", slug, err) != 0 ||
	    call->answer->faults.first)
		return -1;
	call->deed.slug = slug;
	if (signup_make(call->answer, slug, &owner, err) != 0)
		return -1;
	return put_tenant(call, err);
}

int
operator_tenants_show(struct operator_call *call, struct err *err)
{
	return put_tenant(call, err);
}

static int
set_state(
    struct operator_call *call, enum registry_state state, struct err *err)
{
	struct answer *answer = call->answer;

	if (answer->row.state != state &&
	    registry_set_state(answer->env->call.registry,
		str_of(answer->row.slug), state, err) != 0)
		return -1;
	return put_tenant(call, err);
}

int
operator_tenants_suspend(struct operator_call *call, struct err *err)
{
	return set_state(call, REGISTRY_SUSPENDED, err);
}

int
operator_tenants_resume(struct operator_call *call, struct err *err)
{
	return set_state(call, REGISTRY_ACTIVE, err);
}

int
operator_tenants_delete(struct operator_call *call, struct err *err)
{
	struct answer *answer = call->answer;

	if (operator_call_confirm(call, call->value[1].text, err) != 0 ||
	    lifecycle_delete(
		answer->env->call.registry, str_of(answer->row.slug), err) != 0)
		return -1;
	return put_tenant(call, err);
}

int
operator_tenants_undelete(struct operator_call *call, struct err *err)
{
	struct answer *answer = call->answer;

	if (lifecycle_undelete(answer->env->call.config,
		answer->env->call.registry, str_of(answer->row.slug), err) != 0)
		return -1;
	return put_tenant(call, err);
}

int
operator_tenants_plans(struct operator_call *call, struct err *err)
{
	const struct config *config = call->answer->env->call.config;
	struct buf *out = &call->answer->response->body;
	size_t i;

	(void)err;
	buf_puts(out, "{\"items\":[");
	json_put_string(out, str_of(PLAN_DEFAULT));
	for (i = 0; i < config->n_plans; i++) {
		if (strcmp(config->plan[i].name, PLAN_DEFAULT) == 0)
			continue;
		buf_putc(out, ',');
		json_put_string(out, str_of(config->plan[i].name));
	}
	buf_puts(out, "]}");
	return 0;
}

int
operator_tenants_plan(struct operator_call *call, struct err *err)
{
	struct answer *answer = call->answer;
	struct str plan = call->value[1].text;

	call->deed.detail = plan;
	if (plan_check(answer->env->call.config, plan, err) != 0)
		return operator_call_fault(call, "plan",
		    "validation_not_in_list",
		    "The configuration has no such plan.", err);
	if (registry_set_plan(answer->env->call.registry,
		str_of(answer->row.slug), plan_stored(plan), err) != 0)
		return -1;
	return put_tenant(call, err);
}

/* --- hosts ------------------------------------------------------------------ */

static int
is_it(const char *host, void *arg)
{
	return strcmp(host, arg) == 0;
}

int
operator_tenants_host_add(struct operator_call *call, struct err *err)
{
	struct answer *answer = call->answer;
	struct registry *registry = answer->env->call.registry;
	struct str slug = str_of(answer->row.slug);
	char name[HOSTNAME_MAX + 1];
	int has;

	if (hostname_parse(call->value[1].text, name) != 0)
		return operator_call_fault(call, "host",
		    "validation_invalid_host", "Is not a host name.", err);
	has = registry_each_host(registry, slug, is_it, name, err);
	if (has < 0)
		return -1;
	call->deed.detail = str_of(name);
	if (!has && registry_host_add(registry, slug, str_of(name), err) != 0)
		return -1;
	return put_tenant(call, err);
}

int
operator_tenants_host_remove(struct operator_call *call, struct err *err)
{
	struct answer *answer = call->answer;
	struct str host = call->value[1].text;

	call->deed.detail = host;
	return registry_host_remove(
	    answer->env->call.registry, str_of(answer->row.slug), host, err);
}

/* --- invitations, the log ---------------------------------------------------- */

int
operator_tenants_invite(struct operator_call *call, struct err *err)
{
	struct answer *answer = call->answer;
	struct buf *out = &answer->response->body;
	struct str slug = call->value[0].text;
	int64_t until_s = clock_wall_ms() / 1000 + SIGNUP_CODE_S;
	char until[CLOCK_TEXT];

	if (operator_call_new_slug(call, "slug", slug, err) != 0)
		return -1;
	call->deed.slug = slug;
	if (registry_note_alone(answer->env->call.registry, &call->deed, err) !=
	    0)
		return -1;
	clock_format(until_s * 1000, until);
	buf_puts(out, "{\"slug\":");
	json_put_string(out, slug);
	buf_puts(out, ",\"code\":\"");
	signup_code_put(answer->env->master, slug, until_s, out);
	buf_printf(out, "\",\"expires\":\"%s\"}", until);
	return 0;
}

struct log {
	struct buf *out;
	int first;
};

static int
put_deed(const struct registry_deed *deed, void *arg)
{
	struct log *log = arg;
	struct buf *out = log->out;
	char time[CLOCK_TEXT];

	clock_format(deed->time_ms, time);
	buf_printf(out,
	    "%s{\"id\":%lld,\"time\":\"%s\",\"who\":", log->first ? "" : ",",
	    (long long)deed->id, time);
	log->first = 0;
	json_put_string(out, deed->who);
	buf_puts(out, ",\"address\":");
	json_put_string(out, deed->address);
	buf_puts(out, ",\"what\":");
	json_put_string(out, deed->what);
	buf_puts(out, ",\"tenant\":");
	json_put_string(out, deed->slug);
	buf_puts(out, ",\"detail\":");
	json_put_string(out, deed->detail);
	buf_putc(out, '}');
	return 0;
}

int
operator_tenants_log(struct operator_call *call, struct err *err)
{
	struct log log = { .out = &call->answer->response->body, .first = 1 };
	const struct value *value = call->value;

	buf_puts(log.out, "{\"items\":[");
	if (registry_deeds(call->answer->env->call.registry,
		value[0].kind == VALUE_TEXT ? value[0].text : STR_NONE,
		value[1].kind == VALUE_INTEGER ? value[1].integer : 0,
		value[2].integer, put_deed, &log, err) != 0)
		return -1;
	buf_puts(log.out, "]}");
	return 0;
}
