#!/bin/sh
# The files in tenants/ENDPOINTS.md are sound, and do what stands beside them.
. "$(dirname "$0")/../lib.sh"

mkdir app
awk '/^```sql / { file = "app/" $2; next } /^```/ { file = ""; next }
	file { folder = file; sub(/\/[^\/]*$/, "", folder)
		system("mkdir -p \"" folder "\""); print >file }' "$ROOT/tenants/ENDPOINTS.md"
house_new
said=$("$ROWHOUSE" check --app 2>&1)
is 'rowhouse check is content' $? 0
like '  with six files' "$(find app -name '*.sql' | wc -l)" '^6$'
like '  of an application' "$said" '^application: ok$'

tenant_new acme
serve_start
mkdir app/www
caddy_start
wait_for 20 healthy
sign_in acme
api acme POST /api/tasks '{"title":"one","tags":["a",{"b":null}]}'
is 'JSON in, JSON out' "$status $body" '201 {"id":1,"title":"one","tags":["a",{"b":null}]}'
api acme POST /api/tasks '{"title":"two"}'
api acme PATCH /api/tasks/2 '{"state":"done"}'
is 'what is absent stays' "$status $body" '200 {"id":2,"title":"two","state":"done"}'
api acme PATCH /api/tasks/2 '{"title":"  "}'
is 'a named CHECK names its field' "$status $(json '$.data.title.code')" '400 validation_check'
api acme PATCH /api/tasks/3 '{"title":"three"}'
is 'no row is a 404' "$status" 404
api acme GET '/api/tasks?state=open'
is 'a list' "$(json '$.items[0].title') $(json '$.items[1]')" 'one '
tag=$(header ETag)
http -H "Authorization: Bearer $TOKEN" -H "If-None-Match: $tag" \
    "http://acme.localhost:$PORT/api/tasks?state=open"
is 'is not sent again' "$status" 304
api acme DELETE /api/tasks/1
is 'until it is another' "$status" 204
http -H "Authorization: Bearer $TOKEN" -H "If-None-Match: $tag" \
    "http://acme.localhost:$PORT/api/tasks?state=open"
is '  which is' "$status $body" '200 {"items":[]}'
for n in 1 2 3 4 5 6; do api acme POST /api/tasks "{\"title\":\"n$n\"}"; done
api acme GET '/api/tasks/urgent?limit=3'
is 'a page' "$(json '$.items[0].title') $(json '$.items[2].title')" 'n6 n4'
last=$(json '$.items[2].id')
api acme POST /api/tasks '{"title":"meanwhile"}'
api acme GET "/api/tasks/urgent?limit=3&priority=0&before=$last"
is 'goes on where the last one ended, whatever came meanwhile' \
    "$(json '$.items[0].title') $(json '$.items[2].title')" 'n3 n1'

done_testing
