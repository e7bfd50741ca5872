#!/bin/sh
# The session of README.md: sign in, write, lose the tenant's files, and
# bring them back to a chosen second, while the other tenant is served.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
tenant_new globex
house_start
sign_in globex
globex=$TOKEN
project_new globex LAB
sign_in acme
project_new acme WEB
api acme POST /api/projects/WEB/issues '{"title":"written before the disaster"}'
is 'a write' "$status" 201
good=$(($(date +%s) + 1))
past() {	# SECOND
	[ "$(date +%s)" -gt "$1" ]
}
wait_for 5 past $good
api acme POST /api/projects/WEB/issues '{"title":"a mistake"}'
is 'a mistake' "$status" 201
ok 'the replica has both' wait_for 20 caught_up acme

rm -r "${DATA:?}/tenants/acme"
is_503() {
	api acme GET /api/projects
	[ "$status" = 503 ]
}
ok 'without its file the tenant is 503, not somebody else, not empty' wait_for 10 is_503
TOKEN=$globex
api globex GET /api/projects
is 'the other tenant is served' "$status" 200

output=$("$ROOT/scripts/restore" acme --at "$good" --dry-run 2>&1)
is 'a dry run says what would come' $? 0
diag "$output"
ok '  and does nothing' test ! -e "$DATA/tenants/acme"
output=$("$ROOT/scripts/restore" acme --at "$good" --in-place 2>&1)
is 'it is restored' $? 0
diag "$output"

TOKEN=
signed_in() {
	api acme POST /api/collections/users/auth-with-password \
	    "{\"identity\":\"owner@acme.example\",\"password\":\"$PASSWORD\"}"
	[ "$status" = 200 ]
}
ok 'signing in works again' wait_for 10 signed_in
TOKEN=$(json '$.token')
api acme GET /api/projects/WEB/issues
is 'what was there is there, the mistake is not' \
	"$(json '$.items[0].title') $(json '$.items[1]')" 'written before the disaster '
api acme POST /api/projects/WEB/issues '{"title":"life goes on"}'
is 'it is written to' "$status $(json '$.ref')" '201 WEB-2'
ok 'and replicated' wait_for 20 caught_up acme
is '  as it now is' "$(sqlite3 caught-up.sqlite 'SELECT group_concat(title) FROM issues')" \
	'written before the disaster,life goes on'

done_testing
