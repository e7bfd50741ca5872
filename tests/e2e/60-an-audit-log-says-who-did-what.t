#!/bin/sh
# What happened to accounts is in the tenant's audit log: who, what, when and
# from where.  What was refused causes no write.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
tenant_new globex
house_start
users=/api/collections/users

log() {		# the last answer's entries, oldest first
	sqlite3 :memory: "SELECT json_extract(value, '\$.action') || ' by ' ||
		json_extract(value, '\$.email') FROM json_each(readfile('$SCRATCH/body'), '\$.items')
		ORDER BY json_extract(value, '\$.id')" | tr '\n' ';'
}

sign_in acme
owner=$TOKEN
new='{"email":"ada@acme.example","password":"'"$PASSWORD"'","passwordConfirm":"'"$PASSWORD"'","role":"admin"}'
api acme POST $users/records "$new"
ada=$(json '$.id')
sign_in acme ada@acme.example
api acme PATCH "$users/records/$ada" '{"email":"ada@lovelace.example"}'
is 'an address is changed' "$status" 200
api acme GET /api/collections/users/records
is '  which revokes the token' "$status" 401
sign_in acme ada@lovelace.example
api acme GET '/api/audit'
is 'an admin reads the log' "$status $(header Cache-Control)" '200 private, no-store'
is '  which has it all, in order' "$(log)" "signed-in by owner@acme.example;user-created by \
owner@acme.example;signed-in by ada@acme.example;email-changed by ada@acme.example;\
signed-in by ada@lovelace.example;"
is '  what it was, and is' "$(json '$.items[1].about') $(json '$.items[1].old') $(json '$.items[1].new')" \
    "$ada ada@acme.example ada@lovelace.example"
like '  from where and when' "$(json '$.items[0].address') $(json '$.items[0].at')" \
    '^(127\.0\.0\.1|::1) 20[0-9]{2}-[0-9-]{5} [0-9:.]{12}Z$'
last=$(json '$.items[0].id')
api acme GET "/api/audit?user=$ada&action=signed-in"
is '  of one, and of one kind' "$(log)" \
    'signed-in by ada@acme.example;signed-in by ada@lovelace.example;'
api acme GET "/api/audit?limit=2&before=$last"
is '  page by page' "$(log)" 'signed-in by ada@acme.example;email-changed by ada@acme.example;'
api acme GET '/api/audit?page=2'
is '  and in no other way' "$status" 400
for method in POST PATCH DELETE; do
	api acme $method /api/audit '{}'
	is "nobody writes it: $method" "$status" 405
done

# sign-out everywhere
ada_here=$TOKEN
sign_in acme ada@lovelace.example
ada_there=$TOKEN
api acme POST "$users/records/$ada/sign-out"
is 'she signs out everywhere' "$status$body" 204
api acme GET /api/projects
is '  here' "$status" 401
TOKEN=$ada_here
api acme GET /api/projects
is '  and there' "$status" 401
TOKEN=$owner
api acme GET /api/projects
is '  and nobody else' "$status" 200
api acme GET '/api/audit?action=signed-out'
is '  which is in the log' "$(log)" 'signed-out by ada@lovelace.example;'
TOKEN=
api acme POST "$users/records/$ada/sign-out"
is 'a guest signs nobody out' "$status" 401
api acme GET /api/audit
is '  and reads no log' "$status" 401

# others see nothing of it, and a member not even his own
sign_in globex
api globex GET /api/audit
is "a neighbour's log is his own" "$(log)" 'signed-in by owner@globex.example;'
api globex POST $users/records '{"email":"bob@globex.example","password":"'"$PASSWORD"'",
	"passwordConfirm":"'"$PASSWORD"'"}'
sign_in globex bob@globex.example
api globex GET /api/audit
is 'a member reads no log' "$status" 403

# a flood of wrong passwords writes nothing
copy_of "$(db_of globex)" before.sqlite
TOKEN=
i=0
while [ $i -lt 12 ]; do
	api globex POST $users/auth-with-password '{"identity":"owner@globex.example","password":"wrong"}'
	i=$((i + 1))
done
is 'wrong passwords are refused' "$status" 429
copy_of "$(db_of globex)" after.sqlite
is '  and write nothing' "$(same_rows before.sqlite after.sqlite)$(cmp before.sqlite after.sqlite 2>&1)" ''

# no endpoint gets at it
mkdir -p app/api/log
printf '%s\n' '-- access: owner' '-- returns: many' 'SELECT id, action FROM _audit' >app/api/log/GET.sql
printf '%s\n' '-- access: owner' '-- returns: none' 'DELETE FROM _audit' >app/api/log/DELETE.sql
said=$("$ROWHOUSE" check 2>&1)
like 'an endpoint may not read it' "$said" 'log/GET.sql:3: .*_audit.* may not be read'
like '  nor write it' "$said" 'log/DELETE.sql:3: .*_audit may not be written'

done_testing
