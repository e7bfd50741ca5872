#!/bin/sh
# A program's key: bound to its tenant, its owner, its scope, its paths and its
# time, and never good for accounts or keys.
. "$(dirname "$0")/../lib.sh"

house_new 'workers = 2'
tenant_new acme
tenant_new globex
house_start
users=/api/collections/users

sign_in globex
project_new globex SECRET
sign_in acme
owner=$TOKEN
project_new acme WEB
api acme POST $users/records '{"email":"ada@acme.example","password":"'"$PASSWORD"'",
	"passwordConfirm":"'"$PASSWORD"'","role":"admin","name":"Ada"}'
ada=$(json '$.id')
sign_in acme ada@acme.example

# key_new NAME ROLE SCOPE [MORE]	sets KEY and KEY_ID
key_new() {
	api acme POST /api/keys "{\"name\":\"$1\",\"role\":\"$2\",\"scope\":\"$3\"${4:-}}"
	[ "$status" = 200 ] || bail "a key: $status $body"
	KEY=$(json '$.key')
	KEY_ID=$(json '$.id')
}

# with KEY METHOD PATH [JSON]
with() {
	saved=$TOKEN
	TOKEN=$1
	shift
	api acme "$@"
	TOKEN=$saved
}

issue='{"title":"made by a program"}'
key_new CI member write
ci=$KEY
like 'a key is told from a token' "$ci" '^rhk_[a-z0-9]{40}$'
with "$ci" POST /api/projects/WEB/issues "$issue"
is 'it writes' "$status" 201
is '  for its owner' "$(sqlite3 -readonly "$(db_of acme)" 'SELECT actor FROM activity')" "$ada"
http -H "Authorization: $ci" "http://acme.localhost:$PORT/api/projects"
is '  without Bearer, too' "$status" 200
with "$ci" POST /api/projects '{"key":"NEW","name":"New"}'
is '  with its own role, not its owner'\''s' "$status" 403
is 'its use is noted' "$(sqlite3 -readonly "$(db_of acme)" \
    "SELECT count(*) FROM _keys WHERE used > strftime('%Y-%m-%d %H:%M:%fZ', 'now', '-60 seconds')")" 1
before=$(sqlite3 -readonly "$(db_of acme)" 'SELECT used FROM _keys')
with "$ci" GET /api/projects
is '  and not by each request' "$(sqlite3 -readonly "$(db_of acme)" 'SELECT used FROM _keys')" "$before"
api acme GET /api/keys
is '  which its owner sees' "$(json '$.items[0].name') $(json '$.items[0].used')" "CI $before"

key_new reader admin read
reader=$KEY
with "$reader" GET /api/projects/WEB/issues
is 'one that reads' "$status" 200
with "$reader" POST /api/projects/WEB/issues "$issue"
is '  does not write' "$status" 403
with "$reader" GET /api/audit?action=key-made
is '  and fetches the log, with that role' "$status $(json '$.items[1].new') $(json '$.items[0].new')" \
    '200 CI reader'
with "$ci" GET /api/audit
is '  one of a member does not' "$status" 403

key_new search member read ',"paths":["/api/search","/api/projects/WEB/issues"]'
with "$KEY" GET '/api/search?q=program'
is 'one for some paths has them' "$status" 200
with "$KEY" GET /api/projects/WEB/issues
is '  each of them' "$status" 200
with "$KEY" GET /api/projects
is '  and no other' "$status" 403
with "$KEY" GET /api/projects/WEB%2Fissues
is '  nor one that only reads like it' "$status" 403

# never accounts, keys, itself
key_new strong admin write
opened=
while read -r method path; do
	case $method in
	GET|DELETE) with "$KEY" "$method" "$path" ;;
	*) with "$KEY" "$method" "$path" '{"name":"x","role":"member","scope":"read","password":"x",
		"identity":"ada@acme.example"}' ;;
	esac
	[ "$status" = 403 ] || opened="$opened $method $path: $status"
done <<-END
GET /api/keys
POST /api/keys
DELETE /api/keys/$KEY_ID
GET $users/records
POST $users/records
GET $users/records/$ada
PATCH $users/records/$ada
DELETE $users/records/$ada
POST $users/records/$ada/sign-out
POST $users/auth-refresh
POST $users/auth-with-password
GET $users/invitations
POST $users/invitations
POST $users/request-email-change
POST $users/request-password-reset
END
is 'none reaches accounts or keys' "$opened" ''

# the end of keys
key_new short member read ',"expires":"2030-01-01T00:00:00Z"'
sqlite3 "$(db_of acme)" "UPDATE _keys SET expires = strftime('%Y-%m-%d %H:%M:%fZ', 'now', '+2 seconds')
	WHERE id = '$KEY_ID'"
with "$KEY" GET /api/projects
is 'one with an end works until then' "$status" 200
expired() {
	with "$KEY" GET /api/projects
	[ "$status" = 401 ]
}
ok '  and no longer' wait_for 10 expired
key_new lost member write
with "$KEY" GET /api/projects
is 'one that is revoked worked before' "$status" 200
api acme DELETE "/api/keys/$KEY_ID"
is '  until it is revoked' "$status" 204
with "$KEY" GET /api/projects
is '  and no longer' "$status" 401

# another tenant's: as garbage
refusal() {
	api globex GET /api/projects
	printf '%s %s\n' "$status" "$body"
}
TOKEN=
guest=$(refusal)
TOKEN=$ci
is 'at another tenant it is nothing' "$(refusal)" "$guest"
TOKEN=rhk_$(printf 'x%.0s' $(seq 40))
is '  like garbage' "$(refusal)" "$guest"

# the owner
TOKEN=$owner
with "$reader" GET /api/audit
is "an admin's key is an admin's" "$status" 200
api acme PATCH "$users/records/$ada" '{"role":"member"}'
with "$reader" GET /api/audit
is '  and no more when he is none' "$status" 403
with "$ci" GET /api/projects
is '  a lesser one goes on' "$status" 200
api acme POST "$users/records/$ada/sign-out"
with "$ci" GET /api/projects
is '  and does when he is signed out' "$status" 200
good=$(($(date +%s) + 1))
past() {	# SECOND
	[ "$(date +%s)" -gt "$1" ]
}
wait_for 5 past $good
api acme DELETE "$users/records/$ada"
is 'he is removed' "$status" 204
with "$ci" GET /api/projects
is '  and his keys with him' "$status" 401
ok 'the replica has all that' wait_for 30 caught_up acme
"$ROWHOUSE" restore acme --in-place --at $good --yes >/dev/null 2>&1
is 'a restore to before' $? 0
sign_in acme ada@acme.example
with "$ci" GET /api/projects
is '  brings no key back' "$status" 401
sign_in acme
api acme GET /api/keys
is '  and says so' "$(json '$.items[0].name') $(json '$.items[0].active')" 'CI 0'
key_new fresh member read
ok 'the replica has that' wait_for 30 caught_up acme
"$ROWHOUSE" tenant clone acme copy --latest >/dev/null 2>&1
is 'a clone' $? 0
ok 'an export' "$ROWHOUSE" tenant export acme out.sqlite
ok '  that is imported' "$ROWHOUSE" tenant import twin out.sqlite
for other in copy twin; do
	TOKEN=$KEY
	api $other GET /api/projects
	is "a key is nothing at $other" "$status" 401
	sign_in $other owner@acme.example
	api $other GET /api/keys
	is '  which says so' "$status $(sqlite3 :memory: "SELECT count(*) > 0,
		sum(json_extract(value, '\$.active'))
		FROM json_each(readfile('$SCRATCH/body'), '\$.items')")" '200 1|0'
done
is 'no key is in any log' "$(grep -c "rhk_" serve.log)" 0

# --- while somebody else writes ------------------------------------------------------
sign_in acme
key_new patient member read
lock_held acme
begun=$(now_ms)
with "$KEY" GET /api/projects
took=$(($(now_ms) - begun))
is 'who reads is answered while somebody writes' "$status" 200
ok '  and does not wait until its use can be noted' test $took -lt 2000
is '  which it is not then' "$(sqlite3 -readonly "$(db_of acme)" "SELECT used FROM _keys WHERE id = '$KEY_ID'")" ''
lock_released
with "$KEY" GET /api/projects
like '  but the next time' "$(sqlite3 -readonly "$(db_of acme)" "SELECT used FROM _keys WHERE id = '$KEY_ID'")" '^20'
done_testing
