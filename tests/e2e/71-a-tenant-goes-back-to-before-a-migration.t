#!/bin/sh
# rowhouse restore SLUG --before-migration N is the state that the migration
# found, to the row: all that was committed before it, and nothing of it, while
# writers went on; where that cannot be known it says so.
. "$(dirname "$0")/../lib.sh"

house_new 'workers = 8' 'replica.idle = 1s' 'replica.sweep = 1s'
for slug in acme idle late; do
	tenant_new $slug
done
house_start
sign_in late
project_new late ACK
TOKEN_LATE=$TOKEN
sign_in idle
project_new idle ACK
sign_in acme
project_new acme ACK
for w in a b c; do
	writer_start acme ACK $w
done
wait_for 30 acked_at_least acme 50 || bail 'nothing is written'

# Each notes what it found there, in its own transaction.
last=$(find app/schema -name '0*.sql' | wc -l)
next_migration() {
	last=$((last + 1))
	printf 'CREATE TABLE found_%d AS SELECT title FROM issues;\n' $last \
		>"$(printf 'app/schema/%04d_found.sql' $last)"
}
version() {	# FILE
	sqlite3 -readonly "$1" 'PRAGMA user_version'
}
is_at() {	# SLUG VERSION
	[ "$(version "$(db_of "$1")")" = "$2" ]
}
arrived() {	# SLUG	the migration is in the replica
	rm -f now.sqlite*
	"$ROWHOUSE" restore "$1" --to now.sqlite >/dev/null 2>&1 &&
		[ "$(version now.sqlite)" = $last ]
}
before() {	# SLUG N ARGUMENT…	restores to before.sqlite; sets exact, at
	slug=$1
	number=$2
	shift 2
	rm -f before.sqlite*
	"$ROWHOUSE" restore "$slug" --before-migration "$number" \
	    --to before.sqlite --json "$@" >said 2>complained ||
		diag "$(cat complained)"
	exact=$(sqlite3 :memory: "SELECT json_extract(readfile('said'), '$.exact')")
	at=$(version before.sqlite)
}
# what the migration found and the file has not; what that has and it did not find
differs() {	# SLUG N
	sqlite3 -readonly "$(db_of "$1")" \
	    "SELECT title FROM found_$2 ORDER BY title" >found
	sqlite3 -readonly before.sqlite "SELECT title FROM issues ORDER BY title" >have
	echo "$(comm -23 found have | wc -l) $(comm -13 found have | wc -l)"
}

# under the hands of writers, by a worker's first touch and by the command
for round in 1 2 3 4 5 6; do
	next_migration
	if [ $((round % 2)) -eq 1 ]; then
		kill -s HUP "$SERVE"
		wait_for 20 is_at acme $last || bail "acme is not at $last"
	else
		"$ROWHOUSE" migrate >out 2>&1 || bail "migrate: $(cat out)"
	fi
	n=$(acked acme)
	wait_for 20 acked_at_least acme $((n + 5))
	wait_for 20 arrived acme
	before acme $last
	is "round $round: to before migration $last" "$at $exact" "$((last - 1)) 1"
	is '  as it found the tenant, to the row' "$(differs acme $last)" '0 0'
done
diag "of $(wc -l <found) rows"
first=$((last - 5))
before acme $first
is 'an older one is found as well' "$at $exact $(differs acme $first)" \
	"$((first - 1)) 1 0 0"
is 'nobody noticed' "$(cut -f2 ledger.acme.* | sort -u)" acked

# somebody who sleeps, sealed
sealed() {
	"$ROWHOUSE" status idle | grep -q sealed ||
		[ ! -s "$(db_of idle)-wal" ]
}
wait_for 20 sealed
next_migration
"$ROWHOUSE" migrate --jobs 2 >out 2>&1 || bail "migrate: $(cat out)"
for slug in idle late; do
	"$ROWHOUSE" status $slug >/dev/null
	wait_for 20 arrived $slug
	before $slug $last
	is "of $slug, who slept" "$at $exact $(differs "$slug" "$last")" "$((last - 1)) 1 0 0"
done

# several at once are one step back
next_migration
next_migration
"$ROWHOUSE" migrate >out 2>&1 || bail "migrate: $(cat out)"
n=$(acked acme)
wait_for 20 acked_at_least acme $((n + 5))
before acme $last
is 'before the second of two that came together' "$at $exact $(differs acme $((last - 1)))" \
	"$((last - 2)) 1 0 0"
before acme $((last - 1))
is '  is before the first' "$at $exact" "$((last - 2)) 1"
before acme $((last + 1))
like 'one that never was' "$(cat complained)" "is at migration $last, before $((last + 1))"

# nobody to ask
kill -s STOP "$(replicator)"
next_migration
begun=$(now_ms)
kill -s HUP "$SERVE"
wait_for 20 is_at acme $last || bail "acme is not at $last"
ok 'a replicator that hangs holds nobody up for long' test $(($(now_ms) - begun)) -lt 8000
kill -s CONT "$(replicator)"
n=$(acked acme)
wait_for 20 acked_at_least acme $((n + 5))
writers_stop
wait_for 20 caught_up acme
before acme $last
is '  and the way back is still found' "$at $exact" "$((last - 1)) 0"
is '  with nothing of the migration or after it' "$(differs acme $last | cut -d' ' -f2)" 0
"$ROWHOUSE" restore acme --before-migration $last --dry-run >said
like '  and says that something may be missing' "$(cat said)" \
	"before +migration $last: nothing of it, and perhaps not the last commits before it"
ok '  the log said so as well' grep -q 'acme: where its replica is is not known' serve.log

# all of it is gone, and the older release has to come first
"$ROWHOUSE" migrate >out 2>&1 || bail "migrate: $(cat out)"
next_migration
"$ROWHOUSE" migrate >out 2>&1 || bail "migrate: $(cat out)"
TOKEN=$TOKEN_LATE
api late POST /api/projects/ACK/issues '{"title":"After it"}'
wait_for 20 caught_up late
rm "$(printf 'app/schema/%04d_found.sql' $last)"
kill -s HUP "$SERVE"
rm -r "$DATA/tenants/late"
output=$("$ROWHOUSE" restore late --before-migration $last --in-place --yes 2>&1)
is 'without any file, in place' $? 0
like '  it says so' "$output" "before +migration $last: nothing of it"
is '  it is at the version before' "$(version "$(db_of late)")" $((last - 1))
sign_in late
api late GET /api/projects/ACK/issues
unlike '  and is served as it was' "$status $body" '^500|After it'
is '  by the older release' "$status $(version "$(db_of late)")" "200 $((last - 1))"
before late $last
like 'which has not the migration now' "$(cat complained)" "is at migration $((last - 1)), before $last"

done_testing
