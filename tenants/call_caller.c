#include "tenants/call_caller.h"

#include "tenants/keys.h"
#include "tenants/users.h"

int
call_caller_check(struct tenant *tenant, const struct caller *caller,
    struct arena *arena, struct err *err)
{
	enum app_access role = APP_OWNER;
	struct user user;

	if (caller->token_key.n == 0 && caller->key_id.n == 0)
		return 0;
	if ((caller->key_id.n > 0 &&
		keys_role(tenant, caller->key_id, &role, err) < 0) ||
	    users_by_id(tenant, caller->user_id, arena, &user, err) < 0)
		return err->code != ERR_NOT_FOUND
			   ? -1
			   : err_set(err, ERR_AUTH,
				 "access was taken back while the request "
				 "waited");
	if (caller->token_key.n > 0 &&
	    !str_eq(caller->token_key, user.token_key))
		return err_set(err, ERR_AUTH,
		    "the account was signed out while the request waited");
	if (role > user.role)
		role = user.role;
	if (role < caller->role)
		return err_set(err, ERR_DENIED,
		    "the role was changed while the request waited");
	return 0;
}
