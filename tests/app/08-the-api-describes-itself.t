#!/bin/sh
# GET /api/openapi.json names every endpoint that there is, and no other.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
tenant_new globex
house_start

# In a shell's words: METHOD PATH, sorted.
described() {
	sqlite3 :memory: "SELECT upper(m.key) || ' ' || p.key
		FROM json_each(readfile('$SCRATCH/body'), '\$.paths') p,
		     json_each(p.value) m WHERE m.key <> 'parameters'" | sort
}

in_folder() {
	find "$SCRATCH/app/api" -name '*.sql' | sed "s|^$SCRATCH/app||
		s|\(.*\)/\([A-Z]*\)\.sql\$|\2 \1|" | sort
}

api acme GET /api/openapi.json
is 'anybody may read it' "$status $(header Content-Type)" '200 application/json'
is 'it is OpenAPI 3.1' "$(json '$.openapi') $(json '$.info.version')" '3.1.0 3'
described >first
is 'every file of the folder is there' "$(in_folder | comm -23 - first)" ''
is 'and beside them our own' "$(in_folder | comm -13 - first | grep -v ' /api/collections/users/' |
	tr '\n' ' ')" \
    'DELETE /api/keys/{id} GET /api/audit GET /api/health GET /api/keys GET /api/openapi.json POST /api/keys '
cp body whole

# what is described is what is answered, and no other method of that path
sqlite3 :memory: "SELECT p.key || ' ' || (SELECT group_concat(upper(m.key), ' ') FROM json_each(p.value) m
	WHERE m.key <> 'parameters') FROM json_each(readfile('whole'), '\$.paths') p" >paths
while read -r path methods; do
	api acme OPTIONS "$(printf '%s' "$path" | sed 's/{[a-z_]*}/x/g')"
	is "$path takes $methods" "$(header Allow | tr -d , | tr ' ' '\n' |
		grep -v 'HEAD\|OPTIONS' | sort | tr '\n' ' ')" \
		"$(printf '%s\n' "$methods" | tr ' ' '\n' | sort | tr '\n' ' ')"
done <paths
like 'paths were read' "$(wc -l <paths)" '^[1-9][0-9]'

api acme GET /api/openapi.json
tag=$(header ETag)
http -H "If-None-Match: $tag" "http://acme.localhost:$PORT/api/openapi.json"
is 'who has it is told so' "$status" 304
api globex GET /api/openapi.json
is 'it is the same for every tenant' "$(cmp body whole && echo same)" same
api acme POST /api/openapi.json '{}'
is 'it is read only' "$status $(header Allow)" '405 GET, HEAD, OPTIONS'
http "http://localhost:$PORT/api/openapi.json"
is 'the platform describes what is its own' "$(json '$.paths' | tr ',' '\n' |
    grep -o '"/api/[a-z.]*":' | sort | tr -d '\n')" '"/api/health":"/api/openapi.json":"/api/signup":"/api/tenants":'

# a changed application describes itself anew
mkdir "$SCRATCH/app/api/late"
printf '%s\n' '-- access: member' '-- returns: many' \
    'SELECT ref, due FROM issues WHERE due < @now' >"$SCRATCH/app/api/late/GET.sql"
kill -HUP "$SERVE"
late() {
	api acme GET /api/openapi.json
	[ "$(json '$.paths."/api/late".get.responses."200".content."application/json"' |
		grep -c '"due":{"type":\["string","null"\]}')" = 1 ]
}
ok 'a new endpoint is described after a SIGHUP' wait_for 60 late
wait_for 60 late
http -H "If-None-Match: $tag" "http://acme.localhost:$PORT/api/openapi.json"
is '  and the tag is another' "$status" 200
is 'no worker complained' "$(grep -c 'error=' serve.log)" "$(grep -c 'status=40[45]' serve.log)"

done_testing
