#!/bin/sh
# What is written arrives in the replica, within a second or so, without being
# asked for; files are never changed once they are there; `rowhouse status`
# tells the truth about it.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
tenant_new globex
house_start
sign_in acme
project_new acme ACK
ok 'the replica catches up' wait_for 20 caught_up acme

objects() {
	(cd "$REPLICA" && find . -name '*.ltx' -exec cksum {} + | sort)
}
objects >first
begun=$(now_ms)
api acme POST /api/projects/ACK/issues '{"title":"one write"}'
there() {
	rm -f one.sqlite
	"$ROWHOUSE" restore acme --to one.sqlite >/dev/null 2>&1 &&
	[ "$(sqlite3 one.sqlite "SELECT count(*) FROM issues WHERE title = 'one write'")" = 1 ]
}
ok 'a single write arrives' wait_for 20 there
diag "after $(($(now_ms) - begun)) ms, with the restore that looked"

writer_start acme ACK a
wait_for 20 acked_at_least acme 300 || bail 'nothing is written'
worst=0
arrived() {	# N
	rm -f some.sqlite
	"$ROWHOUSE" restore acme --to some.sqlite >/dev/null 2>&1 &&
	[ "$(sqlite3 some.sqlite "SELECT count(*) FROM issues WHERE title = 'a-$1'")" = 1 ]
}
for _ in 1 2 3 4 5; do
	n=$(acked acme)
	begun=$(now_ms)
	ok "while it keeps writing, write $n arrives" wait_for 20 arrived "$n"
	took=$(($(now_ms) - begun))
	[ $took -le $worst ] || worst=$took
done
diag "after $worst ms at worst, with the restores that looked"
writers_stop
ok 'the replica catches up' wait_for 20 caught_up acme
ledger_ok 'the replica' acme caught-up.sqlite

objects >last
is 'no object of the replica was changed or taken away' \
	"$(comm -23 first last | head -n 3)" ''
ok '  and there are more of them' test "$(wc -l <last)" -gt "$(wc -l <first)"

status=$("$ROWHOUSE" status --json)
printf '%s\n' "$status" >status.json
is 'status is JSON' "$(sqlite3 :memory: "SELECT json_valid(readfile('status.json'))")" 1
like '  names every tenant' "$status" acme.*globex
like 'status for people names them too' "$("$ROWHOUSE" status)" acme

done_testing
