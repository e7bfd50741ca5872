#!/bin/sh
# A tenant is restored to seconds chosen while clients were writing.  What was
# acknowledged by then is there, what was sent after it is not, and every row
# is as it was.
. "$(dirname "$0")/../lib.sh"

house_new
tenant_new acme
house_start
sign_in acme
project_new acme ACK
before=$(date -u +%s)
writer_start acme ACK a
writer_start acme ACK b

wait_for 60 acked_at_least acme 10 || bail 'nothing is written'

# three whole seconds, each with writes before and after it
seconds=
passed() {	# SECOND
	[ "$(now_ms)" -gt $(($1 * 1000 + 300)) ]
}
for _ in 1 2 3; do
	second=$(($(date +%s) + 1))
	seconds="$seconds $second"
	wait_for 5 passed $second
	n=$(acked acme)
	wait_for 20 acked_at_least acme $((n + 10)) || bail 'nothing is written'
done
writers_stop
ok 'the replica catches up' wait_for 20 caught_up acme
copy_of "$(db_of acme)" live.sqlite

for second in $seconds; do
	at=$(date -u -d "@$second" +%Y-%m-%dT%H:%M:%SZ)
	ok "restoring to $at" "$ROWHOUSE" restore acme --at "$at" --to "$second.sqlite"
	is '  all that was acknowledged by then is there' "$(ledger acme "$second.sqlite" "
		SELECT * FROM ledger WHERE what = 'acked' AND answered < $second * 1000
		   AND title NOT IN (SELECT title FROM issues) LIMIT 5;")" ''
	is '  nothing that was sent later is' "$(ledger acme "$second.sqlite" "
		SELECT * FROM ledger WHERE sent > $second * 1000
		   AND title IN (SELECT title FROM issues) LIMIT 5;")" ''
	n=$(sqlite3 "$second.sqlite" 'SELECT count(*) FROM issues')
	is '  it is a prefix of what came, without a gap' \
		"$(sqlite3 "$second.sqlite" 'SELECT min(number), max(number) FROM issues')" "1|$n"
	is '  row by row as it was' "$(sqlite3 "$second.sqlite" "
		ATTACH 'live.sqlite' AS live;
		SELECT count(*) FROM (
			SELECT * FROM main.issues
			EXCEPT SELECT * FROM live.issues WHERE number <= $n);
		SELECT count(*) FROM (
			SELECT * FROM live.issues WHERE number <= $n
			EXCEPT SELECT * FROM main.issues);" | tr '\n' ' ')" '0 0 '
	is '  search finds as much' "$(sqlite3 "$second.sqlite" "
		INSERT INTO issue_text (issue_text) VALUES ('integrity-check');
		SELECT count(*) FROM issue_text;")" "$n"
	is '  and it is sound' "$(sqlite3 "$second.sqlite" 'PRAGMA integrity_check')" ok
done

output=$("$ROWHOUSE" restore acme --at $((before - 3600)) --to early.sqlite 2>&1)
is 'a time before the tenant is refused' $? 1
like '  in words that name it' "$output" acme
ok '  and leaves nothing behind' test ! -e early.sqlite
ok 'a time to come is the latest state' \
	"$ROWHOUSE" restore acme --at $(($(date +%s) + 3600)) --to late.sqlite
is '  row by row' "$(same_rows live.sqlite late.sqlite)" ''
output=$("$ROWHOUSE" restore acme --at 'some day' --to never.sqlite 2>&1)
is 'a time that is none is wrong usage' $? 2
like '  and is named' "$output" 'some day'
output=$("$ROWHOUSE" restore acme --to late.sqlite 2>&1)
is 'a file that is there is not overwritten' $? 1
like '  and is named' "$output" 'late\.sqlite'

done_testing
