#include "fcgi/openapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/operator_api.h"
#include "tenants/app_describe.h"
#include "tenants/audit.h"
#include "tenants/base/buf.h"

#define OPENAPI_MAX ((size_t)8 << 20)

/* Of a tenant's host, and of the platform's. */
struct openapi {
	const struct app *app;
	int written[2];
	struct buf text[2];
};

/* The first of own_paths, which are the platform's as well. */
#define BOTH 4

/* In these texts ' stands for ", and @actions for those of the audit log. */

#define ERROR(status) "'" #status "':{'$ref':'#/components/responses/Error'}"
#define ERRORS        ERROR(default) "}"
#define DONE          "'responses':{'204':{'description':'Done.'},"
#define BODY(properties, required)                                             \
	"'requestBody':{'required':true,'content':{'application/json':{"       \
	"'schema':{'type':'object','properties':{" properties                  \
	"},'required':[" required "],'additionalProperties':false}}}},"
#define EMAIL(name)                                                            \
	"'" name "':{'type':'string','format':'email','maxLength':254}"
#define TOKEN_ "'token':{'type':'string','minLength':1}"
#define NEW_PASSWORD                                                           \
	"'password':{'type':'string','minLength':8,'maxLength':256},"          \
	"'passwordConfirm':{'type':'string'}"
#define ROLE_ "'role':{'enum':['member','admin','owner'],'default':'member'}"
#define MAILED(name, summary, properties, required)                            \
	"'/api/collections/users/" name "':{'post':{'tags':['accounts'],"      \
	"'summary':'" summary "','security':[],"                               \
	BODY(properties, required) DONE                                        \
	ERROR(400) "," ERROR(429) "," ERRORS "}},"

static const char *const own_paths[] = {
	"'/api/health':{'get':{'tags':['rowhouse'],'summary':'Is it up?',"
	"'security':[],'responses':{'200':{'description':'It is.','content':"
	"{'application/json':{'schema':{'type':'object','properties':{"
	"'message':{'type':'string'},'code':{'const':200},"
	"'data':{'type':'object'}},'required':['message','code','data'],"
	"'additionalProperties':false}}}},",
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/openapi.json':{'get':{'tags':['rowhouse'],'summary':'This.',"
	"'security':[],'responses':{'200':{'description':'OpenAPI.','content':"
	"{'application/json':{'schema':{'type':'object'}}}},"
	"'304':{'description':'What If-None-Match names.'},",
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/auth-methods':{'get':{'tags':['accounts'],"
	"'summary':'How one can sign in.','security':[],'responses':{'200':{"
	"'description':'In the words of PocketBase.','content':"
	"{'application/json':{'schema':{'type':'object'}}}},",
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/auth-with-password':{'post':{"
	"'tags':['accounts'],'summary':'Signs in.','security':[],"
	"'requestBody':{'required':true,'content':{'application/json':{"
	"'schema':{'type':'object','properties':{"
	"'identity':{'type':'string','minLength':1,"
	"'description':'The e-mail address.'},"
	"'password':{'type':'string','minLength':1}},"
	"'required':['identity','password']}}}},"
	"'responses':{'200':{'$ref':'#/components/responses/Session'},"
	"'400':{'$ref':'#/components/responses/Error'},"
	"'401':{'description':'A second factor is needed: auth-with-otp.',"
	"'content':{'application/json':{'schema':{'type':'object',"
	"'properties':{'status':{'const':401},'message':{'type':'string'},"
	"'data':{'type':'object'},'mfaId':{'type':'string'}},"
	"'required':['status','message','data','mfaId'],"
	"'additionalProperties':false}}}},"
	"'429':{'$ref':'#/components/responses/Error'},",
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/auth-refresh':{'post':{'tags':['accounts'],"
	"'summary':'A new token for a valid one.',"
	"'responses':{'200':{'$ref':'#/components/responses/Session'},"
	"'401':{'$ref':'#/components/responses/Error'},",
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	MAILED("request-password-reset",
	    "Mails a link for a new password, if there is such an account.",
	    EMAIL("email"), "'email'")
	MAILED("confirm-password-reset",
	    "A new password; ends all sessions.", TOKEN_ "," NEW_PASSWORD,
	    "'token','password','passwordConfirm'"),
	MAILED("request-verification",
	    "Mails a link to confirm the address, if there is such an "
	    "account and it is not.",
	    EMAIL("email"), "'email'")
	MAILED("confirm-verification", "The address is the account\\u2019s.",
	    TOKEN_, "'token'"),
	"'/api/collections/users/request-email-change':{'post':{"
	"'tags':['accounts'],'summary':'Mails a link to a new address, if it "
	"is free.'," BODY(EMAIL("newEmail"), "'newEmail'") DONE
	ERROR(400) "," ERROR(401) "," ERROR(429) "," ERRORS "}},",
	MAILED("confirm-email-change",
	    "The new address is the account\\u2019s; ends all sessions.",
	    TOKEN_ ",'password':{'type':'string'}", "'token','password'"),
	MAILED("confirm-invitation",
	    "A password, and who was invited can sign in.",
	    TOKEN_ "," NEW_PASSWORD ",'name':{'type':'string',"
	    "'maxLength':200}",
	    "'token','password','passwordConfirm'"),

	"'/api/collections/users/invitations':{'get':{'tags':['accounts'],"
	"'summary':'Who is invited and has not come yet.',"
	"'description':'Needs the role admin.',"
	"'responses':{'200':{'description':'Accounts.','content':"
	"{'application/json':{'schema':{'type':'object','properties':{"
	"'items':{'type':'array','items':"
	"{'$ref':'#/components/schemas/User'}}},'required':['items'],"
	"'additionalProperties':false}}}},"
	"'304':{'description':'What If-None-Match names.'},"
	ERROR(401) "," ERROR(403) "," ERRORS "},",
	"'post':{'tags':['accounts'],'summary':'Invites by mail, or again.',"
	"'description':'Needs the role admin. The account is there from then "
	"on; its link is good for seven days.',"
	BODY(EMAIL("email") "," ROLE_ ",'name':{'type':'string',"
	    "'maxLength':200}", "'email'")
	"'responses':{'200':{'$ref':'#/components/responses/User'},"
	ERROR(400) "," ERROR(401) "," ERROR(403) "," ERROR(409) ","
	ERROR(429) "," ERRORS "}},",
	"'/api/collections/users/invitations/{id}':{'parameters':["
	"{'name':'id','in':'path','required':true,"
	"'schema':{'type':'string','minLength':1}}],"
	"'delete':{'tags':['accounts'],'summary':'Takes an invitation back.',"
	DONE ERROR(401) "," ERROR(403) "," ERROR(404) "," ERRORS "}},",

	"'/api/collections/users/records':{'get':{'tags':['accounts'],"
	"'summary':'Accounts: all of them to an admin or owner, to others "
	"their own.','parameters':["
	"{'name':'page','in':'query','schema':{'type':'integer','default':1}},"
	"{'name':'perPage','in':'query','schema':{'type':'integer',"
	"'default':30}},"
	"{'name':'skipTotal','in':'query','schema':{'type':'boolean',"
	"'default':false}}],",
	"'responses':{'200':{'description':'A page of them.','content':"
	"{'application/json':{'schema':{'type':'object','properties':{"
	"'page':{'type':'integer'},'perPage':{'type':'integer'},"
	"'totalItems':{'type':'integer'},'totalPages':{'type':'integer'},"
	"'items':{'type':'array','items':"
	"{'$ref':'#/components/schemas/User'}}},"
	"'required':['page','perPage','totalItems','totalPages','items']}}}},"
	"'304':{'description':'What If-None-Match names.'},",
	"'400':{'$ref':'#/components/responses/Error'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}},",
	"'post':{'tags':['accounts'],'summary':'A new account.',"
	"'description':'Needs the role admin.',"
	"'requestBody':{'required':true,'content':{'application/json':{"
	"'schema':{'type':'object','properties':{"
	"'email':{'type':'string','format':'email'},"
	"'password':{'type':'string'},'passwordConfirm':{'type':'string'},"
	"'name':{'type':'string'},"
	"'role':{'enum':['member','admin','owner'],'default':'member'}},"
	"'required':['email','password','passwordConfirm']}}}},",
	"'responses':{'200':{'$ref':'#/components/responses/User'},"
	"'400':{'$ref':'#/components/responses/Error'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'403':{'$ref':'#/components/responses/Error'},"
	"'409':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/records/{id}':{'parameters':["
	"{'name':'id','in':'path','required':true,"
	"'schema':{'type':'string','minLength':1}}],"
	"'get':{'tags':['accounts'],'summary':'An account.',"
	"'responses':{'200':{'$ref':'#/components/responses/User'},"
	"'304':{'description':'What If-None-Match names.'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'404':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}},",
	"'patch':{'tags':['accounts'],'summary':'Changes what is sent.',"
	"'description':'Who changes his own password sends the old one.',"
	"'requestBody':{'content':{'application/json':{"
	"'schema':{'type':'object','properties':{"
	"'email':{'type':'string','format':'email'},"
	"'password':{'type':'string'},'passwordConfirm':{'type':'string'},"
	"'oldPassword':{'type':'string'},'name':{'type':'string'},"
	"'role':{'enum':['member','admin','owner']}}}}}},",
	"'responses':{'200':{'$ref':'#/components/responses/User'},"
	"'400':{'$ref':'#/components/responses/Error'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'403':{'$ref':'#/components/responses/Error'},"
	"'404':{'$ref':'#/components/responses/Error'},"
	"'409':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}},",
	"'delete':{'tags':['accounts'],'summary':'Removes an account.',"
	"'responses':{'204':{'description':'Done.'},"
	"'400':{'$ref':'#/components/responses/Error'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'403':{'$ref':'#/components/responses/Error'},"
	"'404':{'$ref':'#/components/responses/Error'},"
	"'409':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/records/{id}/sign-out':{'parameters':["
	"{'name':'id','in':'path','required':true,"
	"'schema':{'type':'string','minLength':1}}],"
	"'post':{'tags':['accounts'],"
	"'summary':'Revokes every token of an account.',"
	"'description':'One\\u0027s own; an admin or owner others\\u0027.',"
	"'responses':{'204':{'description':'Done.'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'403':{'$ref':'#/components/responses/Error'},"
	"'404':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/auth-with-otp':{'post':{'tags':['accounts'],"
	"'summary':'Signs in with a code, after the "
	"password.','description':'The code is one of the authenticator "
	"application, or a recovery code.','security':[],"
	"'requestBody':{'required':true,'content':{'application/json':{"
	"'schema':{'type':'object','properties':{"
	"'otpId':{'type':'string','description':'Anything.'},"
	"'password':{'type':'string','minLength':1,'description':'The code.'},"
	"'mfaId':{'type':'string','description':'From auth-with-password; "
	"or in the query.'}},"
	"'required':['password']}}}},",
	"'responses':{'200':{'$ref':'#/components/responses/Session'},"
	"'400':{'$ref':'#/components/responses/Error'},"
	"'429':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/request-otp':{'post':{'tags':['accounts'],"
	"'summary':'Sends nothing.','description':'For SDKs that ask before "
	"auth-with-otp.','security':[],"
	"'requestBody':{'required':true,'content':{'application/json':{"
	"'schema':{'type':'object','properties':{"
	"'email':{'type':'string'}},"
	"'additionalProperties':true}}}},",
	"'responses':{'200':{'description':'Always.','content':{'application/"
	"json':{"
	"'schema':{'type':'object','properties':{'otpId':{'const':'totp'}},"
	"'required':['otpId'],'additionalProperties':false}}}},"
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/factor':{'get':{'tags':['accounts'],"
	"'summary':'How it stands with one\\u0027s second factor.',"
	"'responses':{'200':{'description':'Whether there is one, and how "
	"many recovery codes are left.','content':{'application/json':{"
	"'schema':{'type':'object','properties':{"
	"'enabled':{'type':'boolean'},'recovery':{'type':'integer'}},"
	"'required':['enabled','recovery'],'additionalProperties':false}}}},",
	"'304':{'description':'What If-None-Match names.'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/request-factor':{'post':{'tags':['accounts'],"
	"'summary':'The secret of a new second factor.','description':'It is "
	"shown once, and in force when it was confirmed.',"
	"'requestBody':{'required':true,'content':{'application/json':{"
	"'schema':{'type':'object','properties':{"
	"'password':{'type':'string','minLength':1}},"
	"'required':['password']}}}},",
	"'responses':{'200':{'description':'In base 32, and as otpauth URL.',"
	"'content':{'application/json':{'schema':{'type':'object',"
	"'properties':{'secret':{'type':'string'},'url':{'type':'string'}},"
	"'required':['secret','url'],'additionalProperties':false}}}},"
	"'400':{'$ref':'#/components/responses/Error'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'409':{'$ref':'#/components/responses/Error'},"
	"'429':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/confirm-factor':{'post':{'tags':['accounts'],"
	"'summary':'Puts it in force.','description':'The recovery codes are "
	"shown once.',"
	"'requestBody':{'required':true,'content':{'application/json':{"
	"'schema':{'type':'object','properties':{"
	"'code':{'type':'string','minLength':1}},"
	"'required':['code']}}}},",
	"'responses':{'200':{'description':'Ten codes, each good "
	"once.','content':{"
	"'application/json':{'schema':{'type':'object','properties':{"
	"'recovery':{'type':'array','items':{'type':'string'}}},"
	"'required':['recovery'],'additionalProperties':false}}}},"
	"'400':{'$ref':'#/components/responses/Error'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'409':{'$ref':'#/components/responses/Error'},"
	"'429':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/remove-factor':{'post':{'tags':['accounts'],"
	"'summary':'Removes one\\u0027s second factor.','description':'The "
	"code may be a recovery code.',"
	"'requestBody':{'required':true,'content':{'application/json':{"
	"'schema':{'type':'object','properties':{"
	"'password':{'type':'string','minLength':1},"
	"'code':{'type':'string','minLength':1}},"
	"'required':['password','code']}}}},",
	"'responses':{'204':{'description':'Done.'},"
	"'400':{'$ref':'#/components/responses/Error'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'404':{'$ref':'#/components/responses/Error'},"
	"'429':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/records/{id}/remove-factor':{'parameters':["
	"{'name':'id','in':'path','required':true,"
	"'schema':{'type':'string','minLength':1}}],"
	"'post':{'tags':['accounts'],"
	"'summary':'Removes the second factor of another account.',"
	"'description':'Needs the role admin.',"
	"'responses':{'204':{'description':'Done.'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'403':{'$ref':'#/components/responses/Error'},"
	"'404':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/audit':{'get':{'tags':['rowhouse'],"
	"'summary':'Who did what to accounts, when and from where.',"
	"'description':'Needs the role admin.  Newest first; the next page "
	"is before the last id that came.','parameters':["
	"{'name':'user','in':'query','description':'Who did it.',"
	"'schema':{'type':'string','maxLength':40}},"
	"{'name':'action','in':'query','schema':{'type':'string','enum':["
	"@actions]}},"
	"{'name':'before','in':'query','schema':{'type':'integer',"
	"'default':9007199254740991}},"
	"{'name':'limit','in':'query','schema':{'type':'integer',"
	"'default':50,'minimum':1,'maximum':200}}],",
	"'responses':{'200':{'description':'A page of it.','content':"
	"{'application/json':{'schema':{'type':'object','properties':{"
	"'items':{'type':'array','items':{'type':'object','properties':{"
	"'id':{'type':'integer'},'at':{'type':'string'},"
	"'user':{'type':'string'},'email':{'type':'string'},"
	"'address':{'type':'string'},'action':{'enum':[@actions]},"
	"'about':{'type':'string'},'old':{'type':'string'},"
	"'new':{'type':'string'}},"
	"'required':['id','at','user','email','address','action','about',"
	"'old','new'],'additionalProperties':false}}},"
	"'required':['items'],'additionalProperties':false}}}},"
	"'304':{'description':'What If-None-Match names.'},"
	"'400':{'$ref':'#/components/responses/Error'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'403':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/keys':{'get':{'tags':['rowhouse'],'summary':'API keys.',"
	"'description':'Needs the role admin.',"
	"'responses':{'200':{'description':'All of them.','content':"
	"{'application/json':{'schema':{'type':'object','properties':{"
	"'items':{'type':'array','items':"
	"{'$ref':'#/components/schemas/Key'}}},"
	"'required':['items'],'additionalProperties':false}}}},"
	"'304':{'description':'What If-None-Match names.'},"
	"'400':{'$ref':'#/components/responses/Error'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'403':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}},",
	"'post':{'tags':['rowhouse'],'summary':'A new API key.',"
	"'description':'Needs the role admin, and at least the key\\u0027s. "
	"It is shown whole in this answer alone.',"
	"'requestBody':{'required':true,'content':{'application/json':{"
	"'schema':{'type':'object','properties':{"
	"'name':{'type':'string','minLength':1,'maxLength':200},"
	"'role':{'enum':['member','admin','owner']},"
	"'scope':{'enum':['read','write'],"
	"'description':'What else than GET it may.'},"
	"'paths':{'type':['array','null'],'maxItems':20,"
	"'items':{'type':'string','maxLength':255},"
	"'description':'It is for these and what is below them; [] = all.'},"
	"'expires':{'type':['string','null'],'maxLength':40,"
	"'description':'RFC 3339.'}},"
	"'required':['name','role','scope'],"
	"'additionalProperties':false}}}},",
	"'responses':{'200':{'description':'The key.','content':"
	"{'application/json':{'schema':"
	"{'$ref':'#/components/schemas/Key'}}}},"
	"'400':{'$ref':'#/components/responses/Error'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'403':{'$ref':'#/components/responses/Error'},"
	"'409':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/keys/{id}':{'parameters':["
	"{'name':'id','in':'path','required':true,"
	"'schema':{'type':'string','minLength':1}}],"
	"'delete':{'tags':['rowhouse'],'summary':'Revokes an API key.',"
	"'description':'Needs the role admin.',"
	"'responses':{'204':{'description':'Done.'},"
	"'400':{'$ref':'#/components/responses/Error'},"
	"'401':{'$ref':'#/components/responses/Error'},"
	"'403':{'$ref':'#/components/responses/Error'},"
	"'404':{'$ref':'#/components/responses/Error'},"
	"'default':{'$ref':'#/components/responses/Error'}}}}",
};

static const char *const platform_paths[] = {
	"'/api/tenants':{'post':{'tags':['rowhouse'],"
	"'summary':'A tenant of one\\u2019s own, with its owner.',"
	"'description':'Where signup = open, or invite with a code. It answers "
	"at its host from then on.','security':[],"
	BODY("'slug':{'type':'string','minLength':1,'maxLength':40,"
	     "'pattern':'^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'},"
	     EMAIL("email") ","
	     "'password':{'type':'string','minLength':8,'maxLength':256},"
	     "'name':{'type':'string','maxLength':200},"
	     "'code':{'type':'string','maxLength':200}",
	    "'slug','email','password'")
	"'responses':{'201':{'description':'It is there.','content':"
	"{'application/json':{'schema':{'type':'object','properties':{"
	"'email':{'type':'string'},'host':{'type':'string'},"
	"'slug':{'type':'string'}},'required':['email','host','slug'],"
	"'additionalProperties':false}}}}," ERROR(400) "," ERROR(403) ","
	ERROR(409) "," ERROR(429) "," ERRORS "}},",

	"'/api/signup':{'get':{'tags':['rowhouse'],"
	"'summary':'May a visitor make a tenant?','security':[],"
	"'responses':{'200':{'description':'How.','content':"
	"{'application/json':{'schema':{'type':'object','properties':{"
	"'signup':{'enum':['closed','invite','open']}},"
	"'required':['signup'],'additionalProperties':false}}}},"
	ERROR(400) "," ERRORS "}}",
};

static const char *const components[] = {
	"},'components':{'securitySchemes':{'token':{'type':'http',"
	"'scheme':'bearer','bearerFormat':'JWT',"
	"'description':'From auth-with-password; or an API key.'},"
	"'operator':{'type':'http','scheme':'bearer',"
	"'description':'The line in <data>/operator.token.'}},",
	"'schemas':{'User':{'type':'object','properties':{"
	"'collectionId':{'type':'string'},'collectionName':{'type':'string'},"
	"'id':{'type':'string'},"
	"'email':{'type':'string','description':'Not to everybody.'},"
	"'emailVisibility':{'type':'boolean'},'verified':{'type':'boolean'},"
	"'name':{'type':'string'},"
	"'role':{'enum':['member','admin','owner']},"
	"'created':{'type':'string'},'updated':{'type':'string'}},"
	"'required':['collectionId','collectionName','id','emailVisibility',"
	"'verified','name','role','created','updated'],"
	"'additionalProperties':false},",
	"'Key':{'type':'object','properties':{"
	"'id':{'type':'string'},'name':{'type':'string'},"
	"'owner':{'type':'string','description':'The account it acts for.'},"
	"'role':{'enum':['member','admin','owner']},"
	"'scope':{'enum':['read','write']},"
	"'paths':{'type':'array','items':{'type':'string'}},"
	"'created':{'type':'string'},'expires':{'type':['string','null']},"
	"'used':{'type':['string','null'],'description':'To the hour.'},"
	"'active':{'type':'boolean'},"
	"'key':{'type':'string','description':'When it is made.'}},"
	"'required':['id','name','owner','role','scope','paths','created',"
	"'expires','used','active'],'additionalProperties':false},",
	"'Fault':{'type':'object','properties':{"
	"'code':{'type':'string'},'message':{'type':'string'}},"
	"'required':['code','message'],'additionalProperties':false},",
	"'Error':{'type':'object','properties':{"
	"'status':{'type':'integer','minimum':400,'maximum':599},"
	"'message':{'type':'string'},"
	"'data':{'type':'object','description':'What is wrong with which "
	"field.','additionalProperties':"
	"{'$ref':'#/components/schemas/Fault'}}},"
	"'required':['status','message','data'],"
	"'additionalProperties':false}},",
	"'responses':{'Error':{'description':'Why not.','content':"
	"{'application/json':{'schema':"
	"{'$ref':'#/components/schemas/Error'}}}},",
	"'User':{'description':'The account.','content':"
	"{'application/json':{'schema':"
	"{'$ref':'#/components/schemas/User'}}}},",
	"'Session':{'description':'A token and whose it is.','content':"
	"{'application/json':{'schema':{'type':'object','properties':{"
	"'token':{'type':'string'},"
	"'record':{'$ref':'#/components/schemas/User'}},"
	"'required':['token','record'],'additionalProperties':false}}}}}}}",
};

static void
put_actions(struct buf *out)
{
	int i;

	for (i = 0; i < AUDIT_ACTIONS; i++)
		buf_printf(out, "%s\"%s\"", i > 0 ? "," : "",
		    audit_action_name((enum audit_action)i));
}

static void
put_own(struct buf *out, const char *text)
{
	const char *actions = "@actions";

	for (; *text; text++) {
		if (strncmp(text, actions, strlen(actions)) == 0) {
			put_actions(out);
			text += strlen(actions) - 1;
		} else {
			buf_putc(out, (char)(*text == '\'' ? '"' : *text));
		}
	}
}

static void
put_head(struct buf *out, const char *title, const char *version)
{
	buf_printf(out,
	    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"%s\",%s},"
	    "\"security\":[{\"token\":[]}],\"paths\":{",
	    title, version);
}

static void
put_all(struct buf *out, const char *const *text, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		put_own(out, text[i]);
}

static int
write_tenant(const struct app *app, struct buf *out, struct err *err)
{
	char version[128];

	(void)snprintf(version, sizeof version,
	    "\"description\":\"The version is the newest migration's "
	    "number.\",\"version\":\"%zu\"",
	    app->n_migrations);
	put_head(out, "Application", version);
	if (app_describe(app, out, err) < 0)
		return -1;
	if (app->n_endpoints > 0)
		buf_putc(out, ',');
	put_all(out, own_paths, sizeof own_paths / sizeof own_paths[0]);
	return 0;
}

static void
write_platform(struct buf *out)
{
	put_head(out, "Platform", "\"version\":\"1\"");
	put_all(out, own_paths, BOTH);
	put_all(out, platform_paths,
	    sizeof platform_paths / sizeof platform_paths[0]);
	operator_api_describe(out);
}

static int
write_text(struct openapi *openapi, int platform, struct err *err)
{
	struct buf *out = &openapi->text[platform];

	buf_reset(out);
	if (platform)
		write_platform(out);
	else if (write_tenant(openapi->app, out, err) < 0)
		return -1;
	put_all(out, components, sizeof components / sizeof components[0]);
	return buf_check(out, "the description", err);
}

struct openapi *
openapi_new(const struct app *app)
{
	struct openapi *openapi = calloc(1, sizeof *openapi);

	if (!openapi)
		err_die("out of memory");
	openapi->app = app;
	buf_init(&openapi->text[0], OPENAPI_MAX);
	buf_init(&openapi->text[1], OPENAPI_MAX);
	return openapi;
}

void
openapi_free(struct openapi *openapi)
{
	if (!openapi)
		return;
	buf_free(&openapi->text[0]);
	buf_free(&openapi->text[1]);
	free(openapi);
}

int
openapi_text(
    struct openapi *openapi, int platform, struct str *out, struct err *err)
{
	if (!openapi->written[platform] &&
	    write_text(openapi, platform, err) < 0) {
		/* Whatever it is, it is no mistake of who asks. */
		err->code = ERR_SYSTEM;
		return err_wrap(err, "openapi");
	}
	openapi->written[platform] = 1;
	*out = buf_view(&openapi->text[platform]);
	return 0;
}
