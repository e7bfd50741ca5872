#ifndef ROWHOUSE_OPERATOR_CALL_H
#define ROWHOUSE_OPERATOR_CALL_H

#include "fcgi/answer.h"
#include "tenants/value.h"

/* What the files of the operator's API share: operator_api.h is for others. */

/* One request: its parameters are right, and its tenant, where the path names one, is there. */
struct operator_call {
	struct answer *answer;
	const struct value *value;	/* as the route's params */
	struct registry_deed deed;	/* in the log with the next change */
};

struct operator_route {
	struct app_endpoint endpoint;	/* method, path, summary, status, params */
	int (*run)(struct operator_call *call, struct err *err);
	const char *deed;		/* NULL: nothing is changed */
	int job;			/* it answers with one */
};

/* All of them, those of one path side by side. */
const struct operator_route *operator_routes(size_t *n);

/* What is wrong with a parameter beyond its type: ERR_INPUT, and a fault. */
int operator_call_fault(struct operator_call *call, const char *field,
    const char *code, const char *message, struct err *err);
/* A slug that a new tenant may get. */
int operator_call_new_slug(struct operator_call *call, const char *field,
    struct str slug, struct err *err);
/* `confirm` is the slug in the path. */
int operator_call_confirm(struct operator_call *call, struct str confirm,
    struct err *err);

/* `slug`, a pattern of slugs, where it was sent. */
int operator_call_pattern(struct operator_call *call,
    const struct value *value, struct str *out, struct err *err);

/* `page` and `perPage`, as they are counted. */
struct operator_page {
	int64_t page, per_page;
};

struct operator_page operator_call_page(const struct value *page,
    const struct value *per_page);
/* Ends {"items":[… ; total -1 where it was not counted. */
void operator_call_put_page(struct buf *out, struct operator_page page,
    int64_t total);

enum operator_tenants_param { OPERATOR_MATCH, OPERATOR_STATE, OPERATOR_SORT,
	OPERATOR_PAGE, OPERATOR_PER_PAGE, OPERATOR_SKIP_TOTAL };
int operator_tenants_list(struct operator_call *call, struct err *err);
enum operator_create_param { OPERATOR_SLUG, OPERATOR_EMAIL, OPERATOR_PASSWORD,
	OPERATOR_NAME };
int operator_tenants_create(struct operator_call *call, struct err *err);

/* The first parameter of all others is the slug in the path, and the second… */
int operator_tenants_show(struct operator_call *call, struct err *err);
int operator_tenants_suspend(struct operator_call *call, struct err *err);
int operator_tenants_resume(struct operator_call *call, struct err *err);
int operator_tenants_delete(struct operator_call *call, struct err *err);
int operator_tenants_undelete(struct operator_call *call, struct err *err);
int operator_tenants_plan(struct operator_call *call, struct err *err);
int operator_tenants_host_add(struct operator_call *call, struct err *err);
int operator_tenants_host_remove(struct operator_call *call, struct err *err);
int operator_tenants_invite(struct operator_call *call, struct err *err);

enum operator_status_param { OPERATOR_STATUS_MATCH, OPERATOR_STATUS_STATE,
	OPERATOR_STATUS_SORT, OPERATOR_STATUS_WRONG, OPERATOR_STATUS_PAGE, OPERATOR_STATUS_PER_PAGE };
int operator_status_fleet(struct operator_call *call, struct err *err);
int operator_status_tenant(struct operator_call *call, struct err *err);

int operator_tenants_plans(struct operator_call *call, struct err *err);
int operator_tenants_log(struct operator_call *call, struct err *err);

/* `confirm`, or of a clone `to`, after the slug. */
enum operator_restore_param { OPERATOR_CONFIRM = 1, OPERATOR_AT, OPERATOR_TXID,
	OPERATOR_DRY_RUN };
int operator_jobs_erase(struct operator_call *call, struct err *err);
int operator_jobs_restore(struct operator_call *call, struct err *err);
int operator_jobs_clone(struct operator_call *call, struct err *err);
int operator_jobs_export(struct operator_call *call, struct err *err);
int operator_jobs_verify(struct operator_call *call, struct err *err);
int operator_jobs_points(struct operator_call *call, struct err *err);
int operator_jobs_import(struct operator_call *call, struct err *err);
int operator_jobs_list(struct operator_call *call, struct err *err);
int operator_jobs_show(struct operator_call *call, struct err *err);
int operator_jobs_cancel(struct operator_call *call, struct err *err);

#endif
