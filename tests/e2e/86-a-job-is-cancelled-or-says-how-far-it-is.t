#!/bin/sh
# A job of the operator's can be cancelled, and says then what is true: what was done stays done,
# and nothing else happens, whoever is killed on the way. One that fetches says how much.
. "$(dirname "$0")/../lib.sh"

house_new 'replica.claim = 1s' 'replica.sweep = 1s' 'workers = 2'
for slug in acme globex initech; do tenant_new "$slug"; done
house_start
KEY=$(cat "$DATA/operator.token")
of() {		# SLUG KEY	of the registry
	"$ROWHOUSE" tenant show "$1" --json 2>/dev/null |
		sed -n "s/.*\"$2\":\"\{0,1\}\([^,\"]*\).*/\1/p"
}
steward() { processes steward; }
there() { [ -n "$(steward)" ]; }
new_steward() { [ -n "$(steward)" ] && [ "$(steward)" != "$1" ]; }
child() {	# whoever carries a job out
	for s in $(steward); do descendants "$s"; done
}
busy() { [ -n "$(child)" ]; }
two() { [ "$(child | wc -l)" -ge 2 ]; }
idle() { ! busy; }
zombie() {	# PID
	case $(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null) in Z|'') ;; *) return 1 ;; esac
}
held() { kill -s STOP "$(replicator)"; }	# a job that asks the replicator stands still
go_on() { kill -s CONT "$(replicator)"; }
logged() {	# ID	how often it was asked that it be cancelled
	operator GET '/log?limit=500'
	sqlite3 :memory: "SELECT count(*) FROM json_each(readfile('$SCRATCH/body'), '\$.items')
	    WHERE value ->> 'what' = 'cancel-asked' AND value ->> 'detail' = '$1'"
}
left() { find "$DATA/jobs" -name '*.cancel' -o -name '*.progress'; }
ok 'there is a steward' wait_for 20 there
sqlite3 "$(db_of acme)" "CREATE TABLE big (b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
    WHERE i < 40) INSERT INTO big SELECT randomblob(1000000) FROM n" >/dev/null
for slug in acme globex initech; do
	wait_for 60 caught_up "$slug" || bail "$slug is not replicated"
done

# --- one that waits ------------------------------------------------------------------
held
job_asked /tenants/acme/restore '{"confirm":"acme"}'
first=$id
job_asked /tenants/globex/clone '{"to":"copy"}'
second=$id
ok 'two are in the middle' wait_for 20 two
operator POST /tenants/initech/delete '{"confirm":"initech"}'
job_asked /tenants/initech/erase '{"confirm":"initech"}'
is 'a third waits' "$(json '$.state')" waiting
operator POST "/jobs/$id/cancel"
is '  it is cancelled' "$status $(json '$.id')" "202 $id"
ok '  at once' wait_for 5 job_is "$id" cancelled
is '  with nobody having begun it' "$(json '$.attempts') $(json '$.error') $(json '$.result')" '0  '
like '  and its end has a time' "$(json '$.ended')" '^20.*Z$'
is '  and its tenant is there' "$(of initech state)" deleted
operator POST "/jobs/$id/cancel"
is '  again is the same' "$status $(json '$.state')" '202 cancelled'
is '  and is logged once' "$(logged "$id")" 1
operator GET '/jobs?state=cancelled'
is '  it is found by its state' "$(json '$.totalItems') $(json '$.items[0].id')" "1 $id"
ok 'the others go on' two

# --- one that runs -------------------------------------------------------------------
operator POST "/jobs/$first/cancel"
is 'one that runs is told to end' "$status" 202
ok '  and does' wait_for 20 job_is "$first" cancelled
is '  with nothing done' "$(json '$.error')" 'rowhouse job: nothing of it was done'
is '  and the tenant as it was' "$(of acme epoch) $(of acme state)" '1 active'
operator POST "/jobs/$second/cancel"
ok '  so is the other' wait_for 20 job_is "$second" cancelled
is '  whom nobody has made' "$(of copy uid)" ''
go_on
job_asked /tenants/globex/clone '{"to":"copy"}'
ok '  the name is free for another' wait_for 60 job_is "$id" 'done'
operator POST "/jobs/$id/cancel"
is 'what has ended is not cancelled' "$status" 409
like '  which says how it ended' "$body" 'has ended: done'
is '  and stays what it is' "$(job_is "$id" 'done' && logged "$id")" 0

# --- an erasure ----------------------------------------------------------------------
held
job_asked /tenants/initech/erase '{"confirm":"initech"}'
ok 'an erasure is begun' wait_for 20 job_is "$id" running
operator POST "/jobs/$id/cancel"
is '  it cannot be cancelled' "$status" 409
like '  which says why' "$body" 'an erasure that was begun'
go_on
ok '  and goes on to its end' wait_for 60 job_is "$id" 'done'
is '  nothing is left' "$(of initech uid)" ''

# --- how far it is -------------------------------------------------------------------
# Looked at while it stands still, so that nothing is up to the machine's speed.
frozen() {	# in the middle of fetching
	victim=$(child | head -n 1)
	[ -n "$victim" ] || return 1
	kill -s STOP "$victim" 2>/dev/null || return 1
	operator GET "/jobs/$id"
	n=$(json '$.progress.done')
	[ -n "$n" ] && [ "$n" -gt 0 ] && [ "$n" -lt "$(json '$.progress.total')" ] && return 0
	kill -s CONT "$victim"
	return 1
}
for what in 'restore {"confirm":"acme"}' 'clone {"to":"twin"}' 'verify'; do
	tries=0
	while :; do
		job_asked "/tenants/acme/${what%% *}" "$(case $what in *' '*) echo "${what#* }" ;; esac)"
		while ! job_is "$id" 'done|failed' && ! frozen; do :; done
		job_is "$id" running && break
		tries=$((tries + 1))
		[ "$tries" -lt 10 ] || bail "$what: never seen in the middle"
	done
	is "${what%% *}: how far it is is told" "$(json '$.progress.unit')" bytes
	ok '  of all that there is' test "$(json '$.progress.total')" -gt 40000000
	kill -s CONT "$victim"
	[ "${what%% *}" = restore ] || operator POST "/jobs/$id/cancel"
	ok '  until it ends' wait_for 60 job_is "$id" 'done|cancelled'
	is '  which has no progress' "$(json '$.progress')" ''
done

# --- who does not end is killed; what was done stays ------------------------------------
while :; do
	job_asked /tenants/acme/restore '{"confirm":"acme"}'
	while ! job_is "$id" 'done|failed' && ! frozen; do :; done
	job_is "$id" running && break
done
epoch=$(of acme epoch)
operator POST "/jobs/$id/cancel"
operator GET "/jobs/$id"
is 'one that stands still is being cancelled' "$(json '$.state') $(json '$.cancelling')" 'running 1'
ok '  it is killed' wait_for 20 job_is "$id" cancelled
is '  and nothing is done' "$(of acme epoch)" "$epoch"
ok '  nobody is at it' idle

unseen() {	# PATH JSON	done by a child whose end the steward does not see
	first=$(steward)
	held
	job_asked "$@"
	wait_for 20 busy || bail "$*: nobody does it"
	victim=$(child)
	kill -s STOP "$first"
	go_on
	wait_for 60 zombie "$victim" || bail "$*: it does not end"
}
unseen /tenants/globex/restore '{"confirm":"globex"}'
operator POST "/jobs/$id/cancel"
is 'a restore that is done is to be cancelled' "$status $(json '$.state')" '202 running'
kill -s KILL "$first"
ok '  it is said that it was done' wait_for 20 job_is "$id" 'done'
is '  and stays' "$(json '$.result.resumed') $(of globex epoch)" '1 2'

held
job_asked /tenants/globex/restore '{"confirm":"globex"}'
wait_for 20 busy || bail 'nobody does it'
first=$(steward)
kill -s STOP "$first"
operator POST "/jobs/$id/cancel"
kill -s KILL "$first"
go_on
ok 'who was to hear of it is killed: the next one does' wait_for 20 job_is "$id" cancelled
is '  and does not do it' "$(of globex epoch)" 2

held
job_asked /tenants/globex/restore '{"confirm":"globex"}'
wait_for 20 busy || bail 'nobody does it'
first=$(steward)
kill -s HUP "$SERVE"
renewed() { [ "$(grep -c ' renewed ' serve.log)" -ge 1 ]; }
wait_for 30 renewed
operator POST "/jobs/$id/cancel"
ok 'one that a renewal waits for makes room for the next steward' wait_for 20 new_steward "$first"
ok '  who says that it is cancelled' wait_for 20 job_is "$id" cancelled
go_on
is '  and does not do it' "$(of globex epoch)" 2

# --- who may -----------------------------------------------------------------------------
operator POST /jobs/1795908762758-aaaaaaaaaaaaaaa/cancel
is 'no such job' "$status" 404
operator POST '/jobs/..%2Fmaster.key/cancel'
is '  nor what is no job' "$status" 404
http -X POST "http://localhost:$PORT/api/operator/jobs/$id/cancel"
is 'not without the token' "$status" 401
http -X POST -H "Authorization: Bearer $KEY" "http://acme.localhost:$PORT/api/operator/jobs/$id/cancel"
is '  nor on the host of a tenant' "$status" 404
operator GET "/jobs/$id/cancel"
is '  nor by looking' "$status" 405
http "http://localhost:$PORT/api/openapi.json"
is 'it is described' "$(json '$.paths."/api/operator/jobs/{id}/cancel".post.responses."202".description')" 'What is to be done.'
is 'nothing is left of all that' "$(left)" ''
is 'no worker failed' "$(grep -c 'error worker' serve.log)" 0
done_testing
