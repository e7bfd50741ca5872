#!/bin/sh
# A tenant's file as an older release of ours left it: Rowhouse's own part of
# its schema moves on when it is first touched, wherever the file comes from.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
tenant_new globex
newest=$(sqlite3 -readonly "$(db_of acme)" "SELECT value FROM _meta WHERE key = 'system_schema'")
ok 'a new tenant is at the newest version' test "$newest" -ge 2

# to version 1
older() {	# FILE
	sqlite3 "$1" "DROP TABLE _audit; DROP TABLE _keys; DROP TABLE _factors;
		UPDATE _meta SET value = '1' WHERE key = 'system_schema'"
}
# the version of a file, and how much of what is there is new
state_of() {	# FILE
	sqlite3 -readonly "$1" "SELECT value, (SELECT count(*) FROM sqlite_schema
		WHERE name = '_audit') FROM _meta WHERE key = 'system_schema'"
}
older "$(db_of acme)"
rows=$(sqlite3 -readonly "$(db_of acme)" 'SELECT group_concat(id) FROM _users')
house_start
ok 'the replica has the old one' wait_for 30 caught_up acme
good=$(($(date +%s) + 1))
past() {	# SECOND
	[ "$(date +%s)" -gt "$1" ]
}
wait_for 5 past $good
is 'who is not touched stays as he is' "$(state_of "$(db_of acme)")" '1|0'
is 'it can be exported' "$("$ROWHOUSE" tenant export acme old.sqlite >/dev/null 2>&1; echo $?)" 0
is '  as it is' "$(state_of old.sqlite)" '1|0'

sign_in acme
is 'a first request moves it on' "$(state_of "$(db_of acme)")" "$newest|1"
is '  with all that was there' "$(sqlite3 -readonly "$(db_of acme)" \
    'SELECT group_concat(id) FROM _users')" "$rows"
is '  and what is new works' "$(sqlite3 -readonly "$(db_of acme)" \
    'SELECT action FROM _audit')" signed-in
project_new acme LATER
ok '  and is in the replica' wait_for 30 caught_up acme

output=$("$ROWHOUSE" tenant clone acme copy --at $good 2>&1)
is 'a clone of the old one' $? 0
diag "$output"
sign_in copy owner@acme.example
is '  moves on' "$(state_of "$(db_of copy)")" "$newest|1"
output=$("$ROWHOUSE" restore acme --in-place --at $good --yes 2>&1)
is 'a restore to before' $? 0
diag "$output"
sign_in acme
is '  moves on' "$(state_of "$(db_of acme)")" "$newest|1"
api acme GET /api/projects
is '  and is as it was then' "$status $body" '200 {"items":[]}'
is 'nobody was in trouble' "$(grep -c 'level=error\|status=5' serve.log)" 0

done_testing
