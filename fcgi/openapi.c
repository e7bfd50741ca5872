#include "fcgi/openapi.h"

#include <stdlib.h>

#include "tenants/app_describe.h"
#include "tenants/base/buf.h"

#define OPENAPI_MAX ((size_t)8 << 20)

struct openapi {
	const struct app *app;
	int written;
	struct buf text;
};

/* In these texts ' stands for ". */

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
	"'429':{'$ref':'#/components/responses/Error'},",
	"'default':{'$ref':'#/components/responses/Error'}}}},",

	"'/api/collections/users/auth-refresh':{'post':{'tags':['accounts'],"
	"'summary':'A new token for a valid one.',"
	"'responses':{'200':{'$ref':'#/components/responses/Session'},"
	"'401':{'$ref':'#/components/responses/Error'},",
	"'default':{'$ref':'#/components/responses/Error'}}}},",

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
	"'default':{'$ref':'#/components/responses/Error'}}}}",
};

static const char *const components[] = {
	"},'components':{'securitySchemes':{'token':{'type':'http',"
	"'scheme':'bearer','bearerFormat':'JWT',"
	"'description':'From auth-with-password.'}},",
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
put_own(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_putc(out, (char)(*text == '\'' ? '"' : *text));
}

static int
write_text(struct openapi *openapi, struct err *err)
{
	const struct app *app = openapi->app;
	struct buf *out = &openapi->text;
	size_t i;

	buf_reset(out);
	buf_puts(out, "{\"openapi\":\"3.1.0\",\"info\":{\"title\":"
		      "\"Application\",\"description\":\"The version is the "
		      "newest migration's number.\",\"version\":");
	buf_printf(out, "\"%zu\"},\"security\":[{\"token\":[]}],\"paths\":{",
	    app->n_migrations);
	if (app_describe(app, out, err) < 0)
		return -1;
	if (app->n_endpoints > 0)
		buf_putc(out, ',');
	for (i = 0; i < sizeof own_paths / sizeof own_paths[0]; i++)
		put_own(out, own_paths[i]);
	for (i = 0; i < sizeof components / sizeof components[0]; i++)
		put_own(out, components[i]);
	return buf_check(out, "the description", err);
}

struct openapi *
openapi_new(const struct app *app)
{
	struct openapi *openapi = calloc(1, sizeof *openapi);

	if (!openapi)
		err_die("out of memory");
	openapi->app = app;
	buf_init(&openapi->text, OPENAPI_MAX);
	return openapi;
}

void
openapi_free(struct openapi *openapi)
{
	if (!openapi)
		return;
	buf_free(&openapi->text);
	free(openapi);
}

int
openapi_text(struct openapi *openapi, struct str *out, struct err *err)
{
	if (!openapi->written && write_text(openapi, err) < 0) {
		/* Whatever it is, it is no mistake of who asks. */
		err->code = ERR_SYSTEM;
		return err_wrap(err, "openapi");
	}
	openapi->written = 1;
	*out = buf_view(&openapi->text);
	return 0;
}
