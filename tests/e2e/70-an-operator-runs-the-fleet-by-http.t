#!/bin/sh
# /api/operator on the platform's host: whoever has the operator's token does there
# what `rowhouse tenant` does, and what he did is in a log. Nobody else gets in.
. "$(dirname "$0")/../lib.sh"

house_new 'plan.free.rate = 1000/s' 'signup = invite'
for slug in acme globex blue green; do tenant_new "$slug"; done
sqlite3 "$(db_of blue)" 'CREATE TABLE big (x); INSERT INTO big VALUES (zeroblob(500000))'
house_start
KEY=$(cat "$DATA/operator.token")
state_of() {	# SLUG
	"$ROWHOUSE" tenant show "$1" --json | sed 's/.*"state":"\([a-z]*\)".*/\1/'
}
slugs() {	# QUERY
	operator GET "/tenants$1"
	sqlite3 :memory: "SELECT group_concat(json_extract(value, '\$.slug'), ' ')
	    FROM json_each(readfile('$SCRATCH/body'), '\$.items')"
}

# --- who may -----------------------------------------------------------------------
sign_in acme
for path in tenants tenants/acme log; do
	http "http://localhost:$PORT/api/operator/$path"
	is "$path: without a token nobody" "$status" 401
	http -H "Authorization: Bearer $KEY" "http://acme.localhost:$PORT/api/operator/$path"
	is '  with it not on the host of a tenant' "$status" 404
	http -H "Authorization: Bearer $KEY" "http://127.0.0.1:$PORT/api/operator/$path"
	is '  nor on that of Caddy alone' "$status" 404
done
one=$(http "http://acme.localhost:$PORT/api/operator/tenants"; echo "$body")
other=$(http "http://acme.localhost:$PORT/api/odd"; echo "$body")
is 'where it is like any route that there is not' "$one" "$other"
for wrong in "$TOKEN" "${KEY%?}" "${KEY}x" "$(echo "$KEY" | rev)" ''; do
	http -H "Authorization: Bearer $wrong" "http://localhost:$PORT/api/operator/tenants"
	is "not with $(echo "$wrong" | cut -c1-6)…" "$status" 401
done
http "http://localhost:$PORT/api/operator/tenants?token=$KEY"
is 'nor with it in the address' "$status" 401
http -H "Cookie: token=$KEY" "http://localhost:$PORT/api/operator/tenants"
is '  or in a cookie' "$status" 401
http -X POST -d '{}' "http://localhost:$PORT/api/operator/tenants/acme/suspend"
is 'nobody suspends without it' "$status $(state_of acme)" '401 active'
unlike 'and the log of requests does not show it' "$(cat serve.log)" "$KEY"

# --- many ---------------------------------------------------------------------------
is 'all of them, by slug' "$(slugs '')" 'acme blue globex green'
like '  in the shape of a page' "$(cat body)" '"page":1,"perPage":30,"totalItems":4,"totalPages":1}$'
is '  one page of two' "$(slugs '?perPage=1&page=2')" blue
like '  which says how many there are' "$(cat body)" '"totalItems":4,"totalPages":4}$'
is '  or not' "$(slugs '?perPage=1&skipTotal=true'; json '$.totalItems')" 'acme
-1'
is 'by a pattern' "$(slugs '?slug=g*')" 'globex green'
is 'the newest first' "$(slugs '?sort=-created')" 'green blue globex acme'
is '  by state' "$(slugs '?state=suspended')" ''
is '  beyond the last page there is none' "$(slugs '?page=9')" ''
is 'the largest first' "$(slugs '?sort=-size&perPage=1')" blue

fault() {	# NAME FIELD CODE METHOD PATH [JSON]
	name=$1 field=$2 code=$3
	shift 3
	operator "$@"
	is "$name" "$status $(json "\$.data.$field.code")" "400 $code"
}
fault 'no page 0' page validation_min_greater_equal_than_required GET '/tenants?page=0'
fault 'nor one of words' page validation_invalid_type GET '/tenants?page=two'
fault 'nor of a thousand' perPage validation_max_less_equal_than_required GET '/tenants?perPage=1000'
fault 'a state that is none' state validation_not_in_list GET '/tenants?state=gone'
fault 'a key that is none' sort validation_not_in_list GET '/tenants?sort=name'
fault 'a pattern of stars' slug validation_invalid_value GET '/tenants?slug=*a*a*a*a*a*'
fault 'what nobody asks for' limit validation_unknown GET '/tenants?limit=3'
fault 'twice the same' page validation_repeated GET '/tenants?page=1&page=2'

# --- one ----------------------------------------------------------------------------
operator POST /tenants '{"slug":"initech","email":"me@initech.example","password":"long enough","name":"Me"}'
is 'a tenant is made' "$status $(json '$.slug') $(json '$.state')" '201 initech active'
sign_in initech me@initech.example 'long enough'
is '  and its owner signs in' "$status" 200
operator POST /tenants '{"slug":"initech","email":"me@initech.example","password":"long enough"}'
is '  once' "$status $(json '$.data.slug.code')" '409 validation_not_unique'
operator GET /tenants/initech
is 'it is shown' "$status $(json '$.slug') $(json '$.plan') $(json '$.hosts')" '200 initech default []'
http -I -H "Authorization: Bearer $KEY" "http://localhost:$PORT/api/operator/tenants/initech"
is '  and its head' "$status" 200

new() {	# SLUG	what else is right
	printf '{"slug":"%s","email":"a@b.example","password":"long enough"}' "$1"
}
fault 'a name of the platform' slug validation_reserved POST /tenants "$(new www)"
fault 'capitals' slug validation_invalid_slug POST /tenants "$(new Acme)"
fault 'a path' slug validation_invalid_slug POST /tenants "$(new ../x)"
fault 'letters of other alphabets' slug validation_invalid_slug POST /tenants "$(new ünï)"
fault 'a name that is too long' slug validation_invalid_slug POST /tenants "$(new "$(printf 'a%.0s' $(seq 41))")"
fault 'a name without end' slug validation_length_too_long POST /tenants "$(new "$(printf 'a%.0s' $(seq 900))")"
fault 'none' slug validation_length_too_short POST /tenants "$(new '')"
fault 'no name at all' slug validation_required POST /tenants '{}'
fault '  null' slug validation_required POST /tenants '{"slug":null}'
fault '  a number' slug validation_invalid_type POST /tenants '{"slug":7}'
fault '  an object' slug validation_invalid_type POST /tenants '{"slug":{"a":1}}'
fault 'no address' email validation_invalid_email POST /tenants \
    '{"slug":"x1","email":"nobody","password":"long enough"}'
fault 'a password that is too short' password validation_invalid_password POST /tenants \
    '{"slug":"x1","email":"a@b.example","password":"short"}'
fault 'a field that is none' admin validation_unknown POST /tenants \
    '{"slug":"x1","email":"a@b.example","password":"long enough","admin":true}'
operator POST /tenants '{"slug":"x1"'
is 'what is no JSON' "$status" 400
operator POST /tenants '["x1"]'
is '  or no object' "$status" 400
operator POST /tenants '{"slug":"x1","slug":"x2","email":"a@b.example","password":"long enough"}'
is '  or says a name twice' "$status" 400
http -X POST -H "Authorization: Bearer $KEY" -H 'Content-Type: text/plain' -d "$(new x1)" \
    "http://localhost:$PORT/api/operator/tenants"
is '  or is not said to be JSON' "$status" 415
head -c 70000 /dev/zero | tr '\0' ' ' >huge
http -X POST -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \
    --data-binary @huge "http://localhost:$PORT/api/operator/tenants"
is '  or is huge' "$status" 413
is 'none of that made anything' "$(slugs '')" 'acme blue globex green initech'

for what in 'GET /tenants/nobody' 'GET /tenants/No%20Body' 'GET /tenants/..' \
    'POST /tenants/nobody/suspend' 'POST /tenants/nobody/undelete' \
    'PUT /tenants/nobody/hosts/a.example' 'DELETE /tenants/acme/hosts/a.example' \
    'GET /odd' 'GET /' 'GET /tenants/acme/odd'; do
	operator "${what% *}" "${what#* }"
	ok "$what: there is no such thing" test "$status" = 404 -o "$status" = 400
done
for what in 'DELETE /tenants' 'PUT /tenants/acme' 'GET /tenants/acme/suspend' 'POST /log'; do
	operator "${what% *}" "${what#* }"
	is "$what: not so" "$status" 405
	like '  but so' "$(header Allow)" 'OPTIONS$'
done

# --- its states ----------------------------------------------------------------------
sign_in acme
answers() {	# SLUG STATUS
	api "$1" GET /api/projects
	[ "$status" = "$2" ]
}
operator POST /tenants/acme/suspend
is 'acme is suspended' "$status $(json '$.state')" '200 suspended'
ok '  and answers so' answers acme 503
operator POST /tenants/acme/suspend
is '  twice is the same' "$status $(json '$.state')" '200 suspended'
fault '  with nothing said' why validation_unknown POST /tenants/acme/suspend '{"why":"x"}'
operator POST /tenants/acme/resume '{}'
is 'it is active again' "$status $(json '$.state')" '200 active'
ok '  and answers' answers acme 200
fault 'it is not deleted without a word' confirm validation_required POST /tenants/acme/delete
fault '  nor with another' confirm validation_values_mismatch POST /tenants/acme/delete '{"confirm":"globex"}'
is '  and is as it was' "$(state_of acme)" active
operator POST /tenants/acme/delete '{"confirm":"acme"}'
is 'it is deleted' "$status $(json '$.state')" '200 deleted'
like '  with the time to come back' "$body" '"undelete_until":"20'
ok '  and answers so' answers acme 404
for verb in 'delete {"confirm":"acme"}' suspend resume 'plan {"plan":"free"}'; do
	method=POST
	[ "${verb%% *}" != plan ] || method=PUT
	case $verb in
	*' '*) operator $method "/tenants/acme/${verb%% *}" "${verb#* }" ;;
	*) operator $method "/tenants/acme/$verb" ;;
	esac
	is "  and no more ${verb%% *}" "$status" 409
done
operator PUT /tenants/acme/hosts/shop.example.com
is '  nor a host' "$status $(json '$.message')" '409 Tenant acme is deleted.'
operator POST /tenants '{"slug":"acme","email":"a@b.example","password":"long enough"}'
is '  nor another of its name' "$status" 409
operator POST /tenants/acme/undelete
is 'it is undeleted' "$status $(json '$.state')" '200 active'
ok '  as it was' answers acme 200
operator POST /tenants/acme/undelete
is '  once' "$status" 409

operator PUT /tenants/acme/plan '{"plan":"free"}'
is 'it has a plan' "$status $(json '$.plan')" '200 free'
fault '  one that there is' plan validation_not_in_list PUT /tenants/acme/plan '{"plan":"gold"}'
operator GET /plans
is '  which is said' "$status $body" '200 {"items":["default","free"]}'
operator PUT /tenants/acme/plan '{"plan":"default"}'
is '  or none' "$status $(json '$.plan')" '200 default'

# --- hosts, invitations ----------------------------------------------------------------
operator PUT /tenants/acme/hosts/Shop.Example.com
is 'it has a host' "$status $(json '$.hosts')" '200 ["shop.example.com"]'
operator PUT /tenants/acme/hosts/shop.example.com
is '  twice is the same' "$status $(json '$.hosts')" '200 ["shop.example.com"]'
http -H 'Host: shop.example.com' "http://127.0.0.1:$PORT/api/health"
is '  and answers there' "$status" 200
operator PUT /tenants/globex/hosts/shop.example.com
is '  which nobody else gets' "$status" 409
operator PUT /tenants/acme/hosts/globex.localhost
is '  as it gets nobody else'"'"'s' "$status" 409
fault '  or what is none' host validation_invalid_host PUT '/tenants/acme/hosts/a_b'
operator DELETE /tenants/globex/hosts/shop.example.com
is '  nor takes it away' "$status" 404
operator DELETE /tenants/acme/hosts/shop.example.com
is 'it has it no more' "$status $body" '204 '
operator DELETE /tenants/acme/hosts/shop.example.com
is '  once' "$status" 404

operator POST /invitations '{"slug":"guest"}'
is 'a guest is invited' "$status $(json '$.slug')" '200 guest'
code=$(json '$.code')
http -H 'Content-Type: application/json' -d "{\"slug\":\"guest\",\"email\":\"g@guest.example\",
    \"password\":\"long enough\",\"code\":\"$code\"}" "http://localhost:$PORT/api/tenants"
is '  and signs up' "$status" 201
operator POST /invitations '{"slug":"guest"}'
is '  nobody is to a name that is taken' "$status" 409
fault '  or is the platform'"'"'s' slug validation_reserved POST /invitations '{"slug":"api"}'

# --- the log -----------------------------------------------------------------------------
deeds() {	# QUERY
	operator GET "/log$1"
	sqlite3 :memory: "SELECT json_extract(value, '\$.what') || '/' || json_extract(value, '\$.detail')
	    FROM json_each(readfile('$SCRATCH/body'), '\$.items')" | tr '\n' ' '
}
is 'all that was done is in the log, and nothing that was not' "$(deeds '?tenant=acme')" \
    'host-removed/shop.example.com host-added/shop.example.com plan-set/default plan-set/free tenant-undeleted/ tenant-deleted/ tenant-resumed/ tenant-suspended/ tenant-created/ '
like '  by whom and from where' "$(cat body)" '"who":"operator","address":"127.0.0.1".*"who":"command[^"]*","address":"","what":"tenant-created"'
is '  of another tenant' "$(deeds '?tenant=initech')" 'tenant-created/ '
is '  a page of it' "$(deeds '?limit=1')" 'tenant-created/ '
is '    by who was invited' "$(json '$.items[0].who') $(json '$.items[0].tenant')" 'visitor guest'
id=$(json '$.items[0].id')
is '  and the next' "$(deeds "?limit=1&before=$id")" 'invited/ '
unlike 'the log has no password' "$(sqlite3 "$DATA/registry.db" 'SELECT * FROM deeds')" 'long enough|@'

# --- who guesses ---------------------------------------------------------------------------
i=0
while [ $i -lt 40 ]; do
	http -H 'Authorization: Bearer not-the-token-at-all' "http://localhost:$PORT/api/operator/tenants"
	[ "$status" = 401 ] || break
	i=$((i + 1))
done
is 'who guesses is slowed down' "$status" 429
ok '  after a few' test $i -le 20
ok '  and is told for how long' test "$(header Retry-After)" -ge 1
operator GET /tenants
is '  with the right one, too, which would tell him' "$status" 429
http -H 'Authorization: Bearer x' "http://localhost:$PORT/metrics"
is '  and not let through next door' "$status" 429
api acme GET /api/projects
is 'others do not notice' "$status" 200
done_testing
