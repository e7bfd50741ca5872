#!/bin/sh
# Under load the pool's supervisor and all its workers are killed at once, as by a
# machine out of memory, and started again; Caddy reads its file again, is restarted
# and killed.  What was acknowledged is there, once; of each writer no more is in doubt
# than what was on its way, and nothing that the dead held stands in anybody's way.
. "$(dirname "$0")/../lib.sh"

house_new 'replica.interval = 100ms' 'workers = 8'
tenant_new acme
serve_start

# with an admin socket, which caddy/Caddyfile does without
mkdir front front/scripts
cp -R "$ROOT/caddy" front/caddy
cp "$ROOT/scripts/caddy" front/scripts/caddy
sed "s|admin off|admin unix/$SCRATCH/admin.sock|" "$ROOT/caddy/Caddyfile" >front/caddy/Caddyfile
ROWHOUSE_PORT=$(free_port)
ROWHOUSE_RUN=$RUN
ROWHOUSE_WWW=$SCRATCH/app/www
ROWHOUSE_STORAGE=$SCRATCH/caddy
export ROWHOUSE_PORT ROWHOUSE_RUN ROWHOUSE_WWW ROWHOUSE_STORAGE
PORT=$ROWHOUSE_PORT
front_start() {
	background "$SCRATCH/caddy.log" front/scripts/caddy run
	CADDY_PID=$pid
	wait_for 20 healthy || bail "caddy does not answer: $(tail -n 3 caddy.log)"
}
front_start
sign_in acme
project_new acme ACK

# how many are in doubt that were sent by the writers of this round
doubtful() {	# ROUND
	cat ledger.acme."$1"? | awk -F'\t' '$2 == "unknown" && $5 == "broken"' | wc -l
}
writers_new() {	# ROUND
	for w in a b c; do
		writer_start acme ACK "$1$w"
	done
	DURABLE=1 writer_start acme ACK "$1d"
	wait_for 20 acked_at_least acme $(($(acked acme) + 60))
}
goes_on() {	# NAME	each of them is answered again
	ok "$1: the writers go on" wait_for 20 acked_at_least acme $(($(acked acme) + 60))
}
# slots, places and locks of the dead
nothing_is_held() {	# NAME
	begun=$(now_ms)
	sign_in acme
	ok "$1: who signs in waits for no slot of the dead" test $(($(now_ms) - begun)) -lt $((5000 * PATIENCE))
	replicated acme POST /api/projects/ACK/issues "{\"title\":\"$1\"}"
	is '  a replicated write finds a place' "$status" 201
	# as many at once as a tenant may have, all the time
	seq 24 | xargs -P 4 -I@ curl -s -o /dev/null -w '%{http_code}\n' \
		-H "Authorization: Bearer $TOKEN" "http://acme.localhost:$PORT/api/projects" |
		sort | uniq -c >answers
	is '  nor do reads that come together lack one' "$(tr -s ' ' <answers)" ' 24 200'
}

echo '# the pool'
for round in 1 2 3; do
	writers_new "p$round"
	ok "round $round: clients write" test $? -eq 0
	# somebody is in the midst of a hash, and of a write that waits for the replica
	for i in 1 2 3 4; do
		curl -s -o /dev/null "http://acme.localhost:$PORT/api/collections/users/auth-with-password" \
			-H 'Content-Type: application/json' \
			-d "{\"identity\":\"owner@acme.example\",\"password\":\"$PASSWORD\"}" &
	done
	dead="$SERVE $(workers)"
	# a list of numbers
	# shellcheck disable=SC2086
	kill -s KILL $dead
	for p in $dead; do
		ok "  $p is dead" wait_for 10 gone "$p"
	done
	wait "$SERVE" 2>/dev/null
	serve_start
	ok '  it answers again' wait_for 20 healthy
	goes_on "round $round"
	writers_stop
	diag "round $round: $(doubtful "p$round") broken, $(cat ledger.acme.p"$round"? | grep -c '	unknown	') in doubt"
	nothing_is_held "round $round"
	copy_of "$(db_of acme)" live.sqlite
	ledger_ok "round $round" acme live.sqlite
done
# (a replicator that has not seen yet that its supervisor is dead is not dead, and the
# next one comes after it)
unlike 'no lock of the dead was in the way' "$(grep supervisor serve.log)" 'fatal|runs already'

echo '# Caddy'
reload() {
	front/scripts/caddy reload --force >reload.out 2>&1
}
writers_new r
for i in 1 2 3 4 5; do
	ok "reload $i" reload
	goes_on "reload $i"
done
writers_stop
n=$(doubtful r)
diag "five reloads: $n broken, $(cat ledger.acme.r? | grep -c '	refused	') refused"
ok 'a reload breaks no more than one request of each writer' test "$n" -le 20
is '  and refuses none' "$(cat ledger.acme.r? | grep '	refused	')" ''
for signal in TERM KILL; do
	writers_new "$signal"
	stop "$CADDY_PID" $signal
	rm -f admin.sock
	front_start
	goes_on "$signal"
	writers_stop
	n=$(doubtful $signal)
	diag "$signal: $n broken, $(cat ledger.acme.$signal? | grep -c 'refused	.*connect') times nobody listened"
	ok "$signal: no more is in doubt than was on its way" test "$n" -le 4
	is '  and what was refused found nobody' \
		"$(cat ledger.acme.$signal? | grep '	refused	' | grep -v 'connect$')" ''
	nothing_is_held "Caddy after $signal"
done
copy_of "$(db_of acme)" live.sqlite
ledger_ok 'after all that' acme live.sqlite
ok 'the replica catches up' wait_for 60 caught_up acme
ledger_ok 'the replica' acme caught-up.sqlite
done_testing
