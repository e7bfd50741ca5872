#!/bin/sh
# rowhouse migrate is killed at every moment of its work, with SIGKILL, while
# tenants are written to: each file is whole, at the old version or the new one,
# nothing acknowledged is lost, and the next call does the rest.
. "$(dirname "$0")/../lib.sh"

N=6
house_new 'workers = 3' 'replica.sweep = 2s'
for i in $(seq $N); do
	tenant_new "t$i"
done
house_start
sign_in t1
project_new t1 ACK
writer_start t1 ACK a
wait_for 20 acked_at_least t1 20 || bail 'nothing is written'

last=$(find app/schema -name '0*.sql' | wc -l)
next_migration() {	# works for some milliseconds on each tenant
	last=$((last + 1))
	cat >"$(printf 'app/schema/%04d_round.sql' $last)" <<-END
	CREATE TABLE round_$last (id INTEGER PRIMARY KEY, text TEXT) STRICT;
	WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 5000)
	INSERT INTO round_$last SELECT i, hex(randomblob(20)) FROM c;
	DROP TABLE IF EXISTS round_$((last - 1));
	END
}
# every file is at $last or at what it was before, and has what belongs to that
mixed=0
whole() {
	at_old=0
	for i in $(seq $N); do
		v=$(sqlite3 -readonly "$(db_of "t$i")" 'PRAGMA user_version')
		rows=$(sqlite3 -readonly "$(db_of "t$i")" "SELECT count(*) FROM round_$v" 2>&1)
		case $v,$rows in
		"$last,5000") ;;
		"$((last - 1)),5000") at_old=$((at_old + 1)) ;;
		*) diag "t$i is at $v with $rows"; return 1 ;;
		esac
	done
	[ $at_old -eq 0 ] || [ $at_old -eq $N ] || mixed=$((mixed + 1))
}
version_is() {	# SLUG VERSION
	[ "$(sqlite3 -readonly "$(db_of "$1")" 'PRAGMA user_version')" = "$2" ]
}
next_migration
begun=$(now_ms)
"$ROWHOUSE" migrate --jobs 2 >out 2>&1
is 'a whole run' $? 0
took=$(($(now_ms) - begun))
diag "took $took ms"

bad=0
left=0
for round in $(seq 30); do
	next_migration
	# the last tenant's lock is held at times, so that no run ends before it is killed
	[ $((round % 6)) -ne 0 ] || lock_held "t$N"
	background "migrate.log" "$ROWHOUSE" migrate --jobs 2 --canary t2
	migration=$pid
	if [ $((round % 6)) -eq 0 ]; then
		wait_for 20 version_is t2 $last || bad=$((bad + 1))
	else
		sleep "$(awk -v ms="$took" -v r="$round" 'BEGIN { print ms * r / 20000 }')"
	fi
	kill -s KILL "$migration" 2>/dev/null
	wait "$migration" 2>/dev/null
	[ $((round % 6)) -ne 0 ] || lock_released
	whole || bad=$((bad + 1))
	[ $at_old -eq 0 ] || left=$((left + 1))
	# some go on by themselves, as workers do
	[ $((round % 5)) -ne 0 ] || { kill -s HUP "$SERVE"; sleep 0.3; }
	"$ROWHOUSE" migrate --jobs 2 >out 2>&1 || { bad=$((bad + 1)); diag "$(cat out)"; }
	whole && [ $at_old -eq 0 ] || bad=$((bad + 1))
done
diag "$left of 30 were ended before all was done, $mixed of those in the midst of it"
is 'no file was ever between two versions, and each call was made good' $bad 0
ok 'some were ended before all was done' test "$left" -ge 5
ok '  in the midst of it' test "$mixed" -ge 5
n=$(acked t1)
ok 'clients go on' wait_for 20 acked_at_least t1 $((n + 10))
writers_stop
is 'no request was refused' "$(cut -f2 ledger.t1.a | sort -u)" acked
copy_of "$(db_of t1)" copy.sqlite
ledger_ok 'who was written to meanwhile' t1 copy.sqlite
for i in 1 2 $N; do
	ok "the replica of t$i has it" wait_for 30 caught_up "t$i"
	ok '  and is proven' "$ROWHOUSE" verify "t$i"
	is '  in one epoch' "$(find "$REPLICA/t$i" -mindepth 1 -maxdepth 1 | wc -l)" 1
done

done_testing
