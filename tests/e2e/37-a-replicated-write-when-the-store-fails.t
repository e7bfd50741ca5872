#!/bin/sh
# Prefer: durability=replicated while the store stalls, is down, comes back; while
# the replicator is killed; and for more at once than a quarter of the pool.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/s3/s3.sh"

there() {	# TITLE…	are these in the live file?
	for title; do
		[ "$(sqlite3 -readonly "$(db_of acme)" "SELECT count(*) FROM issues
			WHERE title = '$title'")" = 1 ] || return 1
	done
}
not_there() {
	! there "$1"
}
issue() {	# TITLE	replicated; sets status and body
	replicated acme POST /api/projects/ACK/issues "{\"title\":\"$1\"}"
}
issue_start() {	# TITLE	the same in the background; its status comes to answer.TITLE
	background "answer.$1" curl -s --max-time 120 -o /dev/null \
		-w '%{http_code}' -H "Authorization: Bearer $TOKEN" \
		-H 'Prefer: durability=replicated' \
		-H 'Content-Type: application/json' \
		--data-binary "{\"title\":\"$1\"}" \
		"http://acme.localhost:$PORT/api/projects/ACK/issues"
}
answered() {	# STATUS TITLE…
	want=$1
	shift
	for title; do
		[ "$(cat "answer.$title" 2>/dev/null)" = "$want" ] || return 1
	done
}
txid() {
	"$ROWHOUSE" status acme --json |
		sed -n 's/.*"replicated_txid":\([0-9]*\).*/\1/p'
}
stalled() {	# COUNT	so many PUTs of the tenant's hang at least
	faults_done | awk -v want="$1" '/stall-request/ { n += $1 }
		END { exit n < want }'
}

s3_start
proxy_start
house_new 'workers = 24' 'plan.default.replicated = 6' 'replica.confirm = 25s' \
	'replica.claim = 500ms' "replica.url = $(s3_url house "$PROXY")"
tenant_new acme
tenant_new globex
house_start
sign_in globex
project_new globex ACK
globex=$TOKEN
sign_in acme
acme=$TOKEN
replicated acme POST /api/projects '{"key":"ACK","name":"ack"}'
is 'a write is confirmed' "$status $(header Preference-Applied)" \
	'201 durability=replicated'
replicated acme GET /api/projects
is 'a read is answered, and promises nothing' \
	"$status $(header Preference-Applied)" '200 '

# --- many at once ------------------------------------------------------------
before=$(txid)
faults 'stall-request verb=PUT key=/acme/'
issue_start w1
ok 'a PUT stalls' wait_for 60 stalled 1
for i in 2 3 4 5 6; do
	issue_start w$i
done
ok 'six writes wait for it' wait_for 60 there w1 w2 w3 w4 w5 w6
TOKEN=$globex
replicated globex POST /api/projects/ACK/issues '{"title":"seven"}'
TOKEN=$acme
is 'the seventh of 24 workers is refused' "$status" 503
is '  and told when to come again' "$(header Retry-After)" 1
is '  before it is written' "$(sqlite3 -readonly "$(db_of globex)" \
	'SELECT count(*) FROM issues')" 0
ok '  for this reason' grep -q 'a quarter of the pool waits already' serve.log
api acme POST /api/projects/ACK/issues '{"title":"plain"}'
is 'who does not ask for it is served' "$status" 201
is '  and nobody was answered so far' "$(cat answer.* 2>/dev/null)" ''
kill -s KILL "$(replicator)"
faults
ok 'the replicator is killed, and all are answered by the next' \
	wait_for 60 answered 201 w1 w2 w3 w4 w5 w6
spent=$(($(txid) - before))
ok "six waiters cost fewer PUTs than there are of them ($spent)" [ "$spent" -lt 6 ]
"$ROWHOUSE" restore acme --to confirmed.sqlite >/dev/null
is 'they are in the replica' "$(sqlite3 confirmed.sqlite \
	"SELECT count(*) FROM issues WHERE title LIKE 'w_'")" 6

# --- not in time -----------------------------------------------------------------
serve_stop
sed -i 's/^replica.confirm = .*/replica.confirm = 1s/' "$CONF"
serve_start
confirmed() {	# TITLE
	issue "$1-$(now_ms)"
	[ "$status" = 201 ]
}
ok 'started again it confirms' wait_for 60 confirmed again
faults 'stall-request verb=PUT key=/acme/'
issue late
is 'what is not confirmed in time' "$status" 504
like '  is there, and the answer says so' "$body" \
	'is made and is there now, but its replica has not confirmed it'
is '  and none was applied' "$(header Preference-Applied)" ''
ok '  really' there late

# --- known to be down ------------------------------------------------------------
faults 'reset-before'
down() {	# TITLE	is refused
	issue "$1"
	[ "$status" = 503 ]
}
n=0
refused() {
	n=$((n + 1))
	down "n$n"
}
stop "$(replicator)" KILL
ok 'with the store known to be down' wait_for 60 refused
ok '  nothing is written' not_there "n$n"
like '  and it is said when to ask again' "$(header Retry-After)" '^[0-9]+$'
api acme POST /api/projects/ACK/issues '{"title":"local"}'
is '  who does not ask for it is served' "$status" 201
faults
ok 'it is up again, and confirms' wait_for 90 confirmed up
"$ROWHOUSE" restore acme --to after.sqlite >/dev/null
is '  and all that came before, too' "$(sqlite3 after.sqlite "SELECT count(*)
	FROM issues WHERE title IN ('late', 'local')")" 2

done_testing
