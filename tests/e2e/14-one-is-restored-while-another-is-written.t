#!/bin/sh
# One tenant is restored in place, twice, while clients write to it; another
# is written all the time without one error.
. "$(dirname "$0")/../lib.sh"

# a tenant may have half of the pool, and globex has two writers
house_new 'workers = 4'
tenant_new acme
tenant_new globex
house_start
sign_in globex
project_new globex ACK
globex=$TOKEN
writer_start globex ACK a
writer_start globex ACK b
sign_in acme
project_new acme ACK
old=$TOKEN

passed() {	# SECOND
	[ "$(now_ms)" -gt $(($1 * 1000 + 100)) ]
}
refused_now() {
	api acme GET /api/projects
	[ "$status" = 401 ]
}
for round in 1 2; do
	TOKEN=$old
	writer_start acme ACK "r$round"
	acme_writer=$pid
	n=$(acked acme)
	wait_for 20 acked_at_least acme $((n + 30)) || bail 'acme is not written'
	second=$(($(date +%s) + 1))
	wait_for 5 passed $second
	n=$(acked acme)
	wait_for 20 acked_at_least acme $((n + 10)) || bail 'acme is not written'
	begun=$(now_ms)
	ok "round $round: acme is restored under its writers" \
		"$ROWHOUSE" restore acme --at $second --in-place
	TOKEN=$old
	ok "round $round: an old token is refused" wait_for 10 refused_now
	stop "$acme_writer"
	sign_in acme
	old=$TOKEN

	copy_of "$(db_of acme)" live.sqlite
	is "round $round: what was acknowledged by then is there" "$(ledger acme live.sqlite "
		SELECT * FROM ledger WHERE what = 'acked' AND title LIKE 'r$round-%'
		   AND answered < $second * 1000
		   AND title NOT IN (SELECT title FROM issues) LIMIT 5;")" ''
	is "round $round: what came after it is not" "$(ledger acme live.sqlite "
		SELECT * FROM ledger WHERE sent > $second * 1000 AND answered < $begun
		   AND title IN (SELECT title FROM issues) LIMIT 5;")" ''
	is "round $round: acme is sound" \
		"$(sqlite3 -readonly live.sqlite 'PRAGMA integrity_check')" ok
	n=$(acked globex)
	ok "round $round: globex is written meanwhile" \
		wait_for 20 acked_at_least globex $((n + 30))
done
writers_stop

is 'globex has seen no error' "$(cut -f2 ledger.globex.* | sort -u)" acked
copy_of "$(db_of globex)" live.sqlite
ledger_ok 'globex' globex live.sqlite
TOKEN=$globex
api globex GET /api/projects
is 'its token is good' "$status" 200
for slug in acme globex; do
	ok "the replica of $slug catches up" wait_for 20 caught_up $slug
done

done_testing
