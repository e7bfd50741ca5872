#!/bin/sh
# Who waits for his turn to write is asked again, when it comes, whether he still may: a
# demotion, a sign-out, a removal or a revoked key that came before it holds for him, too.
. "$(dirname "$0")/../lib.sh"

house_new 'workers = 1' 'db.busy_timeout = 30s'
tenant_new acme
house_start
users=/api/collections/users
sign_in acme
owner=$TOKEN

# user NAME ROLE	a new account, signed in; its id is $id
user() {
	TOKEN=$owner
	api acme POST $users/records "{\"email\":\"$1@acme.example\",\"password\":\"$PASSWORD\",
		\"passwordConfirm\":\"$PASSWORD\",\"role\":\"$2\",\"name\":\"$1\"}"
	[ "$status" = 200 ] || bail "$1: $status $body"
	id=$(json '$.id')
	sign_in acme "$1@acme.example"
}
waits() { case $(cat "/proc/$(workers)/wchan") in *nanosleep*) ;; *) return 1 ;; esac; }

# late SQL METHOD PATH [JSON]	it is sent while another writes, who does that before he ends
late() {
	what=$1
	shift
	rm -f late
	lock_held acme
	(api acme "$@"; printf '%s %s\n' "$status" "$body" >late.new && mv late.new late) 9>&- &
	sent=$!
	wait_for 20 waits || bail 'nobody waits for the lock'
	printf '%s;\nCOMMIT;\n' "$what" >&9
	lock_released || bail "$what"
	wait "$sent" || bail "$*"
	late=$(cat late)
}
projects() { sqlite3 -readonly "$(db_of acme)" 'SELECT count(*) FROM projects'; }
n=0
project() {	# SQL	somebody makes one, late
	n=$((n + 1))
	late "$1" POST /api/projects "{\"key\":\"P$n\",\"name\":\"x\"}"
}

user ada admin
project "UPDATE _users SET name = 'else' WHERE email LIKE 'ada%'"
like 'who is who he was writes' "$late" '^201 '
before=$(projects)
project "UPDATE _users SET role = 'member' WHERE id = '$id'"
like 'who is no admin any more is refused' "$late" '^403 '
user eva admin
project "UPDATE _users SET token_key = 'another' WHERE id = '$id'"
like 'who is signed out is nobody' "$late" '^401 '
user eve admin
project "DELETE FROM _users WHERE id = '$id'"
like 'so is who is removed' "$late" '^401 '

user bob admin
bob=$id
user tom member
tom=$id
sign_in acme bob@acme.example
late "UPDATE _users SET role = 'member' WHERE id = '$bob'" DELETE "$users/records/$tom"
like 'nobody is removed by who is no admin any more' "$late" '^403 '
is '  and is there' "$(sqlite3 -readonly "$(db_of acme)" \
    "SELECT count(*) FROM _users WHERE id = '$tom'")" 1

user pat admin
key() { api acme POST /api/keys '{"name":"CI","role":"admin","scope":"write"}'; key=$(json '$.id'); KEY=$(json '$.key'); }
key
TOKEN=$KEY
api acme GET /api/projects	# its use is noted
project "UPDATE _users SET token_key = 'another' WHERE id = '$id'"
like 'a key outlives a sign-out' "$late" '^201 '
before=$((before + 1))
project "DELETE FROM _keys WHERE id = '$key'"
like '  but not that it is revoked' "$late" '^401 '
sign_in acme pat@acme.example
key
TOKEN=$KEY
api acme GET /api/projects
project "UPDATE _users SET role = 'member' WHERE id = '$id'"
like '  nor its owner'\''s role' "$late" '^403 '
is 'nothing of all that is in the file' "$(projects)" "$before"

done_testing
