#include "tenants/cmd_tenant.h"

#include <stdio.h>

#include "tenants/base/clock.h"
#include "tenants/base/crypto.h"
#include "tenants/layout.h"
#include "tenants/signup_code.h"
#include "tenants/slug.h"

/* The code alone on stdout, for a script; what it is on stderr. */
int
cmd_tenant_invite(struct cmd_tenant_job *job, struct err *err)
{
	struct layout_path path = layout_master_key(&job->config);
	int64_t until_s = clock_wall_ms() / 1000 + SIGNUP_CODE_S;
	struct secret master;
	struct buf code;
	int rc;

	if (slug_reserved(job->slug))
		return err_set(err, ERR_INPUT,
		    "slug \"%.*s\": the platform keeps that name",
		    STR_FMT(job->slug));
	if (registry_check_free(job->registry, job->slug, err) != 0 ||
	    crypto_key_create(path.p, err) != 0 ||
	    crypto_key_load(path.p, &master, err) != 0)
		return -1;
	buf_init(&code, 128);
	signup_code_put(&master, job->slug, until_s, &code);
	crypto_wipe(&master, sizeof(master));
	/* In the log before anybody has it. */
	if (registry_note_alone(job->registry, &job->deed, err) != 0) {
		buf_free(&code);
		return -1;
	}
	(void)fprintf(stderr,
	    "an invitation to make tenant %.*s, good for %d days and once:\n",
	    STR_FMT(job->slug), SIGNUP_CODE_DAYS);
	rc = printf("%.*s\n", STR_FMT(buf_view(&code))) < 0 ||
	     fflush(stdout) != 0;
	buf_free(&code);
	return rc ? err_sys(err, "standard output") : 0;
}
