#ifndef ROWHOUSE_CMD_TENANT_H
#define ROWHOUSE_CMD_TENANT_H

#include "tenants/base/buf.h"
#include "tenants/base/config.h"
#include "tenants/base/err.h"
#include "tenants/registry.h"

/* What the verbs of `rowhouse tenant` share, a file for each noun. */
#define CMD_TENANT_WORDS 4 /* create SLUG; host add SLUG HOST */

/* What was said on the command line; of options, those that the verb takes. */
struct cmd_tenant_line {
	const char *file;
	const char *owner;
	const char *name;
	const char *state;
	const char *sort;
	const char *limit;
	const char *plan;
	const char *at;
	const char *txid;
	const char *from;
	const char *uid;
	int latest;
	int help;
	int password_stdin;
	int json;
	int yes;
	int write;
	int n;
	const char *word[CMD_TENANT_WORDS];
};

/* What a verb works with. */
struct cmd_tenant_job {
	struct cmd_tenant_line line;
	struct config config;
	struct registry *registry;	/* open */
	struct str slug;		/* checked; "" where none is named */
	/* In the log with the first change, where the verb has a name for it. */
	struct registry_deed deed;
};

/*
 * A verb.  The options that its usage names are those that it takes; the first word
 * that is not its name is a slug.
 */
struct cmd_tenant_verb {
	const char *name;
	const char *second;	/* of two words, or NULL */
	int least, most;	/* words, with the verb's own */
	int make;		/* the registry, where there is none */
	int (*run)(struct cmd_tenant_job *job, struct err *err);
	const char *usage;
	const char *deed;	/* what it did, in the log; NULL: nothing */
	int detail;		/* the word that says more of it, or 0 */
};

#define CMD_TENANT_OUT ((size_t)256 << 20) /* of a listing */

int cmd_tenant_create(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_invite(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_list(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_show(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_suspend(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_resume(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_delete(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_undelete(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_plan(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_export(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_import(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_sql(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_host_add(struct cmd_tenant_job *job, struct err *err);
int cmd_tenant_host_remove(struct cmd_tenant_job *job, struct err *err);

#endif
