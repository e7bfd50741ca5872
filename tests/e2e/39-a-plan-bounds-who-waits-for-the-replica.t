#!/bin/sh
# plan.NAME.replicated: so many of a tenant's writes wait for the replica at once,
# one more is refused before it is made, and nobody else notices.  Workers that are
# killed while they wait leave their places to others.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

issues() {	# SLUG TITLE	how many of it are in the live file
	sqlite3 -readonly "$(db_of "$1")" \
	    "SELECT count(*) FROM issues WHERE title = '$2'"
}
there() {	# SLUG TITLE
	[ "$(issues "$1" "$2")" = 1 ]
}
token_of() {	# SLUG
	cat "token.$1"
}
issue() {	# SLUG TITLE	replicated; sets status and body
	TOKEN=$(token_of "$1")
	replicated "$1" POST /api/projects/ACK/issues "{\"title\":\"$2\"}"
}
issue_start() {	# SLUG TITLE	in the background; its status comes to answer.TITLE
	background "answer.$2" curl -s --max-time 120 -o /dev/null \
	    -w '%{http_code}' -H "Authorization: Bearer $(token_of "$1")" \
	    -H 'Prefer: durability=replicated' \
	    -H 'Content-Type: application/json' --data-binary "{\"title\":\"$2\"}" \
	    "http://$1.localhost:$PORT/api/projects/ACK/issues"
}
answered() {	# STATUS TITLE…
	want=$1
	shift
	for title; do
		[ "$(cat "answer.$title" 2>/dev/null)" = "$want" ] || return 1
	done
}
limit='"replicated":\{"code":"limit_replicated","message":'

s3_start
proxy_start
# of 16 workers four may wait
house_new 'workers = 16' 'replica.confirm = 25s' 'plan.basic.replicated = 2' \
    'plan.none.replicated = 0' "replica.url = $(s3_url house "$PROXY")"
for slug in acme globex initech; do
	tenant_new $slug
done
"$ROWHOUSE" tenant plan acme basic >>tenant.log
"$ROWHOUSE" tenant plan initech none >>tenant.log
house_start
for slug in acme globex initech; do
	sign_in $slug
	project_new $slug ACK
	printf '%s\n' "$TOKEN" >token.$slug
done

# --- a plan that has none ----------------------------------------------------
issue initech never
is 'a plan may have no replicated writes' "$status" 403
like '  the limit and the plan are named' "$body" \
    "$limit\"The plan none has no replicated writes\\.\"\\}"
is '  waiting does not help, and is not asked for' "$(header Retry-After)" ''
is '  nothing was written' "$(issues initech never)" 0
replicated initech GET /api/projects
is '  who reads need not care' "$status" 200
api initech POST /api/projects/ACK/issues '{"title":"plain"}'
is '  nor who does not ask for it' "$status" 201

# --- one that has two --------------------------------------------------------
issue acme first
is 'another has two at once, so also one' \
    "$status $(header Preference-Applied)" '201 durability=replicated'
faults 'stall-request verb=PUT key=/acme/' 'stall-request verb=PUT key=/globex/'
issue_start acme a1
issue_start acme a2
ok '  two are made, and wait' wait_for 60 eval 'there acme a1 && there acme a2'
issue acme a3
is '  the third is refused' "$status" 429
like '  the limit is named' "$body" "$limit\"At most 2 replicated writes at once\\.\"\\}"
is '  and when to come again' "$(header Retry-After)" 1
is '  nothing was written' "$(issues acme a3)" 0
api acme POST /api/projects/ACK/issues '{"title":"plain"}'
is '  who does not ask for it is served' "$status" 201
issue_start globex g1
ok 'another tenant may wait meanwhile' wait_for 60 there globex g1
is '  and nobody was answered so far' "$(cat answer.* 2>/dev/null)" ''

# --- killed while they wait ----------------------------------------------------
# a list of numbers
# shellcheck disable=SC2046
kill -s KILL $(workers)
ok 'the workers that wait are killed' wait_for 60 answered 502 a1 a2 g1
wait_for 60 healthy || bail 'no worker comes after them'
issue_start acme a4
issue_start acme a5
ok '  their places are free' wait_for 60 eval 'there acme a4 && there acme a5'
issue acme a6
is '  and no more than those' "$status" 429
# what hangs in its connections, hangs
kill -s KILL "$(replicator)"
faults
ok 'with the store there again all are answered' wait_for 60 answered 201 a4 a5
freed() {	# the last of them has left
	issue acme a7
	[ "$status" = 201 ]
}
ok '  and others may wait' wait_for 60 freed
"$ROWHOUSE" tenant plan initech basic >>tenant.log
issue initech later
is 'another plan holds from the next request on' "$status" 201

done_testing
